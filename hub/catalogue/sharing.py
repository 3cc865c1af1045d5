"""A person's list at an address that is a secret: whoever knows it reads the list, without login.

So it is random, can be renewed and switched off, and only its hash is kept, as with calendars
(`hub.booking.feed`). Of the person it says nothing unless they want it.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.catalogue import lists
from hub.catalogue.collected import Collected, collect
from hub.identity import tokens
from hub.models import MediaList, Person
from hub.models.base import now


@dataclass(frozen=True, slots=True)
class Shared:
    """What a reader gets to see of a list."""

    title: str
    description: str
    who: str
    """Whose list it is; empty unless the person wants it told."""
    items: tuple[Collected, ...]
    """Without notes, unless the person wants them shown."""


def share(row: MediaList, *, show_name: bool, show_notes: bool) -> str:
    """A new secret for the address; an earlier one no longer works. It is told only now."""
    token = tokens.new()
    row.token_hash, row.shared_at = tokens.digest(token), now()
    row.show_name, row.show_notes = show_name, show_notes
    return token


def show(row: MediaList, *, show_name: bool, show_notes: bool) -> None:
    """Change what readers are shown; the address stays."""
    row.show_name, row.show_notes = show_name, show_notes


def switch_off(row: MediaList) -> None:
    """The address no longer works."""
    row.token_hash = row.shared_at = None


def read(session: Session, token: str) -> Shared | None:
    """The list whose secret this is; None where it is none's (any more)."""
    found = session.execute(
        sa.select(MediaList, Person.name)
        .join(Person, Person.id == MediaList.person_id)
        .where(MediaList.token_hash == tokens.digest(token), MediaList.deleted_at.is_(None))
    ).one_or_none()
    if found is None:
        return None
    row, name = found
    noted = [
        (one.offer_id, one.note if row.show_notes else "") for one in lists.entries(session, row)
    ]
    return Shared(
        row.title,
        row.description,
        name if row.show_name else "",
        tuple(collect(session, noted)),
    )
