"""How fast the search is, next to a bare full-text query on the same tokens in the same run.

The bare query is what one would write first: match, count, the first 20 rows, and one GROUP BY
over a plain table of (work, facet, value). It ranks nothing.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from time import perf_counter

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.catalogue import compounds, index, query_text
from hub.catalogue.analysis import analyse
from hub.catalogue.search import FIELDS, Query, Sort, search
from hub.db import Database
from hub.models import Offer, Site, Work
from hub.models.base import table
from hub.records import AccessMode, Identifier, Kind, MediumType, Record

BATCH = 500
ROUNDS = 3
_REGIONS = ("Arnsberg", "Detmold", "Düsseldorf", "Köln", "Münster")
_SUBJECTS = (
    "020 060 080 0800101 100 120 20001 20002 20005 220 240 24001 260 28010 320 380 400 420 460 "
    "480 520 600 620 640 700 720"
).split()
_LEVELS = ("grundschule", "sekundarstufe_1", "sekundarstufe_2", "berufliche_bildung")
_COMPETENCES = [f"{area}.{number}" for area in range(1, 7) for number in range(1, 5)]


@dataclass(frozen=True, slots=True)
class Figures:
    """Milliseconds per query over the whole mix, and how ours compares."""

    works: int
    build_seconds: float
    first_search_ms: float
    """Of a process that has loaded nothing yet."""
    p50: float
    p95: float
    bare_p50: float
    bare_p95: float
    bare_with_facets_p50: float
    bare_with_facets_p95: float
    ratio_p95: float
    """Ours, which always has its facets, to the bare query with its facets."""
    ratio_p95_without_facets: float
    """Ours, with its facets, to the bare query without any."""


def measure(
    database: Database, works: int, progress: Callable[[int], object] = lambda _: None
) -> Figures:
    """Fill an empty, migrated database and run the mix of queries on it."""
    started = perf_counter()
    words = _Words(random.Random(1))
    with database.write() as session:
        _build_sites(session.connection())
    for start in range(1, works + 1, BATCH):
        numbers = range(start, min(start + BATCH, works + 1))
        with database.write() as session:
            _build(session.connection(), numbers, words)
        progress(len(numbers))
    with database.write() as session:
        session.execute(_facet_index)
    if database.dialect == "postgresql":
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as c:
            c.exec_driver_sql("VACUUM ANALYZE")
    built = perf_counter() - started

    queries = list(_queries(words))
    with database.read() as session:
        begin = perf_counter()
        search(session, Query("Wasser"))
        first = perf_counter() - begin
    ours, bare, faceted = [], [], []
    for number in range(ROUNDS):
        for query in queries:
            with database.read() as session:
                ours.append(_milliseconds(search, session, query))
                bare.append(_milliseconds(_bare, session.connection(), query))
                if number == 0:  # it takes by far the longest
                    facets = _milliseconds(_bare_facets, session.connection(), query)
                    faceted.append(bare[-1] + facets)
    return Figures(
        works=works,
        build_seconds=round(built, 1),
        first_search_ms=round(first * 1000, 1),
        p50=_quantile(ours, 50), p95=_quantile(ours, 95),
        bare_p50=_quantile(bare, 50), bare_p95=_quantile(bare, 95),
        bare_with_facets_p50=_quantile(faceted, 50),
        bare_with_facets_p95=_quantile(faceted, 95),
        ratio_p95=round(_quantile(ours, 95) / _quantile(faceted, 95), 2),
        ratio_p95_without_facets=round(_quantile(ours, 95) / _quantile(bare, 95), 2),
    )  # fmt: skip


def as_rows(figures: Figures) -> list[tuple[str, object]]:
    """For a table: name and value of each figure."""
    return [(name.replace("_", " "), value) for name, value in asdict(figures).items()]


class _Words:
    """Words of German compounds with frequencies that fall as they do in texts (Zipf)."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        parts = compounds.parts().modifiers
        singles = [base.capitalize() for _, base in parts.values() if len(base) > 3]
        chance.shuffle(singles)
        self.singles = ["Wasser", "Tier", "Medien", "Klasse", *dict.fromkeys(singles)]
        self.modifiers = self.singles[:60]
        self.weights = list(accumulate(1 / (rank + 50) for rank in range(len(self.singles))))

    def words(self, count: int) -> list[str]:
        return [
            word
            if self.chance.random() < 0.85
            else self.chance.choice(self.modifiers) + word.lower()
            for word in self.chance.choices(self.singles, cum_weights=self.weights, k=count)
        ]

    def text(self, count: int) -> str:
        return " ".join(
            word if self.chance.random() < 0.7 else f"und {word.lower()}"
            for word in self.words(count)
        )


def _record(number: int, words: _Words) -> Record:
    chance = words.chance
    return Record(
        source_id=str(number),
        kind=Kind.MEDIUM if chance.random() < 0.85 else chance.choice(list(Kind)),
        title=words.text(chance.randint(2, 7)),
        description=words.text(chance.randint(20, 60)),
        keywords=tuple(words.words(5)),
        identifiers=(Identifier("medium", f"FWU-{5_500_000 + number}"),),
        medium_type=chance.choice(list(MediumType)),
        subjects=tuple(chance.sample(_SUBJECTS, 2)),
        levels=tuple(chance.sample(_LEVELS, 2)),
        competences=tuple(chance.sample(_COMPETENCES, chance.choice((0, 0, 1)))),
        access=chance.choice(list(AccessMode)),
    )


def _build_sites(connection: Connection) -> None:
    connection.execute(
        sa.insert(table(Site)),
        [
            {"key": f"site{n}", "name": f"Medienzentrum {n}", "kind": "centre", "ags": [],
             "association": "LWL", "region": _REGIONS[n % 5], "standort": "", "position": n,
             "time_zone": "Europe/Berlin", "contact": {}, "branches": [], "profile": {}}
            for n in range(55)
        ],
    )  # fmt: skip
    connection.execute(
        sa.text("CREATE TABLE bench_facet (work_id INTEGER, facet TEXT, value TEXT)")
    )


def _build(connection: Connection, numbers: range, words: _Words) -> None:
    moment = datetime(2024, 1, 1, tzinfo=UTC)
    works, offers, rows, facets = [], [], [], []
    for number in numbers:
        record = _record(number, words)
        holders = words.chance.sample(range(55), words.chance.choice((1, 1, 1, 3, 10)))
        found = set(index.record_facets(record))
        for n in holders:
            found.update(index.holding_facets(f"site{n}", _REGIONS[n % 5], record.access))
        changed = moment + timedelta(minutes=number)
        works.append({"id": number, "kind": record.kind.value})
        offers.append(
            {"id": number, "site_key": f"site{holders[0]}", "plugin": "bench",
             "source_id": record.source_id, "kind": record.kind.value, "title": record.title,
             "record": "{}", "content_hash": "", "match_keys": "", "work_id": number,
             "created_at": changed, "changed_at": changed}
        )  # fmt: skip
        rows.append(
            index.IndexRow(
                number, number, record.title, changed, tuple(sorted(found)), analyse(record)
            )
        )
        facets += [{"work": number, "facet": facet, "value": value} for facet, value in found]
    connection.execute(sa.insert(table(Work)), works)
    connection.execute(sa.insert(table(Offer)), offers)
    index.put(connection, rows)
    connection.execute(_insert_facets, facets)


def _queries(words: _Words) -> Iterator[Query]:
    """Frequent, middling and rare words, alone and together, compounds, filters, pages, orders."""
    singles = words.singles
    for rank in (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000):
        yield Query(singles[rank])
        yield Query(f"{singles[rank]} {singles[rank // 2 + 1]}")
        yield Query(f"{singles[rank % 100]}{singles[rank % 90 + 3].lower()}")
        yield Query(singles[rank], {"kind": frozenset({"medium"}), "site": frozenset({"site1"})})
        yield Query(singles[rank], page=5)
        yield Query(singles[rank], sort=Sort.NEWEST)
        yield Query(f"{singles[rank]} {singles[3]} -{singles[7]}", sort=Sort.TITLE)
        yield Query(f"FWU-{5_500_000 + rank + 1}")


def _milliseconds(work: Callable[..., object], *arguments: object) -> float:
    begin = perf_counter()
    work(*arguments)
    return (perf_counter() - begin) * 1000


def _quantile(values: list[float], percent: int) -> float:
    return round(statistics.quantiles(values, n=100)[percent - 1], 2)


def _match(connection: Connection, query: Query) -> str:
    """The query for the database's own full-text syntax."""
    either, both, negated = (" OR ", " AND ", " NOT ") if connection.dialect.name == "sqlite" else (
        " | ", " & ", " & !")  # fmt: skip
    terms = query_text.parse(query.text)
    each = [
        both.join("(" + either.join(f + stem for f in FIELDS) + ")" for stem in term.stems)
        for term in terms if not term.excluded
    ]  # fmt: skip
    matched = both.join(each)
    for term in terms:
        if term.excluded:
            unwanted = either.join(f + stem for stem in term.stems for f in FIELDS)
            matched = f"({matched}){negated}({unwanted})"
    return matched


def _bare(connection: Connection, query: Query) -> None:
    parameters = {"match": _match(connection, query)}
    found = _FOUND[connection.dialect.name]
    connection.scalar(sa.text(f"SELECT count(*) FROM ({found}) AS found"), parameters)
    connection.execute(
        sa.text(f"{found} LIMIT 20 OFFSET {(query.page - 1) * 20}"), parameters
    ).all()


def _bare_facets(connection: Connection, query: Query) -> None:
    found = _FOUND[connection.dialect.name]
    connection.execute(
        sa.text(
            f"SELECT facet, value, count(*) FROM bench_facet WHERE work_id IN ({found})"
            " GROUP BY facet, value"
        ),
        {"match": _match(connection, query)},
    ).all()


_FOUND = {
    "sqlite": "SELECT rowid FROM search_fts WHERE search_fts MATCH :match",
    "postgresql": "SELECT work_id FROM search_doc WHERE vector @@ CAST(:match AS tsquery)",
}
_insert_facets = sa.text(
    "INSERT INTO bench_facet (work_id, facet, value) VALUES (:work, :facet, :value)"
)
_facet_index = sa.text("CREATE INDEX ix_bench_facet ON bench_facet (work_id, facet, value)")
