"""Clocks that jump or differ: nothing lost, nothing doubled, nothing stuck, in both forms.

Workers keep time by the clock of their machine, procrastinate by that of the database server.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine

from hub import models
from hub.catalogue import runs
from hub.jobs import queue
from hub.jobs.courier import worker_for
from hub.jobs.schedule import Schedule
from hub.jobs.tasks import Context, Failed, Later, Task
from hub.models.base import now
from hub.settings import PROCRASTINATE
from tests.hub.jobs.hands import at_work, jobs, put, run, until
from tests.sources import Network

HOURS = timedelta(hours=5)
YEAR = timedelta(days=365)
JUMPS = pytest.mark.parametrize("jump", [HOURS, -HOURS], ids=["ahead", "back"])


class Bench:
    """Jobs that write down that they ran."""

    def __init__(self, net: Network) -> None:
        self.net = net
        self.ran: list[str] = []
        self.held, self.free = threading.Event(), threading.Event()

    def note(self, _: Context, arguments: Mapping[str, Any]) -> str:
        self.ran.append(arguments["what"])
        return "done"

    def hold(self, _: Context, arguments: Mapping[str, Any]) -> str:
        """Runs until it is set free."""
        self.ran.append(arguments["what"])
        self.held.set()
        assert self.free.wait(60)
        return "done"

    def options(self, **tasks: Task) -> dict[str, Any]:
        return {
            "tasks": {"note": self.note, "hold": self.hold, **tasks},
            "schedules": lambda hub: [],
        }

    def put(self, what: str, task: str = "note", run_at: datetime | None = None) -> None:
        with self.net.hub.db.write() as session:
            queue.enqueue(session, task, {"what": what}, key=what, run_at=run_at)

    def run(self, **tasks: Task) -> None:
        run(self.net, **self.options(**tasks))

    def job(self, what: str) -> models.Job:
        with self.net.hub.db.read() as session:
            return session.scalars(sa.select(models.Job).filter_by(key=what)).one()

    def states(self) -> dict[str | None, str]:
        with self.net.hub.db.read() as session:
            return {job.key: job.state for job in session.scalars(sa.select(models.Job))}

    def server_jumps(self, by: timedelta) -> None:
        """Set the clock of the database server: all moments that it wrote down go the other way."""
        if self.net.hub.settings.jobs != PROCRASTINATE:
            return
        with self.net.hub.db.write() as session:
            session.execute(sa.text("SET LOCAL search_path TO procrastinate"))
            for table, column in (
                ("procrastinate_jobs", "scheduled_at"),
                ("procrastinate_workers", "last_heartbeat"),
                ("procrastinate_events", "at"),
            ):
                change = sa.text(f"UPDATE {table} SET {column} = {column} - :by")
                session.execute(change, {"by": by})


@pytest.fixture
def bench(net: Network) -> Iterator[Bench]:
    worker_for(net.hub)  # makes the tables of procrastinate
    found = Bench(net)
    yield found
    found.free.set()


@JUMPS
def test_a_worker_and_a_server_of_different_hours(bench: Bench, jump: timedelta) -> None:
    begun = now()
    with time_machine.travel(begun + jump):
        bench.put("due")
        bench.put("past", run_at=now() - timedelta(hours=1))
        bench.put("later", run_at=now() + timedelta(hours=1))
        bench.run()
    assert bench.states() == {"due": "finished", "past": "finished", "later": "queued"}
    with time_machine.travel(begun + jump + timedelta(minutes=59)):
        bench.run()
    assert bench.states()["later"] == "queued"
    with time_machine.travel(begun + jump + timedelta(minutes=61)):
        bench.run()
    assert Counter(bench.ran) == {"due": 1, "past": 1, "later": 1}


@JUMPS
def test_a_server_that_jumps_while_jobs_wait(bench: Bench, jump: timedelta) -> None:
    begun = now()
    bench.put("due")
    bench.put("later", run_at=begun + timedelta(hours=1))
    bench.server_jumps(jump)
    bench.run()
    assert bench.states() == {"due": "finished", "later": "queued"}
    with time_machine.travel(begun + timedelta(minutes=61)):
        bench.run()
    assert Counter(bench.ran) == {"due": 1, "later": 1}


def test_a_clock_that_goes_ahead_makes_due_what_waits(bench: Bench) -> None:
    bench.put("later", run_at=now() + timedelta(hours=1))
    with at_work(bench.net, **bench.options()):
        with time_machine.travel(now() + HOURS):
            until(lambda: bench.ran)
        bench.put("then")
        until(lambda: set(bench.states().values()) == {"finished"})
    assert bench.ran == ["later", "then"]


def test_what_a_clock_that_was_ahead_put_off_is_due(bench: Bench) -> None:
    def failing(_: Context, arguments: Mapping[str, Any]) -> str:
        bench.ran.append(arguments["what"])
        raise Failed("No.")

    def quiet(_: Context, arguments: Mapping[str, Any]) -> str:
        bench.ran.append(arguments["what"])
        raise Later(now() + timedelta(hours=3), "It is quiet.")

    def ahead(_: Context, arguments: Mapping[str, Any]) -> str:
        bench.ran.append(arguments["what"])
        travelling.start()
        raise Later(now() + timedelta(minutes=1), "The clock was set meanwhile.")

    travelling = time_machine.travel(now() + YEAR)
    with time_machine.travel(now() + YEAR):
        bench.put("new", run_at=now() + timedelta(minutes=10))
        bench.put("failing", "failing")
        bench.put("quiet", "quiet")
        bench.run(failing=failing, quiet=quiet)
        assert bench.ran == ["failing", "quiet"]
    bench.put("ahead", "ahead")
    try:
        bench.run(ahead=ahead, failing=bench.note, quiet=bench.note)
        assert bench.ran[-1] == "ahead"
    finally:
        travelling.stop()
    bench.run(ahead=bench.note)
    assert set(bench.states().values()) == {"finished"}
    assert Counter(bench.ran) == {"new": 1, "failing": 2, "quiet": 2, "ahead": 2}


def test_clocks_of_machines_that_differ_a_little_keep_what_was_put_off(bench: Bench) -> None:
    with time_machine.travel(now() + queue.SKEW / 2):
        bench.put("later", run_at=now() + timedelta(minutes=10))
        bench.put("now")
    bench.run()
    assert bench.ran == ["now"]


@JUMPS
def test_a_job_at_hand_stays_with_its_worker(bench: Bench, jump: timedelta) -> None:
    bench.put("held", "hold")
    with at_work(bench.net, **bench.options()):
        assert bench.held.wait(60)
        bench.server_jumps(jump)
        with time_machine.travel(now() + jump):
            bench.put("other")
            bench.run()  # another worker looks at it
            until(lambda: bench.job("other").state == "finished")
            held = bench.job("held")
            assert (held.state, held.deaths) == ("running", 0)
            bench.free.set()
            until(lambda: bench.job("held").state == "finished")
    assert Counter(bench.ran) == {"held": 1, "other": 1}


@JUMPS
def test_a_job_of_the_dead_is_taken_from_them(bench: Bench, jump: timedelta) -> None:
    bench.put("left")
    with bench.net.hub.db.write() as session:
        assert queue.claim(session, "dead:1") is not None
    bench.server_jumps(jump)
    with time_machine.travel(now() + jump), at_work(bench.net, lease=1.0, **bench.options()):
        until(lambda: bench.job("left").state == "finished")
    assert (bench.ran, bench.job("left").deaths) == (["left"], 1)


def test_a_run_that_a_dead_machine_left_by_a_clock_ahead_is_taken_over(net: Network) -> None:
    with time_machine.travel(now() + HOURS):
        begun = runs.begin(net.hub.db, "borken", "scripted")
    with net.hub.db.write() as session:
        session.get_one(models.SyncRun, begun.run_id).owner = "elsewhere:1"
    put(net, "sync", site="borken", plugin="scripted")
    run(net, schedules=lambda hub: [])
    job = jobs(net)["borken"]
    assert (job.state, job.message) == (
        "finished",
        "1 added, 0 changed, 0 unchanged, 0 withdrawn, 0 rejected.",
    )


def test_a_living_worker_goes_on_after_the_server_forgot_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.jobs.courier.TROUBLE", 0.05)
    bench.put("held", "hold")
    with at_work(bench.net, **bench.options()):
        assert bench.held.wait(60)
        bench.server_jumps(HOURS)
        with at_work(bench.net, **bench.options()):  # it clears away what seems dead
            bench.put("both")
            until(lambda: bench.job("both").state == "finished")
        bench.put("alone")
        until(lambda: bench.job("alone").state == "finished")
        bench.free.set()
        until(lambda: bench.job("held").state == "finished")
        bench.put("after")
        until(lambda: bench.job("after").state == "finished")
    assert Counter(bench.ran) == {"held": 1, "both": 1, "alone": 1, "after": 1}


@pytest.mark.parametrize(
    ("minutes", "brought"),
    [
        ((0, 31, 91, -20, 31, 151), 3),
        ((0, 365 * 24 * 60, 31, 91), 3),
    ],
    ids=["back", "ahead for a while"],
)
def test_each_slot_brings_one_job_whatever_the_clock_does(
    bench: Bench, minutes: tuple[float, ...], brought: int
) -> None:
    start = datetime(2026, 6, 1, 8, 30, tzinfo=UTC)
    hourly = Schedule("hourly", "0 * * * *", UTC, "note", {"what": "hourly"})
    for minute in minutes:
        with time_machine.travel(start + timedelta(minutes=minute)):
            run(bench.net, **bench.options() | {"schedules": lambda hub: [hourly]})
    assert len(bench.ran) == brought
