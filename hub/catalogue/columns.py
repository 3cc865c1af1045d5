"""What filters, counts and orders works, held in memory: a bitmap per facet value.

The database stays the truth (`search_entry`); each process keeps this copy of its columns and
brings it up to date before every search with the entries whose version is newer than its own. A
bitmap holds work ids, compressed, so that a facet count is the size of one intersection:
microseconds for a million works, exact, and the same on both databases.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from heapq import nlargest, nsmallest
from threading import Lock
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from pyroaring import FrozenBitMap
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from hub.catalogue import index
from hub.catalogue.kept import Kept
from hub.models import Counter, SearchEntry, SearchWord
from hub.models.base import table

Bits = FrozenBitMap
_Entry = sa.Row[int, int | None, str, int, str]
_AT_ONCE = 2_000
_MOST_CHANGED = 2_000
"""Works whose texts are read to keep what was looked up; of more it is forgotten."""
NONE = Bits()
FEW = 500
"""So many works are put in order one by one; of more, only the parts that a page shows."""
PREFIX = 3
DAY = 86_400
Name = TypeVar("Name", bound=Hashable)
Facets = Mapping[str, Mapping[str, Bits]]
"""Facet → value → the works that have it."""


@dataclass(frozen=True, slots=True)
class Order:
    """An order of works: in parts that follow each other, and within a part by a finer key."""

    parts: Mapping[Any, Bits]
    finer: Callable[[int], Any] | None = None
    """Of a work; it never contradicts the order of the parts. None where a part holds equals."""
    descending: bool = False

    def page(self, works: Bits, offset: int, limit: int) -> list[int]:
        """So many of these works from `offset` on; of equals the lower id comes first."""
        if self.finer and len(works) <= FEW:
            return self._first(works, offset + limit)[offset:]
        ids: list[int] = []
        for name in sorted(self.parts, reverse=self.descending):
            size = works.intersection_cardinality(self.parts[name])
            if size <= offset:
                offset -= size
                continue
            ids += self._first(works & self.parts[name], offset + limit - len(ids))[offset:]
            offset = 0
            if len(ids) >= limit:
                break
        return ids

    def _first(self, part: Bits, number: int) -> list[int]:
        if self.finer is None:
            return list(part[:number])
        return (nlargest if self.descending else nsmallest)(number, part, key=self.finer)


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns at one version; the sequences are indexed by work id and only ever extended."""

    version: int = 0
    live: Bits = NONE
    facets: Facets = field(default_factory=dict)
    titles: list[str] = field(default_factory=list)
    """Sort keys."""
    newest: array[int] = field(default_factory=lambda: array("q"))
    """Seconds since 1970."""
    by_length: Mapping[int, Bits] = field(default_factory=dict)
    """Of the titles' sort keys."""
    by_prefix: Mapping[str, Bits] = field(default_factory=dict)
    by_day: Mapping[int, Bits] = field(default_factory=dict)
    postings: Kept = field(default_factory=Kept)
    """Of tokens: what `hub.catalogue.postings` has looked up."""
    usable: Kept = field(default_factory=Kept)
    """Of readers: what `hub.catalogue.usable` has found at this version."""


@dataclass(slots=True)
class Vocabulary:
    """The words of the index by length, folded → as first written."""

    version: int = 0
    by_length: dict[int, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))


def current(session: Session) -> Columns:
    """The columns as this session's transaction sees the index."""
    kept = _kept(session)
    latest = session.execute(_select_version, {"name": index.VERSION}).scalar() or 0
    if latest > kept.columns.version:
        with kept.lock:
            if latest > kept.columns.version:
                kept.columns = _refreshed(session, kept.columns, latest)
    columns = kept.columns
    # A transaction that began before the latest change must not look up for later ones.
    if columns.version == latest:
        return columns
    return replace(columns, postings=Kept(), usable=Kept())


def vocabulary(session: Session) -> Vocabulary:
    """The words of the index; loaded when first asked for."""
    kept = _kept(session)
    latest = current(session).version
    with kept.lock:
        words = kept.words
        if latest > words.version:
            rows = session.execute(_select_words, {"version": words.version})
            for word, folded in rows:
                words.by_length[len(folded)].setdefault(folded, word)
            words.version = latest
    return words


@dataclass(slots=True)
class _Kept:
    columns: Columns = field(default_factory=Columns)
    words: Vocabulary = field(default_factory=Vocabulary)
    lock: Lock = field(default_factory=Lock)


_by_engine: WeakKeyDictionary[Engine, _Kept] = WeakKeyDictionary()
_creating = Lock()


def _kept(session: Session) -> _Kept:
    engine = session.connection().engine
    with _creating:
        return _by_engine.setdefault(engine, _Kept())


def _refreshed(session: Session, old: Columns, version: int) -> Columns:
    """In parts, so that reading everything for the first time takes little more than it keeps."""
    columns, changed = old, NONE
    entries = session.execute(
        _select_entries, {"version": old.version}, execution_options={"yield_per": _AT_ONCE}
    )
    for rows in entries.partitions():
        columns = _changed(columns, rows)
        changed |= Bits([row[0] for row in rows])
    postings = _postings(session, old.postings, changed)
    return replace(columns, version=version, postings=postings, usable=Kept())


def _postings(session: Session, old: Kept, changed: Bits) -> Kept:
    """What was looked up before these works changed, brought up to date by their texts."""
    kept, having = frozenset(old), defaultdict[str, list[int]](list)
    if not kept or len(changed) > _MOST_CHANGED:
        return Kept()
    for work_id, tokens in index.texts(session, list(changed)):
        for token in kept.intersection(tokens.split(" ")):
            having[token].append(work_id)
    return old.changed(changed, having)


def _changed(old: Columns, rows: Sequence[_Entry]) -> Columns:
    live: list[int] = []
    by_lines: dict[str, list[int]] = defaultdict(list)
    lengths: dict[int, list[int]] = defaultdict(list)
    prefixes: dict[str, list[int]] = defaultdict(list)
    days: dict[int, list[int]] = defaultdict(list)
    missing = max(row[0] for row in rows) + 1 - len(old.titles)
    if missing > 0:
        old.titles.extend([""] * missing)
        old.newest.extend([0] * missing)
    for work_id, offer_id, title, moment, lines in rows:
        old.titles[work_id] = title
        old.newest[work_id] = moment
        if offer_id is not None:
            live.append(work_id)
            lengths[len(title)].append(work_id)
            prefixes[title[:PREFIX]].append(work_id)
            days[moment // DAY].append(work_id)
            by_lines[lines].append(work_id)
    facets: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for lines, works in by_lines.items():  # many works have the same
        for line in lines.split("\n"):
            facet, _, value = line.partition(" ")
            facets[facet][value] += works
    changed = Bits([row[0] for row in rows])
    return replace(
        old,
        live=(old.live - changed) | Bits(live),
        facets={
            name: _merged(old.facets.get(name, {}), changed, facets.get(name, {}))
            for name in old.facets.keys() | facets.keys()
        },
        by_length=_merged(old.by_length, changed, lengths),
        by_prefix=_merged(old.by_prefix, changed, prefixes),
        by_day=_merged(old.by_day, changed, days),
    )


def _merged(
    old: Mapping[Name, Bits], changed: Bits, new: Mapping[Name, list[int]]
) -> dict[Name, Bits]:
    """The old bitmaps without the changed works, and the changed works as they are now."""
    merged = {}
    for name, bits in old.items():
        if left := bits - changed if bits.intersect(changed) else bits:
            merged[name] = left
    for name, works in new.items():
        merged[name] = merged.get(name, NONE) | Bits(works)
    return merged


_entry, _word, _counter = table(SearchEntry), table(SearchWord), table(Counter)
_select_version = sa.select(_counter.c.value).where(_counter.c.name == sa.bindparam("name"))
_select_entries = sa.select(
    _entry.c.work_id, _entry.c.offer_id, _entry.c.title, _entry.c.newest, _entry.c.facets
).where(_entry.c.version > sa.bindparam("version"))
_select_words = sa.select(_word.c.word, _word.c.folded).where(
    _word.c.version > sa.bindparam("version")
)
