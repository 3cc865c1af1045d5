"""A row of an inventory: devices, rooms, trainings, media, any kind of offer.

The values come typed from whoever read the table: text, tuples of text, whole numbers, `bool`,
and for dates a pair (beginning, end or None) of `date`, `datetime` or `time`. Source: the
inventories of media centres; there is no standard.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from hashlib import blake2b
from typing import Any

from hub.formats import terms, text
from hub.formats import values as forms
from hub.records import (
    AccessMode,
    Carrier,
    Event,
    Grant,
    Identifier,
    Kind,
    Record,
    Reject,
    Scope,
)

Values = Mapping[str, Any]

ACCESS = {
    Kind.DEVICE: AccessMode.LOAN,
    Kind.ROOM: AccessMode.BOOKING,
    Kind.TRAINING: AccessMode.BOOKING,
    Kind.CONSULTING: AccessMode.REQUEST,
    Kind.PROJECT: AccessMode.REQUEST,
    Kind.PARENTS_EVENING: AccessMode.REQUEST,
    Kind.SCOUTS: AccessMode.REQUEST,
}
"""How one gets at an offer of a kind; media say it themselves."""
_FREE = re.compile(
    r"(?:kostenlos|kostenfrei|frei|gratis|keine|nein|free|no|none|0(?:[.,]0+)?\s*(?:€|eur|euro)?)\.?",
    re.IGNORECASE,
)
_AGE = re.compile(r"^(?:fsk\s*)?(?:ab\s*)?|\s*jahren?$", re.IGNORECASE)
_GRADES = re.compile(r"\d{1,2}")


def key(values: Values) -> str:
    """What names a row for good: its number; else what it says of title, date and place."""
    for name in ("source_id", "number", "isbn", "ean"):
        if values.get(name):
            return str(values[name])
    parts = [str(values.get(name, "")) for name in ("title", "subtitle", "date", "begin", "place")]
    return blake2b("\0".join(parts).casefold().encode(), digest_size=8).hexdigest()


def read(
    values: Values,
    *,
    source_id: str,
    kind: Kind,
    site: str,
    time_zone: tzinfo = UTC,
    details: Mapping[str, str] | None = None,
) -> Record | Reject:
    """The offer in a row. `details` are more columns, label to text, that are shown as they are.

    `site` is whom a licence with an end reaches. Words of a vocabulary that are not known stay
    visible as keywords or details. A row without a title, or whose end lies before its
    beginning, is rejected.
    """

    def line(name: str) -> str:
        return text.line(values.get(name, ""))

    title = line("title")
    if not title:
        return Reject(source_id, "title: missing")
    try:
        event = event_of(values, time_zone)
    except ValueError as error:
        return Reject(source_id, str(error))
    more = dict(details or {})
    keywords = list(map(text.line, values.get("keywords", ())))
    subjects = _known(values.get("subjects", ()), terms.subjects, keywords)
    competences = _known(values.get("competences", ()), terms.competences, keywords)
    others: list[str] = []
    audiences = _known(values.get("audiences", ()), terms.audiences, others)
    levels = _known(values.get("levels", ()), terms.levels, others)
    if others:
        more.setdefault("Zielgruppe", "; ".join(others))
    number = line("number")
    by_number = terms.media_number(number) or (None, None)
    carrier = terms.carrier(line("carrier")) or by_number[1]
    medium_type = forms.medium_type(line("medium_type")) or by_number[0]
    grants = _grants(values, site)
    url = text.link(values.get("url"))
    seats: int | None = values.get("seats")
    quantity: int | None = values.get("quantity")
    if event is None and quantity is None:
        quantity = seats
    return Record(
        source_id=source_id,
        kind=kind,
        title=title,
        subtitle=line("subtitle"),
        series=line("series"),
        description=text.plain(values.get("description")),
        languages=_languages(values.get("languages", ())),
        identifiers=tuple(
            Identifier(scheme, value)
            for scheme, value in (
                ("medium", number),
                ("isbn", line("isbn")),
                ("ean", line("ean")),
            )
            if value
        ),
        url=url,
        image_url=text.link(values.get("image_url")),
        medium_type=medium_type,
        carrier=carrier,
        subjects=subjects,
        levels=levels,
        grades=grades(line("grades")),
        competences=competences,
        audiences=audiences,
        keywords=tuple(keywords),
        creators=tuple(map(text.line, values.get("creators", ()))),
        publishers=tuple(map(text.line, values.get("publishers", ()))),
        year=values.get("year"),
        duration=forms.duration(line("duration")),
        age_rating=age_rating(line("age_rating")),
        licence=terms.licence(line("licence")),
        access=_access(kind, carrier, grants, url),
        grants=grants,
        quantity=quantity,
        place=line("place"),
        events=(event,) if event else (),
        cost="" if _FREE.fullmatch(line("cost")) else line("cost"),
        contact=line("contact"),
        details=more,
        modified=_start(values.get("modified"), time_zone),
    )


def write(record: Record, time_zone: tzinfo = UTC) -> list[dict[str, Any]]:
    """The rows of an offer, one for each of its dates, with the values that `read` reads."""
    row: dict[str, Any] = {
        "source_id": record.source_id,
        "title": record.title,
        "subtitle": record.subtitle,
        "series": record.series,
        "description": record.description,
        "languages": record.languages,
        "url": record.url,
        "image_url": record.image_url,
        "medium_type": record.medium_type,
        "carrier": record.carrier and _CARRIER_WORDS[record.carrier],
        "subjects": record.subjects,
        "levels": record.levels,
        "grades": record.grades and f"{record.grades[0]}-{record.grades[1]}",
        "competences": record.competences,
        "audiences": record.audiences,
        "keywords": record.keywords,
        "creators": record.creators,
        "publishers": record.publishers,
        "year": record.year,
        "duration": record.duration and forms.iso_duration(record.duration),
        "age_rating": record.age_rating,
        "licence": record.licence,
        "quantity": record.quantity,
        "place": record.place,
        "cost": record.cost,
        "contact": record.contact,
        "modified": record.modified and (record.modified.astimezone(time_zone), None),
    }
    for scheme, name in (("medium", "number"), ("isbn", "isbn"), ("ean", "ean")):
        row[name] = next((i.value for i in record.identifiers if i.scheme == scheme), "")
    for grant in record.grants:
        if grant.scope is Scope.SITE:
            row["valid_from"] = grant.valid_from and (grant.valid_from, None)
            until = grant.valid_until
            row["valid_until"] = until and (until - timedelta(days=1), None)
    rows = []
    for event in record.events or (None,):
        dated = dict(row)
        if event:
            start, end = event.start.astimezone(time_zone), event.end.astimezone(time_zone)
            dated["date"] = (start.replace(tzinfo=None), end.replace(tzinfo=None))
            dated["seats"] = event.seats
            dated["place"] = event.place or record.place
        rows.append({name: value for name, value in dated.items() if value not in (None, "", ())})
    return rows


_CARRIER_WORDS = {
    Carrier.ONLINE: "Online",
    Carrier.DVD: "DVD",
    Carrier.VHS: "VHS",
    Carrier.CD_ROM: "CD-ROM",
    Carrier.FILM: "16-mm-Film",
    Carrier.SLIDES: "Diareihe",
    Carrier.TRANSPARENCIES: "Arbeitstransparente",
    Carrier.PRINT: "Buch",
    Carrier.OTHER: "other",
}


def _known(words: Any, find: Any, others: list[str]) -> tuple[str, ...]:
    """The codes of those words that are known; the rest is put to `others`."""
    found: dict[str, None] = {}
    for word in map(text.line, words):
        codes = find([word])
        found.update(dict.fromkeys(codes))
        if not codes and word and word not in others:
            others.append(word)
    return tuple(found)


def _languages(words: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(code for code in map(terms.language, words) if code))


def grades(words: str) -> tuple[int, int] | None:
    """The school years in words: `5-10`, `8, 9`, `Klasse 7`, `ab Klasse 5`."""
    found = [int(number) for number in _GRADES.findall(words) if int(number) <= 13]
    if not found:
        return None
    upwards = re.match(r"ab\b", words, re.IGNORECASE) and len(found) == 1
    return min(found), 13 if upwards else max(found)


def age_rating(words: str) -> str:
    """The number or word of `FSK ab 12 Jahren`."""
    return _AGE.sub("", words)


def _access(kind: Kind, carrier: Carrier | None, grants: tuple[Grant, ...], url: str) -> AccessMode:
    if kind in ACCESS:
        return ACCESS[kind]
    if carrier not in (None, Carrier.ONLINE):
        return AccessMode.LOAN
    if grants:
        return AccessMode.LICENSED
    return AccessMode.OPEN if url else AccessMode.LOAN


def _grants(values: Values, site: str) -> tuple[Grant, ...]:
    """A licence that the table gives a term; its last day is still in it."""
    since, until = (_day(values.get(name)) for name in ("valid_from", "valid_until"))
    if since is None and until is None:
        return ()
    last = until and until + timedelta(days=1)
    return (Grant(Scope.SITE, site, since, last),)


def _day(span: Any) -> date | None:
    if span is None or not isinstance(span[0], date):
        return None
    return span[0].date() if isinstance(span[0], datetime) else span[0]


def _start(span: Any, time_zone: tzinfo) -> datetime | None:
    if span is None or isinstance(span[0], time):
        return None
    moment = span[0] if isinstance(span[0], datetime) else datetime.combine(span[0], time())
    return moment if moment.tzinfo else moment.replace(tzinfo=time_zone)


def event_of(values: Values, time_zone: tzinfo) -> Event | None:
    """When it takes place, from a date, a beginning and an end in one, two or three cells.

    Without any time it fills its days; without an end it ends after its duration.
    """
    given = [values.get(name) or (None, None) for name in ("date", "begin", "end")]
    starts = [given[0][0], given[1][0]]
    ends = [given[2][0], given[2][1], given[1][1], given[0][1]]
    first = next((day for day in map(_as_day, starts) if day), None)
    if first is None:
        if any(value is not None for value in (*starts, *ends)):
            raise ValueError("date: a time is given, but no day")
        return None
    last = next((day for day in map(_as_day, ends) if day), None) or first
    begins = next((at for at in map(_as_time, starts) if at is not None), None)
    until = next((at for at in map(_as_time, ends) if at is not None), None)
    if begins is None:
        start = datetime.combine(first, time())
        end = datetime.combine(last, time()) + timedelta(days=1)
    else:
        start = datetime.combine(first, begins)
        if until is not None:
            end = datetime.combine(last, until)
        else:
            length = forms.duration(text.line(values.get("duration", ""))) or 0
            end = max(start + timedelta(seconds=length), datetime.combine(last, begins))
    if end < start:
        raise ValueError(f"date: it ends ({end:%d.%m.%Y %H:%M}) before it begins")
    return Event(
        start.replace(tzinfo=time_zone),
        end.replace(tzinfo=time_zone),
        text.line(values.get("place", "")),
        values.get("seats"),
    )


def _as_day(value: date | datetime | time | None) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else None


def _as_time(value: date | datetime | time | None) -> time | None:
    if isinstance(value, datetime):
        return value.time()
    return value if isinstance(value, time) else None
