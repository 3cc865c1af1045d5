"""kill -9 in the middle of each kind of job: the next worker ends it, and nothing comes twice.

Sources are in `test_worker_killed`, what is told of bookings in `tests.hub.booking`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
import time_machine

from hub import models
from hub.booking import reminders
from hub.booking.intervals import Stretch
from hub.jobs import queue
from hub.jobs.courier import worker_for
from hub.jobs.worker import Worker
from hub.mail import outbox, sending
from hub.models.base import now
from hub.runtime import Hub
from hub.settings import PROCRASTINATE, TABLE, Settings
from tests.hub.booking.circulation import Centre
from tests.hub.jobs.mortal import BATCH
from tests.servers import smtp
from tests.servers.smtp import Post


@pytest.fixture
def post() -> Iterator[Post]:
    with smtp.served() as post:
        yield post


@pytest.fixture(params=[TABLE, PROCRASTINATE])
def hub(request: pytest.FixtureRequest, make_hub: Callable[..., Hub], post: Post) -> Hub:
    found = make_hub()
    if request.param == PROCRASTINATE and found.db.dialect == "sqlite":
        pytest.skip("procrastinate is for PostgreSQL")
    found.settings = replace(
        found.settings,
        jobs=request.param,
        mail_url=f"smtp://127.0.0.1:{post.port}",
        mail_from="hub@nrw.example",
    )
    return found


def put(hub: Hub, task: str) -> int:
    with hub.db.write() as session:
        number = queue.enqueue(session, task, key=task)
    assert number is not None
    return number


def kill(hub: Hub, *, after: int, moment: datetime) -> None:
    """Let a worker begin what is due and die right after this transaction of its job."""
    settings: Settings = hub.settings
    environment = {
        "HUB_DATABASE_URL": settings.database_url,
        "HUB_SECRET_KEY": settings.secret_key,
        "HUB_VAR": str(settings.var),
        "HUB_CONFIG": str(settings.config),
        "HUB_JOBS": settings.jobs,
        "HUB_MAIL_URL": settings.mail_url,
        "HUB_MAIL_FROM": settings.mail_from,
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.hub.jobs.mortal", str(after), moment.isoformat()],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()


def heir(hub: Hub) -> Worker:
    """A worker that comes when the lease of the dead one is over."""
    with hub.db.write() as session:
        (job,) = queue.take_away(session, queue.running(session))
        assert (job.state, job.deaths) == ("queued", 1)
    return worker_for(hub)(hub, poll=0.05, schedules=lambda hub: [])


def state(hub: Hub, number: int) -> str:
    with hub.db.read() as session:
        return session.get_one(models.Job, number).state


@pytest.mark.parametrize("after", [1, 2, 3], ids=["taken", "sent", "another taken"])
def test_mails_are_all_sent_and_none_twice(hub: Hub, post: Post, after: int) -> None:
    names = {f"ada{number}@schule.example" for number in range(3)}
    with hub.db.write() as session:
        for name in sorted(names):
            outbox.queue_mail(
                session, key=name, recipient=name, subject="Ihre Buchung", body="Guten Tag"
            )
        (number,) = session.scalars(sa.select(models.Job.id))
    begun = now()
    kill(hub, after=after, moment=begun)
    assert len(post.recipients) == after // 2
    heir(hub).run(once=True)
    assert state(hub, number) == "finished"
    assert len(post.recipients) == 3 - after % 2, "what was in its hands waits for a while"
    with time_machine.travel(begun + sending.HELD + timedelta(minutes=1)):
        if after % 2:
            put(hub, outbox.TASK)
        worker_for(hub)(hub, poll=0.05, schedules=lambda hub: []).run(once=True)
    assert Counter(post.recipients) == dict.fromkeys(names, 1)


def test_what_is_old_is_erased_and_nothing_else(hub: Hub) -> None:
    old = datetime(2020, 1, 1, tzinfo=UTC)
    with hub.db.write() as session:
        for at in [old] * 5 + [now()] * 2:
            claimed = queue.enqueue(session, "note", run_at=now())
            job = session.get_one(models.Job, claimed)
            job.state, job.finished_at = "finished", at
    number = put(hub, "cleanup")

    def notes() -> Counter[bool]:
        with hub.db.read() as session:
            ended = session.scalars(sa.select(models.Job.finished_at).filter_by(task="note"))
            return Counter(at is not None and at > old for at in ended)

    # Runs, rejects, slots and reports come first.
    kill(hub, after=6, moment=now())
    assert notes() == {True: 2, False: 5 - 2 * BATCH}
    heir(hub).run(once=True)
    assert state(hub, number) == "finished"
    assert notes() == {True: 2}


def test_each_borrower_is_reminded_once(hub: Hub, post: Post) -> None:
    centre = Centre(hub, post)
    start = datetime(2027, 3, 1, 7, tzinfo=UTC)
    loans = []
    for number in range(3):
        time = Stretch(start, start + timedelta(days=9))
        loans.append(centre.book(time, start - timedelta(days=3)))
        centre.hand_out(loans[-1], f"B-{number}", start)
    with hub.db.write() as session:
        session.execute(sa.update(models.BookingEvent).values(announced_at=start))

    def reminded() -> Counter[int]:
        with hub.db.read() as session:
            events = sa.select(models.BookingEvent.booking_id).where(
                models.BookingEvent.event == "reminded:0"
            )
            return Counter(session.scalars(events))

    with time_machine.travel(start + timedelta(days=8, hours=3)):
        number = put(hub, reminders.TASK)
        kill(hub, after=1, moment=now())
        assert reminded() == {loans[0]: 1}
        heir(hub).run(once=True)
        assert state(hub, number) == "finished"
        assert reminded() == dict.fromkeys(loans, 1)
        subjects = [mail["Subject"] for mail in centre.told()]
    assert subjects == ["Bitte zurückbringen: Laptop"] * 3
