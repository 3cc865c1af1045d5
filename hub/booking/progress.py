"""What becomes of a booking: made once per key, moved from state to state, undone.

Each step is one transaction: the state, what the ledger holds, and the event from which plugins,
mails and webhooks are told afterwards (`BookingEvent.announced_at`), all or nothing.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.booking import ledger, waiting
from hub.booking.errors import Full, HeadFirst, KeyReused, NotNow, Unbookable
from hub.booking.intervals import Stretch
from hub.booking.states import AWAITED, CART, HOLDING, NEXT, OPEN, STATES
from hub.booking.steps import LONGEST_TEXT, note, step
from hub.db import Database
from hub.models import BookablePart, Booking, BookingEvent, BookingKey, Elsewhere, Handover, Hold
from hub.models.base import table

__all__ = [
    "CART",
    "HOLDING",
    "LONGEST_KEY",
    "MADE",
    "NEXT",
    "OPEN",
    "STATES",
    "Entry",
    "advance",
    "create",
    "enter",
    "is_known",
    "move",
    "undo",
    "values",
]

MADE = Booking.state != CART
"""What is a booking: all but what only lies in a cart."""
LONGEST_KEY = 200
_ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
"""For references read out on the phone: nothing that looks like something else."""

_booking, _key, _part = table(Booking), table(BookingKey), table(BookablePart)
_enter_key = sa.text(
    "INSERT INTO booking_key (site_key, key, fingerprint, created_at, booking_id)"
    " VALUES (:site, :key, :fingerprint, :now, :booking) ON CONFLICT (site_key, key) DO NOTHING"
).bindparams(sa.bindparam("now", type_=_key.c.created_at.type))
_of_key = sa.select(
    sa.literal_column("'key'").label("what"),
    _key.c.booking_id.label("number"),
    sa.literal_column("0").label("quantity"),
    _key.c.fingerprint,
).where(_key.c.site_key == sa.bindparam("site"), _key.c.key == sa.bindparam("key"))
_before = sa.union_all(
    _of_key,
    sa.select(
        sa.literal_column("'part'"), _part.c.part_id, _part.c.quantity, sa.literal_column("''")
    ).where(_part.c.whole_id == sa.bindparam("bookable")),
    sa.select(
        sa.literal_column("'waiting'"),
        sa.literal_column("0"),
        sa.literal_column("0"),
        sa.literal_column("''"),
    ).where(waiting.at_site),
)
"""All that is read before a booking is made, in one statement: whether the form was sent before,
of what the bookable consists, whether anybody waits."""
_insert = sa.insert(_booking).returning(_booking.c.id)
_delete = sa.delete(_booking).where(_booking.c.id == sa.bindparam("booking"))


@dataclass(frozen=True, slots=True)
class Entry:
    """A booking to be made."""

    site: str
    plugin: str
    bookable_id: int | None
    """None where another system keeps the books."""
    kind: str
    title: str
    time: Stretch
    quantity: int = 1
    state: str = "requested"
    offer_id: int | None = None
    person_id: int | None = None
    institution_id: int | None = None
    borrower: str = ""
    fulfilment: str = "pickup"
    note: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)
    wait: bool = False
    """Where it is full, wait for it."""
    head: bool = False
    """The head of the institution confirms it first."""
    held_until: datetime | None = None
    """Until when it is held in a cart; None for what is booked."""

    def fingerprint(self) -> str:
        """The same for the same request, whatever state the rules give it."""
        asked = (
            self.site,
            self.bookable_id if self.bookable_id is not None else self.offer_id,
            *self.time,
            self.quantity,
            self.person_id,
            self.institution_id,
            self.fulfilment,
            self.note,
            sorted(self.answers.items()),
        )
        return hashlib.blake2b(orjson.dumps(asked), digest_size=16).hexdigest()


def create(db: Database, entry: Entry, key: str, actor: str, now: datetime) -> tuple[int, bool]:
    """Book, once per key: the number of the booking, and whether it was made by this call.

    Raises `Full` with alternatives, `KeyReused` or `Unbookable`.
    """
    try:
        with db.write(queued=True) as session:
            return enter(session, entry, key, actor, now)
    except Full as full:
        assert entry.bookable_id is not None
        with db.read() as session:
            others = ledger.alternatives(
                session, entry.bookable_id, entry.time, entry.quantity, now
            )
        raise Full(full.free, others) from None


def is_known(session: Session, site: str, key: str) -> bool:
    """Whether something was booked under this key."""
    return session.get(BookingKey, (site, key[:LONGEST_KEY])) is not None


def enter(session: Session, entry: Entry, key: str, actor: str, now: datetime) -> tuple[int, bool]:
    """`create` within the caller's transaction, which must not commit when it raises."""
    connection = session.connection()
    named = {
        "site": entry.site,
        "key": key[:LONGEST_KEY],
        "fingerprint": entry.fingerprint(),
        "bookable": entry.bookable_id,
        "now": now,
    }
    before = connection.execute(_before, named).all()
    known = _answer(before, named)
    if known is not None:
        return known, False
    try:
        number: int = connection.execute(_insert, values(entry, now)).scalar_one()
    except sa.exc.IntegrityError:  # what it refers to is not there
        raise Unbookable("gone") from None
    state = entry.state
    if entry.bookable_id is not None:
        if any(row.what == "waiting" for row in before):
            waiting.serve(session, entry.site, entry.bookable_id, now)
        try:
            ledger.take(
                session,
                number,
                entry.bookable_id,
                entry.time,
                entry.quantity,
                now,
                expires_at=entry.held_until,
                parts={row.number: row.quantity for row in before if row.what == "part"},
            )
        except Full:  # with the lock, so that nothing becomes free unseen
            known = _answer(connection.execute(_of_key, named), named)
            if known is not None:  # the same form took it, a moment ago
                connection.execute(_delete, {"booking": number})
                return known, False
            if not entry.wait:
                raise
            state = waiting.begin(session, number, now)
    if not connection.execute(_enter_key, {**named, "booking": number}).rowcount:
        # The same form was sent twice at once, and the other one was faster: that one counts.
        ledger.release(session, number)
        connection.execute(_delete, {"booking": number})
        known = _answer(connection.execute(_of_key, named), named)
        assert known is not None
        return known, False
    if state != CART:
        note(session, number, state, actor, "", now)
    return number, True


def _answer(rows: Iterable[Any], named: Mapping[str, Any]) -> int | None:
    """The booking that was made under this key; raises `KeyReused` where it was for another
    request."""
    for row in rows:
        if row.what == "key":
            if row.fingerprint != named["fingerprint"] or row.number is None:
                raise KeyReused
            return int(row.number)
    return None


def advance(
    session: Session,
    booking: Booking,
    state: str,
    actor: str,
    now: datetime,
    *,
    reason: str = "",
) -> None:
    """Bring a booking to the next state; raises `NotNow` where that may not follow, also when
    somebody else was faster, or `HeadFirst`. Handing out before its time takes what lies between,
    or `Full`."""
    before = booking.state
    if state not in NEXT.get(before, ()):
        raise NotNow(before)
    if state == "confirmed" and booking.head == AWAITED:
        raise HeadFirst
    if booking.bookable_id is not None and (before == "offered" or state not in HOLDING):
        waiting.lock(session, booking.bookable_id)
    step(session, booking, before, state, reason, now)
    if state not in HOLDING:
        ledger.release(session, booking.id)
    elif state == "handed_out":
        _hand_out(session, booking, now)
    elif before == "offered":
        waiting.accept(session, booking.id, now)
    note(session, booking.id, state, actor, reason, now)
    if booking.bookable_id is not None and state not in HOLDING:
        waiting.settle(session, booking.site_key, booking.bookable_id, now)
    session.expire(booking)


def undo(session: Session, booking: Booking, actor: str, now: datetime) -> None:
    """Take the last step back; raises `NotNow` where there is none, `Full` where what it held is
    no longer free."""
    steps = session.scalars(
        sa.select(BookingEvent.event)
        .where(BookingEvent.booking_id == booking.id, BookingEvent.event.in_(STATES))
        .order_by(BookingEvent.id)
    ).all()
    elsewhere = session.get(Elsewhere, booking.id)  # is not taken back here
    if len(steps) < 2 or steps[-1] != booking.state or elsewhere is not None:
        raise NotNow(booking.state)
    before, after = booking.state, _before_last(steps)
    if after == "offered":
        if before != "cancelled":
            raise NotNow(before)
        after = "waiting"  # what was offered is given to the next
    came_back = booking.changed_at
    step(session, booking, before, after, "", now)
    if after in HOLDING and before not in HOLDING:
        _take_again(session, booking, now, out=after == "handed_out")
    if before == "handed_out":
        session.execute(sa.update(Hold).where(Hold.booking_id == booking.id).values(out=False))
        session.execute(sa.delete(Handover).where(Handover.booking_id == booking.id))
    if before == "returned":
        _out_again(session, booking, came_back)
    note(session, booking.id, f"undone:{before}", actor, "", now)
    note(session, booking.id, after, actor, "", now, announced=True)
    if after == "waiting" and booking.bookable_id is not None:
        waiting.settle(session, booking.site_key, booking.bookable_id, now)
    session.expire(booking)


def move(
    session: Session,
    booking: Booking,
    time: Stretch,
    quantity: int,
    actor: str,
    now: datetime,
    *,
    event: str = "moved",
) -> None:
    """Give a booking another time or number; raises `Full` or `NotNow`, then nothing changed.

    `event` is what it is called: also `extended`, or `undone:moved`.
    """
    if booking.state not in HOLDING or booking.bookable_id is None:
        raise NotNow(booking.state)
    out = booking.state == "handed_out"
    if out and (time.start != booking.starts_at or quantity != booking.quantity):
        raise NotNow(booking.state)
    before = {
        "starts_at": booking.starts_at.isoformat(),
        "ends_at": booking.ends_at.isoformat(),
        "quantity": booking.quantity,
        "state": booking.state,
        "head": booking.head,
    }
    waiting.lock(session, booking.bookable_id)
    ledger.take(
        session,
        booking.id,
        booking.bookable_id,
        time,
        quantity,
        now,
        out=out,
        expires_at=waiting.deadline(session, booking.id),
    )
    changed = session.execute(
        sa.update(Booking)
        .where(Booking.id == booking.id, Booking.state == booking.state)
        .values(
            starts_at=time.start,
            ends_at=time.end,
            quantity=quantity,
            extensions=booking.extensions + (event == "extended"),
            changed_at=now,
        )
    )
    if not changed.rowcount:  # type: ignore[attr-defined]
        raise NotNow(booking.state)
    note(session, booking.id, event, actor, "", now, before=before)
    waiting.settle(session, booking.site_key, booking.bookable_id, now)
    session.expire(booking)


def _hand_out(session: Session, booking: Booking, now: datetime) -> None:
    if booking.bookable_id is not None and now < booking.starts_at:
        time = Stretch(now, booking.ends_at)
        ledger.take(session, booking.id, booking.bookable_id, time, booking.quantity, now, out=True)
        return
    session.execute(sa.update(Hold).where(Hold.booking_id == booking.id).values(out=True))


def _take_again(session: Session, booking: Booking, now: datetime, *, out: bool) -> None:
    if booking.bookable_id is not None:
        time = Stretch(booking.starts_at, booking.ends_at)
        ledger.take(session, booking.id, booking.bookable_id, time, booking.quantity, now, out=out)


def _out_again(session: Session, booking: Booking, came_back: datetime) -> None:
    """The pieces that came back with the step are out again, unless somebody else has one now."""
    try:
        with session.begin_nested():
            session.execute(
                sa.update(Handover)
                .where(Handover.booking_id == booking.id, Handover.back_at == came_back)
                .values(back_at=None, back_by="", lacking=[], damage="")
            )
    except sa.exc.IntegrityError:
        raise NotNow("returned") from None


def _before_last(steps: Sequence[str]) -> str:
    """The state before the present one; a state that was undone stands twice."""
    return next(state for state in reversed(steps) if state != steps[-1])


def values(entry: Entry, now: datetime) -> dict[str, Any]:
    """The row of a new booking."""
    return {
        "reference": "".join(secrets.choice(_ALPHABET) for _ in range(8)),
        "site_key": entry.site,
        "plugin": entry.plugin,
        "bookable_id": entry.bookable_id,
        "offer_id": entry.offer_id,
        "kind": entry.kind,
        "title": entry.title,
        "state": entry.state,
        "starts_at": entry.time.start,
        "ends_at": entry.time.end,
        "quantity": entry.quantity,
        "person_id": entry.person_id,
        "institution_id": entry.institution_id,
        "borrower": entry.borrower,
        "fulfilment": entry.fulfilment,
        "note": entry.note[:LONGEST_TEXT],
        "answers": dict(entry.answers),
        "head": AWAITED if entry.head else "",
        "reason": "",
        "extensions": 0,
        "bundle": "",
        "external_id": "",
        "created_at": now,
        "changed_at": now,
    }
