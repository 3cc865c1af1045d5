"""the hash of the document that an offer was read from"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("offer", sa.Column("source_hash", sa.String, nullable=False, server_default=""))
