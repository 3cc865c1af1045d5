"""Real workers that are killed, stopped and ended: no job is lost, none runs twice at once."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from hub import models
from hub.db import Database
from hub.jobs import courier, queue
from hub.settings import PROCRASTINATE
from tests.hub.jobs import labour
from tests.hub.jobs.labour import Log
from tests.sources import network

PATIENCE = 90.0


class Workers:
    """The worker processes of a test, with the moments at which they were killed."""

    def __init__(self, form: str, database_url: str, folder: Path) -> None:
        self.log = Log(folder / "log")
        self.killed: dict[int, float] = {}
        self.processes: list[subprocess.Popen[bytes]] = []
        self._command = [sys.executable, "-m", "tests.hub.jobs.labour", form, database_url, folder]
        self._command.append(folder / "log")

    def start(self) -> subprocess.Popen[bytes]:
        self.processes.append(subprocess.Popen(self._command, stderr=subprocess.DEVNULL))
        return self.processes[-1]

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        process.kill()
        process.wait()
        self.killed[process.pid] = time.time()

    def end(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()


@pytest.fixture(params=labour.WORKERS)
def workers(
    request: pytest.FixtureRequest, database_url: str, db: Database, tmp_path: Path
) -> Iterator[Workers]:
    if request.param == PROCRASTINATE:
        if db.dialect != "postgresql":
            pytest.skip("procrastinate is for PostgreSQL")
        courier.install(db)
    found = Workers(request.param, database_url, tmp_path)
    yield found
    found.end()


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "it takes too long"
        time.sleep(0.05)


def put(db: Database, task: str, **arguments: object) -> int:
    with db.write() as session:
        number = queue.enqueue(session, task, arguments)
    assert number is not None
    return number


def states(db: Database) -> dict[int, str]:
    with db.read() as session:
        return {row.id: row.state for row in session.scalars(sa.select(models.Job))}


def all_are(db: Database, state: str) -> bool:
    return set(states(db).values()) == {state}


def test_killed_workers_lose_no_job_and_run_none_twice(db: Database, workers: Workers) -> None:
    jobs = [put(db, "note", what=number, seconds=0.4) for number in range(16)]
    seed = random.Random(3)
    at_work = [workers.start(), workers.start()]
    for enough in (4, 8):
        until(lambda least=enough: workers.log.count("start") >= least)
        time.sleep(seed.random() / 3)
        workers.kill(at_work.pop(0))
        at_work.append(workers.start())
    until(lambda: all_are(db, "finished"))
    assert len(states(db)) == len(jobs)
    last: dict[str, int] = {}
    for at, process, word, about in sorted(workers.log.lines()):
        if word == "start":
            if about in last:
                assert workers.killed[last[about]] < at, f"job {about} runs in two workers"
            last[about] = process
    assert {about for _, _, word, about in workers.log.lines() if word == "end"} == set(last)
    assert len(last) == 16
    assert workers.log.count("start") > 16, "a death interrupted something"


def test_a_job_that_kills_is_parked_and_the_others_are_done(db: Database, workers: Workers) -> None:
    innocents = [put(db, "note", what=number, seconds=1.0) for number in range(3)]
    poison = put(db, "poison", what="poison")
    process = workers.start()
    end = time.monotonic() + PATIENCE
    while set(states(db).values()) != {"finished", "parked"}:
        assert time.monotonic() < end, states(db)
        if process.poll() is not None:
            process = workers.start()
        time.sleep(0.05)
    assert states(db) == {poison: "parked"} | dict.fromkeys(innocents, "finished")
    assert workers.log.count("poison") == queue.MAX_DEATHS
    with db.read() as session:
        assert "died or fell silent" in session.get_one(models.Job, poison).message


def test_a_stopped_worker_comes_back_as_a_zombie(db: Database, workers: Workers) -> None:
    number = put(db, "note", what="it", seconds=1.5, patient=False)
    first = workers.start()
    until(lambda: workers.log.count("start") == 1)
    first.send_signal(signal.SIGSTOP)
    second = workers.start()
    until(lambda: workers.log.count("start") == 2)
    first.send_signal(signal.SIGCONT)
    until(lambda: all_are(db, "finished") and workers.log.count("end") == 2)
    time.sleep(0.3)
    with db.read() as session:
        job = session.get_one(models.Job, number)
    assert (job.message, job.deaths) == (f"by {second.pid}", 1)
    assert job.owner.endswith(f":{second.pid}")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_source_goes_on_where_its_worker_ended(
    database_url: str, db: Database, tmp_path: Path, workers: Workers, number: signal.Signals
) -> None:
    with network(database_url, tmp_path, ["borken"]):
        pass
    job = put(db, "sync", site="borken", plugin="scripted")
    first = workers.start()
    until(lambda: workers.log.count("page") >= 20)
    first.send_signal(number)
    first.wait(20)
    pages = workers.log.count("page")
    assert pages < labour.PAGES
    if number == signal.SIGTERM:
        assert first.returncode == 0
        with db.read() as session:
            left = session.get_one(models.Job, job)
            assert (left.state, left.attempts, left.deaths) == ("queued", 0, 0)
    workers.start()
    until(lambda: all_are(db, "finished"))
    cursors = [about for _, _, word, about in workers.log.lines() if word == "asked"]
    assert cursors[0] == "anew"
    assert len(cursors) == 2
    assert int(cursors[1]) >= 5, "at most some pages are on their way"
    with db.read() as session:
        live = session.scalars(sa.select(models.Offer.source_id).filter_by(withdrawn_at=None))
        assert len(set(live)) == labour.PAGES * labour.PER_PAGE
        (run,) = session.scalars(sa.select(models.SyncRun))
        assert (run.state, run.resumed, run.added) == (
            "succeeded",
            1,
            labour.PAGES * labour.PER_PAGE,
        )
