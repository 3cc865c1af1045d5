"""Who wants to use something, as licences see it: by centre, school, school type and role."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.db import in_list, json_list
from hub.formats import school_ids
from hub.identity.actor import Actor, Role
from hub.models import Institution
from hub.records import Grant, Scope
from hub.site import LAND

ROLE_CODES = {Role.TEACHER: "lehr", Role.PUPIL: "lern"}
"""What licences call the roles of the hub: Schulconnex, code list Rolle, in lower case."""
LICENSED_ROLES = frozenset({Role.EDUCATOR, Role.TEACHER, Role.PUPIL, Role.STAFF, Role.SITE_ADMIN})
"""Who uses the licences of a centre: those who teach or learn, and its staff. Citizens borrow."""


@dataclass(frozen=True, slots=True)
class Reader:
    """A person's active context in the words of licences. No sites: no licence reaches them."""

    sites: frozenset[str] = frozenset()
    """Centres whose licences count for the person."""
    members: frozenset[str] = frozenset()
    """Centres that know the person, as lenders do."""
    schools: frozenset[str] = frozenset()
    """Ids in both spellings of `hub.formats.school_ids`: with the Land, and the bare number."""
    school_types: frozenset[str] = frozenset()
    """Schulformen: codes of the vocabulary `school_form`."""
    roles: frozenset[str] = frozenset()
    """Values of `ROLE_CODES`."""

    def reached_by(self, grant: Grant, role: str = "") -> bool:
        """Whether the licence reaches the person, its term left aside; `role` narrows it."""
        if role and role not in self.roles:
            return False
        match grant.scope:
            case Scope.LAND:
                return bool(self.sites) and grant.value.upper() == LAND
            case Scope.SITE:
                return grant.value in self.sites
            case Scope.SCHOOL:
                return grant.value in self.schools
            case Scope.SCHOOL_TYPE:
                return grant.value in self.school_types
            case Scope.ROLE:
                return grant.value.lower() in self.roles


def reader(session: Session, actor: Actor, today: date) -> Reader | None:
    """The actor as a reader; None for somebody who is not logged in."""
    person = actor.record()
    if person is None:
        return None
    known = [found for text in person.schools if (found := school_ids.known(text))]
    open_ = sa.or_(Institution.closed_on.is_(None), Institution.closed_on >= today)
    types = (
        session.scalars(
            sa.select(Institution.school_form).where(
                in_list(Institution.school_id.expression, "schools"), open_
            ),
            {"schools": json_list([str(one) for one in known])},
        )
        if known
        else ()
    )
    held = actor.context
    licensed = held is not None and held.role in LICENSED_ROLES
    return Reader(
        sites=frozenset(person.sites if licensed else ()),
        members=frozenset(person.sites),
        schools=frozenset(text for one in known for text in (str(one), one.number)),
        school_types=frozenset(types),
        roles=frozenset({ROLE_CODES[held.role]} if held and held.role in ROLE_CODES else ()),
    )
