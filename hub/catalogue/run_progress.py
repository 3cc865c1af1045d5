"""How far the reading of a source is: in the queue, under way, broken off, ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.catalogue import runs
from hub.models import Job, SyncRun


class Phase(StrEnum):
    """Where a source stands, as somebody sees it who waits for it."""

    WAITING = "waiting"
    """A worker takes it up as soon as one is free."""
    AGAIN = "again"
    """It is put off until a later time."""
    PARKED = "parked"
    """It brought down its worker again and again, and waits for the operator."""
    BEGINNING = "beginning"
    READING = "reading"
    KILLED = "killed"
    """The process that ran it is gone."""
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a source stands now."""

    phase: Phase
    run: SyncRun | None
    """Its latest run."""
    done: int = 0
    """Records so far."""
    total: int | None = None
    """Records that the source announces."""
    rate: float | None = None
    """Records per second, where they can be told."""
    until: datetime | None = None
    """When it is tried again."""
    message: str = ""
    """Why it was put off, for people."""
    queued: bool = False
    """Whether a job will go on with it by itself."""

    @property
    def over(self) -> bool:
        """Whether nothing more is to be seen by waiting."""
        if self.phase is Phase.KILLED:
            return not self.queued
        return self.phase in (Phase.ENDED, Phase.AGAIN, Phase.PARKED)

    @property
    def rest(self) -> timedelta | None:
        """How long it will take yet, at this rate."""
        if not self.rate or self.total is None or self.total < self.done:
            return None
        return timedelta(seconds=(self.total - self.done) / self.rate)


def progress(session: Session, site: str, plugin: str, moment: datetime) -> Progress:
    """Where the source stands at this moment; `ended` without a run for one never read."""
    run = session.scalars(
        sa.select(SyncRun)
        .where(SyncRun.site_key == site, SyncRun.plugin == plugin)
        .order_by(SyncRun.id.desc())
        .limit(1)
    ).one_or_none()
    job = session.scalars(
        sa.select(Job).where(
            Job.key == f"sync:{site}/{plugin}", Job.state.in_(("queued", "running", "parked"))
        )
    ).one_or_none()
    if run is not None and run.state == "running":
        if not runs.alive(run):
            return _of(run, Phase.KILLED, queued=job is not None and job.state != "parked")
        done = _done(run)
        return _of(run, Phase.READING if done else Phase.BEGINNING)
    if job is None:
        return Progress(Phase.ENDED, run)
    if job.state == "parked":
        return Progress(Phase.PARKED, run, message=job.message)
    if job.state == "running":
        return Progress(Phase.BEGINNING, None)
    if job.run_at is not None and job.run_at > moment:
        return Progress(Phase.AGAIN, run, until=job.run_at, message=job.message)
    return Progress(Phase.WAITING, run)


def _of(run: SyncRun, phase: Phase, *, queued: bool = False) -> Progress:
    seconds = (run.heartbeat_at - run.started_at).total_seconds()
    # The time between a break and the resumption is no time of work.
    rate = _done(run) / seconds if seconds >= 1 and not run.resumed else None
    return Progress(phase, run, _done(run), run.total, rate, queued=queued)


def _done(run: SyncRun) -> int:
    return run.added + run.changed + run.unchanged + run.rejected
