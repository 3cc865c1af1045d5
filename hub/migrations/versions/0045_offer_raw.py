"""what a source sent of an offer"""

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0048"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "offer_raw",
        sa.Column("offer_id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.ForeignKeyConstraint(
            ["offer_id"], ["offer.id"], name="fk_offer_raw_offer_id_offer", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("offer_id", name="pk_offer_raw"),
    )
    op.create_index("ix_sync_change_offer_id", "sync_change", ["offer_id"])


def downgrade() -> None:
    op.drop_index("ix_sync_change_offer_id", "sync_change")
    op.drop_table("offer_raw")
