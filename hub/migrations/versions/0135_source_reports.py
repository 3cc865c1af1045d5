"""reports about sources that jobs make"""

import sqlalchemy as sa
from alembic import op

revision = "0135"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "source_report",
        sa.Column("site_key", sa.String, nullable=False),
        sa.Column("plugin", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("data", sa.JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["site_key"], ["site.key"], name="fk_source_report_site_key_site", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("site_key", "plugin", "kind", name="pk_source_report"),
    )


def downgrade() -> None:
    op.drop_table("source_report")
