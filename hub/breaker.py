"""Pauses for sources that fail when they are asked live or told of a booking.

All processes know them. A source is a plugin at a site. After `PATIENCE` failures in a row nobody
asks it for a minute; then the next one who asks tries it again, and each further failure doubles
the pause.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.models import Breaker
from hub.models.base import UtcDateTime

PATIENCE = 3
"""Failures in a row before the first pause."""
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(minutes=30)
BELIEVED = LONGEST_PAUSE + timedelta(minutes=1)
"""A pause that would last longer was made by a clock that was ahead, and holds nobody back."""

Source = tuple[str, str]
"""Site key and plugin."""


@dataclass(frozen=True, slots=True)
class Paused:
    """A source that nobody asks before `until`."""

    site: str
    plugin: str
    failures: int
    until: datetime


def failing(session: Session) -> set[Source]:
    """The sources that failed the last time they were asked, paused or not."""
    return {(row.site_key, row.plugin) for row in session.scalars(sa.select(Breaker))}


def paused(session: Session, now: datetime) -> tuple[Paused, ...]:
    """The sources that are not to be asked now."""
    rows = session.scalars(
        sa.select(Breaker)
        .where(Breaker.open_until > now, Breaker.open_until <= now + BELIEVED)
        .order_by(Breaker.site_key, Breaker.plugin)
    )
    return tuple(
        Paused(row.site_key, row.plugin, row.failures, row.open_until)
        for row in rows
        if row.open_until is not None
    )


def until(session: Session, source: Source, now: datetime) -> datetime | None:
    """Until when nobody asks this source; None where it may be asked."""
    return session.scalar(
        sa.select(Breaker.open_until).where(
            Breaker.site_key == source[0],
            Breaker.plugin == source[1],
            Breaker.open_until > now,
            Breaker.open_until <= now + BELIEVED,
        )
    )


def note(
    session: Session, now: datetime, *, failed: Collection[Source], answered: Collection[Source]
) -> None:
    """Remember who answered and who did not.

    Of several requests that fail while a source is being paused, one counts: the pause grows with
    time, not with the number of visitors.
    """
    for site, plugin in sorted(answered):
        session.execute(_forget, {"site": site, "plugin": plugin})
    for site, plugin in sorted(failed):
        source = {"site": site, "plugin": plugin, "now": now, "believed": now + BELIEVED}
        failures = session.scalar(_fail, source)
        if failures is not None and failures >= PATIENCE:
            session.execute(_pause, {**source, "until": now + _pause_after(failures)})


def _pause_after(failures: int) -> timedelta:
    doublings = min(failures - PATIENCE, 10)
    return min(FIRST_PAUSE * int(2**doublings), LONGEST_PAUSE)


_forget = sa.text("DELETE FROM breaker WHERE site_key = :site AND plugin = :plugin")
_fail = sa.text(
    "INSERT INTO breaker (site_key, plugin, failures) VALUES (:site, :plugin, 1)"
    " ON CONFLICT (site_key, plugin) DO UPDATE SET failures = breaker.failures + 1"
    " WHERE breaker.open_until IS NULL OR breaker.open_until <= :now"
    " OR breaker.open_until > :believed"
    " RETURNING failures"
).bindparams(sa.bindparam("now", type_=UtcDateTime), sa.bindparam("believed", type_=UtcDateTime))
_pause = sa.text(
    "UPDATE breaker SET open_until = :until WHERE site_key = :site AND plugin = :plugin"
).bindparams(sa.bindparam("until", type_=UtcDateTime))
