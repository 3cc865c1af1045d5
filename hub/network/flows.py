"""Which centres let their figures flow to the Landesmedienzentren: none, until it says so.

A centre is the controller of what is known of its borrowers. What goes out is shown to it first
by the same function that counts the network (`counted`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.identity import audit
from hub.models import Booking, Site, SiteFlow
from hub.network import statistics
from hub.network.statistics import Counted

STATISTICS = "statistics"


def sites_on(session: Session, also: str = "") -> Sequence[str]:
    """The sites whose figures flow, in the order of lists; with `also` as if that one's did."""
    on = sa.select(SiteFlow.site_key).where(SiteFlow.flow == STATISTICS)
    return session.scalars(
        sa.select(Site.key)
        .where(sa.or_(Site.key.in_(on), Site.key == also))
        .order_by(Site.position)
    ).all()


def since(session: Session, site: str) -> datetime | None:
    """Since when the site's figures flow; None where they do not."""
    row = session.get(SiteFlow, (site, STATISTICS))
    return row.since if row else None


def switch(session: Session, site: str, on: bool, actor: str) -> bool:
    """Let the figures flow or not; False where they do (or do not) already."""
    row = session.get(SiteFlow, (site, STATISTICS))
    if (row is not None) == on:
        return False
    if row is None:
        session.add(SiteFlow(site_key=site, flow=STATISTICS))
    else:
        session.delete(row)
    audit.note(session, actor, site, "flow.on" if on else "flow.off", STATISTICS)
    return True


def counted(
    session: Session,
    year: int,
    zone: ZoneInfo,
    now: datetime,
    which: sa.ColumnElement[bool],
    sites: Sequence[str],
) -> Counted:
    """The figures of the network: of those of the bookings `which` that belong to these sites."""
    theirs = sa.and_(which, Booking.site_key.in_(sites))
    return statistics.count(session, year, zone, now, theirs, sites=sites)
