"""Who may use an offer: what can be said to everybody, and to a person who is logged in.

Search shows everything with a badge; this module computes it from the access mode, the grants of
the source and those that people entered. A grant's term is half-open: on the day `valid_until` it
no longer holds. Whether a given person may open a medium is asked again, live, at the moment of
opening.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import models
from hub.catalogue.offers import OfferView, Row, ids_parameter, taken
from hub.catalogue.reader import Reader
from hub.db import in_list
from hub.models.base import now
from hub.records import AccessMode, Entered, Grant, Scope
from hub.site import LAND


class Status(StrEnum):
    """What a badge says; earlier ones are better news."""

    OPEN = "open"
    """Opens at once, without login."""
    GRANTED = "granted"
    """Opens for the person who asks."""
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
    entered: tuple[Entered, ...] = ()


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
    places: int | None = None
    """So many may use it at the same time, and just now as many do; None where one may open it."""


def holding(offer: OfferView) -> Holding:
    """The holding of an offer that is at hand."""
    record = offer.record
    return Holding(offer.id, offer.work_id, offer.site, record.access, record.grants, offer.entered)


def holdings(session: Session, work_ids: Collection[int]) -> dict[int, tuple[Holding, ...]]:
    """The live holdings of each work, by site, in one statement without reading whole records."""
    statement = _holdings(session.get_bind().dialect.name)
    rows = session.execute(statement, {"works": ids_parameter(work_ids), "now": now()})
    found: dict[int, list[Holding]] = defaultdict(list)
    for offer_rows in _runs(rows):
        first = offer_rows[0]
        own, entered = [], []
        for row in offer_rows:
            if row.scope is None:
                continue
            terms = Scope(row.scope), row.value, row.valid_from, row.valid_until
            if row.policy is None:
                own.append(Grant(*terms))
            else:
                entered.append(
                    Entered(*terms, row.role, row.policy, row.concurrent, row.pool, row.taken)
                )
        found[first.work_id].append(
            Holding(
                first.id,
                first.work_id,
                first.site_key,
                AccessMode(first.access) if first.access else AccessMode.OPEN,
                tuple(own),
                tuple(entered),
            )
        )
    return {work: tuple(items) for work, items in found.items()}


@functools.cache
def _holdings(dialect: str) -> sa.CompoundSelect[*tuple[Any, ...]]:
    offer, grant, entered = models.Offer, models.OfferGrant, models.EnteredGrant
    shown = (
        offer.id.label("id"),
        offer.work_id,
        offer.site_key,
        models.Site.position.label("position"),
        access_column(dialect).label("access"),
    )
    wanted = in_list(offer.work_id.expression, "works"), offer.withdrawn_at.is_(None)
    none, no_number = sa.null().cast(sa.String), sa.null().cast(sa.Integer)
    own = (
        sa.select(
            *shown,
            grant.scope,
            grant.value,
            grant.valid_from,
            grant.valid_until,
            none.label("role"),
            none.label("policy"),
            no_number.label("concurrent"),
            no_number.label("pool"),
            no_number.label("taken"),
            grant.id.label("grant_id"),
        )
        .join(models.Site, models.Site.key == offer.site_key)
        .outerjoin(grant, grant.offer_id == offer.id)
        .where(*wanted)
    )
    added = (
        sa.select(
            *shown,
            entered.scope,
            entered.value,
            entered.valid_from,
            entered.valid_until,
            entered.role,
            entered.policy,
            entered.concurrent,
            entered.pool,
            taken().label("taken"),
            entered.id.label("grant_id"),
        )
        .join(models.Site, models.Site.key == offer.site_key)
        .join(models.WorkKey, models.WorkKey.work_id == offer.work_id)
        .join(entered, entered.key == models.WorkKey.key)
        .where(*wanted)
    )
    return own.union_all(added).order_by("position", "id", "grant_id")


def badge(
    offers: Sequence[Holding], today: date, site: str | None = None, reader: Reader | None = None
) -> Badge | None:
    """The best status that these offers of one work have today; None when there are none.

    `reader` is the person who asks. Without one, `site` is the centre for whose users it is
    asked; where it, or a centre of the reader's, offers the work itself as well as others do,
    only that is named.
    """
    judged = [(offer, _one(offer, today, site, reader)) for offer in offers]
    if not judged:
        return None
    status = min((one.status for _, one in judged), key=_RANK.__getitem__)
    best = [(offer, one) for offer, one in judged if one.status is status]
    best = [(offer, one) for offer, one in best if one.places is None] or best
    near = {site} if reader is None or site is not None else reader.members
    chosen = [(offer, one) for offer, one in best if offer.site in near] or best
    days = [one.day for _, one in chosen if one.day is not None]
    day = (min if status is Status.UPCOMING else max)(days) if days else None
    sites = _unique(key for _, one in chosen for key in one.sites)
    return Badge(status, sites, day, chosen[0][0].offer_id, chosen[0][1].places)


def usable(offers: Iterable[Holding], today: date, reader: Reader) -> bool:
    """Whether the reader gets at one of these offers: it opens, or a centre that knows them lends
    it, keeps it for booking or does it on request."""
    for offer in offers:
        status = _one(offer, today, None, reader).status
        if status in (Status.OPEN, Status.GRANTED):
            return True
        if status in _FETCHED and offer.site in reader.members:
            return True
    return False


_FETCHED = frozenset({Status.LOAN, Status.BOOKING, Status.REQUEST})


def _one(offer: Holding, today: date, site: str | None, reader: Reader | None) -> Badge:
    grants = _grants(offer)
    valid = [grant for grant in grants if _holds(grant, today)]
    if grants and not valid:
        later = [g.valid_from for g in grants if g.valid_from and today < g.valid_from]
        if later:
            return Badge(Status.UPCOMING, (offer.site,), min(later))
        ended = [grant.valid_until for grant in grants if grant.valid_until]
        return Badge(Status.EXPIRED, (offer.site,), max(ended))
    if offer.access is AccessMode.LOGIN and reader is not None:
        known = offer.site in reader.members
        return Badge(Status.GRANTED if known else Status.ELSEWHERE, (offer.site,))
    if offer.access is not AccessMode.LICENSED:
        return Badge(_BY_MODE[offer.access], (offer.site,))
    if reader is not None:
        if reached := reaching(offer, today, reader):
            return Badge(Status.GRANTED, (offer.site,), places=_places(reached))
    elif any(_reaches(grant, site) for grant in valid):
        return Badge(Status.LOGIN, (offer.site,))
    licensed = _unique(grant.value for grant in valid if grant.scope is Scope.SITE)
    return Badge(Status.ELSEWHERE, licensed)


def reaching(offer: Holding, today: date, reader: Reader) -> list[Grant]:
    """The licences by which the reader may open it today."""
    valid = (grant for grant in _grants(offer) if _holds(grant, today))
    return [grant for grant in valid if reader.reached_by(grant, role_of(grant))]


def _grants(offer: Holding) -> tuple[Grant, ...]:
    if offer.access is not AccessMode.LICENSED:
        return offer.grants
    # A source that names no licence means the offering centre's own, without a known end.
    return (*(offer.grants or (Grant(Scope.SITE, offer.site),)), *offer.entered)


def _places(reached: Sequence[Grant]) -> int | None:
    """How many may use it at the same time, where by each of these licences as many do."""
    full = [grant for grant in reached if isinstance(grant, Entered) and grant.full]
    if len(full) < len(reached):
        return None
    pools = {(grant.policy, grant.pool): grant.concurrent or 0 for grant in full}
    return sum(pools.values())


def role_of(grant: Grant) -> str:
    """The role to which a licence is narrowed; empty for everybody whom its scope reaches."""
    return grant.role if isinstance(grant, Entered) else ""


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


def access_column(dialect: str) -> sa.ColumnElement[str | None]:
    """`access` inside the stored record; absent where it is the default."""
    if dialect == "sqlite":
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
