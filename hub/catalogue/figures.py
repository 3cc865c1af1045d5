"""How many live offers each site has by kind and facet: kept by the sync, read by the pages.

Whoever stores or withdraws offers reports the difference in the same transaction, so a view costs
the same whatever the number of offers. `recount` is the same by brute force: for a database that
an older version filled, and for tests.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import date

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from hub import models
from hub.catalogue import index, normalise
from hub.db import Database, insert
from hub.models.base import table
from hub.records import Kind

VERSION = 1
"""To be raised when offers get other facets: `bring_up_to_date` counts anew then."""
COUNTER = "figures"
BATCH = 1_000

Figure = tuple[str, str, str, str]
"""Site, kind, facet and value; facet and value are empty for the number of all."""


def of(site: str, kind: str, facets: Iterable[tuple[str, str]], access: str) -> list[Figure]:
    """The figures to which one offer counts; `facets` are those of its record."""
    counted = [(site, kind, facet, value) for facet, value in facets if facet != "kind"]
    return [(site, kind, "", ""), (site, kind, "access", access), *counted]


def of_stored(site: str, kind: str, text: str) -> list[Figure]:
    """The figures to which a stored offer counts; `text` is its dumped record."""
    record = normalise.load(text)
    return of(site, kind, index.record_facets(record), record.access.value)


def change(connection: Connection, difference: Mapping[Figure, int]) -> None:
    """Add the difference to the figures, in the transaction that changes the offers."""
    rows = [
        {"site_key": site, "kind": kind, "facet": facet, "value": value, "number": number}
        for (site, kind, facet, value), number in sorted(difference.items())
        if number
    ]
    if rows:
        connection.execute(_add, rows)


def remember_day(connection: Connection, site: str, day: date) -> None:
    """Keep what the site has now as its numbers of that day."""
    parameters = {"site": site, "day": day}
    connection.execute(_forget_day, parameters)
    connection.execute(_keep_day, parameters)


def bring_up_to_date(database: Database) -> bool:
    """Count all offers once if nobody did, or an older version did; says whether it counted."""
    with database.read() as session:
        stored = session.execute(_select_version, {"name": COUNTER}).scalar()
    if stored == VERSION:
        return False
    with database.write() as session:
        connection = session.connection()
        connection.execute(sa.delete(table(models.OfferFigure)))
        rows = [
            {"site_key": site, "kind": kind, "facet": facet, "value": value, "number": number}
            for (site, kind, facet, value), number in recount(connection).items()
        ]
        insert(connection, table(models.OfferFigure), rows)
        connection.execute(sa.delete(_counter).where(_counter.c.name == COUNTER))
        connection.execute(sa.insert(_counter), {"name": COUNTER, "value": VERSION})
    return True


def counts(session: Session, site: str | None = None) -> dict[str, dict[Kind, int]]:
    """How many live offers of each kind each site has; sites and kinds without any are left out."""
    figure = models.OfferFigure
    query = sa.select(figure.site_key, figure.kind, figure.number).where(
        figure.facet == "", figure.number > 0
    )
    if site is not None:
        query = query.where(figure.site_key == site)
    found: dict[str, dict[Kind, int]] = defaultdict(dict)
    for key, kind, number in session.execute(query):
        found[key][Kind(kind)] = number
    return dict(found)


def recount(connection: Connection) -> Counter[Figure]:
    """All figures, counted from the offers themselves in batches."""
    found: Counter[Figure] = Counter()
    last = 0
    while rows := connection.execute(_next_offers, {"last": last}).all():
        for row in rows:
            found.update(of_stored(row.site_key, row.kind, row.record))
        last = rows[-1].id
    return found


_offer, _figure, _day = table(models.Offer), table(models.OfferFigure), table(models.OfferDay)
_counter = table(models.Counter)

_add = sa.text(
    "INSERT INTO offer_figure (site_key, kind, facet, value, number)"
    " VALUES (:site_key, :kind, :facet, :value, :number)"
    " ON CONFLICT (site_key, kind, facet, value)"
    " DO UPDATE SET number = offer_figure.number + excluded.number"
)
_forget_day = sa.delete(_day).where(
    _day.c.site_key == sa.bindparam("site"), _day.c.day == sa.bindparam("day")
)
_keep_day = sa.insert(_day).from_select(
    ["site_key", "day", "kind", "number"],
    sa.select(
        _figure.c.site_key, sa.bindparam("day", type_=sa.Date), _figure.c.kind, _figure.c.number
    ).where(_figure.c.site_key == sa.bindparam("site"), _figure.c.facet == ""),
)
_select_version = sa.select(_counter.c.value).where(_counter.c.name == sa.bindparam("name"))
_next_offers = (
    sa.select(_offer.c.id, _offer.c.site_key, _offer.c.kind, _offer.c.record)
    .where(_offer.c.id > sa.bindparam("last"), _offer.c.withdrawn_at.is_(None))
    .order_by(_offer.c.id)
    .limit(BATCH)
)
