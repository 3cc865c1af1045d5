"""What logins say of somebody's role and schools, whatever protocol brought it.

Values come as a string or as a list, in any case, and may be missing or of any type: what cannot be
read is not guessed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hub import PersonalData
from hub.errors import Denied
from hub.formats import school_ids
from hub.formats.school_ids import SchoolId

LONGEST = 300
MOST = 50
"""Values of a claim; the rest is left out."""
LAENDER = {"NRW": "NW"}
"""What the hub calls a Land → what its schools' ids begin with."""

TEACHER, EDUCATOR, CITIZEN, PUPIL = "teacher", "educator", "citizen", "pupil"
ROLES = (TEACHER, EDUCATOR, CITIZEN, PUPIL)
"""What a login may make somebody; rights of the staff are granted here or not at all."""

TOLD = PersonalData(
    what={
        "de": "Kennung beim Login-Dienst, Rolle, Schulnummer; Name und E-Mail-Adresse, "
        "wo der Dienst sie nennt",
        "en": "identifier at the login service, role, Schulnummer; name and e-mail "
        "address where the service tells them",
    },
    purpose={"de": "Anmeldung und Rechte", "en": "login and rights"},
    retention={
        "de": "Rollen bis 180 Tage nach der letzten Anmeldung, sonst bis das Konto gelöscht wird",
        "en": "roles until 180 days after the last login, the rest until the account is deleted",
    },
)
"""The personal data that such a login brings."""

Claims = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Who:
    """What a login says: roles of the hub, and the schools at which somebody teaches or learns."""

    roles: tuple[str, ...] = ()
    schools: tuple[SchoolId, ...] = ()
    unreadable: tuple[str, ...] = ()
    """Ids of schools that are none."""


def values(claim: Any) -> Iterator[str]:
    """The texts of a claim that comes as one or as a list, each once, at most `MOST`."""
    listed = claim if isinstance(claim, list | tuple) else [claim]
    seen: dict[str, None] = {}
    for one in listed[:MOST]:
        text = str(one) if isinstance(one, int) and not isinstance(one, bool) else one
        if isinstance(text, str) and 0 < len(text) <= LONGEST and text.strip():
            seen[text.strip()] = None
    yield from seen


def text(claims: Claims, name: str) -> str:
    """A text for people, or nothing."""
    value = claims.get(name)
    if not isinstance(value, str) or len(value) > LONGEST or not value.isprintable():
        return ""
    return value.strip()


def read_schools(ids: Iterator[str], land: str) -> tuple[tuple[SchoolId, ...], tuple[str, ...]]:
    """Each school once, of this Land where an id names none; and what is no id of a school."""
    known: dict[SchoolId, None] = {}
    lost = []
    for one in ids:
        found = school_ids.known(one, land)
        if found is None:
            lost.append(one)
        else:
            known[found] = None
    return tuple(known), tuple(lost)


def read_roles(claim: Any, names: Mapping[str, str]) -> tuple[str, ...]:
    """Roles of the hub by what the login calls them, in lower case; other names give nothing."""
    found = (names.get(one.casefold()) for one in values(claim))
    return tuple(dict.fromkeys(role for role in found if role is not None))


def configured(claims: Claims, config: Mapping[str, Any]) -> Who:
    """As the settings `role_claim`, `role_map`, `school_claim` and `school_land` say."""
    wanted = config["school_claim"]
    schools = claims.get(wanted) if wanted else None
    return Who(
        read_roles(claims.get(config["role_claim"]), role_names(config)),
        *read_schools(values(schools), config["school_land"]),
    )


def role_names(config: Mapping[str, Any]) -> dict[str, str]:
    """The setting `role_map`, as `read_roles` takes it."""
    return {name.casefold(): role for name, role in config["role_map"].items()}


def at_schools_of(land: str, who: Who, *, demanded: bool = False) -> tuple[str, ...]:
    """The Schulnummern in this Land; raises `Denied` for who teaches or learns elsewhere only.

    With `demanded` a teacher or pupil of no school is refused as well.
    """
    here = tuple(one.number for one in who.schools if one.land == land and not one.system)
    named = [*map(str, who.schools), *who.unreadable]
    if not here and {TEACHER, PUPIL} & set(who.roles) and (named or demanded):
        told = ", ".join(named)[:200] or "none"
        raise Denied(f"The login names no school of the Land {land}; it names: {told}.")
    return here


def email(claims: Claims, name: str) -> str:
    """An address, or nothing."""
    address = text(claims, name)
    return address if "@" in address else ""
