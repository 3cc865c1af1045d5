"""Where each source stands, what its runs did, and what they could not take in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from hub.models.base import Base, UtcDateTime


class SyncSource(Base):
    """A source is a plugin at a site: its cursor, and the run that works on it now."""

    __tablename__ = "sync_source"

    site_key: Mapped[str] = mapped_column(ForeignKey("site.key"), primary_key=True)
    plugin: Mapped[str] = mapped_column(primary_key=True)
    cursor: Mapped[str | None] = mapped_column(Text)
    run_id: Mapped[int | None]
    """The run in progress, if any."""
    mapping: Mapped[str] = mapped_column(default="")
    """Digest of the mapping, and of what the plugin reads, under which the cursor was reached;
    under another one it is no use."""


class SyncRun(Base):
    """One run of a source. States: running, succeeded, held, failed, superseded, refused.

    "Stuck" is no state: it is computed from the heartbeat when read.
    """

    __tablename__ = "sync_run"

    id: Mapped[int] = mapped_column(primary_key=True)
    site_key: Mapped[str] = mapped_column(ForeignKey("site.key"), index=True)
    plugin: Mapped[str]
    state: Mapped[str]
    owner: Mapped[str]
    """`host:pid:start` of the process, so that a dead one's run can be taken over at once."""
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    heartbeat_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    total: Mapped[int | None]
    """What the source announced."""
    added: Mapped[int] = mapped_column(default=0)
    changed: Mapped[int] = mapped_column(default=0)
    unchanged: Mapped[int] = mapped_column(default=0)
    withdrawn: Mapped[int] = mapped_column(default=0)
    rejected: Mapped[int] = mapped_column(default=0)
    resumed: Mapped[int] = mapped_column(default=0)
    """How often it was taken up again after a crash or failure."""
    error: Mapped[str] = mapped_column(Text, default="")
    """What went wrong, for a person."""
    held: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Ids of the offers whose withdrawal waits for a person, packed."""


class SyncPage(Base):
    """What the committed pages of the present cycle saw, one row per page, dropped at its end.

    Unchanged offers cost no write of their own: their ids are packed into `seen`.
    """

    __tablename__ = "sync_page"

    id: Mapped[int] = mapped_column(primary_key=True)
    site_key: Mapped[str] = mapped_column(index=True)
    plugin: Mapped[str]
    checkpoint: Mapped[bool]
    """Whether a cursor was stored with it; pages after the last such one are read again."""
    seen: Mapped[bytes] = mapped_column(LargeBinary)
    deleted: Mapped[bytes] = mapped_column(LargeBinary)


class SyncReject(Base):
    """A piece of a source that could not be taken in, with the reason."""

    __tablename__ = "sync_reject"

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("sync_run.id", ondelete="CASCADE"), index=True)
    source_id: Mapped[str]
    reason: Mapped[str] = mapped_column(Text)
    excerpt: Mapped[str] = mapped_column(Text)


class SourceReport(Base):
    """The latest report of a kind about a source, made by a job: a dry run, a look at its links."""

    __tablename__ = "source_report"

    site_key: Mapped[str] = mapped_column(
        ForeignKey("site.key", ondelete="CASCADE"), primary_key=True
    )
    plugin: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    """`trial`, `links` or `sample`: `hub.jobs.trials`, `link_checks`, `samples`."""
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """When it was written last: a report may grow while its job runs."""
    data: Mapped[dict[str, Any]] = mapped_column(JSON)


class SyncChange(Base):
    """One field of one offer that a run changed, old and new, as text."""

    __tablename__ = "sync_change"

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("sync_run.id", ondelete="CASCADE"), index=True)
    offer_id: Mapped[int] = mapped_column(ForeignKey("offer.id"), index=True)
    field: Mapped[str]
    old: Mapped[str] = mapped_column(Text)
    new: Mapped[str] = mapped_column(Text)
