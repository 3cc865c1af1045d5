"""An offer as the hub's own API gives it (`/api/v1/changes`), read back into a record.

The inverse of what `hub.api.represent` writes, for hubs that take in each other's catalogues.
Fields that are not known here are left aside: a newer hub may say more.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

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
    Reject,
    Scope,
)

_AS_THEY_ARE = (
    "title", "subtitle", "series", "description", "url", "image_url", "age_rating", "licence",
    "place", "cost", "contact", "year", "duration", "quantity",
    "languages", "keywords", "creators", "publishers",
)  # fmt: skip


def read(document: Any, source_id: str, origin: Origin) -> Record | Reject:
    """The record of an offer; what it says of times, codes and types has to be right."""
    try:
        return _read(document, source_id, origin)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return Reject(source_id, f"the offer is not as the API describes it: {error!r:.200}")


def _read(document: Any, source_id: str, origin: Origin) -> Record:
    texts: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name in _AS_THEY_ARE
        if (value := document[name]) is not None
    }
    grades = document["grades"]
    modified = document["provenance"]["modified"]
    medium_type, carrier = document["medium_type"], document["carrier"]
    return Record(
        source_id=source_id,
        kind=Kind(_code(document["kind"])),
        identifiers=tuple(
            Identifier(one["scheme"], one["value"]) for one in document["identifiers"]
        ),
        subjects=_codes(document["subjects"]),
        levels=_codes(document["levels"]),
        competences=_codes(document["competences"]),
        audiences=_codes(document["audiences"]),
        medium_type=None if medium_type is None else MediumType(_code(medium_type)),
        carrier=None if carrier is None else Carrier(_code(carrier)),
        grades=None if grades is None else (grades["first"], grades["last"]),
        access=AccessMode(_code(document["access"])),
        grants=tuple(map(_grant, document["grants"])),
        events=tuple(map(_event, document["events"])),
        details={one["label"]: one["text"] for one in document["details"]},
        modified=None if modified is None else datetime.fromisoformat(modified),
        origin=origin,
        **texts,
    )


def _code(term: Mapping[str, str]) -> str:
    return term["code"]


def _codes(terms: Any) -> tuple[str, ...]:
    return tuple(map(_code, terms))


def _grant(document: Mapping[str, Any]) -> Grant:
    return Grant(
        Scope(_code(document["scope"])),
        document["value"],
        _day(document["valid_from"]),
        _day(document["valid_until"]),
    )


def _event(document: Mapping[str, Any]) -> Event:
    start, end = (datetime.fromisoformat(document[name]) for name in ("start", "end"))
    return Event(start, end, document["place"], document["seats"])


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
