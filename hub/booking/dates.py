"""Days and hours as people type them: three fields for a day, one for the time of day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time

FIRST_YEAR, LAST_YEAR = 2000, 2198
"""Anything else is a slip of the keyboard."""


@dataclass(frozen=True, slots=True)
class Typed:
    """A day as it was typed; `value` is None where the fields are empty, or are no day within
    this century and the next."""

    day: str = ""
    month: str = ""
    year: str = ""

    @property
    def empty(self) -> bool:
        return not (self.day or self.month or self.year)

    @property
    def value(self) -> date | None:
        try:
            found = date(int(self.year), int(self.month), int(self.day))
        except (ValueError, OverflowError):
            return None
        return found if FIRST_YEAR <= found.year <= LAST_YEAR else None


def typed(given: Mapping[str, str], name: str) -> Typed:
    """The three fields of one date."""
    parts = (given.get(f"{name}_{part}", "").strip()[:10] for part in ("tag", "monat", "jahr"))
    return Typed(*parts)


def of(value: date) -> Typed:
    """A day for the three fields."""
    return Typed(str(value.day), str(value.month), str(value.year))


def fields(name: str, value: date) -> dict[str, int]:
    """The three parameters of a day, for an address."""
    return {f"{name}_tag": value.day, f"{name}_monat": value.month, f"{name}_jahr": value.year}


def clock(text: str) -> time | None:
    """`14:30`, `14.30`, `1430` or `14`; None for anything else."""
    digits = text.strip().removesuffix("Uhr").strip().replace(".", ":")
    hour, _, minute = digits.partition(":")
    if not minute and len(hour) == 4:
        hour, minute = hour[:2], hour[2:]
    try:
        return time(int(hour), int(minute or "0"))
    except ValueError:
        return None


def day(text: str) -> date | None:
    """A day written `2027-05-12`."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def month(text: str) -> date | None:
    """The first day of a month written `2027-05`."""
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        return None
