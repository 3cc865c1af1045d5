"""The form of a course: what was typed, what is wrong with it, and what it says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from flask_babel import get_locale, gettext

from hub.booking import dates, ledger
from hub.booking.courses import AUDIENCES, LONGEST_SERIES, REPEATS, TOPICS, Course, Plan, days
from hub.booking.dates import Typed
from hub.booking.errors import Unbookable
from hub.booking.intervals import Stretch
from hub.booking.opening import Calendar
from hub.booking.wording import UNBOOKABLE
from hub.catalogue import vocabulary

LONGEST_LINE = 200
LONGEST_TEXT = 5_000
USUAL_HOURS = ("14:30", "17:30")


@dataclass(frozen=True, slots=True)
class Filled:
    """A form as it is shown: all as text."""

    title: str = ""
    description: str = ""
    topic: str = ""
    place: str = ""
    day: Typed = field(default_factory=Typed)
    begin: str = USUAL_HOURS[0]
    end: str = USUAL_HOURS[1]
    seats: str = ""
    minimum: str = ""
    audiences: tuple[str, ...] = ("school",)
    cost: str = ""
    series: str = ""
    repeat: str = ""
    times: str = ""


def of(course: Course, calendar: Calendar, *, dated: bool = True) -> Filled:
    """The form of a course that is there; without its day, for a copy."""
    plan = course.plan
    begin, end = (moment.astimezone(calendar.zone) for moment in course.time)
    return Filled(
        title=plan.title,
        description=plan.description,
        topic=plan.topic,
        place=plan.place,
        day=dates.of(begin.date()) if dated else Typed(),
        begin=f"{begin:%H:%M}",
        end=f"{end:%H:%M}",
        seats=str(plan.seats),
        minimum=str(plan.minimum or ""),
        audiences=plan.audiences,
        cost=plan.cost,
        series=plan.series,
    )


def audience(code: str) -> str:
    """A target group for people."""
    locale = get_locale()
    return vocabulary.label("audience", code, locale.language if locale else "de")


def filled(given: Mapping[str, str], audiences: list[str]) -> Filled:
    """What was typed, cut to what can be kept."""

    def line(name: str) -> str:
        return " ".join(given.get(name, "")[: LONGEST_LINE * 2].split())[:LONGEST_LINE]

    return Filled(
        title=line("titel"),
        description=given.get("beschreibung", "")[:LONGEST_TEXT].strip(),
        topic=line("thema"),
        place=line("ort"),
        day=dates.typed(given, "tag"),
        begin=line("von"),
        end=line("bis"),
        seats=line("plaetze"),
        minimum=line("mindestens"),
        audiences=tuple(one for one in AUDIENCES if one in audiences),
        cost=line("kosten"),
        series=line("reihe"),
        repeat=line("wiederholung"),
        times=line("termine"),
    )


def read(
    typed: Filled, calendar: Calendar, now: datetime, *, known: Stretch | None = None
) -> tuple[Plan | None, list[Stretch], list[tuple[str, str]]]:
    """The plan and its times, or pairs of a field and what is wrong with it.

    `known` is the time of a course that is there already, which may be over.
    """
    wrong: list[tuple[str, str]] = []
    if not typed.title:
        wrong.append(("titel", gettext("Please enter a title.")))
    if typed.topic and typed.topic not in TOPICS:
        wrong.append(("thema", gettext("Please choose one of the topics.")))
    times = _times(typed, calendar, wrong)
    seats = _number(typed.seats)
    if seats is None or not 1 <= seats <= ledger.MOST:
        wrong.append(("plaetze", gettext("Please enter a number from 1.")))
    minimum = _number(typed.minimum) if typed.minimum else None
    if typed.minimum and (not minimum or (seats is not None and minimum > seats)):
        text = gettext("Please enter a number from 1, not above the number of seats.")
        wrong.append(("mindestens", text))
    if times and seats and times[0].start < now and times[0] != known:
        wrong.append(("tag", UNBOOKABLE["past"]()))
    for one in times:
        try:
            ledger.check(one, 1)
        except Unbookable as error:
            wrong.append(("tag", UNBOOKABLE[error.reason]()))
            break
    if wrong or seats is None:
        return None, [], wrong
    plan = Plan(
        title=typed.title,
        seats=seats,
        description=typed.description,
        topic=typed.topic,
        place=typed.place,
        minimum=minimum,
        audiences=typed.audiences,
        cost=typed.cost,
        series=typed.series or (typed.title if len(times) > 1 else ""),
    )
    return plan, times, []


def _times(typed: Filled, calendar: Calendar, wrong: list[tuple[str, str]]) -> list[Stretch]:
    day = typed.day.value
    if day is None:
        wrong.append(("tag", gettext("Please enter a day, for example 12 3 2027.")))
    begin, end = dates.clock(typed.begin), dates.clock(typed.end)
    hour = gettext("Please enter a time of day, for example 14:30.")
    wrong += [(name, hour) for name, clock in (("von", begin), ("bis", end)) if clock is None]
    if begin is not None and end is not None and end <= begin:
        wrong.append(("bis", UNBOOKABLE["time"]()))
        return []
    count = 1
    if typed.repeat:
        count = _number(typed.times) or 0
        if typed.repeat not in REPEATS or not 2 <= count <= LONGEST_SERIES:
            text = gettext("Please enter a number from 2 to %(most)s.", most=LONGEST_SERIES)
            wrong.append(("termine", text))
            return []
    if day is None or begin is None or end is None:
        return []
    try:
        planned = days(day, typed.repeat, count)
        return [Stretch(calendar.at(one, begin), calendar.at(one, end)) for one in planned]
    except (ValueError, OverflowError):
        wrong.append(("tag", UNBOOKABLE["far"]()))
        return []


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else None
