"""A table of what a site lends is taken in: models and their pieces, new or changed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.booking import items, keeping, stock
from hub.booking.errors import BookingError
from hub.booking.items import RETIRED, USABLE, ItemError
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
    present = _present(session, site, plugin)
    counted = {item for (item,) in session.execute(_with_pieces, {"site": site})}
    for one in wanted:
        before = present.get(one.record.source_id)
        model = _model(session, site, plugin, one, before, counted)
        usable = 0
        for piece in one.pieces:
            try:
                item = _piece(session, model, piece, known, abroad, moment)
                usable += item.state == USABLE
            except ItemError as error:
                refused.append((piece.row, error))
        if one.pieces and before is None:
            model.capacity = usable  # nobody else knows it yet
        elif one.pieces:
            session.flush()
            items.count(session, model.id)
    return refused


def _model(
    session: Session,
    site: str,
    plugin: str,
    one: Wanted,
    before: Bookable | None,
    counted: Collection[int],
) -> Bookable:
    if before is None:
        number = one.number if one.number is not None else 1
        return stock.put(session, site, plugin, one.record, number)
    retired, capacity = before.retired_at, before.capacity
    if one.number is not None and before.id not in counted:
        capacity = one.number
    details = {**keeping.record(before).details, **one.record.details}
    model = stock.put(
        session,
        site,
        plugin,
        replace(one.record, details=details),
        capacity,
        buffers=(before.buffer_before, before.buffer_after),
    )
    model.retired_at = retired
    return model


def _piece(
    session: Session,
    model: Bookable,
    piece: WantedPiece,
    known: dict[str, Item],
    abroad: Collection[int],
    moment: datetime,
) -> Item:
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
    return item


def _present(session: Session, site: str, plugin: str) -> dict[str, Bookable]:
    """The models of a site, offered or retired, by what the plugin calls them."""
    rows = session.scalars(
        sa.select(Bookable).where(Bookable.site_key == site, Bookable.plugin == plugin)
    )
    return {row.source_id: row for row in rows}


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


_with_pieces = sa.select(Item.bookable_id).where(Item.site_key == sa.bindparam("site")).distinct()
