"""What comes due by itself: reminders before and after the day of return, requests that expire.

Each step is an event of the booking (`reminded:0` before the day, `reminded:1` and on after it),
from which the mail follows. It is written once per day of return: an extension starts anew.
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
from hub.db import Database
from hub.institutions import borrowers
from hub.models import Booking, BookingEvent, Borrower, Case, Person

TASK = "reminders"
ACTOR = "hub"
MORNING = time(7)
"""No mail of these comes before, by the clock of the site."""
AHEAD = timedelta(days=60)
"""What is due later is not looked at."""
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
                    Booking.bookable_id.is_not(None),  # otherwise another system says so
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
        calendars = {key: house.calendar(session, key) for key in {row.site_key for row in rows}}
        said = {
            (row.site_key, row.kind, row.borrower): house.rules(
                session, row.site_key, row.kind, row.borrower
            )
            for row in rows
        }
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
