"""figures of offers by site, kind and facet, and by day"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "offer_figure",
        sa.Column("site_key", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("facet", sa.String, nullable=False),
        sa.Column("value", sa.String, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.ForeignKeyConstraint(
            ["site_key"],
            ["site.key"],
            name="fk_offer_figure_site_key_site",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("site_key", "kind", "facet", "value", name="pk_offer_figure"),
    )
    op.create_index("ix_offer_figure_facet_value", "offer_figure", ["facet", "value"])
    op.create_table(
        "offer_day",
        sa.Column("site_key", sa.String, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.ForeignKeyConstraint(
            ["site_key"], ["site.key"], name="fk_offer_day_site_key_site", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("site_key", "day", "kind", name="pk_offer_day"),
    )
