"""jobs, their slots, and the schedules of sources"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

OPEN = sa.text("state IN ('queued', 'running', 'parked')")


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "job",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("task", sa.String, nullable=False),
        sa.Column("arguments", sa.JSON, nullable=False),
        sa.Column("key", sa.String),
        sa.Column("lanes", sa.JSON, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("run_at", moment),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("deaths", sa.Integer, nullable=False),
        sa.Column("token", sa.Integer, nullable=False),
        sa.Column("owner", sa.String, nullable=False),
        sa.Column("heartbeat", sa.Integer, nullable=False),
        sa.Column("enqueued_at", moment, nullable=False),
        sa.Column("started_at", moment),
        sa.Column("heartbeat_at", moment),
        sa.Column("finished_at", moment),
        sa.Column("message", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
    )
    op.create_index("ix_job_state_id", "job", ["state", "id"])
    op.create_index(
        "ix_job_open_key", "job", ["key"], unique=True, sqlite_where=OPEN, postgresql_where=OPEN
    )
    op.create_table(
        "job_slot",
        sa.Column("schedule", sa.String, nullable=False),
        sa.Column("slot", moment, nullable=False),
        sa.Column("job_id", sa.Integer),
        sa.ForeignKeyConstraint(
            ["job_id"], ["job.id"], name=op.f("fk_job_slot_job_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("schedule", "slot", name=op.f("pk_job_slot")),
    )
    op.create_table(
        "sync_schedule",
        sa.Column("site_key", sa.String, nullable=False),
        sa.Column("plugin", sa.String, nullable=False),
        sa.Column("cron", sa.String),
        sa.Column("quiet", sa.String, nullable=False),
        sa.ForeignKeyConstraint(
            ["site_key"], ["site.key"], name=op.f("fk_sync_schedule_site_key"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("site_key", "plugin", name=op.f("pk_sync_schedule")),
    )


def downgrade() -> None:
    op.drop_table("sync_schedule")
    op.drop_table("job_slot")
    op.drop_table("job")
