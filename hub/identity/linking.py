"""Several logins of one person: added while logged in to both, or by a code of the desk
(`hub.identity.desk_codes`), never by an address.

A login that had an account of its own brings along what belongs to it, so that one person stays.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hub.identity import accounts, audit, people, privacy
from hub.models import Account, Identity, LoginSession, Membership, Person
from hub.models.base import Base, now
from hub.records import Claims
from hub.runtime import Hub


class LinkRefused(Exception):
    """The login is not added or removed; `reason` is `held` or `last`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def of_person(session: Session, person_id: int) -> Sequence[Identity]:
    """The logins of a person, the oldest first."""
    query = sa.select(Identity).where(Identity.person_id == person_id)
    return session.scalars(query.order_by(Identity.created_at, Identity.issuer)).all()


def link(hub: Hub, person_id: int, site: str, claims: Claims) -> None:
    """Add the login of these claims to a person who is logged in; raises `LinkRefused`.

    Whoever had this login alone becomes part of the person, unless a plugin holds something under
    their own name (`held`): it could not be moved.
    """
    with hub.db.read() as session:
        known = session.get(Identity, (claims.issuer, claims.subject))
        other = known.person_id if known is not None else person_id
    if other != person_id:
        found = privacy.held(hub, other)
        if found.plugins or found.failed:
            raise LinkRefused("held")
    with hub.db.write() as session:
        known = session.get(Identity, (claims.issuer, claims.subject), with_for_update=True)
        if known is None:
            session.add(Identity(issuer=claims.issuer, subject=claims.subject, person_id=person_id))
        elif known.person_id == other != person_id:
            merge(session, keep=person_id, gone=other)
        elif known.person_id != person_id:
            raise LinkRefused("held")  # it changed hands meanwhile
        session.flush()
        person = people.recognise(session, site, claims)
        audit.note(session, person.key, site, "login.link", f"person:{person_id}")


def unlink(session: Session, person_id: int, issuer: str, subject: str) -> bool:
    """Take a login away, with the roles it brought; False when there is none.

    Raises `LinkRefused` (`last`) for the only one: nobody shall lock themselves out.
    """
    row = session.get(Identity, (issuer, subject))
    if row is None or row.person_id != person_id:
        return False
    if len(of_person(session, person_id)) == 1:
        raise LinkRefused("last")
    session.delete(row)
    session.execute(
        sa.delete(Membership).where(Membership.person_id == person_id, Membership.source == issuer)
    )
    session.execute(
        sa.delete(LoginSession).where(
            LoginSession.person_id == person_id,
            LoginSession.issuer == issuer,
            LoginSession.subject == subject,
        )
    )
    for account in session.scalars(sa.select(Account).where(Account.person_id == person_id)):
        if (accounts.issuer(account.site_key), str(account.id)) == (issuer, subject):
            session.delete(account)
    person = session.get_one(Person, person_id)
    audit.note(session, person.key, None, "login.unlink", f"person:{person_id}")
    return True


def merge(session: Session, *, keep: int, gone: int) -> None:
    """Everything that refers to one person refers to the other; what both have is kept once."""
    session.execute(sa.delete(LoginSession).where(LoginSession.person_id == gone))
    for table in Base.metadata.sorted_tables:
        for key in table.foreign_keys:
            if key.column.table is Person.__table__:
                _move(session, table, key.parent, keep, gone)
    session.execute(
        sa.update(Person)
        .where(Person.id == keep)
        .values(seen_at=now(), **_better(session, keep, gone))
    )
    session.execute(sa.delete(Person).where(Person.id == gone))
    session.expire_all()


def _move(
    session: Session, table: sa.Table, column: sa.ColumnElement[int], keep: int, gone: int
) -> None:
    primary = list(table.primary_key)
    rows = session.execute(sa.select(*primary).where(column == gone)).all()
    for row in rows:
        this = sa.and_(*(one == value for one, value in zip(primary, row, strict=True)))
        try:
            with session.begin_nested():
                session.execute(sa.update(table).where(this).values({column: keep}))
        except IntegrityError:  # the person who stays has the same
            session.execute(sa.delete(table).where(this))


def _better(session: Session, keep: int, gone: int) -> dict[str, str]:
    """Name and address of the one who goes, where the other has none."""
    stays, goes = session.get_one(Person, keep), session.get_one(Person, gone)
    return {"name": stays.name or goes.name, "email": stays.email or goes.email}
