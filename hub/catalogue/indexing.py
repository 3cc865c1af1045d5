"""Keeps the search index in step with works: which entries a page of offers makes or changes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.catalogue import index, normalise
from hub.catalogue.analysis import Analysis, analyse
from hub.db import in_list, json_list
from hub.models import Offer, Site
from hub.models.base import table
from hub.records import AccessMode


@dataclass(frozen=True, slots=True)
class Described:
    """What the search needs of a record."""

    title: str
    modified: datetime | None
    facets: tuple[tuple[str, str], ...]
    analysis: Analysis


@dataclass(frozen=True, slots=True)
class Holding:
    """A live offer of a work; `text` is its dumped record."""

    offer_id: int
    work_id: int
    site: str
    access: str
    text: str
    created_at: datetime


def found(
    connection: Connection, holdings: Sequence[Holding], ready: Mapping[int, Described]
) -> None:
    """Write the entries of works that are new, from all their offers; `ready` by offer id."""
    regions = _regions(connection)
    index.put(connection, _entries(holdings, ready, regions))


def extend(connection: Connection, holdings: Sequence[Holding]) -> None:
    """Note who else offers works that were there before; their text stays.

    A work that nobody offered any more comes back with all that it has now.
    """
    if not holdings:
        return
    regions = _regions(connection)
    facets: dict[int, set[tuple[str, str]]] = {}
    for one in holdings:
        more = index.holding_facets(one.site, regions.get(one.site, ""), one.access)
        facets.setdefault(one.work_id, set()).update(more)
    renew(connection, index.extend(connection, facets), {})


def renew(
    connection: Connection, work_ids: Collection[int], ready: Mapping[int, Described]
) -> None:
    """Write works anew from all their live offers; one without any leaves the index."""
    if not work_ids:
        return
    holdings = [
        Holding(row.id, row.work_id, row.site_key, _access(row.record), row.record, row.created_at)
        for row in connection.execute(_select_holdings, {"works": json_list(work_ids)})
    ]
    index.drop(connection, set(work_ids) - {one.work_id for one in holdings})
    index.put(connection, _entries(holdings, ready, _regions(connection)))


def _entries(
    holdings: Sequence[Holding], ready: Mapping[int, Described], regions: Mapping[str, str]
) -> list[index.IndexRow]:
    """The entry of each work: its oldest offer speaks for it, all of them say who has it."""
    works: dict[int, list[Holding]] = {}
    for one in holdings:
        works.setdefault(one.work_id, []).append(one)
    rows = []
    for work_id, offers in works.items():
        first = offers[0]
        described = ready.get(first.offer_id) or _describe(first.text)
        facets = set(described.facets)
        for one in offers:
            facets.update(index.holding_facets(one.site, regions.get(one.site, ""), one.access))
        rows.append(
            index.IndexRow(
                work_id=work_id,
                offer_id=first.offer_id,
                title=described.title,
                newest=described.modified or first.created_at,
                facets=tuple(sorted(facets)),
                analysis=described.analysis,
            )
        )
    return rows


def _describe(text: str) -> Described:
    record = normalise.load(text)
    return Described(record.title, record.modified, index.record_facets(record), analyse(record))


def _access(text: str) -> str:
    return str(orjson.loads(text).get("access", AccessMode.OPEN.value))


def _regions(connection: Connection) -> dict[str, str]:
    return {row.key: row.region for row in connection.execute(_select_regions)}


_offer, _site = table(Offer), table(Site)

_select_holdings = (
    sa.select(
        _offer.c.id, _offer.c.work_id, _offer.c.site_key, _offer.c.record, _offer.c.created_at
    )
    .where(in_list(_offer.c.work_id, "works"), _offer.c.withdrawn_at.is_(None))
    .order_by(_offer.c.id)
)
_select_regions = sa.select(_site.c.key, _site.c.region)
