"""Codes and what people call them: labels in German and English, parents, search words."""

from __future__ import annotations


def label(facet: str, code: str, language: str = "de") -> str:
    """What to show for a code; the code itself where no vocabulary knows it.

    Facets: kind, subject, level, medium_type, carrier, access, audience, competence, region.
    """
    return code


def parents(facet: str, code: str) -> tuple[str, ...]:
    """The codes above this one, nearest first: `08001` → (`080`,), `3.4` → (`3`,)."""
    return ()


def names(facet: str, code: str) -> tuple[str, ...]:
    """Words by which people look for it: German labels and synonyms of the code and its parents."""
    return ()
