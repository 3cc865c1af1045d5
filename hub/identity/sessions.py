"""Who is logged in where: sessions kept on the server, ended by time or by the person."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from hub.identity import tokens
from hub.identity.actor import ANONYMOUS, FROM_LOGIN, Actor, Held, Role
from hub.models import LoginSession, Membership, Person, SecondFactor, Site
from hub.models.base import now

IDLE = timedelta(hours=2)
ABSOLUTE = timedelta(hours=12)
NOTED_EVERY = timedelta(minutes=1)
"""How exactly it is known when a session was last used; not each request writes."""
LONGEST_AGENT = 200
AnySite = aliased(Site)


@dataclass(frozen=True, slots=True)
class Via:
    """The identity with which a session begins; empty where no provider vouched."""

    issuer: str = ""
    subject: str = ""


NO_PROVIDER = Via()


def begin(
    session: Session,
    person_id: int | None,
    *,
    agent: str,
    address: str,
    via: Via = NO_PROVIDER,
    guest: Sequence[Held] = (),
    waits: bool = False,
    language: str = "",
) -> str:
    """Log a person in; returns the token for the cookie. Mails come in this language from now on.

    `guest` are the roles of a pupil, of whom nothing else is kept, not even a pseudonym. A session
    that `waits` is nobody's before `complete`.
    """
    token, moment = tokens.new(), now()
    session.add(
        LoginSession(
            token_hash=tokens.digest(token),
            person_id=person_id,
            guest=None if person_id else [[one.role, one.site, one.school] for one in guest],
            issuer=via.issuer if person_id else "",
            subject=via.subject if person_id else "",
            proven_at=moment,
            waits=waits,
            created_at=moment,
            seen_at=moment,
            agent=agent[:LONGEST_AGENT],
            address=network_of(address),
        )
    )
    if person_id is not None:
        person = session.get_one(Person, person_id)
        person.seen_at = moment
        person.language = language or person.language
    return token


def actor(session: Session, token: str) -> tuple[Actor, bool]:
    """Who holds the token, with the roles that hold now; and whether its use should be noted."""
    moment = now()
    found = session.execute(_SESSION, {"hash": tokens.digest(token)}).one_or_none()
    if found is None:
        return ANONYMOUS, False
    row: LoginSession = found[0]
    person: Person | None = found[1]
    if row.waits or row.seen_at < moment - IDLE or row.created_at < moment - ABSOLUTE:
        return ANONYMOUS, False
    unnoted = row.seen_at < moment - NOTED_EVERY
    if person is None:
        held = tuple(Held(Role(role), site, school) for role, site, school in row.guest or ())
        return Actor(roles=held, session_id=row.id, context=usual(held)), unnoted
    held, withheld = _held(session, person.id)
    chosen = next((one for one in held if one.id == row.membership_id), None)
    return (
        Actor(
            person.id,
            person.key,
            person.name or person.email,
            held,
            withheld,
            row.id,
            chosen or usual(held),
            row.proven_at,
        ),
        unnoted,
    )


def roles_of(session: Session, person_id: int) -> tuple[Held, ...]:
    """The roles that a person holds now, without those that rest."""
    return _held(session, person_id)[0]


def withheld_from(session: Session, person_id: int) -> tuple[Held, ...]:
    """The roles that rest because their place demands a second factor that the person lacks."""
    return _held(session, person_id)[1]


def _held(session: Session, person_id: int) -> tuple[tuple[Held, ...], tuple[Held, ...]]:
    held: list[Held] = []
    withheld: list[Held] = []
    for number, role, site, school, rests in session.execute(
        _ROLES, {"person": person_id, "now": now()}
    ):
        if role in set(Role):
            one = Held(Role(role), site, school, number)
            (withheld if rests and one.role not in FROM_LOGIN else held).append(one)
    return tuple(held), tuple(withheld)


def usual(held: Sequence[Held]) -> Held | None:
    """The context of who has not chosen one: who teaches borrows as a teacher."""
    order = (Role.TEACHER, Role.EDUCATOR, Role.CITIZEN)
    return min(
        held,
        key=lambda one: order.index(one.role) if one.role in order else len(order),
        default=None,
    )


def choose(session: Session, actor: Actor, membership: int) -> bool:
    """Make one of the actor's roles the active context; False when it is none of theirs."""
    if membership not in {one.id for one in actor.roles}:
        return False
    session.execute(
        sa.update(LoginSession)
        .where(LoginSession.id == actor.session_id)
        .values(membership_id=membership)
    )
    return True


def complete(session: Session, session_id: int) -> str:
    """The second factor was given: a session that waited is the person's, under a new token."""
    token = tokens.new()
    session.execute(
        sa.update(LoginSession)
        .where(LoginSession.id == session_id)
        .values(token_hash=tokens.digest(token), waits=False, proven_at=now())
    )
    return token


def end_others(session: Session, person_id: int, session_id: int | None) -> None:
    """End every session of a person but this one."""
    session.execute(
        sa.delete(LoginSession).where(
            LoginSession.person_id == person_id, LoginSession.id != (session_id or 0)
        )
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


def leave(session: Session, session_id: int) -> None:
    """End the session of this browser, whoever's it is."""
    session.execute(sa.delete(LoginSession).where(LoginSession.id == session_id))


def end_of_identity(session: Session, via: Via) -> int:
    """End what began with this identity, when its provider says so; returns how many."""
    query = sa.delete(LoginSession).where(
        LoginSession.issuer == via.issuer, LoginSession.subject == via.subject
    )
    return len(session.execute(query.returning(LoginSession.id)).all()) if via.issuer else 0


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
    .outerjoin(Person, Person.id == LoginSession.person_id)
    .where(LoginSession.token_hash == sa.bindparam("hash"))
)
_RESTS = sa.and_(
    # A role of the network reaches into every site: one that demands a second factor is enough.
    sa.func.coalesce(Site.second_factor, sa.exists().where(AnySite.second_factor)),
    ~sa.exists().where(
        SecondFactor.person_id == sa.bindparam("person"), SecondFactor.confirmed_at.is_not(None)
    ),
)
_ROLES = (
    sa.select(Membership.id, Membership.role, Membership.site_key, Membership.school, _RESTS)
    .outerjoin(Site, Site.key == Membership.site_key)
    .where(
        Membership.person_id == sa.bindparam("person"),
        sa.or_(Membership.valid_until.is_(None), Membership.valid_until > sa.bindparam("now")),
    )
    .order_by(Membership.id)
)
