"""What a site lends as its staff look after it: models found and changed, their pieces counted."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.booking import items, ledger, stock
from hub.booking.items import MISSING, REPAIR, RETIRED, ItemError
from hub.models import Bookable, BookablePart, Item, Site
from hub.models.base import now
from hub.records import Record

PER_PAGE = 50
MOST_CODES = 500
"""Pieces put in at once."""


@dataclass(frozen=True, slots=True)
class Model:
    """A model in a list, with its pieces by state; a model may have none."""

    row: Bookable
    pieces: dict[str, int] = field(default_factory=dict)
    is_set: bool = False

    @property
    def total(self) -> int:
        """Pieces that are not retired."""
        return sum(count for state, count in self.pieces.items() if state != RETIRED)

    @property
    def has_pieces(self) -> bool:
        """Whether its number is that of its usable pieces, also when none is usable any more."""
        return bool(self.pieces)

    @property
    def repair(self) -> int:
        return self.pieces.get(REPAIR, 0)

    @property
    def missing(self) -> int:
        return self.pieces.get(MISSING, 0)


@dataclass(frozen=True, slots=True)
class Part:
    """One of the things that a class set consists of."""

    row: Bookable
    quantity: int


def listing(
    session: Session,
    site: str,
    plugin: str,
    *,
    text: str = "",
    retired: bool = False,
    after: int = 0,
    limit: int | None = PER_PAGE,
) -> list[Model]:
    """Models by title, beginning after the one with the id `after`.

    `text` is looked for in titles, numbers and inventory codes.
    """
    name = sa.func.lower(Bookable.title)
    query = sa.select(Bookable).where(
        Bookable.site_key == site,
        Bookable.plugin == plugin,
        Bookable.retired_at.is_not(None) if retired else Bookable.retired_at.is_(None),
    )
    if text:
        query = query.where(_matches(site, text))
    if after:
        last = session.scalar(sa.select(name).where(Bookable.id == after))
        if last is not None:
            query = query.where(sa.or_(name > last, sa.and_(name == last, Bookable.id > after)))
    rows = session.scalars(query.order_by(name, Bookable.id).limit(limit)).all()
    return models(session, rows)


def models(session: Session, rows: Sequence[Bookable]) -> list[Model]:
    """The rows with their pieces counted."""
    numbers = [row.id for row in rows]
    counted: dict[int, dict[str, int]] = {}
    for number, state, count in session.execute(
        sa.select(Item.bookable_id, Item.state, sa.func.count())
        .where(Item.bookable_id.in_(numbers))
        .group_by(Item.bookable_id, Item.state)
    ):
        counted.setdefault(number, {})[state] = count
    wholes = set(
        session.scalars(
            sa.select(BookablePart.whole_id).where(BookablePart.whole_id.in_(numbers)).distinct()
        )
    )
    return [Model(row, counted.get(row.id, {}), row.id in wholes) for row in rows]


def find(session: Session, site: str, plugin: str, number: int) -> Bookable | None:
    """A model of this site by its id, offered or retired."""
    return session.scalar(
        sa.select(Bookable).where(
            Bookable.id == min(number, 2**31 - 1),
            Bookable.site_key == site,
            Bookable.plugin == plugin,
        )
    )


def by_source_id(session: Session, site: str, plugin: str, source_id: str) -> Bookable | None:
    """A model of this site by what its plugin calls it, offered or retired."""
    return session.scalar(
        sa.select(Bookable).where(
            Bookable.site_key == site,
            Bookable.plugin == plugin,
            Bookable.source_id == source_id,
        )
    )


def piece(session: Session, site: str, plugin: str, number: int) -> Item | None:
    """A piece of this site by its id."""
    return session.scalar(
        sa.select(Item)
        .join(Bookable, Bookable.id == Item.bookable_id)
        .where(Item.id == min(number, 2**31 - 1), Item.site_key == site, Bookable.plugin == plugin)
    )


def pieces(session: Session, bookable_id: int) -> list[Item]:
    """All pieces of a model by code, retired ones last."""
    return list(
        session.scalars(
            sa.select(Item)
            .where(Item.bookable_id == bookable_id)
            .order_by(sa.case((Item.state == RETIRED, 1), else_=0), Item.code)
        )
    )


def all_pieces(session: Session, site: str, plugin: str) -> dict[int, list[Item]]:
    """All pieces of a site by model, in the order of their codes."""
    found: dict[int, list[Item]] = {}
    for item in session.scalars(
        sa.select(Item)
        .join(Bookable, Bookable.id == Item.bookable_id)
        .where(Item.site_key == site, Bookable.plugin == plugin)
        .order_by(Item.code)
    ):
        found.setdefault(item.bookable_id, []).append(item)
    return found


def save(
    session: Session,
    site: str,
    plugin: str,
    record: Record,
    number: int,
    buffers: tuple[int, int],
) -> Bookable:
    """Put a model in or change it; `number` counts only where it has no pieces."""
    row = by_source_id(session, site, plugin, record.source_id)
    retired = row.retired_at if row else None
    counted = row is not None and models(session, [row])[0].has_pieces
    capacity = row.capacity if row is not None and counted else number
    saved = stock.put(session, site, plugin, record, capacity, buffers=buffers)
    saved.retired_at = retired
    if counted:
        items.count(session, saved.id)
    return saved


def add_pieces(
    session: Session,
    row: Bookable,
    labels: Collection[str],
    *,
    accessories: Sequence[str] = (),
    condition: str = "",
    owner: str = "",
) -> int:
    """Put several pieces in, all or none (the caller's transaction must not commit when it
    raises `ItemError`); returns how many."""
    wanted = list(dict.fromkeys(filter(None, (label.strip() for label in labels))))
    if not wanted:
        raise ItemError("code")
    for label in wanted:
        items.add(
            session,
            row.site_key,
            row.id,
            label,
            accessories=accessories,
            condition=condition,
            owner=owner,
        )
    return len(wanted)


def change_piece(
    session: Session,
    item: Item,
    state: str,
    moment: datetime,
    *,
    condition: str,
    accessories: Sequence[str],
    owner: str,
) -> None:
    """Say how a piece is; what is lent cannot be retired before it is back (`ItemError`)."""
    if state == RETIRED and items.holder(session, item.id) is not None:
        raise ItemError("out", item.label)
    item.condition, item.accessories, item.owner = condition, list(accessories), owner
    items.set_state(session, item, state, moment)


def parts(session: Session, whole_id: int) -> list[Part]:
    """What a class set consists of."""
    rows = session.execute(
        sa.select(Bookable, BookablePart.quantity)
        .join(BookablePart, BookablePart.part_id == Bookable.id)
        .where(BookablePart.whole_id == whole_id)
        .order_by(sa.func.lower(Bookable.title), Bookable.id)
    )
    return [Part(row, quantity) for row, quantity in rows]


def sets_with(session: Session, part_id: int) -> list[Bookable]:
    """The class sets of which a model is a part."""
    return list(
        session.scalars(
            sa.select(Bookable)
            .join(BookablePart, BookablePart.whole_id == Bookable.id)
            .where(BookablePart.part_id == part_id)
            .order_by(sa.func.lower(Bookable.title))
        )
    )


def set_part(session: Session, whole: Bookable, part_id: int, quantity: int) -> None:
    """Let a set hold so many of a part, none with 0; raises `ValueError` as `stock.set_parts`."""
    wanted = {one.row.id: one.quantity for one in parts(session, whole.id)}
    wanted[part_id] = min(quantity, ledger.MOST)
    if quantity < 1:
        del wanted[part_id]
    stock.set_parts(session, whole, wanted)
    whole.changed_at = now()


def owners(session: Session, site: str) -> list[tuple[str, str]]:
    """Sites that may own what is lent here, key and name."""
    rows = session.execute(sa.select(Site.key, Site.name).order_by(Site.position, Site.key))
    return [(key, name) for key, name in rows if key != site]


def _matches(site: str, text: str) -> sa.ColumnElement[bool]:
    """Every word stands in the title or the number, or the whole is the beginning of a code."""
    named = sa.and_(
        *(
            sa.or_(
                *(
                    sa.func.lower(column).contains(form, autoescape=True)
                    for column in (Bookable.title, Bookable.source_id)
                    # SQLite's lower() leaves umlauts as they are.
                    for form in sorted({word, word.lower(), word.capitalize()})
                )
            )
            for word in text.split()
        )
    )
    code = items.folded(text)
    coded = Bookable.id.in_(
        sa.select(Item.bookable_id).where(
            Item.site_key == site, Item.code.startswith(code, autoescape=True)
        )
    )
    return sa.or_(named, coded) if code else named
