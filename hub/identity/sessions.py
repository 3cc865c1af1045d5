"""Who is logged in where: sessions kept on the server, ended by time or by the person."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.identity import tokens
from hub.identity.actor import ANONYMOUS, Actor, Held, Role
from hub.models import LoginSession, Membership, Person
from hub.models.base import now

IDLE = timedelta(hours=2)
ABSOLUTE = timedelta(hours=12)
NOTED_EVERY = timedelta(minutes=1)
"""How exactly it is known when a session was last used; not each request writes."""
LONGEST_AGENT = 200


def begin(session: Session, person_id: int, *, agent: str, address: str) -> str:
    """Log a person in; returns the token for the cookie. Sessions that are over are erased."""
    token, moment = tokens.new(), now()
    session.execute(
        sa.delete(LoginSession).where(
            sa.or_(
                LoginSession.seen_at < moment - IDLE, LoginSession.created_at < moment - ABSOLUTE
            )
        )
    )
    session.add(
        LoginSession(
            token_hash=tokens.digest(token),
            person_id=person_id,
            created_at=moment,
            seen_at=moment,
            agent=agent[:LONGEST_AGENT],
            address=network_of(address),
        )
    )
    person = session.get_one(Person, person_id)
    person.seen_at = moment
    return token


def actor(session: Session, token: str) -> tuple[Actor, bool]:
    """Who holds the token, with the roles that hold now; and whether its use should be noted."""
    moment = now()
    found = session.execute(_SESSION, {"hash": tokens.digest(token)}).one_or_none()
    if found is None:
        return ANONYMOUS, False
    row, person = found
    if row.seen_at < moment - IDLE or row.created_at < moment - ABSOLUTE:
        return ANONYMOUS, False
    roles = session.execute(_ROLES, {"person": person.id, "now": moment})
    held = tuple(Held(Role(role), site) for role, site in roles if role in set(Role))
    return (
        Actor(person.id, person.key, person.name or person.email, held, row.id),
        row.seen_at < moment - NOTED_EVERY,
    )


def note_use(session: Session, session_id: int) -> None:
    session.execute(
        sa.update(LoginSession).where(LoginSession.id == session_id).values(seen_at=now())
    )


def of_person(session: Session, person_id: int) -> Sequence[LoginSession]:
    """The sessions that are not over, the last used first."""
    moment = now()
    return session.scalars(
        sa.select(LoginSession)
        .where(
            LoginSession.person_id == person_id,
            LoginSession.seen_at >= moment - IDLE,
            LoginSession.created_at >= moment - ABSOLUTE,
        )
        .order_by(LoginSession.seen_at.desc(), LoginSession.id)
    ).all()


def end(session: Session, person_id: int, session_id: int | None = None) -> int:
    """End one session of a person, or all; returns how many."""
    query = sa.delete(LoginSession).where(LoginSession.person_id == person_id)
    if session_id is not None:
        query = query.where(LoginSession.id == session_id)
    return len(session.execute(query.returning(LoginSession.id)).all())


def network_of(address: str) -> str:
    """The network of an address: 24 bits of IPv4, 48 of IPv6; nobody is told by it."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return ""
    bits = 24 if parsed.version == 4 else 48
    return str(ipaddress.ip_network((parsed, bits), strict=False))


_SESSION = (
    sa.select(LoginSession, Person)
    .join(Person, Person.id == LoginSession.person_id)
    .where(LoginSession.token_hash == sa.bindparam("hash"))
)
_ROLES = (
    sa.select(Membership.role, Membership.site_key)
    .where(
        Membership.person_id == sa.bindparam("person"),
        sa.or_(Membership.valid_until.is_(None), Membership.valid_until > sa.bindparam("now")),
    )
    .order_by(Membership.id)
)
