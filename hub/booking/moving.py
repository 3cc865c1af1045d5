"""A person gives their own booking another time or number, as the rules allow, and takes it back.

The new time is held before the old one is let go, in one step of the ledger. What somebody had to
approve is asked for again, with the new time.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.booking import cart, house, ledger, progress
from hub.booking.errors import AgainstRules, Full, NotNow, Unbookable
from hub.booking.intervals import Stretch
from hub.booking.states import AWAITED
from hub.booking.steps import note, step
from hub.models import Bookable, Booking, BookingEvent


def may_move(booking: Booking, now: datetime) -> bool:
    """Whether its time or number can still be changed by who booked it."""
    return (
        booking.kind in cart.KINDS
        and booking.bookable_id is not None
        and booking.state in ("requested", "confirmed")
        and booking.starts_at > now
    )


def needs_approval(session: Session, booking: Booking) -> bool:
    """Whether somebody has to confirm it, so that a move is asked for anew."""
    rules = house.rules(session, booking.site_key, booking.kind, booking.borrower)
    return rules.first_state == "requested"


def move(
    session: Session, booking: Booking, time: Stretch, quantity: int, actor: str, now: datetime
) -> None:
    """Change it; raises `AgainstRules`, `Full`, `Unbookable` or `NotNow`, then nothing changed.

    Fewer at the same time is always possible. A second click changes nothing.
    """
    old = Stretch(booking.starts_at, booking.ends_at)
    if (time, quantity) == (old, booking.quantity):
        return
    if not may_move(booking, now) or booking.person_id is None:
        raise NotNow(booking.state)
    ledger.check(time, quantity)
    fixed = session.scalar(sa.select(Bookable.starts_at).where(Bookable.id == booking.bookable_id))
    if fixed is not None and time != old:
        raise Unbookable("fixed")
    standing, rules, refusals = house.refusals(
        session,
        booking.site_key,
        booking.kind,
        booking.person_id,
        booking.institution_id,
        time,
        quantity,
        now,
        fixed=fixed is not None,
        changed=booking.id,
    )
    fewer = time == old and quantity < booking.quantity
    if refusals and not fewer:
        raise AgainstRules(refusals)
    state, head = booking.state, booking.head
    _take(session, booking, time, quantity, actor, now)
    if fewer:
        return
    booking.head = AWAITED if rules.head and standing.registered else head
    session.flush()
    if state != rules.first_state == "requested":
        step(session, booking, state, "requested", "", now)
        # What is told is that it was moved, and what that means.
        note(session, booking.id, "requested", actor, "", now, announced=True)
        session.expire(booking)


def may_undo(session: Session, booking: Booking, actor: str, now: datetime) -> bool:
    """Whether the last that happened is that this person moved it."""
    return may_move(booking, now) and last_move(session, booking, actor) is not None


def undo(session: Session, booking: Booking, actor: str, now: datetime) -> None:
    """Back to the time, the number and the state of before; raises `NotNow`, or `Full` where that
    is no longer free."""
    last = last_move(session, booking, actor)
    if last is None or last.before is None or not may_move(booking, now):
        raise NotNow(booking.state)
    before, state = last.before, booking.state
    time = Stretch(*(datetime.fromisoformat(before[one]) for one in ("starts_at", "ends_at")))
    if time.start <= now:
        raise Unbookable("past")
    _take(session, booking, time, before["quantity"], actor, now, event="undone:moved")
    booking.head = before["head"]
    session.flush()
    if state != before["state"]:
        step(session, booking, state, before["state"], "", now)
        note(session, booking.id, before["state"], actor, "", now, announced=True)
        session.expire(booking)


def _take(
    session: Session,
    booking: Booking,
    time: Stretch,
    quantity: int,
    actor: str,
    now: datetime,
    event: str = "moved",
) -> None:
    try:
        progress.move(session, booking, time, quantity, actor, now, event=event)
    except Full as full:
        assert booking.bookable_id is not None
        others = ledger.alternatives(session, booking.bookable_id, time, quantity, now)
        raise Full(full.free, others) from None


def last_move(session: Session, booking: Booking, actor: str) -> BookingEvent | None:
    """The move by this person after which nothing else happened."""
    events = session.scalars(
        sa.select(BookingEvent)
        .where(BookingEvent.booking_id == booking.id)
        .order_by(BookingEvent.id.desc())
        .limit(2)
    ).all()
    if events and events[0].event == "requested" and events[0].announced_at == events[0].at:
        events = events[1:]
    last = events[0] if events else None
    return last if last is not None and (last.event, last.actor) == ("moved", actor) else None
