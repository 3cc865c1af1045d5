"""What people can ask a centre for, as the staff look after it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from flask_babel import gettext
from sqlalchemy.orm import Session

from hub.booking import keeping, stock, typed, workflow
from hub.catalogue import vocabulary
from hub.models import Bookable
from hub.records import Kind, Record

KINDS = tuple(workflow.WORKFLOWS)
AUDIENCES = (
    "school",
    "kita",
    "zfsl",
    "education",
    "youth",
    "culture",
    "parents",
    "club",
    "citizen",
)
LONGEST = {"title": 200, "description": 5_000}


@dataclass(frozen=True, slots=True)
class Service:
    """Something that can be asked for."""

    kind: Kind
    title: str
    description: str = ""
    audiences: frozenset[str] = frozenset()


def read(
    given: Mapping[str, str], audiences: Collection[str]
) -> tuple[Service | None, dict[str, str]]:
    """What was typed, or by field what is wrong with it."""
    texts = {name: typed.text(given.get(name, ""), longest) for name, longest in LONGEST.items()}
    errors = {}
    if given.get("kind") not in KINDS:
        errors["kind"] = gettext("Please choose one of the kinds.")
    if not texts["title"]:
        errors["title"] = gettext("Please enter a name.")
    if errors:
        return None, errors
    chosen = frozenset(audiences) & frozenset(AUDIENCES)
    return Service(Kind(given["kind"]), texts["title"], texts["description"], chosen), {}


def service(row: Bookable) -> Service:
    """What is kept of it."""
    return Service(
        Kind(row.kind),
        row.title,
        row.details.get("description", ""),
        frozenset(row.details.get("audiences", ())),
    )


def save(
    session: Session, site: str, plugin: str, row: Bookable | None, told: Service, *, key: str
) -> Bookable:
    """Offer it, new or changed; what was retired is offered again. The kind of what exists stays:
    requests of that kind may be under way. The `key` of the form names a new one, so that sent
    twice it makes one."""
    source_id = row.source_id if row is not None else stock.new_id(plugin, key, told.title)
    row = row or keeping.find_any(session, site, plugin, source_id)
    record = Record(
        source_id=source_id,
        kind=Kind(row.kind) if row is not None else told.kind,
        title=told.title,
        description=told.description,
        audiences=tuple(one for one in AUDIENCES if one in told.audiences),
    )
    return stock.put(session, site, plugin, record, None)


def kinds(language: str) -> list[tuple[str, str]]:
    """The kinds of requests: code and name."""
    return [(kind.value, vocabulary.label("kind", kind, language)) for kind in KINDS]


def audiences(language: str) -> list[tuple[str, str]]:
    """For whom it can be: code and name."""
    return [(one, vocabulary.label("audience", one, language)) for one in AUDIENCES]


def competences(language: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """The grid of the Medienkompetenzrahmen NRW by area: code and name of each part."""
    grid: dict[str, list[tuple[str, str]]] = {}
    for code in workflow.COMPETENCES:
        area = vocabulary.label("competence", code.partition(".")[0], language)
        grid.setdefault(area, []).append((code, vocabulary.label("competence", code, language)))
    return list(grid.items())
