"""codes that are mailed: new passwords, registration"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mailed_code",
        sa.Column("code_hash", sa.String, nullable=False),
        sa.Column("purpose", sa.String, nullable=False),
        sa.Column("site_key", sa.String, nullable=False),
        sa.Column("email", sa.String, nullable=False),
        sa.Column("person_id", sa.Integer),
        sa.Column("account_id", sa.Integer),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["site_key"], ["site.key"], name="fk_mailed_code_site_key_site", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
            name="fk_mailed_code_person_id_person",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
            name="fk_mailed_code_account_id_account",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("code_hash", name="pk_mailed_code"),
    )
    op.create_index("ix_mailed_code_email", "mailed_code", ["email"])
    op.add_column("account", sa.Column("brings", sa.String, nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("account", "brings")
    op.drop_table("mailed_code")
