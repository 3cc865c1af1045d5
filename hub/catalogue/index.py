"""Writing the search index: one entry per work, in bulk, inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from hub.catalogue import vocabulary
from hub.catalogue.analysis import ANALYSER_VERSION, Analysis, fold
from hub.db import in_list, json_list
from hub.models import SearchDoc, SearchEntry, SearchWord
from hub.models.base import table
from hub.records import Record

VERSION = "search"
"""The counter that grows with each change of the index."""
ANALYSER = "search.analyser"
"""The counter that holds the version of the analyser with which the index was built."""
_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class IndexRow:
    """What the index shall hold of one work.

    `analysis` None leaves the text as it is (only holdings or facets changed). `facets` is
    complete each time: all pairs of all live offers of the work (`record_facets` of the
    representative's record and `holding_facets` of every offer).
    """

    work_id: int
    offer_id: int
    """The representative: the offer that a hit shows."""
    title: str
    """Of the representative, for sorting."""
    newest: datetime
    """For the order "newest first": when the work came in or its source last changed it."""
    facets: tuple[tuple[str, str], ...]
    analysis: Analysis | None = None


def record_facets(record: Record) -> tuple[tuple[str, str], ...]:
    """kind, subject (top level and school subjects), level, medium_type and competence (with its
    area) of a record."""
    found = {("kind", record.kind.value)}
    if record.medium_type is not None:
        found.add(("medium_type", record.medium_type.value))
    for code in record.subjects:
        above = vocabulary.parents("subject", code)
        found.add(("subject", above[-1] if above else code))
        found.update(("subject", c) for c in (code, *above) if c in vocabulary.subject_facet())
    found.update(("level", level) for level in record.levels)
    for code in record.competences:
        found.update(("competence", c) for c in (code, *vocabulary.parents("competence", code)))
    return tuple(sorted(found))


def holding_facets(site: str, region: str, access: str) -> tuple[tuple[str, str], ...]:
    """site, region (none for a Landesmedienzentrum) and access of one offer."""
    found = [("site", site), ("access", access)]
    if region:
        found.append(("region", region))
    return tuple(found)


def put(connection: Connection, rows: Sequence[IndexRow]) -> None:
    """Insert or replace the entries of these works; each work id at most once per call.

    Call it as late as possible in the transaction: from here until the commit it holds the lock
    by which readers see every change.
    """
    if not rows:
        return
    version = _next_version(connection)
    if version == 1:
        mark_current(connection)
    _put_texts(connection, {r.work_id: r.analysis.tokens for r in rows if r.analysis})
    _put_words(connection, {w for r in rows if r.analysis for w in r.analysis.words}, version)
    _write(
        connection,
        _PUT_ENTRY,
        [
            (
                row.work_id,
                version,
                row.offer_id,
                sort_key(row.title),
                int(row.newest.timestamp()),
                "\n".join([f"{facet} {value}" for facet, value in row.facets]),
            )
            for row in rows
        ],
    )


def extend(connection: Connection, holdings: Mapping[int, Iterable[tuple[str, str]]]) -> set[int]:
    """Add facets to works that are in the index: others offer them too. Same lock as `put`.

    What this costs does not grow with the number of those who offer a work already. Returns the
    works that are not in the index, because nobody offered them any more.
    """
    if not holdings:
        return set()
    version = _next_version(connection)
    entries = connection.execute(_select_facets, {"works": json_list(holdings)}).all()
    rows: list[tuple[object, ...]] = [
        (version, "\n".join(sorted({*facets.split("\n"), *map(" ".join, holdings[work])})), work)
        for work, facets in entries
    ]
    if rows:
        _write(connection, _PUT_FACETS, rows)
    return holdings.keys() - {work for work, _ in entries}


def drop(connection: Connection, work_ids: Collection[int]) -> None:
    """Take works out of the index; unknown ids are ignored. Same lock as `put`."""
    if not work_ids:
        return
    works = {"works": json_list(work_ids)}
    version = _next_version(connection)
    if connection.dialect.name == "sqlite":
        connection.execute(_fts_delete, works)
    connection.execute(_delete_docs, works)
    connection.execute(_empty_entries, {**works, "to": version})


def mark_current(connection: Connection) -> None:
    """Note that all entries come from this version of the analyser."""
    connection.execute(_store_version, {"name": ANALYSER, "value": ANALYSER_VERSION})


def touch(connection: Connection) -> None:
    """Let every process forget what it looked up, though no entry has changed: licences did."""
    _next_version(connection)


def texts(connection: Connection | Session, works: Sequence[int]) -> Iterator[tuple[int, str]]:
    """The stored tokens of those of the works that have any; few are in memory at a time."""
    for start in range(0, len(works), _AT_ONCE):
        ids = {"works": json_list(works[start : start + _AT_ONCE])}
        yield from connection.execute(_select_docs, ids)


def sort_key(title: str) -> str:
    """A title's place in the alphabet (DIN 5007-2), without leading punctuation, shortened."""
    folded = fold(title.lower())
    return folded.lstrip(" \"'„“”»«‚‘(…-–")[:100]


def _put_texts(connection: Connection, tokens: dict[int, str]) -> None:
    """Replace texts; one that is the same already costs no write."""
    stored = dict(texts(connection, list(tokens)))
    changed = [work_id for work_id in stored if stored[work_id] != tokens[work_id]]
    written = sorted({*changed, *(tokens.keys() - stored.keys())})
    if not written:
        return
    if changed and connection.dialect.name == "sqlite":
        connection.execute(_fts_delete, {"works": json_list(changed)})
    _write(connection, _PUT_DOC, [(i, tokens[i]) for i in written])
    if connection.dialect.name == "sqlite":
        connection.execute(_fts_insert, {"works": json_list(written)})


def _put_words(connection: Connection, words: set[str], version: int) -> None:
    stored = set(connection.scalars(_select_words, {"words": json_list(words)}))
    new = sorted(words - stored)
    if new:
        _write(connection, _INSERT_WORD, [(written, fold(written), version) for written in new])


def _write(connection: Connection, sql: str, rows: list[tuple[object, ...]]) -> None:
    """Many rows through the driver itself: SQLAlchemy costs more per row than SQLite does."""
    if connection.dialect.name == "postgresql":
        sql = sql.replace("?", "%s")
    connection.exec_driver_sql(sql, rows)


def _next_version(connection: Connection) -> int:
    return int(connection.execute(_count, {"name": VERSION}).scalar_one())


_doc, _entry, _word = table(SearchDoc), table(SearchEntry), table(SearchWord)

_count = sa.text(
    "INSERT INTO counter (name, value) VALUES (:name, 1) "
    "ON CONFLICT (name) DO UPDATE SET value = counter.value + 1 RETURNING value"
)
_store_version = sa.text(
    "INSERT INTO counter (name, value) VALUES (:name, :value) "
    "ON CONFLICT (name) DO UPDATE SET value = excluded.value"
)
_select_docs = sa.select(_doc.c.work_id, _doc.c.tokens).where(in_list(_doc.c.work_id, "works"))
_PUT_DOC = (
    "INSERT INTO search_doc (work_id, tokens) VALUES (?, ?) "
    "ON CONFLICT (work_id) DO UPDATE SET tokens = excluded.tokens"
)
_delete_docs = sa.delete(_doc).where(in_list(_doc.c.work_id, "works"))
# FTS5 keeps no text of its own: what is taken out must be handed to it as it was put in.
_fts_delete = sa.text(
    "INSERT INTO search_fts (search_fts, rowid, tokens) SELECT 'delete', work_id, tokens "
    "FROM search_doc WHERE work_id IN (SELECT value FROM json_each(:works))"
)
_fts_insert = sa.text(
    "INSERT INTO search_fts (rowid, tokens) SELECT work_id, tokens "
    "FROM search_doc WHERE work_id IN (SELECT value FROM json_each(:works)) ORDER BY work_id"
)
_PUT_ENTRY = (
    "INSERT INTO search_entry (work_id, version, offer_id, title, newest, facets) "
    "VALUES (?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (work_id) DO UPDATE SET version = excluded.version, "
    "offer_id = excluded.offer_id, title = excluded.title, newest = excluded.newest, "
    "facets = excluded.facets"
)
_select_facets = sa.select(_entry.c.work_id, _entry.c.facets).where(
    in_list(_entry.c.work_id, "works"), _entry.c.offer_id.is_not(None)
)
_PUT_FACETS = "UPDATE search_entry SET version = ?, facets = ? WHERE work_id = ?"
_empty_entries = (
    sa.update(_entry)
    .where(in_list(_entry.c.work_id, "works"))
    .values(version=sa.bindparam("to"), offer_id=None, facets="")
)
_select_words = sa.select(_word.c.word).where(in_list(_word.c.word, "words"))
_INSERT_WORD = (
    "INSERT INTO search_word (word, folded, version) VALUES (?, ?, ?) ON CONFLICT (word) DO NOTHING"
)
