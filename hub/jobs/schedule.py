"""Schedules: which moments are due, and that each of them brings one job.

A due moment is a slot. Only the latest slot up to now counts, whatever was before it: several
that were missed are made up for by one job. A slot is entered as a row together with its job, so
neither a second worker nor a clock that goes back brings it again; and because no other row is
looked at, a clock that was far ahead for a while keeps no later slot away.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Any

import sqlalchemy as sa
from cronsim import CronSim, CronSimError
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from hub.db import Database
from hub.jobs import queue
from hub.models import JobSlot

FOLD = timedelta(minutes=61)
"""Going back starts so much later: local times within the hour that comes twice have no order."""


class ScheduleError(Exception):
    """A schedule or quiet hours cannot be read; the message says why."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """When which job is due: five cron fields, to be read in the time of `zone`."""

    name: str
    cron: str
    zone: tzinfo
    task: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    lanes: frozenset[str] = frozenset()
    eager: bool = False
    """Whether a schedule that is seen for the first time is due at once."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours of the day in which nothing starts; they may reach over midnight."""

    start: time
    end: time

    @classmethod
    def parse(cls, text: str) -> Quiet | None:
        """Read `07:00-17:00`; nothing is no quiet hours. Raises `ScheduleError`."""
        if not text.strip():
            return None
        try:
            start, end = (datetime.strptime(part.strip(), "%H:%M") for part in text.split("-"))
        except ValueError:
            raise ScheduleError(
                f"{text!r} are no quiet hours; write for example 07:00-17:00."
            ) from None
        if start == end:
            raise ScheduleError("Quiet hours that never end leave no time to run.")
        return cls(start.time(), end.time())

    def until(self, moment: datetime, zone: tzinfo) -> datetime | None:
        """When the quiet hours end that rule at this moment; None outside of them."""
        local = moment.astimezone(zone)
        clock = local.time().replace(tzinfo=None)
        if self.start < self.end:
            rules = self.start <= clock < self.end
        else:
            rules = clock >= self.start or clock < self.end
        if not rules:
            return None
        day = local.date() + timedelta(days=clock >= self.end)
        return datetime.combine(day, self.end, zone).astimezone(UTC)

    def __str__(self) -> str:
        return f"{self.start:%H:%M}-{self.end:%H:%M}"


def check(cron: str) -> str:
    """The expression in its plain form; raises `ScheduleError` where it never comes due."""
    plain = " ".join(cron.split())
    if len(plain.split()) != 5:
        raise ScheduleError(
            f"{cron!r} is no schedule: it takes five fields (minute, hour, day of the month, "
            'month, day of the week), for example "15 4 * * *".'
        )
    try:
        next(CronSim(plain, datetime.now(UTC)))
    except CronSimError as error:
        raise ScheduleError(f"{cron!r} is no schedule: {error}.") from error
    except StopIteration:
        raise ScheduleError(f"{cron!r} never comes due.") from None
    return plain


def latest(cron: str, zone: tzinfo, moment: datetime) -> datetime | None:
    """The last slot up to and including this moment, in UTC."""
    for slot in CronSim(cron, (moment + FOLD).astimezone(zone), reverse=True):
        if slot <= moment:
            return slot.astimezone(UTC)
    return None


def following(cron: str, zone: tzinfo, moment: datetime) -> datetime | None:
    """The first slot after this moment, in UTC."""
    for slot in CronSim(cron, (moment - FOLD).astimezone(zone)):
        if slot > moment:
            return slot.astimezone(UTC)
    return None


class Scheduler:
    """Enqueues what is due; one per worker, any number of them on a database."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._entered: dict[str, datetime] = {}

    def tick(self, schedules: Iterable[Schedule], moment: datetime) -> int:
        """Enter the slots that are due now; returns how many jobs that brought."""
        due = [
            (schedule, slot)
            for schedule in schedules
            if (slot := latest(schedule.cron, schedule.zone, moment))
            and self._entered.get(schedule.name) != slot
        ]
        if not due:
            return 0
        with self._db.write() as session:
            brought = sum(_enter(session, schedule, slot) for schedule, slot in due)
        self._entered |= {schedule.name: slot for schedule, slot in due}
        return brought


def skip(session: Session, schedule: Schedule, moment: datetime) -> None:
    """Let the schedule begin with its next slot: what was due up to now is none of its own."""
    slot = latest(schedule.cron, schedule.zone, moment)
    if slot is not None:
        _insert(session, schedule.name, slot)


def _enter(session: Session, schedule: Schedule, slot: datetime) -> bool:
    known = session.scalar(sa.select(sa.exists().where(JobSlot.schedule == schedule.name)))
    if not _insert(session, schedule.name, slot) or not (known or schedule.eager):
        return False
    job = queue.enqueue(
        session, schedule.task, schedule.arguments, key=schedule.name, lanes=schedule.lanes
    )
    session.execute(
        sa.update(JobSlot)
        .where(JobSlot.schedule == schedule.name, JobSlot.slot == slot)
        .values(job_id=job)
    )
    return job is not None


def _insert(session: Session, name: str, slot: datetime) -> bool:
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    statement = dialect.insert(JobSlot).values(schedule=name, slot=slot).on_conflict_do_nothing()
    return session.scalar(statement.returning(JobSlot.schedule)) is not None
