"""The cart: things of several centres, held for a while, then booked centre by centre.

What lies in a cart is a booking in the state `cart`. Its holds in the ledger end by themselves
(`Hold.expires_at`), at that moment and in every look at the ledger; after that it still lies there
and can be booked, if it is still free. `tidy` only serves those who wait for it, and throws away
what nobody has touched for long.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.booking import house, ledger, progress, waiting
from hub.booking.errors import (
    AgainstRules,
    BookingError,
    Full,
    KeyReused,
    NotNow,
    Refusal,
    Unbookable,
)
from hub.booking.intervals import Stretch
from hub.booking.progress import Entry
from hub.booking.rules import Rules
from hub.booking.states import AWAITED, CART
from hub.booking.steps import LONGEST_TEXT, note, step
from hub.db import Database
from hub.models import Bookable, Booking, Hold
from hub.records import Kind

TASK = "carts"
HELD = timedelta(minutes=30)
"""How long something is held, and by how much longer once."""
KEPT = timedelta(days=7)
"""How long something lies in a cart that nobody touches."""
MOST = 50
"""Things in one cart."""
KINDS = frozenset({*house.BY_DAY, Kind.ROOM, Kind.TRAINING})
"""What can lie in a cart; requests are sent one by one."""


class Refused(BookingError):
    """A centre refuses some of what was to be booked there, so it booked none of it: `reasons` by
    the reference of the line."""

    def __init__(self, reasons: dict[str, BookingError]) -> None:
        super().__init__(f"{len(reasons)} refused")
        self.reasons = reasons


@dataclass(frozen=True, slots=True)
class Line:
    """Something in a cart."""

    row: Booking
    until: datetime | None
    """Until when it is held; None when it is not, any more."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What is said of all that is booked at one centre."""

    institution: int | None
    fulfilment: str
    note: str = ""
    """For the lines that have none of their own."""


def holds(row: Bookable) -> bool:
    """Whether something can lie in a cart: what is limited, of these kinds."""
    return row.capacity is not None and row.kind in KINDS


def put(db: Database, entry: Entry, key: str, actor: str, now: datetime) -> str:
    """Put something in, once per key; returns its reference.

    Raises `Full`, `AgainstRules` for more than `MOST`, `Unbookable`, or `KeyReused`, also where it
    was booked since.
    """
    assert entry.person_id is not None
    with db.read() as session:
        row = session.get(Bookable, entry.bookable_id)
        if row is None or not holds(row):
            raise Unbookable("cart")
        if count(session, entry.person_id) >= MOST:
            raise AgainstRules([Refusal("cart", MOST)])
    held = replace(entry, state=CART, held_until=now + HELD, wait=False)
    number, made = progress.create(db, held, key, actor, now)
    with db.read() as session:
        lies = session.get(Booking, number)
        if lies is None or (lies.state != CART and not made):
            raise KeyReused
        return lies.reference


def count(session: Session, person_id: int) -> int:
    """How many things lie in the cart of a person."""
    return session.scalar(_of(person_id).with_only_columns(sa.func.count())) or 0


def lines(session: Session, person_id: int, now: datetime) -> list[Line]:
    """What lies in the cart of a person, in the order in which it was put in."""
    until = (
        sa.select(sa.func.min(Hold.expires_at))
        .where(Hold.booking_id == Booking.id, Hold.expires_at > now)
        .scalar_subquery()
    )
    rows = session.execute(_of(person_id).add_columns(until).order_by(Booking.id))
    return [Line(row, ends) for row, ends in rows]


def find(session: Session, person_id: int, reference: str) -> Booking | None:
    """One thing in the cart of a person."""
    return session.scalar(_of(person_id).where(Booking.reference == reference))


def problem(session: Session, line: Line, now: datetime) -> BookingError | None:
    """Why this could not be booked as it lies there; None where all is well."""
    row = line.row
    try:
        _check(session, row, Stretch(row.starts_at, row.ends_at), row.quantity, now)
    except BookingError as error:
        return error
    if line.until is not None or row.bookable_id is None:
        return None
    time = Stretch(row.starts_at, row.ends_at)
    free = ledger.free(session, [row.bookable_id], time, now, own=row.id).get(row.bookable_id)
    if free is None or free >= row.quantity:
        return None
    others = ledger.alternatives(session, row.bookable_id, time, row.quantity, now)
    return Full(free, others)


def change(session: Session, row: Booking, time: Stretch, quantity: int, now: datetime) -> None:
    """Give something in the cart another time or number, held as long as before, or anew where it
    was held no more. Raises `AgainstRules`, `Full` or `NotNow`, then nothing changed."""
    bookable_id = _lying(row)
    ledger.check(time, quantity)
    _check(session, row, time, quantity, now)
    waiting.lock(session, bookable_id)
    until = waiting.deadline(session, row.id)
    if until is None or until <= now:
        until = now + HELD
    _take(session, row, time, quantity, now, until)
    row.starts_at, row.ends_at, row.quantity, row.changed_at = *time, quantity, now
    session.flush()
    waiting.settle(session, row.site_key, bookable_id, now)


def hold_longer(session: Session, person_id: int, now: datetime) -> list[str]:
    """Hold everything for a while more that was not held longer before, or is held no more;
    returns the titles of what is no longer free."""
    rows = [
        one.row
        for one in lines(session, person_id, now)
        if one.until is None or not one.row.extensions
    ]
    waiting.lock(session, *(row.bookable_id for row in rows if row.bookable_id is not None))
    gone = []
    for row in rows:
        try:
            _take(
                session,
                row,
                Stretch(row.starts_at, row.ends_at),
                row.quantity,
                now,
                now + HELD,
            )
        except BookingError:
            gone.append(row.title)
            continue
        row.extensions, row.changed_at = 1, now
    return gone


def remove(session: Session, row: Booking, now: datetime) -> None:
    """Take something out of the cart, so that others can have it."""
    bookable_id, site = _lying(row), row.site_key
    waiting.lock(session, bookable_id)
    deleted = session.execute(sa.delete(Booking).where(Booking.id == row.id, Booking.state == CART))
    if not deleted.rowcount:  # type: ignore[attr-defined]
        raise NotNow(row.state)
    waiting.settle(session, site, bookable_id, now)


def book(
    session: Session,
    person_id: int,
    site: str,
    references: Collection[str],
    terms: Terms,
    actor: str,
    now: datetime,
) -> None:
    """Book these things in the cart at one site, all or nothing; what no longer lies there is left
    as it is, so that a second click does nothing.

    Raises `Refused`; then the transaction must not commit.
    """
    chosen = _of(person_id).where(Booking.site_key == site, Booking.reference.in_(references))
    waiting.lock(session, *session.scalars(chosen.with_only_columns(Booking.bookable_id)))
    # Whoever was in front of the lock may have booked them by now.
    rows = session.scalars(
        chosen.order_by(Booking.id).execution_options(populate_existing=True)
    ).all()
    reasons: dict[str, BookingError] = {}
    for row in rows:
        reference = row.reference
        try:
            _book(session, row, terms, rows[0].reference, actor, now)
        except BookingError as error:
            reasons[reference] = error
    if reasons:
        raise Refused(reasons)


def bundles(session: Session, person_id: int, references: Collection[str]) -> list[str]:
    """The bundles in which these were booked, of those that this person did."""
    return list(
        session.scalars(
            sa.select(Booking.bundle)
            .where(
                Booking.person_id == person_id,
                Booking.reference.in_(references),
                Booking.bundle != "",
            )
            .distinct()
            .order_by(Booking.bundle)
        )
    )


def together(session: Session, row: Booking) -> Sequence[Booking]:
    """The others that the same person booked in the same go at the same site."""
    if not row.bundle:
        return []
    return session.scalars(
        sa.select(Booking)
        .where(
            Booking.site_key == row.site_key,
            Booking.bundle == row.bundle,
            Booking.person_id == row.person_id,
            Booking.id != row.id,
        )
        .order_by(Booking.id)
    ).all()


def empty(session: Session, person_id: int, now: datetime) -> None:
    """Throw away all that lies in the cart of a person."""
    for row in session.scalars(_of(person_id)).all():
        remove(session, row, now)


def is_due(session: Session, now: datetime) -> bool:
    """Whether something is held no more, or lies there for too long."""
    due = sa.or_(Hold.expires_at <= now, Booking.changed_at < now - KEPT)
    return bool(
        session.scalars(
            sa.select(Booking.id)
            .outerjoin(Hold, Hold.booking_id == Booking.id)
            .where(Booking.state == CART, due)
            .limit(1)
        ).first()
    )


def tidy(db: Database, now: datetime, check: Callable[[], None]) -> str:
    """Offer what is held no more to those who wait for it, and throw away what lies too long;
    returns how it went."""
    lapsed = sa.select(Booking).where(
        Booking.state == CART,
        sa.exists().where(Hold.booking_id == Booking.id, Hold.expires_at <= now),
    )
    old = sa.select(Booking).where(Booking.state == CART, Booking.changed_at < now - KEPT)
    with db.read() as session:
        freed = {(row.site_key, row.bookable_id) for row in session.scalars(lapsed)}
        thrown = session.scalars(old.with_only_columns(Booking.id)).all()
    for site, bookable_id in sorted(freed, key=str):
        check()
        with db.write(queued=True) as session:
            assert bookable_id is not None
            waiting.lock(session, bookable_id)
            which = lapsed.where(Booking.bookable_id == bookable_id).with_only_columns(Booking.id)
            session.execute(
                sa.delete(Hold).where(Hold.booking_id.in_(which), Hold.expires_at <= now)
            )
            waiting.settle(session, site, bookable_id, now)
    for number in thrown:
        check()
        with db.write(queued=True) as session:
            row = session.scalar(old.where(Booking.id == number))
            if row is not None:
                remove(session, row, now)
    return f"{len(freed)} things freed, {len(thrown)} thrown away."


def _of(person_id: int) -> sa.Select[Booking]:
    return sa.select(Booking).where(Booking.person_id == person_id, Booking.state == CART)


def _lying(row: Booking) -> int:
    if row.state != CART or row.bookable_id is None:
        raise NotNow(row.state)
    return row.bookable_id


def _check(
    session: Session, row: Booking, time: Stretch, quantity: int, now: datetime
) -> tuple[house.Standing, Rules]:
    """As whom the person would book it, and under which rules; raises `AgainstRules`."""
    assert row.person_id is not None
    fixed = session.scalar(sa.select(Bookable.starts_at).where(Bookable.id == row.bookable_id))
    standing, rules, refusals = house.refusals(
        session,
        row.site_key,
        row.kind,
        row.person_id,
        row.institution_id,
        time,
        quantity,
        now,
        fixed=fixed is not None,
    )
    if refusals:
        raise AgainstRules(refusals)
    return standing, rules


def _take(
    session: Session,
    row: Booking,
    time: Stretch,
    quantity: int,
    now: datetime,
    until: datetime | None,
) -> None:
    """Hold it; raises `Full` with alternatives."""
    bookable_id = _lying(row)
    try:
        ledger.take(session, row.id, bookable_id, time, quantity, now, expires_at=until)
    except Full as full:
        others = ledger.alternatives(session, bookable_id, time, quantity, now)
        raise Full(full.free, others) from None


def _book(
    session: Session, row: Booking, terms: Terms, bundle: str, actor: str, now: datetime
) -> None:
    row.institution_id = terms.institution
    session.flush()
    time = Stretch(row.starts_at, row.ends_at)
    standing, rules = _check(session, row, time, row.quantity, now)
    _take(session, row, time, row.quantity, now, None)
    row.institution_id = terms.institution if standing.registered else None
    row.borrower = standing.borrower
    row.head = AWAITED if rules.head and standing.registered else ""
    row.fulfilment = terms.fulfilment if row.kind in house.BY_DAY else row.fulfilment
    row.note = row.note or terms.note[:LONGEST_TEXT]
    row.bundle, row.extensions, row.created_at = bundle, 0, now
    session.flush()
    step(session, row, CART, rules.first_state, "", now)
    note(session, row.id, rules.first_state, actor, "", now)
    session.expire(row)
