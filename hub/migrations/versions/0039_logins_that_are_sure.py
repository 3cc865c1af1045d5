"""a second factor for the staff, codes of the desk"""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("site") as site:
        site.add_column(
            sa.Column("second_factor", sa.Boolean, nullable=False, server_default=sa.true())
        )
    op.create_table(
        "desk_code",
        sa.Column("code_hash", sa.String, nullable=False),
        sa.Column("person_id", sa.Integer, nullable=False),
        sa.Column("site_key", sa.String, nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name="fk_desk_code_person_id_person", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["site_key"], ["site.key"], name="fk_desk_code_site_key_site", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("code_hash", name="pk_desk_code"),
    )
    op.create_index("ix_desk_code_person_id", "desk_code", ["person_id"])


def downgrade() -> None:
    op.drop_table("desk_code")
    with op.batch_alter_table("site") as site:
        site.drop_column("second_factor")
