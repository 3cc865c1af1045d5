"""what can be booked, bookings and what they hold, rules, opening hours, pieces and handovers"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "bookable",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("site_key", sa.String, nullable=False),
        sa.Column("plugin", sa.String, nullable=False),
        sa.Column("source_id", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("title", sa.String, nullable=False),
        sa.Column("capacity", sa.Integer),
        sa.Column("buffer_before", sa.Integer, nullable=False),
        sa.Column("buffer_after", sa.Integer, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("starts_at", moment),
        sa.Column("ends_at", moment),
        sa.Column("details", sa.JSON, nullable=False),
        sa.Column("retired_at", moment),
        sa.Column("changed_at", moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["site_key"], ["site.key"], name=op.f("fk_bookable_site_key"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bookable")),
        sa.UniqueConstraint(
            "site_key", "plugin", "source_id", name=op.f("uq_bookable_site_key_plugin_source_id")
        ),
    )
    op.create_table(
        "booking_contact",
        sa.Column("person_id", sa.Integer, nullable=False),
        sa.Column("site_key", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("email", sa.String, nullable=False),
        sa.Column("phone", sa.String, nullable=False),
        sa.Column("changed_at", moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
            name=op.f("fk_booking_contact_person_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["site_key"], ["site.key"], name=op.f("fk_booking_contact_site_key"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", "site_key", name=op.f("pk_booking_contact")),
    )
    op.create_table(
        "booking_rules",
        sa.Column("site_key", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("borrower", sa.String, nullable=False),
        sa.Column("overrides", sa.JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["site_key"], ["site.key"], name=op.f("fk_booking_rules_site_key"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("site_key", "kind", "borrower", name=op.f("pk_booking_rules")),
    )
    op.create_table(
        "opening_hours",
        sa.Column("site_key", sa.String, nullable=False),
        sa.Column("week", sa.JSON, nullable=False),
        sa.Column("closures", sa.JSON, nullable=False),
        sa.Column("school_holidays", sa.Boolean, nullable=False),
        sa.ForeignKeyConstraint(
            ["site_key"], ["site.key"], name=op.f("fk_opening_hours_site_key"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("site_key", name=op.f("pk_opening_hours")),
    )
    op.create_table(
        "bookable_part",
        sa.Column("whole_id", sa.Integer, nullable=False),
        sa.Column("part_id", sa.Integer, nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.ForeignKeyConstraint(
            ["part_id"], ["bookable.id"], name=op.f("fk_bookable_part_part_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["whole_id"],
            ["bookable.id"],
            name=op.f("fk_bookable_part_whole_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("whole_id", "part_id", name=op.f("pk_bookable_part")),
    )
    op.create_index(op.f("ix_bookable_part_part_id"), "bookable_part", ["part_id"])
    op.create_table(
        "booking",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("reference", sa.String, nullable=False),
        sa.Column("site_key", sa.String, nullable=False),
        sa.Column("plugin", sa.String, nullable=False),
        sa.Column("bookable_id", sa.Integer),
        sa.Column("offer_id", sa.Integer),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("title", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("starts_at", moment, nullable=False),
        sa.Column("ends_at", moment, nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("person_id", sa.Integer),
        sa.Column("institution_id", sa.Integer),
        sa.Column("borrower", sa.String, nullable=False),
        sa.Column("fulfilment", sa.String, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("answers", sa.JSON, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("extensions", sa.Integer, nullable=False),
        sa.Column("external_id", sa.String, nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("changed_at", moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["bookable_id"], ["bookable.id"], name=op.f("fk_booking_bookable_id")
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institution.id"], name=op.f("fk_booking_institution_id")
        ),
        sa.ForeignKeyConstraint(["offer_id"], ["offer.id"], name=op.f("fk_booking_offer_id")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_booking_person_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["site_key"], ["site.key"], name=op.f("fk_booking_site_key"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_booking")),
        sa.UniqueConstraint("reference", name=op.f("uq_booking_reference")),
    )
    op.create_index(
        op.f("ix_booking_bookable_id_starts_at"), "booking", ["bookable_id", "starts_at"]
    )
    op.create_index(op.f("ix_booking_institution_id"), "booking", ["institution_id"])
    op.create_index(op.f("ix_booking_offer_id"), "booking", ["offer_id"])
    op.create_index(op.f("ix_booking_person_id_starts_at"), "booking", ["person_id", "starts_at"])
    op.create_index(
        op.f("ix_booking_site_key_state_starts_at"), "booking", ["site_key", "state", "starts_at"]
    )
    op.create_table(
        "item",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("site_key", sa.String, nullable=False),
        sa.Column("owner", sa.String, nullable=False),
        sa.Column("bookable_id", sa.Integer, nullable=False),
        sa.Column("code", sa.String, nullable=False),
        sa.Column("label", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("condition", sa.Text, nullable=False),
        sa.Column("accessories", sa.JSON, nullable=False),
        sa.Column("changed_at", moment, nullable=False),
        sa.ForeignKeyConstraint(["bookable_id"], ["bookable.id"], name=op.f("fk_item_bookable_id")),
        sa.ForeignKeyConstraint(
            ["site_key"], ["site.key"], name=op.f("fk_item_site_key"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_item")),
        sa.UniqueConstraint("site_key", "code", name=op.f("uq_item_site_key_code")),
    )
    op.create_index(op.f("ix_item_bookable_id_code"), "item", ["bookable_id", "code"])
    op.create_table(
        "booking_event",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("booking_id", sa.Integer, nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("event", sa.String, nullable=False),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("note", sa.String, nullable=False),
        sa.Column("announced_at", moment),
        sa.ForeignKeyConstraint(
            ["booking_id"],
            ["booking.id"],
            name=op.f("fk_booking_event_booking_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_booking_event")),
    )
    op.create_index(op.f("ix_booking_event_booking_id_id"), "booking_event", ["booking_id", "id"])
    op.create_index(
        "ix_booking_event_unannounced",
        "booking_event",
        ["id"],
        sqlite_where=sa.text("announced_at IS NULL"),
        postgresql_where=sa.text("announced_at IS NULL"),
    )
    op.create_table(
        "booking_hold",
        sa.Column("booking_id", sa.Integer, nullable=False),
        sa.Column("bookable_id", sa.Integer, nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("starts_at", moment, nullable=False),
        sa.Column("until", moment, nullable=False),
        sa.Column("out", sa.Boolean, nullable=False),
        sa.Column("expires_at", moment),
        sa.ForeignKeyConstraint(
            ["bookable_id"], ["bookable.id"], name=op.f("fk_booking_hold_bookable_id")
        ),
        sa.ForeignKeyConstraint(
            ["booking_id"],
            ["booking.id"],
            name=op.f("fk_booking_hold_booking_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("booking_id", "bookable_id", name=op.f("pk_booking_hold")),
    )
    op.create_index(
        op.f("ix_booking_hold_bookable_id_until"), "booking_hold", ["bookable_id", "until"]
    )
    op.create_table(
        "booking_key",
        sa.Column("site_key", sa.String, nullable=False),
        sa.Column("key", sa.String, nullable=False),
        sa.Column("fingerprint", sa.String, nullable=False),
        sa.Column("booking_id", sa.Integer),
        sa.Column("created_at", moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["booking_id"],
            ["booking.id"],
            name=op.f("fk_booking_key_booking_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["site_key"], ["site.key"], name=op.f("fk_booking_key_site_key"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("site_key", "key", name=op.f("pk_booking_key")),
    )
    op.create_index(op.f("ix_booking_key_booking_id"), "booking_key", ["booking_id"])
    op.create_table(
        "handover",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("booking_id", sa.Integer, nullable=False),
        sa.Column("item_id", sa.Integer, nullable=False),
        sa.Column("out_at", moment, nullable=False),
        sa.Column("out_by", sa.String, nullable=False),
        sa.Column("back_at", moment),
        sa.Column("back_by", sa.String, nullable=False),
        sa.Column("lacking", sa.JSON, nullable=False),
        sa.Column("damage", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["booking.id"], name=op.f("fk_handover_booking_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_handover_item_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handover")),
    )
    op.create_index(op.f("ix_handover_booking_id_id"), "handover", ["booking_id", "id"])
    op.create_index(
        "ix_handover_item_out",
        "handover",
        ["item_id"],
        unique=True,
        sqlite_where=sa.text("back_at IS NULL"),
        postgresql_where=sa.text("back_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("handover")
    op.drop_table("booking_key")
    op.drop_table("booking_hold")
    op.drop_table("booking_event")
    op.drop_table("item")
    op.drop_table("booking")
    op.drop_table("bookable_part")
    op.drop_table("opening_hours")
    op.drop_table("booking_rules")
    op.drop_table("booking_contact")
    op.drop_table("bookable")
