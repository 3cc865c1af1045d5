"""Dead links of a source: a plugin of the site asks the addresses, a report keeps what it found.

One job looks at a limited number of addresses and the next one goes on behind them, so that no
server is asked much at once and all have their turn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson
import sqlalchemy as sa

from hub.errors import PluginError
from hub.jobs import reports
from hub.models import Offer, SourceReport
from hub.runtime import Hub
from hub.site import Site

TASK = "links"
AT_ONCE = 500
"""Records that one job looks at."""
LOT = 5
"""Addresses handed over in one call."""
DEADLINE = 150.0
"""Seconds for a call."""
MOST_DEAD = 2_000


class Unchecked(Exception):
    """The addresses could not be looked at; the message says why."""


def checker(site: Site) -> str:
    """The plugin of the site that looks at addresses; empty where none is switched on."""
    return next((n for n in sorted(site.plugins) if site.implements(n, "catalogue_links")), "")


def run(hub: Hub, key: str, plugin: str, check: Callable[[], None]) -> str:
    """Look at the next addresses of a source; returns how it went. Raises `Unchecked`."""
    site = hub.sites.site(key)
    by = checker(site)
    if not by:
        raise Unchecked("No plugin that checks links is switched on at this site.")
    with hub.db.read() as session:
        row = session.get(SourceReport, (key, plugin, TASK))
        before: Mapping[str, Any] = row.data if row else {}
    found, last, ended = _next(hub, key, plugin, int(before.get("after", 0)))
    dead = {one["source_id"]: one for one in before.get("dead", [])}
    live = _live(hub, key, plugin)
    addresses = list(found.items())
    for start in range(0, len(addresses), LOT):
        check()
        lot = addresses[start : start + LOT]
        try:
            answer = site.one(
                by, "catalogue_links", deadline=DEADLINE, addresses=[url for _, url in lot]
            )
        except PluginError as error:
            raise Unchecked(str(error)) from error
        why = answer if isinstance(answer, Mapping) else {}
        for source_id, url in lot:
            dead.pop(source_id, None)
            if url in why:
                said = str(why[url])[:300]
                dead[source_id] = {"source_id": source_id, "url": url, "reason": said}
    kept = [one for name, one in dead.items() if name in live][:MOST_DEAD]
    with hub.db.write() as session:
        reports.write(
            session, key, plugin, TASK,
            {"ended": True, "after": 0 if ended else last, "checked": len(found), "dead": kept},
        )  # fmt: skip
    return f"{len(found)} addresses checked, {len(kept)} dead links known."


def _next(hub: Hub, site: str, plugin: str, after: int) -> tuple[dict[str, str], int, bool]:
    """The addresses of the next records by source id, the last record's number, and whether it
    was the source's last."""
    with hub.db.read() as session:
        rows = session.execute(
            sa.select(Offer.id, Offer.source_id, Offer.record)
            .where(*_mine(site, plugin), Offer.id > after)
            .order_by(Offer.id)
            .limit(AT_ONCE)
        ).all()
    found = {row.source_id: url for row in rows if (url := orjson.loads(row.record).get("url"))}
    return found, rows[-1].id if rows else 0, len(rows) < AT_ONCE


def _live(hub: Hub, site: str, plugin: str) -> set[str]:
    with hub.db.read() as session:
        return set(session.scalars(sa.select(Offer.source_id).where(*_mine(site, plugin))))


def _mine(site: str, plugin: str) -> Iterator[sa.ColumnElement[bool]]:
    yield Offer.site_key == site
    yield Offer.plugin == plugin
    yield Offer.withdrawn_at.is_(None)
