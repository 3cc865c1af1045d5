"""When a site is open, which days are free of school, and how days are counted.

Public holidays and school holidays are those of North Rhine-Westphalia. School holidays are known
up to a certain year; a later one is an error, never a year without holidays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from holidays import HolidayBase, country_holidays

from hub.booking.intervals import Stretch

Hours = tuple[tuple[time, time], ...]
"""The stretches in which a site is open on a day, in order."""
WORKDAYS: tuple[Hours, ...] = (*(((time(8), time(16)),),) * 5, (), ())
"""Monday to Friday, where a site has not said anything else."""
LONGEST_SEARCH = 400
"""Days after which a search for an open day gives up: longer, nobody is closed."""


class UnknownYear(Exception):
    """The school holidays of this year are not known to this version."""

    def __init__(self, year: int) -> None:
        super().__init__(f"school holidays of {year}")
        self.year = year


@dataclass(frozen=True, slots=True)
class Closure:
    """A site is closed from the first to the last day, both included."""

    first: date
    last: date
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days and hours of one site."""

    zone: ZoneInfo
    week: tuple[Hours, ...] = WORKDAYS
    """Monday to Sunday."""
    closures: tuple[Closure, ...] = ()
    closed_in_school_holidays: bool = False

    def hours(self, day: date) -> Hours:
        """When it is open on a day; nothing when it is closed."""
        return () if self.why_closed(day) is not None else self.week[day.weekday()]

    def why_closed(self, day: date) -> str | None:
        """The reason for people, empty where it is the weekday; None on a day when it is open."""
        for closure in self.closures:
            if closure.first <= day <= closure.last:
                return closure.reason
        if name := public_holiday(day):
            return name
        if self.closed_in_school_holidays and (name := school_holiday(day)):
            return name
        return None if self.week[day.weekday()] else ""

    def is_open(self, day: date) -> bool:
        """Whether it is open at some time of the day."""
        return bool(self.hours(day))

    def next_open(self, day: date, *, back: bool = False) -> date | None:
        """The first open day from this one on, or the last one before; None where none is near."""
        step = timedelta(days=-1 if back else 1)
        for _ in range(LONGEST_SEARCH):
            if self.is_open(day):
                return day
            day += step
        return None

    def after_open_days(self, day: date, count: int) -> date | None:
        """The day by which so many open days have passed, this one not counted."""
        found: date | None = day
        for _ in range(count):
            found = self.next_open(found + timedelta(days=1)) if found else None
        return found

    def at(self, day: date, clock: time) -> datetime:
        """The moment of this clock time. An hour that does not exist is the one after it, an hour
        that comes twice is the first (PEP 495)."""
        local = datetime.combine(day, clock, self.zone)
        return local.astimezone(ZoneInfo("UTC"))

    def has(self, day: date, clock: time) -> bool:
        """Whether clocks show this time on this day: not in the hour that they are put forward."""
        return self.at(day, clock).astimezone(self.zone).time() == clock

    def loan(self, first: date, last: date) -> Stretch:
        """From the opening of the first day to the closing of the last."""
        begin, end = self.hours(first), self.hours(last)
        return Stretch(
            self.at(first, begin[0][0] if begin else time(0)),
            self.at(last, end[-1][1]) if end else self.at(last + timedelta(days=1), time(0)),
        )

    def day(self, moment: datetime) -> date:
        """The day that a moment is here."""
        return moment.astimezone(self.zone).date()


def public_holiday(day: date) -> str:
    """The name of the public holiday; empty on any other day."""
    return str(_public(day.year).get(day, ""))


def school_holiday(day: date) -> str:
    """The name of the school holidays; empty on any other day. Raises `UnknownYear`."""
    return str(_school(day.year).get(day, ""))


def is_working_day(day: date) -> bool:
    """Werktag as libraries count it: Monday to Friday, no public holiday."""
    return day.weekday() < 5 and not public_holiday(day)


def is_school_day(day: date) -> bool:
    """Schultag: a working day outside the school holidays. Raises `UnknownYear`."""
    return is_working_day(day) and not school_holiday(day)


def add_days(day: date, count: int, counts: Callable[[date], bool]) -> date:
    """The day that is so many days later, where only some days count."""
    while count > 0:
        day += timedelta(days=1)
        count -= counts(day)
    return day


@cache
def _public(year: int) -> HolidayBase:
    return country_holidays("DE", subdiv="NW", years=year, language="de")


@cache
def _school(year: int) -> HolidayBase:
    found = country_holidays("DE", subdiv="NW", years=year, categories=("school",), language="de")
    # A year that is not known has no holidays at all, one that is known only in part no summer.
    if not any(day.month in (7, 8) for day in found):
        raise UnknownYear(year)
    return found
