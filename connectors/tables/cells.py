"""What people type into cells: German and ISO dates, times, numbers, yes and no."""

from __future__ import annotations

import re
from datetime import date, datetime, time

from connectors.tables.model import Cell

Moment = date | datetime | time
Span = tuple[Moment, Moment | None]
"""A beginning and, where the cell says so, an end."""

ERRORS = frozenset(
    (
        *("#NV", "#WERT!", "#BEZUG!", "#DIV/0!", "#NAME?", "#ZAHL!", "#NULL!", "#ÜBERLAUF!"),
        *("#N/A", "#VALUE!", "#REF!", "#NUM!", "#SPILL!", "#GETTING_DATA", "#ERROR"),
    )
)
NOTHING = frozenset(("", "-", "–", "—", "/", "?", "k.a.", "k. a.", "n/a", "n.a.", "keine angabe"))
YES = frozenset(("ja", "j", "yes", "y", "wahr", "true", "x", "1", "✓", "✔", "ok"))
NO = frozenset(("nein", "n", "no", "falsch", "false", "0", "✗"))

MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "januar jänner january jan",
            "februar february feb",
            "märz maerz march mär mrz mar",
            "april apr",
            "mai may",
            "juni june jun",
            "juli july jul",
            "august aug",
            "september sept sep",
            "oktober october okt oct",
            "november nov",
            "dezember december dez dec",
        ),
        1,
    )
    for name in names.split()
}

_NUMBER = re.compile(
    r"(?:ca\.?|max\.?|bis(?: zu)?|je|über)?\s*"
    r"(?P<number>[+-]?\d[\d.,' \u00a0\u202f]*)\s*"
    r"(?:stück|stk\.?|st\.?|x|mal|personen|pers\.?|plätze|teilnehmende|teilnehmer(?:innen)?|"
    r"tn|€|eur|min\.?|minuten)?",
    re.IGNORECASE,
)
_DAY = r"(?:(?:mo|di|mi|do|fr|sa|so|mon|tue|wed|thu|fri|sat|sun)[a-zäöü]*\.?,?\s+(?:den\s+)?)?"
_GERMAN = re.compile(_DAY + r"(\d{1,2})[./](\d{1,2})[./](\d{4}|\d{2})\b", re.IGNORECASE)
_WORDS = re.compile(_DAY + r"(\d{1,2})\.?\s+([a-zäöü]+)\.?\s+(\d{4})\b", re.IGNORECASE)
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:T(?=\d))?")
_SHORT = re.compile(r"(\d{1,2})\.(?:\s*(\d{1,2})\.)?\s*(?:-|–|bis)\s*", re.IGNORECASE)
_TIME = re.compile(
    r"(\d{1,2})(?:(?P<sign>[:.h])(\d{2})(?::(\d{2})(?:\.\d+)?)?)?\s*(?:uhr|h)?", re.IGNORECASE
)
_SPOKEN = re.compile(r"uhr|h\b|-|–|bis", re.IGNORECASE)
# A bare number is a time only where an end follows: 14–16 Uhr.
_HOURS = re.compile(r"\d{1,2}\s*(?:-|–|bis)\s*\d{1,2}(?:[:.]\d{2})?\s*(?:uhr|h)", re.IGNORECASE)
_TO = re.compile(r"\s*(?:-|–|—|bis|to|until)\s*", re.IGNORECASE)
_FILL = re.compile(r"[\s,;|]*(?:um|ab|von|at|from)?\s*", re.IGNORECASE)


def text(cell: Cell) -> str:
    """The cell as people see it: no `.0` behind a whole number, dates as in German."""
    if isinstance(cell, bool):
        return "ja" if cell else "nein"
    if isinstance(cell, datetime):
        return f"{cell:%d.%m.%Y}" if cell.time() == time() else f"{cell:%d.%m.%Y %H:%M}"
    if isinstance(cell, date):
        return f"{cell:%d.%m.%Y}"
    if isinstance(cell, time):
        return f"{cell:%H:%M}"
    if isinstance(cell, float):
        return f"{cell:.10g}".replace(".", ",")
    return str(cell).strip()


def is_empty(cell: Cell) -> bool:
    """Nothing stands there, or a sign for nothing."""
    return isinstance(cell, str) and cell.strip().casefold() in NOTHING


def number(cell: Cell) -> int | float:
    """`1.234,5`, `16 Stück`, `1,234.5`; raises ValueError with the reason."""
    if isinstance(cell, bool) or not isinstance(cell, (int, float, str)):
        raise ValueError("no number")
    if not isinstance(cell, str):
        return cell
    match = _NUMBER.fullmatch(cell.strip())
    if match is None:
        raise ValueError("no number")
    digits = re.sub(r"[\s\u00a0\u202f']", "", match["number"])
    if re.fullmatch(r"[+-]?\d{1,3}(\.\d{3})+(,\d+)?|[+-]?\d+,\d+", digits):
        digits = digits.replace(".", "").replace(",", ".")
    elif re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?", digits):
        digits = digits.replace(",", "")
    if not re.fullmatch(r"[+-]?\d{1,15}(\.\d{1,10})?", digits):
        raise ValueError("no number")
    value = float(digits)
    return int(value) if value.is_integer() else value


def count(cell: Cell) -> int:
    """A whole number of things or persons, from 0 to a million; raises ValueError."""
    value = number(cell)
    if isinstance(value, float):
        raise ValueError("no whole number")
    if not 0 <= value <= 1_000_000:
        raise ValueError("not between 0 and 1,000,000")
    return value


def yes(cell: Cell) -> bool:
    """`ja`, `x`, `WAHR`, 1 and their opposites; raises ValueError."""
    if isinstance(cell, bool):
        return cell
    word = text(cell).casefold()
    if word in YES:
        return True
    if word in NO:
        return False
    raise ValueError("neither yes nor no")


def span(cell: Cell) -> Span:
    """A day, a time, a moment, or a stretch of one of them; raises ValueError.

    `12.03.2027`, `Fr, 12. März 2027, 14:30–17:30 Uhr`, `12.–13.03.2027`, `2027-03-12`, `14.30 Uhr`.
    """
    if isinstance(cell, datetime):
        return (cell.date() if cell.time() == time() else cell), None
    if isinstance(cell, (date, time)):
        return cell, None
    if not isinstance(cell, str):
        raise ValueError("neither a date nor a time")
    rest = " ".join(cell.split())
    short = _SHORT.match(rest)
    if short:
        # The first day of a stretch that shares month and year with the last: 12.–13.03.2027.
        last, rest = _take_day(rest[short.end() :])
        if last is None or _FILL.sub("", rest, count=1):
            raise ValueError("neither a date nor a time")
        first = _day(last.year, int(short[2] or last.month), int(short[1]))
        return first, last
    day, rest = _take_day(rest)
    rest = _FILL.sub("", rest, count=1)
    if day is not None and not rest:
        return day, None
    to = _TO.match(rest) if day is not None else None
    if day is not None and to and to.end():
        last, tail = _take_day(rest[to.end() :])
        if last is not None and not tail:
            return day, last
    begin, rest = _take_time(rest)
    end: time | None = None
    to = _TO.match(rest)
    if to and to.end() and rest[to.end() :]:
        end, rest = _take_time(rest[to.end() :])
    if begin is None or rest.strip(" ,;"):
        raise ValueError("neither a date nor a time")
    if day is None:
        return begin, end
    return datetime.combine(day, begin), datetime.combine(day, end) if end else None


def _take_day(text: str) -> tuple[date | None, str]:
    if match := _ISO.match(text):
        return _day(int(match[1]), int(match[2]), int(match[3])), text[match.end() :]
    if match := _GERMAN.match(text):
        year = int(match[3])
        if len(match[3]) == 2:
            year += 2000 if year < 70 else 1900
        return _day(year, int(match[2]), int(match[1])), text[match.end() :]
    if match := _WORDS.match(text):
        month = MONTHS.get(match[2].casefold())
        if month:
            return _day(int(match[3]), month, int(match[1])), text[match.end() :]
    return None, text


def _day(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise ValueError(f"no such day: {day}.{month}.{year}") from None


def _take_time(text: str) -> tuple[time | None, str]:
    match = _TIME.match(text)
    if match is None:
        return None, text
    bare = match[3] is None and not _SPOKEN.search(match[0])
    if bare and not _HOURS.fullmatch(text):
        return None, text
    if match["sign"] == "." and 0 < int(match[3]) <= 12 and not _SPOKEN.search(text):
        return None, text  # 12.03 may as well be a day in March
    try:
        value = time(int(match[1]) % 24, int(match[3] or 0), int(match[4] or 0))
    except ValueError:
        raise ValueError(f"no such time: {match[0].strip()}") from None
    return value, text[match.end() :].lstrip()
