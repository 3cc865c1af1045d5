"""Which offers a list holds, page by page in the order of (changed_at, id), and single ones.

Statements are built once for each kind of filter. A page begins behind the (changed_at, id) of
the page before, found by index, so it costs the same anywhere in a list of any length.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.db import in_list, json_list
from hub.models import OaiDocument, Offer
from hub.models.base import UtcDateTime, table

Row = sa.Row[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Window:
    """A list: the offers of a site or of all, of a kind or of all, changed in [start, end)."""

    start: datetime
    end: datetime
    site: str = ""
    kind: str = ""

    @property
    def filters(self) -> tuple[bool, bool]:
        return bool(self.site), bool(self.kind)

    def parameters(self) -> dict[str, object]:
        return {"site": self.site, "kind": self.kind, "end": self.end}


def page(
    session: Session, window: Window, after: tuple[datetime, int], limit: int, prefix: str
) -> Sequence[Row]:
    """The next `limit` offers, with `source` and `xml` of their kept documents in the format.

    Without a prefix both are left out.
    """
    parameters = {
        **window.parameters(),
        "moment": after[0],
        "id": after[1],
        "limit": limit,
        "prefix": prefix,
    }
    return session.execute(_page(*window.filters, bool(prefix)), parameters).all()


def last(session: Session, window: Window, prefix: str) -> Sequence[Row]:
    """The last offer of a list, as `page` gives it; none where the list is empty."""
    parameters = {**window.parameters(), "start": window.start, "prefix": prefix}
    return session.execute(_last(*window.filters, bool(prefix)), parameters).all()


def count(session: Session, window: Window) -> int:
    """How many offers the list holds."""
    parameters = {**window.parameters(), "start": window.start}
    number: int = session.execute(_count(*window.filters), parameters).scalar_one()
    return number


def single(session: Session, offer_id: int, site: str, prefix: str) -> Row | None:
    """One offer, as `page` gives it; with `site`, only if it is of that site."""
    row = session.execute(_single, {"offer": offer_id, "prefix": prefix}).first()
    return row if row is not None and site in ("", row.site_key) else None


def records(session: Session, offer_ids: Collection[int]) -> dict[int, tuple[str, str]]:
    """Content hash and stored record of these offers."""
    rows = session.execute(_records, {"offers": json_list(offer_ids)})
    return {row.id: (row.content_hash, row.record) for row in rows}


def earliest(session: Session, site: str) -> datetime | None:
    """The earliest datestamp there is; None where there are no offers."""
    moment: datetime | None = session.execute(_earliest(bool(site)), {"site": site}).scalar()
    return moment


_offer, _document = table(Offer), table(OaiDocument)
_place = sa.tuple_(_offer.c.changed_at, _offer.c.id)
_after = sa.tuple_(sa.bindparam("moment", type_=UtcDateTime), sa.bindparam("id", type_=sa.Integer))
_HEADER = (
    _offer.c.id,
    _offer.c.site_key,
    _offer.c.kind,
    _offer.c.changed_at,
    _offer.c.withdrawn_at,
    _offer.c.content_hash,
)
_with_document = sa.select(*_HEADER, _document.c.source, _document.c.xml).outerjoin_from(
    _offer,
    _document,
    sa.and_(_document.c.prefix == sa.bindparam("prefix"), _document.c.offer_id == _offer.c.id),
)


def _filters(site: bool, kind: bool) -> list[sa.ColumnElement[bool]]:
    found = [_offer.c.changed_at < sa.bindparam("end", type_=UtcDateTime)]
    if site:
        found.append(_offer.c.site_key == sa.bindparam("site"))
    if kind:
        found.append(_offer.c.kind == sa.bindparam("kind"))
    return found


@cache
def _page(site: bool, kind: bool, documents: bool) -> sa.Select[*tuple[Any, ...]]:
    return (
        (_with_document if documents else sa.select(*_HEADER))
        # Compared as a pair, which both databases find by index; an OR of two parts would make
        # a page in the middle of many equal datestamps read them all.
        .where(*_filters(site, kind), _place > _after)
        .order_by(_offer.c.changed_at, _offer.c.id)
        .limit(sa.bindparam("limit"))
    )


@cache
def _last(site: bool, kind: bool, documents: bool) -> sa.Select[*tuple[Any, ...]]:
    return (
        (_with_document if documents else sa.select(*_HEADER))
        .where(*_filters(site, kind), _not_before)
        .order_by(_offer.c.changed_at.desc(), _offer.c.id.desc())
        .limit(1)
    )


@cache
def _count(site: bool, kind: bool) -> sa.Select[*tuple[Any, ...]]:
    return sa.select(sa.func.count()).where(*_filters(site, kind), _not_before)


@cache
def _earliest(site: bool) -> sa.Select[*tuple[Any, ...]]:
    query = sa.select(_offer.c.changed_at).order_by(_offer.c.changed_at).limit(1)
    return query.where(_offer.c.site_key == sa.bindparam("site")) if site else query


_not_before = _offer.c.changed_at >= sa.bindparam("start", type_=UtcDateTime)
_single = _with_document.where(_offer.c.id == sa.bindparam("offer"))
_records = sa.select(_offer.c.id, _offer.c.content_hash, _offer.c.record).where(
    in_list(_offer.c.id, "offers")
)
