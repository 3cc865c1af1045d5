"""Reports of barriers: taken in from the pages, read and settled by the operators.

An answer is owed within two, at the latest six weeks; `due` says when.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.models.barrier import BarrierReport
from hub.models.base import now

ANSWER_WITHIN = timedelta(weeks=2)
MOST_PER_HOUR = 100
"""More than that is no people reporting barriers; the pages say so with 429."""


class TooMany(Exception):
    """So many reports came in within an hour that no more are taken."""


@dataclass(frozen=True, slots=True)
class Report:
    """A report that waits for an answer."""

    id: int
    at: datetime
    page: str
    text: str
    contact: str

    @property
    def due(self) -> datetime:
        return self.at + ANSWER_WITHIN


def take_in(session: Session, *, page: str, text: str, contact: str) -> int:
    """Store a report and return its number; raises `TooMany`."""
    recent = sa.select(sa.func.count()).where(BarrierReport.at > now() - timedelta(hours=1))
    if (session.scalar(recent) or 0) >= MOST_PER_HOUR:
        raise TooMany
    row = BarrierReport(page=page, text=text, contact=contact)
    session.add(row)
    session.flush()
    return row.id


def waiting(session: Session) -> list[Report]:
    """The reports that wait, oldest first."""
    rows = session.scalars(sa.select(BarrierReport).order_by(BarrierReport.at, BarrierReport.id))
    return [Report(row.id, row.at, row.page, row.text, row.contact) for row in rows]


def settle(session: Session, number: int) -> bool:
    """Erase a report that has been answered; False when there is none of this number."""
    row = session.get(BarrierReport, number)
    if row is None:
        return False
    session.delete(row)
    return True
