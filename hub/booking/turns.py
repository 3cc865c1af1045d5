"""Whose turn it is at a booking that another system keeps.

Each step that is said there, and each wish of the person, is a turn of its own (`Elsewhere.turn`).
The other system is asked outside of any transaction; whoever comes back from there and finds that
it is no longer their turn has an answer of before, which says nothing of what is so now.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from hub.models import Booking, Elsewhere


def lock(session: Session, number: int) -> tuple[Booking, Elsewhere]:
    """The booking and what is to be said of it, for a transaction that writes either: others wait
    until it ends, and then see what it did. First the booking, as every step of it does."""
    alone = {"key_share": True}
    return (
        session.get_one(Booking, number, with_for_update=alone, populate_existing=True),
        session.get_one(Elsewhere, number, with_for_update=alone, populate_existing=True),
    )


def begin(todo: Elsewhere) -> int:
    """Begin a turn; returns its number."""
    todo.turn += 1
    return todo.turn
