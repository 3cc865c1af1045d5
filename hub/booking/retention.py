"""What a booking says about a person ends: 12 months after its end, or when the person is erased.

The booking itself stays, as a number in the statistics of its centre.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.booking import cart, progress
from hub.booking.progress import OPEN
from hub.models import Booking, BookingEvent, BookingKey, Case, CaseNote, ReplyAddress

KEPT = timedelta(days=365)
IN_VAIN = timedelta(days=30)
"""What nothing came of: a request nobody answered, a place on a waiting list."""
KEYS = timedelta(days=30)
"""How long a form that was sent can be recognised."""


def on_loan(session: Session, person_id: int) -> list[tuple[str, str, str]]:
    """What a person has not brought back: key of the site, title and reference."""
    rows = session.execute(
        sa.select(Booking.site_key, Booking.title, Booking.reference)
        .where(Booking.person_id == person_id, Booking.state == "handed_out")
        .order_by(Booking.ends_at, Booking.id)
    )
    return [(site, title, reference) for site, title, reference in rows]


def forget_person(session: Session, person_id: int, now: datetime) -> int:
    """Give up what a person has reserved in the ledger, also where the plugin is no longer there
    to be asked, and take out of all their bookings what is about them; returns how many."""
    cart.empty(session, person_id, now)
    for row in session.scalars(
        sa.select(Booking).where(
            Booking.person_id == person_id,
            Booking.state.in_(OPEN - {"handed_out"}),
        )
    ):
        progress.advance(session, row, "cancelled", "", now)
    return _forget(session, Booking.person_id == person_id)


def forget_old(session: Session, now: datetime) -> int:
    """The same for everybody's bookings that ended long ago, and for old keys of forms."""
    session.execute(sa.delete(BookingKey).where(BookingKey.created_at < now - KEYS))
    over = sa.and_(Booking.person_id.is_not(None), Booking.state.not_in(OPEN))
    return _forget(
        session,
        sa.and_(over, Booking.ends_at < now - KEPT, Booking.changed_at < now - KEPT),
    ) + _forget(
        session,
        sa.and_(over, Booking.state == "expired", Booking.ends_at < now - IN_VAIN),
    )


def _forget(session: Session, which: sa.ColumnElement[bool]) -> int:
    numbers = session.scalars(sa.select(Booking.id).where(which)).all()
    session.execute(
        sa.update(BookingEvent)
        .where(BookingEvent.booking_id.in_(numbers))
        .values(actor="", note="")
    )
    for model in (CaseNote, Case, ReplyAddress):
        session.execute(sa.delete(model).where(model.booking_id.in_(numbers)))
    session.execute(
        sa.update(Booking)
        .where(Booking.id.in_(numbers))
        .values(person_id=None, note="", reason="", answers={}, bundle="")
    )
    return len(numbers)
