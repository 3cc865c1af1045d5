"""“Medienlisten”: what a person collects for a lesson, offers of any kind.

All functions are asked with the person whose lists they are about; a list of somebody else is not
found (None). What is removed can be brought back for `KEPT`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from hub.models import MediaList, MediaListEntry, Offer
from hub.models.base import now

MOST_LISTS = 50
"""Lists that one person may have."""
MOST_ENTRIES = 100
"""Entries of one list."""
LONGEST_TITLE, LONGEST_DESCRIPTION, LONGEST_NOTE = 120, 2_000, 500
"""Characters."""
KEPT = timedelta(days=7)
"""How long what was removed can be brought back; then it is erased."""


class Full(Exception):
    """The person has `MOST_LISTS` lists, or the list `MOST_ENTRIES` entries."""


class Way(StrEnum):
    """Where an entry is moved."""

    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Summary:
    """A list in the overview."""

    id: int
    title: str
    entries: int
    changed_at: datetime
    shared: bool
    holds: bool = False
    """Whether the work that was asked about is on it."""


def of_person(session: Session, person_id: int, offer_id: int | None = None) -> list[Summary]:
    """The person's lists, the one changed last first; `offer_id` names a work to look for."""
    entry = MediaListEntry
    counted = (
        sa.select(entry.list_id, sa.func.count().label("entries"))
        .where(entry.person_id == person_id, entry.removed_at.is_(None))
        .group_by(entry.list_id)
        .subquery()
    )
    rows = session.execute(
        sa.select(MediaList, sa.func.coalesce(counted.c.entries, 0))
        .outerjoin(counted, counted.c.list_id == MediaList.id)
        .where(MediaList.person_id == person_id, MediaList.deleted_at.is_(None))
        .order_by(MediaList.changed_at.desc(), MediaList.id.desc())
    ).all()
    holding = _holding(session, person_id, offer_id) if offer_id is not None else frozenset()
    return [
        Summary(
            row.id,
            row.title,
            number,
            row.changed_at,
            row.token_hash is not None,
            row.id in holding,
        )
        for row, number in rows
    ]


def find(
    session: Session, person_id: int, list_id: int, *, to_change: bool = False
) -> MediaList | None:
    """A list of the person that is not deleted; `to_change` keeps others from changing it."""
    query = _own(person_id, list_id).where(MediaList.deleted_at.is_(None))
    return session.scalars(query.with_for_update() if to_change else query).one_or_none()


def entries(session: Session, row: MediaList) -> Sequence[MediaListEntry]:
    """What is on the list, in its order."""
    return session.scalars(
        _entries(row)
        .where(MediaListEntry.removed_at.is_(None))
        .order_by(MediaListEntry.position, MediaListEntry.id)
    ).all()


def create(session: Session, person_id: int, title: str, description: str = "") -> MediaList:
    """A new list, empty; raises `Full`."""
    if _number_of_lists(session, person_id) >= MOST_LISTS:
        raise Full
    row = MediaList(
        person_id=person_id,
        title=title[:LONGEST_TITLE],
        description=description[:LONGEST_DESCRIPTION],
    )
    session.add(row)
    session.flush()
    return row


def describe(row: MediaList, title: str, description: str) -> None:
    row.title = title[:LONGEST_TITLE]
    row.description = description[:LONGEST_DESCRIPTION]
    row.changed_at = now()


def put(session: Session, row: MediaList, offer_id: int, note: str = "") -> bool:
    """Put an offer last on a list that was found `to_change`; raises `Full`.

    False when its work is on the list already. Raises `LookupError` where there is no such offer.
    """
    if session.get(Offer, offer_id) is None:
        raise LookupError(offer_id)
    if row.id in _holding(session, row.person_id, offer_id):
        return False
    number, last = session.execute(
        sa.select(sa.func.count(), sa.func.max(MediaListEntry.position)).where(
            MediaListEntry.list_id == row.id,
            MediaListEntry.person_id == row.person_id,
            MediaListEntry.removed_at.is_(None),
        )
    ).one()
    if number >= MOST_ENTRIES:
        raise Full
    _add(session, row, [(offer_id, note)], (last or 0) + 1)
    return True


def fill(session: Session, row: MediaList, offers: Iterable[tuple[int, str]]) -> None:
    """Fill a new list with the entries (offer id, note) of another one."""
    _add(session, row, list(offers)[:MOST_ENTRIES], 1)


def entry(session: Session, row: MediaList, number: int) -> MediaListEntry | None:
    """An entry of the list, removed or not."""
    return session.scalars(_entries(row).where(MediaListEntry.id == number)).one_or_none()


def note(row: MediaList, one: MediaListEntry, text: str) -> None:
    one.note = text[:LONGEST_NOTE]
    row.changed_at = now()


def move(session: Session, row: MediaList, one: MediaListEntry, way: Way) -> None:
    """Let an entry change places with its neighbour; at the end of the list it stays."""
    order = list(entries(session, row))
    if one not in order:
        return
    place = order.index(one)
    other = place + (-1 if way is Way.UP else 1)
    if not 0 <= other < len(order):
        return
    order[place], order[other] = order[other], order[place]
    for position, each in enumerate(order, 1):
        each.position = position
    row.changed_at = now()


def remove(row: MediaList, one: MediaListEntry) -> None:
    """Take an entry off; pressed twice it is off once."""
    if one.removed_at is None:
        one.removed_at = row.changed_at = now()


def bring_back(session: Session, row: MediaList, one: MediaListEntry) -> None:
    """Undo `remove`, at the place where it was; raises `Full` where that is taken meanwhile."""
    if one.removed_at is None:
        return
    if len(entries(session, row)) >= MOST_ENTRIES:
        raise Full
    one.removed_at, row.changed_at = None, now()


def removed_last(session: Session, row: MediaList) -> tuple[MediaListEntry, str] | None:
    """The entry that was removed last and can be brought back, with the title of its offer."""
    found = session.execute(
        sa.select(MediaListEntry, Offer.title)
        .join(Offer, Offer.id == MediaListEntry.offer_id)
        .where(
            MediaListEntry.list_id == row.id,
            MediaListEntry.person_id == row.person_id,
            MediaListEntry.removed_at > now() - KEPT,
        )
        .order_by(MediaListEntry.removed_at.desc(), MediaListEntry.id.desc())
        .limit(1)
    ).one_or_none()
    return (found[0], found[1]) if found else None


def delete(row: MediaList) -> None:
    """Delete the list; its address, if it is shared, works no longer."""
    row.deleted_at = now()
    row.token_hash = row.shared_at = None


def deleted_last(session: Session, person_id: int) -> MediaList | None:
    """The list that was deleted last and can be brought back."""
    return session.scalars(
        sa.select(MediaList)
        .where(MediaList.person_id == person_id, MediaList.deleted_at > now() - KEPT)
        .order_by(MediaList.deleted_at.desc(), MediaList.id.desc())
        .limit(1)
    ).one_or_none()


def restore(session: Session, person_id: int, list_id: int) -> MediaList | None:
    """Undo `delete`; raises `Full`. None where there is nothing to bring back (any more)."""
    row = session.scalars(_own(person_id, list_id)).one_or_none()
    if row is None:
        return None
    if row.deleted_at is not None:
        if row.deleted_at < now() - KEPT:
            return None
        if _number_of_lists(session, person_id) >= MOST_LISTS:
            raise Full
        row.deleted_at = None
    return row


def _own(person_id: int, list_id: int) -> sa.Select[MediaList]:
    return sa.select(MediaList).where(MediaList.person_id == person_id, MediaList.id == list_id)


def _entries(row: MediaList) -> sa.Select[MediaListEntry]:
    return sa.select(MediaListEntry).where(
        MediaListEntry.list_id == row.id, MediaListEntry.person_id == row.person_id
    )


def _number_of_lists(session: Session, person_id: int) -> int:
    return (
        session.scalar(
            sa.select(sa.func.count()).where(
                MediaList.person_id == person_id, MediaList.deleted_at.is_(None)
            )
        )
        or 0
    )


def _holding(session: Session, person_id: int, offer_id: int) -> frozenset[int]:
    """The person's lists on which some offer of the work of this offer is."""
    other = aliased(Offer)
    work = sa.select(other.work_id).where(other.id == offer_id).scalar_subquery()
    return frozenset(
        session.scalars(
            sa.select(MediaListEntry.list_id)
            .join(Offer, Offer.id == MediaListEntry.offer_id)
            .where(
                MediaListEntry.person_id == person_id,
                MediaListEntry.removed_at.is_(None),
                Offer.work_id == work,
            )
        )
    )


def _add(session: Session, row: MediaList, offers: Sequence[tuple[int, str]], first: int) -> None:
    session.add_all(
        MediaListEntry(
            list_id=row.id,
            person_id=row.person_id,
            offer_id=offer_id,
            position=position,
            note=text[:LONGEST_NOTE],
        )
        for position, (offer_id, text) in enumerate(offers, first)
    )
    row.changed_at = now()
