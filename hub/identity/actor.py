"""Who acts: a person with roles, or somebody who is not logged in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from hub.records import Person


class Role(StrEnum):
    """What somebody is at a site, or in the network."""

    CITIZEN = "citizen"
    EDUCATOR = "educator"
    """Of a Kita, a youth centre, adult education."""
    TEACHER = "teacher"
    STAFF = "staff"
    SITE_ADMIN = "site_admin"
    STATE_ANALYST = "state_analyst"
    """Of a Landesmedienzentrum: sees what the whole network offers and needs."""
    NETWORK_ADMIN = "network_admin"


NETWORK_ROLES = frozenset({Role.STATE_ANALYST, Role.NETWORK_ADMIN})
"""Roles that hold everywhere and belong to no site; all others belong to one."""
FROM_LOGIN = frozenset({Role.CITIZEN, Role.EDUCATOR, Role.TEACHER})
"""Roles that an identity provider may give; any other needs somebody here who grants it."""


@dataclass(frozen=True, slots=True)
class Held:
    """A role that holds now; `site` is None for the network."""

    role: Role
    site: str | None


@dataclass(frozen=True, slots=True)
class Actor:
    """A person in a request, or nobody in particular (`ANONYMOUS`)."""

    person_id: int | None = None
    key: str = ""
    name: str = ""
    roles: tuple[Held, ...] = ()
    session_id: int | None = None

    @property
    def logged_in(self) -> bool:
        return self.person_id is not None

    @property
    def sites(self) -> tuple[str, ...]:
        """The sites at which the person has a role, each once."""
        return tuple(dict.fromkeys(held.site for held in self.roles if held.site is not None))

    def record(self) -> Person | None:
        """The person as plugins see it; None for nobody in particular."""
        if not self.logged_in:
            return None
        return Person(self.key, tuple(sorted({held.role for held in self.roles})), (), self.sites)


ANONYMOUS = Actor()
