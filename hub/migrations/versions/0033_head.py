"""whether the head of the institution has to confirm a booking"""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("booking", sa.Column("head", sa.String, nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("booking", "head")
