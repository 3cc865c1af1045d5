"""Courses of a centre: planned alone or as a series, changed, and called off.

A course is a bookable with a time of its own; what is said of it besides its seats stands in the
bookable's details, as the catalogue shows it. Changes queue that the catalogue follows.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from flask_babel import lazy_gettext
from sqlalchemy.orm import Session

from hub.booking import follow, keeping, ledger, progress, stock
from hub.booking.intervals import Stretch
from hub.booking.progress import HOLDING
from hub.models import Bookable, Booking
from hub.records import Kind, Record

TOPICS = {
    "technology": ("Medientechnik", lazy_gettext("Media technology")),
    "education": ("Medienpädagogik", lazy_gettext("Media education")),
    "didactics": ("Didaktik", lazy_gettext("Didactics")),
    "production": ("Medienproduktion", lazy_gettext("Media production")),
    "coding": ("Coding und Robotik", lazy_gettext("Coding and robotics")),
    "film": ("Filmbildung", lazy_gettext("Film education")),
}
"""What courses are about: code → the word of the catalogue, which is German, and of the pages."""
AUDIENCES = (
    "school", "kita", "zfsl", "education", "youth", "culture", "parents", "club", "citizen",
)  # fmt: skip
REPEATS = ("week", "fortnight", "month")
LONGEST_SERIES = 30
PAST = 100
"""Courses that are over, in the list."""
_WORDS = frozenset(word for word, _ in TOPICS.values())


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be said of a course, without its time."""

    title: str
    seats: int
    description: str = ""
    topic: str = ""
    place: str = ""
    minimum: int | None = None
    """With fewer it does not take place; that the staff decide."""
    audiences: tuple[str, ...] = ()
    cost: str = ""
    series: str = ""


@dataclass(frozen=True, slots=True)
class Course:
    """A course as it is planned, and how many of its seats are taken."""

    id: int
    plan: Plan
    time: Stretch
    cancelled: bool
    booked: int
    waiting: int
    """Seats that people wait for."""


def days(first: date, repeat: str, count: int) -> list[date]:
    """The days of a series. By month it keeps the weekday: the second Tuesday of each, or the
    last one where a month has no fifth."""
    if repeat == "month":
        return [_same_weekday(first, months) for months in range(count)]
    step = timedelta(weeks=2 if repeat == "fortnight" else 1)
    return [first + number * step for number in range(count)]


def add(
    session: Session, site: str, plugin: str, plan: Plan, times: Sequence[Stretch], key: str
) -> list[int]:
    """Plan a course at each of these times, once per key; returns their numbers, none where the
    key was used before. Raises `Unbookable`."""
    made = []
    try:
        with session.begin_nested():
            for number, time in enumerate(times):
                ledger.check(time, plan.seats)
                blank = Record(f"kurs-{key}-{number}", Kind.TRAINING, plan.title)
                if number == 0 and keeping.find(session, site, plugin, blank.source_id):
                    return []
                made.append(_put(session, site, plugin, blank, plan, time).id)
    except sa.exc.IntegrityError:  # the same form, at the same moment
        return []
    follow.changed(session, site, plugin)
    return made


def change(
    session: Session, row: Bookable, plan: Plan, time: Stretch, actor: str, now: datetime
) -> None:
    """Say anew what a course is. Its bookings move with it; where it has fewer seats than are
    taken, they stay, and the desk shows it. Raises `Unbookable`."""
    ledger.check(time, plan.seats)
    booked = _bookings(session, row, HOLDING)
    taken = sum(one.quantity for one in booked)
    # Moved one by one, all must fit for the moment, also where there are too many of them.
    ledger.set_capacity(session, row.id, max(plan.seats, taken, row.capacity or 0))
    for one in booked:
        if Stretch(one.starts_at, one.ends_at) != time and one.state != "handed_out":
            progress.move(session, one, time, one.quantity, actor, now)
    for one in _bookings(session, row, ("waiting",)):
        one.starts_at, one.ends_at = time
    session.refresh(row)
    _put(session, row.site_key, row.plugin, keeping.record(row), plan, time)
    follow.changed(session, row.site_key, row.plugin)


def cancel(session: Session, row: Bookable, reason: str, actor: str, now: datetime) -> int:
    """Call a course off: nobody can book it any more, and every booking of it is cancelled with
    the reason. Returns how many there were; a second time there are none."""
    if row.retired_at is None:
        stock.retire(session, row)
        session.flush()
    booked = _bookings(session, row, ("waiting", "offered", "requested", "confirmed"))
    for one in booked:
        progress.advance(session, one, "cancelled", actor, now, reason=reason)
    follow.changed(session, row.site_key, row.plugin)
    return len(booked)


def find(session: Session, site: str, plugin: str, number: int) -> Bookable | None:
    """The course with this number; None for what is none of this site's."""
    row = session.get(Bookable, number)
    if row is None or (row.site_key, row.plugin) != (site, plugin) or row.starts_at is None:
        return None
    return row


def course(session: Session, row: Bookable) -> Course:
    """One course with its seats."""
    return _courses(session, [row])[0]


def listing(
    session: Session, site: str, plugin: str, now: datetime
) -> tuple[list[Course], list[Course]]:
    """The courses that are still to come, the next first, and the last ones that are over."""
    own = sa.select(Bookable).where(
        Bookable.site_key == site, Bookable.plugin == plugin, Bookable.starts_at.is_not(None)
    )
    coming = own.where(Bookable.ends_at > now).order_by(Bookable.starts_at, Bookable.id)
    past = own.where(Bookable.ends_at <= now).order_by(Bookable.starts_at.desc(), Bookable.id)
    return (
        _courses(session, session.scalars(coming).all()),
        _courses(session, session.scalars(past.limit(PAST)).all()),
    )


def _bookings(session: Session, row: Bookable, states: Collection[str]) -> list[Booking]:
    return list(
        session.scalars(
            sa.select(Booking)
            .where(
                Booking.site_key == row.site_key,
                Booking.bookable_id == row.id,
                Booking.state.in_(states),
            )
            .order_by(Booking.id)
        )
    )


def _courses(session: Session, rows: Sequence[Bookable]) -> list[Course]:
    taken = _seats(session, rows, (*HOLDING, "returned", "no_show"))
    wanted = _seats(session, rows, ("waiting",))
    return [
        Course(
            row.id,
            _plan(row),
            Stretch(row.starts_at, row.ends_at),
            row.retired_at is not None,
            taken.get(row.id, 0),
            wanted.get(row.id, 0),
        )
        for row in rows
        if row.starts_at is not None and row.ends_at is not None
    ]


def _seats(
    session: Session, rows: Sequence[Bookable], states: Collection[str]
) -> dict[int | None, int]:
    """How many seats of each course bookings in these states have."""
    found = session.execute(
        sa.select(Booking.bookable_id, sa.func.sum(Booking.quantity))
        .where(
            Booking.site_key.in_({row.site_key for row in rows}),
            Booking.bookable_id.in_([row.id for row in rows]),
            Booking.state.in_(states),
        )
        .group_by(Booking.bookable_id)
    )
    return {number: int(count) for number, count in found}


def _plan(row: Bookable) -> Plan:
    told = row.details
    return Plan(
        title=row.title,
        seats=row.capacity or 0,
        description=told.get("description", ""),
        topic=told.get("topic", ""),
        place=told.get("place", ""),
        minimum=told.get("minimum"),
        audiences=tuple(told.get("audiences", ())),
        cost=told.get("cost", ""),
        series=told.get("series", ""),
    )


def _put(
    session: Session, site: str, plugin: str, record: Record, plan: Plan, time: Stretch
) -> Bookable:
    """What the record says besides the plan stays as it is."""
    topic = TOPICS[plan.topic][0] if plan.topic else ""
    told = {
        "Thema": topic,
        "Reihe": plan.series,
        "Mindestteilnahme": str(plan.minimum) if plan.minimum else "",
    }
    record = replace(
        record,
        title=plan.title,
        description=plan.description,
        place=plan.place,
        cost=plan.cost,
        audiences=plan.audiences,
        keywords=(*(one for one in record.keywords if one not in _WORDS), *filter(None, [topic])),
        details={
            **{name: text for name, text in record.details.items() if name not in told},
            **{name: text for name, text in told.items() if text},
        },
    )
    return stock.put(
        session,
        site,
        plugin,
        record,
        plan.seats,
        starts_at=time.start,
        ends_at=time.end,
        more={"topic": plan.topic, "minimum": plan.minimum, "series": plan.series},
    )


def _same_weekday(first: date, months: int) -> date:
    number = first.month - 1 + months
    start = date(first.year + number // 12, number % 12 + 1, 1)
    week = (first.day - 1) // 7
    found = start + timedelta(days=(first.weekday() - start.weekday()) % 7, weeks=week)
    return found if found.month == start.month else found - timedelta(weeks=1)
