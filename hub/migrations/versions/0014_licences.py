"""licences entered by people, wishes for licences, and who is reached by a licence"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_index(
        op.f("ix_offer_grant_scope_value"), "offer_grant", ["scope", "value", "offer_id"]
    )
    op.create_index(op.f("ix_offer_grant_valid_until"), "offer_grant", ["valid_until"])
    op.create_table(
        "entered_grant",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("key", sa.String, nullable=False),
        sa.Column("scope", sa.String, nullable=False),
        sa.Column("value", sa.String, nullable=False),
        sa.Column("role", sa.String, nullable=False),
        sa.Column("valid_from", sa.Date),
        sa.Column("valid_until", sa.Date),
        sa.Column("policy", sa.String, nullable=False),
        sa.Column("origin", sa.String, nullable=False),
        sa.Column("entered_by", sa.String, nullable=False),
        sa.Column("entered_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entered_grant")),
        sa.UniqueConstraint(
            "policy", "key", "scope", "value", "role", name=op.f("uq_entered_grant_policy")
        ),
    )
    op.create_index(op.f("ix_entered_grant_key"), "entered_grant", ["key"])
    op.create_table(
        "wish",
        sa.Column("person_id", sa.Integer, nullable=False),
        sa.Column("offer_id", sa.Integer, nullable=False),
        sa.Column("site_key", sa.String, nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_wish_person_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["offer_id"], ["offer.id"], name=op.f("fk_wish_offer_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["site_key"], ["site.key"], name=op.f("fk_wish_site_key"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", "offer_id", name=op.f("pk_wish")),
    )
    op.create_index(op.f("ix_wish_site_key_offer_id"), "wish", ["site_key", "offer_id"])
    op.create_index(op.f("ix_wish_offer_id"), "wish", ["offer_id"])


def downgrade() -> None:
    op.drop_table("wish")
    op.drop_table("entered_grant")
    op.drop_index(op.f("ix_offer_grant_valid_until"), "offer_grant")
    op.drop_index(op.f("ix_offer_grant_scope_value"), "offer_grant")
