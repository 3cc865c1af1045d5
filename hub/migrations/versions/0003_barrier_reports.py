"""reports of barriers"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "barrier_report",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("page", sa.String, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("contact", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_barrier_report")),
    )
    op.create_index(op.f("ix_barrier_report_at"), "barrier_report", ["at"])


def downgrade() -> None:
    op.drop_table("barrier_report")
