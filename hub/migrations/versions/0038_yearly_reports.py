"""yearly reports, and what flows to the network"""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0031"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "yearly_report",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("scope", sa.String, nullable=False),
        sa.Column("year", sa.Integer, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("issued_at", MOMENT, nullable=False),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("data", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_yearly_report"),
        sa.UniqueConstraint("scope", "year", "number", name="uq_yearly_report_scope"),
    )
    op.create_table(
        "site_flow",
        sa.Column("site_key", sa.String, nullable=False),
        sa.Column("flow", sa.String, nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["site_key"], ["site.key"], name="fk_site_flow_site_key_site", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("site_key", "flow", name="pk_site_flow"),
    )


def downgrade() -> None:
    op.drop_table("site_flow")
    op.drop_table("yearly_report")
