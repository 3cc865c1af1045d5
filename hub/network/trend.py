"""How many offers the network had day by day, from what each site had when it was last read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import models
from hub.records import Kind


@dataclass(frozen=True, slots=True)
class Day:
    """A day (UTC) at its end: live offers, and how many sites they come from."""

    day: date
    number: int
    sites: int


def trend(
    session: Session,
    first: date,
    last: date,
    *,
    kind: Kind | None = None,
    site: str | None = None,
) -> list[Day]:
    """Every day from `first` to `last` since something is known; days without a reading keep
    what was known before, because a site offers on while it is not read."""
    query = _DAYS.where(_day.day <= last)
    if site is not None:
        query = query.where(_day.site_key == site)
    known: dict[str, int] = {}
    found = []
    readings = groupby(session.execute(query), key=lambda row: row.day)
    for day, rows in _every_day(readings, last):
        read: dict[str, int] = {}
        for row in rows:  # of every kind: a site that was read may have none of this one any more
            counts = kind is None or row.kind == kind
            read[row.site_key] = read.get(row.site_key, 0) + (row.number if counts else 0)
        known.update(read)
        if day >= first and known:
            have = [number for number in known.values() if number]
            found.append(Day(day, sum(have), len(have)))
    return found


def _every_day(
    readings: Iterator[tuple[date, Iterator[sa.Row[*tuple[object, ...]]]]], last: date
) -> Iterator[tuple[date, list[sa.Row[*tuple[object, ...]]]]]:
    """The days with readings, and those between them and up to the last without any."""
    following: date | None = None
    for day, rows in readings:
        while following is not None and following < day:
            yield following, []
            following += timedelta(days=1)
        yield day, list(rows)
        following = day + timedelta(days=1)
    while following is not None and following <= last:
        yield following, []
        following += timedelta(days=1)


_day = models.OfferDay
_DAYS = sa.select(_day.day, _day.site_key, _day.kind, _day.number).order_by(_day.day)
