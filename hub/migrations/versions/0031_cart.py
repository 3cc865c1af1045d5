"""carts: what was booked together, and holds by the moment at which they end"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("booking", sa.Column("bundle", sa.String, nullable=False, server_default=""))
    for name, table, columns, condition in (
        ("ix_booking_bundle", "booking", ["site_key", "bundle"], "bundle <> ''"),
        ("ix_booking_hold_expires_at", "booking_hold", ["expires_at"], "expires_at IS NOT NULL"),
    ):
        where = sa.text(condition)
        op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    op.drop_index("ix_booking_hold_expires_at", "booking_hold")
    op.drop_index("ix_booking_bundle", "booking")
    op.drop_column("booking", "bundle")
