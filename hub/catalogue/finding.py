"""Which works match the words of a query, and where in them each word stands.

The full-text index only says which works contain a token (`postings`); what is asked for and how
the answers are put together is decided here, on bitmaps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from operator import and_

from sqlalchemy.orm import Session

from hub.catalogue import analysis, query_text
from hub.catalogue.columns import NONE, Bits, Columns
from hub.catalogue.postings import containing, lookup
from hub.catalogue.query_text import Term

FIELDS = "tkdabc"
"""Letters of the tokens in which words are looked for (`hub.catalogue.analysis`)."""


@dataclass(frozen=True, slots=True)
class Found:
    """Where one term was found: the works, and those where it stands in better places."""

    term: Term
    bits: Bits
    in_title: Bits
    whole_in_title: Bits
    in_keywords: Bits
    """Or in the title."""


@dataclass(frozen=True, slots=True)
class Match:
    """The works that match the words of a query, before filters."""

    live: Bits
    bits: Bits
    found: tuple[Found, ...] = ()
    identified: Bits = NONE

    @property
    def wanted(self) -> list[Found]:
        return [found for found in self.found if not found.term.excluded]

    @property
    def marked(self) -> frozenset[str]:
        return frozenset(
            stem
            for found in self.wanted
            for stem in (*found.term.stems, found.term.whole or "")
            if stem
        )


def match(session: Session, cols: Columns, text: str) -> Match:
    if not text.strip():
        return Match(cols.live, cols.live)
    terms = query_text.parse(text)
    fields = "t" if query_text.only_stop_words(terms) else FIELDS
    tokens = {f + stem for term in terms for stem in _stems(term, fields) for f in fields}
    tokens.update("t" + term.whole for term in terms if term.whole)
    tokens.update(token for term in terms for token in term.others)
    joined = [_joined(*pair) for pair in pairwise(terms)]
    tokens.update(f + stem for stem in joined if stem for f in analysis.TEXTS)
    identifiers = analysis.typed_identifier(text)
    works = lookup(session, cols, tokens.union(identifiers))
    identified = Bits.union(NONE, *(works[token] for token in identifiers)) & cols.live
    if not terms:
        return Match(cols.live, identified, (), identified)
    found = [_find(session, cols, term, works, fields) for term in terms]
    if fields == FIELDS:
        for at, stem in enumerate(joined):
            if stem:
                found[at : at + 2] = [
                    _as_one(each, stem, works, cols) for each in found[at : at + 2]
                ]
    for each in found:
        if each.term.excluded:
            identified -= each.bits
    return Match(cols.live, combined(cols.live, found) | identified, tuple(found), identified)


def _joined(first: Term, second: Term) -> str:
    """The stem of the compound that two words may be: of `Wasser Kreislauf`, `Cyber-Mobbing`."""
    if any(t.phrase or t.excluded or t.grades or t.words[0].isdigit() for t in (first, second)):
        return ""
    return analysis.word(first.words[0] + second.words[0]).stem


def _as_one(found: Found, stem: str, works: Mapping[str, Bits], cols: Columns) -> Found:
    """With the works in which a word and its neighbour stand as one."""
    title, keyword, text = (works[f + stem] & cols.live for f in analysis.TEXTS)
    return Found(
        found.term,
        found.bits | title | keyword | text,
        found.in_title | title,
        found.whole_in_title | title,
        found.in_keywords | title | keyword,
    )


def _find(
    session: Session, cols: Columns, term: Term, works: dict[str, Bits], fields: str
) -> Found:
    def everywhere(letters: str) -> Bits:
        """Works in which every stem stands in one of these fields."""
        each = (
            Bits.union(*(works.get(f + stem, NONE) for f in letters))
            for stem in _stems(term, fields)
        )
        return reduce(and_, each, cols.live)

    bits = everywhere(fields)
    if term.phrase and len(term.words) > 1:
        bits = containing(session, bits, term.patterns)
    in_title = everywhere("ta") & bits
    in_keywords = everywhere("takb") & bits
    for token in term.others:
        same = works[token] & cols.live
        bits |= same
        in_title |= same if token[0] == "t" else NONE
        in_keywords |= same if token[0] in "tk" else NONE
    whole = works["t" + term.whole] if term.whole else everywhere("t")
    return Found(term, bits, in_title, whole & bits, in_keywords)


def _stems(term: Term, fields: str) -> tuple[str, ...]:
    if fields == "t":
        return tuple(analysis.word(word).stem for word in term.words)
    return term.stems


def combined(live: Bits, found: Sequence[Found]) -> Bits:
    bits = reduce(and_, (f.bits for f in found if not f.term.excluded), live)
    for each in found:
        if each.term.excluded:
            bits -= each.bits
    return bits
