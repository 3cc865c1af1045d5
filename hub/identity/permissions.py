"""The one place that decides who may do what: a table of roles and how far each reaches.

`can` answers for one object, `visible` as a filter for a query; both read the same rule, and what
no rule allows is forbidden. An object belongs to a site by its `site_key` (a `Site` by its `key`)
and to a person by its `person_id`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles

from hub.identity.actor import Actor, Role
from hub.models import Site
from hub.models.base import Base


class Reach(Enum):
    """Which objects a rule covers."""

    OWN = "own"
    SITE = "site"
    """Those of the site at which the role is held."""
    EVERYWHERE = "everywhere"


_OWN, _SITE, _ALL = Reach.OWN, Reach.SITE, Reach.EVERYWHERE
_STAFF = {Role.STAFF: _SITE, Role.SITE_ADMIN: _SITE, Role.NETWORK_ADMIN: _ALL}
_ADMINS = {Role.SITE_ADMIN: _SITE, Role.NETWORK_ADMIN: _ALL}
_NETWORK = {Role.STATE_ANALYST: _ALL, Role.NETWORK_ADMIN: _ALL}

_BORROWERS = {Role.CITIZEN: _SITE, Role.EDUCATOR: _SITE, Role.TEACHER: _SITE}
_EVALUATION = {**_STAFF, Role.STATE_ANALYST: _ALL}

ANYBODY: Mapping[str, Reach] = dict.fromkeys(
    (
        "account.read",
        "account.edit",
        "session.end",
        "booking.read",
        "booking.cancel",
        "wish.read",
        "token.manage",
        "list.edit",
    ),
    _OWN,
)
"""What everybody may do who has an account, whatever their roles, to what is theirs."""
RULES: Mapping[str, Mapping[Role, Reach]] = {
    "plugin.read": _STAFF,
    "plugin.configure": _ADMINS,
    "run.read": {**_STAFF, Role.STATE_ANALYST: _ALL},
    "run.start": _STAFF,
    "run.decide": _STAFF,
    "staff.read": _STAFF,
    "staff.manage": _ADMINS,
    "audit.read": _ADMINS,
    "site.edit": _STAFF,
    "token.manage": _ADMINS,
    "work.review": _EVALUATION,
    "grant.manage": _ADMINS,
    "wish.create": {**_BORROWERS, **_STAFF},
    "wish.read": _STAFF,
    "demand.read": _EVALUATION,
    # All of a centre's figures; the network's readers get those in which nobody is recognised.
    "statistics.read": _STAFF,
    "recommendation.edit": _STAFF,
    "report.issue": _ADMINS,
    "flow.switch": _ADMINS,
    "booking.create": {**_BORROWERS, **_STAFF},
    "booking.read": _STAFF,
    "booking.cancel": _STAFF,
    "booking.manage": _STAFF,
    "desk.use": _STAFF,
    "item.manage": _STAFF,
    "rules.edit": _ADMINS,
    "request.handle": _STAFF,
    "training.manage": _STAFF,
    "institution.read": _STAFF,
    "institution.edit": _STAFF,
    "borrower.manage": _STAFF,
    "network.read": _NETWORK,
    "network.report": _NETWORK,
    "network.manage": {Role.NETWORK_ADMIN: _ALL},
}
"""Action → role → reach."""
ACTIONS = frozenset({*ANYBODY, *RULES})


class Everything(sa.ColumnElement[bool]):
    """The condition of somebody who may see all rows: always true, and known as such to checks."""

    inherit_cache = True
    type = sa.Boolean()


@compiles(Everything)
def _everything(element: Everything, compiler: Any, **options: Any) -> str:
    return "1 = 1"


@dataclass(frozen=True, slots=True)
class Reached:
    """All that an actor may do an action to."""

    everywhere: bool = False
    sites: frozenset[str] = frozenset()
    own: bool = False

    def __bool__(self) -> bool:
        return self.everywhere or self.own or bool(self.sites)


def reached(actor: Actor, action: str) -> Reached:
    """What the actor may do the action to; raises `KeyError` for an action that does not exist."""
    if action not in ACTIONS:
        raise KeyError(action)
    if not actor.logged_in:
        return Reached()
    rules = RULES.get(action, {})
    found = [(rules[held.role], held.site) for held in actor.roles if held.role in rules]
    return Reached(
        everywhere=any(reach is _ALL for reach, _ in found),
        sites=frozenset(site for reach, site in found if reach is _SITE and site is not None),
        own=actor.person_id is not None and action in ANYBODY,
    )


def can(actor: Actor, action: str, thing: Any = None) -> bool:
    """Whether the actor may do the action to this object; without one, to anything at all."""
    may = reached(actor, action)
    if thing is None or may.everywhere:
        return bool(may)
    if isinstance(thing, str):
        return thing in may.sites
    site = getattr(thing, "key" if isinstance(thing, Site) else "site_key", None)
    owner = getattr(thing, "person_id", None)
    return site in may.sites or (may.own and owner is not None and owner == actor.person_id)


def visible(actor: Actor, model: type[Base], action: str) -> sa.ColumnElement[bool]:
    """The rows of a table to which the actor may do the action, as a condition of a query."""
    may = reached(actor, action)
    if may.everywhere:
        return Everything()
    columns = sa.inspect(model).columns
    ways: list[sa.ColumnElement[bool]] = []
    site = columns.get("key" if model is Site else "site_key")
    if may.sites and site is not None:
        ways.append(site.in_(sorted(may.sites)))
    if may.own and "person_id" in columns:
        ways.append(columns["person_id"] == actor.person_id)
    return sa.or_(*ways) if ways else sa.false()
