"""Events as calendars keep them (iCalendar, RFC 5545): when they take up a room; one of our own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

import icalendar
import recurring_ical_events
from icalendar import Calendar, Event

LARGEST = 500_000
"""Bytes of one entry with all its exceptions."""
DAILY = frozenset({"DAILY", "WEEKLY", "MONTHLY", "YEARLY"})
_WITHIN_A_DAY = ("BYHOUR", "BYMINUTE", "BYSECOND")


class Unreadable(ValueError):
    """An entry of which nobody can say when it takes place; the text says why."""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """An event on one of its dates, [start, end) in UTC; `status` in capitals, or empty."""

    uid: str
    start: datetime
    end: datetime
    status: str = ""


def occurrences(
    content: bytes, start: datetime, end: datetime, zone: tzinfo
) -> Iterator[Occurrence]:
    """When the events of an entry take something up within [start, end).

    Recurring ones on each of their dates, with exceptions and changes; whole days and times without
    a zone by the clock of `zone`. What was cancelled or is marked as free (TRANSP) takes nothing
    up. Raises `Unreadable`.
    """
    calendar = _parse(content)
    for component in calendar.walk("VEVENT"):
        _check(component)
    try:
        # A day to either side, because whole days are compared before their zone is known.
        margin = timedelta(days=1)
        found = recurring_ical_events.of(calendar).between(start - margin, end + margin)
        for event in found:
            one = _occurrence(event, zone)
            if one is not None and max(one.start, start) < min(one.end, end):
                yield one
    except (ValueError, TypeError, ArithmeticError, KeyError, AttributeError) as error:
        raise Unreadable(f"its dates cannot be worked out: {str(error)[:200]}") from None


def single(content: bytes, zone: tzinfo) -> Occurrence | None:
    """The one event of an entry, also where it is cancelled; None where it holds none any more.

    Raises `Unreadable`, also where it was made to recur.
    """
    events = _parse(content).walk("VEVENT")
    if not events:
        return None
    if len(events) > 1 or any(name in events[0] for name in ("RRULE", "RDATE")):
        raise Unreadable("it was made to recur")
    try:
        return _when(events[0], zone)
    except (ValueError, TypeError, ArithmeticError, KeyError, AttributeError) as error:
        raise Unreadable(f"its dates cannot be worked out: {str(error)[:200]}") from None


def write(one: Occurrence, summary: str, description: str, now: datetime) -> bytes:
    """An entry with one event, in UTC."""
    event = Event()
    event.add("uid", one.uid)
    event.add("dtstamp", now.astimezone(UTC))
    event.add("dtstart", one.start.astimezone(UTC))
    event.add("dtend", one.end.astimezone(UTC))
    event.add("summary", summary)
    event.add("status", one.status)
    event.add("transp", "OPAQUE")
    if description:
        event.add("description", description)
    calendar = Calendar()
    calendar.add("prodid", "-//Medienverbund NRW//Hub//DE")
    calendar.add("version", "2.0")
    calendar.add_component(event)
    return bytes(calendar.to_ical())


def changed(content: bytes, one: Occurrence, now: datetime) -> bytes:
    """The entry with another time and status; what else was written into it there stays."""
    calendar = _parse(content)
    event = calendar.walk("VEVENT")[0]
    sequence = event.get("SEQUENCE", 0)
    for name in ("DTSTAMP", "DTSTART", "DTEND", "DURATION", "STATUS", "SEQUENCE"):
        event.pop(name, None)
    event.add("dtstamp", now.astimezone(UTC))
    event.add("dtstart", one.start.astimezone(UTC))
    event.add("dtend", one.end.astimezone(UTC))
    event.add("status", one.status)
    event.add("sequence", int(sequence) + 1)
    return bytes(calendar.to_ical())


def _parse(content: bytes) -> icalendar.Component:
    if len(content) > LARGEST:
        raise Unreadable(f"it has {len(content)} bytes, more than {LARGEST}")
    try:
        calendar = Calendar.from_ical(content)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise Unreadable(f"it is no iCalendar: {str(error)[:200]}") from None
    if calendar.name != "VCALENDAR":
        raise Unreadable("it is no iCalendar")
    return calendar


def _check(event: icalendar.Component) -> None:
    """Refuse rules that would be worked out without end."""
    for name in ("RRULE", "EXRULE"):
        rules: Any = event.get(name, [])
        for rule in rules if isinstance(rules, list) else [rules]:
            often = {str(one).upper() for one in rule.get("FREQ", [])}
            steps = [int(one) for one in rule.get("INTERVAL", [1])]
            if not often or not often <= DAILY or any(one in rule for one in _WITHIN_A_DAY):
                raise Unreadable("its rule repeats it within a day")
            if min(steps) < 1:
                raise Unreadable("its rule has no step")


def _occurrence(event: icalendar.Component, zone: tzinfo) -> Occurrence | None:
    one = _when(event, zone)
    free = str(event.get("TRANSP", "")).upper() == "TRANSPARENT"
    return None if free or one.status == "CANCELLED" else one


def _when(event: icalendar.Component, zone: tzinfo) -> Occurrence:
    begin = event.decoded("DTSTART")
    if "DTEND" in event:
        finish = event.decoded("DTEND")
    elif "DURATION" in event:
        finish = begin + event.decoded("DURATION")
    else:
        whole_day = not isinstance(begin, datetime)
        finish = begin + timedelta(days=1) if whole_day else begin
    return Occurrence(
        str(event.get("UID", "")),
        _moment(begin, zone),
        _moment(finish, zone),
        str(event.get("STATUS", "")).upper(),
    )


def _moment(value: date | datetime, zone: tzinfo) -> datetime:
    if not isinstance(value, datetime):
        value = datetime.combine(value, time())
    if value.tzinfo is None:
        value = value.replace(tzinfo=zone)
    return value.astimezone(UTC)
