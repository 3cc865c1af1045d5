"""How fast the network's pages are with a million offers, and whether their figures are right.

Offers are written straight into the database, their figures by the sync's own way: the difference
of each batch, in its transaction. Then the pages are asked for through the web application, next
to what a page would pay that counted the offers itself, and all figures are counted once more.
"""

from __future__ import annotations

import random
import statistics
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.engine import Connection

from hub.app import create_app
from hub.benchmarks.common import settings
from hub.catalogue import figures, index, normalise, vocabulary
from hub.db import Database, insert
from hub.models import Activation, Offer, OfferFigure, Site, SyncRun, Work
from hub.models.base import now, table
from hub.network.tiles import read_tiles
from hub.records import AccessMode, Kind, MediumType, Record
from hub.runtime import Hub

SITES = 55
BATCH = 20_000
ROUNDS = 20
RUNS = 100
"""Of each source, so that its history is as long as after some months."""
HOLDERS = 20
"""Sites that offer the same work: much of the stock is the same everywhere."""
KINDS = 2_000
"""Different records; the rest repeats their texts."""
AIM_MS = 150
_PLUGIN = "bench"
_PAGES = {
    "network": "/netz",
    "matrix": "/netz/matrix",
    "matrix_subjects": "/netz/matrix?nach=subject",
}
_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Figures:
    """Milliseconds of a page, median and the slowest; what a count per view would cost."""

    offers: int
    sites: int
    build_seconds: float
    network_ms: float
    network_slowest_ms: float
    matrix_ms: float
    matrix_slowest_ms: float
    matrix_subjects_ms: float
    matrix_subjects_slowest_ms: float
    scan_ms: float
    """One count of the offers by site and kind, without any facet."""
    scan_to_network: float
    figures: int
    """How many aggregates there are."""
    recount_seconds: float
    equal: bool
    """Whether every aggregate equals the recount of all offers."""


def measure(
    database: Database, offers: int, progress: Callable[[int], object] = lambda _: None
) -> Figures:
    """Fill an empty, migrated database, ask for the pages and count anew."""
    started = perf_counter()
    chance = random.Random(1)
    stock = [_described(record) for record in _records(chance)]
    with database.write() as session:
        _build_sites(session.connection())
        works = [{"id": n, "kind": Kind.MEDIUM.value} for n in range(1, offers // HOLDERS + 2)]
        insert(session.connection(), table(Work), works)
    for start in range(0, offers, BATCH):
        numbers = range(start, min(start + BATCH, offers))
        with database.write() as session:
            _fill(session.connection(), numbers, stock)
        progress(len(numbers))
    if database.dialect == "postgresql":
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as c:
            c.exec_driver_sql("VACUUM ANALYZE")
    built = perf_counter() - started
    with Hub.open(settings(database.url.render_as_string(hide_password=False))) as hub:
        client = create_app(hub).test_client()
        times = {name: _times(client, address) for name, address in _PAGES.items()}
    with database.read() as session:
        scan = _milliseconds(lambda: session.execute(_scan).all())
        begun = perf_counter()
        counted = figures.recount(session.connection())
        recount = perf_counter() - begun
        row = OfferFigure
        kept = {
            (site, kind, facet, value): number
            for site, kind, facet, value, number in session.execute(
                sa.select(row.site_key, row.kind, row.facet, row.value, row.number)
            )
        }
    network = statistics.median(times["network"])
    return Figures(
        offers=offers,
        sites=SITES,
        build_seconds=round(built, 1),
        network_ms=round(network, 1),
        network_slowest_ms=round(max(times["network"]), 1),
        matrix_ms=round(statistics.median(times["matrix"]), 1),
        matrix_slowest_ms=round(max(times["matrix"]), 1),
        matrix_subjects_ms=round(statistics.median(times["matrix_subjects"]), 1),
        matrix_subjects_slowest_ms=round(max(times["matrix_subjects"]), 1),
        scan_ms=round(scan, 1),
        scan_to_network=round(scan / network, 1),
        figures=len(kept),
        recount_seconds=round(recount, 1),
        equal=kept == dict(counted),
    )


def as_rows(found: Figures) -> list[tuple[str, object]]:
    """For a table: name and value of each figure, with what the pages aim at."""
    aims = {"network_ms", "matrix_ms", "matrix_subjects_ms"}
    return [
        (name.replace("_", " ") + (f" (aim: {AIM_MS})" if name in aims else ""), value)
        for name, value in asdict(found).items()
    ]


def _times(client: FlaskClient, address: str) -> list[float]:
    """Milliseconds of each view; the first one, in which templates are read, does not count."""
    found = []
    for _ in range(ROUNDS + 1):
        begun = perf_counter()
        answer = client.get(address)
        found.append((perf_counter() - begun) * 1000)
        if answer.status_code != 200:
            raise RuntimeError(f"{address}: {answer.status}")
    return found[1:]


def _milliseconds(call: Callable[[], object]) -> float:
    begun = perf_counter()
    call()
    return (perf_counter() - begun) * 1000


def _build_sites(connection: Connection) -> None:
    """A site for each hexagon of the map and two more, each with a source and its runs."""
    tiles = read_tiles(Path())
    names = [(tile.short, [tile.ags]) for tile in tiles][: SITES - 2]
    names += [("Rheinland", []), ("Westfalen", [])]
    sites: list[dict[str, Any]] = [
        {
            "key": f"s{number}", "name": f"Medienzentrum {name}",
            "kind": "centre" if ags else "state", "ags": ags, "association": "LWL",
            "region": "Münster", "standort": f"S{number}", "time_zone": "Europe/Berlin",
            "internal_hosts": [], "contact": {}, "branches": [], "profile": {}, "position": number,
        }
        for number, (name, ags) in enumerate(names)
    ]  # fmt: skip
    insert(connection, table(Site), sites)
    sources = [
        {
            "site_key": site["key"], "plugin": _PLUGIN, "enabled": True, "config": {},
            "version": 1, "updated_at": _BEGIN,
        }
        for site in sites
    ]  # fmt: skip
    insert(connection, table(Activation), sources)
    last = now() - timedelta(hours=1)
    runs = []
    for age in range(RUNS, 0, -1):
        at = last - timedelta(days=age - 1)
        runs += [
            {
                "site_key": site["key"], "plugin": _PLUGIN, "state": "succeeded", "owner": "",
                "started_at": at, "heartbeat_at": at, "finished_at": at, "error": "",
                "added": 0, "changed": 0, "unchanged": 0, "withdrawn": 0, "rejected": 0,
                "resumed": 0,
            }
            for site in sites
        ]  # fmt: skip
    insert(connection, table(SyncRun), runs)


@dataclass(frozen=True, slots=True)
class _Described:
    """A record as it is stored, and the facets to which it counts."""

    kind: str
    title: str
    text: str
    digest: str
    facets: tuple[tuple[str, str], ...]
    access: str


def _described(record: Record) -> _Described:
    text = normalise.dump(record)
    return _Described(
        record.kind.value,
        record.title,
        text,
        normalise.digest(text),
        tuple(index.record_facets(record)),
        record.access.value,
    )


def _records(chance: random.Random) -> Iterator[Record]:
    """Records of all kinds, mostly media, with facets as sources give them."""
    subjects = sorted(vocabulary.subject_facet())
    levels = vocabulary.codes("level")
    competences = vocabulary.codes("competence")
    for number in range(KINDS):
        kind = Kind.MEDIUM if number % 10 else chance.choice(list(Kind))
        medium = kind is Kind.MEDIUM
        yield Record(
            source_id=f"r{number}",
            kind=kind,
            title=f"Angebot {number}",
            description="Was man darüber wissen sollte. " * 4,
            medium_type=chance.choice(list(MediumType)) if medium else None,
            subjects=tuple(chance.sample(subjects, 2)) if medium else (),
            levels=tuple(chance.sample(levels, 2)),
            competences=tuple(chance.sample(competences, 1)),
            access=chance.choice(list(AccessMode)),
        )


def _fill(connection: Connection, numbers: range, stock: list[_Described]) -> None:
    """Offers of all sites, a fiftieth of them withdrawn, with the difference of their figures."""
    rows, difference = [], Counter[figures.Figure]()
    for number in numbers:
        what = stock[(number * 7919) % len(stock)]
        site, gone = f"s{number % SITES}", number % 50 == 49
        rows.append(
            {
                "id": number + 1, "site_key": site, "plugin": _PLUGIN,
                "source_id": str(number), "kind": what.kind, "title": what.title,
                "record": what.text, "content_hash": what.digest, "match_keys": "",
                "work_id": number // HOLDERS + 1, "created_at": _BEGIN, "changed_at": _BEGIN,
                "withdrawn_at": _BEGIN if gone else None,
            }
        )  # fmt: skip
        if not gone:
            difference.update(figures.of(site, what.kind, what.facets, what.access))
    insert(connection, table(Offer), rows)
    figures.change(connection, difference)


_scan = (
    sa.select(Offer.site_key, Offer.kind, sa.func.count())
    .where(Offer.withdrawn_at.is_(None))
    .group_by(Offer.site_key, Offer.kind)
)
