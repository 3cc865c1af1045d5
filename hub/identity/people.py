"""Persons and their roles: found by identity, granted and revoked by others, all of it audited."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeGuard

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.identity import tokens
from hub.identity.actor import AT_SCHOOL, FROM_LOGIN, NETWORK_ROLES, Held, Role
from hub.models import (
    AuditEntry,
    Identity,
    LoginCode,
    LoginSession,
    Membership,
    Person,
    SecondFactor,
    Site,
)
from hub.models.base import now
from hub.records import Claims

LOCAL = "local"
CODE_LIFE = timedelta(days=3)
LONGEST = 300
"""Characters of a name, an e-mail address, an issuer or a subject."""
MOST = 50
"""Roles, and schools, that a login may bring."""
CLAIMED = timedelta(days=180)
"""How long a role that a login brought holds without another login."""


class RoleError(Exception):
    """The role was not granted or revoked; the message says why."""


@dataclass(frozen=True, slots=True)
class Colleague:
    """A person with the roles that they hold at one site, or in the network."""

    person_id: int
    name: str
    email: str
    roles: tuple[Role, ...]
    seen_at: datetime | None
    second_factor: bool
    """Whether their logins need one."""


def add(session: Session, *, name: str, email: str) -> Person:
    """A new person, without identity and role."""
    person = Person(key=secrets.token_hex(8), name=name[:LONGEST], email=email[:LONGEST])
    session.add(person)
    session.flush()
    return person


def is_sound(claims: object) -> TypeGuard[Claims]:
    """Whether these are claims that can be stored: of the right types, short, and of somebody."""
    if type(claims) is not Claims:
        return False
    texts = (claims.issuer, claims.subject, claims.name, claims.email)
    lists = (claims.roles, claims.schools)
    return all(isinstance(one, tuple) and len(one) <= MOST for one in lists) and (
        all(
            isinstance(text, str) and len(text) <= LONGEST and (not text or text.isprintable())
            for text in (*texts, *claims.roles, *claims.schools)
        )
        and bool(claims.issuer and claims.subject)
    )


def held_by(site: str, claims: Claims) -> tuple[Held, ...]:
    """The roles that these claims bring, once per school where they are held at schools."""
    known = {role.value: role for role in FROM_LOGIN}
    schools = tuple(dict.fromkeys(claims.schools)) or ("",)
    return tuple(
        Held(role, site, school)
        for role in dict.fromkeys(known[one] for one in claims.roles if one in known)
        for school in (schools if role in AT_SCHOOL else ("",))
    )


def pupil(site: str, claims: Claims) -> tuple[Held, ...]:
    """The roles of somebody who is nothing but a pupil, and so is not stored; else none."""
    held = held_by(site, claims)
    return held if all(one.role is Role.PUPIL for one in held) else ()


def recognise(session: Session, site: str, claims: Claims) -> Person:
    """The person whom a provider vouches for; new if it was never heard of.

    Roles that a login may give replace those that this issuer gave at this site before; all
    others are granted here or not at all. Two requests at once make one person.
    """
    known = session.get(Identity, (claims.issuer, claims.subject), with_for_update=True)
    if known is not None:
        person = session.get_one(Person, known.person_id)
        person.name = claims.name[:LONGEST] or person.name
        person.email = claims.email[:LONGEST] or person.email
    else:
        person = add(session, name=claims.name, email=claims.email)
        session.add(Identity(issuer=claims.issuer, subject=claims.subject, person_id=person.id))
    _take_over(session, person.id, site, claims)
    session.flush()
    return person


def _take_over(session: Session, person_id: int, site: str, claims: Claims) -> None:
    """What this issuer said at this site becomes what it says now; what stays keeps its row."""
    said = {(one.role.value, one.school): one for one in held_by(site, claims)}
    rows = session.scalars(
        sa.select(Membership).where(
            Membership.person_id == person_id,
            Membership.source == claims.issuer,
            Membership.site_key == site,
        )
    )
    for row in rows:
        if said.pop((row.role, row.school), None) is None:
            session.delete(row)
        else:
            row.valid_until = now() + CLAIMED
    for one in said.values():
        if one.role is not Role.PUPIL:
            session.add(
                Membership(
                    person_id=person_id,
                    site_key=site,
                    school=one.school,
                    role=one.role.value,
                    source=claims.issuer,
                    valid_until=now() + CLAIMED,
                )
            )


def grant(
    session: Session,
    person_id: int,
    role: Role,
    site: str | None,
    *,
    by: str,
    until: datetime | None = None,
) -> None:
    """Give a person a role; giving it again changes its end. Raises `RoleError`."""
    if (site is None) != (role in NETWORK_ROLES):
        where = "belongs to no site" if role in NETWORK_ROLES else "needs a site"
        raise RoleError(f"The role {role} {where}.")
    if session.get(Person, person_id) is None:
        raise RoleError(f"There is no person {person_id}.")
    if site is not None and session.get(Site, site) is None:
        raise RoleError(f"There is no site {site!r}.")
    row = session.scalars(_granted(person_id, role, site)).one_or_none()
    if row is None:
        row = Membership(person_id=person_id, site_key=site, role=role.value, source=LOCAL)
        session.add(row)
    row.valid_until = until
    _audit(session, by, site, "role.grant", person_id, {"role": role.value})


def revoke(session: Session, person_id: int, role: Role, site: str | None, *, by: str) -> bool:
    """Take a role back, and end the person's sessions; False when it was not granted here.

    The last admin of a site cannot be taken away. Raises `RoleError`.
    """
    row = session.scalars(_granted(person_id, role, site)).one_or_none()
    if row is None:
        return False
    if role is Role.SITE_ADMIN and not _others(session, row):
        raise RoleError("This is the last admin of the site. Name another one first.")
    session.delete(row)
    session.execute(sa.delete(LoginSession).where(LoginSession.person_id == person_id))
    _audit(session, by, site, "role.revoke", person_id, {"role": role.value})
    return True


def colleagues(session: Session, site: str | None) -> list[Colleague]:
    """Everybody with a role that was granted here, by name."""
    rows = session.execute(
        sa.select(Person, Membership.role, SecondFactor.confirmed_at)
        .join(Membership, Membership.person_id == Person.id)
        .outerjoin(SecondFactor, SecondFactor.person_id == Person.id)
        .where(Membership.site_key == site, Membership.source == LOCAL, _holds())
        .order_by(sa.func.lower(Person.name), Person.id, Membership.role)
    )
    found: dict[int, Colleague] = {}
    for person, role, sure_since in rows:
        before = found[person.id].roles if person.id in found else ()
        found[person.id] = Colleague(
            person.id,
            person.name,
            person.email,
            (*before, Role(role)),
            person.seen_at,
            sure_since is not None,
        )
    return list(found.values())


def demand_second_factor(session: Session, site: str, demanded: bool, *, by: str) -> None:
    """Let the roles of a site's staff rest without a second factor, or not; at once."""
    row = session.get_one(Site, site)
    if row.second_factor != demanded:
        audit = AuditEntry(
            actor=by,
            site_key=site,
            action="second_factor.demand",
            subject=site,
            before={"demanded": row.second_factor},
            after={"demanded": demanded},
        )
        row.second_factor = demanded
        session.add(audit)


def everybody(session: Session) -> Sequence[tuple[Person, Sequence[Membership]]]:
    """All persons with their roles, for operators."""
    roles: dict[int, list[Membership]] = {}
    for row in session.scalars(sa.select(Membership).order_by(Membership.id)):
        roles.setdefault(row.person_id, []).append(row)
    people = session.scalars(sa.select(Person).order_by(Person.id))
    return [(person, roles.get(person.id, [])) for person in people]


def invite(session: Session, person_id: int, *, by: str, site: str | None = None) -> str:
    """A code that logs the person in once, within `CODE_LIFE`; earlier ones no longer do."""
    code = tokens.new()
    session.execute(sa.delete(LoginCode).where(LoginCode.person_id == person_id))
    session.add(
        LoginCode(code_hash=tokens.digest(code), person_id=person_id, expires_at=now() + CODE_LIFE)
    )
    _audit(session, by, site, "person.invite", person_id, {})
    return code


def redeem(session: Session, code: str) -> int | None:
    """The person whom a code lets in; it is used up. None for any other code."""
    row = session.execute(
        sa.delete(LoginCode)
        .where(LoginCode.code_hash == tokens.digest(code))
        .returning(LoginCode.person_id, LoginCode.expires_at)
    ).one_or_none()
    return row.person_id if row is not None and row.expires_at > now() else None


def _granted(person_id: int, role: Role, site: str | None) -> sa.Select[Membership]:
    return sa.select(Membership).where(
        Membership.person_id == person_id,
        Membership.role == role.value,
        Membership.source == LOCAL,
        Membership.site_key == site,
    )


def is_last_admin(session: Session, person_id: int) -> bool:
    """Whether some site would be without an admin if this person were gone."""
    rows = session.scalars(
        sa.select(Membership).where(
            Membership.person_id == person_id,
            Membership.role == Role.SITE_ADMIN.value,
            Membership.source == LOCAL,
            _holds(),
        )
    )
    return not all(_others(session, row) for row in rows.all())


def _others(session: Session, row: Membership) -> bool:
    """Whether somebody else holds the same role at the same place."""
    return bool(
        session.scalar(
            sa.select(sa.func.count()).where(
                Membership.site_key == row.site_key,
                Membership.role == row.role,
                Membership.person_id != row.person_id,
                _holds(),
            )
        )
    )


def _holds() -> sa.ColumnElement[bool]:
    return sa.or_(Membership.valid_until.is_(None), Membership.valid_until > now())


def _audit(
    session: Session, by: str, site: str | None, action: str, person_id: int, after: dict[str, str]
) -> None:
    session.add(
        AuditEntry(
            actor=by,
            site_key=site,
            action=action,
            subject=f"person:{person_id}",
            before=None,
            after=after,
        )
    )
