"""mappings that a site lets all others take over"""

import sqlalchemy as sa
from alembic import op

revision = "0136"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "activation",
        sa.Column("mapping_shared", sa.Boolean, nullable=False, server_default=sa.false()),
    )


def downgrade() -> None:
    op.drop_column("activation", "mapping_shared")
