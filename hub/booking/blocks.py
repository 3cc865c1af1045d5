"""Times in which something cannot be booked, such as a room that is painted.

A blocked time is a booking of nobody in the ledger: it collides with bookings as they do with each
other, and of a divided room it takes the parts, as of a part the whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.booking import ledger, progress
from hub.booking.errors import Unbookable
from hub.booking.intervals import Stretch
from hub.booking.progress import Entry
from hub.db import Database
from hub.models import Bookable, Booking

IS_BLOCK = sa.and_(Booking.person_id.is_(None), Booking.borrower == "")
"""Bookings of people say which class of borrower they are, also when the person is forgotten."""


def block(
    db: Database, row: Bookable, time: Stretch, reason: str, key: str, actor: str, now: datetime
) -> None:
    """Let nobody book this in that time, once per key. Raises `Full` where somebody has, or
    `Unbookable`."""
    ledger.check(time, 1)
    if time.end <= now:
        raise Unbookable("past")
    entry = Entry(
        site=row.site_key,
        plugin=row.plugin,
        bookable_id=row.id,
        kind=row.kind,
        title=row.title,
        time=time,
        quantity=row.capacity or 1,
        state="confirmed",
        note=reason,
    )
    progress.create(db, entry, f"block:{key}", actor, now)


def coming(session: Session, row: Bookable, now: datetime) -> Sequence[Booking]:
    """The blocked times that are not over yet, the next one first."""
    return session.scalars(
        sa.select(Booking)
        .where(
            Booking.site_key == row.site_key,
            Booking.bookable_id == row.id,
            Booking.state == "confirmed",
            Booking.ends_at > now,
            IS_BLOCK,
        )
        .order_by(Booking.starts_at, Booking.id)
    ).all()


def lift(session: Session, row: Bookable, reference: str, actor: str, now: datetime) -> bool:
    """Free a blocked time again; False where there is none under this reference."""
    booking = session.scalar(
        sa.select(Booking).where(
            Booking.site_key == row.site_key,
            Booking.bookable_id == row.id,
            Booking.reference == reference,
            IS_BLOCK,
        )
    )
    if booking is None:
        return False
    if booking.state == "confirmed":
        progress.advance(session, booking, "cancelled", actor, now)
    return True
