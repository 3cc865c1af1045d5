"""What a site has to lend or to give: bookables are put in, changed and retired here."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from hub.booking import ledger, waiting
from hub.booking.errors import Full
from hub.booking.intervals import Stretch
from hub.booking.keeping import LISTS, SHOWN
from hub.models import Bookable, BookablePart, Booking, Hold, Item
from hub.models.base import now
from hub.records import Record


def put(
    session: Session,
    site: str,
    plugin: str,
    record: Record,
    capacity: int | None,
    *,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    buffers: tuple[int, int] = (0, 0),
    more: Mapping[str, Any] | None = None,
) -> Bookable:
    """Offer what the record describes, new or changed; what was retired is offered again.

    `capacity` is how many there are, None where nothing limits it; `buffers` are minutes before
    and after. `more` is what the plugin wants to know of it besides.
    """
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    which = {"site_key": site, "plugin": plugin, "source_id": record.source_id}
    named = {"kind": record.kind, "title": record.title}
    # Whoever puts in the same at the same time waits here, and then finds it.
    session.execute(
        dialect.insert(Bookable)
        .values(**which, **named, capacity=capacity)
        .on_conflict_do_nothing()
    )
    row = session.scalars(sa.select(Bookable).filter_by(**which)).one()
    told: dict[str, Any] = {
        **named,
        "buffer_before": buffers[0],
        "buffer_after": buffers[1],
        "starts_at": starts_at,
        "ends_at": ends_at,
        "details": {**details(record), **(more or {})},
        "retired_at": None,
    }
    if any(getattr(row, name) != value for name, value in told.items()):
        for name, value in told.items():
            setattr(row, name, value)
        row.changed_at = now()
    session.flush()
    # Where it has pieces, they say how many there are.
    pieces = sa.select(sa.exists().where(Item.bookable_id == row.id))
    if row.capacity != capacity and not session.scalar(pieces):
        waiting.lock(session, row.id)
        ledger.set_capacity(session, row.id, capacity)
        waiting.settle(session, site, row.id, now())
        session.refresh(row)
    return row


def new_id(*parts: str) -> str:
    """A source id for something new: the same form sent twice gives the same one, another thing
    typed into the form of the page before gives another."""
    return hashlib.blake2b("\n".join(parts).encode(), digest_size=6).hexdigest()


def details(record: Record) -> dict[str, Any]:
    """What a bookable keeps of a record, JSON-able; `keeping.record` makes a record of it."""
    told: dict[str, Any] = {
        name: value for name in sorted(SHOWN) if (value := getattr(record, name))
    }
    told |= {name: list(value) for name in sorted(LISTS) if (value := getattr(record, name))}
    if record.medium_type:
        told["medium_type"] = record.medium_type.value
    if record.carrier:
        told["carrier"] = record.carrier.value
    if record.identifiers:
        told["identifiers"] = [[one.scheme, one.value] for one in record.identifiers]
    if record.details:
        told["more"] = dict(record.details)
    return told


def retire(session: Session, row: Bookable) -> None:
    """Offer it no longer; bookings that exist are kept, and can be carried to their end."""
    row.retired_at = row.changed_at = now()


def restore(row: Bookable) -> None:
    """Offer it again."""
    row.retired_at, row.changed_at = None, now()


def set_parts(session: Session, whole: Bookable, parts: Mapping[int, int]) -> None:
    """Say what a whole consists of, id to number; a part has no parts of its own.

    What has booked the whole takes the parts too from now on. Raises `ValueError` where a part is
    the whole itself, is another site's, or has parts; `Full` where a part is taken in the time of
    a booking of the whole. Then the transaction must not commit.
    """
    rows = session.scalars(sa.select(Bookable).where(Bookable.id.in_(parts))).all()
    nested = session.scalar(
        sa.select(BookablePart.part_id)
        .where(
            sa.or_(
                BookablePart.whole_id.in_(parts),
                BookablePart.part_id == whole.id,
            )
        )
        .limit(1)
    )
    foreign = [row for row in rows if row.site_key != whole.site_key]
    if nested is not None or foreign or whole.id in parts or len(rows) != len(parts):
        raise ValueError("a whole consists of other things of its site that have no parts")
    ledger.lock(session, {whole.id, *parts})
    session.execute(sa.delete(BookablePart).where(BookablePart.whole_id == whole.id))
    session.add_all(
        BookablePart(whole_id=whole.id, part_id=part, quantity=count)
        for part, count in parts.items()
    )
    session.flush()
    _hold_parts(session, whole, {row: parts[row.id] for row in rows}, now())


def of_site(session: Session, site: str, plugins: Collection[str]) -> list[Bookable]:
    """All that is offered by these plugins at a site, by name."""
    return list(
        session.scalars(
            sa.select(Bookable)
            .where(
                Bookable.site_key == site,
                Bookable.plugin.in_(plugins),
                Bookable.retired_at.is_(None),
            )
            .order_by(sa.func.lower(Bookable.title), Bookable.id)
        )
    )


def retired(session: Session, site: str, plugin: str) -> list[Bookable]:
    """What a plugin no longer offers at a site, by name."""
    return list(
        session.scalars(
            sa.select(Bookable)
            .where(
                Bookable.site_key == site,
                Bookable.plugin == plugin,
                Bookable.retired_at.is_not(None),
            )
            .order_by(sa.func.lower(Bookable.title), Bookable.id)
        )
    )


def _hold_parts(
    session: Session, whole: Bookable, parts: Mapping[Bookable, int], moment: datetime
) -> None:
    """Let the bookings of a whole hold these parts, and no others."""
    holding = session.execute(
        sa.select(Hold, Booking)
        .join(Booking, Booking.id == Hold.booking_id)
        .where(
            Booking.bookable_id == whole.id,
            Hold.bookable_id == whole.id,
            sa.or_(Hold.until > moment, Hold.out),
        )
    ).all()
    for hold, booking in holding:
        session.execute(
            sa.delete(Hold).where(Hold.booking_id == booking.id, Hold.bookable_id != whole.id)
        )
        time = Stretch(booking.starts_at, booking.ends_at)
        numbers = [part.id for part in parts]
        free = ledger.free(session, numbers, time, moment, own=booking.id)
        for part, count in parts.items():
            left, wanted = free[part.id], count * hold.quantity
            if left is not None and left < wanted:
                raise Full(left // count)
            session.add(
                Hold(
                    booking_id=booking.id,
                    bookable_id=part.id,
                    quantity=wanted,
                    starts_at=time.start - timedelta(minutes=part.buffer_before),
                    until=time.end + timedelta(minutes=part.buffer_after),
                    out=hold.out,
                    expires_at=hold.expires_at,
                )
            )
        session.flush()
