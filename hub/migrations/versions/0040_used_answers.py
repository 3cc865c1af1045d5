"""answers of login services that were brought already"""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "used_answer",
        sa.Column("digest", sa.String, nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_used_answer"),
    )
    op.create_index("ix_used_answer_expires_at", "used_answer", ["expires_at"])


def downgrade() -> None:
    op.drop_table("used_answer")
