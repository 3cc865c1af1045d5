"""What a person books again: the next time at which it can be had, and named templates of a cart.

A template keeps what is wanted of which offer, and on which day after the first one; of persons it
holds nothing but its name. What takes place at a time of its own (a course) is not in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.booking import house, ledger
from hub.booking.errors import AgainstRules, Refusal
from hub.booking.intervals import Stretch
from hub.booking.opening import Calendar
from hub.booking.rules import Asked, check
from hub.models import Bookable, Booking, BookingTemplate, Offer

AHEAD = 120
"""Days within which a next time is looked for."""
MOST = 20
"""Templates of one person."""
LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class Thing:
    """One line of a template: so many of an offer, from the `first` to the `last` day, counted
    from the day on which the template begins; with hours (`09:00`) where it is booked by the hour.
    """

    site: str
    plugin: str
    source_id: str
    kind: str
    title: str
    quantity: int
    first: int
    last: int
    begin: str = ""
    end: str = ""
    note: str = ""
    answers: tuple[tuple[str, str], ...] = ()

    def time(self, day: date, calendar: Calendar) -> Stretch:
        """When that is, where the template begins on this day."""
        first = day + timedelta(days=self.first)
        if not self.begin:
            return calendar.loan(first, day + timedelta(days=self.last))
        return Stretch(
            calendar.at(first, time.fromisoformat(self.begin)),
            calendar.at(first, time.fromisoformat(self.end)),
        )


def following(session: Session, row: Booking, person_id: int, now: datetime) -> Stretch | None:
    """The next time of the same length, and at the same hours, that the rules allow and in which
    as many are free; None where there is none soon, or it takes place at a time of its own."""
    bookable = session.get(Bookable, row.bookable_id) if row.bookable_id else None
    if bookable is None or bookable.starts_at is not None:
        return None
    calendar = house.calendar(session, row.site_key)
    standing = house.standing(session, row.site_key, person_id, row.institution_id)
    rules = house.rules(session, row.site_key, row.kind, standing.borrower)
    thing = _thing(row, bookable, calendar.day(row.starts_at), calendar)
    for shift in range(AHEAD):
        day = calendar.day(now) + timedelta(days=shift)
        found = thing.time(day, calendar)
        if not found.start < found.end:
            continue
        asked = Asked(
            found,
            row.quantity,
            now,
            registered=standing.registered,
            by_day=row.kind in house.BY_DAY,
        )
        if check(rules, calendar, asked):
            continue
        free = ledger.free(session, [bookable.id], found, now).get(bookable.id)
        if free is None or free >= row.quantity:
            return found
    return None


def save(
    session: Session, person_id: int, name: str, rows: Sequence[Booking], now: datetime
) -> int:
    """Keep these as a template, in place of one of the same name; returns how many are in it.

    Raises `AgainstRules` for more than `MOST` templates. Nothing is kept where nothing can be.
    """
    kept = [
        (row, bookable, house.calendar(session, row.site_key))
        for row in rows
        if row.bookable_id is not None
        and (bookable := session.get_one(Bookable, row.bookable_id)).starts_at is None
    ]
    if not kept:
        return 0
    first = min(calendar.day(row.starts_at) for row, _, calendar in kept)
    things = [asdict(_thing(row, bookable, first, calendar)) for row, bookable, calendar in kept]
    known = of(session, person_id)
    same = next((one for one in known if one.name == name), None)
    if same is None and len(known) >= MOST:
        raise AgainstRules([Refusal("templates", MOST)])
    if same is None:
        same = BookingTemplate(person_id=person_id, name=name)
        session.add(same)
    same.things, same.used_at = things, now
    session.flush()
    return len(things)


def of(session: Session, person_id: int) -> Sequence[BookingTemplate]:
    """The templates of a person, by name."""
    return session.scalars(
        sa.select(BookingTemplate)
        .where(BookingTemplate.person_id == person_id)
        .order_by(sa.func.lower(BookingTemplate.name), BookingTemplate.id)
    ).all()


def find(session: Session, person_id: int, number: int) -> BookingTemplate | None:
    """A template of this person."""
    row = session.get(BookingTemplate, number)
    return row if row is not None and row.person_id == person_id else None


def things(template: BookingTemplate) -> list[Thing]:
    """What is in it."""
    return [
        Thing(**{**one, "answers": tuple((code, text) for code, text in one["answers"])})
        for one in template.things
    ]


def offer(session: Session, thing: Thing) -> int | None:
    """The offer that a line means; None where it is no longer offered."""
    return session.scalar(
        sa.select(Offer.id).where(
            Offer.site_key == thing.site,
            Offer.plugin == thing.plugin,
            Offer.source_id == thing.source_id,
            Offer.withdrawn_at.is_(None),
        )
    )


def _thing(row: Booking, bookable: Bookable, origin: date, calendar: Calendar) -> Thing:
    first = calendar.day(row.starts_at)
    last = calendar.day(row.ends_at - timedelta(microseconds=1))
    hours = ("", "")
    if row.kind not in house.BY_DAY:
        begin, end = (moment.astimezone(calendar.zone) for moment in (row.starts_at, row.ends_at))
        hours = f"{begin:%H:%M}", f"{end:%H:%M}"
    return Thing(
        row.site_key,
        row.plugin,
        bookable.source_id,
        row.kind,
        row.title,
        row.quantity,
        (first - origin).days,
        (last - origin).days,
        *hours,
        row.note,
        tuple(row.answers.items()),
    )
