"""Pieces with an inventory code: put in, handed out, taken back, repaired, retired.

Where a model has pieces, it can be lent as often as pieces are usable; every change of a piece's
state changes that number under the lock of the ledger. Any usable piece serves a booking: what is
reserved is a number of the model, so nothing that is handed out was somebody else's.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.booking import house, ledger, progress, steps, waiting
from hub.booking.errors import BookingError, NotNow
from hub.models import Bookable, BookablePart, Booking, BookingEvent, Handover, Hold, Item, base

USABLE, REPAIR, MISSING, RETIRED = "usable", "repair", "missing", "retired"
STATES = (USABLE, REPAIR, MISSING, RETIRED)
LONGEST_CODE = 60
_SEPARATORS = re.compile(r"[\s\-_./]+")


class ItemError(BookingError):
    """A piece cannot be used like that. `reason` is `unknown`, `not_lent`, `other_model`,
    `not_usable`, `out`, `number`, `not_out`, `none`, `taken` or `code`; `code` is what was typed,
    `limit` the number that was expected."""

    def __init__(self, reason: str, code: str = "", limit: int = 0) -> None:
        super().__init__(f"{reason}: {code}")
        self.reason = reason
        self.code = code
        self.limit = limit


@dataclass(frozen=True, slots=True)
class Back:
    """How a piece came back."""

    code: str
    lacking: tuple[str, ...] = ()
    damage: str = ""
    repair: bool = field(default=False)
    """It cannot be lent again before somebody mended it."""


def folded(code: str) -> str:
    """An inventory code as it is compared: scanners and people write case and hyphens as they
    like (`mz-0042`, `MZ 0042`, `MZ0042`)."""
    return _SEPARATORS.sub("", code).upper()[:LONGEST_CODE]


def add(
    session: Session,
    site: str,
    bookable_id: int,
    label: str,
    *,
    accessories: Sequence[str] = (),
    condition: str = "",
    owner: str = "",
) -> Item:
    """Put a piece in; raises `ItemError` (`code`, `taken`) for no code or one that is known."""
    made = new(site, bookable_id, label)
    if find(session, site, label) is not None:
        raise ItemError("taken", label)
    made.accessories, made.condition, made.owner = list(accessories), condition, owner
    session.add(made)
    session.flush()
    count(session, bookable_id)
    return made


def new(site: str, bookable_id: int, label: str) -> Item:
    """A usable piece with this code that is not put in yet; raises `ItemError` (`code`)."""
    code = folded(label)
    if not code:
        raise ItemError("code", label)
    return Item(
        site_key=site,
        bookable_id=bookable_id,
        code=code,
        label=label.strip()[:LONGEST_CODE],
        state=USABLE,
        accessories=[],
        condition="",
        owner="",
    )


def find(session: Session, site: str, code: str) -> Item | None:
    """The piece with this code at a site."""
    return session.scalar(sa.select(Item).where(Item.site_key == site, Item.code == folded(code)))


def set_state(session: Session, item: Item, state: str, now: datetime, condition: str = "") -> None:
    """Say that a piece is usable (again), in repair, missing or retired."""
    item.state, item.changed_at = state, now
    if condition:
        item.condition = condition
    session.flush()
    count(session, item.bookable_id)


def count(session: Session, bookable_id: int) -> None:
    """Make the capacity of a model the number of its usable pieces."""
    # Of two who change pieces at once, the second counts what the first one did.
    waiting.lock(session, bookable_id)
    usable = session.scalar(
        sa.select(sa.func.count()).where(Item.bookable_id == bookable_id, Item.state == USABLE)
    )
    ledger.set_capacity(session, bookable_id, usable)
    site = session.scalar(sa.select(Bookable.site_key).where(Bookable.id == bookable_id))
    if site is not None:
        waiting.settle(session, site, bookable_id, base.now())


def of(session: Session, bookable_id: int) -> list[Item]:
    """All pieces of a model that are not retired, by code."""
    return list(
        session.scalars(
            sa.select(Item)
            .where(Item.bookable_id == bookable_id, Item.state != RETIRED)
            .order_by(Item.code)
        )
    )


def out(session: Session, booking_id: int) -> list[tuple[Handover, Item]]:
    """What of a booking is in the borrower's hands."""
    rows = session.execute(
        sa.select(Handover, Item)
        .join(Item, Item.id == Handover.item_id)
        .where(Handover.booking_id == booking_id, Handover.back_at.is_(None))
        .order_by(Item.code)
    )
    return [(handover, item) for handover, item in rows]


def partly_back(session: Session, booking_id: int) -> bool:
    """Whether some pieces of a booking came back already."""
    return (
        session.scalar(
            sa.select(Handover.id)
            .where(Handover.booking_id == booking_id, Handover.back_at.is_not(None))
            .limit(1)
        )
        is not None
    )


def holder(session: Session, item_id: int) -> Booking | None:
    """The booking on which a piece is out."""
    return session.scalar(
        sa.select(Booking)
        .join(Handover, Handover.booking_id == Booking.id)
        .where(Handover.item_id == item_id, Handover.back_at.is_(None))
    )


def needed(session: Session, booking: Booking) -> dict[int, int]:
    """How many pieces of which models belong to a booking; models without pieces are left out."""
    if booking.bookable_id is None:
        return {}
    wanted = {booking.bookable_id: booking.quantity}
    parts = session.execute(
        sa.select(BookablePart.part_id, BookablePart.quantity).where(
            BookablePart.whole_id == booking.bookable_id
        )
    )
    wanted |= {part: quantity * booking.quantity for part, quantity in parts}
    with_pieces = set(
        session.scalars(sa.select(Item.bookable_id).where(Item.bookable_id.in_(wanted)))
    )
    return {one: number for one, number in wanted.items() if one in with_pieces}


def hand_out(
    session: Session, booking: Booking, codes: Collection[str], actor: str, now: datetime
) -> None:
    """Give the pieces of a booking out, all of them; raises `ItemError`, `NotNow` or `Full`."""
    if booking.bookable_id is None or booking.kind not in house.BY_DAY:
        raise ItemError("not_lent")
    wanted = needed(session, booking)
    pieces = [_piece(session, booking, code, wanted) for code in dict.fromkeys(codes)]
    counted = Counter(piece.bookable_id for piece in pieces)
    if len({piece.id for piece in pieces}) != len(pieces) or counted != Counter(wanted):
        raise ItemError("number", limit=sum(wanted.values()))
    progress.advance(session, booking, "handed_out", actor, now)
    try:
        with session.begin_nested():
            session.add_all(
                Handover(booking_id=booking.id, item_id=piece.id, out_at=now, out_by=actor)
                for piece in pieces
            )
            session.flush()
    except sa.exc.IntegrityError:  # at another desk, at the same moment
        raise ItemError("out") from None


def take_back(
    session: Session, booking: Booking, returned: Sequence[Back], actor: str, now: datetime
) -> bool:
    """Take pieces back, some or all; True when nothing of the booking is out any more."""
    if booking.state != "handed_out":
        raise NotNow(booking.state)
    abroad = {item.code: (handover, item) for handover, item in out(session, booking.id)}
    for one in returned:
        found = abroad.pop(folded(one.code), None)
        if found is None:
            raise ItemError("not_out", one.code)
        handover, item = found
        handover.back_at, handover.back_by = now, actor
        handover.lacking, handover.damage = list(one.lacking), one.damage
        if one.repair:
            set_state(session, item, REPAIR, now, one.damage)
    session.flush()
    if not abroad:
        progress.advance(session, booking, "returned", actor, now)
        return True
    if returned:
        _keep_held(session, booking, Counter(item.bookable_id for _, item in abroad.values()))
        session.add(
            BookingEvent(
                booking_id=booking.id,
                at=now,
                event="part_returned",
                actor=actor,
                note=", ".join(one.code for one in returned)[: steps.LONGEST_TEXT],
            )
        )
    return False


def _keep_held(session: Session, booking: Booking, abroad: Mapping[int, int]) -> None:
    """Hold only what is still out; what has no pieces stays held until all is back."""
    for model in needed(session, booking):
        left = abroad.get(model, 0)
        here = sa.and_(Hold.booking_id == booking.id, Hold.bookable_id == model)
        if left:
            session.execute(sa.update(Hold).where(here).values(quantity=left))
        else:
            session.execute(sa.delete(Hold).where(here))


def _piece(session: Session, booking: Booking, code: str, wanted: Mapping[int, int]) -> Item:
    piece = find(session, booking.site_key, code)
    if piece is None:
        raise ItemError("unknown", code)
    if piece.bookable_id not in wanted:
        raise ItemError("other_model", code)
    if piece.state != USABLE:
        raise ItemError("not_usable", code)
    if holder(session, piece.id) is not None:
        raise ItemError("out", code)
    return piece
