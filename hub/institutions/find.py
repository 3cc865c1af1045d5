"""Finding institutions, and through them the centre that is responsible.

People know their school by name or number, or only where they are: a place or a postcode. All
of it goes into one box.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import models
from hub.formats import school_ids
from hub.institutions import serving

LONGEST_QUERY = 100
MOST_WORDS = 8

_LETTERS = str.maketrans({"ä": "a", "ö": "o", "ü": "u", "ß": "ss", "é": "e", "è": "e"})
_own = models.Institution
_link = models.InstitutionSite


@dataclass(frozen=True, slots=True)
class Hit:
    """An institution with the keys of the sites that serve it."""

    institution: models.Institution
    sites: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """What a question found: at most `limit` institutions, and the sites of all that match."""

    hits: tuple[Hit, ...]
    total: int
    sites: tuple[str, ...]
    """Sites that serve any of the institutions, those that serve most of them first."""
    near: str = ""
    """The beginning of the postcode that was looked for, where the whole one finds nothing."""


def fold(text: str) -> str:
    """Lower case without umlauts and punctuation, so that `Muenster` finds `Münster`."""
    plain = text.casefold().translate(_LETTERS)
    plain = re.sub(r"([aou])e", r"\1", plain)  # `ae` for `ä`; done on both sides it harms nobody
    plain = re.sub(r"(?<=\w)[.’'](?=\w)", "", plain)
    return " ".join(re.findall(r"\w+", plain.replace("strasse", "str")))


def search_text(fields: Mapping[str, Any]) -> str:
    """What an institution is found by; each word has a space in front."""
    parts = (fields.get(name) or "" for name in ("name", "short_name", "postcode", "town"))
    return " " + fold(" ".join(parts))


def by_school_id(session: Session, text: str) -> models.Institution | None:
    """The school of an id in any spelling (`hub.formats.school_ids`); None when nobody knows it."""
    identity = school_ids.known(text)
    if identity is None:
        return None
    return session.scalar(sa.select(_own).where(_own.school_id == str(identity)))


def find(session: Session, text: str, today: date, limit: int = 20) -> Found:
    """Look for schools and other institutions by number, name, place or postcode.

    Open ones come first, then those whose place is exactly what was asked for, by name.
    """
    text = text[:LONGEST_QUERY]
    if (school := by_school_id(session, text)) is not None:
        sites = serving.sites_of(session, [school.id]).get(school.id, ())
        return Found((Hit(school, sites),), 1, sites)
    if re.fullmatch(r"\s*[0-9]{5}\s*", text):
        return _by_postcode(session, text.strip(), today, limit)
    words = fold(text).split()[:MOST_WORDS]
    if not words:
        return Found((), 0, ())
    matches = sa.and_(*(_own.search_text.contains(f" {word}", autoescape=True) for word in words))
    return _collect(session, matches, today, limit, " ".join(words))


def _by_postcode(session: Session, postcode: str, today: date, limit: int) -> Found:
    """Where no institution has the postcode, those whose postcode begins like it."""
    for length in (5, 4, 3):
        start = postcode[:length]
        found = _collect(session, _own.postcode.startswith(start), today, limit, "")
        if found.total:
            return found if length == 5 else Found(found.hits, found.total, found.sites, start)
    return Found((), 0, ())


def _collect(
    session: Session, matches: sa.ColumnElement[bool], today: date, limit: int, place: str
) -> Found:
    closed = sa.and_(_own.closed_on.is_not(None), _own.closed_on < today)
    # The place stands at the end of the text, after the names and the postcode.
    here = sa.case((_own.search_text.endswith(f" {place}", autoescape=True), 0), else_=1)
    rows = session.scalars(
        sa.select(_own).where(matches).order_by(closed, here, _own.name, _own.id).limit(limit)
    ).all()
    served = session.execute(
        sa.select(_link.site_key, sa.func.count().label("number"), sa.func.min(here))
        .join(_own, _own.id == _link.institution_id)
        .where(matches, sa.not_(closed))
        .group_by(_link.site_key)
        .order_by(sa.func.min(here), sa.desc("number"), _link.site_key)
    ).all()
    total = session.scalar(sa.select(sa.func.count()).select_from(_own).where(matches)) or 0
    if place and served and served[0][2] == 0:
        served = [row for row in served if row[2] == 0]
    return Found(_hits(session, rows), total, tuple(row[0] for row in served))


def _hits(session: Session, rows: Sequence[models.Institution]) -> tuple[Hit, ...]:
    sites = serving.sites_of(session, [row.id for row in rows])
    return tuple(Hit(row, sites.get(row.id, ())) for row in rows)


def listing(
    session: Session,
    today: date,
    *,
    site: str | None = None,
    kind: str | None = None,
    school_form: str | None = None,
    closed: bool = False,
    after: tuple[str, int] = ("", 0),
    limit: int = 50,
) -> list[Hit]:
    """A page of institutions by name; `after` is the (name, id) of the last one before it."""
    query = sa.select(_own).where(sa.tuple_(_own.name, _own.id) > after)
    if site is not None:
        query = query.join(_link, _link.institution_id == _own.id).where(_link.site_key == site)
    if kind is not None:
        query = query.where(_own.kind == kind)
    if school_form is not None:
        query = query.where(_own.school_form == school_form.upper())
    ended = sa.and_(_own.closed_on.is_not(None), _own.closed_on < today)
    query = query.where(ended if closed else sa.not_(ended))
    rows = session.scalars(query.order_by(_own.name, _own.id).limit(limit)).all()
    return list(_hits(session, rows))
