"""Another time or number for what another system keeps: wished for here, and so once it agrees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import models
from hub.booking import house, ledger, told_elsewhere, turns
from hub.booking.errors import AgainstRules, BookingError, NotNow, Refusal, Unbookable
from hub.booking.intervals import Stretch
from hub.catalogue import offers
from hub.db import Database
from hub.models import Booking, BookingEvent, Elsewhere
from hub.records import Booking as BookingRecord
from hub.site import Site

DEADLINE = 10.0
"""Seconds that the other system may take to name other dates."""
MOST_DATES = 200


class NotMoved(BookingError):
    """The other system refuses (`refused`), or has not answered yet and is asked again."""

    def __init__(self, why: str, *, refused: bool) -> None:
        super().__init__(why)
        self.why, self.refused = why, refused


def may_move(site: Site, booking: Booking, now: datetime) -> bool:
    """Whether the system that keeps it can give it another time or number."""
    return (
        booking.bookable_id is None
        and booking.plugin in site.plugins
        and site.implements(booking.plugin, "booking_move")
        and booking.state == "confirmed"
        and booking.starts_at > now
    )


@dataclass(frozen=True, slots=True)
class OtherDate:
    """Another date of the same course, to which a booking can be moved."""

    offer_id: int
    title: str
    time: Stretch
    free: int
    """Seats."""


def other_dates(db: Database, site: Site, number: int, now: datetime) -> list[OtherDate]:
    """The other dates to which the system that keeps a booking could move it, the next one first;
    asked there live, so raises what the plugin raises."""
    with db.read() as session:
        row = session.get_one(Booking, number)
        record = told_elsewhere.record(session, row)
    if record is None or not site.implements(row.plugin, "booking_dates"):
        return []
    told: Mapping[str, int] = site.one(
        row.plugin, "booking_dates", deadline=DEADLINE, booking=record
    )
    with db.read() as session:
        numbers = session.scalars(
            sa.select(models.Offer.id).where(
                models.Offer.site_key == row.site_key,
                models.Offer.plugin == row.plugin,
                models.Offer.source_id.in_(sorted(told)[:MOST_DATES]),
                models.Offer.withdrawn_at.is_(None),
            )
        ).all()
        views = offers.by_ids(session, numbers).values()
    found = [
        OtherDate(view.id, view.record.title, time, told[view.record.source_id])
        for view in views
        if view.id != row.offer_id
        and (time := house.fixed_time(view.record)) is not None
        and time.start > now
    ]
    return sorted(found, key=lambda one: (one.time, one.offer_id))


def fixed_time(session: Session, booking: Booking) -> Stretch | None:
    """When it takes place, where the offer itself says so."""
    offer = told_elsewhere.offered(session, booking.offer_id)
    return house.fixed_time(offer.record) if offer is not None else None


def wish(
    session: Session,
    site: Site,
    number: int,
    time: Stretch,
    quantity: int,
    actor: str,
    now: datetime,
    *,
    offer_id: int | None = None,
) -> bool:
    """Note that the other system is to be asked for another time or number; until it agrees, what
    was holds. False where it has them already. Raises `AgainstRules`, `Unbookable` or `NotNow`.

    `offer_id` is another date of the same course, which takes place at its own time, not at `time`.
    """
    row, todo = turns.lock(session, number)
    had = Stretch(row.starts_at, row.ends_at)
    fixed = fixed_time(session, row)
    if offer_id is not None and offer_id != row.offer_id:
        fixed = time = _time_of(session, site, row, offer_id)
    else:
        offer_id = row.offer_id
    if (offer_id, time, quantity) == (row.offer_id, had, row.quantity):
        return False
    if fixed is not None and offer_id == row.offer_id and time != had:
        raise Unbookable("fixed")
    # While the other system is being asked for its state, the answer would be of before.
    idle = todo.step == "watch" and todo.attempts == 0
    if not may_move(site, row, now) or not idle or row.person_id is None:
        raise NotNow(row.state)
    ledger.check(time, quantity)
    standing, rules, refusals = house.refusals(
        session,
        row.site_key,
        row.kind,
        row.person_id,
        row.institution_id,
        time,
        quantity,
        now,
        fixed=fixed is not None,
        changed=number,
    )
    if rules.head and standing.registered:
        refusals = [*refusals, Refusal("head")]
    fewer = (offer_id, time) == (row.offer_id, had) and quantity < row.quantity
    if refusals and not fewer:
        raise AgainstRules(refusals)
    todo.step, todo.next_at, todo.attempts, todo.problem = "move", now, 0, ""
    todo.wanted = {
        "offer_id": offer_id,
        "starts_at": time.start.isoformat(),
        "ends_at": time.end.isoformat(),
        "quantity": quantity,
        "actor": actor,
        # One for each wish, so that there and back and there again is not taken for a repetition.
        "key": f"move-{row.reference}-{turns.begin(todo)}",
    }
    return True


def _time_of(session: Session, site: Site, booking: Booking, offer_id: int) -> Stretch:
    """When another date takes place; whether it is one of the same course says the other system.
    Raises `Unbookable` where it cannot be one."""
    view = offers.by_ids(session, [offer_id]).get(offer_id)
    time = house.fixed_time(view.record) if view is not None else None
    if (
        view is None
        or time is None
        or view.withdrawn_at is not None
        or (view.site, view.plugin, view.kind) != (booking.site_key, booking.plugin, booking.kind)
        or not site.implements(view.plugin, "booking_dates")
    ):
        raise Unbookable("gone")
    return time


def outcome(session: Session, number: int) -> None:
    """Raise `NotMoved` where the other system has refused, or not agreed yet."""
    todo = session.get_one(Elsewhere, number)
    if todo.step == "move" or todo.problem:
        raise NotMoved(todo.problem, refused=todo.step != "move")


def wanted_time(session: Session, booking: Booking) -> tuple[Stretch, int] | None:
    """The time and number that were asked for and are not confirmed yet."""
    todo = session.get(Elsewhere, booking.id) if booking.bookable_id is None else None
    if todo is None or todo.step != "move" or todo.wanted is None:
        return None
    return _time(todo.wanted), todo.wanted["quantity"]


def asked(
    session: Session, record: BookingRecord, wanted: Mapping[str, Any]
) -> BookingRecord | None:
    """The booking as it shall be; None where the offer is gone."""
    time, offer = _time(wanted), record.offer
    if wanted.get("offer_id") not in (None, offer.id):
        found = told_elsewhere.offered(session, wanted["offer_id"])
        if found is None:
            return None
        offer = found
    return replace(record, offer=offer, start=time.start, end=time.end, quantity=wanted["quantity"])


def _time(wanted: Mapping[str, Any]) -> Stretch:
    return Stretch(*(datetime.fromisoformat(wanted[one]) for one in ("starts_at", "ends_at")))


def note(
    session: Session,
    row: Booking,
    answer: BookingRecord,
    wanted: Mapping[str, Any] | None,
    now: datetime,
) -> None:
    """It has the time and number of the answer; by whom it was moved, and how it was before."""
    before = {
        "starts_at": row.starts_at.isoformat(),
        "ends_at": row.ends_at.isoformat(),
        "quantity": row.quantity,
        "state": row.state,
        "head": row.head,
        "offer_id": row.offer_id,
    }
    session.add(
        BookingEvent(
            booking_id=row.id,
            at=now,
            event="moved",
            actor=wanted["actor"] if wanted else row.plugin,
            note="",
            before=before if wanted else None,
        )
    )
    row.starts_at, row.ends_at, row.changed_at = answer.start, answer.end, now
    if wanted and wanted.get("offer_id") not in (None, row.offer_id):
        offer = told_elsewhere.offered(session, wanted["offer_id"])
        if offer is not None:
            row.offer_id, row.title = offer.id, offer.record.title
    if answer.quantity > 0:
        row.quantity = answer.quantity
