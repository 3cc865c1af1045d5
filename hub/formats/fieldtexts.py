"""What the words of a source become in a field without codes: a title, a date, a playing time."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from hub.formats import table, terms
from hub.formats import values as forms
from hub.formats.moments import moment
from hub.formats.text import link
from hub.records import Identifier, Record

ZONE = ZoneInfo("Europe/Berlin")
"""Of times whose source names no zone."""
_GERMAN = re.compile(
    r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})(?:,?\s+(\d{1,2})[:.](\d{2})(?:\s*Uhr)?)?", re.IGNORECASE
)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_SCHEMES = {"number": "medium", "isbn": "isbn", "ean": "ean"}
_DATED = ("begin", "end")


def _joined(texts: Sequence[str]) -> str:
    return "; ".join(texts)


def _first(read: Callable[[str], Any]) -> Callable[[Sequence[str]], Any]:
    """The first text of which `read` makes something."""
    return lambda texts: next(filter(None, map(read, texts)), None)


def _languages(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, map(terms.language, texts))))


def when(text: str) -> date | datetime | None:
    """A day, or a day with its time, as feeds and people write it; None when it is none.

    `12.3.2027, 14.30 Uhr`, ISO 8601, RFC 822.
    """
    text = text.strip()
    try:
        if found := _GERMAN.fullmatch(text):
            day = date(int(found[3]), int(found[2]), int(found[1]))
            if found[4] is None:
                return day
            return datetime(day.year, day.month, day.day, int(found[4]), int(found[5]))
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        return None
    said = moment(text, ZONE)
    return said.astimezone(ZONE).replace(tzinfo=None) if said else None


_READ: Mapping[str, Callable[[Sequence[str]], Any]] = {
    "title": _joined,
    "subtitle": _joined,
    "series": _joined,
    "languages": _languages,
    "url": _first(link),
    "image_url": _first(link),
    "grades": _first(table.grades),
    "creators": tuple,
    "publishers": tuple,
    "year": _first(forms.year),
    "duration": _first(forms.duration),
    "age_rating": _first(table.age_rating),
    "licence": _first(terms.licence),
    "place": _joined,
    "cost": _joined,
    "contact": _joined,
    "modified": _first(lambda text: moment(text, ZONE)),
}
FIELDS = (*_READ, *_SCHEMES, *_DATED)
"""What can be filled so; long texts, a description say, are no words and not among them."""


def fill(record: Record, texts: Mapping[str, Sequence[str]]) -> Record:
    """The record with these fields read from these texts; what cannot be read stays as it was.

    Raises `ValueError` where it would end before it begins.
    """
    read = {name: _READ[name](said) for name, said in texts.items() if name in _READ}
    changed = {name: value for name, value in read.items() if value}
    named = {_SCHEMES[name]: said[0] for name, said in texts.items() if name in _SCHEMES and said}
    if named:
        others = (one for one in record.identifiers if one.scheme not in named)
        changed["identifiers"] = (*others, *(Identifier(*pair) for pair in named.items()))
    record = replace(record, **changed)
    spans = {name: (_first(when)(texts.get(name, ())), None) for name in _DATED}
    if spans["begin"][0] is None:
        return record
    event = table.event_of({**spans, "place": record.place}, ZONE)
    return replace(record, events=(event,) if event else record.events)
