"""words that were searched for in vain"""

import sqlalchemy as sa
from alembic import op

revision = "0054"
down_revision = "0049"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "empty_search",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("centre", sa.String, nullable=False),
        sa.Column("words", sa.String, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_empty_search"),
        sa.UniqueConstraint("day", "centre", "words", name="uq_empty_search_day"),
    )


def downgrade() -> None:
    op.drop_table("empty_search")
