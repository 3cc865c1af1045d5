"""The EAF notation for whom a medium is meant: `A(8-13); Q`.

`A` is general education with its school years, `B` vocational, `E` before school, `SO` special
needs, `J` youth work, `Q` university and formal adult education, `T` further training, `L` the
training of teachers. Ranges may be open: `A(5-)`, `A(-12)`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

FIRST, LAST = 1, 13
_SCHOOL = (("grundschule", 1, 4), ("sekundarstufe_1", 5, 10), ("sekundarstufe_2", 11, 13))
_LEVELS = {
    "E": ("elementarbereich",),
    "A": (),
    "SO": ("foerderschule",),
    "B": ("berufliche_bildung",),
    "Q": ("hochschule", "erwachsenenbildung"),
    "T": ("fortbildung",),
    "L": ("fortbildung",),
    "J": ("informelles_lernen",),
}
_ORDER = (
    "elementarbereich",
    *(name for name, *_ in _SCHOOL),
    *(level for letter, levels in _LEVELS.items() if letter not in "EL" for level in levels),
)
_AUDIENCES = {
    "E": "kita",
    "A": "school",
    "SO": "school",
    "B": "school",
    "Q": "education",
    "T": "education",
    "L": "zfsl",
    "J": "youth",
}
_TERM = re.compile(r"([A-Z]+)\s*(?:\(([^()]*)\)?)?", re.IGNORECASE)
_RANGE = re.compile(r"(\d{1,2})?\s*(-|–|bis)?\s*(\d{1,2})?", re.IGNORECASE)
_SEARCH = re.compile(r"(?:AGBS(\d{2})|([A-Z]{1,2}?)SADR)\b")

_Term = tuple[str, list[tuple[int, int]] | None]
"""A letter and its school years; None where it stands alone."""


@dataclass(frozen=True, slots=True)
class Adressat:
    """Whom a medium is meant for, in the hub's words; empty where nothing is known."""

    levels: tuple[str, ...] = ()
    grades: tuple[int, int] | None = None
    audiences: tuple[str, ...] = ()


def read(text: str) -> Adressat:
    """Read `adressat`; what is not in the notation is passed over."""
    terms: list[_Term] = []
    for found in _TERM.finditer(text):
        letter = found[1].upper()
        if letter in _LEVELS:
            terms.append((letter, None if found[2] is None else _ranges(found[2])))
    return _build(terms)


def read_search(text: str) -> Adressat:
    """Read `searchadressat`, the same in index words: `AGBS08 AGBS09 QSADR`."""
    terms: list[_Term] = []
    for found in _SEARCH.finditer(text.upper()):
        if found[1]:
            terms.append(("A", _ranges(found[1])))
        elif found[2] in _LEVELS:
            terms.append((found[2], None))
    return _build(terms)


def write(adressat: Adressat) -> str:
    """The notation for these levels and years; reading it gives them again."""
    parts = []
    for letter, levels in _LEVELS.items():
        if letter == "A":
            parts += _write_school(adressat)
        elif letter == "L":
            if "zfsl" in adressat.audiences:
                parts.append(letter)
        elif letter == "T":
            only_teachers = "zfsl" in adressat.audiences and "education" not in adressat.audiences
            if "fortbildung" in adressat.levels and not only_teachers:
                parts.append(letter)
        elif set(levels) <= set(adressat.levels):
            parts.append(letter)
    return "; ".join(parts)


def _write_school(adressat: Adressat) -> list[str]:
    levels = [entry for entry in _SCHOOL if entry[0] in adressat.levels]
    if adressat.grades is None:
        return ["A"] if len(levels) == len(_SCHOOL) else []
    first, last = adressat.grades
    ranges: list[tuple[int, int]] = []
    for _, low, high in levels:
        low, high = max(low, first), min(high, last)
        if ranges and ranges[-1][1] + 1 == low:
            low = ranges.pop()[0]
        ranges.append((low, high))
    return [f"A({low})" if low == high else f"A({low}-{high})" for low, high in ranges]


def _ranges(text: str) -> list[tuple[int, int]]:
    """School years of `8-13`, `5-`, `-12`, `3`, `1, 3-4`; years that no school has are cut off."""
    ranges = []
    for part in re.split(r"[,;+/]|\bund\b", text):
        found = _RANGE.fullmatch(part.strip())
        if not found or not (found[1] or found[3]):
            continue
        low = int(found[1]) if found[1] else FIRST
        high = int(found[3]) if found[3] else LAST if found[2] else low
        if found[1] and found[3] and not found[2]:
            continue
        low, high = min(low, high), max(low, high)
        if low <= LAST and high >= FIRST:
            ranges.append((max(low, FIRST), min(high, LAST)))
    return ranges


def _build(terms: Iterable[_Term]) -> Adressat:
    levels: set[str] = set()
    audiences: set[str] = set()
    years: list[int] = []
    whole_school = False
    for letter, ranges in terms:
        if letter == "A" and ranges == []:  # years that cannot be read say nothing
            continue
        audiences.add(_AUDIENCES[letter])
        levels.update(_LEVELS[letter])
        if letter == "A" and ranges is None:
            whole_school = True
        elif letter == "A":
            for low, high in ranges or ():
                years += [low, high]
                levels.update(name for name, a, b in _SCHOOL if low <= b and high >= a)
    if whole_school:
        levels.update(name for name, *_ in _SCHOOL)
        years = []
    return Adressat(
        levels=tuple(level for level in _ORDER if level in levels),
        grades=(min(years), max(years)) if years else None,
        audiences=tuple(one for one in dict.fromkeys(_AUDIENCES.values()) if one in audiences),
    )
