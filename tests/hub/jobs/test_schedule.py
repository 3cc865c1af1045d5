"""Slots: none lost, none doubled, whatever clocks, time zones and other workers do."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from cronsim import CronSim
from hypothesis import given
from hypothesis import strategies as st

from hub import models
from hub.db import Database
from hub.jobs import queue, schedule
from hub.jobs.schedule import Quiet, Schedule, ScheduleError, Scheduler

BERLIN = ZoneInfo("Europe/Berlin")
HOURLY = Schedule("hourly", "0 * * * *", BERLIN, "note")
START = datetime(2026, 6, 1, 8, 30, tzinfo=UTC)


def minutes(number: float) -> datetime:
    return START + timedelta(minutes=number)


def slots(db: Database) -> list[datetime]:
    """The slots that brought a job."""
    with db.read() as session:
        return list(
            session.scalars(
                sa.select(models.JobSlot.slot)
                .where(models.JobSlot.job_id.is_not(None))
                .order_by(models.JobSlot.slot)
            )
        )


def finish_all(db: Database) -> None:
    with db.write() as session:
        while (claim := queue.claim(session, "test:1")) is not None:
            queue.finish(session, claim)


def walk(db: Database, *moments: float, one: Schedule = HOURLY) -> int:
    """A worker that starts now and looks at these minutes; returns how many jobs that brought."""
    scheduler, brought = Scheduler(db), 0
    for moment in moments:
        brought += scheduler.tick([one], minutes(moment))
        finish_all(db)
    return brought


def test_each_slot_brings_one_job(db: Database) -> None:
    assert walk(db, 0) == 0, "what was due before it was known does not count"
    assert walk(db, *range(0, 181, 7)) == 3
    assert slots(db) == [minutes(30), minutes(90), minutes(150)]


def test_a_source_that_is_new_is_due_at_once(db: Database) -> None:
    eager = Schedule("hourly", "0 * * * *", BERLIN, "note", eager=True)
    assert walk(db, 0, 1, one=eager) == 1


def test_missed_slots_are_made_up_for_once(db: Database) -> None:
    walk(db, 0, 31)
    assert walk(db, 600, 601) == 1
    assert slots(db) == [minutes(30), minutes(570)]


@pytest.mark.parametrize("restart", [False, True])
def test_a_clock_that_goes_back_doubles_nothing(db: Database, restart: bool) -> None:
    times = [0, 31, 91, -20, 5, 31, 45, 91, 100, 151]
    if restart:
        assert sum(walk(db, at) for at in times) == 3
    else:
        assert walk(db, *times) == 3
    assert slots(db) == [minutes(30), minutes(90), minutes(150)]


@pytest.mark.parametrize("restart", [False, True])
def test_a_clock_that_was_ahead_loses_nothing(db: Database, restart: bool) -> None:
    year = 365 * 24 * 60
    times = [0, year, year + 1, 5, 31, 91, 151]
    if restart:
        assert sum(walk(db, at) for at in times) == 4
    else:
        assert walk(db, *times) == 4
    assert slots(db)[:3] == [minutes(30), minutes(90), minutes(150)]


def test_many_workers_bring_a_slot_once(db: Database) -> None:
    walk(db, 0)
    brought: list[int] = []
    ready = threading.Barrier(5)

    def work() -> None:
        scheduler = Scheduler(db)
        ready.wait()
        brought.append(scheduler.tick([HOURLY], minutes(31)))

    threads = [threading.Thread(target=work) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(brought) == [0, 0, 0, 0, 1]


def test_a_job_still_open_takes_no_second(db: Database) -> None:
    walk(db, 0)
    scheduler = Scheduler(db)
    assert scheduler.tick([HOURLY], minutes(31)) == 1
    assert scheduler.tick([HOURLY], minutes(91)) == 0
    finish_all(db)
    assert scheduler.tick([HOURLY], minutes(151)) == 1


CRONS = st.sampled_from(
    ["30 2 * * *", "15 4 * * *", "0 * * * *", "*/30 * * * *", "0 2,3 * * 0", "5 0 1 * *"]
)


@given(CRONS, st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 1)))
def test_latest_and_following_agree_with_the_calendar(cron: str, at: datetime) -> None:
    moment = at.replace(microsecond=0, tzinfo=UTC)
    late = schedule.latest(cron, BERLIN, moment)
    assert late is not None
    assert late <= moment
    upcoming = schedule.following(cron, BERLIN, moment)
    assert upcoming is not None
    assert upcoming > moment
    # Nothing lies between the two.
    for slot in CronSim(cron, (late - timedelta(days=1)).astimezone(BERLIN)):
        if slot > late:
            assert slot.astimezone(UTC) == upcoming
            break


@pytest.mark.parametrize("cron", ["30 2 * * *", "10 2 * * *"])
@pytest.mark.parametrize("month", [3, 10])
def test_nights_in_which_the_clock_is_changed_have_one_slot(
    db: Database, cron: str, month: int
) -> None:
    night = Schedule("night", cron, BERLIN, "note")
    scheduler, moment = Scheduler(db), datetime(2026, month, 20, 12, tzinfo=UTC)
    while moment < datetime(2026, month, 31, 12, tzinfo=UTC):
        if scheduler.tick([night], moment):
            finish_all(db)
        moment += timedelta(minutes=13)
    found = slots(db)
    days = [slot.astimezone(BERLIN).date() for slot in found]
    assert len(days) == 11
    assert all(b - a == timedelta(days=1) for a, b in pairwise(days))


@pytest.mark.parametrize(
    "text", ["", "4", "15 4 * *", "99 4 * * *", "0 0 31 2 *", "0 15 4 * * *", "@daily"]
)
def test_what_is_no_schedule_is_refused(text: str) -> None:
    with pytest.raises(ScheduleError):
        schedule.check(text)


def test_a_schedule_is_kept_in_its_plain_form() -> None:
    assert schedule.check("  15  4 * *  mon-fri ") == "15 4 * * mon-fri"


@pytest.mark.parametrize(
    ("text", "clock", "until"),
    [
        ("07:00-17:00", "2026-06-01T06:59", None),
        ("07:00-17:00", "2026-06-01T07:00", "2026-06-01T17:00"),
        ("07:00-17:00", "2026-06-01T17:00", None),
        ("22:00-06:00", "2026-06-01T23:00", "2026-06-02T06:00"),
        ("22:00-06:00", "2026-06-01T05:59", "2026-06-01T06:00"),
        ("22:00-06:00", "2026-06-01T12:00", None),
        ("", "2026-06-01T12:00", None),
    ],
)
def test_quiet_hours(text: str, clock: str, until: str | None) -> None:
    moment = datetime.fromisoformat(clock).replace(tzinfo=BERLIN)
    hours = Quiet.parse(text)
    found = hours.until(moment, BERLIN) if hours else None
    assert found == (datetime.fromisoformat(until).replace(tzinfo=BERLIN) if until else None)


@pytest.mark.parametrize("text", ["7-17", "07:00", "07:00-07:00", "25:00-26:00", "a-b-c"])
def test_what_are_no_quiet_hours_is_refused(text: str) -> None:
    with pytest.raises(ScheduleError):
        Quiet.parse(text)
