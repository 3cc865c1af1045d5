"""Local accounts: a login name and a password at one site, checked with Argon2id (RFC 9106).

For the plugin that offers them; whether a site has such accounts at all is the plugin's affair.
"""

from __future__ import annotations

from functools import cache

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy.orm import Session

from hub.db import Database
from hub.models import Account, Identity, Person
from hub.records import Claims

SHORTEST, LONGEST = 12, 200
"""Characters of a password (NIST SP 800-63B asks for length, not for kinds of characters)."""


class PasswordRefused(Exception):
    """The password cannot be used; `reason` is `short`, `long` or `name`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def issuer(site: str) -> str:
    """The issuer of a site's local accounts."""
    return f"accounts:{site}"


def check(database: Database, site: str, login: str, password: str) -> Claims | None:
    """Whom the login and password belong to; None for a wrong one, at the same cost."""
    with database.read() as session:
        row = session.execute(
            sa.select(Account, Person)
            .join(Person, Person.id == Account.person_id)
            .where(Account.site_key == site, Account.login == _login(login))
        ).one_or_none()
    stored = row[0].password if row is not None else _decoy()
    try:
        fits = len(password) <= LONGEST and _hasher().verify(stored, password)
    except (VerificationError, InvalidHashError):
        fits = False
    if row is None or not fits:
        return None
    account, person = row
    return claims(account, person)


def claims(account: Account, person: Person) -> Claims:
    """What a login with this account says of its owner."""
    roles = (account.brings,) if account.brings else ()
    return Claims(issuer(account.site_key), str(account.id), person.name, person.email, roles)


def put(session: Session, site: str, person: Person, login: str, password: str) -> Account:
    """Give a person an account at a site, or their account there a new password.

    Raises `PasswordRefused`, and `LookupError` where somebody else has the login name.
    """
    name = _login(login)
    refuse_weak(name, password)
    row = session.scalars(
        sa.select(Account).where(Account.site_key == site, Account.login == name)
    ).one_or_none()
    if row is not None and row.person_id != person.id:
        raise LookupError(name)
    if row is None:
        row = Account(site_key=site, login=name, password="", person_id=person.id)
        session.add(row)
    row.password = _hasher().hash(password)
    session.flush()
    if session.get(Identity, (issuer(site), str(row.id))) is None:
        session.add(Identity(issuer=issuer(site), subject=str(row.id), person_id=person.id))
    return row


def refuse_weak(login: str, password: str) -> None:
    """Raise `PasswordRefused` for what cannot be the password of an account of this name."""
    if len(password) < SHORTEST:
        raise PasswordRefused("short")
    if len(password) > LONGEST:
        raise PasswordRefused("long")
    if login and login in password.casefold():
        raise PasswordRefused("name")


def _login(typed: str) -> str:
    return typed.strip().casefold()[:LONGEST]


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _decoy() -> str:
    """The hash of no password: an unknown login name takes as long as a known one."""
    return _hasher().hash("no password at all")
