"""mappings of sources to our fields"""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("activation", sa.Column("mapping", sa.JSON, nullable=False, server_default="{}"))
    op.add_column("sync_source", sa.Column("mapping", sa.String, nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("sync_source", "mapping")
    op.drop_column("activation", "mapping")
