"""The queue's contract, on both databases."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from hub import models
from hub.db import Database
from hub.jobs import queue
from hub.jobs.queue import Claim, Pulse, Watch
from hub.models.base import now


def put(db: Database, task: str = "note", **options: object) -> int | None:
    with db.write() as session:
        return queue.enqueue(session, task, **options)  # type: ignore[arg-type]


def take(db: Database, owner: str = "a:1", *, suspects: bool = False) -> Claim | None:
    with db.write() as session:
        return queue.claim(session, owner, suspects=suspects)


def must_take(db: Database, owner: str = "a:1", *, suspects: bool = False) -> Claim:
    claim = take(db, owner, suspects=suspects)
    assert claim is not None
    return claim


def job(db: Database, number: int | None) -> models.Job:
    with db.read() as session:
        return session.get_one(models.Job, number)


def die(db: Database) -> None:
    """As if every worker had died and its lease had run out."""
    with db.write() as session:
        queue.take_away(session, queue.running(session))


def test_a_job_exists_when_its_transaction_is_committed(db: Database) -> None:
    with db.write() as session:
        assert queue.enqueue(session, "note") is not None
        session.rollback()
    assert take(db) is None
    number = put(db, arguments={"what": "this"})
    claim = must_take(db)
    assert (claim.id, claim.task, claim.arguments) == (number, "note", {"what": "this"})
    assert take(db) is None


def test_of_one_key_one_job_is_open(db: Database) -> None:
    assert put(db, key="one") is not None
    assert put(db, key="one") is None
    claim = must_take(db)
    assert put(db, key="one") is None
    assert put(db, key="two") is not None
    with db.write() as session:
        queue.park(session, claim, "Look.")
    assert put(db, key="one") is None
    with db.write() as session:
        queue.retry(session, claim.id)
    claim = must_take(db)
    with db.write() as session:
        queue.finish(session, claim)
    assert put(db, key="one") is not None


def test_jobs_that_share_a_lane_take_turns(db: Database) -> None:
    first = put(db, lanes=["left", "middle"])
    second = put(db, lanes=["middle"])
    third = put(db, lanes=["right"])
    a = must_take(db)
    b = must_take(db)
    assert (a.id, b.id) == (first, third)
    assert take(db) is None
    with db.write() as session:
        queue.finish(session, a)
    assert must_take(db).id == second


def test_a_job_waits_for_its_time(db: Database) -> None:
    later = put(db, run_at=now() + timedelta(hours=1))
    due = put(db, run_at=now() - timedelta(hours=1))
    assert must_take(db).id == due
    assert take(db) is None
    assert job(db, later).state == "queued"


def test_many_that_claim_at_once_get_each_job_once(db: Database) -> None:
    numbers = {put(db, lanes=[f"lane {i % 10}"]) for i in range(30)}
    claims: list[Claim] = []
    together: dict[str, int] = {}
    most: dict[str, int] = {}
    guard = threading.Lock()
    ready = threading.Barrier(4)

    def work(name: str) -> None:
        ready.wait()
        while True:
            claim = take(db, name)
            if claim is None:
                with db.read() as session:
                    if not session.scalar(sa.select(models.Job.id).filter_by(state="queued")):
                        return
                continue
            lane = job(db, claim.id).lanes[0]
            with guard:
                claims.append(claim)
                together[lane] = together.get(lane, 0) + 1
                most[lane] = max(most.get(lane, 0), together[lane])
            time.sleep(0.005)
            with guard:
                together[lane] -= 1
            with db.write() as session:
                assert queue.finish(session, claim)

    threads = [threading.Thread(target=work, args=(f"w:{i}",)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(claims) == 30
    assert {claim.id for claim in claims} == numbers
    assert set(most.values()) == {1}


ENDS: list[Callable[[sa.orm.Session, Claim], bool]] = [
    lambda session, claim: queue.finish(session, claim, "by the zombie"),
    lambda session, claim: queue.fail(session, claim, "by the zombie"),
    lambda session, claim: queue.park(session, claim, "by the zombie"),
    lambda session, claim: queue.put_back(session, claim, "by the zombie"),
]


@pytest.mark.parametrize("end", ENDS)
def test_a_zombie_decides_nothing(
    db: Database, end: Callable[[sa.orm.Session, Claim], bool]
) -> None:
    put(db)
    zombie = must_take(db, "a:1")
    die(db)
    with db.write() as session:
        assert not end(session, zombie), "while it waits"
    heir = must_take(db, "b:2")
    assert heir.id == zombie.id
    with db.write() as session:
        assert queue.beat(session, [zombie, heir]) == {zombie}
        assert not end(session, zombie), "while another has it"
    with db.write() as session:
        assert queue.finish(session, heir, "by the heir")
    with db.write() as session:
        assert not end(session, zombie), "after the end"
    done = job(db, heir.id)
    assert (done.state, done.message, done.owner) == ("finished", "by the heir", "b:2")


def test_a_sign_of_life_saves_the_job(db: Database) -> None:
    put(db)
    claim = must_take(db)
    with db.read() as session:
        seen = queue.running(session)
    with db.write() as session:
        assert queue.beat(session, [claim]) == set()
    with db.write() as session:
        assert queue.take_away(session, seen) == []
    assert job(db, claim.id).state == "running"


def test_a_job_that_kills_its_workers_is_parked(db: Database) -> None:
    number = put(db, key="poison")
    for death in (1, 2):
        must_take(db, f"host:{death}", suspects=death > queue.SUSPECT)
        die(db)
        assert (job(db, number).state, job(db, number).deaths) == ("queued", death)
    assert take(db) is None, "it is a suspect now"
    must_take(db, "host:3", suspects=True)
    die(db)
    parked = job(db, number)
    assert parked.state == "parked"
    assert "host:3 died" in parked.message
    with db.read() as session:
        assert [found.id for found, _ in queue.problems(session) if found] == [number]
        assert [one.id for one in queue.listing(session, states=["parked"])] == [number]
    with db.write() as session:
        queue.retry(session, number or 0)
    assert must_take(db).deaths == 0
    with db.write() as session, pytest.raises(queue.JobError, match="is running"):
        queue.retry(session, number or 0)
    with db.write() as session, pytest.raises(queue.JobError, match="does not exist"):
        queue.retry(session, 4711)


def test_only_counted_attempts_count(db: Database) -> None:
    number = put(db)
    for counted, attempts in ((False, 0), (True, 1), (False, 1), (True, 2)):
        claim = must_take(db)
        with db.write() as session:
            assert queue.put_back(session, claim, "again", counted=counted)
        assert job(db, number).attempts == attempts


def test_a_message_may_quote_anything(db: Database) -> None:
    number = put(db)
    claim = must_take(db)
    with db.write() as session:
        assert queue.fail(session, claim, "a\0b\ud800" + "c" * 5000)
    message = job(db, number).message
    assert message.startswith("a\ufffdb?c")
    assert len(message) == queue.MAX_MESSAGE


def test_jobs_that_nobody_takes_are_a_problem(db: Database) -> None:
    number = put(db, run_at=now() - timedelta(minutes=30))
    with db.read() as session:
        assert queue.problems(session) == []
    with db.write() as session:
        session.get_one(models.Job, number).run_at = now() - timedelta(hours=2)
    with db.read() as session:
        ((found, text),) = queue.problems(session)
    assert found is None
    assert "hub worker" in text
    must_take(db)
    put(db, run_at=now() - timedelta(hours=2))
    with db.read() as session:
        assert queue.problems(session) == [], "somebody is at work"


def test_silence_is_measured_by_looking() -> None:
    watch = Watch(60)
    first, second = Pulse(1, 1, 0), Pulse(2, 1, 0)
    assert watch.silent([first, second], 1000.0) == []
    assert watch.silent([first, second], 1025.0) == []
    assert watch.silent([first, Pulse(2, 1, 1)], 1050.0) == []
    assert watch.silent([first, Pulse(2, 1, 1)], 1061.0) == [first]
    # A new worker starts with a new token: its silence begins anew.
    assert watch.silent([Pulse(1, 2, 0), Pulse(2, 1, 1)], 1080.0) == []


def test_who_was_stopped_itself_takes_nothing_away() -> None:
    watch = Watch(60)
    pulse = Pulse(1, 1, 7)
    for at in (0.0, 25.0, 50.0):
        assert watch.silent([pulse], at) == []
    assert watch.silent([pulse], 500.0) == []
    for at in (525.0, 550.0):
        assert watch.silent([pulse], at) == []
    assert watch.silent([pulse], 560.0) == [pulse]
