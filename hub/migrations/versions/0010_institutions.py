"""institutions, the sites that serve them, their history, and the lists they come from"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "school_list",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("as_of", sa.Date, nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("file", sa.String, nullable=False),
        sa.Column("sha256", sa.String, nullable=False),
        sa.Column("counts", sa.JSON, nullable=False),
        sa.Column("rejects", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_school_list")),
    )
    op.create_table(
        "institution",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("school_id", sa.String),
        sa.Column("listed", sa.Boolean, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("short_name", sa.String, nullable=False),
        sa.Column("school_form", sa.String, nullable=False),
        sa.Column("private", sa.Boolean, nullable=False),
        sa.Column("street", sa.String, nullable=False),
        sa.Column("postcode", sa.String, nullable=False),
        sa.Column("town", sa.String, nullable=False),
        sa.Column("municipality", sa.String, nullable=False),
        sa.Column("phone", sa.String, nullable=False),
        sa.Column("email", sa.String, nullable=False),
        sa.Column("website", sa.String, nullable=False),
        sa.Column("utm_east", sa.Integer),
        sa.Column("utm_north", sa.Integer),
        sa.Column("opened_on", sa.Date),
        sa.Column("closed_on", sa.Date),
        sa.Column("search_text", sa.Text, nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("changed_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_institution")),
        sa.UniqueConstraint("school_id", name=op.f("uq_institution_school_id")),
    )
    op.create_index(op.f("ix_institution_postcode"), "institution", ["postcode"])
    op.create_table(
        "institution_site",
        sa.Column("institution_id", sa.Integer, nullable=False),
        sa.Column("site_key", sa.String, nullable=False),
        sa.Column("by_hand", sa.Boolean, nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id"],
            ["institution.id"],
            name=op.f("fk_institution_site_institution_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["site_key"], ["site.key"], name=op.f("fk_institution_site_site_key")
        ),
        sa.PrimaryKeyConstraint("institution_id", "site_key", name=op.f("pk_institution_site")),
    )
    op.create_index(
        op.f("ix_institution_site_site_key_institution_id"),
        "institution_site",
        ["site_key", "institution_id"],
    )
    op.create_table(
        "institution_change",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("institution_id", sa.Integer, nullable=False),
        sa.Column("list_id", sa.Integer),
        sa.Column("at", moment, nullable=False),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("event", sa.String, nullable=False),
        sa.Column("before", sa.JSON, nullable=False),
        sa.Column("after", sa.JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id"],
            ["institution.id"],
            name=op.f("fk_institution_change_institution_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["list_id"], ["school_list.id"], name=op.f("fk_institution_change_list_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_institution_change")),
    )
    op.create_index(
        op.f("ix_institution_change_institution_id_id"),
        "institution_change",
        ["institution_id", "id"],
    )
    op.create_index(op.f("ix_institution_change_list_id"), "institution_change", ["list_id"])


def downgrade() -> None:
    op.drop_table("institution_change")
    op.drop_table("institution_site")
    op.drop_table("institution")
    op.drop_table("school_list")
