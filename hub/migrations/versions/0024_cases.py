"""requests in the hands of the staff: stages, who looks after them, what was said"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "booking_case",
        sa.Column("booking_id", sa.Integer, nullable=False),
        sa.Column("site_key", sa.String, nullable=False),
        sa.Column("person_id", sa.Integer, nullable=False),
        sa.Column("stage", sa.String, nullable=False),
        sa.Column("due_on", sa.Date),
        sa.Column("assigned", sa.String, nullable=False),
        sa.Column("details", sa.JSON, nullable=False),
        sa.Column("competences", sa.JSON, nullable=False),
        sa.Column("changed_at", moment, nullable=False),
        *_references("booking_case"),
        sa.PrimaryKeyConstraint("booking_id", name=op.f("pk_booking_case")),
    )
    op.create_index("ix_booking_case_site_key_due_on", "booking_case", ["site_key", "due_on"])
    op.create_index("ix_booking_case_person_id", "booking_case", ["person_id"])
    op.create_table(
        "booking_case_note",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("booking_id", sa.Integer, nullable=False),
        sa.Column("site_key", sa.String, nullable=False),
        sa.Column("person_id", sa.Integer, nullable=False),
        sa.Column("key", sa.String, nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("author", sa.String, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        *_references("booking_case_note"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_booking_case_note")),
        sa.UniqueConstraint("booking_id", "key", name=op.f("uq_booking_case_note_booking_id_key")),
    )
    op.create_index("ix_booking_case_note_person_id", "booking_case_note", ["person_id"])


def downgrade() -> None:
    op.drop_table("booking_case_note")
    op.drop_table("booking_case")


def _references(table: str) -> tuple[sa.ForeignKeyConstraint, ...]:
    """To the booking, its site and its person: with each of them the row goes."""
    return tuple(
        sa.ForeignKeyConstraint(
            [column], [target], name=op.f(f"fk_{table}_{column}"), ondelete="CASCADE"
        )
        for column, target in (
            ("booking_id", "booking.id"),
            ("site_key", "site.key"),
            ("person_id", "person.id"),
        )
    )
