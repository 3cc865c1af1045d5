"""What speaks so strongly against a pair that no machine may merge it, whatever its score.

A hard veto ends it; after a soft one a person may decide (`scoring.Decision.REVIEW`).
"""

from __future__ import annotations

from dataclasses import dataclass

from hub.catalogue.matching.text import Features
from hub.records import Kind, MediumType

_HOME = frozenset(["de"])


@dataclass(frozen=True, slots=True)
class Veto:
    """Why not: `part`, `medium_type`, `language`, `edition`, `kind`, `identifier`, `number`,
    `age_rating`, `licence`, with what each side says."""

    name: str
    left: str
    right: str
    hard: bool


def vetoes(one: Features, other: Features) -> list[Veto]:
    """In an order that is the same for the same pair; symmetric but for the sides."""
    found = []

    def add(name: str, left: object, right: object, *, hard: bool) -> None:
        found.append(Veto(name, _shown(left), _shown(right), hard))

    if one.kind is not other.kind:
        add("kind", one.kind.value, other.kind.value, hard=True)
    elif one.kind is not Kind.MEDIUM:
        add("kind", one.kind.value, other.kind.value, hard=False)
    if one.parts != other.parts:
        add("part", one.parts, other.parts, hard=bool(one.parts and other.parts))
    elif one.numbers != other.numbers:
        # "1933 bis 1939" may stand in a subtitle that one of them lacks.
        hard = bool(one.numbers - other.numbers and other.numbers - one.numbers)
        add("number", one.numbers, other.numbers, hard=hard)
    if not _same_type(one.medium_type, other.medium_type):
        add("medium_type", one.medium_type, other.medium_type, hard=True)
    mine, theirs = one.languages, other.languages
    if one.spoken != other.spoken:
        # What a title says of its language goes before what a form says.
        hard = bool((one.spoken or mine) and (other.spoken or theirs)) and not (
            (one.spoken or mine) & (other.spoken or theirs)
        )
        add("language", one.spoken or mine, other.spoken or theirs, hard=hard)
    elif mine and theirs and not mine & theirs:
        add("language", mine, theirs, hard=True)
    elif not (mine or _HOME) & (theirs or _HOME):
        # Where nothing is said it is German.
        add("language", mine, theirs, hard=False)
    if one.editions != other.editions:
        add("edition", one.editions, other.editions, hard=True)
    if clash := _clash(one, other):
        add("identifier", *clash, hard=False)
    if one.age_rating and other.age_rating and one.age_rating != other.age_rating:
        add("age_rating", one.age_rating, other.age_rating, hard=False)
    if one.licence and other.licence and one.licence != other.licence:
        add("licence", one.licence, other.licence, hard=False)
    return found


def _same_type(one: MediumType | None, other: MediumType | None) -> bool:
    return one is None or other is None or one is other or MediumType.OTHER in (one, other)


def _clash(one: Features, other: Features) -> tuple[str, str] | None:
    """Different numbers of the same kind, and none in common."""
    mine, theirs = dict(one.identifiers), dict(other.identifiers)
    if set(one.identifiers) & set(other.identifiers):
        return None
    for scheme, number in mine.items():
        if scheme in theirs:
            return f"{scheme}:{number}", f"{scheme}:{theirs[scheme]}"
    return None


def _shown(value: object) -> str:
    if isinstance(value, frozenset):
        return ", ".join(sorted(value))
    return str(value) if value is not None else ""
