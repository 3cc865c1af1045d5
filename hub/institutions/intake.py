"""Taking in an edition of the state's list: in one transaction, or not at all.

The list decides what is known of a listed school. A school that an edition no longer names
closes on the day of that edition; nothing is deleted, so that loans and licences keep their
school. An edition that would close more than a small share is held back: a file that was cut off
looks the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import models
from hub.db import Database, allocate, insert
from hub.institutions import history, serving
from hub.institutions.find import search_text
from hub.institutions.school_list import Edition, ListError, Reject
from hub.models.base import now, table

SHARE = 0.02
"""Of the open schools: more are not closed without a person. A normal year closes about 1 %."""
FEW = 10
"""So many may always close."""
MAX_REJECTS = 1_000
EMPTY: Mapping[str, Any] = {
    "listed": True,
    "short_name": "",
    "school_form": "",
    "private": False,
    "street": "",
    "postcode": "",
    "town": "",
    "phone": "",
    "email": "",
    "website": "",
    "utm_east": None,
    "utm_north": None,
    "opened_on": None,
    "closed_on": None,
}


@dataclass(frozen=True, slots=True)
class Difference:
    """What the edition changes of one school; a new one has no `before`."""

    school_id: str
    name: str
    event: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Report:
    """What taking in the edition did, or would do."""

    file: str
    as_of: date
    dry_run: bool
    schools: int
    """Schools that the edition names."""
    counts: Mapping[str, int]
    """By event: added, changed, closed, reopened; `unchanged` are the rest of the edition."""
    rejects: tuple[Reject, ...]
    notes: tuple[Reject, ...]
    unserved: Mapping[str, int]
    """How many schools lie in districts (AGS) that no site serves."""
    differences: tuple[Difference, ...] = field(repr=False)


class Held(ListError):
    """The edition would close too many schools."""


class _Undo(Exception):
    """Rolls a dry run back."""


def take_in(
    db: Database,
    edition: Edition,
    as_of: date,
    *,
    actor: str,
    accept_closures: bool = False,
    dry_run: bool = False,
) -> Report:
    """Take in an edition that is of the day `as_of`; the same one again changes nothing.

    Raises `ListError` for an edition that is older than one taken in before, and `Held`.
    """
    made: list[Report] = []
    try:
        with db.write() as session:
            made.append(_take_in(session, edition, as_of, actor, accept_closures, dry_run))
            if dry_run:
                raise _Undo
    except _Undo:
        pass
    return made[0]


def _take_in(
    session: Session,
    edition: Edition,
    as_of: date,
    actor: str,
    accept_closures: bool,
    dry_run: bool,
) -> Report:
    newest = session.scalar(sa.select(sa.func.max(models.SchoolList.as_of)))
    if newest is not None and as_of < newest:
        raise ListError(
            f"This list is of {as_of}, but one of {newest} was taken in already. "
            "An older one would bring back what has changed since. If the day is wrong, "
            "name it with --as-of."
        )
    stored = _stored(session)
    differences = [*_differences(edition, stored), *_missing(edition, stored, as_of)]
    counts = Counter(one.event for one in differences)
    missing = [one for one in differences if one.school_id not in edition.schools]
    running = sum(row["listed"] and row["closed_on"] is None for row in stored.values())
    if len(missing) > max(FEW, SHARE * running) and not accept_closures:
        raise Held(
            f"{len(missing)} of {running} open schools are missing in {edition.file}; taking it "
            "in would close them. Is the file complete? If it is, repeat the command with "
            "--accept-closures."
        )
    latest = session.execute(
        sa.select(models.SchoolList.sha256).order_by(models.SchoolList.id.desc()).limit(1)
    ).scalar()
    if differences or latest != edition.sha256:
        _store(session, edition, as_of, actor, differences, stored, counts)
        serving.assign(session)
    return Report(
        file=edition.file,
        as_of=as_of,
        dry_run=dry_run,
        schools=len(edition.schools),
        counts={
            **{event: counts[event] for event in ("added", "changed", "closed", "reopened")},
            "unchanged": len(edition.schools) - (len(differences) - len(missing)),
        },
        rejects=tuple(edition.rejects),
        notes=tuple(edition.notes),
        unserved=_unserved(session, edition),
        differences=tuple(differences),
    )


def _stored(session: Session) -> dict[str, dict[str, Any]]:
    """All schools by their id."""
    own = table(models.Institution)
    rows = session.execute(sa.select(own).where(own.c.school_id.is_not(None))).mappings()
    return {row["school_id"]: dict(row) for row in rows}


def _differences(edition: Edition, stored: Mapping[str, Mapping[str, Any]]) -> Iterable[Difference]:
    for key, fields in edition.schools.items():
        row = stored.get(key)
        wanted = {**fields, "listed": True}
        if row is None:
            after = {**EMPTY, **wanted, "school_id": key}
            yield Difference(key, fields["name"], "added", {}, after)
            continue
        if row["closed_on"] is not None and "closed_on" not in fields:
            wanted["closed_on"] = None  # an edition without dates still names it
        after = {name: value for name, value in wanted.items() if row[name] != value}
        if after:
            before = {name: row[name] for name in after}
            yield Difference(key, fields["name"], history.event(before, after), before, after)


def _missing(
    edition: Edition, stored: Mapping[str, Mapping[str, Any]], as_of: date
) -> Iterable[Difference]:
    """Schools that earlier editions named and this one does not, unless they had closed."""
    rejected = {f"DE-NW-{reject.number}" for reject in edition.rejects}
    for key, row in stored.items():
        gone = row["listed"] and key not in edition.schools and key not in rejected
        if gone and (row["closed_on"] is None or row["closed_on"] > as_of):
            yield Difference(
                key, row["name"], "closed", {"closed_on": row["closed_on"]}, {"closed_on": as_of}
            )


def _store(
    session: Session,
    edition: Edition,
    as_of: date,
    actor: str,
    differences: list[Difference],
    stored: Mapping[str, Mapping[str, Any]],
    counts: Mapping[str, int],
) -> None:
    moment = now()
    taken = models.SchoolList(
        as_of=as_of,
        at=moment,
        actor=actor,
        file=edition.file,
        sha256=edition.sha256,
        counts=dict(counts),
        rejects=[
            {"line": one.line, "number": one.number, "reason": one.reason}
            for one in edition.rejects[:MAX_REJECTS]
        ],
    )
    session.add(taken)
    session.flush()
    connection, own = session.connection(), table(models.Institution)
    new = [one for one in differences if one.event == "added"]
    ids = {
        one.school_id: number
        for one, number in zip(new, allocate(connection, own, len(new)), strict=True)
    }
    insert(
        connection,
        own,
        [
            {
                "id": ids[one.school_id],
                **one.after,
                "search_text": search_text(one.after),
                "created_at": moment,
                "changed_at": moment,
            }
            for one in new
        ],
    )
    for one in differences:
        if one.event == "added":
            continue
        row = {**stored[one.school_id], **one.after}
        ids[one.school_id] = row["id"]
        session.execute(
            sa.update(own)
            .where(own.c.id == row["id"])
            .values(**one.after, search_text=search_text(row), changed_at=moment)
        )
    insert(
        connection,
        table(models.InstitutionChange),
        [
            history.entry(
                ids[one.school_id],
                one.before,
                one.after if one.before else {"name": one.name},
                at=moment,
                actor=actor,
                list_id=taken.id,
            )
            for one in differences
        ],
    )


def _unserved(session: Session, edition: Edition) -> dict[str, int]:
    known = serving.districts(session)
    lost = Counter(
        fields["municipality"][:5]
        for fields in edition.schools.values()
        if not serving.responsible(fields["municipality"], known)
    )
    return dict(sorted(lost.items()))
