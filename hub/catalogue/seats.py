"""Licences that allow so many uses at the same time: whoever opens such a medium holds a place.

A place is held for a set time, since nobody says when they have seen enough. The browser keeps a
mark of it, so that opening again takes no second place; by whom is nowhere written down.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.catalogue import entitlement
from hub.catalogue.offers import OfferView
from hub.catalogue.reader import Reader
from hub.identity import tokens
from hub.models import EnteredGrant, RunningUse, WorkKey
from hub.records import AccessMode, Entered

HELD = timedelta(minutes=45)
"""How long a place is held: a lesson."""

_Pool = tuple[str, int]
"""The policy, and which of its permissions."""


class AllTaken(Exception):
    """All places are taken; the first is free again at `free_at`, None where there never is one."""

    def __init__(self, places: int, free_at: datetime | None) -> None:
        super().__init__(f"all {places} places are taken")
        self.places = places
        self.free_at = free_at


@dataclass(frozen=True, slots=True)
class Place:
    """A place that is held until then; `mark` is what the browser keeps of it."""

    mark: str
    until: datetime


def take(
    session: Session, view: OfferView, reader: Reader | None, today: date, now: datetime, mark: str
) -> Place | None:
    """A place for this reader, the one that `mark` already holds where it does; None where no
    licence that reaches the reader counts. Raises `AllTaken`.

    The rows of the licence are the lock: of those who ask at once, one counts after the other.
    """
    pools = _pools(view, reader, today)
    if not pools:
        return None
    licences = _locked(session, view.work_id, pools)
    free_at, places = [], 0
    for pool in sorted({(row.policy, row.key, row.pool) for row in licences}):
        limit = max(row.concurrent or 0 for row in licences if _of(row) == pool)
        session.execute(sa.delete(RunningUse).where(*_in(pool), RunningUse.until <= now))
        running = session.scalars(sa.select(RunningUse).where(*_in(pool))).all()
        held = next((one for one in running if mark and one.mark == tokens.digest(mark)), None)
        if held is not None:
            return Place(mark, held.until)
        if len(running) < limit:
            policy, key, number = pool
            made = Place(tokens.new(), now + HELD)
            session.add(
                RunningUse(
                    policy=policy,
                    key=key,
                    pool=number,
                    mark=tokens.digest(made.mark),
                    until=made.until,
                )
            )
            return made
        places += limit
        free_at += [one.until for one in running]
    raise AllTaken(places, min(free_at, default=None))


def leave(session: Session, mark: str) -> None:
    """Give a place back, because nothing was opened after all."""
    session.execute(sa.delete(RunningUse).where(RunningUse.mark == tokens.digest(mark)))


def holds(session: Session, mark: str, now: datetime) -> bool:
    """Whether this browser holds a place."""
    held = sa.select(RunningUse.id).where(
        RunningUse.mark == tokens.digest(mark), RunningUse.until > now
    )
    return bool(mark) and session.scalar(held.limit(1)) is not None


def free_at(
    session: Session, view: OfferView, reader: Reader | None, today: date, now: datetime
) -> datetime | None:
    """When the first of the places for this reader is free again; None where none is taken."""
    ends = [
        session.scalar(
            sa.select(sa.func.min(RunningUse.until)).where(
                RunningUse.policy == policy, RunningUse.pool == pool, RunningUse.until > now
            )
        )
        for policy, pool in _pools(view, reader, today)
    ]
    return min((one for one in ends if one is not None), default=None)


def _pools(view: OfferView, reader: Reader | None, today: date) -> set[_Pool]:
    """The licences that count and by which alone the reader may open it."""
    if reader is None or view.record.access is not AccessMode.LICENSED:
        return set()
    reaching = entitlement.reaching(entitlement.holding(view), today, reader)
    counted = [one for one in reaching if isinstance(one, Entered) and one.concurrent is not None]
    if len(counted) < len(reaching):
        return set()
    return {(one.policy, one.pool) for one in counted}


def _locked(session: Session, work: int, pools: Iterable[_Pool]) -> Sequence[EnteredGrant]:
    rows = session.scalars(
        sa.select(EnteredGrant)
        .join(WorkKey, WorkKey.key == EnteredGrant.key)
        .where(WorkKey.work_id == work, EnteredGrant.concurrent.is_not(None))
        .order_by(EnteredGrant.id)
        .with_for_update(of=EnteredGrant)
    )
    wanted = set(pools)
    return [row for row in rows if (row.policy, row.pool) in wanted]


def _of(row: EnteredGrant) -> tuple[str, str, int]:
    return row.policy, row.key, row.pool


def _in(pool: tuple[str, str, int]) -> tuple[sa.ColumnElement[bool], ...]:
    policy, key, number = pool
    return RunningUse.policy == policy, RunningUse.key == key, RunningUse.pool == number
