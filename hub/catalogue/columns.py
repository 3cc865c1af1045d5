"""What filters, counts and orders works, held in memory: a bitmap per facet value.

The database stays the truth (`search_entry`); each process keeps this copy of its columns and
brings it up to date before every search with the entries whose version is newer than its own. A
bitmap is an int whose bit number is the work id, so that a facet count is one AND and one
`bit_count`: microseconds for hundreds of thousands of works, exact, and the same on both databases.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import compress, count
from threading import Lock
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from hub.catalogue import index
from hub.models import Counter, SearchEntry, SearchWord
from hub.models.base import table

Bits = int
_Entry = sa.Row[int, int | None, str, int, str]
_AT_ONCE = 10_000
_ONE = ord("1")
_AS_NUMBERS = bytes.maketrans(b"01", b"\0\1")
_DENSE = 20
"""With more than one bit of so many set, looking at each is faster than looking for them."""
FacetBits = dict[str, dict[str, Bits]]
"""Facet → value → the works that have it."""


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns at one version; the sequences are indexed by work id and only ever extended."""

    version: int = 0
    live: Bits = 0
    facets: FacetBits = field(default_factory=dict)
    titles: list[str] = field(default_factory=list)
    """Sort keys."""
    lengths: array[int] = field(default_factory=lambda: array("H"))
    """Of the titles' sort keys."""
    newest: array[int] = field(default_factory=lambda: array("q"))
    postings: dict[str, Bits] = field(default_factory=dict)
    """What `hub.catalogue.postings` has looked up at this version."""


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
    return columns if columns.version == latest else replace(columns, postings={})


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


def to_bits(ids: Sequence[int]) -> Bits:
    """The bitmap with these bits set."""
    if not ids:
        return 0
    last = max(ids)
    digits = bytearray(b"0") * (last + 1)
    for i in ids:
        digits[last - i] = _ONE
    return int(digits, 2)


def to_ids(bits: Bits) -> Iterator[int]:
    """The numbers of the set bits, ascending."""
    digits = bin(bits)[:1:-1]
    if bits.bit_count() > len(digits) // _DENSE:
        yield from compress(count(), digits.encode().translate(_AS_NUMBERS))
        return
    found = digits.find("1")
    while found >= 0:
        yield found
        found = digits.find("1", found + 1)


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
    columns = old
    entries = session.execute(
        _select_entries, {"version": old.version}, execution_options={"yield_per": _AT_ONCE}
    )
    for rows in entries.partitions():
        columns = _changed(columns, rows)
    return replace(columns, version=version, postings={})


def _changed(old: Columns, rows: Sequence[_Entry]) -> Columns:
    live: list[int] = []
    by_facets: dict[str, list[int]] = defaultdict(list)
    missing = max(row[0] for row in rows) + 1 - len(old.titles)
    if missing > 0:
        old.titles.extend([""] * missing)
        old.lengths.extend([0] * missing)
        old.newest.extend([0] * missing)
    for work_id, offer_id, title, moment, facets in rows:
        old.titles[work_id] = title
        old.lengths[work_id] = len(title)
        old.newest[work_id] = moment
        if offer_id is not None:
            live.append(work_id)
            by_facets[facets].append(work_id)
    keep = ~to_bits([row[0] for row in rows])
    return replace(
        old,
        live=(old.live & keep) | to_bits(live),
        facets=_merged(old.facets, keep, by_facets.items()),
    )


def _merged(old: FacetBits, keep: Bits, new: Iterable[tuple[str, list[int]]]) -> FacetBits:
    """The old bitmaps without the changed works, and the changed works as they are now."""
    ids: dict[tuple[str, str], list[int]] = defaultdict(list)
    for lines, works in new:
        for line in lines.split("\n"):
            facet, _, value = line.partition(" ")
            ids[facet, value] += works
    merged: FacetBits = defaultdict(dict)
    for facet, values in old.items():
        for value, bits in values.items():
            if left := bits & keep:
                merged[facet][value] = left
    for (facet, value), works in ids.items():
        merged[facet][value] = merged[facet].get(value, 0) | to_bits(works)
    return dict(merged)


_entry, _word, _counter = table(SearchEntry), table(SearchWord), table(Counter)
_select_version = sa.select(_counter.c.value).where(_counter.c.name == sa.bindparam("name"))
_select_entries = sa.select(
    _entry.c.work_id, _entry.c.offer_id, _entry.c.title, _entry.c.newest, _entry.c.facets
).where(_entry.c.version > sa.bindparam("version"))
_select_words = sa.select(_word.c.word, _word.c.folded).where(
    _word.c.version > sa.bindparam("version")
)
