"""documents of the OAI-PMH provider, and the order in which it lists sets"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "oai_document",
        sa.Column("prefix", sa.String, nullable=False),
        sa.Column("offer_id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("xml", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(
            ["offer_id"],
            ["offer.id"],
            name=op.f("fk_oai_document_offer_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("prefix", "offer_id", name=op.f("pk_oai_document")),
    )
    for first in ("site_key", "kind"):
        op.create_index(
            op.f(f"ix_offer_{first}_changed_at_id"), "offer", [first, "changed_at", "id"]
        )


def downgrade() -> None:
    for first in ("kind", "site_key"):
        op.drop_index(op.f(f"ix_offer_{first}_changed_at_id"), table_name="offer")
    op.drop_table("oai_document")
