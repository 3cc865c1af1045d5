"""What is kept of a run, a part at a time: its differences by pages, its rejects by reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.models import Job, Offer, SyncChange, SyncReject, SyncRun


@dataclass(frozen=True, slots=True)
class Difference:
    """A field of an offer before and after a run."""

    offer_id: int
    title: str
    field: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class OfferChange:
    """A field of one offer before and after one of its runs."""

    run_id: int
    started_at: datetime
    field: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Reason:
    """Why records were rejected, how many of them, and one as an example."""

    text: str
    count: int
    source_id: str
    excerpt: str


def run_of(session: Session, site: str, number: int) -> SyncRun | None:
    """A run of this site; that of another one does not exist here."""
    if not 0 < number < 2**31:
        return None
    return session.scalars(
        sa.select(SyncRun).where(SyncRun.id == number, SyncRun.site_key == site)
    ).one_or_none()


def change_count(session: Session, run_id: int) -> int:
    query = sa.select(sa.func.count()).where(SyncChange.run_id == run_id)
    return session.scalar(query) or 0


def changes(session: Session, run_id: int, limit: int, offset: int) -> list[Difference]:
    """What a run changed, in its order; at most 10,000 are kept of a run."""
    rows = session.execute(
        sa.select(
            SyncChange.offer_id, Offer.title, SyncChange.field, SyncChange.old, SyncChange.new
        )
        .join(Offer, Offer.id == SyncChange.offer_id)
        .where(SyncChange.run_id == run_id)
        .order_by(SyncChange.id)
        .limit(limit)
        .offset(offset)
    )
    return [Difference(*row) for row in rows]


def changes_of(session: Session, offer_id: int, limit: int) -> Sequence[OfferChange]:
    """What the latest runs changed of an offer, newest first."""
    rows = session.execute(
        sa.select(SyncRun.id, SyncRun.started_at, SyncChange.field, SyncChange.old, SyncChange.new)
        .join(SyncRun, SyncRun.id == SyncChange.run_id)
        .where(SyncChange.offer_id == offer_id)
        .order_by(SyncChange.id.desc())
        .limit(limit)
    )
    return [OfferChange(*row) for row in rows]


def reasons(session: Session, run_id: int, limit: int = 50) -> list[Reason]:
    """The reasons of a run's rejects, the most frequent first, each with its first example."""
    first = sa.func.min(SyncReject.id)
    grouped = (
        sa.select(SyncReject.reason, sa.func.count().label("count"), first.label("first"))
        .where(SyncReject.run_id == run_id)
        .group_by(SyncReject.reason)
        .order_by(sa.func.count().desc(), SyncReject.reason)
        .limit(limit)
        .subquery()
    )
    rows = session.execute(
        sa.select(grouped.c.reason, grouped.c.count, SyncReject.source_id, SyncReject.excerpt)
        .join(SyncReject, SyncReject.id == grouped.c.first)
        .order_by(grouped.c.count.desc(), grouped.c.reason)
    )
    return [Reason(*row) for row in rows]


def rejects(session: Session, run_id: int, limit: int) -> Sequence[tuple[str, str, str]]:
    """Source id, reason and excerpt of what a run rejected, in its order."""
    query = (
        sa.select(SyncReject.source_id, SyncReject.reason, SyncReject.excerpt)
        .where(SyncReject.run_id == run_id)
        .order_by(SyncReject.id)
        .limit(limit)
    )
    return [(row.source_id, row.reason, row.excerpt) for row in session.execute(query)]


def queued(session: Session, site: str) -> list[str]:
    """The plugins of a site that wait in the queue to be read."""
    jobs = session.scalars(
        sa.select(Job.arguments).where(Job.task == "sync", Job.state == "queued")
    )
    return sorted(str(one.get("plugin")) for one in jobs if one.get("site") == site)
