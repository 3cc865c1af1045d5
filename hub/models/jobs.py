"""Work for `hub worker`: jobs, the slots that schedules have had, and when sources are due."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from hub.models.base import Base, UtcDateTime

OPEN = text("state IN ('queued', 'running', 'parked')")


class Job(Base):
    """One piece of work. States: queued, running, finished, failed, parked.

    A failed job said itself that it could not be done. A parked one did harm, again and again,
    and waits for a person.
    """

    __tablename__ = "job"
    __table_args__ = (
        Index("ix_job_state_id", "state", "id"),
        Index("ix_job_open_key", "key", unique=True, sqlite_where=OPEN, postgresql_where=OPEN),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    task: Mapped[str]
    arguments: Mapped[dict[str, Any]] = mapped_column(JSON)
    key: Mapped[str | None]
    """What it is about: of the jobs with the same key only one is open at a time."""
    lanes: Mapped[list[str]] = mapped_column(JSON)
    """What it occupies while it runs, such as a host: two jobs that share a lane take turns."""
    state: Mapped[str]
    run_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Not before then, unless the clock was set back since this was written; None is at once,
    whatever the clock says."""
    attempts: Mapped[int] = mapped_column(default=0)
    """How often it was begun, without the times that it was put back by no fault of its own."""
    deaths: Mapped[int] = mapped_column(default=0)
    """How often its worker died, or fell silent, over it."""
    token: Mapped[int] = mapped_column(default=0)
    """Grows each time a worker takes the job; whoever holds an older one has lost it."""
    owner: Mapped[str] = mapped_column(default="")
    """`host:pid` of the worker that had it last."""
    heartbeat: Mapped[int] = mapped_column(default=0)
    """Counts the worker's signs of life; other workers watch whether it moves."""
    enqueued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    heartbeat_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """The worker's last sign of life; its last one is to put the job back."""
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    message: Mapped[str] = mapped_column(Text, default="")
    """How it ended, or why it waits, for a person."""


class JobSlot(Base):
    """A moment at which a schedule was due, entered by the one worker that enqueued its job."""

    __tablename__ = "job_slot"

    schedule: Mapped[str] = mapped_column(primary_key=True)
    slot: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    job_id: Mapped[int | None] = mapped_column(ForeignKey("job.id", ondelete="SET NULL"))
    """None where nothing had to be enqueued: a first sight, or the job before is still open."""


class SyncSchedule(Base):
    """When a source is taken in, where that is not left to the hub."""

    __tablename__ = "sync_schedule"

    site_key: Mapped[str] = mapped_column(
        ForeignKey("site.key", ondelete="CASCADE"), primary_key=True
    )
    plugin: Mapped[str] = mapped_column(primary_key=True)
    cron: Mapped[str | None]
    """Five fields in the site's own time; empty is never, None the hub's choice."""
    quiet: Mapped[str]
    """`07:00-17:00` in the site's own time: no run starts then. Empty is no such hours."""
