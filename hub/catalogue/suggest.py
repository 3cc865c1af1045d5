"""Completing what is being typed."""

from __future__ import annotations

from sqlalchemy.orm import Session


def suggest(session: Session, prefix: str, limit: int = 8) -> tuple[str, ...]:
    """Texts to search for that begin as typed: completed words first, then titles of works."""
    return ()
