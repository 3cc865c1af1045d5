"""Who may use an offer, as far as that can be said to a person who is not logged in.

Search shows everything with a badge; this module computes it from the access mode and the
grants. A grant's term is half-open: on the day `valid_until` it no longer holds. Whether a given
person may open a medium is asked again, live, at the moment of opening.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import models
from hub.catalogue.offers import OfferView, Row, ids_parameter
from hub.db import in_list
from hub.records import AccessMode, Grant, Scope
from hub.site import LAND


class Status(StrEnum):
    """What a badge says; earlier ones are better news."""

    OPEN = "open"
    """Opens at once, without login."""
    LOGIN = "login"
    """Opens after login."""
    LOAN = "loan"
    BOOKING = "booking"
    REQUEST = "request"
    ELSEWHERE = "elsewhere"
    """Licensed, but only for the users of the sites named."""
    UPCOMING = "upcoming"
    """Licensed from a later day on."""
    EXPIRED = "expired"


_RANK = {status: rank for rank, status in enumerate(Status)}

_BY_MODE = {
    AccessMode.OPEN: Status.OPEN,
    AccessMode.LOGIN: Status.LOGIN,
    AccessMode.LOAN: Status.LOAN,
    AccessMode.BOOKING: Status.BOOKING,
    AccessMode.REQUEST: Status.REQUEST,
}


@dataclass(frozen=True, slots=True)
class Holding:
    """What the badge needs to know of one live offer."""

    offer_id: int
    work_id: int
    site: str
    access: AccessMode
    grants: tuple[Grant, ...] = ()


@dataclass(frozen=True, slots=True)
class Badge:
    """The best that can be said of a work, and at which sites (keys) it holds, in their order.

    `day` is the day from which an upcoming licence holds, or on which an expired one ended.
    `offer_id` is the first offer of which it holds, the one to open.
    """

    status: Status
    sites: tuple[str, ...] = ()
    day: date | None = None
    offer_id: int | None = field(default=None, compare=False)


def holding(offer: OfferView) -> Holding:
    """The holding of an offer that is at hand."""
    return Holding(offer.id, offer.work_id, offer.site, offer.record.access, offer.record.grants)


def holdings(session: Session, work_ids: Collection[int]) -> dict[int, tuple[Holding, ...]]:
    """The live holdings of each work, by site, in one statement without reading whole records."""
    offer, grant = models.Offer, models.OfferGrant
    query = (
        sa.select(
            offer.id,
            offer.work_id,
            offer.site_key,
            _access(session).label("access"),
            grant.scope,
            grant.value,
            grant.valid_from,
            grant.valid_until,
        )
        .join(models.Site, models.Site.key == offer.site_key)
        .outerjoin(grant, grant.offer_id == offer.id)
        .where(in_list(offer.work_id.expression, "works"), offer.withdrawn_at.is_(None))
        .order_by(models.Site.position, offer.id, grant.id)
    )
    rows = session.execute(query, {"works": ids_parameter(work_ids)})
    found: dict[int, list[Holding]] = defaultdict(list)
    for offer_rows in _runs(rows):
        first = offer_rows[0]
        grants = tuple(
            Grant(Scope(row.scope), row.value, row.valid_from, row.valid_until)
            for row in offer_rows
            if row.scope is not None
        )
        found[first.work_id].append(
            Holding(
                first.id,
                first.work_id,
                first.site_key,
                AccessMode(first.access) if first.access else AccessMode.OPEN,
                grants,
            )
        )
    return {work: tuple(items) for work, items in found.items()}


def badge(offers: Sequence[Holding], today: date, site: str | None = None) -> Badge | None:
    """The best status that these offers of one work have today; None when there are none.

    `site` is the centre for whose users it is asked; where it offers the work itself as well as
    others do, only it is named.
    """
    judged = [(offer, _one(offer, today, site)) for offer in offers]
    if not judged:
        return None
    status = min((one.status for _, one in judged), key=_RANK.__getitem__)
    best = [(offer, one) for offer, one in judged if one.status is status]
    chosen = [(offer, one) for offer, one in best if offer.site == site] or best
    days = [one.day for _, one in chosen if one.day is not None]
    day = (min if status is Status.UPCOMING else max)(days) if days else None
    sites = _unique(key for _, one in chosen for key in one.sites)
    return Badge(status, sites, day, chosen[0][0].offer_id)


def _one(offer: Holding, today: date, site: str | None) -> Badge:
    grants = offer.grants
    if not grants and offer.access is AccessMode.LICENSED:
        # The source names no licence: it is the offering centre's own, without a known end.
        grants = (Grant(Scope.SITE, offer.site),)
    valid = [grant for grant in grants if _holds(grant, today)]
    if grants and not valid:
        later = [g.valid_from for g in grants if g.valid_from and today < g.valid_from]
        if later:
            return Badge(Status.UPCOMING, (offer.site,), min(later))
        ended = [grant.valid_until for grant in grants if grant.valid_until]
        return Badge(Status.EXPIRED, (offer.site,), max(ended))
    if offer.access is not AccessMode.LICENSED:
        return Badge(_BY_MODE[offer.access], (offer.site,))
    if any(_reaches(grant, site) for grant in valid):
        return Badge(Status.LOGIN, (offer.site,))
    licensed = _unique(grant.value for grant in valid if grant.scope is Scope.SITE)
    return Badge(Status.ELSEWHERE, licensed)


def _holds(grant: Grant, today: date) -> bool:
    begun = grant.valid_from is None or grant.valid_from <= today
    return begun and (grant.valid_until is None or today < grant.valid_until)


def _reaches(grant: Grant, site: str | None) -> bool:
    """Whether somebody of this site may hope to open it after login."""
    if grant.scope is Scope.LAND:
        return grant.value.upper() == LAND
    if grant.scope is Scope.SITE:
        return grant.value == site
    return True  # a school, school type or role: only the login can tell


def _access(session: Session) -> sa.ColumnElement[str | None]:
    """`access` inside the stored record; absent where it is the default."""
    if session.get_bind().dialect.name == "sqlite":
        return sa.func.json_extract(models.Offer.record, "$.access", type_=sa.Text)
    stored = sa.cast(models.Offer.record, sa.JSON)
    access: sa.ColumnElement[str | None] = stored["access"].as_string()
    return access


def _runs(rows: Iterable[Row]) -> Iterable[list[Row]]:
    """Rows of the same offer, which follow each other, together."""
    run: list[Row] = []
    for row in rows:
        if run and run[0].id != row.id:
            yield run
            run = []
        run.append(row)
    if run:
        yield run


def _unique(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))
