"""Who acts: a person with roles, or somebody who is not logged in."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from hub.models.base import now
from hub.records import Person

RECENT = timedelta(minutes=10)
"""How long a proof of who somebody is serves for what is dangerous."""


class Role(StrEnum):
    """What somebody is at a site, or in the network."""

    CITIZEN = "citizen"
    PUPIL = "pupil"
    """Known for as long as a session lasts; no pupil is stored."""
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
FROM_LOGIN = frozenset({Role.CITIZEN, Role.PUPIL, Role.EDUCATOR, Role.TEACHER})
"""Roles that an identity provider may give; any other needs somebody here who grants it."""


AT_SCHOOL = frozenset({Role.PUPIL, Role.TEACHER})
"""Roles that are held at a school."""


@dataclass(frozen=True, slots=True)
class Held:
    """A role that holds now; `site` is None for the network."""

    role: Role
    site: str | None
    school: str = ""
    """Schulnummer, for roles at a school."""
    id: int | None = field(default=None, compare=False)
    """Of the membership; None where none is stored."""


@dataclass(frozen=True, slots=True)
class Actor:
    """A person in a request, a pupil without an account, or nobody in particular (`ANONYMOUS`)."""

    person_id: int | None = None
    key: str = ""
    name: str = ""
    roles: tuple[Held, ...] = ()
    withheld: tuple[Held, ...] = ()
    """Roles that rest because their place demands a second factor and the person has none."""
    session_id: int | None = None
    context: Held | None = None
    """In whose name the person acts now: it decides licences and rights to book."""
    proven_at: datetime | None = None
    """When the person last proved who they are."""

    @property
    def logged_in(self) -> bool:
        """Whether this is somebody, if only a pupil whom nobody stores."""
        return self.person_id is not None or self.session_id is not None

    @property
    def proven_lately(self) -> bool:
        """Whether the proof is recent enough for what is dangerous."""
        return self.proven_at is not None and now() - self.proven_at < RECENT

    @property
    def sites(self) -> tuple[str, ...]:
        """The sites at which the person has a role, each once."""
        return tuple(dict.fromkeys(held.site for held in self.roles if held.site is not None))

    def record(self) -> Person | None:
        """The person as plugins see it, in the active context; None for nobody in particular."""
        if not self.logged_in:
            return None
        held = self.context
        return Person(
            self.key,
            roles=(held.role.value,) if held else (),
            schools=(held.school,) if held and held.school else (),
            sites=(held.site,) if held and held.site else (),
        )


ANONYMOUS = Actor()
