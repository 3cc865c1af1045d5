"""bookings are found by what another system calls them"""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None

_KNOWN = sa.text("external_id <> ''")


def upgrade() -> None:
    op.create_index(
        "ix_booking_external",
        "booking",
        ["site_key", "plugin", "external_id"],
        sqlite_where=_KNOWN,
        postgresql_where=_KNOWN,
    )


def downgrade() -> None:
    op.drop_index("ix_booking_external", "booking")
