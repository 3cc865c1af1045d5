"""Who took part in a course: the list of those who have a seat, and ticking who came."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.booking import progress
from hub.booking.errors import Unbookable
from hub.models import Bookable, Booking, BookingContact, Institution

CAME, MISSING = "returned", "no_show"


@dataclass(frozen=True, slots=True)
class Seat:
    """One booking on the list, with the name that the person left at the centre."""

    reference: str
    name: str
    institution: str
    email: str
    quantity: int
    came: bool | None
    """None where it was not ticked yet."""


def seats(session: Session, row: Bookable) -> list[Seat]:
    """All who have a seat, by name; who is forgotten by now stands there without one."""
    found = session.execute(
        sa.select(Booking, BookingContact, Institution.name)
        .outerjoin(
            BookingContact,
            sa.and_(
                BookingContact.person_id == Booking.person_id,
                BookingContact.site_key == Booking.site_key,
            ),
        )
        .outerjoin(Institution, Institution.id == Booking.institution_id)
        .where(
            Booking.site_key == row.site_key,
            Booking.bookable_id == row.id,
            Booking.state.in_(("confirmed", CAME, MISSING)),
        )
        .order_by(sa.func.lower(BookingContact.name), Booking.id)
    )
    return [
        Seat(
            reference=booking.reference,
            name=contact.name if contact else "",
            institution=institution or "",
            email=contact.email if contact else "",
            quantity=booking.quantity,
            came=None if booking.state == "confirmed" else booking.state == CAME,
        )
        for booking, contact, institution in found
    ]


def tick(session: Session, row: Bookable, came: Collection[str], actor: str, now: datetime) -> None:
    """Note who came, by reference; all others did not. What was ticked before is changed where it
    differs. Raises `Unbookable` before the course has begun."""
    if row.starts_at is None or now < row.starts_at:
        raise Unbookable("early")
    bookings = session.scalars(
        sa.select(Booking)
        .where(
            Booking.site_key == row.site_key,
            Booking.bookable_id == row.id,
            Booking.state.in_(("confirmed", CAME, MISSING)),
        )
        .order_by(Booking.id)
    ).all()
    for booking in bookings:
        state = CAME if booking.reference in came else MISSING
        if booking.state not in ("confirmed", state):
            progress.undo(session, booking, actor, now)
        if booking.state == "confirmed":
            progress.advance(session, booking, state, actor, now)
