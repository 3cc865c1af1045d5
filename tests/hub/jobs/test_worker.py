"""The worker in this process: sources side by side, hosts one at a time, failures, clean-up."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from hub import models
from hub.errors import Unavailable
from hub.jobs import queue, sources, tasks
from hub.jobs.courier import worker_for
from hub.jobs.tasks import Context, Failed
from hub.jobs.worker import Worker
from hub.models.base import Base, now
from hub.records import Change
from hub.settings import PROCRASTINATE, TABLE
from tests.sources import Network, everything, medium, network

SITES = ["borken", "coesfeld", "herne", "unna"]


@pytest.fixture(params=[TABLE, PROCRASTINATE])
def net(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> Iterator[Network]:
    if request.param == PROCRASTINATE and database_url.startswith("sqlite"):
        pytest.skip("procrastinate is for PostgreSQL")
    with network(database_url, tmp_path, SITES) as found:
        found.hub.settings = replace(found.hub.settings, jobs=request.param)
        for key in SITES:
            found.play(key, everything(medium("one", f"Film {key}")))
        yield found


def jobs(net: Network) -> dict[str, models.Job]:
    with net.hub.db.read() as session:
        return {
            row.arguments.get("site", row.task): row
            for row in session.scalars(sa.select(models.Job))
        }


def worker(net: Network, **options: Any) -> Worker:
    return worker_for(net.hub)(net.hub, poll=0.02, **options)


def run(net: Network, **options: Any) -> None:
    worker(net, **options).run(once=True)


def put(net: Network, task: str, **arguments: object) -> None:
    with net.hub.db.write() as session:
        queue.enqueue(session, task, arguments, key=task)


class Crowd:
    """How many sources are being read at the same time."""

    def __init__(self) -> None:
        self.now = self.most = 0
        self._guard = threading.Lock()

    def source(self, cursor: str | None) -> Iterator[Change]:
        with self._guard:
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(0.3)
        with self._guard:
            self.now -= 1
        yield from everything(medium("one"))


def test_new_sources_are_taken_in_and_then_left_until_their_time(net: Network) -> None:
    run(net)
    found = jobs(net)
    assert {name: job.state for name, job in found.items()} == dict.fromkeys(SITES, "finished")
    assert found["borken"].message.startswith("1 added, 0 changed")
    run(net)
    assert len(jobs(net)) == len(SITES)


def test_a_slow_source_delays_no_other(net: Network) -> None:
    others, seen = threading.Event(), threading.Event()

    def slow(cursor: str | None) -> Iterator[Change]:
        seen.set()
        assert others.wait(60)
        yield from everything(medium("one"))

    net.play("borken", slow)
    running = threading.Thread(target=run, args=(net,), kwargs={"parallel": 2})
    running.start()
    assert seen.wait(60)
    end = time.monotonic() + 60
    while {jobs(net)[key].state for key in SITES[1:]} != {"finished"}:
        assert time.monotonic() < end
        time.sleep(0.05)
    assert jobs(net)["borken"].state == "running"
    others.set()
    running.join(60)
    assert jobs(net)["borken"].state == "finished"


@pytest.mark.parametrize(("hosts", "most"), [((), 4), (("media.example.org",), 1)])
def test_a_host_is_asked_by_one_job_at_a_time(
    net: Network, hosts: tuple[str, ...], most: int
) -> None:
    net.plugin.hosts = hosts
    crowd = Crowd()
    for key in SITES:
        net.play(key, crowd.source)
    run(net, parallel=4)
    assert {job.state for job in jobs(net).values()} == {"finished"}
    assert crowd.most == most


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
    local = now().astimezone(source.zone)
    hours = f"{local - timedelta(hours=1):%H:%M}-{local + timedelta(hours=1):%H:%M}"
    with net.hub.db.write() as session:
        sources.choose(session, source, now(), "test", cron=None, quiet=hours)
    run(net)
    found = jobs(net)
    assert found["coesfeld"].state == "finished"
    waiting = found["borken"]
    assert (waiting.state, waiting.attempts) == ("queued", 0)
    assert hours in waiting.message
    assert waiting.run_at is not None
    assert timedelta(minutes=58) < waiting.run_at - now() <= timedelta(hours=1)


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
