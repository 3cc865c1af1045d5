"""A table of what a site lends is taken in: models and their pieces, new or changed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.booking import inventory, items, keeping
from hub.booking.errors import BookingError
from hub.booking.items import RETIRED, ItemError
from hub.models import Bookable, Handover, Item
from hub.records import Record


@dataclass(frozen=True, slots=True)
class WantedPiece:
    """A piece as a row of the table has it. None: the row says nothing of it."""

    row: int
    label: str
    state: str | None = None
    condition: str | None = None
    accessories: tuple[str, ...] | None = None
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """A model as one row or several have it; `number` counts where it has no pieces."""

    row: int
    record: Record
    number: int | None = None
    pieces: tuple[WantedPiece, ...] = ()


def take_in(
    session: Session, site: str, plugin: str, wanted: Sequence[Wanted], moment: datetime
) -> list[tuple[int, BookingError]]:
    """Put all of it in, or change what is there; returns the rows whose piece cannot be put in.

    A model of the table that is known keeps what the table does not say; nothing is removed
    because the table lacks it. The caller decides whether to commit although rows are refused.
    """
    refused: list[tuple[int, BookingError]] = []
    codes = {items.folded(piece.label) for one in wanted for piece in one.pieces}
    known = _known(session, site, codes)
    abroad = _out(session, site)
    for one in wanted:
        model = _model(session, site, plugin, one)
        for piece in one.pieces:
            try:
                _piece(session, model, piece, known, abroad, moment)
            except ItemError as error:
                refused.append((piece.row, error))
        session.flush()
        if one.pieces:
            items.count(session, model.id)
    return refused


def _model(session: Session, site: str, plugin: str, one: Wanted) -> Bookable:
    before = inventory.by_source_id(session, site, plugin, one.record.source_id)
    if before is None:
        number = one.number if one.number is not None else 1
        return inventory.save(session, site, plugin, one.record, number, (0, 0))
    details = {**keeping.record(before).details, **one.record.details}
    number = one.number if one.number is not None else before.capacity or 0
    return inventory.save(
        session,
        site,
        plugin,
        replace(one.record, details=details),
        number,
        (before.buffer_before, before.buffer_after),
    )


def _piece(
    session: Session,
    model: Bookable,
    piece: WantedPiece,
    known: dict[str, Item],
    abroad: Collection[int],
    moment: datetime,
) -> None:
    code = items.folded(piece.label)
    item = known.get(code)
    if item is None:
        item = known[code] = items.new(model.site_key, model.id, piece.label)
        session.add(item)
    elif item.bookable_id != model.id:
        raise ItemError("taken", piece.label)
    elif piece.state == RETIRED and item.id in abroad:
        raise ItemError("out", piece.label)
    if piece.state is not None:
        item.state = piece.state
    if piece.condition is not None:
        item.condition = piece.condition
    if piece.accessories is not None:
        item.accessories = list(piece.accessories)
    if piece.owner is not None:
        item.owner = piece.owner
    item.changed_at = moment


def _known(session: Session, site: str, codes: Collection[str]) -> dict[str, Item]:
    """The pieces of a site that have one of these codes."""
    rows = session.scalars(sa.select(Item).where(Item.site_key == site))
    return {item.code: item for item in rows if item.code in codes}


def _out(session: Session, site: str) -> set[int]:
    """The pieces of a site that are in a borrower's hands."""
    return set(
        session.scalars(
            sa.select(Handover.item_id)
            .join(Item, Item.id == Handover.item_id)
            .where(Item.site_key == site, Handover.back_at.is_(None))
        )
    )
