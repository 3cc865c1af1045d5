"""A worker with the hub's own tasks that kills itself in the middle of a job.

`python -m … COMMITS MOMENT` does what is due at this moment, and ends with kill -9 right after the
job's transaction number COMMITS. The settings are those of the environment.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import time_machine
from sqlalchemy.orm import Session

from hub.db import Database
from hub.jobs import tasks
from hub.jobs.courier import worker_for
from hub.runtime import Hub
from hub.settings import load

BATCH = 2
"""Rows that are erased in one transaction."""


class Mortal(Database):
    """Counts the transactions of the jobs."""

    left: int

    @contextmanager
    def write(self, **options: Any) -> Iterator[Session]:
        with super().write(**options) as session:
            yield session
        if threading.current_thread().name.startswith("job "):
            self.left -= 1
            if not self.left:
                os.kill(os.getpid(), signal.SIGKILL)


def main(commits: str, moment: str) -> None:
    tasks.BATCH = BATCH
    Mortal.left = int(commits)
    with Hub.open(load(os.environ), []) as hub:
        hub.db = Mortal(hub.settings.database_url)
        with time_machine.travel(datetime.fromisoformat(moment)):
            worker_for(hub)(hub, poll=0.05, schedules=lambda hub: []).run(once=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
