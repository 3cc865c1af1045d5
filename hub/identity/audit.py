"""The audit log about people and rights: entries are made here, and read by site with filters."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.identity.actor import Actor
from hub.identity.permissions import visible
from hub.models import AuditEntry, Person
from hub.models.base import now

PAGE = 50
NOW_AND_THEN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Entry:
    """Who did what when; `who` is a name where the log's pseudonym still belongs to somebody."""

    id: int
    at: datetime
    who: str
    action: str
    subject: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]


def note(
    session: Session,
    actor: str,
    site: str | None,
    action: str,
    subject: str,
    after: Mapping[str, Any] | None = None,
    before: Mapping[str, Any] | None = None,
) -> None:
    """Write down who did what; `actor` is a pseudonym (`Actor.key`)."""
    session.add(
        AuditEntry(
            actor=actor,
            site_key=site,
            action=action,
            subject=subject,
            before=dict(before) if before else None,
            after=dict(after) if after else None,
        )
    )


def note_now_and_then(
    session: Session, actor: str, site: str, action: str, subject: str, after: Mapping[str, Any]
) -> None:
    """As `note`, unless the same action on the same thing was noted a few minutes ago: for what
    anybody can bring about as often as they like."""
    row = AuditEntry
    before = sa.exists().where(
        row.site_key == site,
        row.at > now() - NOW_AND_THEN,
        row.action == action,
        row.subject == subject,
    )
    if not session.scalar(sa.select(before)):
        note(session, actor, site, action, subject, after)


def entries(
    session: Session,
    reader: Actor,
    site: str,
    *,
    action: str = "",
    words: str = "",
    before: int | None = None,
) -> tuple[list[Entry], bool]:
    """The newest entries of a site that the reader may see, and whether there are older ones.

    `action` is one of `actions`, `words` occur in who, subject or action; the list goes on
    `before` the id of its last entry.
    """
    row, person = AuditEntry, Person
    query = (
        sa.select(row, person.name)
        .outerjoin(person, person.key == row.actor)
        .where(row.site_key == site, visible(reader, row, "audit.read"))
        .order_by(row.id.desc())
        .limit(PAGE + 1)
    )
    if action:
        query = query.where(row.action == action)
    if words:
        like = [
            column.icontains(words, autoescape=True)
            for column in (row.actor, row.subject, row.action, person.name)
        ]
        query = query.where(sa.or_(*like))
    if before is not None:
        query = query.where(row.id < before)
    found = [
        Entry(
            one.id,
            one.at,
            name or one.actor,
            one.action,
            one.subject,
            one.before or {},
            one.after or {},
        )
        for one, name in session.execute(query)
    ]
    return _named(session, found[:PAGE]), len(found) > PAGE


def names(session: Session, actors: Collection[str]) -> dict[str, str]:
    """Who is behind these pseudonyms, as far as somebody still is."""
    query = sa.select(Person.key, Person.name).where(Person.key.in_(sorted(actors)))
    return {key: name for key, name in session.execute(query) if name}


def actions(session: Session, reader: Actor, site: str) -> list[str]:
    """What occurs in the log of a site, for its filter."""
    query = (
        sa.select(AuditEntry.action)
        .where(AuditEntry.site_key == site, visible(reader, AuditEntry, "audit.read"))
        .distinct()
        .order_by(AuditEntry.action)
    )
    return list(session.scalars(query))


def _named(session: Session, found: list[Entry]) -> list[Entry]:
    """Subjects that are persons by their names: one query for the page."""
    numbers = {
        int(number)
        for one in found
        for kind, _, number in [one.subject.partition(":")]
        if kind == "person" and number.isdigit()
    }
    if not numbers:
        return found
    query = sa.select(Person.id, Person.name).where(Person.id.in_(sorted(numbers)))
    names = {f"person:{number}": name for number, name in session.execute(query)}
    return [
        Entry(
            one.id,
            one.at,
            one.who,
            one.action,
            names.get(one.subject) or one.subject,
            one.before,
            one.after,
        )
        for one in found
    ]
