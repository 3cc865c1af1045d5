"""What the school logins call roles, schools and names: one reader per profile.

A reader gets the claims of a login and gives who that is for the hub. Claims come as a string or
as a list, in any case, and may be missing or of any type: what cannot be read is not guessed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from plugins.school_claims import (
    CITIZEN,
    LAENDER,
    MOST,
    PUPIL,
    TEACHER,
    Claims,
    Who,
    configured,
    read_roles,
    read_schools,
    role_names,
    text,
    values,
)

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


def _vidis(claims: Claims, config: Mapping[str, Any]) -> Who:
    """`rolle`, `schulkennung` (string or list), `bundesland` (`DE-NW`): a pseudonym otherwise."""
    land = text(claims, "bundesland").upper().removeprefix("DE-") or config["school_land"]
    return Who(
        read_roles(claims.get("rolle"), SCHOOL_ROLES),
        *read_schools(values(claims.get("schulkennung")), land),
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
        for role in read_roles(one.get("rolle"), SCHOOL_ROLES):
            by_role.setdefault(role, []).extend(ids)
    # Whose strongest role decides: else a school of one context would serve the role of another.
    for role in (TEACHER, PUPIL):
        if role in by_role:
            return Who((role,), *read_schools(iter(by_role[role]), config["school_land"]))
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
    roles = read_roles(claims.get(config["role_claim"]), role_names(config))
    return Who(
        roles, *read_schools(values(school), LAENDER.get(land, land) or config["school_land"])
    )


PROFILES: Mapping[str, Profile] = {
    "plain": Profile(configured, ("profile", "email"), demands_school=False),
    "vidis": Profile(_vidis, gives_contact=False),
    "schulconnex": Profile(_schulconnex),
    "edupool": Profile(_edupool, ("profile", "email", "antares.context"), extra={"land": "nrw"}),
}
