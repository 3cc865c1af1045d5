"""the stages of requests as sites have them"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "workflow_stages",
        sa.Column("site_key", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("stages", sa.JSON, nullable=False),
        sa.Column("before", sa.JSON),
        sa.Column("version", sa.Integer, nullable=False),
        sa.ForeignKeyConstraint(
            ["site_key"], ["site.key"], name="fk_workflow_stages_site_key_site", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("site_key", "kind", name="pk_workflow_stages"),
    )


def downgrade() -> None:
    op.drop_table("workflow_stages")
