"""Codes and what people call them: labels in German and English, parents, search words.

The words come from `config/vocabularies` (its README names the sources), read once per process.
"""

from __future__ import annotations

import csv
import functools
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hub import settings


@dataclass(frozen=True, slots=True)
class Term:
    """A code's labels and further German words for it; `en` is empty where nobody wrote one."""

    de: str
    en: str = ""
    names: tuple[str, ...] = ()


def label(facet: str, code: str, language: str = "de") -> str:
    """What to show for a code; the code itself where no vocabulary knows it.

    Facets: kind, subject, level, medium_type, carrier, access, audience, competence, and `facet`
    for the names of the facets.
    """
    term = _terms().get((facet, code))
    if term is None:
        return code
    text = (term.en if language == "en" else "") or term.de
    return f"{code} {text}" if facet == "competence" else text


def codes(facet: str) -> tuple[str, ...]:
    """All codes of a vocabulary in its order."""
    return tuple(code for known, code in _terms() if known == facet)


def is_known(facet: str, code: str) -> bool:
    """Whether the vocabulary knows the code, or one above it."""
    return any((facet, one) in _terms() for one in (code, *parents(facet, code)))


def parents(facet: str, code: str) -> tuple[str, ...]:
    """The codes above this one, nearest first: `0800101` → (`08001`, `080`), `3.4` → (`3`,).

    EAF codes have 3, 5, 7, 9 or 11 digits, two more than their parent; areas of the
    Medienkompetenzrahmen are the digit before the point.
    """
    if facet == "subject" and code.isdigit():
        return tuple(code[:length] for length in range(len(code) - 2, 2, -2))
    if facet == "competence" and "." in code:
        return (code.partition(".")[0],)
    return ()


def names(facet: str, code: str) -> tuple[str, ...]:
    """Words by which people look for it: German labels and synonyms of the code and its parents."""
    found: dict[str, None] = {}
    for each in (code, *parents(facet, code)):
        term = _terms().get((facet, each))
        if term is not None:
            found.update(dict.fromkeys((term.de, *term.names)))
    return tuple(found)


@functools.cache
def subject_facet() -> frozenset[str]:
    """Subject codes that are offered as a filter: the top-level areas and the school subjects."""
    return frozenset(row["code"] for row in _rows(_file("subjects.csv")))


def _file(name: str) -> Path:
    return settings.config_file(settings.load().config, f"vocabularies/{name}")


@functools.cache
def _terms() -> dict[tuple[str, str], Term]:
    terms: dict[tuple[str, str], Term] = {}
    for facet, codes in tomllib.loads(_file("terms.toml").read_text("utf-8")).items():
        for code, term in codes.items():
            terms[facet, code] = Term(term["de"], term["en"], tuple(term.get("names", ())))
    for row in _rows(_file("medienkompetenzrahmen_nrw.csv")):
        terms["competence", row["code"]] = Term(row["de"], row["en"])
    # The first file that knows a subject gives its label, the others further names.
    _add_subjects(terms, _file("subjects.csv"), "de", "names")
    _add_subjects(terms, _file("eaf_sachgebiete.csv"), "label", "suchbegriffe")
    _add_subjects(terms, _file("oeh_disciplines.csv"), "de", None)
    _add_subjects(terms, _file("kim_schulfaecher.csv"), None, "names")
    return terms


def _add_subjects(
    terms: dict[tuple[str, str], Term], file: Path, label: str | None, names: str | None
) -> None:
    for row in _rows(file):
        key = ("subject", row["code"])
        given = [row[label]] if label else []
        if names:
            given += re.split(r"\s*;\s*", row[names] or "")
        known = terms.get(key)
        first = known.de if known else given[0]
        further = dict.fromkeys([*(known.names if known else ()), *given])
        terms[key] = Term(
            first,
            (known.en if known else "") or row.get("en", ""),
            tuple(name for name in further if name and name != first),
        )


def _rows(file: Path) -> Iterator[dict[str, str]]:
    """Rows of a CSV file; none where an operator did not add the file."""
    if file.exists():
        with file.open(encoding="utf-8-sig", newline="") as lines:
            yield from csv.DictReader(lines)
