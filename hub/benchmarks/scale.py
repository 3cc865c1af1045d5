"""Whether the hub carries a network: 55 centres with 20,000 offers each, and what grows with them.

All sources are taken in by the real road (`hub sync`: plugin `oai_pmh`, works, index), once anew
and once unchanged; then the catalogue is searched with facets and given away page by page. Every
phase runs in a process of its own, so that its memory is its own. What a record costs is compared
between networks of 1, 55 and 500 centres that have equally many, in processor time.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from time import perf_counter, process_time

from hub import models
from hub.benchmarks.centres import numbers
from hub.benchmarks.common import alone, cpu_seconds, serving, settings
from hub.benchmarks.oai_pages import medium
from hub.catalogue import linking
from hub.catalogue.helper import Helper, tune_process
from hub.catalogue.search import Query, Sort, search
from hub.catalogue.sync import sync
from hub.db import Database
from hub.runtime import Hub

SIZES = {1: 8, 55: 1, 500: 1}
"""Networks that are compared, and how many of each: a small one alone is soon over."""
PARALLEL = 4
"""Sources at the same time, as `hub sync` has it."""
EDGE = 20
"""Pages at each end of the list that are compared."""
_REGIONS = ("Arnsberg", "Detmold", "Düsseldorf", "Köln", "Münster")

Fresh = Callable[[], AbstractContextManager[Database]]
"""Makes an empty, migrated database, and removes it afterwards."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Processor time per record in a network of so many centres, in microseconds."""

    sites: int
    fresh: float
    unchanged: float
    linking: float
    """Looking for the same works among those that no key joined."""


@dataclass(frozen=True, slots=True)
class Found:
    """What the process of a web server saw."""

    works: int
    p50: float
    p95: float
    p95_cpu: float
    first_search: float
    early: float
    late: float


@dataclass(frozen=True, slots=True)
class Figures:
    """Records per second, milliseconds, megabytes."""

    sites: int
    offers: int
    works: int
    fresh: float
    unchanged: float
    linking: float
    """Offers per second that were held against others, after the first run."""
    sync_memory_mb: float
    helper_memory_mb: float
    first_search_ms: float
    """Of a process that has loaded nothing yet."""
    search_p50_ms: float
    search_p95_ms: float
    search_p95_cpu_ms: float
    early_page_ms: float
    late_page_ms: float
    late_to_early: float
    web_memory_mb: float
    costs: list[Cost]


def measure(
    fresh: Fresh,
    sites: int,
    offers: int,
    compared: int,
    *,
    sizes: Mapping[int, int] = SIZES,
    say: Callable[[str], None] = lambda _: None,
) -> Figures:
    """Build a network of so many sites with `offers` each, and smaller ones with `compared`."""
    say("what a record costs in networks of " + ", ".join(f"{size} sites" for size in sizes))
    with serving("centres", centres=max(sizes), offers=compared) as address:
        costs = _compare(fresh, address, compared, sizes, say)
    total = sites * offers
    with fresh() as database:
        url = database.url.render_as_string(hide_password=False)
        with serving("centres", centres=sites, offers=offers) as address:
            _set_up(database, address, sites)
            say(f"fresh: {total:,} offers of {sites} sites")
            first = alone(_take_in, url, sites)
            say("linking: the same works without a common key")
            linked = alone(_link, url)
            say("unchanged: everything again")
            again = alone(_take_in, url, sites)
        if database.dialect == "postgresql":
            with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as c:
                c.exec_driver_sql("VACUUM ANALYZE")
        say("search, and pages of the provider")
        web = alone(_serve, url, offers)
    found: Found = web.result
    return Figures(
        sites=sites,
        offers=total,
        works=found.works,
        fresh=total / first.seconds,
        unchanged=total / again.seconds,
        linking=total / linked.seconds,
        sync_memory_mb=max(one.memory_mb for one in (first, linked, again)),
        helper_memory_mb=first.helper_memory_mb,
        first_search_ms=found.first_search,
        search_p50_ms=found.p50,
        search_p95_ms=found.p95,
        search_p95_cpu_ms=found.p95_cpu,
        early_page_ms=found.early,
        late_page_ms=found.late,
        late_to_early=found.late / found.early,
        web_memory_mb=web.memory_mb,
        costs=costs,
    )


def as_rows(figures: Figures) -> list[tuple[str, str]]:
    """The figures for people, with what they aim at."""
    rows = [
        ("offers", f"{figures.offers:,}"),
        ("sites", f"{figures.sites}"),
        ("works", f"{figures.works:,}"),
        ("fresh", f"{figures.fresh:,.0f}/s"),
        ("unchanged", f"{figures.unchanged:,.0f}/s"),
        ("looking for the same works", f"{figures.linking:,.0f}/s"),
        ("memory of a sync (aim: 250 MB)", f"{figures.sync_memory_mb:.0f} MB"),
        ("memory of its helper (aim: 250 MB)", f"{figures.helper_memory_mb:.0f} MB"),
        ("first search of a process", f"{figures.first_search_ms:.1f} ms"),
        ("search with facets, median", f"{figures.search_p50_ms:.1f} ms"),
        ("search with facets, 95 % (aim: 60)", f"{figures.search_p95_ms:.1f} ms"),
        ("the same in processor time", f"{figures.search_p95_cpu_ms:.1f} ms"),
        ("provider, early pages, median", f"{figures.early_page_ms:.1f} ms"),
        ("provider, late pages, median", f"{figures.late_page_ms:.1f} ms"),
        ("late to early (aim: 1)", f"{figures.late_to_early:.2f}"),
        ("memory of the web process (aim: 250 MB)", f"{figures.web_memory_mb:.0f} MB"),
    ]
    one = figures.costs[0]
    for cost in figures.costs:
        for name in ("fresh", "unchanged", "linking"):
            value, base = getattr(cost, name), getattr(one, name)
            shown = f"{value:,.0f} µs" + ("" if cost is one else f", {value / base:.2f} times")
            rows.append((f"{name}, a record of {cost.sites} sites (aim: 1.15 times)", shown))
    return rows


def _compare(
    fresh: Fresh, address: str, offers: int, sizes: Mapping[int, int], say: Callable[[str], None]
) -> list[Cost]:
    """What a record costs in each of these networks."""
    with fresh() as database:  # what a process does once is none of a record's costs
        _cost(database, address, 1, offers)
    costs = []
    for size, times in sizes.items():
        say(f"- {size} sites with {offers} offers each")
        measured = []
        for _ in range(times):
            with fresh() as database:
                measured.append(_cost(database, address, size, offers))
        costs.append(Cost(size, *map(statistics.median, zip(*measured, strict=True))))
    return costs


def _cost(database: Database, address: str, sites: int, offers: int) -> tuple[float, float, float]:
    """Microseconds per record of a first run, a second one and the linking."""
    url = database.url.render_as_string(hide_password=False)
    _set_up(database, address, sites)
    spent = []
    for work, arguments in ((_take_in, (url, sites)), (_take_in, (url, sites)), (_link, (url,))):
        before = cpu_seconds()
        work(*arguments)
        spent.append((cpu_seconds() - before) / (sites * offers) * 1e6)
    return spent[0], spent[1], spent[2]


def _set_up(database: Database, address: str, sites: int) -> None:
    with database.write() as session:
        for number in range(sites):
            key = f"s{number}"
            session.add(
                models.Site(
                    key=key, name=f"Medienzentrum {number}", kind="centre", ags=[],
                    association="LWL", region=_REGIONS[number % len(_REGIONS)], standort="",
                    time_zone="Europe/Berlin", internal_hosts=["127.0.0.1"], contact={},
                    branches=[], profile={}, position=number,
                )
            )  # fmt: skip
            session.flush()
            config = {"address": f"{address}/{number}", "prefix": "oai_dc"}
            session.add(
                models.Activation(site_key=key, plugin="oai_pmh", enabled=True, config=config)
            )


def _take_in(url: str, sites: int) -> None:
    """All sources, as `hub sync --full` does it."""
    tune_process()
    with (
        Hub.open(settings(url)) as hub,
        Helper() as helper,
        ThreadPoolExecutor(PARALLEL) as threads,
    ):

        def one(number: int) -> None:
            site = hub.sites.site(f"s{number}")
            report = sync(hub.db, site, "oai_pmh", full=True, helper=helper)
            if report.state != "succeeded" or report.rejected:
                raise RuntimeError(f"{site.key}: {report}")

        list(threads.map(one, range(sites)))


def _link(url: str) -> None:
    tune_process()
    with Hub.open(settings(url)) as hub:
        linking.run(hub.db)


def _serve(url: str, offers: int) -> Found:
    """Search and give away, as a process of the web server does."""
    from hub.app import create_app  # here, so that it takes no memory of the other phases
    from hub.benchmarks.oai import harvest

    with Hub.open(settings(url)) as hub:
        client = create_app(hub).test_client()
        queries = list(_queries(offers))
        started = perf_counter()
        with hub.db.read() as session:
            works = search(session, Query()).total
        first = perf_counter() - started
        times, used = [], []
        for query in queries:  # each once: what was just asked for is answered from memory
            started, busy = perf_counter(), process_time()
            with hub.db.read() as session:
                search(session, query)
            times.append((perf_counter() - started) * 1000)
            used.append((process_time() - busy) * 1000)
        harvest(client, "ListRecords", "oai_dc")  # documents are rendered once, and kept
        seconds = harvest(client, "ListRecords", "oai_dc").seconds
    pages = seconds[1:-1] or seconds  # the first counts the list, the last is not full
    edge = min(EDGE, max(1, len(pages) // 2))
    early, late = (statistics.median(part) * 1000 for part in (pages[:edge], pages[-edge:]))
    return Found(
        works=works,
        p50=statistics.median(times), p95=_p95(times), p95_cpu=_p95(used),
        first_search=first * 1000, early=early, late=late,
    )  # fmt: skip


def _queries(offers: int) -> Iterator[Query]:
    """Words of titles, frequent and rare, alone and together, with filters, pages and orders."""
    yield Query()
    yield Query(filters={"site": frozenset({"s0"})})
    for text in ("Film", "Wasser", "Klima", "Unterricht", "Medienpaket", "Schule", "Münsterland"):
        yield Query(text)
        yield Query(text, {"subject": frozenset({"080"})})
        yield Query(text, sort=Sort.NEWEST)
    for number in numbers(0, offers)[:60]:
        item = medium(number)
        topic, word, other, place = item.keywords
        yield Query(topic)
        yield Query(f"{word} {place}", {"site": frozenset({"s0"})})
        yield Query(f"{topic} {place}", sort=Sort.TITLE)
        yield Query(f'"{topic}" -{other}', page=3)
        yield Query(item.title)
        yield Query(item.signature)


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]
