"""What a site allows: pure functions of the rules, the calendar and what is asked for.

A rule that says no is a `Refusal` with what would be possible instead; all that say no are told at
once. Nothing here knows what is free: that is the ledger's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from hub.booking.errors import Refusal
from hub.booking.intervals import Stretch
from hub.booking.opening import (
    Calendar,
    UnknownYear,
    add_days,
    is_school_day,
    is_working_day,
)


class Unit(StrEnum):
    """How the days of a loan are counted."""

    DAYS = "days"
    WORKING_DAYS = "working_days"
    SCHOOL_DAYS = "school_days"


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules for one kind of offer and one class of borrower at one site."""

    allowed: bool = True
    approval: bool = False
    """A person of the staff confirms each booking."""
    head: bool = False
    """The head of the institution confirms each booking in its name before it holds."""
    registered: bool = False
    """Only for an institution that approved the person."""
    lead: int = 1
    """Open days between the day of booking and the first day."""
    furthest: int = 365
    """Days ahead within which a booking must end."""
    period: int = 14
    """The longest loan, counted in `unit` after the first day."""
    unit: Unit = Unit.DAYS
    extensions: int = 1
    extension: int = 7
    """By how much one extension is longer, in `unit`."""
    most: int | None = None
    """Pieces of one thing in one booking."""
    most_open: int | None = None
    """Bookings of one borrower that are open at the same time."""
    back_by: date | None = None
    """Everything has to be back by this day, as before the summer holidays."""
    rank: int = 1
    """Whom a free place is offered to first: 1 before 2, within a rank in turn."""
    offer_hours: int = 48
    """How long a place that became free is held for who waited."""
    open_days_only: bool = True
    """First and last day must be days on which the site is open; of what is booked by the hour, all
    of it must lie in its opening hours. Not for what takes place elsewhere, as a parents' evening
    at a school."""
    courier: bool = False
    """Whether it may be sent and fetched by the Medientransport."""
    fee: str = ""
    """In words; empty is free of charge."""
    funding: str = ""
    """Where who has to pay finds funding, in words."""
    remind_before: int = 1
    """Days before a loan is due, or a room or course begins, on which the person is reminded; 0 for
    not at all."""
    remind_after: tuple[int, ...] = (3, 10, 17)
    """Days after it was due, for each reminder that follows, ascending."""
    suspend_after_reminders: bool = False
    """Whether the last reminder suspends the borrower for the institution that was named."""

    @property
    def first_state(self) -> str:
        """In which a booking begins: somebody decides, or it holds at once."""
        return "requested" if self.approval or self.head else "confirmed"

    def end_of(self, first: date) -> date:
        """The last day of the longest loan. Raises `UnknownYear` where school days count."""
        return self._later(first, self.period)

    def extended(self, last: date) -> date:
        """The last day after one extension."""
        return self._later(last, self.extension)

    def _later(self, day: date, count: int) -> date:
        if self.unit is Unit.DAYS:
            return day + timedelta(days=count)
        counts = is_school_day if self.unit is Unit.SCHOOL_DAYS else is_working_day
        return add_days(day, count, counts)


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asks for, and what they have already."""

    time: Stretch
    quantity: int
    now: datetime
    open_bookings: int = 0
    registered: bool = False
    suspended: str | None = None
    """Why the person may not borrow now; None who may."""
    by_day: bool = True
    """A loan of whole days; False for a room, which is booked by the hour."""


NAMES = frozenset(one.name for one in fields(Rules))


def merged(*rows: Mapping[str, Any]) -> Rules:
    """Rules from rows of which a later one says more; unknown fields of an older version are
    passed over."""
    values: dict[str, Any] = {}
    for row in rows:
        values |= {name: value for name, value in row.items() if name in NAMES}
    if isinstance(values.get("unit"), str):
        values["unit"] = Unit(values["unit"])
    if isinstance(values.get("back_by"), str):
        values["back_by"] = date.fromisoformat(values["back_by"])
    if isinstance(values.get("remind_after"), list):
        values["remind_after"] = tuple(values["remind_after"])
    return replace(Rules(), **values)


def check(rules: Rules, calendar: Calendar, asked: Asked) -> list[Refusal]:
    """Every rule that says no to what is asked; empty where all is well."""
    try:
        return list(_refusals(rules, calendar, asked))
    except UnknownYear as unknown:
        return [Refusal("unknown_year", str(unknown.year))]


def check_extension(
    rules: Rules, calendar: Calendar, end: datetime, extensions: int
) -> tuple[Stretch | None, list[Refusal]]:
    """Until when a loan may be extended, as [old end, new end), or why it may not."""
    if extensions >= rules.extensions:
        return None, [Refusal("extensions", rules.extensions)]
    try:
        last = rules.extended(calendar.day(end))
        if rules.open_days_only:
            last = calendar.next_open(last) or last
    except UnknownYear as unknown:
        return None, [Refusal("unknown_year", str(unknown.year))]
    if rules.back_by is not None and last > rules.back_by:
        last = rules.back_by
    until = calendar.loan(last, last).end
    if until <= end:
        return None, [Refusal("back_by", possible=calendar.at(last, time(12)))]
    return Stretch(end, until), []


def _refusals(rules: Rules, calendar: Calendar, asked: Asked) -> Iterator[Refusal]:
    if asked.suspended is not None:
        yield Refusal("suspended", asked.suspended)
    if not rules.allowed:
        yield Refusal("not_allowed")
    if rules.registered and not asked.registered:
        yield Refusal("not_registered")
    if rules.most is not None and asked.quantity > rules.most:
        yield Refusal("most", rules.most)
    if rules.most_open is not None and asked.open_bookings >= rules.most_open:
        yield Refusal("most_open", rules.most_open)
    yield from _when(rules, calendar, asked)


def _when(rules: Rules, calendar: Calendar, asked: Asked) -> Iterator[Refusal]:
    first = calendar.day(asked.time.start)
    last = calendar.day(asked.time.end - timedelta(microseconds=1))
    today = calendar.day(asked.now)

    def noon(day: date | None) -> datetime | None:
        return calendar.at(day, time(12)) if day else None

    if asked.time.start < asked.now and first < today:
        yield Refusal("past", possible=noon(calendar.next_open(today)))
        return
    earliest = calendar.after_open_days(today, rules.lead)
    if earliest is not None and first < earliest:
        yield Refusal("lead", rules.lead, noon(earliest))
    elif asked.time.start < asked.now:
        yield Refusal("past", possible=noon(calendar.next_open(today + timedelta(days=1))))
    latest = today + timedelta(days=rules.furthest)
    if last > latest:
        yield Refusal("furthest", rules.furthest, noon(latest))
        return
    if rules.back_by is not None and first <= rules.back_by < last:
        yield Refusal("back_by", possible=noon(rules.back_by))
    if not asked.by_day:
        if rules.open_days_only:
            yield from _hours(calendar, asked.time, first)
        return
    if rules.open_days_only and not calendar.is_open(first):
        yield Refusal("closed_first", calendar.why_closed(first), noon(calendar.next_open(first)))
    if rules.open_days_only and not calendar.is_open(last):
        yield Refusal("closed_last", calendar.why_closed(last), noon(calendar.next_open(last)))
    longest = rules.end_of(first)
    # The day on which the longest loan ends may be one when nobody can bring it back.
    if rules.open_days_only:
        longest = calendar.next_open(longest) or longest
    if last > longest:
        yield Refusal("period", rules.period, noon(longest))


def _hours(calendar: Calendar, asked: Stretch, day: date) -> Iterator[Refusal]:
    hours = calendar.hours(day)
    stretches = [Stretch(calendar.at(day, begin), calendar.at(day, end)) for begin, end in hours]
    if any(one.start <= asked.start and asked.end <= one.end for one in stretches):
        return
    if not hours:
        following = calendar.next_open(day)
        noon = calendar.at(following, time(12)) if following else None
        yield Refusal("closed_first", calendar.why_closed(day), noon)
        return
    said = ", ".join(f"{begin:%H:%M}–{end:%H:%M}" for begin, end in hours)
    yield Refusal("hours", said)
