"""The dates that are still to come of what a site offers, in the order of time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.catalogue import normalise
from hub.models import Offer
from hub.records import Kind

MOST = 100
"""Dates in the list."""


@dataclass(frozen=True, slots=True)
class Coming:
    """A date of an offer."""

    offer_id: int
    title: str
    start: datetime
    end: datetime
    place: str


def dates(session: Session, site: str, now: datetime) -> Sequence[Coming]:
    """Those of the trainings of a site that are not over, the next first."""
    rows = session.execute(
        sa.select(Offer.id, Offer.record).where(
            Offer.site_key == site,
            Offer.kind == Kind.TRAINING.value,
            Offer.withdrawn_at.is_(None),
        )
    )
    found = []
    for number, text in rows:
        record = normalise.load(text)
        found += [
            Coming(number, record.title, event.start, event.end, event.place or record.place)
            for event in record.events
            if event.end > now
        ]
    return sorted(found, key=lambda one: (one.start, one.end, one.offer_id))[:MOST]
