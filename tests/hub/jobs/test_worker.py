"""The worker in this process: sources side by side, hosts one at a time, failures, clean-up."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine

from hub import models
from hub.errors import Unavailable
from hub.jobs import queue, sources, tasks
from hub.jobs.queue import Claim
from hub.jobs.tasks import Context, Failed
from hub.jobs.worker import Worker
from hub.models.base import Base, now
from hub.records import Change
from tests.hub.jobs.hands import PATIENCE, SITES, at_work, jobs, put, run, until, worker
from tests.sources import Network, everything, medium


def test_new_sources_are_taken_in_and_then_left_until_their_time(net: Network) -> None:
    run(net)
    found = jobs(net)
    assert {name: job.state for name, job in found.items()} == dict.fromkeys(SITES, "finished")
    assert found["borken"].message.startswith("1 added, 0 changed")
    run(net)
    assert len(jobs(net)) == len(SITES)


class Doors:
    """Sources that are read until the test lets go of them."""

    def __init__(self, net: Network) -> None:
        self._open = {key: threading.Event() for key in SITES}
        self.within: set[str] = set()
        for key in SITES:
            net.play(key, partial(self._read, key))

    def let(self, key: str) -> None:
        self._open[key].set()

    def _read(self, key: str, cursor: str | None) -> Iterator[Change]:
        self.within.add(key)
        assert self._open[key].wait(PATIENCE)
        self.within.remove(key)
        yield from everything(medium("one"))


def test_sites_are_read_side_by_side_and_a_slow_one_delays_no_other(net: Network) -> None:
    doors = Doors(net)
    with at_work(net, parallel=2):
        until(lambda: len(doors.within) == 2)
        slow, *_ = doors.within
        for key in set(SITES) - {slow}:
            doors.let(key)
        until(lambda: all(jobs(net)[key].state == "finished" for key in set(SITES) - {slow}))
        assert jobs(net)[slow].state == "running"
        doors.let(slow)
        until(lambda: jobs(net)[slow].state == "finished")


def test_a_host_is_asked_by_one_job_at_a_time(net: Network) -> None:
    net.plugin.hosts = ("media.example.org",)
    doors = Doors(net)

    def note(_: Context, arguments: Mapping[str, Any]) -> str:
        return "done"

    with at_work(net, parallel=4, tasks={**tasks.TASKS, "note": note}):
        for turn in range(len(SITES)):
            until(lambda: doors.within)
            (asked,) = doors.within
            with net.hub.db.write() as session:
                queue.enqueue(session, "note", {"site": f"note {turn}"})
            # Who takes this one has looked at the sources before it, which wait for their host.
            until(lambda number=turn: jobs(net)[f"note {number}"].state == "finished")
            assert doors.within == {asked}
            doors.let(asked)
            until(lambda key=asked: jobs(net)[key].state == "finished")


def test_a_worker_for_once_waits_for_a_job_that_is_being_begun(
    net: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = Worker._start

    def slowly(self: Worker, claim: Claim) -> Any:
        time.sleep(0.5)  # long enough for a look at the queue in between
        return start(self, claim)

    monkeypatch.setattr(Worker, "_start", slowly)
    put(net, "sync", site="borken", plugin="scripted")
    run(net, schedules=lambda hub: [])
    assert jobs(net)["borken"].state == "finished"


def test_hosts_are_those_of_the_configuration(net: Network) -> None:
    plugin = net.site("borken").plugins["scripted"]
    plugin.config = {
        "url": "https://user@Media.Example.org/oai",
        "more": [{"feed": "http://127.0.0.1:8080/feed"}, "http://[", "https://x.example:443/"],
        "word": "ftp://other.example/",
    }
    assert sources.hosts_of(plugin) == {"media.example.org", "127.0.0.1:8080", "x.example"}


def test_the_hub_spreads_its_sources_over_the_night() -> None:
    times = {sources.usual_cron(f"site{i}", "edmond") for i in range(165)}
    assert len(times) > 100
    minutes = [int(h) * 60 + int(m) for m, h, *_ in (text.split() for text in times)]
    assert 30 <= min(minutes) < 90
    assert 270 < max(minutes) < 330
    assert sources.usual_cron("borken", "edmond") == sources.usual_cron("borken", "edmond")


def test_a_source_that_fails_is_tried_again_then_given_up_until_its_next_slot(
    net: Network,
) -> None:
    def out(cursor: str | None) -> Iterator[Change]:
        raise Unavailable("Out for lunch.")
        yield

    net.play("borken", out)
    run(net)
    waiting = jobs(net)["borken"]
    assert (waiting.state, waiting.attempts, waiting.message) == ("queued", 1, "Out for lunch.")
    assert waiting.run_at is not None
    assert waiting.run_at > now() + timedelta(minutes=5)
    with net.hub.db.write() as session:
        session.execute(sa.update(models.Job).values(run_at=None))
    run(net, pause=timedelta(0))
    given_up = jobs(net)["borken"]
    assert (given_up.state, given_up.attempts) == ("failed", queue.MAX_ATTEMPTS)
    put(net, "sync", site="borken", plugin="scripted")
    net.play("borken", everything(medium("one")))
    run(net)
    assert jobs(net)["borken"].state == "finished"


def test_a_task_with_an_error_of_its_own_is_parked(net: Network) -> None:
    def broken(_: Context, arguments: Mapping[str, Any]) -> str:
        raise SystemExit(3)

    def refused(_: Context, arguments: Mapping[str, Any]) -> str:
        raise Failed("No.")

    for task in ("broken", "unknown", "refused"):
        put(net, task)
    run(
        net,
        tasks={"broken": broken, "refused": refused},
        schedules=lambda hub: [],
        pause=timedelta(0),
    )
    found = jobs(net)
    assert {name: job.state for name, job in found.items()} == {
        "broken": "parked",
        "unknown": "parked",
        "refused": "failed",
    }
    assert "SystemExit" in found["broken"].message
    assert found["broken"].attempts == queue.MAX_ATTEMPTS


def test_nothing_starts_in_quiet_hours(net: Network) -> None:
    source = sources.source(net.hub, "borken", "scripted")
    assert source is not None
    noon = datetime(2026, 6, 1, 12, tzinfo=source.zone)
    with time_machine.travel(noon):
        with net.hub.db.write() as session:
            sources.choose(session, source, now(), "test", cron=None, quiet="11:30-13:00")
        run(net)
        found = jobs(net)
    assert found["coesfeld"].state == "finished"
    waiting = found["borken"]
    assert (waiting.state, waiting.attempts) == ("queued", 0)
    assert "11:30-13:00" in waiting.message
    assert waiting.run_at == noon + timedelta(hours=1)
    with time_machine.travel(noon + timedelta(minutes=59)):
        run(net)
    assert jobs(net)["borken"].state == "queued"
    with time_machine.travel(noon + timedelta(minutes=61)):
        run(net)
    assert jobs(net)["borken"].state == "finished"


def test_each_source_comes_at_its_own_minute_of_the_night(net: Network) -> None:
    def runs() -> Counter[str]:
        with net.hub.db.read() as session:
            return Counter(session.scalars(sa.select(models.SyncRun.site_key)))

    def minute(one: sources.Source) -> datetime:
        minute, hour, *_ = one.cron.split()
        return datetime(2026, 6, 2, int(hour), int(minute), tzinfo=one.zone)

    found = sources.sources(net.hub)
    with time_machine.travel(datetime(2026, 6, 1, 12, tzinfo=UTC)):
        run(net)  # new ones at once
    times = {one.site: minute(one) for one in found}
    assert len(set(times.values())) == len(SITES)
    for turn in sorted(times.values()):
        with time_machine.travel(turn + timedelta(seconds=5)):
            run(net)
        assert runs() == {site: 2 if at <= turn else 1 for site, at in times.items()}


def test_a_source_that_somebody_else_runs_waits_its_turn(net: Network) -> None:
    from hub.catalogue import runs

    begun = runs.begin(net.hub.db, "borken", "scripted")
    put(net, "sync", site="borken", plugin="scripted")
    run(net, schedules=lambda hub: [])
    waiting = jobs(net)["borken"]
    assert (waiting.state, waiting.attempts) == ("queued", 0)
    assert "in progress" in waiting.message
    runs.fail(net.hub.db, begun, "over")
    with net.hub.db.write() as session:
        session.execute(sa.update(models.Job).values(run_at=None))
    run(net, schedules=lambda hub: [])
    assert jobs(net)["borken"].state == "finished"


def test_a_source_that_is_switched_off_meanwhile_ends_its_job(net: Network) -> None:
    put(net, "sync", site="borken", plugin="gone")
    run(net, schedules=lambda hub: [])
    assert jobs(net)["borken"].state == "finished"
    assert "no source of borken any more" in jobs(net)["borken"].message


def test_what_does_not_end_after_stop_goes_back(net: Network) -> None:
    release, seen = threading.Event(), threading.Event()

    def stubborn(_: Context, arguments: Mapping[str, Any]) -> str:
        seen.set()
        release.wait(60)
        return "at last"

    put(net, "stubborn")
    stopped = worker(net, tasks={"stubborn": stubborn}, schedules=lambda hub: [])
    thread = threading.Thread(target=stopped.run, kwargs={"grace": 0.2})
    thread.start()
    assert seen.wait(60)
    stopped.stop()
    thread.join(60)
    left = jobs(net)["stubborn"]
    assert (left.state, left.attempts) == ("queued", 0)
    release.set()
    time.sleep(0.2)
    assert jobs(net)["stubborn"].state == "queued", "who was left says nothing any more"


def test_what_is_old_is_erased(net: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "BATCH", 2)
    for title in ("Film", "Film, neu"):
        net.play("borken", everything(medium("one", title), medium("two", title)))
        with net.hub.db.write() as session:
            session.execute(sa.delete(models.JobSlot))
            session.execute(sa.delete(models.SyncSource).where(models.SyncSource.run_id.is_(None)))
        run(net)
    with net.hub.db.write() as session:
        (run_id,) = session.scalars(sa.select(models.SyncChange.run_id).distinct())
        session.add_all(
            models.SyncReject(run_id=run_id, source_id=str(n), reason="why", excerpt="")
            for n in range(5)
        )
    tables: tuple[type[Base], ...] = (models.SyncChange, models.SyncReject, models.Job)

    def count() -> list[int]:
        with net.hub.db.read() as session:
            return [
                session.scalar(sa.select(sa.func.count()).select_from(one)) or 0 for one in tables
            ]

    before = count()
    assert min(before) > 1
    context = Context(net.hub, lambda: None)
    assert tasks.clean_up(context, {}) == "0 rows erased."
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    with net.hub.db.write() as session:
        session.execute(sa.update(models.SyncRun).values(finished_at=long_ago))
        session.execute(sa.update(models.Job).values(finished_at=long_ago))
        for day in range(3):
            slot = long_ago + timedelta(days=day)
            session.add(models.JobSlot(schedule="retired", slot=slot))
        queue.enqueue(session, "note", key="kept")
    assert tasks.clean_up(context, {}) == f"{sum(before) + 2} rows erased."
    assert count() == [0, 0, 1]
    with net.hub.db.read() as session:
        retired = session.scalars(sa.select(models.JobSlot).filter_by(schedule="retired"))
        assert [row.slot for row in retired] == [long_ago + timedelta(days=2)]


def test_the_hub_cleans_up_by_schedule(net: Network) -> None:
    names = [one.name for one in tasks.schedules(net.hub)]
    assert names == [
        "cleanup",
        "reminders",
        "attention",
        *(f"sync:{key}/scripted" for key in SITES),
    ]
    assert {one.task for one in tasks.schedules(net.hub)} <= tasks.TASKS.keys()


def test_a_database_that_is_away_for_a_while_loses_nothing(
    net: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.jobs.worker.TROUBLE", 0.01)
    done: list[int] = []
    away = 3

    def note(_: Context, arguments: Mapping[str, Any]) -> str:
        nonlocal away
        done.append(1)
        away = 3
        return "done"

    def gone(kind: str) -> None:
        real = getattr(net.hub.db, kind)

        def answer() -> Any:
            nonlocal away
            if away:
                away -= 1
                raise sa.exc.OperationalError("", None, OSError("The server is away."))
            return real()

        monkeypatch.setattr(net.hub.db, kind, answer)

    put(net, "note")
    patient = worker(net, tasks={"note": note}, schedules=lambda hub: [])
    gone("read")
    gone("write")
    patient.run(once=True)
    assert jobs(net)["note"].state == "finished"
    assert len(done) == 1
