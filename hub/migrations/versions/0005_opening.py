"""figures of use, and sources that are paused"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "offer_use",
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("offer_id", sa.Integer, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.ForeignKeyConstraint(
            ["offer_id"],
            ["offer.id"],
            name=op.f("fk_offer_use_offer_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("day", "offer_id", name=op.f("pk_offer_use")),
    )
    op.create_table(
        "breaker",
        sa.Column("site_key", sa.String, nullable=False),
        sa.Column("plugin", sa.String, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("open_until", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(
            ["site_key"], ["site.key"], name=op.f("fk_breaker_site_key"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("site_key", "plugin", name=op.f("pk_breaker")),
    )


def downgrade() -> None:
    op.drop_table("breaker")
    op.drop_table("offer_use")
