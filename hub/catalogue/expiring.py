"""Media whose licence at a centre ends soon, with how often they were opened in the last year."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from hub.catalogue import grants
from hub.models import EnteredGrant, Offer, OfferGrant, OfferUse, WorkKey

MOST = 1_000
"""Media in a list: those that end first."""
YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Ending:
    """A medium that a centre offers, whose last licence ends."""

    offer_id: int
    title: str
    last_day: date
    uses: int
    """How often it was opened in the last 365 days."""


def at_site(session: Session, site: str, today: date, until: date) -> Sequence[Ending]:
    """What is licensed today and no more on `until`, the first to end first.

    What another licence, of the source or entered by the centre, carries on does not end.
    """
    ends = sa.func.max(OfferGrant.valid_until)
    later = aliased(OfferGrant)
    carried_on = sa.select(later.id).where(
        later.offer_id == Offer.id, _reaches_beyond(later.valid_until, until)
    )
    entered = (
        sa.select(EnteredGrant.id)
        .join(WorkKey, WorkKey.key == EnteredGrant.key)
        .where(
            WorkKey.work_id == Offer.work_id,
            grants.own(site),
            _reaches_beyond(EnteredGrant.valid_until, until),
        )
    )
    uses = (
        sa.select(sa.func.coalesce(sa.func.sum(OfferUse.count), 0))
        .where(OfferUse.offer_id == Offer.id, OfferUse.day > today - YEAR)
        .scalar_subquery()
    )
    rows = session.execute(
        sa.select(Offer.id, Offer.title, ends, uses)
        .join(OfferGrant, OfferGrant.offer_id == Offer.id)
        .where(
            Offer.site_key == site,
            Offer.withdrawn_at.is_(None),
            OfferGrant.valid_until > today,
            OfferGrant.valid_until <= until,
            ~carried_on.exists(),
            ~entered.exists(),
        )
        .group_by(Offer.id, Offer.title)
        .order_by(ends, Offer.title, Offer.id)
        .limit(MOST)
    )
    return [
        Ending(number, title, end - timedelta(days=1), count) for number, title, end, count in rows
    ]


def _reaches_beyond(
    valid_until: sa.orm.InstrumentedAttribute[date | None], until: date
) -> sa.ColumnElement[bool]:
    return sa.or_(valid_until.is_(None), valid_until > until)
