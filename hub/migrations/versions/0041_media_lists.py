"""lists that people make of offers"""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0052"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "media_list",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("person_id", sa.Integer, nullable=False),
        sa.Column("title", sa.String, nullable=False),
        sa.Column("description", sa.String, nullable=False),
        sa.Column("token_hash", sa.String),
        sa.Column("shared_at", sa.DateTime(timezone=True)),
        sa.Column("show_name", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("show_notes", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name="fk_media_list_person_id_person", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_media_list"),
        sa.UniqueConstraint("token_hash", name="uq_media_list_token_hash"),
    )
    op.create_index("ix_media_list_person_id", "media_list", ["person_id"])
    op.create_index("ix_media_list_deleted_at", "media_list", ["deleted_at"])
    op.create_table(
        "media_list_entry",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("list_id", sa.Integer, nullable=False),
        sa.Column("person_id", sa.Integer, nullable=False),
        sa.Column("offer_id", sa.Integer, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("note", sa.String, nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(
            ["list_id"],
            ["media_list.id"],
            name="fk_media_list_entry_list_id_media_list",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
            name="fk_media_list_entry_person_id_person",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["offer_id"],
            ["offer.id"],
            name="fk_media_list_entry_offer_id_offer",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_media_list_entry"),
    )
    op.create_index(
        "ix_media_list_entry_list_id_position", "media_list_entry", ["list_id", "position"]
    )
    for name in ("person_id", "offer_id", "removed_at"):
        op.create_index(f"ix_media_list_entry_{name}", "media_list_entry", [name])


def downgrade() -> None:
    op.drop_table("media_list_entry")
    op.drop_table("media_list")
