"""moves that can be undone, templates of carts, scopes of tokens"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("booking_event", sa.Column("before", sa.JSON))
    op.add_column("api_token", sa.Column("scopes", sa.String, nullable=False, server_default=""))
    op.create_table(
        "booking_template",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("person_id", sa.Integer, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("things", sa.JSON, nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
            name="fk_booking_template_person_id_person",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_booking_template"),
        sa.UniqueConstraint("person_id", "name", name="uq_booking_template_person_id_name"),
    )


def downgrade() -> None:
    op.drop_table("booking_template")
    op.drop_column("api_token", "scopes")
    op.drop_column("booking_event", "before")
