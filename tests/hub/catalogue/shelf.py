"""Puts records on the shelf: offers, works and index entries without a source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from hub.catalogue import index, normalise
from hub.catalogue.analysis import analyse
from hub.catalogue.search import Query, search
from hub.db import Database
from hub.models import Offer, Site, Work
from hub.models.base import table
from hub.records import Kind, Record

START = datetime(2026, 1, 1, tzinfo=UTC)
REGIONS = {"borken": "Münster", "coesfeld": "Münster", "koeln": "Köln", "lvr": ""}


def medium(title: str, **fields: object) -> Record:
    return Record("", Kind.MEDIUM, title, **fields)  # type: ignore[arg-type]


def fill(
    db: Database,
    records: Sequence[Record],
    holders: Mapping[int, Sequence[str]] | None = None,
) -> None:
    """Works 1, 2, … each held by Borken, or by the sites that `holders` names for its number."""
    with db.write() as session:
        session.execute(
            sa.insert(table(Site)),
            [
                {"key": key, "name": f"MZ {key}", "kind": "centre", "ags": [],
                 "association": "LWL", "region": region, "standort": "", "position": n,
                 "time_zone": "Europe/Berlin", "contact": {}, "branches": [], "profile": {}}
                for n, (key, region) in enumerate(REGIONS.items())
            ],
        )  # fmt: skip
        rows = []
        for number, record in enumerate(records, 1):
            sites = (holders or {}).get(number, ["borken"])
            changed = START + timedelta(days=number)
            session.execute(sa.insert(table(Work)), {"id": number, "kind": record.kind.value})
            for extra, site in enumerate(sites):
                session.execute(
                    sa.insert(table(Offer)),
                    {"id": number + 10_000 * extra, "site_key": site, "plugin": "test",
                     "source_id": str(number), "kind": record.kind.value,
                     "title": record.title, "record": normalise.dump(record),
                     "content_hash": "", "match_keys": "", "work_id": number,
                     "created_at": changed, "changed_at": changed},
                )  # fmt: skip
            rows.append(row(number, record, sites, changed))
        index.put(session.connection(), rows)


def row(
    number: int, record: Record, sites: Sequence[str] = ("borken",), newest: datetime = START
) -> index.IndexRow:
    facets = set(index.record_facets(record))
    for site in sites:
        facets.update(index.holding_facets(site, REGIONS[site], record.access))
    return index.IndexRow(
        number, number, record.title, newest, tuple(sorted(facets)), analyse(record)
    )


def titles(db: Database, text: str, **options: object) -> list[str]:
    with db.read() as session:
        results = search(session, Query(text, **options))  # type: ignore[arg-type]
    return [hit.title for hit in results.hits]
