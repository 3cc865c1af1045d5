"""The ledger: what is free, and that never more is taken than there is.

Whoever takes something locks it first: in one transaction, in ascending order of ids, each
bookable's `version` is counted up, which on PostgreSQL locks its row, and on SQLite nobody else
writes anyway. Then what others hold in that time is read and swept; what fits is inserted, what
does not raises `Full`. Requested bookings hold like confirmed ones. What is handed out holds until
it is back, however long ago it was due.

All statements are built once; building them per call costs three to four times as much.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from hub.booking.errors import Full, Unbookable
from hub.booking.intervals import Level, Stretch, Taken, levels, peak
from hub.db import in_list, json_list
from hub.models import Bookable, BookablePart, Hold
from hub.models.base import table

LATE = timedelta(days=1)
"""What should be back and is not is expected no sooner than so much from now."""
MOST = 10_000
"""More of one thing is a slip of the keyboard."""
_ALTERNATIVES = 3
_LOOK_AHEAD = timedelta(days=60)

_bookable, _part, _hold = table(Bookable), table(BookablePart), table(Hold)

_lock = (
    sa.update(_bookable)
    .where(_bookable.c.id == sa.bindparam("bookable"))
    .values(version=_bookable.c.version + 1)
    .returning(
        _bookable.c.capacity,
        _bookable.c.buffer_before,
        _bookable.c.buffer_after,
        _bookable.c.retired_at,
    )
)
_parts = sa.select(_part.c.whole_id, _part.c.part_id, _part.c.quantity).where(
    in_list(_part.c.whole_id, "ids")
)
_known = sa.select(
    _bookable.c.id, _bookable.c.capacity, _bookable.c.buffer_before, _bookable.c.buffer_after
).where(in_list(_bookable.c.id, "ids"))
_overlapping = sa.select(
    _hold.c.bookable_id, _hold.c.starts_at, _hold.c.until, _hold.c.quantity, _hold.c.out
).where(
    in_list(_hold.c.bookable_id, "ids"),
    _hold.c.starts_at < sa.bindparam("end", type_=_hold.c.starts_at.type),
    sa.or_(
        _hold.c.until > sa.bindparam("start", type_=_hold.c.until.type),
        _hold.c.out,
    ),
    sa.or_(
        _hold.c.expires_at.is_(None),
        _hold.c.expires_at > sa.bindparam("now", type_=_hold.c.expires_at.type),
    ),
    _hold.c.booking_id != sa.bindparam("own"),
)
_insert_hold = sa.insert(_hold)
_release = sa.delete(_hold).where(_hold.c.booking_id == sa.bindparam("booking"))


class Terms(NamedTuple):
    """How many there are of something, and what is kept free around each booking."""

    capacity: int | None
    before: timedelta
    after: timedelta


def take(
    session: Session,
    booking_id: int,
    bookable_id: int,
    time: Stretch,
    quantity: int,
    now: datetime,
    *,
    out: bool = False,
    expires_at: datetime | None = None,
    parts: Mapping[int, int] | None = None,
) -> None:
    """Make a booking hold so much, in place of whatever it held before.

    `parts` is for a booking that was just entered and holds nothing: of what its bookable consists,
    as it was read with everything else. In a write transaction. Raises `Full`, or `Unbookable`;
    then the transaction must not commit.
    """
    check(time, quantity)
    connection = session.connection()
    entered = parts is not None
    if parts is None:
        parts = _parts_of(connection, [bookable_id]).get(bookable_id, {})
    wanted = {bookable_id: quantity} | {part: count * quantity for part, count in parts.items()}
    terms = {one: _locked(connection, one, bookable_id) for one in sorted(wanted)}
    windows = {one: _window(terms[one], time) for one in wanted}
    taken = _taken(connection, wanted, _hull(windows.values()), now, own=booking_id)
    for one, count in wanted.items():
        capacity = terms[one].capacity
        if capacity is None:
            continue
        free = capacity - peak(taken.get(one, ()), *windows[one])
        if free < count:
            raise Full(max(free, 0) * quantity // count)
    if not entered:
        connection.execute(_release, {"booking": booking_id})
    connection.execute(
        _insert_hold,
        [
            {
                "booking_id": booking_id,
                "bookable_id": one,
                "quantity": count,
                "starts_at": windows[one].start,
                "until": windows[one].end,
                "out": out,
                "expires_at": expires_at,
            }
            for one, count in wanted.items()
        ],
    )


def lock(session: Session, bookable_ids: Collection[int]) -> None:
    """Take the locks of several bookables, in the order in which everybody takes them."""
    for one in sorted(bookable_ids):
        session.connection().execute(_lock, {"bookable": one})


def release(session: Session, booking_id: int) -> None:
    """Give back all that a booking holds; giving back needs no lock, nobody can lose by it."""
    session.connection().execute(_release, {"booking": booking_id})


def free(
    session: Session,
    bookable_ids: Collection[int],
    time: Stretch,
    now: datetime,
    *,
    own: int = 0,
) -> dict[int, int | None]:
    """How many can be had of each throughout the time; None where nothing limits it.

    `own` is a booking whose holds do not count, because it is about to be changed. The number of
    statements is the same for one and for thousands.
    """
    connection = session.connection()
    parts = _parts_of(connection, bookable_ids)
    everything = {*bookable_ids, *(part for one in parts.values() for part in one)}
    terms = _terms(connection, everything)
    windows = {one: _window(terms[one], time) for one in terms}
    if not windows:
        return {}
    taken = _taken(connection, everything, _hull(windows.values()), now, own=own)

    def alone(one: int) -> int | None:
        capacity = terms[one].capacity
        if capacity is None:
            return None
        if one not in taken:  # most of them, where thousands are asked for
            return capacity
        return max(capacity - peak(taken[one], *windows[one]), 0)

    return {
        one: _least(
            alone(one),
            *(
                None if (count := alone(part)) is None else count // quantity
                for part, quantity in parts.get(one, {}).items()
                if part in terms
            ),
        )
        for one in bookable_ids
        if one in terms
    }


def course(session: Session, bookable_id: int, time: Stretch, now: datetime) -> list[Level]:
    """How many are free from moment to moment, as stretches; `taken` is the number that is free.

    Empty where nothing limits it. Buffers count as taken, so a stretch may be shorter than it
    looks: whoever books it is checked with the buffers of their own booking.
    """
    connection = session.connection()
    parts = _parts_of(connection, [bookable_id]).get(bookable_id, {})
    terms = _terms(connection, {bookable_id, *parts})
    if bookable_id not in terms:
        return []
    taken = _taken(connection, terms, time, now)
    weights = {bookable_id: 1, **parts}
    cuts = sorted(
        {time.start, time.end}
        | {edge for one in terms for lv in levels(taken.get(one, ()), *time) for edge in _edges(lv)}
    )
    found: list[Level] = []
    for start, end in pairwise(cuts):
        counts = [
            (capacity - peak(taken.get(one, ()), start, end)) // weights[one]
            for one, (capacity, _, _) in terms.items()
            if capacity is not None
        ]
        if counts:
            found.append(Level(start, end, max(min(counts), 0)))
    return found


def alternatives(
    session: Session, bookable_id: int, time: Stretch, quantity: int, now: datetime
) -> list[Stretch]:
    """The next times of the same length, at the same hour, in which so many are free."""
    found: list[Stretch] = []
    horizon = Stretch(time.start, time.end + _LOOK_AHEAD)
    free_then = course(session, bookable_id, horizon, now)
    known = _terms(session.connection(), [bookable_id]).get(bookable_id)
    if known is None:
        return []
    for days in range(1, _LOOK_AHEAD.days + 1):
        shift = timedelta(days=days)
        candidate = Stretch(time.start + shift, time.end + shift)
        start, end = _window(known, candidate)
        counts = [one.taken for one in free_then if one.start < end and one.end > start]
        if counts and min(counts) >= quantity:
            found.append(candidate)
            if len(found) == _ALTERNATIVES:
                break
    return found


def overbooked(session: Session, bookable_ids: Collection[int], now: datetime) -> dict[int, Level]:
    """Where more is promised than there is, from now on: the first such stretch of each.

    That happens when a piece breaks or is not brought back; no booking makes it happen.
    """
    connection = session.connection()
    terms = _terms(connection, bookable_ids)
    horizon = Stretch(now, datetime.max.replace(tzinfo=now.tzinfo))
    taken = _taken(connection, bookable_ids, horizon, now)
    found = {}
    for one, (capacity, _, _) in terms.items():
        if capacity is None or one not in taken:
            continue
        too_many = [lv for lv in levels(taken[one], *horizon) if lv.taken > capacity]
        if too_many:
            found[one] = too_many[0]
    return found


def set_capacity(session: Session, bookable_id: int, capacity: int | None) -> None:
    """Say how many there are. Bookings stay, also where there are now too few: `overbooked`."""
    session.connection().execute(
        sa.update(_bookable)
        .where(_bookable.c.id == bookable_id)
        .values(capacity=capacity, version=_bookable.c.version + 1)
    )


def check(time: Stretch, quantity: int) -> None:
    """Raise `Unbookable` for what can be no booking of anything."""
    if not time.start < time.end:
        raise Unbookable("time")
    if time.start.year < 2000 or time.end.year >= 2200:
        raise Unbookable("far")
    if not 1 <= quantity <= MOST:
        raise Unbookable("quantity")


def _parts_of(connection: Connection, ids: Collection[int]) -> dict[int, dict[int, int]]:
    found: dict[int, dict[int, int]] = {}
    for whole, part, quantity in connection.execute(_parts, {"ids": json_list(ids)}):
        found.setdefault(whole, {})[part] = quantity
    return found


def _locked(connection: Connection, one: int, asked: int) -> Terms:
    row = connection.execute(_lock, {"bookable": one}).one_or_none()
    if row is None or (row.retired_at is not None and one == asked):
        raise Unbookable("gone")
    return _as_terms(row.capacity, row.buffer_before, row.buffer_after)


def _terms(connection: Connection, ids: Collection[int]) -> dict[int, Terms]:
    rows = connection.execute(_known, {"ids": json_list(ids)})
    return {number: _as_terms(*rest) for number, *rest in rows}


def _as_terms(capacity: int | None, before: int, after: int) -> Terms:
    return Terms(capacity, timedelta(minutes=before), timedelta(minutes=after))


def _taken(
    connection: Connection,
    ids: Collection[int] | Mapping[int, Any],
    time: Stretch,
    now: datetime,
    *,
    own: int = 0,
) -> dict[int, list[Taken]]:
    rows = connection.execute(
        _overlapping,
        {"ids": json_list(list(ids)), "start": time.start, "end": time.end, "now": now, "own": own},
    )
    found: defaultdict[int, list[Taken]] = defaultdict(list)
    for bookable, start, until, quantity, out in rows:
        found[bookable].append(Taken(start, max(until, now + LATE) if out else until, quantity))
    return found


def _window(terms: Terms, time: Stretch) -> Stretch:
    return Stretch(time.start - terms.before, time.end + terms.after)


def _hull(windows: Collection[Stretch]) -> Stretch:
    return Stretch(min(one.start for one in windows), max(one.end for one in windows))


def _edges(level: Level) -> Sequence[datetime]:
    return level.start, level.end


def _least(*counts: int | None) -> int | None:
    return min((count for count in counts if count is not None), default=None)
