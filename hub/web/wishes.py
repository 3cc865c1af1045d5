"""The first page of a booking: which time and how many, as they are typed and read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask_babel import gettext

from hub.booking import dates, house
from hub.booking.dates import Typed
from hub.booking.intervals import Stretch
from hub.booking.opening import Calendar
from hub.records import Kind


@dataclass(frozen=True, slots=True)
class Wish:
    """What was typed on the first page."""

    first: Typed
    last: Typed
    begin: str
    end: str
    quantity: str

    @property
    def others(self) -> dict[str, Any]:
        """All but the first day, for a calendar in which that is picked."""
        told = self.parameters()
        return {name: told[name] for name in told if not name.startswith("beginn_")}

    def parameters(self) -> dict[str, Any]:
        """The same for an address or hidden fields."""
        told = {"von": self.begin, "bis": self.end, "anzahl": self.quantity}
        for name, value in (("beginn", self.first), ("ende", self.last)):
            told |= {f"{name}_tag": value.day, f"{name}_monat": value.month}
            told[f"{name}_jahr"] = value.year
        return {name: value for name, value in told.items() if value}


@dataclass(frozen=True, slots=True)
class Asked:
    """A wish that can be a booking."""

    time: Stretch
    quantity: int


def typed(given: Mapping[str, str]) -> Wish:
    """What was typed; a day that was picked in a calendar is the first."""
    first = dates.typed(given, "beginn")
    if first.empty and (picked := dates.day(given.get("gewaehlt", ""))) is not None:
        first = dates.of(picked)
    return Wish(
        first,
        dates.typed(given, "ende"),
        given.get("von", "")[:20],
        given.get("bis", "")[:20],
        given.get("anzahl", "")[:10].strip(),
    )


def of(kind: Kind, time: Stretch, quantity: int, calendar: Calendar) -> Wish:
    """What one would type for this time and number."""
    first = calendar.day(time.start)
    last = calendar.day(time.end - timedelta(microseconds=1))
    hours = ("", "")
    if kind not in house.BY_DAY:
        begin, end = (moment.astimezone(calendar.zone) for moment in time)
        hours = f"{begin:%H:%M}", f"{end:%H:%M}"
    return Wish(dates.of(first), dates.of(last), *hours, str(quantity))


def read(
    kind: Kind, wish: Wish, calendar: Calendar, fixed: Stretch | None
) -> tuple[Asked | None, list[tuple[str, str]]]:
    """What was typed as a time and a number, or by field what is wrong with it.

    `fixed` is the time of what takes place when it does.
    """
    errors = []
    quantity = int(wish.quantity) if wish.quantity.isascii() and wish.quantity.isdigit() else 0
    if not wish.quantity:
        quantity = 1
    if quantity < 1:
        errors.append(("anzahl", gettext("Please enter a number from 1.")))
    stretch = fixed or _time(kind, wish, calendar, errors)
    if errors or stretch is None:
        return None, errors
    return Asked(stretch, quantity), []


def _time(
    kind: Kind, wish: Wish, calendar: Calendar, errors: list[tuple[str, str]]
) -> Stretch | None:
    wrong = gettext("Please enter a day, for example 12 3 2027.")
    first = wish.first.value
    if first is None:
        errors.append(("beginn", wrong))
    if kind in house.BY_DAY:
        last = wish.last.value
        if last is None:
            errors.append(("ende", wrong))
        elif first is not None and last < first:
            errors.append(("ende", gettext("The last day must not be before the first.")))
        if errors or first is None or last is None:
            return None
        return calendar.loan(first, last)
    begin, end = dates.clock(wish.begin), dates.clock(wish.end)
    hour = gettext("Please enter a time of day, for example 14:30.")
    errors += [(name, hour) for name, value in (("von", begin), ("bis", end)) if value is None]
    if begin is not None and end is not None and end <= begin:
        errors.append(("bis", gettext("The end must be after the beginning.")))
    if first is not None:
        none = gettext("There is no such time on this day: the clocks are put forward.")
        errors += [
            (name, none)
            for name, value in (("von", begin), ("bis", end))
            if value is not None and not calendar.has(first, value)
        ]
    if errors or first is None or begin is None or end is None:
        return None
    return Stretch(calendar.at(first, begin), calendar.at(first, end))
