"""The bookings of example_booking."""

import sqlalchemy as sa
from alembic import op

revision = "example_booking_1"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "example_booking_booking",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("site", sa.String, nullable=False),
        sa.Column("key", sa.String, nullable=False),
        sa.Column("offer", sa.Integer, nullable=False),
        sa.Column("person", sa.String),
        sa.Column("starts", sa.DateTime, nullable=False),
        sa.Column("ends", sa.DateTime, nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.UniqueConstraint("site", "key"),
    )
    op.create_index(
        "ix_example_booking_booking_offer",
        "example_booking_booking",
        ["offer", "starts"],
    )


def downgrade() -> None:
    op.drop_table("example_booking_booking")
