"""What is to be done at the desk of a site today."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.booking import blocks, house, ledger, workflow
from hub.booking.progress import NEXT
from hub.models import Bookable, BookablePart, Booking, Item

MOST = 200
"""Bookings in each list."""
AHEAD = timedelta(days=7)
"""How far the desk looks beyond today."""
AT_ITS_TIME = frozenset({"returned", "no_show"})
"""Steps of which nobody can know before the booking has begun."""


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


class Conflict(NamedTuple):
    """Something that is promised more often than it is there: from when, and by how many."""

    title: str
    since: datetime
    too_many: int


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


def conflicts(session: Session, site: str, now: datetime) -> list[Conflict]:
    """What is overbooked, because something is overdue or in repair; the most urgent first."""
    rows = {
        row.id: row for row in session.scalars(sa.select(Bookable).where(Bookable.site_key == site))
    }
    return sorted(
        (
            Conflict(rows[one].title, level.start, level.taken - (rows[one].capacity or 0))
            for one, level in ledger.overbooked(session, rows, now).items()
        ),
        key=lambda one: one.since,
    )


def following(row: Booking, now: datetime) -> frozenset[str]:
    """The states to which a booking can be brought now. Before a room or a course has begun,
    nobody took part in it; a request is over when the staff say so."""
    states = NEXT.get(row.state, frozenset())
    begun = row.state == "handed_out" or now >= row.starts_at
    return states if begun or workflow.of(row.kind) is not None else states - AT_ITS_TIME


def served_by(session: Session, item: Item, now: datetime) -> Sequence[Booking]:
    """Bookings from today to a week from now that can be handed out with this piece, the earliest
    first; none where it cannot be lent."""
    if item.state != "usable":
        return ()
    calendar = house.calendar(session, item.site_key)
    tomorrow = calendar.at(calendar.day(now) + timedelta(days=1), time(0))
    sets = sa.select(BookablePart.whole_id).where(BookablePart.part_id == item.bookable_id)
    return session.scalars(
        sa.select(Booking)
        .where(
            Booking.site_key == item.site_key,
            Booking.state == "confirmed",
            Booking.starts_at < tomorrow + AHEAD,
            sa.or_(Booking.bookable_id == item.bookable_id, Booking.bookable_id.in_(sets)),
        )
        .order_by(Booking.starts_at, Booking.id)
        .limit(MOST)
    ).all()
