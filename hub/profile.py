"""What a centre's staff say of it: above the file's words, with history, undo and two editors.

A state holds only what differs from `config/network.toml`; whatever the staff never touched
follows the file. Names of people are no part of the states (`hub.models.TeamMember`), so that a
name that is taken out is gone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import directory
from hub.activations import announce
from hub.identity import audit
from hub.models import Person, Site, SiteProfile, TeamMember
from hub.runtime import Hub

FIELDS = (*directory.CONTACT, *directory.PROFILE, "branches")
MOST_BRANCHES = 20
MOST_MEMBERS = 60
SHOWN_STATES = 20
"""States that the history shows; older ones are in the log of changes."""

Said = Mapping[str, Any]


class Changed(Exception):
    """Somebody else changed the profile meanwhile."""


class Full(Exception):
    """The centre names `MOST_MEMBERS` already."""


@dataclass(frozen=True, slots=True)
class State:
    """The profile as it was from a moment on; version 0 is what the file says."""

    version: int
    said: Said
    at: datetime | None = None
    who: str = ""


def state(session: Session, site: str) -> State:
    """What the staff say now."""
    row = session.scalars(_states(site).limit(1)).one_or_none()
    return State(row.version, row.said, row.at, row.actor) if row else State(0, {})


def values(session: Session, site: str, said: Said) -> dict[str, Any]:
    """Every field with what holds when the staff say this."""
    row = session.get_one(Site, site)
    contact, branches, profile = directory.merged(row.contact, row.branches, row.profile, said)
    return _complete({**contact, **profile, "branches": list(branches)})


def values_at(session: Session, site: str, version: int) -> dict[str, Any] | None:
    """The same of an earlier version; None where that is not known any more."""
    if version == 0:
        return values(session, site, {})
    row = session.scalars(_states(site).where(SiteProfile.version == version)).one_or_none()
    return values(session, site, row.said) if row else None


def save(hub: Hub, site: str, version: int, wanted: Mapping[str, Any], actor: str) -> bool:
    """Let the profile hold these values from now on; says whether that changed anything.

    `version` is the one that the editor saw. Raises `Changed`.
    """
    with hub.db.write() as session:
        announce(session)
        done = _put(session, site, version, wanted, "site.edit", actor)
    hub.sites.refresh()
    return done


def restore(hub: Hub, site: str, version: int, earlier: int, actor: str) -> bool:
    """Make an earlier state hold again; to restore the one before is to undo.

    False where it is not known any more or holds already. Raises `Changed`.
    """
    with hub.db.write() as session:
        announce(session)
        wanted = values_at(session, site, earlier)
        done = wanted is not None and _put(session, site, version, wanted, "site.undo", actor)
    hub.sites.refresh()
    return done


def combine(before: Said, mine: Said, theirs: Said) -> tuple[dict[str, Any], list[str]]:
    """What two editors of the same state want, and the fields about which they differ.

    Where only one of them changed a field that one is right; where both did it stays mine.
    """
    both = [
        name
        for name in FIELDS
        if mine[name] != before[name] and theirs[name] not in (before[name], mine[name])
    ]
    combined = {name: theirs[name] if mine[name] == before[name] else mine[name] for name in FIELDS}
    return combined, both


def differing(one: Said, other: Said) -> list[str]:
    """The fields in which two states differ."""
    return [name for name in FIELDS if one.get(name) != other.get(name)]


def history(session: Session, site: str) -> list[tuple[State, list[str]]]:
    """The latest states, the newest first, each with the fields that it changed."""
    rows = session.execute(
        sa.select(SiteProfile, Person.name)
        .outerjoin(Person, Person.key == SiteProfile.actor)
        .where(SiteProfile.site_key == site)
        .order_by(SiteProfile.version.desc())
        .limit(SHOWN_STATES + 1)
    ).all()
    states = [State(row.version, row.said, row.at, name or row.actor) for row, name in rows]
    before = [*states[1:], State(0, {})]
    return [
        (one, differing(one.said, earlier.said))
        for one, earlier in zip(states[:SHOWN_STATES], before, strict=False)
    ]


# Who works there


def members(session: Session, sites: Collection[str], today: date) -> Sequence[TeamMember]:
    """Whom the profiles of these sites name today, in their order."""
    return session.scalars(
        sa.select(TeamMember)
        .where(
            TeamMember.site_key.in_(sorted(sites)),
            sa.or_(TeamMember.until.is_(None), TeamMember.until >= today),
        )
        .order_by(TeamMember.position, TeamMember.id)
    ).all()


def add_member(session: Session, member: TeamMember, actor: str) -> None:
    """Name somebody as the last; the log says that somebody was, not who. Raises `Full`."""
    if member.name and member.consent_on is None:
        raise ValueError("a name needs the consent of who bears it")
    count, last = session.execute(
        sa.select(sa.func.count(), sa.func.max(TeamMember.position)).where(
            TeamMember.site_key == member.site_key
        )
    ).one()
    if count >= MOST_MEMBERS:
        raise Full
    member.position = (last or 0) + 1
    session.add(member)
    audit.note(session, actor, member.site_key, "team.add", "team", {"task": member.task})


def remove_member(session: Session, site: str, number: int, actor: str) -> None:
    """Take somebody out at once and for good; whoever is not there (any more) is no mistake."""
    row = session.get(TeamMember, number)
    if row is not None and row.site_key == site:
        audit.note(session, actor, site, "team.remove", "team", None, {"task": row.task})
        session.delete(row)


def _states(site: str) -> sa.Select[SiteProfile]:
    return (
        sa.select(SiteProfile)
        .where(SiteProfile.site_key == site)
        .order_by(SiteProfile.version.desc())
    )


def _put(session: Session, site: str, version: int, wanted: Said, action: str, actor: str) -> bool:
    """Append the state in which these values hold."""
    now = state(session, site)
    if now.version != version:
        raise Changed
    of_file = values(session, site, {})
    said = {name: wanted[name] for name in FIELDS if wanted[name] != of_file[name]}
    if said == now.said:
        return False
    session.add(SiteProfile(site_key=site, version=version + 1, said=said, actor=actor))
    changed = differing(said, now.said)
    before = {name: now.said[name] for name in changed if name in now.said}
    after = {name: said[name] for name in changed if name in said}
    audit.note(session, actor, site, action, f"profile:{site}", after, before)
    return True


def _complete(known: Said) -> dict[str, Any]:
    """All fields in one form, so that equal ones compare equal."""
    found: dict[str, Any] = {name: known.get(name) or "" for name in FIELDS}
    found["services"] = dict(known.get("services") or {})
    found["target_groups"] = sorted(known.get("target_groups") or [])
    found["branches"] = [dict(one) for one in known.get("branches") or []]
    return found
