"""Read model of the catalogue: what pages and REST show of offers and works.

Every function takes a session of `Database.read()` and issues a constant number of statements,
however many rows it returns. Lists are keyset-paged: the last row of one page is the `after` of
the next, so a page costs the same at any depth and nothing is skipped while a sync runs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import models
from hub.catalogue import normalise
from hub.db import in_list, json_list
from hub.models.base import UtcDateTime, now
from hub.records import Entered, Kind, Record, Scope

Row = sa.Row[*tuple[Any, ...]]

MAX_PAGE = 200
"""The longest page that a list gives."""


@dataclass(frozen=True, slots=True)
class OfferView:
    """An offer as it is stored, with where it comes from."""

    id: int
    work_id: int
    kind: Kind
    site: str
    """Key of the site that offers it."""
    site_name: str
    plugin: str
    record: Record
    created_at: datetime
    changed_at: datetime
    """When it last changed in the hub, or was withdrawn."""
    withdrawn_at: datetime | None
    """When its source stopped offering it; None while it is live."""
    as_of: datetime | None = None
    """When its source was last read to the end; None if never, or where a list leaves it out."""
    entered: tuple[Entered, ...] = ()
    """Licences that people entered beside those of its source."""


@dataclass(frozen=True, slots=True)
class OfferDetail:
    """An offer together with the other live offers of the same work, by site."""

    offer: OfferView
    others: tuple[OfferView, ...]


@dataclass(frozen=True, slots=True)
class OfferPage:
    """A page of a list; `next` is the `after` of the following page, None on the last."""

    items: tuple[OfferView, ...]
    next: int | None


@dataclass(frozen=True, slots=True)
class ChangePage:
    """A page of the list of changes, oldest first; `next` as in `OfferPage`."""

    items: tuple[OfferView, ...]
    next: tuple[datetime, int] | None


@dataclass(frozen=True, slots=True)
class WorkView:
    """The same thing as several sites offer it; only live offers."""

    id: int
    kind: Kind
    offers: tuple[OfferView, ...]


@dataclass(frozen=True, slots=True)
class WorkPage:
    """A page of works; `next` as in `OfferPage`."""

    items: tuple[WorkView, ...]
    next: int | None


def offer(session: Session, offer_id: int) -> OfferDetail | None:
    """One offer, withdrawn or not, with the work's other live offers; None when there is none."""
    if not _fits(offer_id):
        return None
    work = sa.select(models.Offer.work_id).where(models.Offer.id == offer_id).scalar_subquery()
    rows = session.execute(
        _OFFERS.where(
            models.Offer.work_id == work,
            sa.or_(models.Offer.id == offer_id, models.Offer.withdrawn_at.is_(None)),
        ).order_by(models.Site.position, models.Offer.id)
    )
    views = [_view(row) for row in rows]
    if not views:
        return None
    as_of = last_read(session, {view.site for view in views})
    views = [
        replace(view, as_of=as_of.get((view.site, view.plugin)))
        for view in _entered(session, views)
    ]
    found = next(view for view in views if view.id == offer_id)
    return OfferDetail(found, tuple(view for view in views if view.id != offer_id))


def listing(
    session: Session,
    *,
    kind: Kind | None = None,
    site: str | None = None,
    after: int = 0,
    limit: int = 50,
) -> OfferPage:
    """Live offers in the order of their ids, from the first id greater than `after`."""
    if not _fits(after):
        return OfferPage((), None)
    query = _OFFERS.where(models.Offer.id > after, models.Offer.withdrawn_at.is_(None))
    if kind is not None:
        query = query.where(models.Offer.kind == kind.value)
    if site is not None:
        query = query.where(models.Offer.site_key == site)
    limit = _bounded(limit)
    rows = session.execute(query.order_by(models.Offer.id).limit(limit + 1)).all()
    views = tuple(_entered(session, [_view(row) for row in rows[:limit]]))
    return OfferPage(views, views[-1].id if len(rows) > limit else None)


def changes(
    session: Session,
    *,
    since: datetime | None = None,
    after: tuple[datetime, int] | None = None,
    kind: Kind | None = None,
    site: str | None = None,
    limit: int = 50,
) -> ChangePage:
    """Offers by the moment of their last change, withdrawn ones included, oldest first.

    `since` is inclusive; `after` is the (changed_at, id) at which the page before ended.
    """
    changed = models.Offer.changed_at
    query = _OFFERS
    if since is not None:
        query = query.where(changed >= since)
    if after is not None:
        if not _fits(after[1]):
            return ChangePage((), None)
        query = query.where(
            changed >= after[0], sa.or_(changed > after[0], models.Offer.id > after[1])
        )
    if kind is not None:
        query = query.where(models.Offer.kind == kind.value)
    if site is not None:
        query = query.where(models.Offer.site_key == site)
    limit = _bounded(limit)
    rows = session.execute(query.order_by(changed, models.Offer.id).limit(limit + 1)).all()
    views = tuple(_entered(session, [_view(row) for row in rows[:limit]]))
    last = views[-1] if len(rows) > limit else None
    return ChangePage(views, (last.changed_at, last.id) if last else None)


def work(session: Session, work_id: int) -> WorkView | None:
    """One work with its live offers by site; None when none of them lives."""
    offers = by_works(session, [work_id]).get(work_id)
    return WorkView(work_id, offers[0].kind, offers) if offers else None


def works(
    session: Session,
    *,
    kind: Kind | None = None,
    site: str | None = None,
    after: int = 0,
    limit: int = 50,
) -> WorkPage:
    """Works that somebody offers, in the order of their ids, each with all its live offers.

    With `site` only works that this site offers.
    """
    if not _fits(after):
        return WorkPage((), None)
    lives = sa.exists().where(
        models.Offer.work_id == models.Work.id, models.Offer.withdrawn_at.is_(None)
    )
    if site is not None:
        lives = lives.where(models.Offer.site_key == site)
    query = sa.select(models.Work.id, models.Work.kind).where(models.Work.id > after, lives)
    if kind is not None:
        query = query.where(models.Work.kind == kind.value)
    limit = _bounded(limit)
    rows = session.execute(query.order_by(models.Work.id).limit(limit + 1)).all()
    offers = by_works(session, [row.id for row in rows[:limit]])
    items = tuple(WorkView(row.id, Kind(row.kind), offers[row.id]) for row in rows[:limit])
    return WorkPage(items, items[-1].id if len(rows) > limit else None)


def by_works(session: Session, work_ids: Collection[int]) -> dict[int, tuple[OfferView, ...]]:
    """The live offers of each work, by site; works without any are left out."""
    query = _OFFERS.where(
        in_list(models.Offer.work_id.expression, "works"),
        models.Offer.withdrawn_at.is_(None),
    ).order_by(models.Site.position, models.Offer.id)
    rows = session.execute(query, {"works": ids_parameter(work_ids)})
    groups: dict[int, list[OfferView]] = defaultdict(list)
    for view in _entered(session, [_view(row) for row in rows]):
        groups[view.work_id].append(view)
    return {key: tuple(views) for key, views in groups.items()}


def by_ids(session: Session, offer_ids: Sequence[int]) -> dict[int, OfferView]:
    """Offers by id, withdrawn ones included; unknown ids are left out."""
    query = _OFFERS.where(in_list(models.Offer.id.expression, "offers"))
    rows = session.execute(query, {"offers": ids_parameter(offer_ids)})
    return {row.id: _view(row) for row in rows}


def last_read(
    session: Session, sites: Collection[str] | None = None
) -> dict[tuple[str, str], datetime]:
    """By (site, plugin): when a run of this source last read it to its end."""
    run = models.SyncRun
    query = (
        sa.select(run.site_key, run.plugin, sa.func.max(run.finished_at, type_=_UTC))
        .where(run.state == "succeeded", run.finished_at.is_not(None))
        .group_by(run.site_key, run.plugin)
    )
    parameters = {}
    if sites is not None:
        query = query.where(in_list(run.site_key.expression, "sites"))
        parameters["sites"] = json_list(sorted(sites))
    return {
        (key, plugin): at
        for key, plugin, at in session.execute(query, parameters)
        if at is not None
    }


_UTC = models.SyncRun.__table__.c.finished_at.type

_OFFERS = sa.select(
    models.Offer.id,
    models.Offer.work_id,
    models.Offer.kind,
    models.Offer.site_key,
    models.Site.name.label("site_name"),
    models.Offer.plugin,
    models.Offer.record,
    models.Offer.created_at,
    models.Offer.changed_at,
    models.Offer.withdrawn_at,
).join(models.Site, models.Site.key == models.Offer.site_key)


def _view(row: Row) -> OfferView:
    return OfferView(
        id=row.id,
        work_id=row.work_id,
        kind=Kind(row.kind),
        site=row.site_key,
        site_name=row.site_name,
        plugin=row.plugin,
        record=normalise.load(row.record),
        created_at=row.created_at,
        changed_at=row.changed_at,
        withdrawn_at=row.withdrawn_at,
    )


def _entered(session: Session, views: Sequence[OfferView]) -> Sequence[OfferView]:
    """The views with the licences that people entered for their works."""
    works = {"works": ids_parameter({view.work_id for view in views}), "now": now()}
    found: dict[int, list[Entered]] = defaultdict(list)
    for row in session.execute(_ENTERED, works):
        terms = Scope(row.scope), row.value, row.valid_from, row.valid_until
        found[row.work_id].append(
            Entered(*terms, row.role, row.policy, row.concurrent, row.pool, row.taken)
        )
    if not found:
        return views
    return [replace(view, entered=tuple(found.get(view.work_id, ()))) for view in views]


def taken() -> sa.ScalarSelect[int]:
    """How many uses of an entered licence run at `:now`."""
    licence, use = models.EnteredGrant, models.RunningUse
    return (
        sa.select(sa.func.count())
        .where(
            licence.concurrent.is_not(None),
            use.policy == licence.policy,
            use.key == licence.key,
            use.pool == licence.pool,
            use.until > sa.bindparam("now", type_=UtcDateTime()),
        )
        .correlate(licence)
        .scalar_subquery()
    )


_ENTERED = (
    sa.select(
        models.WorkKey.work_id,
        models.EnteredGrant.scope,
        models.EnteredGrant.value,
        models.EnteredGrant.valid_from,
        models.EnteredGrant.valid_until,
        models.EnteredGrant.role,
        models.EnteredGrant.policy,
        models.EnteredGrant.concurrent,
        models.EnteredGrant.pool,
        taken().label("taken"),
    )
    .join(models.EnteredGrant, models.EnteredGrant.key == models.WorkKey.key)
    .where(in_list(models.WorkKey.work_id.expression, "works"))
    .order_by(models.EnteredGrant.id)
)


def ids_parameter(values: Collection[int]) -> str:
    """Ids for `in_list`; numbers that can be no id are left out."""
    return json_list([value for value in values if _fits(value)])


def _bounded(limit: int) -> int:
    return max(1, min(limit, MAX_PAGE))


def _fits(number: int) -> bool:
    """Whether a number typed by somebody can be an id in either database."""
    return 0 <= number < 2**31
