"""What a site says about itself is read from a form and kept: rules, opening hours, closures."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import Any

from sqlalchemy.orm import Session

from hub.booking.rules import Unit
from hub.identity import audit
from hub.models import BookingRules, OpeningHours

NUMBERS: Mapping[str, tuple[int, int]] = {
    "lead": (0, 365),
    "furthest": (1, 1_500),
    "period": (0, 400),
    "extensions": (0, 50),
    "extension": (1, 400),
    "most": (1, 10_000),
    "most_open": (1, 10_000),
    "rank": (1, 9),
    "offer_hours": (1, 720),
    "remind_before": (0, 60),
}
"""Fields of `hub.booking.rules.Rules` that are whole numbers, with the least and the most."""
CHOICES = (
    "allowed",
    "approval",
    "head",
    "registered",
    "open_days_only",
    "courier",
    "suspend_after_reminders",
)
"""Those that are yes or no."""
WORDS = ("fee", "funding")
"""Those that are said in words."""
LONGEST_WORDS = 300
LATEST_REMINDER, MOST_REMINDERS = 365, 10
_STRETCH = re.compile(r"(\d{1,2})[:.](\d{2})\s*[-–]\s*(\d{1,2})[:.](\d{2})")
_DAY = r"\d{4}-\d{2}-\d{2}|\d{1,2}\.\d{1,2}\.\d{4}"
_CLOSURE = re.compile(
    rf"(?P<first>{_DAY})(?:\s*(?:[-–]|bis)\s*(?P<last>{_DAY}))?(?:\s+(?P<reason>.*))?"
)


@dataclass(frozen=True, slots=True)
class Problem:
    """What cannot be read: the name of the field, and `number`, `days`, `day`, `hours` or
    `order`."""

    field: str
    reason: str
    text: str
    limits: tuple[int, int] = (0, 0)


def read_rules(given: Mapping[str, str]) -> tuple[dict[str, Any], list[Problem]]:
    """The fields that say something; an empty one leaves it to the more general rules."""
    said: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, (least, most) in NUMBERS.items():
        text = given.get(name, "").strip()
        if not text:
            continue
        if text.isascii() and text.isdigit() and len(text) < 7 and least <= int(text) <= most:
            said[name] = int(text)
        else:
            problems.append(Problem(name, "number", text, (least, most)))
    said |= {name: given[name] == "yes" for name in CHOICES if given.get(name) in ("yes", "no")}
    if given.get("unit") in set(Unit):
        said["unit"] = given["unit"]
    if text := given.get("back_by", "").strip():
        day = read_day(text)
        if day is None:
            problems.append(Problem("back_by", "day", text))
        else:
            said["back_by"] = day.isoformat()
    if text := given.get("remind_after", "").strip():
        days = read_reminders(text)
        if days is None:
            problems.append(Problem("remind_after", "days", text))
        else:
            said["remind_after"] = days
    for name in WORDS:
        if text := "".join(c for c in given.get(name, "") if c.isprintable()).strip():
            said[name] = text[:LONGEST_WORDS]
    return said, problems


def read_reminders(text: str) -> list[int] | None:
    """Days after the day of return, like `3, 10, 17`; `0` is no reminder."""
    parts = [part for part in re.split(r"[,;\s]+", text) if part]
    if not all(part.isascii() and part.isdigit() and len(part) < 4 for part in parts):
        return None
    days = [int(part) for part in parts]
    if days == [0]:
        return []
    sound = 0 < len(days) <= MOST_REMINDERS and days == sorted(set(days))
    return days if sound and days[0] > 0 and days[-1] <= LATEST_REMINDER else None


def read_week(lines: list[str]) -> tuple[list[list[list[str]]], list[Problem]]:
    """Seven lines like `08:00-12:00, 13:00-16:00`; an empty one is a day on which it is closed."""
    week: list[list[list[str]]] = []
    problems = []
    for number, line in enumerate(lines):
        stretches = [_stretch(part) for part in re.split(r"[,;]", line) if part.strip()]
        day = [one for one in stretches if one is not None]
        flat = [clock for stretch in day for clock in stretch]
        if None in stretches:
            problems.append(Problem(f"tag{number}", "hours", line))
        elif flat != sorted(flat) or len(set(flat)) != len(flat):
            problems.append(Problem(f"tag{number}", "order", line))
        week.append([[f"{clock:%H:%M}" for clock in stretch] for stretch in day])
    return week, problems


def read_closures(text: str) -> tuple[list[list[str]], list[Problem]]:
    """One per line: `24.12.2026 - 1.1.2027 Weihnachten`; the last day and the reason may lack."""
    closures = []
    problems = []
    for line in filter(None, (line.strip() for line in text.splitlines())):
        match = _CLOSURE.fullmatch(line)
        first = read_day(match["first"]) if match else None
        last = read_day(match["last"]) if match and match["last"] else first
        if match is None or first is None or last is None:
            problems.append(Problem("closures", "day", line))
        elif last < first:
            problems.append(Problem("closures", "order", line))
        else:
            reason = (match["reason"] or "").strip()[:200]
            closures.append([first.isoformat(), last.isoformat(), reason])
    return closures, problems


def read_day(text: str) -> date | None:
    """`24.12.2026` or `2026-12-24`."""
    try:
        if "." in text:
            day, month, year = (int(part) for part in text.split("."))
            return date(year, month, day)
        return date.fromisoformat(text)
    except ValueError:
        return None


def keep_rules(
    session: Session, site: str, kind: str, borrower: str, said: Mapping[str, Any], by: str
) -> None:
    """Rules of a site for a kind of offer and a class of borrower; none at all takes them away."""
    row = session.get(BookingRules, (site, kind, borrower))
    before = dict(row.overrides) if row else {}
    if before == dict(said):
        return
    if row is None:
        row = BookingRules(site_key=site, kind=kind, borrower=borrower, overrides={})
        session.add(row)
    row.overrides = dict(said)
    if not said:
        session.delete(row)
    subject = f"rules:{kind or '*'}/{borrower or '*'}"
    audit.note(session, by, site, "booking.rules", subject, said, before)


def keep_hours(
    session: Session,
    site: str,
    week: list[list[list[str]]],
    closures: list[list[str]],
    school_holidays: bool,
    by: str,
) -> None:
    """When a site is open."""
    row = session.get(OpeningHours, site)
    before = (
        {
            "week": row.week,
            "closures": row.closures,
            "school_holidays": row.school_holidays,
        }
        if row
        else {}
    )
    after = {"week": week, "closures": closures, "school_holidays": school_holidays}
    if before == after:
        return
    session.merge(OpeningHours(site_key=site, **after))
    audit.note(session, by, site, "booking.hours", f"hours:{site}", after, before)


def _stretch(text: str) -> tuple[time, time] | None:
    match = _STRETCH.fullmatch(text.strip())
    if match is None:
        return None
    try:
        begin, end = time(int(match[1]), int(match[2])), time(int(match[3]), int(match[4]))
    except ValueError:
        return None
    return (begin, end) if begin < end else None
