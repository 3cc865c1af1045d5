"""persons who may borrow in the name of an institution"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "borrower",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("site_key", sa.String, nullable=False),
        sa.Column("institution_id", sa.Integer, nullable=False),
        sa.Column("person_id", sa.Integer, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("verified", sa.String, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("code_hash", sa.String, nullable=False),
        sa.Column("code_until", moment),
        sa.Column("requested_at", moment, nullable=False),
        sa.Column("decided_at", moment),
        sa.ForeignKeyConstraint(["site_key"], ["site.key"], name=op.f("fk_borrower_site_key")),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institution.id"], name=op.f("fk_borrower_institution_id")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_borrower_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_borrower")),
        sa.UniqueConstraint(
            "person_id", "institution_id", "site_key", name=op.f("uq_borrower_person_id")
        ),
    )
    op.create_index(op.f("ix_borrower_institution_id"), "borrower", ["institution_id"])
    op.create_index(op.f("ix_borrower_site_key_state_id"), "borrower", ["site_key", "state", "id"])


def downgrade() -> None:
    op.drop_table("borrower")
