"""A worker in a process of its own, to be killed: `python -m … FORM URL DIR LOG`.

What its tasks do stands in LOG, one line each: moment, process, word, job.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hub.jobs.courier import CarriedWorker
from hub.jobs.tasks import Context, take_in
from hub.jobs.worker import Worker
from hub.records import Change, Checkpoint, Upsert
from hub.settings import PROCRASTINATE, TABLE
from tests.sources import medium, network

LEASE = 1.5
PAGES, PER_PAGE = 40, 5


class Log:
    """Lines that several processes add to."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, word: str, about: object) -> None:
        with self._path.open("a") as file:
            file.write(f"{time.time()} {os.getpid()} {word} {about}\n")

    def lines(self) -> list[tuple[float, int, str, str]]:
        if not self._path.exists():
            return []
        rows = (line.split() for line in self._path.read_text().splitlines())
        return [(float(at), int(process), word, about) for at, process, word, about in rows]

    def count(self, word: str) -> int:
        return sum(line[2] == word for line in self.lines())


WORKERS = {TABLE: Worker, PROCRASTINATE: CarriedWorker}


def main(form: str, database_url: str, folder: str, path: str) -> None:
    log = Log(Path(path))

    def note(context: Context, arguments: Mapping[str, Any]) -> str:
        log.add("start", arguments["what"])
        end = time.monotonic() + arguments["seconds"]
        while time.monotonic() < end:
            time.sleep(0.02)
            if arguments.get("patient", True):
                context.check()
        log.add("end", arguments["what"])
        return f"by {os.getpid()}"

    def poison(_: Context, arguments: Mapping[str, Any]) -> str:
        log.add("poison", arguments["what"])
        time.sleep(0.3)
        os.kill(os.getpid(), signal.SIGKILL)
        return "never"

    def pages(cursor: str | None) -> Iterator[Change]:
        log.add("asked", cursor or "anew")
        for page in range(int(cursor or 0), PAGES):
            for number in range(PER_PAGE):
                yield Upsert(medium(f"id-{page}-{number}", f"Film {page} {number}"))
            yield Checkpoint(str(page + 1), complete=page + 1 == PAGES)
            log.add("page", page)
            time.sleep(0.05)

    with network(database_url, Path(folder), []) as net:
        for row in net.hub.sites.directory():
            net.play(row.key, pages)
        worker = WORKERS[form](
            net.hub,
            lease=LEASE,
            poll=0.05,
            tasks={"note": note, "poison": poison, "sync": take_in},
            schedules=lambda hub: [],
        )
        signal.signal(signal.SIGTERM, lambda *_: worker.stop())
        log.add("ready", "worker")
        worker.run(grace=10)


if __name__ == "__main__":
    main(*sys.argv[1:])
