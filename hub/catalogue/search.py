"""Searching works: words, filters, facets, order, and what to try when nothing is found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sqlalchemy.orm import Session

FACETS = ("kind", "site", "region", "subject", "level", "medium_type", "access", "competence")


class Sort(StrEnum):
    RELEVANCE = "relevance"
    TITLE = "title"
    NEWEST = "newest"


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for. Any text is allowed: quotes make a phrase, a leading minus excludes."""

    text: str = ""
    filters: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Facet name to chosen values: OR within a facet, AND between facets; unknown ones match
    nothing."""
    sort: Sort = Sort.RELEVANCE
    page: int = 1
    per_page: int = 20
    language: str = "de"
    """Of the labels: `de` or `en`."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One work found, shown by its representative offer."""

    work_id: int
    offer_id: int
    kind: str
    title: str
    site: str


@dataclass(frozen=True, slots=True)
class FacetValue:
    value: str
    label: str
    count: int
    selected: bool


@dataclass(frozen=True, slots=True)
class Facet:
    """The values of one facet that occur in the result, most frequent first.

    Counts ignore the facet's own selection, so that a second value can be added to the first.
    """

    name: str
    label: str
    values: tuple[FacetValue, ...]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Another query that has hits."""

    text: str
    total: int


@dataclass(frozen=True, slots=True)
class Results:
    """One page of hits. `page` is the page shown (a page past the end shows the last one)."""

    hits: tuple[Hit, ...] = ()
    total: int = 0
    page: int = 1
    pages: int = 0
    facets: tuple[Facet, ...] = ()
    did_you_mean: Suggestion | None = None
    relaxed: tuple[Suggestion, ...] = ()
    """When nothing was found: the query with a word or the filters left out."""
    terms: frozenset[str] = frozenset()
    """For `marks`: what was looked for."""


def search(session: Session, query: Query) -> Results:
    """Run a query on the index; never fails because of what was typed."""
    return Results()


def marks(text: str, terms: frozenset[str]) -> tuple[tuple[int, int], ...]:
    """Half-open character ranges of the words in `text` that the query found, in order."""
    return ()


def snippet(text: str, terms: frozenset[str], length: int = 240) -> str:
    """The stretch of `text` with the most found words, cut at words; plain text, to be marked."""
    return text[:length]
