"""Coverage of the network: what each site offers, and how fresh it is, in few statements."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import models
from hub.catalogue import figures, offers
from hub.records import Kind

STALE_AFTER = timedelta(hours=24)
"""A source that was last read to its end longer ago than this is stale."""


class State(StrEnum):
    """How a site or source is connected; later ones need more attention."""

    CURRENT = "current"
    STALE = "stale"
    ERROR = "error"
    ABSENT = "absent"
    """Not connected: no source of it was ever read."""


@dataclass(frozen=True, slots=True)
class Source:
    """One enabled source (plugin) of a site that has been read at least once."""

    plugin: str
    state: State
    as_of: datetime | None
    """When it was last read to its end."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """One site: its state is that of its worst source, `as_of` that of its oldest."""

    site: str
    name: str
    kind: str
    """`centre` or `state` (Landesmedienzentrum)."""
    region: str
    ags: tuple[str, ...]
    counts: Mapping[Kind, int]
    """Live offers by kind; kinds without any are left out."""
    sources: tuple[Source, ...]
    state: State
    as_of: datetime | None

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def coverage(session: Session, now: datetime) -> tuple[Coverage, ...]:
    """All sites of the network in their order; four statements whatever their number."""
    counts = figures.counts(session)
    sources = _sources(session, now)
    sites = session.execute(
        sa.select(
            models.Site.key,
            models.Site.name,
            models.Site.kind,
            models.Site.region,
            models.Site.ags,
        ).order_by(models.Site.position)
    )
    return tuple(
        Coverage(
            site=site.key,
            name=site.name,
            kind=site.kind,
            region=site.region,
            ags=tuple(site.ags),
            counts=counts.get(site.key, {}),
            sources=(own := sources.get(site.key, ())),
            state=_worst(own),
            as_of=min((s.as_of for s in own if s.as_of is not None), default=None),
        )
        for site in sites
    )


def sources(session: Session, site: str, now: datetime) -> tuple[Source, ...]:
    """The sources of one site."""
    return _sources(session, now, site).get(site, ())


def _sources(
    session: Session, now: datetime, site: str | None = None
) -> dict[str, tuple[Source, ...]]:
    run, activation = models.SyncRun, models.Activation
    latest = (
        sa.select(sa.func.max(run.id))
        .where(run.state.in_(("succeeded", "held", "failed")))
        .group_by(run.site_key, run.plugin)
    )
    query = (
        sa.select(run.site_key, run.plugin, run.state)
        .join(
            activation,
            sa.and_(activation.site_key == run.site_key, activation.plugin == run.plugin),
        )
        .where(run.id.in_(latest), activation.enabled)
        .order_by(run.plugin)
    )
    if site is not None:
        query = query.where(run.site_key == site)
    as_of = offers.last_read(session, None if site is None else {site})
    found: dict[str, tuple[Source, ...]] = {}
    for key, plugin, outcome in session.execute(query):
        moment = as_of.get((key, plugin))
        source = Source(plugin, _state(outcome, moment, now), moment)
        found[key] = (*found.get(key, ()), source)
    return found


def _state(outcome: str, as_of: datetime | None, now: datetime) -> State:
    if outcome != "succeeded" or as_of is None:
        return State.ERROR
    return State.STALE if now - as_of > STALE_AFTER else State.CURRENT


def _worst(sources: Collection[Source]) -> State:
    order = list(State)
    return max((source.state for source in sources), key=order.index, default=State.ABSENT)
