"""bookings whose books another system keeps"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "booking_elsewhere",
        sa.Column("booking_id", sa.Integer, nullable=False),
        sa.Column("step", sa.String, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True)),
        sa.Column("problem", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(
            ["booking_id"],
            ["booking.id"],
            name=op.f("fk_booking_elsewhere_booking_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("booking_id", name=op.f("pk_booking_elsewhere")),
    )
    op.create_index(op.f("ix_booking_elsewhere_next_at"), "booking_elsewhere", ["next_at"])


def downgrade() -> None:
    op.drop_table("booking_elsewhere")
