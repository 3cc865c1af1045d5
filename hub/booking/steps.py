"""The two rows of a step: the new state of a booking, and the event that tells of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.booking.errors import NotNow
from hub.models import Booking, BookingEvent
from hub.models.base import table

LONGEST_TEXT = 2_000

_booking, _event = table(Booking), table(BookingEvent)
_insert_event = sa.insert(_event)
_step = (
    sa.update(_booking)
    .where(
        _booking.c.id == sa.bindparam("booking"),
        _booking.c.state == sa.bindparam("before"),
    )
    .values(
        state=sa.bindparam("after"),
        reason=sa.bindparam("why"),
        changed_at=sa.bindparam("now", type_=_booking.c.changed_at.type),
    )
)


def step(
    session: Session, booking: Booking, before: str, after: str, reason: str, now: datetime
) -> None:
    """From one state to another; raises `NotNow` where it is in the first no more."""
    done = session.connection().execute(
        _step,
        {
            "booking": booking.id,
            "before": before,
            "after": after,
            "why": reason[:LONGEST_TEXT],
            "now": now,
        },
    )
    if not done.rowcount:
        session.refresh(booking)
        raise NotNow(booking.state)


def note(
    session: Session,
    booking_id: int,
    event: str,
    actor: str,
    text: str,
    now: datetime,
    *,
    announced: bool = False,
    before: Mapping[str, Any] | None = None,
) -> None:
    """What became of it; `announced` is what nobody shall be told, `before` what was there before
    a move."""
    session.connection().execute(
        _insert_event,
        {
            "booking_id": booking_id,
            "at": now,
            "event": event,
            "actor": actor,
            "note": text[:LONGEST_TEXT],
            "announced_at": now if announced else None,
            "before": before,
        },
    )
