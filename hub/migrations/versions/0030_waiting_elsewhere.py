"""who wants to wait where another system keeps the books"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0136"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "booking_elsewhere",
        sa.Column("waiting", sa.Boolean, nullable=False, server_default=sa.false()),
    )


def downgrade() -> None:
    op.drop_column("booking_elsewhere", "waiting")
