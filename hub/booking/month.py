"""A month of something bookable: for each day whether and how much is free, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from hub.booking.intervals import Stretch
from hub.booking.opening import Calendar
from hub.records import Slot

AHEAD = 24
"""Months that one may look ahead."""


@dataclass(frozen=True, slots=True)
class Day:
    """One day. `state` is `past`, `closed`, `taken`, `part` (not all of it, or not the whole day)
    or `free`; `free` is the number that can be had at the best moment of the day."""

    day: date
    state: str
    free: int = 0
    why: str = ""
    """Why it is closed; empty where it is the weekday."""


def bounds(calendar: Calendar, first: date) -> Stretch:
    """The month that begins on this day, by the site's own clock."""
    following = (first.replace(day=28) + timedelta(days=4)).replace(day=1)
    return Stretch(calendar.at(first, time(0)), calendar.at(following, time(0)))


def days(
    calendar: Calendar,
    first: date,
    slots: Sequence[Slot],
    now: datetime,
    *,
    total: int,
    by_day: bool,
) -> list[Day]:
    """All days of the month. Where it is lent by day, a day counts as its scarcest moment.
    `total` is how many there are."""
    end = calendar.day(bounds(calendar, first).end)
    today = calendar.day(now)
    found = []
    for number in range((end - first).days):
        day = first + timedelta(days=number)
        hours = calendar.hours(day)
        if day < today:
            found.append(Day(day, "past"))
        elif not hours:
            found.append(Day(day, "closed", why=calendar.why_closed(day) or ""))
        else:
            begin, finish = calendar.at(day, hours[0][0]), calendar.at(day, hours[-1][1])
            counts = [slot.free for slot in slots if slot.start < finish and slot.end > begin]
            found.append(_day(day, counts, total, by_day=by_day))
    return found


def shown(asked: date, today: date) -> date:
    """The month to show, as its first day: that of the day asked for, none that is over and none
    too far ahead."""
    earliest = today.replace(day=1)
    latest = (earliest + timedelta(days=31 * AHEAD)).replace(day=1)
    return min(max(asked.replace(day=1), earliest), latest)


def neighbours(first: date, today: date) -> tuple[date | None, date]:
    """The month before, where it is not over, and the one after."""
    before = (first - timedelta(days=1)).replace(day=1)
    after = (first.replace(day=28) + timedelta(days=4)).replace(day=1)
    return (before if before >= today.replace(day=1) else None), after


def weeks(month: Sequence[Day]) -> list[list[Day | None]]:
    """The days in rows from Monday to Sunday, filled up with None."""
    cells: list[Day | None] = [None] * month[0].day.weekday() + list(month)
    cells += [None] * (-len(cells) % 7)
    return [cells[start : start + 7] for start in range(0, len(cells), 7)]


def _day(day: date, counts: Sequence[int], total: int, *, by_day: bool) -> Day:
    low, high = min(counts, default=0), max(counts, default=0)
    free = low if by_day else high
    if free <= 0:
        return Day(day, "taken")
    return Day(day, "free" if low >= total else "part", free)
