"""Searching works: words, filters, facets, order, and what to try when nothing is found.

The full-text index only says which works contain a token (`postings`); everything else is done
on bitmaps (`columns`, `finding`), so that SQLite and PostgreSQL give the same hits, counts and
order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from functools import reduce
from itertools import islice
from operator import and_

import sqlalchemy as sa
from rapidfuzz import process
from rapidfuzz.distance import OSA
from sqlalchemy.orm import Session

from hub.catalogue import analysis, columns, finding, usable, vocabulary
from hub.catalogue.columns import NONE, Bits, Columns, Order
from hub.catalogue.finding import FIELDS, Found, Match, combined
from hub.catalogue.highlight import marks, snippet
from hub.catalogue.postings import lookup
from hub.catalogue.reader import Reader
from hub.db import in_list, json_list
from hub.models import Offer, SearchEntry, Site
from hub.models.base import table

__all__ = [
    "FACETS", "FIELDS", "Facet", "FacetValue", "Hit", "Query", "Results", "Sort", "Suggestion",
    "Usable", "explain", "marks", "search", "snippet",
]  # fmt: skip

FACETS = ("kind", "site", "region", "subject", "level", "medium_type", "access", "competence")
DEEPEST = 10_000
"""Hits that can be paged through; who wants more needs the list, not the search."""


class Sort(StrEnum):
    RELEVANCE = "relevance"
    TITLE = "title"
    NEWEST = "newest"


@dataclass(frozen=True, slots=True)
class Usable:
    """What a reader gets at on a day; a filter beside the facets."""

    reader: Reader
    day: date


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for. Any text is allowed: quotes make a phrase, a leading minus excludes."""

    text: str = ""
    filters: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Facet name to chosen values: OR within a facet, AND between facets; unknown ones match
    nothing."""
    sort: Sort = Sort.RELEVANCE
    """Without words everything is equally relevant: newest first."""
    page: int = 1
    per_page: int = 20
    language: str = "de"
    """Of the labels: `de` or `en`."""
    usable: Usable | None = None
    """Only what this reader gets at."""


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
    A selected value is there even if it occurs no more.
    """

    name: str
    label: str
    values: tuple[FacetValue, ...]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Another query that has hits."""

    text: str
    total: int
    keeps_filters: bool = True
    """False: the same words have hits once the filters are taken off."""


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
    cols = columns.current(session)
    match = finding.match(session, cols, query.text)
    chosen = {name: values for name, values in query.filters.items() if values}
    selections = {name: _selection(cols, name, values) for name, values in chosen.items()}
    if query.usable is not None:
        asked = query.usable
        selections["usable"] = usable.works(session, cols, asked.reader, asked.day)
    found = reduce(and_, selections.values(), match.bits)
    total = len(found)
    pages = -(-min(total, DEEPEST) // query.per_page)
    page = max(1, min(query.page, pages))
    ids = _page(cols, match, found, query.sort, (page - 1) * query.per_page, query.per_page)
    results = Results(
        hits=_hits(session, ids),
        total=total,
        page=page,
        pages=pages,
        facets=_facets(session, cols, match.bits, chosen, selections, query.language),
        terms=match.marked,
    )
    if total == 0:
        filters = list(selections.values())
        return replace(
            results,
            did_you_mean=_did_you_mean(session, cols, match, query.text, filters),
            relaxed=_relaxed(match, query.text, filters),
        )
    return results


def explain(session: Session, query: Query) -> list[str]:
    """How the words of a query were understood, and in how many works each was found."""
    match = finding.match(session, columns.current(session), query.text)
    lines = [
        f"{'-' if found.term.excluded else '+'} {found.term.text}: "
        f"{' & '.join(found.term.stems)} in {len(found.bits)} works, "
        f"titles {len(found.in_title)}, "
        f"titles undivided {len(found.whole_in_title)}, "
        f"titles or keywords {len(found.in_keywords)}"
        for found in match.found
    ]
    if match.identified:
        lines.append(f"as an identifier: {len(match.identified)} works")
    return [*lines, f"together: {len(match.bits)} works"]


def _selection(cols: Columns, facet: str, values: frozenset[str]) -> Bits:
    known = cols.facets.get(facet, {})
    return Bits.union(NONE, *(known.get(value, NONE) for value in values))


def _facets(
    session: Session,
    cols: Columns,
    matched: Bits,
    chosen: Mapping[str, frozenset[str]],
    selections: Mapping[str, Bits],
    language: str,
) -> tuple[Facet, ...]:
    sites = {row.key: row.name for row in session.execute(_select_sites)}
    facets = []
    for name in FACETS:
        others = (bits for facet, bits in selections.items() if facet != name)
        base = reduce(and_, others, matched)
        selected = chosen.get(name, frozenset())
        values = []
        known = cols.facets.get(name, {})
        for value in known.keys() | selected:
            count = base.intersection_cardinality(known.get(value, NONE))
            if count or value in selected:
                label = (
                    sites.get(value, value)
                    if name == "site"
                    else (vocabulary.label(name, value, language))
                )
                values.append(FacetValue(value, label, count, value in selected))
        values.sort(key=lambda v: (-v.count, v.label, v.value))
        facets.append(Facet(name, vocabulary.label("facet", name, language), tuple(values)))
    return tuple(facets)


def _page(
    cols: Columns, match: Match, found: Bits, sort: Sort, offset: int, limit: int
) -> list[int]:
    """The ids of a page. Best first is: identified, most terms in titles undivided, most in
    titles, most in titles or keywords; then shorter titles, then older entries."""
    classes: Iterable[Bits] = [found]
    if sort is Sort.TITLE:
        order = Order(cols.by_prefix, cols.titles.__getitem__)
    elif sort is Sort.NEWEST or not (match.found or match.identified):
        order = Order(cols.by_day, cols.newest.__getitem__, descending=True)
    else:
        order = Order(cols.by_length)
        wanted = match.wanted
        classes = _classes(
            found,
            [match.identified],
            _at_least([f.whole_in_title for f in wanted]),
            _at_least([f.in_title for f in wanted]),
            _at_least([f.in_keywords for f in wanted]),
        )
    ids: list[int] = []
    for works in classes:
        if len(works) <= offset:
            offset -= len(works)
            continue
        ids += order.page(works, offset, limit - len(ids))
        offset = 0
        if len(ids) >= limit:
            break
    return ids


def _at_least(sets: Sequence[Bits]) -> list[Bits]:
    """The works that are in all of the sets, in all but one, … in one."""
    levels = [NONE] * len(sets)
    for bits in sets:
        for n in range(len(sets) - 1, 0, -1):
            levels[n] |= levels[n - 1] & bits
        levels[0] |= bits
    return levels[::-1]


def _classes(found: Bits, *criteria: list[Bits]) -> Iterator[Bits]:
    """`found` parted by the first criterion, each part by the next; best first."""
    if not criteria:
        yield found
        return
    for level in criteria[0]:
        if better := found & level:
            yield from _classes(better, *criteria[1:])
            found -= level
    if found:
        yield from _classes(found, *criteria[1:])


def _hits(session: Session, work_ids: Sequence[int]) -> tuple[Hit, ...]:
    rows = session.execute(_select_hits, {"works": json_list(work_ids)})
    hits = {row.work_id: Hit(*row) for row in rows}
    # A work may have left the index between reading the columns and now (PostgreSQL).
    return tuple(hits[i] for i in work_ids if i in hits)


def _did_you_mean(
    session: Session, cols: Columns, match: Match, text: str, filters: Sequence[Bits]
) -> Suggestion | None:
    """The query with each word that no work contains replaced by the likeliest of the index."""
    corrected = text
    unknown = [found.term for found in match.wanted if not found.bits and not found.term.phrase]
    for term in unknown:
        better = _nearest(session, cols, term.words[0])
        if better is None:
            return None
        corrected = _replaced(corrected, term.words[0], better)
    if not unknown:
        return None
    bits = reduce(and_, filters, finding.match(session, cols, corrected).bits)
    return Suggestion(corrected, len(bits)) if bits else None


def _nearest(session: Session, cols: Columns, word: str) -> str | None:
    folded = analysis.fold(word)
    if len(folded) < 4 or folded.isdigit():
        return None
    # A short word has neighbours enough that are other words: Zellen is no slip for zeigen.
    furthest = 1 if len(folded) < 8 else 2
    by_length = columns.vocabulary(session).by_length
    best: list[tuple[float, str]] = []
    for length in range(len(folded) - furthest, len(folded) + furthest + 1):
        near = process.extract(
            folded,
            by_length.get(length, {}).keys(),
            scorer=OSA.distance,
            score_cutoff=furthest,
            limit=5,
        )
        best += [(distance, by_length[length][choice]) for choice, distance, _ in near]
    if not best:
        return None
    stems = {written: analysis.word(written).stem for _, written in best}
    works = lookup(session, cols, {f + stem for stem in stems.values() for f in "tk"})

    def rank(candidate: tuple[float, str]) -> tuple[float, int, str]:
        distance, written = candidate
        hits = works["t" + stems[written]] | works["k" + stems[written]]
        # People rarely get the first letter wrong.
        return distance + (written[0] != word[0]), -len(hits), written

    return min(best, key=rank)[1]


def _replaced(text: str, word: str, better: str) -> str:
    """`text` with the word, however it is capitalised, replaced."""
    at = text.lower().find(word)
    return text[:at] + better + text[at + len(word) :] if at >= 0 else better


def _relaxed(match: Match, text: str, filters: Sequence[Bits]) -> tuple[Suggestion, ...]:
    suggestions = []
    if filters and match.bits:
        suggestions.append(Suggestion(text, len(match.bits), keeps_filters=False))
    if len(match.wanted) > 1:
        for left_out in match.wanted:
            rest = [found for found in match.found if found is not left_out]
            total = len(reduce(and_, filters, combined(match.live, rest)))
            if total:
                suggestions.append(Suggestion(_typed(rest), total))
        if not suggestions:
            suggestions += _together(match, filters)
    suggestions.sort(key=lambda s: (s.keeps_filters, s.total))
    return tuple(islice(suggestions, 3))


def _together(match: Match, filters: Sequence[Bits]) -> list[Suggestion]:
    """The words of a query that are found together, the rarest first: they tell most."""
    bits = reduce(and_, filters, combined(match.live, [f for f in match.found if f.term.excluded]))
    kept = []
    for found in sorted(match.wanted, key=lambda f: len(f.bits)):
        if found.bits & bits:
            bits &= found.bits
            kept.append(found)
    if not kept:
        return []
    rest = [f for f in match.found if f in kept or f.term.excluded]
    return [Suggestion(_typed(rest), len(bits))]


def _typed(found: Iterable[Found]) -> str:
    return " ".join("-" * f.term.excluded + f.term.text for f in found)


_entry, _offer, _site = table(SearchEntry), table(Offer), table(Site)
_select_hits = (
    sa.select(_entry.c.work_id, _offer.c.id, _offer.c.kind, _offer.c.title, _offer.c.site_key)
    .join(_offer, _offer.c.id == _entry.c.offer_id)
    .where(in_list(_entry.c.work_id, "works"))
)
_select_sites = sa.select(_site.c.key, _site.c.name)
