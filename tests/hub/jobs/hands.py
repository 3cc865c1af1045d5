"""A worker in this process, and what it is given to do."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from hub import models
from hub.jobs import queue
from hub.jobs.courier import worker_for
from hub.jobs.worker import Worker
from tests.sources import Network

SITES = ["borken", "coesfeld", "herne", "unna"]
PATIENCE = 60.0


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


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "it takes too long"
        time.sleep(0.02)


@contextmanager
def at_work(net: Network, **options: Any) -> Iterator[Worker]:
    """A worker that works in a thread until the end."""
    one = worker(net, **options)
    thread = threading.Thread(target=one.run)
    thread.start()
    try:
        yield one
    finally:
        one.stop()
        thread.join(PATIENCE)
    assert not thread.is_alive()
