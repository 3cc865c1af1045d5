"""Bookings whose books another system keeps: said to it again and again until it answers.

The hub's own row comes first, with the step that is still to be done; then the plugin is called,
never inside a transaction, with the booking's reference as its key, which books once however often
it is said. Whatever dies in between, the next turn goes on from the row. What the other system
changes by itself is found by asking it. One that does not answer is left alone for a while
(`hub.breaker`), however many bookings wait for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from hub import breaker
from hub.booking import house, progress, steps, told_elsewhere, turns
from hub.booking import moving_elsewhere as moves
from hub.booking.errors import AgainstRules, BookingError, Unbookable
from hub.booking.intervals import Stretch
from hub.booking.progress import HOLDING, OPEN, Entry
from hub.booking.states import AWAITED
from hub.db import Database
from hub.errors import PluginError, Rejected, Unavailable
from hub.models import Booking, BookingEvent, Elsewhere, Person
from hub.models.base import now as clock
from hub.records import Booking as BookingRecord
from hub.records import BookingRequest
from hub.site import Site

TASK = "bookings"
DEADLINE = 15.0
"""Seconds that the other system may take."""
LEASE = timedelta(minutes=2)
"""For so long nobody else takes up what somebody has begun."""
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=6)
WATCH = timedelta(minutes=30)
"""How often an open booking is asked for."""
AT_ONCE = 50

log = structlog.get_logger(__name__)


class NotCancelled(BookingError):
    """The other system was not told yet, or refuses; `why` is for the person."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def ask(db: Database, request: BookingRequest, key: str, now: datetime) -> int:
    """Note a booking that is to be made elsewhere, once per key; returns its number.

    Raises `AgainstRules`, `KeyReused` or `Unbookable`.
    """
    site = request.offer.site
    with db.write(queued=True) as session:
        person = session.scalars(sa.select(Person.id).where(Person.key == request.person.id)).one()
        time, fixed = Stretch(request.start, request.end), house.fixed_time(request.offer.record)
        known = progress.is_known(session, site, key)
        if fixed not in (None, time) and not known:
            raise Unbookable("fixed")
        kind = request.offer.record.kind
        standing, rules, refusals = house.refusals(
            session,
            site,
            kind,
            person,
            request.institution,
            time,
            request.quantity,
            now,
            fixed=fixed is not None,
        )
        if refusals and not known:
            raise AgainstRules(refusals)
        entry = Entry(
            site=site,
            plugin=request.offer.plugin,
            bookable_id=None,
            kind=kind,
            title=request.offer.record.title,
            time=time,
            quantity=request.quantity,
            offer_id=request.offer.id,
            person_id=person,
            institution_id=request.institution if standing.registered else None,
            borrower=standing.borrower,
            fulfilment=request.fulfilment,
            note=request.note,
            answers=request.answers,
            head=rules.head and standing.registered,
        )
        number, made = progress.enter(session, entry, key, request.person.id, now)
        if made:
            session.add(
                Elsewhere(
                    booking_id=number,
                    step="create",
                    # The other system hears nothing before the head has agreed.
                    next_at=None if entry.head else now,
                    waiting=request.waiting,
                )
            )
        return number


def release(session: Session, booking: Booking, now: datetime) -> None:
    """Say a booking to the other system that was kept back until somebody agreed."""
    _, todo = turns.lock(session, booking.id)
    todo.next_at = now


def settle(db: Database, site: Site, number: int, now: Callable[[], datetime] = clock) -> None:
    """Do the step that is due of one booking, unless somebody else is at it."""
    with db.write() as session:
        if session.get(Elsewhere, number) is None:
            return
        row, todo = turns.lock(session, number)
        if todo.next_at is None or todo.next_at > now():
            return
        source = (row.site_key, row.plugin)
        if (pause := breaker.until(session, source, now())) is not None:
            todo.next_at = pause
            return
        step, attempts, turn = todo.step, todo.attempts + 1, turns.begin(todo)
        todo.attempts, todo.next_at = attempts, now() + LEASE
        request, record = (
            told_elsewhere.request(session, row, todo.waiting),
            told_elsewhere.record(session, row),
        )
        wanted, key = record, row.reference
        if step == "cancel":
            key = f"cancel-{key}"
        elif step == "move" and record is not None and todo.wanted is not None:
            wanted, key = moves.asked(session, record, todo.wanted), todo.wanted["key"]
    if request is None or record is None or wanted is None:
        _give_up(db, number, turn, "Its offer or its person is gone.")
        return
    saying = step
    try:
        if step == "cancel" and not record.id:
            # Nobody knows whether an earlier attempt got through: its key finds it or makes it.
            saying = "create"
            made = _say(site, "create", request, record, record, row.reference)
            record = wanted = replace(record, id=made.id)
            saying = step
        answer = _say(site, step, request, record, wanted, key)
    except Rejected as refused:
        _refused(db, number, turn, saying, str(refused), now())
        return
    except (PluginError, ValueError) as error:
        log.warning("booking.elsewhere", plugin=row.plugin, step=step, kind=type(error).__name__)
        longer = _pause(attempts)
        told = timedelta(seconds=getattr(error, "retry_after", None) or 0)
        with db.write() as session:
            _, todo = turns.lock(session, number)
            if isinstance(error, Unavailable):
                breaker.note(session, now(), failed=[source], answered=[])
            if todo.turn == turn:
                todo.next_at = now() + min(max(longer, told), LONGEST_PAUSE)
                todo.problem = str(error)[:1_000]
        return
    _note(db, number, turn, answer, now())


def _pause(attempts: int) -> timedelta:
    longer: timedelta = FIRST_PAUSE * 2 ** min(attempts - 1, 12)
    return min(longer, LONGEST_PAUSE)


def _say(
    site: Site,
    step: str,
    request: BookingRequest,
    record: BookingRecord,
    wanted: BookingRecord,
    key: str,
) -> BookingRecord:
    """Say one step to the plugin: what is so, and how it shall be. Raises what the plugin raises,
    and `ValueError` for a wrong answer."""
    said: dict[str, Any] = {"booking": record, "key": key}
    if step == "create":
        said = {"request": request, "key": key}
    elif step == "watch":
        said = {"booking": record}
    elif step == "move":
        said |= {name: getattr(wanted, name) for name in ("offer", "start", "end", "quantity")}
    answer = site.one(request.offer.plugin, _HOOKS[step], deadline=DEADLINE, **said)
    wrong = told_elsewhere.wrong(answer, wanted, step)
    if wrong:
        raise ValueError(wrong)
    assert isinstance(answer, BookingRecord)
    return answer


_HOOKS = {
    "create": "booking_create",
    "cancel": "booking_cancel",
    "move": "booking_move",
    "watch": "booking_state",
}


def is_due(session: Session, now: datetime) -> bool:
    """Whether something is to be said or asked."""
    return (
        session.scalar(sa.select(Elsewhere.booking_id).where(Elsewhere.next_at <= now).limit(1))
        is not None
    )


def settle_due(db: Database, site_of: Callable[[str], Site], now: datetime) -> int:
    """Do what is due, oldest first; returns how many bookings were looked at."""
    with db.read() as session:
        due = session.execute(
            sa.select(Elsewhere.booking_id, Booking.site_key)
            .join(Booking, Booking.id == Elsewhere.booking_id)
            .where(Elsewhere.next_at <= now)
            .order_by(Elsewhere.next_at)
            .limit(AT_ONCE)
        ).all()
    for number, site in due:
        settle(db, site_of(site), number)
    return len(due)


def cancel(db: Database, site: Site, number: int, actor: str, now: datetime) -> None:
    """Give a booking up elsewhere; raises `NotCancelled` where that is not done yet."""
    with db.write() as session:
        row, todo = turns.lock(session, number)
        turns.begin(todo)
        if not row.external_id and todo.step == "create" and todo.attempts == 0:
            progress.advance(session, row, "cancelled", actor, now)  # it was never said there
            todo.step, todo.next_at = "done", None
            return
        todo.step, todo.next_at, todo.attempts = "cancel", now, 0
    settle(db, site, number, lambda: now)
    with db.read() as session:
        row, todo = session.get_one(Booking, number), session.get_one(Elsewhere, number)
        if row.state in OPEN:
            raise NotCancelled(todo.problem)


def waits(booking: Booking) -> bool:
    """Whether the other system has not confirmed yet that it knows the booking."""
    if booking.bookable_id is not None or booking.head == AWAITED:
        return False
    return booking.state == "requested" and not booking.external_id


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why the last attempt to say a booking to the other system failed, and when the next is."""

    why: str
    again: datetime | None


def trouble(session: Session, booking: Booking) -> Trouble | None:
    """What the staff should know of it; None where all is well, or over."""
    todo = session.get(Elsewhere, booking.id) if booking.bookable_id is None else None
    if todo is None or not todo.problem or booking.state not in OPEN:
        return None
    return Trouble(todo.problem, todo.next_at)


def of_person(db: Database, site: str, plugin: str, person: str) -> list[BookingRecord]:
    """What a person has booked with a plugin, to export or erase it there; the state tells what is
    still open.

    Raises `Unavailable` where nobody knows yet whether a booking got through.
    """
    with db.read() as session:
        rows = session.scalars(
            sa.select(Booking)
            .join(Person, Person.id == Booking.person_id)
            .where(Person.key == person, Booking.site_key == site, Booking.plugin == plugin)
            .order_by(Booking.id)
        ).all()
        if any(waits(row) for row in rows):
            raise Unavailable("A booking is still being confirmed.")
        found = [told_elsewhere.record(session, row) for row in rows if row.external_id]
    return [one for one in found if one is not None]


def look_again(db: Database, site: str, plugin: str, external: str) -> bool:
    """Ask for a booking at the next turn, because the other system says that it has changed."""
    with db.write() as session:
        number = session.scalar(
            sa.select(Booking.id).where(
                Booking.site_key == site,
                Booking.plugin == plugin,
                Booking.external_id == external,
            )
        )
        if number is None:
            return False
        _, todo = turns.lock(session, number)
        if todo.step == "watch":
            turns.begin(todo)  # an answer that is on its way may be of before
            todo.next_at = clock()
        return todo.step == "watch"


def _note(db: Database, number: int, turn: int, answer: BookingRecord, now: datetime) -> None:
    """What the other system says is so."""
    with db.write() as session:
        row, todo = turns.lock(session, number)
        step = todo.step
        breaker.note(session, now, failed=[], answered=[(row.site_key, row.plugin)])
        if (
            not row.external_id
            and answer.state != "waiting"
            and _is_anothers(session, row, answer.id)
        ):
            todo.problem = f"It confirmed by the number of another booking ({answer.id[:100]})."
            todo.next_at = now + _pause(todo.attempts)
            log.warning("booking.elsewhere", plugin=row.plugin, step=step, kind="number")
            return
        row.external_id = answer.id
        if todo.turn != turn:  # too late to say anything but that it is there
            if step == "cancel":
                todo.next_at = now
            return
        state = answer.state
        if state == "confirmed" and answer.end <= now and row.kind not in house.BY_DAY:
            state = "returned"  # it has taken place, and nobody there will say so
        if state != row.state:
            _follow(session, row, state, now)
        same_time = (answer.start, answer.end) == (row.starts_at, row.ends_at)
        if state in HOLDING and (step == "move" or not same_time):
            moves.note(session, row, answer, todo.wanted, now)
        elif state in HOLDING and answer.quantity > 0:
            row.quantity = answer.quantity
        todo.wanted = None
        going_on = state in OPEN
        todo.step, todo.problem, todo.attempts = "watch" if going_on else "done", "", 0
        todo.next_at = now + WATCH if going_on else None


def _is_anothers(session: Session, row: Booking, external: str) -> bool:
    """Whether another booking is known there by this number: only a place on a
    waiting list may be that of two."""
    found = sa.select(Booking.id).where(
        Booking.site_key == row.site_key,
        Booking.plugin == row.plugin,
        Booking.external_id == external,
        Booking.external_id != "",
        Booking.id != row.id,
    )
    return session.scalar(found.limit(1)) is not None


def _refused(db: Database, number: int, turn: int, saying: str, why: str, now: datetime) -> None:
    """`saying` is what was refused: to cancel what is refused is done."""
    with db.write() as session:
        row, todo = turns.lock(session, number)
        breaker.note(session, now, failed=[], answered=[(row.site_key, row.plugin)])
        if todo.turn != turn:
            return
        todo.problem = why[:1_000]
        if saying == "create":
            if todo.step == "cancel":
                _follow(session, row, "cancelled", now)
            else:
                _follow(session, row, "refused", now, why)
            todo.step, todo.next_at = "done", None
        else:
            todo.step, todo.next_at, todo.wanted = "watch", now + WATCH, None
            todo.attempts = 0


def _give_up(db: Database, number: int, turn: int, why: str) -> None:
    with db.write() as session:
        _, todo = turns.lock(session, number)
        if todo.turn == turn:
            todo.step, todo.next_at, todo.problem = "done", None, why


def _follow(session: Session, row: Booking, state: str, now: datetime, reason: str = "") -> None:
    """The state is the other system's to say, whatever ours was."""
    row.state, row.changed_at = state, now
    row.reason = reason[: steps.LONGEST_TEXT]
    session.add(
        BookingEvent(
            booking_id=row.id,
            at=now,
            event=state,
            actor=row.plugin,
            note=reason[: steps.LONGEST_TEXT],
        )
    )
