"""A plugin's record made fit for the catalogue: checked, cleaned, serialised, compared.

A plugin may be careless or lie; nothing behind this module has to doubt a record again. What
cannot be repaired without guessing is refused with a reason (`Unfit`), which the sync keeps.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import MISSING, fields
from datetime import UTC, date, datetime
from enum import StrEnum
from hashlib import blake2b
from typing import Any, TypeVar

import orjson

from hub.catalogue import identifiers
from hub.formats.text import link
from hub.records import (
    AccessMode,
    Carrier,
    Event,
    Grant,
    Identifier,
    Kind,
    MediumType,
    Origin,
    Record,
    Scope,
)

MAX_LINE = 1_000
MAX_TEXT = 20_000
MAX_LIST = 200

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_SPACES = re.compile(r"[^\S\n]+")
_BLANK_LINES = re.compile(r" ?\n ?(?:\n ?)*")
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}")

_PLAIN_ADDRESS = re.compile(
    r"https?://[A-Za-z0-9][A-Za-z0-9.-]{0,250}/[\w./~%+-]{0,1500}", re.ASCII
)
"""The common case, in which there is nothing to look at closely."""

E = TypeVar("E", bound=StrEnum)


class Unfit(ValueError):
    """The record cannot be taken in; the message names the field and what is wrong with it."""


def normalise(record: Record) -> Record:
    """The same record with clean text, known codes and ordered lists.

    Raises `Unfit` where the record has no identity, no title, the wrong types, or a term that
    ends before it begins.
    """
    if not isinstance(record, Record):
        raise Unfit(f"a record was expected, not {type(record).__name__}")
    source_id = _line("source_id", record.source_id)
    if not source_id:
        raise Unfit("source_id: missing")
    if len(source_id) > 500:
        raise Unfit("source_id: longer than 500 characters")
    title = _line("title", record.title)
    if not title:
        raise Unfit("title: missing")
    return Record(
        source_id=source_id,
        kind=_enum("kind", Kind, record.kind),
        title=title[:MAX_LINE],
        subtitle=_line("subtitle", record.subtitle)[:MAX_LINE],
        series=_line("series", record.series)[:MAX_LINE],
        description=_text("description", record.description)[:MAX_TEXT],
        languages=tuple(
            code.lower() if len(code) < 4 else code
            for code in _lines("languages", record.languages)
            if _LANGUAGE.fullmatch(code)
        ),
        identifiers=_identifiers(record.identifiers),
        url=_address("url", record.url),
        image_url=_address("image_url", record.image_url),
        medium_type=_optional_enum("medium_type", MediumType, record.medium_type),
        carrier=_optional_enum("carrier", Carrier, record.carrier),
        subjects=_codes("subjects", record.subjects),
        levels=_codes("levels", record.levels),
        grades=_grades(record.grades),
        competences=_codes("competences", record.competences),
        audiences=_codes("audiences", record.audiences),
        keywords=_lines("keywords", record.keywords),
        creators=_lines("creators", record.creators),
        publishers=_lines("publishers", record.publishers),
        year=_number("year", record.year, 1000, 2200),
        duration=_number("duration", record.duration, 1, 10**6),
        age_rating=_line("age_rating", record.age_rating)[:20],
        licence=_line("licence", record.licence)[:MAX_LINE],
        access=_enum("access", AccessMode, record.access),
        grants=_grants(record.grants),
        quantity=_number("quantity", record.quantity, 0, 10**6),
        place=_line("place", record.place)[:MAX_LINE],
        events=_events(record.events),
        cost=_line("cost", record.cost)[:MAX_LINE],
        contact=_line("contact", record.contact)[:MAX_LINE],
        details=_details(record.details),
        modified=_moment("modified", record.modified),
        origin=_origin(record.origin),
    )


def dump(record: Record) -> str:
    """The record as JSON in which defaults are left out; the same record gives the same text."""
    return orjson.dumps(
        {name: value for name, default in _DEFAULTS if (value := getattr(record, name)) != default},
    ).decode()


def load(text: str) -> Record:
    """The record that `dump` wrote."""
    data: dict[str, Any] = orjson.loads(text)
    for name, build in _BUILD.items():
        if name in data:
            data[name] = build(data[name])
    return Record(**data)


def digest(text: str) -> str:
    """A short hash of a dumped record, to see whether anything changed."""
    return blake2b(text.encode(), digest_size=16).hexdigest()


def match_keys(record: Record) -> tuple[str, ...]:
    """The keys under which other offers of the same work are found, in order.

    Only media are the same thing at several places; a room or a training is each its own.
    """
    if record.kind is not Kind.MEDIUM:
        return ()
    keys = {identifiers.key(identifier) for identifier in record.identifiers}
    if record.url and record.access in (AccessMode.OPEN, AccessMode.LOGIN):
        keys.add(identifiers.url_key(record.url))
    return tuple(sorted(k for k in keys if k))


def differences(old: str, new: str) -> list[tuple[str, str, str]]:
    """Field, old and new value as text, for each field in which two dumped records differ."""
    before, after = orjson.loads(old), orjson.loads(new)
    return [
        (name, _shown(before.get(name)), _shown(after.get(name)))
        for name, _ in _DEFAULTS
        if before.get(name) != after.get(name)
    ]


def clean_line(text: str) -> str:
    """Text on one line, in NFC, without control characters and doubled spaces."""
    if (
        text.isprintable()
        and "  " not in text
        and (text.isascii() or unicodedata.is_normalized("NFC", text))
    ):
        return text.strip()
    return " ".join(_CONTROL.sub("", unicodedata.normalize("NFC", text)).split())


def clean_text(text: str) -> str:
    """Text with paragraphs kept, else as `clean_line`."""
    if text.isprintable() and "  " not in text and unicodedata.is_normalized("NFC", text):
        return text.strip()
    text = _CONTROL.sub("", unicodedata.normalize("NFC", text.replace("\r\n", "\n")))
    return _BLANK_LINES.sub("\n", _SPACES.sub(" ", text.replace("\r", "\n"))).strip()


def _line(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise Unfit(f"{name}: text was expected, not {type(value).__name__}")
    return clean_line(value) if value else ""


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise Unfit(f"{name}: text was expected, not {type(value).__name__}")
    return clean_text(value) if value else ""


def _many(name: str, values: Any) -> Collection[Any]:
    """A list that is there; a generator might never end."""
    if isinstance(values, (str, bytes, Mapping)) or not isinstance(values, Collection):
        raise Unfit(f"{name}: a list was expected, not {type(values).__name__}")
    return values


def _lines(name: str, values: Any) -> tuple[str, ...]:
    if values == ():
        return ()
    cleaned = dict.fromkeys(_line(name, value)[:MAX_LINE] for value in _many(name, values))
    return tuple(value for value in cleaned if value)[:MAX_LIST]


def _codes(name: str, values: Any) -> tuple[str, ...]:
    if values == ():
        return ()
    return tuple(sorted(v for v in _lines(name, values) if _CODE.fullmatch(v)))


def _enum(name: str, kind: type[E], value: Any) -> E:
    try:
        return kind(value)
    except ValueError:
        raise Unfit(f"{name}: “{value!s:.60}” is none of {', '.join(kind)}") from None


def _optional_enum(name: str, kind: type[E], value: Any) -> E | None:
    return None if value is None else _enum(name, kind, value)


def _number(name: str, value: Any, least: int, most: int) -> int | None:
    """Numbers that cannot be true (the year 0, a film of a century) say nothing: None."""
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise Unfit(f"{name}: a whole number was expected, not {type(value).__name__}")
    return value if least <= value <= most else None


def _address(name: str, value: Any) -> str:
    """Only web addresses with a host survive, without sessions; `javascript:` is no link."""
    address = _line(name, value)
    if not address or _PLAIN_ADDRESS.fullmatch(address):
        return address
    return link(address)


def _identifiers(values: Any) -> tuple[Identifier, ...]:
    if values == ():
        return ()
    found = []
    for value in _many("identifiers", values):
        if not isinstance(value, Identifier):
            raise Unfit("identifiers: an Identifier was expected")
        name = _line("identifiers", value.value)
        if name and len(name) <= MAX_LINE:
            found.append(Identifier(_line("identifiers", value.scheme), name))
    return tuple(dict.fromkeys(found))[:MAX_LIST]


def _grades(value: Any) -> tuple[int, int] | None:
    if value is None:
        return None
    try:
        first, last = (int(v) for v in value)
    except (TypeError, ValueError):
        raise Unfit("grades: two whole numbers were expected") from None
    first, last = min(first, last), max(first, last)
    return (first, last) if first >= 0 and last <= 13 else None


def _grants(values: Any) -> tuple[Grant, ...]:
    if values == ():
        return ()
    found = []
    for value in _many("grants", values):
        if not isinstance(value, Grant):
            raise Unfit("grants: a Grant was expected")
        start, end = (_day("grants", day) for day in (value.valid_from, value.valid_until))
        if start is not None and end is not None and end <= start:
            raise Unfit(f"grants: the licence ends ({end}) before it begins ({start})")
        scope, name = _enum("grants", Scope, value.scope), _line("grants", value.value)
        if not name:
            raise Unfit("grants: it is not said whom the licence reaches")
        found.append(Grant(scope, name, start, end))
    return tuple(dict.fromkeys(found))[:MAX_LIST]


def _events(values: Any) -> tuple[Event, ...]:
    if values == ():
        return ()
    found = []
    for value in _many("events", values):
        if not isinstance(value, Event):
            raise Unfit("events: an Event was expected")
        start, end = _moment("events", value.start), _moment("events", value.end)
        if start is None or end is None or end < start:
            raise Unfit("events: a date ends before it begins")
        seats = _number("events", value.seats, 0, 10**6)
        found.append(Event(start, end, _line("events", value.place)[:MAX_LINE], seats))
    return tuple(sorted(found, key=lambda event: (event.start, event.end, event.place)))[:MAX_LIST]


def _details(values: Any) -> Mapping[str, str]:
    if not isinstance(values, Mapping):
        raise Unfit(f"details: a mapping was expected, not {type(values).__name__}")
    if not values:
        return {}
    pairs = ((_line("details", k), _text("details", v)) for k, v in values.items())
    return {k[:100]: v[:MAX_TEXT] for k, v in sorted(pairs)[:MAX_LIST] if k and v}


def _origin(value: Any) -> Origin | None:
    if value is None:
        return None
    if not isinstance(value, Origin):
        raise Unfit("origin: an Origin was expected")
    hub, site, name = (_line("origin", part) for part in (value.hub, value.site, value.site_name))
    number = _number("origin", value.offer_id, 1, 2**31 - 1)
    if not link(hub) or len(hub) > MAX_LINE:
        raise Unfit("origin: the hub is no web address")
    if not _CODE.fullmatch(site) or not name or number is None:
        raise Unfit("origin: the site or the number of the offer there is missing")
    return Origin(hub, site, name[:MAX_LINE], number, value.bookable is True)


def _moment(name: str, value: Any) -> datetime | None:
    if value is None:
        return None
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise Unfit(f"{name}: a time with its time zone was expected")
    try:
        return value.astimezone(UTC)
    except OverflowError:  # the last day of the year 9999, in the west
        return None


def _day(name: str, value: Any) -> date | None:
    if value is None:
        return None
    if not isinstance(value, date):
        raise Unfit(f"{name}: a date was expected, not {type(value).__name__}")
    return value.date() if isinstance(value, datetime) else value


def _shown(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return text if len(text) <= MAX_LINE else text[: MAX_LINE - 1] + "…"


def _optional_day(value: str | None) -> date | None:
    return None if value is None else date.fromisoformat(value)


def _load_grant(value: dict[str, Any]) -> Grant:
    return Grant(
        Scope(value["scope"]),
        value["value"],
        _optional_day(value["valid_from"]),
        _optional_day(value["valid_until"]),
    )


def _load_event(value: dict[str, Any]) -> Event:
    start, end = datetime.fromisoformat(value["start"]), datetime.fromisoformat(value["end"])
    return Event(start, end, value["place"], value["seats"])


_DEFAULTS: tuple[tuple[str, Any], ...] = tuple(
    (f.name, {} if f.default_factory is not MISSING else f.default) for f in fields(Record)
)
_BUILD: dict[str, Any] = {
    "kind": Kind,
    "access": AccessMode,
    "medium_type": MediumType,
    "carrier": Carrier,
    "grades": tuple,
    "modified": datetime.fromisoformat,
    "identifiers": lambda values: tuple(Identifier(**value) for value in values),
    "grants": lambda values: tuple(map(_load_grant, values)),
    "events": lambda values: tuple(map(_load_event, values)),
    "origin": lambda value: Origin(**value),
    **{
        f.name: tuple
        for f in fields(Record)
        if f.default == () and f.name not in ("identifiers", "grants", "events")
    },
}
