"""What is free in a time, of everything that the centres lend or let: one look at the ledger."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.booking import ledger
from hub.booking.intervals import Stretch
from hub.db import in_list, json_list
from hub.models import Bookable, Offer, Site
from hub.models.base import table
from hub.records import Kind

MOST = 200
"""Things in a list: more are not read by anybody."""

_bookable = table(Bookable)
_offered = (
    sa.select(
        Bookable.id,
        Bookable.title,
        Bookable.capacity,
        Bookable.site_key,
        Site.name.label("site_name"),
        Offer.id.label("offer_id"),
    )
    .join(
        Offer,
        sa.and_(
            Offer.site_key == Bookable.site_key,
            Offer.plugin == Bookable.plugin,
            Offer.source_id == Bookable.source_id,
            Offer.withdrawn_at.is_(None),
        ),
    )
    .join(Site, Site.key == Bookable.site_key)
    .where(
        in_list(_bookable.c.kind, "kinds"),
        Bookable.capacity > 0,
        Bookable.retired_at.is_(None),
        Bookable.starts_at.is_(None),
    )
    .order_by(sa.func.lower(Bookable.title), Site.position, Bookable.id)
)


@dataclass(frozen=True, slots=True)
class Found:
    """Something of which enough is free."""

    offer_id: int
    title: str
    site: str
    site_name: str
    free: int
    total: int


@dataclass(frozen=True, slots=True)
class Result:
    """What is free, by name; `more` are left out of the list."""

    found: tuple[Found, ...]
    more: int


def find(
    session: Session,
    kinds: Collection[Kind],
    time: Stretch,
    quantity: int,
    now: datetime,
    *,
    words: Collection[str] = (),
    sites: Collection[str] = (),
) -> Result:
    """Everything of these kinds of which so many are free throughout the time.

    `words` must all stand in the title, `sites` narrow it to those. Constant number of statements.
    """
    query = _offered
    for word in words:
        pattern = word.lower().replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
        query = query.where(sa.func.lower(Bookable.title).like(f"%{pattern}%", escape="\\"))
    if sites:
        query = query.where(Bookable.site_key.in_(sites))
    rows = session.execute(query, {"kinds": json_list([kind.value for kind in kinds])}).all()
    free = ledger.free(session, [row.id for row in rows], time, now)
    enough = [
        Found(row.offer_id, row.title, row.site_key, row.site_name, count, row.capacity)
        for row in rows
        if (count := free.get(row.id)) is not None and count >= quantity
    ]
    return Result(tuple(enough[:MOST]), max(len(enough) - MOST, 0))


def with_bookables(session: Session) -> list[tuple[str, str]]:
    """The sites that lend or let something here, key and name, in their order."""
    offers = sa.exists().where(Bookable.site_key == Site.key, Bookable.retired_at.is_(None))
    rows = session.execute(sa.select(Site.key, Site.name).where(offers).order_by(Site.position))
    return [(key, name) for key, name in rows]
