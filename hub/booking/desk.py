"""What is to be done at the desk of a site today."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.booking import blocks, house
from hub.models import Booking

MOST = 200
"""Bookings in each list."""


@dataclass(frozen=True, slots=True)
class Today:
    """The lists of one day, what comes first before."""

    pickups: Sequence[Booking]
    returns: Sequence[Booking]
    overdue: Sequence[Booking]


class Counts(NamedTuple):
    """How much of the day's work there is."""

    requested: int
    overdue: int
    returns: int
    pickups: int


def counts(session: Session, site: str, now: datetime) -> Counts:
    """What is to be decided, was due before, is due back and is to be handed out, in one look."""
    calendar = house.calendar(session, site)
    day = calendar.at(calendar.day(now), time(0))
    tomorrow = calendar.at(calendar.day(now) + timedelta(days=1), time(0))
    out = Booking.state == "handed_out"
    columns = (
        Booking.state == "requested",
        sa.and_(out, Booking.ends_at < day),
        sa.and_(out, Booking.ends_at >= day, Booking.ends_at < tomorrow),
        sa.and_(Booking.state == "confirmed", Booking.starts_at < tomorrow),
    )
    row = session.execute(
        sa.select(*(sa.func.count(sa.case((one, 1))) for one in columns)).where(
            Booking.site_key == site,
            sa.not_(blocks.IS_BLOCK),
            Booking.state.in_(("requested", "confirmed", "handed_out")),
        )
    ).one()
    return Counts._make(row)


def today(session: Session, site: str, now: datetime) -> Today:
    """What is to be handed out or takes place, what is due back, and what was due before."""
    calendar = house.calendar(session, site)
    day = calendar.at(calendar.day(now), time(0))
    tomorrow = calendar.at(calendar.day(now) + timedelta(days=1), time(0))

    def rows(state: str, *conditions: sa.ColumnElement[bool]) -> Sequence[Booking]:
        order = Booking.ends_at if state == "handed_out" else Booking.starts_at
        return session.scalars(
            sa.select(Booking)
            .where(
                Booking.site_key == site,
                sa.not_(blocks.IS_BLOCK),
                Booking.state == state,
                *conditions,
            )
            .order_by(order, Booking.id)
            .limit(MOST)
        ).all()

    return Today(
        rows("confirmed", Booking.starts_at < tomorrow),
        rows("handed_out", Booking.ends_at >= day, Booking.ends_at < tomorrow),
        rows("handed_out", Booking.ends_at < day),
    )
