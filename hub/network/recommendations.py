"""What centres recommend: lists and announcements, by subject and season.

Those of a Landesmedienzentrum are shown to everybody, and on the pages of each centre that does not
decline; those of a centre on its own pages. Terms are half-open: on the day `ends_on` one is shown
no longer. Every change is in the audit log, and the last one of each can be undone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from hub.catalogue.lists import Way
from hub.identity import audit
from hub.models import Recommendation, Site
from hub.models.base import now

MOST = 50
"""Recommendations that one site may have, deleted ones not counted."""
MOST_SUBJECTS = 10
LONGEST_TITLE, LONGEST_TEXT = 120, 2_000
"""Characters."""
KEPT = timedelta(days=30)
"""How long a deleted one can be brought back; then it is erased."""


class State(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"
    DELETED = "deleted"


STEPS = {
    State.DRAFT: (State.PUBLISHED, State.DELETED),
    State.PUBLISHED: (State.WITHDRAWN,),
    State.WITHDRAWN: (State.PUBLISHED, State.DELETED),
    State.DELETED: (),
}
"""What can become of one in a state; everything else comes about by undoing."""


class Changed(Exception):
    """Somebody else changed it meanwhile."""


class Full(Exception):
    """The site has `MOST` already."""


@dataclass(frozen=True, slots=True)
class Content:
    """What an editor says."""

    title: str
    text: str = ""
    subjects: tuple[str, ...] = ()
    starts_on: date | None = None
    ends_on: date | None = None
    entries: tuple[tuple[int, str], ...] = ()
    """Offer id and note."""


def shown(
    session: Session,
    today: date,
    site: str | None = None,
    subject: str = "",
    most: int | None = None,
) -> list[tuple[Recommendation, str]]:
    """What is recommended today, with the name of who does: to everybody, or on the pages of a
    site; at most the first ones. One statement; there are few, so they have no pages."""
    row = Recommendation
    source: sa.ColumnElement[bool] = Site.kind == "state"
    if site is not None:
        declines = sa.exists().where(_pages_of.key == site, _pages_of.recommended_to.is_(False))
        source = sa.or_(row.site_key == site, sa.and_(source, ~declines))
    found = session.execute(
        sa.select(row, Site.name)
        .join(Site, Site.key == row.site_key)
        .where(
            source,
            row.state == State.PUBLISHED,
            sa.or_(row.starts_on.is_(None), row.starts_on <= today),
            sa.or_(row.ends_on.is_(None), row.ends_on > today),
        )
        # A centre's own before those for everybody, whose sources take turns.
        .order_by(row.site_key != (site or ""), row.position, Site.position, row.id)
        .limit(most)
    )
    return [(one, name) for one, name in found if not subject or subject in one.subjects]


def find(session: Session, number: int, *, to_change: bool = False) -> Recommendation | None:
    """One in any state; found `to_change`, nobody else changes it meanwhile."""
    if number >= 2**31:
        return None
    return session.get(Recommendation, number, with_for_update=True if to_change else None)


def is_public(row: Recommendation, today: date) -> bool:
    """Whether everybody may read it: published, and its term has begun; it may be over."""
    return row.state == State.PUBLISHED and (row.starts_on is None or row.starts_on <= today)


def is_over(row: Recommendation, today: date) -> bool:
    return row.ends_on is not None and row.ends_on <= today


# For editors


def of_site(session: Session, site: str) -> Sequence[Recommendation]:
    """All of a site in their order; deleted ones as long as they can be brought back."""
    row = Recommendation
    return session.scalars(
        sa.select(row)
        .where(
            row.site_key == site,
            sa.or_(row.state != State.DELETED, row.changed_at > now() - KEPT),
        )
        .order_by(row.position, row.id)
    ).all()


def create(session: Session, site: str, content: Content, actor: str) -> Recommendation:
    """A draft, the last of its site; raises `Full`."""
    there = [one for one in of_site(session, site) if one.state != State.DELETED]
    if len(there) >= MOST:
        raise Full
    row = Recommendation(
        site_key=site,
        state=State.DRAFT.value,
        position=max((one.position for one in there), default=0) + 1,
        version=1,
        **_columns(content),
    )
    session.add(row)
    session.flush()
    audit.note(session, actor, site, "recommendation.create", _subject(row), _said(row))
    return row


def save(session: Session, row: Recommendation, version: int, content: Content, actor: str) -> None:
    """Let it say this from now on; raises `Changed`."""
    _change(session, row, version, _columns(content), "recommendation.edit", actor)


def step(session: Session, row: Recommendation, version: int, to: State, actor: str) -> None:
    """Publish, withdraw or delete it; raises `Changed`, also where that is not possible now."""
    if to not in STEPS[State(row.state)]:
        raise Changed
    action = {
        State.PUBLISHED: "recommendation.publish",
        State.WITHDRAWN: "recommendation.withdraw",
        State.DELETED: "recommendation.delete",
    }[to]
    _change(session, row, version, {"state": to.value}, action, actor)


def undo(session: Session, row: Recommendation, version: int, actor: str) -> None:
    """Take the last change back; once more, and it holds again. Raises `Changed`."""
    if row.before is None:
        raise Changed
    _change(session, row, version, _columns_of(row.before), "recommendation.undo", actor)


def move(session: Session, row: Recommendation, way: Way, actor: str) -> None:
    """Let it change places with its neighbour; at the end of the list it stays."""
    order = [one for one in of_site(session, row.site_key) if one.state != State.DELETED]
    place = order.index(row) if row in order else len(order)
    other = place + (-1 if way is Way.UP else 1)
    if place == len(order) or not 0 <= other < len(order):
        return
    order[place], order[other] = order[other], order[place]
    for position, each in enumerate(order, 1):
        each.position = position
    audit.note(session, actor, row.site_key, "recommendation.move", _subject(row))


def accepts(session: Session, site: str) -> bool:
    """Whether the pages of a site show what the Landesmedienzentren recommend."""
    return session.get_one(Site, site).recommended_to


def accept(session: Session, site: str, wanted: bool, actor: str) -> None:
    """Let the pages of a site show that, or not; at once."""
    row = session.get_one(Site, site)
    if row.recommended_to != wanted:
        before, after = {"shown": row.recommended_to}, {"shown": wanted}
        row.recommended_to = wanted
        audit.note(session, actor, site, "recommendation.accept", site, after, before)


_pages_of = aliased(Site)
_FIELDS = tuple(field.name for field in fields(Content))
_DAYS = ("starts_on", "ends_on")


def _subject(row: Recommendation) -> str:
    """What the log calls it."""
    return f"recommendation:{row.id}"


def _columns(content: Content) -> dict[str, Any]:
    return {
        "title": content.title[:LONGEST_TITLE],
        "text": content.text[:LONGEST_TEXT],
        "subjects": list(content.subjects[:MOST_SUBJECTS]),
        "starts_on": content.starts_on,
        "ends_on": content.ends_on,
        "entries": [list(entry) for entry in content.entries],
    }


def _said(row: Recommendation) -> dict[str, Any]:
    """All that can be changed, as JSON takes it."""
    days = {name: day.isoformat() if (day := getattr(row, name)) else None for name in _DAYS}
    return {**{name: getattr(row, name) for name in ("state", *_FIELDS)}, **days}


def _columns_of(said: dict[str, Any]) -> dict[str, Any]:
    days = {name: date.fromisoformat(said[name]) for name in _DAYS if said.get(name)}
    return {**said, **days}


def _change(
    session: Session,
    row: Recommendation,
    version: int,
    columns: dict[str, Any],
    action: str,
    actor: str,
) -> None:
    if row.version != version:
        raise Changed
    before = _said(row)
    for name, value in columns.items():
        setattr(row, name, value)
    after = _said(row)
    changed = [name for name in after if after[name] != before[name]]
    if not changed:
        return
    row.before = {name: before[name] for name in changed}
    row.version, row.changed_at = version + 1, now()
    audit.note(
        session,
        actor,
        row.site_key,
        action,
        _subject(row),
        {name: after[name] for name in changed},
        row.before,
    )
