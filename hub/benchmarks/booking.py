"""How many bookings a second several processes make, next to bare inserts of the same row.

Every process books at random among thousands of models. The limit is the same number of processes
that insert one booking row each and commit, without lock, check, key or event. Afterwards an
independent sweep over all holds looks for a moment at which more is taken than there is.
"""

from __future__ import annotations

import multiprocessing
import random
import statistics
import uuid
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.synchronize import Barrier
from time import perf_counter

import sqlalchemy as sa

from hub.booking import ledger, progress
from hub.booking.errors import Full
from hub.booking.intervals import Stretch
from hub.db import Database, insert
from hub.models import Bookable, Booking, Hold, Site
from hub.models.base import table

SITE = "bench"
CAPACITY = 8
NOW = datetime(2027, 1, 4, 8, tzinfo=UTC)
DAYS = 300
ASKED = 15
"""How often it is asked what is free."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Per second, and milliseconds for what is free of all models."""

    processes: int
    models: int
    bookings: int
    refused: int
    per_second: float
    limit_per_second: float
    ratio: float
    overbooked: int
    free_ms: float


def measure(
    database: Database,
    processes: int,
    models: int,
    seconds: float,
    tell: Callable[[str], object] = lambda _: None,
) -> Figures:
    """Fill an empty, migrated database and book in it."""
    tell("models")
    ids = _fill(database, models)
    url = database.url.render_as_string(hide_password=False)
    tell("bare inserts")
    limit = sum(count for count, _ in _together(_insert, url, ids, processes, seconds)) / seconds
    with database.write() as session:
        session.execute(sa.delete(Booking))
    tell("bookings")
    counts = _together(_book, url, ids, processes, seconds)
    made, refused = (sum(part) for part in zip(*counts, strict=True))
    tell("sweep")
    return Figures(
        processes=processes,
        models=models,
        bookings=made,
        refused=refused,
        per_second=made / seconds,
        limit_per_second=limit,
        ratio=made / seconds / limit,
        overbooked=_sweep(database),
        free_ms=_free(database, ids),
    )


def as_rows(figures: Figures) -> list[tuple[str, str]]:
    """For people."""
    return [
        ("processes", f"{figures.processes}"),
        ("models", f"{figures.models:,}"),
        ("bookings made", f"{figures.bookings:,} ({figures.refused:,} refused: not free)"),
        ("bookings per second", f"{figures.per_second:,.0f}"),
        ("bare inserts per second", f"{figures.limit_per_second:,.0f}"),
        ("ratio (aim: 0.25)", f"{figures.ratio:.2f}"),
        ("overbooked (aim: 0)", f"{figures.overbooked}"),
        ("what is free of all models (aim: 100 ms)", f"{figures.free_ms:.0f} ms"),
    ]


def _fill(database: Database, models: int) -> list[int]:
    with database.write() as session:
        session.add(
            Site(
                key=SITE, name="Bench", kind="centre", ags=[], association="LWL", region="",
                standort="", time_zone="Europe/Berlin", internal_hosts=[], contact={},
                branches=[], profile={}, position=0,
            )
        )  # fmt: skip
        session.flush()
        rows = [
            {
                "site_key": SITE,
                "plugin": "lending",
                "source_id": f"m{number}",
                "kind": "device",
                "title": f"Modell {number}",
                "capacity": 1 + number % CAPACITY,
                "buffer_before": 0,
                "buffer_after": 0,
                "version": 0,
                "details": {},
                "changed_at": NOW,
            }
            for number in range(models)
        ]
        insert(session.connection(), table(Bookable), rows)
        return list(session.scalars(sa.select(Bookable.id)))


Work = Callable[[Database, list[int], random.Random], bool]


def _together(
    work: Work, url: str, ids: list[int], processes: int, seconds: float
) -> list[tuple[int, int]]:
    """What each process has done and could not do in the time, all of them at once."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(processes)
    with context.Manager() as manager:
        results = manager.list()
        started = [
            context.Process(
                target=_run, args=(work, url, ids, seed, seconds, barrier, results), daemon=True
            )
            for seed in range(processes)
        ]
        for one in started:
            one.start()
        for one in started:
            one.join()
        if len(results) != processes:
            raise RuntimeError("a process of the benchmark ended before its time")
        return list(results)


def _run(
    work: Work,
    url: str,
    ids: list[int],
    seed: int,
    seconds: float,
    barrier: Barrier,
    results: list[tuple[int, int]],
) -> None:
    database, dice = Database(url), random.Random(seed)
    work(database, ids, dice)  # connects, and builds what is built once
    done = failed = 0
    barrier.wait(120)
    end = perf_counter() + seconds
    while perf_counter() < end:
        if work(database, ids, dice):
            done += 1
        else:
            failed += 1
    results.append((done, failed))
    database.close()


def _entry(ids: list[int], dice: random.Random) -> progress.Entry:
    start = NOW + timedelta(days=dice.randrange(DAYS))
    return progress.Entry(
        site=SITE,
        plugin="lending",
        bookable_id=dice.choice(ids),
        kind="device",
        title="Modell",
        time=Stretch(start, start + timedelta(days=dice.randint(1, 14), hours=8)),
    )


def _book(database: Database, ids: list[int], dice: random.Random) -> bool:
    entry, key = _entry(ids, dice), uuid.uuid4().hex
    try:
        with database.write(queued=True) as session:
            progress.enter(session, entry, key, "bench", NOW)
    except Full:
        return False
    return True


def _insert(database: Database, ids: list[int], dice: random.Random) -> bool:
    values = progress.values(_entry(ids, dice), NOW)
    with database.write(queued=True) as session:
        insert(session.connection(), table(Booking), [values])
    return True


def _sweep(database: Database) -> int:
    """How many models have a moment at which more is taken than there is."""
    with database.read() as session:
        capacity = dict(session.execute(sa.select(Bookable.id, Bookable.capacity)).all())
        rows = session.execute(
            sa.select(Hold.bookable_id, Hold.starts_at, Hold.until, Hold.quantity)
        )
        changes: defaultdict[int, list[tuple[datetime, int]]] = defaultdict(list)
        for one, start, until, quantity in rows:
            changes[one] += ((start, quantity), (until, -quantity))
    wrong = 0
    for one, steps in changes.items():
        taken = 0
        for _, change in sorted(steps):  # at one moment what ends goes first
            taken += change
            if taken > (capacity[one] or 0):
                wrong += 1
                break
    return wrong


def _free(database: Database, ids: list[int]) -> float:
    """The median of asking for all models at once."""
    taken = []
    for number in range(ASKED):
        start = NOW + timedelta(days=number * 7)
        with database.read() as session:
            began = perf_counter()
            ledger.free(session, ids, Stretch(start, start + timedelta(days=7)), NOW)
            taken.append(perf_counter() - began)
    return statistics.median(taken) * 1000
