"""The waiting list of whatever is full: who waits for what becomes free, and gets it in turn.

Who waits has a booking in the state `waiting`, which holds nothing. Their turn is by the rank that
the rules give the class of borrower, and within a rank by when they came. What becomes free is held
for the first whom it is enough for (`offered`) until a deadline; accepted it is a booking like any
other, let go or too late it goes to the next. Whoever wants more than is free keeps their place
while others are served, so that no seat stays empty.

All of it happens under the lock of the ledger: whoever gives something back, changes how many there
are, or books while others wait, takes the lock first and then lets `settle` serve those who wait.
So nobody who comes later takes what somebody who waits could have, except by rank.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.booking import house, ledger
from hub.booking.errors import Full, NotNow, Unbookable
from hub.booking.intervals import Stretch
from hub.booking.steps import note, step
from hub.db import Database
from hub.models import Bookable, BookablePart, Booking, Hold

TASK = "waiting"
ACTOR = "waiting list"
at_site = sa.exists().where(
    Booking.site_key == sa.bindparam("site"), Booking.state.in_(("waiting", "offered"))
)
"""Whether anybody waits at a site, or was offered something."""


def begin(session: Session, booking_id: int, now: datetime) -> str:
    """Put a booking that was just entered on the list; returns its state.

    With the lock of what it waits for. Raises `Unbookable` where there will never be so many, or
    where the person waits for the same already.
    """
    row = session.get_one(Booking, booking_id)
    capacity = session.scalar(sa.select(Bookable.capacity).where(Bookable.id == row.bookable_id))
    twice = session.scalar(
        _waiting(row)
        .where(Booking.person_id == row.person_id, Booking.id != row.id)
        .with_only_columns(Booking.reference)
        .limit(1)
    )
    if twice is not None:
        raise Unbookable("waiting")
    if capacity is not None and row.quantity > capacity:
        raise Unbookable("never")
    row.state, row.changed_at = "waiting", now
    session.flush()
    return row.state


def place(session: Session, booking: Booking) -> int:
    """The place of who waits: how many wait for the same time and are served before, and one."""
    rows = session.scalars(_waiting(booking)).all()
    return 1 + [row.id for row in _in_turn(session, rows)].index(booking.id)


def in_turn(waiting: Iterable[tuple[int, int]]) -> list[int]:
    """The numbers of who waits, each given with its rank before it, as they are served: a rank
    after the one before it, within a rank who came first."""
    return [number for _, number in sorted(waiting)]


def anybody(session: Session, booking: Booking, until: datetime) -> bool:
    """Whether somebody waits for what this booking has, or was just offered it, before then."""
    if booking.bookable_id is None:
        return False
    served, _ = _around(session, booking.bookable_id)
    return bool(
        session.scalar(
            sa.select(
                sa.exists().where(
                    Booking.site_key == booking.site_key,
                    Booking.bookable_id.in_(served),
                    Booking.state.in_(("waiting", "offered")),
                    Booking.starts_at < until,
                    Booking.ends_at > booking.starts_at,
                    Booking.id != booking.id,
                )
            )
        )
    )


def deadline(session: Session, booking_id: int) -> datetime | None:
    """Until when an offer holds; None for a booking that holds anyway."""
    return session.scalar(sa.select(Hold.expires_at).where(Hold.booking_id == booking_id).limit(1))


def lock(session: Session, *bookable_ids: int) -> None:
    """Take all locks that `settle` may need, before anything else is locked."""
    ledger.lock(session, {one for each in bookable_ids for one in _around(session, each)[1]})


def accept(session: Session, booking_id: int, now: datetime) -> None:
    """Let an offer hold for good, with the lock; raises `NotNow` where its time is over."""
    until = deadline(session, booking_id)
    if until is None or until <= now:
        raise NotNow("expired")
    session.execute(sa.update(Hold).where(Hold.booking_id == booking_id).values(expires_at=None))


def settle(session: Session, site: str, bookable_id: int, now: datetime) -> None:
    """Take back what was offered too long ago, and offer what is free to those who wait."""
    if session.scalar(sa.select(at_site), {"site": site}):
        serve(session, site, bookable_id, now)


def serve(session: Session, site: str, bookable_id: int, now: datetime) -> None:
    """`settle` where somebody at the site is known to wait."""
    served, locked = _around(session, bookable_id)
    ledger.lock(session, locked)
    here = sa.select(Booking).where(Booking.site_key == site, Booking.bookable_id.in_(served))
    for row in session.scalars(
        here.where(
            Booking.state == "offered",
            ~sa.exists().where(Hold.booking_id == Booking.id, Hold.expires_at > now),
        ).execution_options(populate_existing=True)
    ).all():
        step(session, row, "offered", "expired", "", now)
        ledger.release(session, row.id)
        note(session, row.id, "lapsed", ACTOR, "", now)
        session.expire(row)
    rows = session.scalars(
        here.where(Booking.state == "waiting", Booking.starts_at > now).execution_options(
            populate_existing=True
        )
    ).all()
    for row in _in_turn(session, rows):
        _offer(session, row, now)


def is_due(session: Session, now: datetime) -> bool:
    """Whether an offer has lapsed, or what somebody waits for has begun."""
    return bool(session.scalars(_due(now).limit(1)).first())


def run(db: Database, now: datetime, check: Callable[[], None]) -> str:
    """Serve those who wait where time alone has changed something; returns how it went."""
    with db.read() as session:
        due = {(row.site_key, row.bookable_id) for row in session.scalars(_due(now))}
    for site, bookable_id in sorted(due, key=str):
        check()
        if bookable_id is None:
            continue
        with db.write(queued=True) as session:
            settle(session, site, bookable_id, now)
            _end(session, site, bookable_id, now)
    return f"{len(due)} waiting lists looked after."


def _offer(session: Session, row: Booking, now: datetime) -> None:
    assert row.bookable_id is not None
    rules = house.rules(session, row.site_key, row.kind, row.borrower)
    until = min(now + timedelta(hours=rules.offer_hours), row.starts_at)
    time = Stretch(row.starts_at, row.ends_at)
    try:
        ledger.take(session, row.id, row.bookable_id, time, row.quantity, now, expires_at=until)
    except (Full, Unbookable):  # not enough for them yet, or no longer offered
        return
    step(session, row, "waiting", "offered", "", now)
    note(session, row.id, "offered", ACTOR, "", now)
    session.expire(row)


def _in_turn(session: Session, rows: Iterable[Booking]) -> list[Booking]:
    found = {row.id: row for row in rows}
    classes = {(row.site_key, row.kind, row.borrower) for row in found.values()}
    ranks = {one: house.rules(session, *one).rank for one in classes}
    order = in_turn((ranks[row.site_key, row.kind, row.borrower], row.id) for row in found.values())
    return [found[number] for number in order]


def _end(session: Session, site: str, bookable_id: int, now: datetime) -> None:
    """Nobody waits for what has begun."""
    rows = session.scalars(
        sa.select(Booking).where(
            Booking.site_key == site,
            Booking.bookable_id == bookable_id,
            Booking.state == "waiting",
            Booking.starts_at <= now,
        )
    ).all()
    for row in rows:
        step(session, row, "waiting", "expired", "", now)
        note(session, row.id, "expired", ACTOR, "", now, announced=True)


def _waiting(booking: Booking) -> sa.Select[Booking]:
    """Who waits for the same in an overlapping time."""
    return sa.select(Booking).where(
        Booking.site_key == booking.site_key,
        Booking.bookable_id == booking.bookable_id,
        Booking.state == "waiting",
        Booking.starts_at < booking.ends_at,
        Booking.ends_at > booking.starts_at,
    )


def _due(now: datetime) -> sa.Select[Booking]:
    lapsed = ~sa.exists().where(Hold.booking_id == Booking.id, Hold.expires_at > now)
    return sa.select(Booking).where(
        sa.or_(
            sa.and_(Booking.state == "offered", lapsed),
            sa.and_(Booking.state == "waiting", Booking.starts_at <= now),
        )
    )


def _around(session: Session, bookable_id: int) -> tuple[set[int], set[int]]:
    """For whom something may become free when this does: itself, its parts, and what they are
    parts of; and all of which these consist, to be locked with them."""
    served = {bookable_id, *_parts(session, {bookable_id})}
    served |= set(
        session.scalars(sa.select(BookablePart.whole_id).where(BookablePart.part_id.in_(served)))
    )
    return served, served | _parts(session, served)


def _parts(session: Session, wholes: set[int]) -> set[int]:
    return set(
        session.scalars(sa.select(BookablePart.part_id).where(BookablePart.whole_id.in_(wholes)))
    )
