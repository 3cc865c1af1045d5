"""What became of institutions: every change is kept with its day, its fields and who made it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import models

FIELDS = tuple(
    column.name
    for column in models.Institution.__table__.columns
    if column.name not in ("id", "search_text", "created_at", "changed_at")
)
"""What a person or a list says of an institution."""

_change = models.InstitutionChange
_history = (
    sa.select(_change, models.SchoolList.as_of)
    .outerjoin(models.SchoolList, models.SchoolList.id == _change.list_id)
    .where(_change.institution_id == sa.bindparam("institution"))
    .order_by(_change.id.desc())
    .limit(200)
)


def event(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """What a change of these fields amounts to; `before` is empty for a new institution."""
    if not before:
        return "added"
    if "closed_on" in after:
        return "closed" if after["closed_on"] is not None else "reopened"
    return "changed"


def entry(
    institution: int,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    *,
    at: datetime,
    actor: str,
    list_id: int | None = None,
) -> dict[str, Any]:
    """A row of the history; days become texts, for JSON knows none."""
    return {
        "institution_id": institution,
        "list_id": list_id,
        "at": at,
        "actor": actor,
        "event": event(before, after),
        "before": {name: _plain(value) for name, value in before.items()},
        "after": {name: _plain(value) for name, value in after.items()},
    }


def of(session: Session, institution: int) -> list[tuple[models.InstitutionChange, date | None]]:
    """The latest 200 changes, newest first, each with the day of its list."""
    return [
        (change, as_of) for change, as_of in session.execute(_history, {"institution": institution})
    ]


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
