"""moving what another system keeps"""

import sqlalchemy as sa
from alembic import op

revision = "0053"
down_revision = "0045"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("booking_elsewhere", sa.Column("wanted", sa.JSON(none_as_null=True)))


def downgrade() -> None:
    op.drop_column("booking_elsewhere", "wanted")
