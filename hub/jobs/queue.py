"""The queue: a table from which workers take jobs, such that none is lost and none runs twice.

A job is put in by the caller's own transaction. A worker that takes it gets a token and gives
signs of life; when these stop for the length of a lease, the job is given to another, and the
first one's token is worth nothing any more. All functions work in the transaction they are given.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from hub.models import Job
from hub.models.base import now

LEASE = 90.0
"""Seconds without a sign of life after which a job is taken away from its worker. Longer than
any transaction that may stand between a worker and its next sign."""
MAX_ATTEMPTS = 3
MAX_DEATHS = 3
SUSPECT = MAX_DEATHS - 1
"""With so many deaths a job runs alone in its worker: only one of the jobs that died together
brought death, and the others must not be parked with it."""
MAX_MESSAGE = 2_000
SKEW = timedelta(minutes=1)
"""The clocks of machines may differ by so much."""
OVERDUE = timedelta(hours=1)
"""A job that waits for longer with nothing running shows that no worker is there."""


class JobError(Exception):
    """What was asked of a job is not possible; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A job in the hands of the worker that has this token."""

    id: int
    token: int
    task: str
    arguments: Mapping[str, Any] = field(compare=False)
    attempts: int
    deaths: int


@dataclass(frozen=True, slots=True)
class Pulse:
    """What shows whether the worker of a running job lives: it changes with each sign of life."""

    id: int
    token: int
    heartbeat: int


class Watch:
    """Tells which running jobs have been silent for a lease.

    It measures with its own steady clock how long a pulse has not changed, so neither a clock
    that jumps nor one that differs between machines takes a job from a living worker.
    """

    def __init__(self, lease: float) -> None:
        self._lease = lease
        self._seen: dict[Pulse, float] = {}
        self._looked = 0.0

    def silent(self, running: Iterable[Pulse], at: float) -> list[Pulse]:
        """Those of the running jobs that are to be taken away; `at` in steady seconds."""
        if at - self._looked > self._lease / 2:
            # Whoever did not look for so long was stopped, and maybe the others with it.
            self._seen.clear()
        self._looked = at
        self._seen = {pulse: self._seen.get(pulse, at) for pulse in running}
        return [pulse for pulse, since in self._seen.items() if at - since >= self._lease]


def enqueue(
    session: Session,
    task: str,
    arguments: Mapping[str, Any] | None = None,
    *,
    key: str | None = None,
    lanes: Collection[str] = (),
    run_at: datetime | None = None,
) -> int | None:
    """Put a job in; it exists once the caller's transaction is committed. Returns its id.

    Returns None when a job with this key is already queued, running or parked.
    """
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    statement = (
        dialect.insert(Job)
        .values(
            task=task,
            arguments=dict(arguments or {}),
            key=key,
            lanes=sorted(set(lanes)),
            state="queued",
            run_at=run_at,
            enqueued_at=now(),
            attempts=0,
            deaths=0,
            token=0,
            owner="",
            heartbeat=0,
            message="",
        )
        .on_conflict_do_nothing()
        .returning(Job.id)
    )
    number: int | None = session.scalar(statement)
    return number


def available(session: Session, *, suspects: bool = False) -> int | None:
    """The job that `claim` would take now; a look that locks nothing.

    A job whose last entry lies ahead was given its time by a clock that was ahead: that time may
    be years away and means nothing. Such a job is due; where it comes too early it says so itself.
    """
    moment = now()
    written = sa.func.coalesce(Job.heartbeat_at, Job.enqueued_at)
    held = {
        lane
        for lanes in session.scalars(sa.select(Job.lanes).where(Job.state == "running"))
        for lane in lanes
    }
    waiting = (
        sa.select(Job.id, Job.lanes)
        .where(
            Job.state == "queued",
            sa.or_(Job.run_at.is_(None), Job.run_at <= moment, written > moment + SKEW),
            Job.deaths >= SUSPECT if suspects else Job.deaths < SUSPECT,
        )
        .order_by(Job.id)
    )
    for number, lanes in session.execute(waiting):
        if held.isdisjoint(lanes):
            return number
    return None


def claim(session: Session, owner: str, *, suspects: bool = False) -> Claim | None:
    """Take the oldest job that is due and whose lanes are free; None when there is none.

    `suspects` takes from the jobs that have to run alone, otherwise from the others.
    """
    if session.get_bind().dialect.name == "postgresql":
        # Lanes are compared between rows, so two workers must not choose at the same time.
        session.execute(_lock)
    chosen = available(session, suspects=suspects)
    if chosen is None:
        return None
    row = session.execute(
        sa.update(Job)
        .where(Job.id == chosen, Job.state == "queued")
        .values(
            state="running",
            token=Job.token + 1,
            attempts=Job.attempts + 1,
            heartbeat=0,
            owner=owner,
            started_at=now(),
            heartbeat_at=now(),
            run_at=None,
            message="",
        )
        .returning(Job.id, Job.token, Job.task, Job.arguments, Job.attempts, Job.deaths)
    ).one()
    return Claim(*row)


def beat(session: Session, claims: Iterable[Claim]) -> set[Claim]:
    """Give a sign of life for these jobs; returns those that are lost to another worker."""
    return {
        claim
        for claim in claims
        if not _held(session, claim, heartbeat=Job.heartbeat + 1, heartbeat_at=now())
    }


def finish(session: Session, claim: Claim, message: str = "") -> bool:
    """The job is done. This and its neighbours do nothing and return False once it is lost."""
    return _held(session, claim, state="finished", finished_at=now(), message=message)


def fail(session: Session, claim: Claim, message: str) -> bool:
    """The job could not be done and is given up."""
    return _held(session, claim, state="failed", finished_at=now(), message=message)


def park(session: Session, claim: Claim, message: str) -> bool:
    """The job is put aside until a person has looked at it."""
    return _held(session, claim, state="parked", finished_at=now(), message=message)


def put_back(
    session: Session,
    claim: Claim,
    message: str = "",
    *,
    run_at: datetime | None = None,
    counted: bool = False,
) -> bool:
    """The job goes back into the queue; only a `counted` attempt brings it nearer to its end."""
    return _held(
        session,
        claim,
        state="queued",
        run_at=run_at,
        heartbeat_at=now(),
        message=message,
        attempts=Job.attempts if counted else Job.attempts - 1,
    )


def running(session: Session) -> list[Pulse]:
    """The pulses of all jobs that run."""
    query = sa.select(Job.id, Job.token, Job.heartbeat).where(Job.state == "running")
    return [Pulse(*row) for row in session.execute(query)]


def take_away(session: Session, silent: Iterable[Pulse]) -> list[Job]:
    """Take these jobs from their silent workers: back into the queue, or aside after too many.

    A job that has given a sign of life since is left alone. Returns the jobs taken.
    """
    taken = []
    for pulse in silent:
        job = session.scalars(
            sa.select(Job)
            .where(
                Job.id == pulse.id,
                Job.token == pulse.token,
                Job.heartbeat == pulse.heartbeat,
                Job.state == "running",
            )
            .with_for_update()
        ).one_or_none()
        if job is None:
            continue
        job.deaths += 1
        job.message = f"Its worker {job.owner} died or fell silent (number {job.deaths})."
        if job.deaths < MAX_DEATHS:
            job.state = "queued"
        else:
            job.state, job.finished_at = "parked", now()
            job.message += f" Look for the cause, then `hub jobs retry {job.id}`."
        taken.append(job)
    session.flush()
    return taken


def retry(session: Session, number: int) -> None:
    """Queue a parked job again, as if it had never run; raises `JobError` for any other."""
    job = session.get(Job, number, with_for_update=True)
    if job is None or job.state != "parked":
        state = "does not exist" if job is None else f"is {job.state}"
        raise JobError(f"Job {number} {state}; only a parked job can be tried again.")
    job.state, job.message = "queued", ""
    job.attempts = job.deaths = 0
    job.run_at = job.finished_at = None


def listing(session: Session, *, states: Collection[str] = (), limit: int = 50) -> Sequence[Job]:
    """The latest jobs, newest first."""
    query = sa.select(Job).order_by(Job.id.desc()).limit(limit)
    if states:
        query = query.where(Job.state.in_(states))
    return session.scalars(query).all()


def problems(session: Session) -> list[tuple[Job | None, str]]:
    """What a person has to look at: parked jobs, and jobs for which no worker comes."""
    parked = sa.select(Job).where(Job.state == "parked").order_by(Job.id)
    found: list[tuple[Job | None, str]] = [
        (job, f"Job {job.id} ({job.task}) is parked: {job.message}")
        for job in session.scalars(parked)
    ]
    due = sa.func.coalesce(Job.run_at, Job.enqueued_at)
    overdue = session.scalar(
        sa.select(sa.func.count()).where(
            Job.state == "queued",
            due < now() - OVERDUE,
            ~sa.exists().where(sa.and_(_other.c.state == "running")),
        )
    )
    if overdue:
        found.append((None, f"{overdue} jobs are due and none runs; start `hub worker`."))
    return found


def _held(session: Session, claim: Claim, **values: Any) -> bool:
    """Change the job, if it still belongs to whoever has the claim."""
    if "message" in values:
        # Errors quote what other systems sent, and PostgreSQL takes neither of these.
        readable = values["message"].encode(errors="replace").decode()
        values["message"] = readable.replace("\0", "\ufffd")[:MAX_MESSAGE]
    changed = session.scalar(
        sa.update(Job)
        .where(Job.id == claim.id, Job.token == claim.token, Job.state == "running")
        .values(**values)
        .returning(Job.id)
        .execution_options(synchronize_session=False)
    )
    return changed is not None


_lock = sa.text("SELECT pg_advisory_xact_lock(714002)")
_other = Job.__table__.alias("other")
