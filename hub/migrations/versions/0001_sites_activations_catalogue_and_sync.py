"""sites, activations, catalogue and sync"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = ("hub",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("site_key", sa.String(), nullable=True),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=True),
        sa.Column("after", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_site_key_at"), ["site_key", "at"], unique=False)

    op.create_table(
        "counter",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counter")),
    )
    op.create_table(
        "site",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("ags", sa.JSON(), nullable=False),
        sa.Column("association", sa.String(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("standort", sa.String(), nullable=False),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("internal_hosts", sa.JSON(), nullable=False),
        sa.Column("contact", sa.JSON(), nullable=False),
        sa.Column("branches", sa.JSON(), nullable=False),
        sa.Column("profile", sa.JSON(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_site")),
    )
    op.create_table(
        "sync_page",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site_key", sa.String(), nullable=False),
        sa.Column("plugin", sa.String(), nullable=False),
        sa.Column("checkpoint", sa.Boolean(), nullable=False),
        sa.Column("seen", sa.LargeBinary(), nullable=False),
        sa.Column("deleted", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_page")),
    )
    with op.batch_alter_table("sync_page", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sync_page_site_key"), ["site_key"], unique=False)

    op.create_table(
        "work",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_work")),
    )
    op.create_table(
        "activation",
        sa.Column("site_key", sa.String(), nullable=False),
        sa.Column("plugin", sa.String(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("config", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["site_key"], ["site.key"], name=op.f("fk_activation_site_key")),
        sa.PrimaryKeyConstraint("site_key", "plugin", name=op.f("pk_activation")),
    )
    op.create_table(
        "offer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site_key", sa.String(), nullable=False),
        sa.Column("plugin", sa.String(), nullable=False),
        sa.Column("source_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("match_keys", sa.String(), nullable=False),
        sa.Column("work_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["site_key"], ["site.key"], name=op.f("fk_offer_site_key")),
        sa.ForeignKeyConstraint(["work_id"], ["work.id"], name=op.f("fk_offer_work_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offer")),
        sa.UniqueConstraint(
            "site_key", "plugin", "source_id", name=op.f("uq_offer_site_key_plugin_source_id")
        ),
    )
    with op.batch_alter_table("offer", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_offer_changed_at_id"), ["changed_at", "id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_offer_kind_id"), ["kind", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_offer_work_id"), ["work_id"], unique=False)

    op.create_table(
        "sync_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site_key", sa.String(), nullable=False),
        sa.Column("plugin", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("withdrawn", sa.Integer(), nullable=False),
        sa.Column("rejected", sa.Integer(), nullable=False),
        sa.Column("resumed", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("held", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["site_key"], ["site.key"], name=op.f("fk_sync_run_site_key")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_run")),
    )
    with op.batch_alter_table("sync_run", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sync_run_site_key"), ["site_key"], unique=False)

    op.create_table(
        "sync_source",
        sa.Column("site_key", sa.String(), nullable=False),
        sa.Column("plugin", sa.String(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["site_key"], ["site.key"], name=op.f("fk_sync_source_site_key")),
        sa.PrimaryKeyConstraint("site_key", "plugin", name=op.f("pk_sync_source")),
    )
    op.create_table(
        "work_key",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("work_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["work_id"], ["work.id"], name=op.f("fk_work_key_work_id")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_work_key")),
    )
    with op.batch_alter_table("work_key", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_work_key_work_id"), ["work_id"], unique=False)

    op.create_table(
        "offer_grant",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("offer_id", sa.Integer(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["offer_id"], ["offer.id"], name=op.f("fk_offer_grant_offer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offer_grant")),
    )
    with op.batch_alter_table("offer_grant", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_offer_grant_offer_id"), ["offer_id"], unique=False)

    op.create_table(
        "sync_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("offer_id", sa.Integer(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("old", sa.Text(), nullable=False),
        sa.Column("new", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["offer_id"], ["offer.id"], name=op.f("fk_sync_change_offer_id")),
        sa.ForeignKeyConstraint(
            ["run_id"], ["sync_run.id"], name=op.f("fk_sync_change_run_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_change")),
    )
    with op.batch_alter_table("sync_change", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sync_change_run_id"), ["run_id"], unique=False)

    op.create_table(
        "sync_reject",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("excerpt", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["sync_run.id"], name=op.f("fk_sync_reject_run_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_reject")),
    )
    with op.batch_alter_table("sync_reject", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sync_reject_run_id"), ["run_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("sync_reject", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sync_reject_run_id"))

    op.drop_table("sync_reject")
    with op.batch_alter_table("sync_change", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sync_change_run_id"))

    op.drop_table("sync_change")
    with op.batch_alter_table("offer_grant", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_offer_grant_offer_id"))

    op.drop_table("offer_grant")
    with op.batch_alter_table("work_key", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_work_key_work_id"))

    op.drop_table("work_key")
    op.drop_table("sync_source")
    with op.batch_alter_table("sync_run", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sync_run_site_key"))

    op.drop_table("sync_run")
    with op.batch_alter_table("offer", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_offer_work_id"))
        batch_op.drop_index(batch_op.f("ix_offer_kind_id"))
        batch_op.drop_index(batch_op.f("ix_offer_changed_at_id"))

    op.drop_table("offer")
    op.drop_table("activation")
    op.drop_table("work")
    with op.batch_alter_table("sync_page", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sync_page_site_key"))

    op.drop_table("sync_page")
    op.drop_table("site")
    op.drop_table("counter")
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_site_key_at"))

    op.drop_table("audit")
