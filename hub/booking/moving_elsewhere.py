"""Another time or number for what another system keeps: wished for here, and so once it agrees."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from hub.booking import house, ledger, turns
from hub.booking.errors import AgainstRules, BookingError, NotNow
from hub.booking.intervals import Stretch
from hub.models import Booking, BookingEvent, Elsewhere
from hub.records import Booking as BookingRecord
from hub.site import Site


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


def wish(
    session: Session,
    site: Site,
    number: int,
    time: Stretch,
    quantity: int,
    actor: str,
    now: datetime,
) -> bool:
    """Note that the other system is to be asked for another time or number; until it agrees, what
    was holds. False where it has them already. Raises `AgainstRules`, `Unbookable` or `NotNow`."""
    row, todo = turns.lock(session, number)
    if (time, quantity) == (Stretch(row.starts_at, row.ends_at), row.quantity):
        return False
    # While the other system is being asked for its state, the answer would be of before.
    idle = todo.step == "watch" and todo.attempts == 0
    if not may_move(site, row, now) or not idle or row.person_id is None:
        raise NotNow(row.state)
    ledger.check(time, quantity)
    *_, refusals = house.refusals(
        session,
        row.site_key,
        row.kind,
        row.person_id,
        row.institution_id,
        time,
        quantity,
        now,
        changed=number,
    )
    if refusals:
        raise AgainstRules(refusals)
    todo.step, todo.next_at, todo.attempts, todo.problem = "move", now, 0, ""
    todo.wanted = {
        "starts_at": time.start.isoformat(),
        "ends_at": time.end.isoformat(),
        "quantity": quantity,
        "actor": actor,
        # One for each wish, so that there and back and there again is not taken for a repetition.
        "key": f"move-{row.reference}-{turns.begin(todo)}",
    }
    return True


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
    shall = asked(todo.wanted)
    return Stretch(shall["start"], shall["end"]), shall["quantity"]


def asked(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """What was noted as wanted, as fields of `hub.records.Booking`."""
    return {
        "start": datetime.fromisoformat(wanted["starts_at"]),
        "end": datetime.fromisoformat(wanted["ends_at"]),
        "quantity": wanted["quantity"],
    }


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
    if answer.quantity > 0:
        row.quantity = answer.quantity
