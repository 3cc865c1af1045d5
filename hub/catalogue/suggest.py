"""Completing what is being typed."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.catalogue import analysis, columns
from hub.catalogue.columns import Bits
from hub.catalogue.index import sort_key
from hub.catalogue.postings import lookup
from hub.catalogue.search import FIELDS
from hub.models import Offer, SearchEntry, SearchWord
from hub.models.base import table

_CANDIDATES = 30
_LAST = "\U0010ffff"


def suggest(session: Session, prefix: str, limit: int = 8) -> tuple[str, ...]:
    """Texts to search for that begin as typed: completed words first, then titles of works.

    A completed word is one that works contain together with the words before it, those of most
    works first. Titles fill at least the second half of the list where there are enough.
    """
    typed = " ".join("".join(c if c.isprintable() else " " for c in prefix).split())
    if not typed or limit < 1:
        return ()
    titles = _titles(session, typed, limit)
    words = _completed(session, typed)
    room = max(limit - len(titles), limit // 2)
    texts = {text.lower(): text for text in (*words[:room], *titles)}
    return tuple(texts.values())[:limit]


def _completed(session: Session, typed: str) -> list[str]:
    before, _, last = typed.rpartition(" ")
    begin = analysis.fold(last.lower())
    if len(begin) < 2 or not begin.isalnum():
        return []
    rows = session.scalars(
        _select_words, {"from": begin, "to": begin + _LAST, "limit": _CANDIDATES}
    )
    cols = columns.current(session)
    given = [analysis.word(w) for w in analysis.words(before)]
    needed = {part for word in given if not word.stop for part in word.parts}
    by_stem: dict[str, str] = {}
    for written in rows:  # the shortest of each stem: singular before plural
        word = analysis.word(written)
        if needed.isdisjoint(word.parts):
            by_stem.setdefault(word.stem, written)
    works = lookup(session, cols, {f + stem for stem in {*by_stem, *needed} for f in FIELDS})

    def containing(stem: str) -> Bits:
        return Bits.union(*(works[letter + stem] for letter in FIELDS))

    together = cols.live
    for stem in needed:
        together &= containing(stem)
    counted = [
        (-together.intersection_cardinality(containing(stem)), written)
        for stem, written in by_stem.items()
    ]
    return [f"{before} {written}".strip() for count, written in sorted(counted) if count]


def _titles(session: Session, typed: str, limit: int) -> list[str]:
    begin = sort_key(typed)
    if not begin:
        return []
    rows = session.scalars(_select_titles, {"from": begin, "to": begin + _LAST, "limit": limit})
    return list(rows)


_entry, _word, _offer = table(SearchEntry), table(SearchWord), table(Offer)
_select_words = (
    sa.select(_word.c.word)
    .where(_word.c.folded >= sa.bindparam("from"), _word.c.folded < sa.bindparam("to"))
    .order_by(sa.func.length(_word.c.folded), _word.c.folded)
    .limit(sa.bindparam("limit"))
)
_select_titles = (
    sa.select(_offer.c.title)
    .join(_entry, _entry.c.offer_id == _offer.c.id)
    .where(_entry.c.title >= sa.bindparam("from"), _entry.c.title < sa.bindparam("to"))
    .order_by(_entry.c.title, _entry.c.work_id)
    .limit(sa.bindparam("limit"))
)
