"""what centres recommend"""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("site") as site:
        site.add_column(
            sa.Column("recommended_to", sa.Boolean, nullable=False, server_default=sa.true())
        )
    op.create_table(
        "recommendation",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("site_key", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("title", sa.String, nullable=False),
        sa.Column("text", sa.String, nullable=False),
        sa.Column("subjects", sa.JSON, nullable=False),
        sa.Column("starts_on", sa.Date),
        sa.Column("ends_on", sa.Date),
        sa.Column("entries", sa.JSON, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("before", sa.JSON),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["site_key"], ["site.key"], name="fk_recommendation_site_key_site", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_recommendation"),
    )
    op.create_index("ix_recommendation_site_key_state", "recommendation", ["site_key", "state"])


def downgrade() -> None:
    op.drop_table("recommendation")
    with op.batch_alter_table("site") as site:
        site.drop_column("recommended_to")
