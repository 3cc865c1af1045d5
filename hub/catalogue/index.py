"""Writing the search index: one entry per work, in bulk, inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.engine import Connection

from hub.catalogue.analysis import Analysis
from hub.records import Record


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
    """kind, subject (top level), level, medium_type and competence (with its area) of a record."""
    return ()


def holding_facets(site: str, region: str, record: Record) -> tuple[tuple[str, str], ...]:
    """site, region and access of one offer."""
    return ()


def put(connection: Connection, rows: Sequence[IndexRow]) -> None:
    """Insert or replace the entries of these works; each work id at most once per call.

    Call it as late as possible in the transaction: from here until the commit it holds the lock
    by which readers see every change.
    """


def drop(connection: Connection, work_ids: Collection[int]) -> None:
    """Take works out of the index; unknown ids are ignored. Same lock as `put`."""
