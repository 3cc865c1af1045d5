"""What comes due by itself: reminders before and after the day of return and before a room or a
course begins, requests that expire.

Each step is an event of the booking (`reminded:0` before the day, `reminded:1` and on after it,
`upcoming` before it begins), from which the mail follows. It is written once per day of return or
beginning: an extension or another time starts anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.booking import house, progress, wording
from hub.booking.errors import NotNow
from hub.booking.opening import Calendar
from hub.booking.rules import Rules
from hub.booking.states import AWAITED
from hub.booking.steps import note
from hub.db import Database
from hub.institutions import borrowers
from hub.models import Booking, BookingEvent, Borrower, Case, Person
from hub.records import Kind

TASK = "reminders"
ACTOR = "hub"
MORNING = time(7)
"""No mail of these comes before, by the clock of the site."""
AHEAD = timedelta(days=60)
"""What is due later is not looked at."""
BEGINS = frozenset({Kind.ROOM, Kind.TRAINING})
"""Of what begins at an hour somebody is reminded; all else is lent, or agreed upon."""
UPCOMING = "upcoming"
_ANEW = ("extended", "moved")
_OVERDUE = {
    "de": "„{title}“ ({reference}) war zurückzugeben bis {day}.",
    "en": "“{title}” ({reference}) was to be brought back by {day}.",
}


@dataclass(frozen=True, slots=True)
class Past:
    """What was done about one day of return."""

    step: int | None = None
    """The last reminder; None before the first."""
    on: date | None = None
    """The day on which it was written."""


def run(db: Database, now: datetime, check: Callable[[], None]) -> str:
    """Write what is due at this moment; returns how much. `check` raises when it must be left."""
    expired = sum(_each(db, _requests(db, now), lambda s, b: _expire(s, b, now), check))
    reminded = sum(_each(db, _loans(db, now), lambda s, b: _remind(s, b, now), check))
    reminded += sum(_each(db, _coming(db, now), lambda s, b: _announce(s, b, now), check))
    return f"{expired} requests expired, {reminded} reminders."


def next_step(
    rules: Rules,
    calendar: Calendar,
    ends_at: datetime,
    changed_at: datetime,
    past: Past,
    now: datetime,
) -> int | None:
    """Which reminder is due now for something that is handed out; None for no one.

    Steps that were missed are not made up for at once: each keeps its distance from the one
    before. What changed today needs no reminder today.
    """
    today = calendar.day(now)
    if now < calendar.at(today, MORNING) or calendar.day(changed_at) >= today:
        return None
    due = calendar.day(ends_at - timedelta(microseconds=1))
    if now < ends_at:
        soon = today >= due - timedelta(days=rules.remind_before)
        return 0 if soon and rules.remind_before and past.step is None else None
    step = (past.step or 0) + 1
    if step > len(rules.remind_after):
        return None
    after = rules.remind_after[step - 1]
    earliest = due + timedelta(days=after)
    if past.step and past.on is not None:
        distance = after - rules.remind_after[past.step - 1]
        earliest = max(earliest, past.on + timedelta(days=distance))
    return step if today >= earliest else None


def is_soon(
    rules: Rules, calendar: Calendar, starts_at: datetime, changed_at: datetime, now: datetime
) -> bool:
    """Whether to remind now of what begins; what changed today needs no reminder today."""
    today = calendar.day(now)
    if now < calendar.at(today, MORNING) or now >= starts_at or calendar.day(changed_at) >= today:
        return False
    first = calendar.day(starts_at) - timedelta(days=rules.remind_before)
    return rules.remind_before > 0 and today >= first


def _each(
    db: Database,
    numbers: Sequence[int],
    do: Callable[[Session, Booking], bool],
    check: Callable[[], None],
) -> list[bool]:
    done = []
    for number in numbers:
        check()
        with db.write(queued=True) as session:
            booking = session.get(Booking, number, with_for_update=True)
            done.append(booking is not None and do(session, booking))
    return done


def _requests(db: Database, now: datetime) -> list[int]:
    """Those that nobody has touched; what is in the hands of the staff goes on."""
    with db.read() as session:
        return list(
            session.scalars(
                sa.select(Booking.id)
                .where(
                    Booking.state == "requested",
                    Booking.starts_at <= now,
                    # Otherwise another system says so, once it has heard of it.
                    sa.or_(Booking.bookable_id.is_not(None), Booking.head == AWAITED),
                    ~sa.exists().where(Case.booking_id == Booking.id),
                )
                .order_by(Booking.id)
            )
        )


def _expire(session: Session, booking: Booking, now: datetime) -> bool:
    """Nobody answered in time."""
    if booking.state != "requested" or booking.starts_at > now:
        return False
    try:
        progress.advance(session, booking, "expired", ACTOR, now)
    except NotNow:
        return False
    return True


def _loans(db: Database, now: datetime) -> list[int]:
    """Those for which a reminder seems due; it is looked at again before it is written."""
    with db.read() as session:
        rows = session.scalars(
            sa.select(Booking)
            .where(
                Booking.state == "handed_out",
                Booking.ends_at < now + AHEAD,
                Booking.person_id.is_not(None),
            )
            .order_by(Booking.id)
        ).all()
        calendars, said = _said(session, rows)
        past = _past(session, [row.id for row in rows], {r.id: calendars[r.site_key] for r in rows})
        return [
            row.id
            for row in rows
            if next_step(
                said[row.site_key, row.kind, row.borrower],
                calendars[row.site_key],
                row.ends_at,
                row.changed_at,
                past.get(row.id, Past()),
                now,
            )
            is not None
        ]


def _said(
    session: Session, rows: Sequence[Booking]
) -> tuple[dict[str, Calendar], dict[tuple[str, str, str], Rules]]:
    """What the sites of these bookings say: by site, and by site, kind and borrower."""
    calendars = {key: house.calendar(session, key) for key in {row.site_key for row in rows}}
    classes = {(row.site_key, row.kind, row.borrower) for row in rows}
    return calendars, {one: house.rules(session, *one) for one in classes}


def _remind(session: Session, booking: Booking, now: datetime) -> bool:
    if booking.state != "handed_out":
        return False
    calendar = house.calendar(session, booking.site_key)
    rules = house.rules(session, booking.site_key, booking.kind, booking.borrower)
    past = _past(session, [booking.id], {booking.id: calendar}).get(booking.id, Past())
    step = next_step(rules, calendar, booking.ends_at, booking.changed_at, past, now)
    if step is None:
        return False
    session.add(
        BookingEvent(booking_id=booking.id, at=now, event=f"reminded:{step}", actor=ACTOR, note="")
    )
    if step and step == len(rules.remind_after) and rules.suspend_after_reminders:
        _suspend(session, booking, calendar)
    return True


def _coming(db: Database, now: datetime) -> list[int]:
    """Those of which it seems time to remind; it is looked at again before it is written."""
    with db.read() as session:
        rows = session.scalars(
            sa.select(Booking)
            .where(
                Booking.state == "confirmed",
                Booking.kind.in_(BEGINS),
                Booking.starts_at > now,
                Booking.starts_at < now + AHEAD,
                Booking.person_id.is_not(None),
            )
            .order_by(Booking.id)
        ).all()
        calendars, said = _said(session, rows)
        soon = [
            row.id
            for row in rows
            if is_soon(
                said[row.site_key, row.kind, row.borrower],
                calendars[row.site_key],
                row.starts_at,
                row.changed_at,
                now,
            )
        ]
        known = _announced(session, soon)
    return [number for number in soon if number not in known]


def _announce(session: Session, booking: Booking, now: datetime) -> bool:
    rules = house.rules(session, booking.site_key, booking.kind, booking.borrower)
    calendar = house.calendar(session, booking.site_key)
    soon = is_soon(rules, calendar, booking.starts_at, booking.changed_at, now)
    if booking.state != "confirmed" or not soon or _announced(session, [booking.id]):
        return False
    note(session, booking.id, UPCOMING, ACTOR, "", now)
    return True


def _announced(session: Session, numbers: Sequence[int]) -> set[int]:
    """Those that somebody was reminded of since they were last moved."""
    rows = session.execute(
        sa.select(BookingEvent.booking_id, BookingEvent.event)
        .where(BookingEvent.booking_id.in_(numbers), BookingEvent.event.in_((*_ANEW, UPCOMING)))
        .order_by(BookingEvent.id)
    )
    last = {row.booking_id: row.event for row in rows}
    return {number for number, event in last.items() if event == UPCOMING}


def _past(
    session: Session, numbers: Sequence[int], calendars: Mapping[int, Calendar]
) -> dict[int, Past]:
    """What was written since the day of return was last changed, by booking."""
    found: dict[int, Past] = {}
    rows = session.execute(
        sa.select(BookingEvent.booking_id, BookingEvent.event, BookingEvent.at)
        .where(
            BookingEvent.booking_id.in_(numbers),
            sa.or_(BookingEvent.event.in_(_ANEW), BookingEvent.event.startswith("reminded:")),
        )
        .order_by(BookingEvent.id)
    )
    for number, event, at in rows:
        if event in _ANEW:
            found.pop(number, None)
        else:
            found[number] = Past(int(event.partition(":")[2]), calendars[number].day(at))
    return found


def _suspend(session: Session, booking: Booking, calendar: Calendar) -> None:
    """In the name of that institution nothing more is lent to the person, until staff say so."""
    borrower = session.scalar(
        sa.select(Borrower).where(
            Borrower.person_id == booking.person_id,
            Borrower.site_key == booking.site_key,
            Borrower.institution_id == booking.institution_id,
            Borrower.state == borrowers.APPROVED,
        )
    )
    if borrower is None:
        return
    language = session.scalar(sa.select(Person.language).where(Person.id == booking.person_id))
    spoken = "en" if language == "en" else "de"
    reason = _OVERDUE[spoken].format(
        title=booking.title,
        reference=booking.reference,
        day=wording.day(booking.ends_at, calendar.zone, spoken),
    )
    borrowers.suspend(session, borrower, reason, by=ACTOR)
