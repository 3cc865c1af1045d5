"""Tokens with which a person's programs ask the API, each for what the person may at one site. At a
Landesmedienzentrum that is, for who evaluates the network, to read its figures too.

Shown once, kept as a hash. A token holds no rights of its own: what it may is looked up each time,
so a role that is taken back is gone from its tokens too.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.identity import audit, sessions, tokens
from hub.identity.actor import NETWORK_ROLES, Actor, Held, Role
from hub.models import ApiToken, Person, Site
from hub.models.base import now

PREFIX = "hub_"
"""So that programs which look for secrets in files know one."""
DAYS = (30, 90, 365)
"""How long a token may live."""
BOOK, DESK = "bookings", "desk"
SCOPES = (BOOK, DESK)
"""What a token may besides reading: book in its owner's name, hand out and take back."""
MOST = 20
"""Tokens of one person."""
LONGEST_NAME = 60
NOTED_EVERY = timedelta(hours=1)
"""How exactly it is known when a token was last used."""


class TokenRefused(Exception):
    """No token was made; `reason` is `site`, `name`, `days`, `scopes` or `many`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who asks the API with a token."""

    actor: Actor
    """The person with the roles held at this site, and no others."""
    site: str
    token_id: int
    name: str
    expires_at: datetime
    scopes: frozenset[str]
    unnoted: bool
    """Whether this use should be noted."""


def sites_of(session: Session, actor: Actor) -> list[str]:
    """The sites for which the person can have tokens: where they hold a role, and the
    Landesmedienzentren for who evaluates the network."""
    found = {held.site for held in actor.roles if held.site is not None}
    if any(held.role in NETWORK_ROLES for held in actor.roles):
        found |= set(session.scalars(sa.select(Site.key).where(Site.kind == "state")))
    return sorted(found)


def create(
    session: Session,
    actor: Actor,
    site: str,
    name: str,
    days: int,
    scopes: Collection[str] = (),
) -> str:
    """A new token, which nobody can see again. Raises `TokenRefused`."""
    assert actor.person_id is not None
    if site not in sites_of(session, actor):
        raise TokenRefused("site")
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise TokenRefused("name")
    if days not in DAYS:
        raise TokenRefused("days")
    if not set(scopes) <= set(SCOPES):
        raise TokenRefused("scopes")
    if len(of_person(session, actor.person_id)) >= MOST:
        raise TokenRefused("many")
    token = PREFIX + tokens.new()
    row = ApiToken(
        token_hash=tokens.digest(token),
        person_id=actor.person_id,
        site_key=site,
        name=name,
        scopes=" ".join(sorted(set(scopes))),
        expires_at=now() + timedelta(days=days),
    )
    session.add(row)
    session.flush()
    audit.note(
        session,
        actor.key,
        site,
        "token.create",
        f"token:{row.id}",
        {"days": days, "scopes": row.scopes},
    )
    return token


def of_person(session: Session, person_id: int) -> Sequence[ApiToken]:
    """The tokens of a person that still work, newest first."""
    return session.scalars(
        sa.select(ApiToken)
        .where(ApiToken.person_id == person_id, ApiToken.expires_at > now())
        .order_by(ApiToken.id.desc())
    ).all()


def revoke(session: Session, actor: Actor, number: int) -> bool:
    """End a token of the actor's own; False when there is none."""
    row = session.get(ApiToken, number)
    if row is None or row.person_id != actor.person_id:
        return False
    audit.note(session, actor.key, row.site_key, "token.revoke", f"token:{row.id}")
    session.delete(row)
    return True


def revoke_all(session: Session, person_id: int) -> None:
    """End all tokens of a person."""
    session.execute(sa.delete(ApiToken).where(ApiToken.person_id == person_id))


def bearer(session: Session, token: str) -> Bearer | None:
    """Who asks with this token; None for one that is unknown, over, or of somebody who holds no
    role at its site any more."""
    found = session.execute(
        sa.select(ApiToken, Person)
        .join(Person, Person.id == ApiToken.person_id)
        .where(ApiToken.token_hash == tokens.digest(token))
    ).one_or_none()
    if found is None:
        return None
    row, person = found
    moment = now()
    roles = sessions.roles_of(session, person.id)
    held = tuple(one for one in roles if one.site == row.site_key)
    if any(one.role in NETWORK_ROLES for one in roles) and _is_state(session, row.site_key):
        # To evaluate is all that a token may do beyond its site, whatever the person may.
        held += (Held(Role.STATE_ANALYST, None),)
    if row.expires_at <= moment or not held:
        return None
    return Bearer(
        Actor(person.id, person.key, person.name, held, context=sessions.usual(held)),
        row.site_key,
        row.id,
        row.name,
        row.expires_at,
        frozenset(row.scopes.split()),
        row.used_at is None or row.used_at < moment - NOTED_EVERY,
    )


def _is_state(session: Session, site: str) -> bool:
    kind = session.scalar(sa.select(Site.kind).where(Site.key == site))
    return kind == "state"


def note_use(session: Session, token_id: int) -> None:
    session.execute(sa.update(ApiToken).where(ApiToken.id == token_id).values(used_at=now()))
