"""what centres say of themselves"""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0135"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "site_profile",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("site_key", sa.String, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("said", sa.JSON, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String, nullable=False),
        sa.ForeignKeyConstraint(
            ["site_key"], ["site.key"], name="fk_site_profile_site_key_site", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_site_profile"),
        sa.UniqueConstraint("site_key", "version", name="uq_site_profile_site_key"),
    )
    op.create_table(
        "team_member",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("site_key", sa.String, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("task", sa.String, nullable=False),
        sa.Column("adviser", sa.Boolean, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("consent_on", sa.Date),
        sa.Column("email", sa.String, nullable=False),
        sa.Column("phone", sa.String, nullable=False),
        sa.Column("until", sa.Date),
        sa.ForeignKeyConstraint(
            ["site_key"], ["site.key"], name="fk_team_member_site_key_site", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_team_member"),
    )
    op.create_index("ix_team_member_site_key", "team_member", ["site_key", "position"])


def downgrade() -> None:
    op.drop_table("team_member")
    op.drop_table("site_profile")
