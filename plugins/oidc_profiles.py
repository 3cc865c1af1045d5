"""What the school logins call roles, schools and names: one reader per profile.

A reader gets the claims of a login and gives who that is for the hub. Claims come as a string or
as a list, in any case, and may be missing or of any type: what cannot be read is not guessed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.formats import school_ids
from hub.formats.school_ids import SchoolId

LONGEST = 300
MOST = 50
"""Values of a claim; the rest is left out."""
LAENDER = {"NRW": "NW"}
"""What the hub calls a Land → what its schools' ids begin with."""

TEACHER, PUPIL, CITIZEN = "teacher", "pupil", "citizen"
SCHOOL_ROLES = {
    "lern": PUPIL,
    "lehr": TEACHER,
    "leit": TEACHER,
    "sorgber": CITIZEN,
    "extern": CITIZEN,
    "orgadmin": CITIZEN,
    "sysadmin": CITIZEN,
    "schb": CITIZEN,
    "nlehr": CITIZEN,
}
"""Codes of Schulconnex, which VIDIS uses too, in lower case. Only who teaches is a teacher."""
_ROLE = "urn:schulconnex:de:personenkontext:rolle"
_SCHOOL = "urn:schulconnex:de:organisation:kennung"

Claims = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Who:
    """What a login says: roles of the hub, and the schools at which somebody teaches or learns."""

    roles: tuple[str, ...] = ()
    schools: tuple[SchoolId, ...] = ()
    unreadable: tuple[str, ...] = ()
    """Ids of schools that are none."""


@dataclass(frozen=True, slots=True)
class Profile:
    """How one kind of provider is asked, and how its claims are read."""

    read: Callable[[Claims, Mapping[str, Any]], Who]
    scopes: tuple[str, ...] = ()
    gives_contact: bool = True
    """Whether a name or an address may be taken over; a pseudonym must stay one."""
    demands_school: bool = True
    """Whether a teacher without a readable school is refused."""
    extra: Mapping[str, str] = field(default_factory=dict)


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


def _schools(ids: Iterator[str], land: str) -> tuple[tuple[SchoolId, ...], tuple[str, ...]]:
    known: dict[SchoolId, None] = {}
    lost = []
    for one in ids:
        found = school_ids.known(one, land)
        if found is None:
            lost.append(one)
        else:
            known[found] = None
    return tuple(known), tuple(lost)


def _roles(claim: Any, names: Mapping[str, str]) -> tuple[str, ...]:
    found = (names.get(one.casefold()) for one in values(claim))
    return tuple(dict.fromkeys(role for role in found if role is not None))


def _vidis(claims: Claims, config: Mapping[str, Any]) -> Who:
    """`rolle`, `schulkennung` (string or list), `bundesland` (`DE-NW`): a pseudonym otherwise."""
    land = text(claims, "bundesland").upper().removeprefix("DE-") or config["school_land"]
    return Who(
        _roles(claims.get("rolle"), SCHOOL_ROLES),
        *_schools(values(claims.get("schulkennung")), land),
    )


def _schulconnex(claims: Claims, config: Mapping[str, Any]) -> Who:
    """One context after another: who teaches at one school is no teacher at another."""
    contexts = claims.get("personenkontexte")
    if not isinstance(contexts, list):
        contexts = [{"rolle": claims.get(_ROLE), "organisation": {"kennung": claims.get(_SCHOOL)}}]
    by_role: dict[str, list[str]] = {}
    for one in contexts[:MOST]:
        if not isinstance(one, dict):
            continue
        place = one.get("organisation")
        ids = list(values(place.get("kennung"))) if isinstance(place, dict) else []
        kind = place.get("typ") if isinstance(place, dict) else None
        if isinstance(kind, str) and kind.casefold() != "schule":
            ids = []  # a Träger or Medienzentrum has an id, but teaches nobody
        for role in _roles(one.get("rolle"), SCHOOL_ROLES):
            by_role.setdefault(role, []).extend(ids)
    # Whose strongest role decides: else a school of one context would serve the role of another.
    for role in (TEACHER, PUPIL):
        if role in by_role:
            return Who((role,), *_schools(iter(by_role[role]), config["school_land"]))
    return Who(tuple(by_role))


def _edupool(claims: Claims, config: Mapping[str, Any]) -> Who:
    """`antares.context`: school and Land, as an object or as its text."""
    context = claims.get("antares.context", claims.get("antares_context"))
    if isinstance(context, str) and len(context) <= 10_000:
        try:
            context = json.loads(context)
        except (ValueError, RecursionError):
            context = None
    if not isinstance(context, dict):
        context = {}
    names = {str(name).casefold(): value for name, value in context.items()}
    school = next((names[one] for one in ("schoolid", "school_id", "schulnr") if one in names), "")
    land = next((names[one] for one in ("state", "land") if one in names), "")
    land = land.upper().removeprefix("DE-") if isinstance(land, str) else ""
    roles = _roles(claims.get(config["role_claim"]), _names(config))
    return Who(roles, *_schools(values(school), LAENDER.get(land, land) or config["school_land"]))


def _plain(claims: Claims, config: Mapping[str, Any]) -> Who:
    """The claims that the configuration names."""
    wanted = config["school_claim"]
    schools = claims.get(wanted) if wanted else None
    return Who(
        _roles(claims.get(config["role_claim"]), _names(config)),
        *_schools(values(schools), config["school_land"]),
    )


def _names(config: Mapping[str, Any]) -> dict[str, str]:
    return {name.casefold(): role for name, role in config["role_map"].items()}


PROFILES: Mapping[str, Profile] = {
    "plain": Profile(_plain, ("profile", "email"), demands_school=False),
    "vidis": Profile(_vidis, gives_contact=False),
    "schulconnex": Profile(_schulconnex),
    "edupool": Profile(_edupool, ("profile", "email", "antares.context"), extra={"land": "nrw"}),
}
