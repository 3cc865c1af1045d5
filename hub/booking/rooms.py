"""Rooms as the staff look after them: what is typed, what is kept, which are parts of which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from flask_babel import gettext
from sqlalchemy.orm import Session

from hub.booking import keeping, ledger, stock, typed
from hub.models import Bookable, BookablePart
from hub.records import Kind, Record

EQUIPMENT = "Ausstattung"
"""Under this name the catalogue shows the equipment; facts are in German there."""
LONGEST = {"title": 200, "description": 5_000, "place": 200, "equipment": 2_000}
LONGEST_KEY = 40
MOST_PERSONS = 2_000
LONGEST_BUFFER = 24 * 60


@dataclass(frozen=True, slots=True)
class Room:
    """A room as it is offered; buffers in minutes, `parts` are ids of other rooms."""

    title: str
    description: str = ""
    persons: int | None = None
    place: str = ""
    equipment: str = ""
    before: int = 0
    after: int = 0
    parts: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Whole:
    """What a room can be divided into: the rooms to choose from, or the rooms it is a part of."""

    choices: Sequence[Bookable]
    parts: frozenset[int]
    part_of: Sequence[Bookable]


def read(given: Mapping[str, str], parts: Sequence[str]) -> tuple[Room | None, dict[str, str]]:
    """What was typed, or by field what is wrong with it."""
    texts = {name: typed.text(given.get(name, ""), longest) for name, longest in LONGEST.items()}
    errors: dict[str, str] = {}
    if not texts["title"]:
        errors["title"] = gettext("Please enter a name.")
    limits = {"persons": MOST_PERSONS, "before": LONGEST_BUFFER, "after": LONGEST_BUFFER}
    numbers = {name: typed.number(given.get(name, "")) for name in limits}
    for name, most in limits.items():
        if not 0 <= numbers[name] <= most:
            errors[name] = gettext("Please enter a number from 0 to %(most)s.", most=most)
    if errors:
        return None, errors
    room = Room(
        **texts,
        persons=numbers["persons"] or None,
        before=numbers["before"],
        after=numbers["after"],
        parts=frozenset(int(one) for one in parts if one.isascii() and one.isdigit()),
    )
    return room, {}


def room(session: Session, row: Bookable) -> Room:
    """What is kept of it."""
    return Room(
        title=row.title,
        description=row.details.get("description", ""),
        persons=row.details.get("persons"),
        place=row.details.get("place", ""),
        equipment=row.details.get("more", {}).get(EQUIPMENT, ""),
        before=row.buffer_before,
        after=row.buffer_after,
        parts=_parts_of(session, row.id),
    )


def save(
    session: Session, site: str, plugin: str, row: Bookable | None, told: Room, *, key: str
) -> Bookable:
    """Offer the room, new or changed; one that was retired is offered again.

    The `key` of the form names a new room: sent twice, it makes one. Raises `ValueError` where the
    parts cannot be its parts, and `Full` where a part is booked in the time of a booking of the
    whole; then the transaction must not commit.
    """
    source_id = row.source_id if row is not None else stock.new_id(plugin, key, told.title)
    row = row or keeping.find_any(session, site, plugin, source_id)
    kept = _parts_of(session, row.id) if row is not None else frozenset()
    if row is not None:
        ledger.lock(session, {row.id, *told.parts, *kept})
    record = Record(
        source_id=source_id,
        kind=Kind.ROOM,
        title=told.title,
        description=told.description,
        place=told.place,
        details={EQUIPMENT: told.equipment} if told.equipment else {},
    )
    more = {"persons": told.persons} if told.persons else {}
    buffers = (told.before, told.after)
    saved = stock.put(session, site, plugin, record, 1, buffers=buffers, more=more)
    if told.parts != kept:
        stock.set_parts(session, saved, dict.fromkeys(told.parts, 1))
    return saved


def divisible(session: Session, site: str, plugin: str, row: Bookable | None) -> Whole:
    """How the room can be divided; None is a room that is not there yet."""
    own = row.id if row is not None else 0
    wholes = {own, *session.scalars(sa.select(BookablePart.whole_id).distinct())}
    choices = [one for one in stock.of_site(session, site, [plugin]) if one.id not in wholes]
    part_of = session.scalars(
        sa.select(Bookable)
        .join(BookablePart, BookablePart.whole_id == Bookable.id)
        .where(BookablePart.part_id == own, Bookable.site_key == site)
        .order_by(sa.func.lower(Bookable.title))
    ).all()
    return Whole(choices, _parts_of(session, own), part_of)


def _parts_of(session: Session, whole_id: int) -> frozenset[int]:
    return frozenset(
        session.scalars(sa.select(BookablePart.part_id).where(BookablePart.whole_id == whole_id))
    )
