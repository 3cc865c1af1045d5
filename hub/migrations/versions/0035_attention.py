"""since when something has needed a person"""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0025"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "attention",
        sa.Column("site_key", sa.String, nullable=False),
        sa.Column("plugin", sa.String, nullable=False),
        sa.Column("cause", sa.String, nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("told_at", MOMENT),
        sa.ForeignKeyConstraint(
            ["site_key"], ["site.key"], name="fk_attention_site_key_site", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("site_key", "plugin", "cause", name="pk_attention"),
    )


def downgrade() -> None:
    op.drop_table("attention")
