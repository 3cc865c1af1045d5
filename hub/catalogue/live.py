"""Live search: sources that may not be harvested answer beside the index.

Only plugins are asked that have the hook `catalogue_search` and whose configuration at the site
switches it on (`live_search = true`). Their hits are never stored; what the index holds already
is left out. A source that fails again and again is paused (`hub.breaker`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from hub import breaker, models
from hub.catalogue import normalise
from hub.containment import Failure, FailureKind
from hub.db import Database, in_list, json_list
from hub.records import Record
from hub.site import Site
from hub.sites import SiteManager

HOOK = "catalogue_search"
SWITCH = "live_search"
"""The key of a plugin's configuration that switches it on."""
DEADLINE = 2.0
"""Seconds in which a source must answer."""
MOST_SITES = 3
"""How many sites are asked for one search."""
LIMIT = 10
"""Hits that each source is asked for."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Source:
    """A plugin at a site."""

    site: str
    plugin: str


@dataclass(frozen=True, slots=True)
class LiveHit:
    """A hit that the index does not hold, and the sources that gave it, the first one's record."""

    record: Record
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class LiveResults:
    """What the sources said."""

    hits: tuple[LiveHit, ...] = ()
    known: int = 0
    """Further hits, which the index holds already."""
    answered: tuple[Source, ...] = ()
    failed: Mapping[Source, FailureKind] = field(default_factory=dict)
    paused: Mapping[Source, datetime] = field(default_factory=dict)
    """Not asked, because they failed too often; when they are asked again."""


def sources(sites: SiteManager, chosen: Collection[str]) -> tuple[Source, ...]:
    """What would be asked: at the chosen sites or, without a choice, the Landesmedienzentren."""
    rows = [
        row for row in sites.directory() if (row.key in chosen if chosen else row.kind == "state")
    ]
    found: list[Source] = []
    asked = 0
    for row in rows:
        if any(one.config.get(SWITCH) is True for one in sites.enabled(row.key)):
            live = _live_plugins(sites.site(row.key))
            found += live
            asked += bool(live)
        if asked == MOST_SITES:
            break
    return tuple(found)


def _live_plugins(site: Site) -> list[Source]:
    return [
        Source(site.key, name)
        for name, plugin in site.plugins.items()
        if plugin.config.get(SWITCH) is True and site.implements(name, HOOK)
    ]


def search(
    db: Database, sites: SiteManager, asked: Sequence[Source], text: str, now: datetime
) -> LiveResults:
    """Ask the sources, all at once; takes at most `DEADLINE` seconds and what the index costs."""
    with db.read() as session:
        pauses = {Source(one.site, one.plugin): one.until for one in breaker.paused(session, now)}
        failing = breaker.failing(session)
    paused = {source: pauses[source] for source in asked if source in pauses}
    wanted = [source for source in asked if source not in paused]
    answers, failures = _ask(sites, wanted, text)
    down = {s for s, failure in failures.items() if failure.kind is not FailureKind.REJECTED}
    healed = {(s.site, s.plugin) for s in answers} & failing
    if down or healed:
        with db.write() as session:
            breaker.note(session, now, failed={(s.site, s.plugin) for s in down}, answered=healed)
    for source, failure in failures.items():
        log.warning("live.failed", site=source.site, plugin=source.plugin, kind=failure.kind.value)
    hits = _hits(answers)
    with db.read() as session:
        held = _held(session, hits)
    return LiveResults(
        hits=tuple(hit for hit in hits if not _is_held(hit, held)),
        known=sum(_is_held(hit, held) for hit in hits),
        answered=tuple(answers),
        failed={source: failure.kind for source, failure in failures.items()},
        paused=paused,
    )


def _ask(
    sites: SiteManager, wanted: Sequence[Source], text: str
) -> tuple[dict[Source, list[Record]], dict[Source, Failure]]:
    by_site: dict[str, set[str]] = defaultdict(set)
    for source in wanted:
        by_site[source.site].add(source.plugin)
    if not by_site:
        return {}, {}

    def ask(key: str) -> tuple[dict[str, Any], dict[str, Failure]]:
        return sites.site(key).each(
            HOOK, deadline=DEADLINE, only=by_site[key], query=text, limit=LIMIT
        )

    with ThreadPoolExecutor(len(by_site)) as threads:
        outcomes = dict(zip(by_site, threads.map(ask, by_site), strict=True))
    answers, failures = {}, {}
    for source in wanted:
        results, failed = outcomes[source.site]
        if source.plugin in failed:
            failures[source] = failed[source.plugin]
        elif isinstance(results.get(source.plugin), list | tuple):
            answers[source] = _fit(results[source.plugin])
        else:
            failures[source] = Failure(FailureKind.DEFECT, "It gave something else than a list.")
    return answers, failures


def _fit(records: Iterable[Any]) -> list[Record]:
    """What can be shown; the rest is no hit, and nothing is lost by leaving it out."""
    fit = []
    for record in records:
        try:
            fit.append(normalise.normalise(record))
        except Exception:
            continue
    return fit[:LIMIT]


def _hits(answers: Mapping[Source, Sequence[Record]]) -> list[LiveHit]:
    """Each thing once, best of all sources first."""
    ranked = [
        (rank, source, record)
        for source, records in answers.items()
        for rank, record in enumerate(records)
    ]
    found: list[LiveHit] = []
    place: dict[str, int] = {}
    for _, source, record in sorted(ranked, key=lambda item: item[0]):
        keys = normalise.match_keys(record)
        known = next((place[key] for key in keys if key in place), None)
        if known is None:
            known = len(found)
            found.append(LiveHit(record, (source,)))
        elif source not in found[known].sources:
            found[known] = LiveHit(found[known].record, (*found[known].sources, source))
        for key in keys:
            place.setdefault(key, known)
    return found


_known_keys = sa.select(models.WorkKey.key).where(
    in_list(models.WorkKey.key.expression, "keys"),
    sa.exists().where(
        models.Offer.work_id == models.WorkKey.work_id, models.Offer.withdrawn_at.is_(None)
    ),
)
_known_ids = sa.select(models.Offer.site_key, models.Offer.plugin, models.Offer.source_id).where(
    in_list(models.Offer.source_id.expression, "ids"),
    in_list(models.Offer.site_key.expression, "sites"),
    models.Offer.withdrawn_at.is_(None),
)


def _held(session: Session, hits: Sequence[LiveHit]) -> set[object]:
    """Match keys, and (site, plugin, source id), that live offers of the index have."""
    if not hits:
        return set()
    keys = {key for hit in hits for key in normalise.match_keys(hit.record)}
    ids = {hit.record.source_id for hit in hits}
    sites = {source.site for hit in hits for source in hit.sources}
    held: set[object] = set(session.scalars(_known_keys, {"keys": json_list(keys)}))
    rows = session.execute(_known_ids, {"ids": json_list(ids), "sites": json_list(sites)})
    held.update(tuple(row) for row in rows)
    return held


def _is_held(hit: LiveHit, held: set[object]) -> bool:
    if any(key in held for key in normalise.match_keys(hit.record)):
        return True
    return any((s.site, s.plugin, hit.record.source_id) in held for s in hit.sources)
