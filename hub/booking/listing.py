"""Bookings page by page, for programs that follow them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.booking.progress import MADE
from hub.models import Booking, BookingKey


@dataclass(frozen=True, slots=True)
class Page:
    """Bookings by id; `next` is where the following page begins, None on the last one."""

    items: Sequence[Booking]
    next: int | None


def page(
    session: Session,
    allowed: sa.ColumnElement[bool],
    site: str,
    *,
    state: str | None = None,
    key: str | None = None,
    after: int = 0,
    limit: int = 50,
) -> Page:
    """The bookings at a site that the reader may see (`allowed`), oldest first; with `key` the one
    that was made under it."""
    query = sa.select(Booking).where(Booking.site_key == site, MADE, allowed, Booking.id > after)
    if state is not None:
        query = query.where(Booking.state == state)
    if key is not None:
        made = sa.select(BookingKey.booking_id).where(
            BookingKey.site_key == site, BookingKey.key == key
        )
        query = query.where(Booking.id.in_(made))
    rows = session.scalars(query.order_by(Booking.id).limit(limit + 1)).all()
    items = rows[:limit]
    return Page(items, items[-1].id if len(rows) > limit else None)
