"""How fast OAI-PMH gives the catalogue away, and whether the last page costs like the first.

Offers are written straight into the database; what is measured is the road of a harvester through
the web application, in this process: the first harvest, in which every document is rendered and
kept, a second one of what is kept, and the same compressed.
"""

from __future__ import annotations

import gzip
import re
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import perf_counter

from flask.testing import FlaskClient
from sqlalchemy.engine import Connection

from hub.app import create_app
from hub.benchmarks import oai_pages
from hub.benchmarks.common import settings
from hub.catalogue import normalise
from hub.catalogue.oai.answers import PAGE
from hub.db import Database, insert
from hub.models import Offer, Site, Work
from hub.models.base import table
from hub.records import Identifier, Kind, MediumType, Record
from hub.runtime import Hub

SITES = 55
BATCH = 5_000
EDGE = 20
"""Pages at each end of the list that are compared."""
_TOKEN = re.compile(rb"<resumptionToken[^>]*>([^<]+)<")
_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Figures:
    """Records per second, and milliseconds per page."""

    records: int
    first: float
    """Documents are rendered on the way."""
    kept: float
    compressed: float
    one_set: float
    """The same of one site only."""
    identifiers: float
    first_page_ms: float
    """The very first page, which also counts the list."""
    early_ms: float
    late_ms: float
    late_to_early: float
    page_bytes: float


def measure(
    database: Database,
    records: int,
    prefix: str,
    progress: Callable[[int], object] = lambda _: None,
) -> Figures:
    """Fill an empty, migrated database and harvest it."""
    with database.write() as session:
        insert(session.connection(), table(Site), [_site(number) for number in range(SITES)])
    for start in range(1, records + 1, BATCH):
        numbers = range(start, min(start + BATCH, records + 1))
        with database.write() as session:
            _fill(session.connection(), numbers)
        progress(len(numbers))
    if database.dialect == "postgresql":
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as c:
            c.exec_driver_sql("VACUUM ANALYZE")
    with Hub.open(settings(database.url.render_as_string(hide_password=False))) as hub:
        client = create_app(hub).test_client()
        first = harvest(client, "ListRecords", prefix)
        kept = harvest(client, "ListRecords", prefix)
        compressed = harvest(client, "ListRecords", prefix, encoding="gzip")
        one_set = harvest(client, "ListRecords", prefix, set_spec="site:s7")
        identifiers = harvest(client, "ListIdentifiers", prefix)
    pages = kept.seconds[1:-1]
    early, late = (statistics.median(part) for part in (pages[:EDGE], pages[-EDGE:]))
    return Figures(
        records=records,
        first=first.rate,
        kept=kept.rate,
        compressed=compressed.rate,
        one_set=one_set.rate,
        identifiers=identifiers.rate,
        first_page_ms=kept.seconds[0] * 1000,
        early_ms=early * 1000,
        late_ms=late * 1000,
        late_to_early=late / early,
        page_bytes=kept.bytes / len(kept.seconds),
    )


@dataclass(frozen=True, slots=True)
class Harvest:
    records: int
    bytes: int
    seconds: list[float]
    """Of each page."""

    @property
    def rate(self) -> float:
        return self.records / sum(self.seconds)


def harvest(
    client: FlaskClient, verb: str, prefix: str, *, encoding: str = "", set_spec: str = ""
) -> Harvest:
    """Go through a whole list; only the provider's time counts, not that of reading answers."""
    query = {"verb": verb, "metadataPrefix": prefix} | ({"set": set_spec} if set_spec else {})
    seconds: list[float] = []
    records = size = 0
    while query:
        started = perf_counter()
        answer = client.get("/oai", query_string=query, headers={"Accept-Encoding": encoding})
        seconds.append(perf_counter() - started)
        size += len(answer.data)
        body = gzip.decompress(answer.data) if encoding else answer.data
        found = body.count(b"<header")
        if not found:
            raise RuntimeError(f"no records: {body[:1000].decode()}")
        records += found
        token = _TOKEN.search(body)
        query = {"verb": verb, "resumptionToken": token[1].decode()} if token else {}
    return Harvest(records, size, seconds)


def _site(number: int) -> dict[str, object]:
    return {
        "key": f"s{number}",
        "name": f"Medienzentrum {number}",
        "kind": "centre",
        "ags": [],
        "association": "LWL",
        "region": "Münster",
        "standort": f"S{number}",
        "time_zone": "Europe/Berlin",
        "internal_hosts": [],
        "contact": {},
        "branches": [],
        "profile": {},
        "position": number,
    }


def _fill(connection: Connection, numbers: range) -> None:
    """Media as a source describes them, each a work of its own, half a second between pages."""
    insert(connection, table(Work), [{"id": n, "kind": Kind.MEDIUM.value} for n in numbers])
    rows = []
    for number in numbers:
        record = _record(oai_pages.medium(number))
        text = normalise.dump(record)
        moment = _BEGIN + timedelta(seconds=number // PAGE / 2)
        rows.append(
            {
                "id": number,
                "site_key": f"s{number % SITES}",
                "plugin": "bench",
                "source_id": record.source_id,
                "kind": record.kind.value,
                "title": record.title,
                "record": text,
                "content_hash": normalise.digest(text),
                "match_keys": "",
                "work_id": number,
                "created_at": moment,
                "changed_at": moment,
                "withdrawn_at": None,
            }
        )
    insert(connection, table(Offer), rows)


def _record(item: oai_pages.Medium) -> Record:
    return Record(
        source_id=item.signature,
        kind=Kind.MEDIUM,
        title=item.title,
        description=item.description,
        languages=("de",),
        identifiers=(Identifier("medium", item.signature),),
        url=item.address,
        image_url=item.image,
        medium_type=MediumType.VIDEO,
        subjects=(item.subject[1],),
        keywords=item.keywords,
        creators=(item.creator,),
        publishers=(item.publisher,),
        year=item.year,
        duration=item.minutes * 60,
        licence=item.licence,
    )


def as_rows(figures: Figures) -> list[tuple[str, str]]:
    """The figures for people, with what they aim at."""
    return [
        ("records", f"{figures.records:,}"),
        ("first harvest, everything rendered", f"{figures.first:,.0f}/s"),
        ("harvest of what is kept (aim: 30,000)", f"{figures.kept:,.0f}/s"),
        ("the same compressed", f"{figures.compressed:,.0f}/s"),
        ("one site of 55", f"{figures.one_set:,.0f}/s"),
        ("headers only", f"{figures.identifiers:,.0f}/s"),
        ("bytes of a page", f"{figures.page_bytes:,.0f}"),
        ("first page, which counts the list", f"{figures.first_page_ms:.1f} ms"),
        ("early pages, median", f"{figures.early_ms:.1f} ms"),
        ("late pages, median", f"{figures.late_ms:.1f} ms"),
        ("late to early (aim: 1)", f"{figures.late_to_early:.2f}"),
    ]
