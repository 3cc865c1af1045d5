"""A new password for who forgot theirs: by a link to the address that is known of them."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.identity import accounts, api_tokens, audit, mailed_codes, sessions
from hub.identity.mailed_codes import LIFE, RESET
from hub.identity.tokens import digest
from hub.mail import letters
from hub.models import Account, Person
from hub.models.base import now

MOST = 5
"""Accounts of one address that are written to."""


def ask(session: Session, site: str, typed: str, link: Callable[[str], str]) -> None:
    """Mail a link to whoever has an account at this site with that login name or address.

    `link` makes the address of the page from a code. Nobody is told whether there is somebody.
    """
    wanted = typed.strip().casefold()
    rows = session.execute(
        sa.select(Account, Person)
        .join(Person, Person.id == Account.person_id)
        .where(
            Account.site_key == site,
            sa.or_(Account.login == wanted, sa.func.lower(Person.email) == wanted),
            Person.email != "",
        )
        .order_by(Account.id)
        .limit(MOST)
    ).all()
    for account, person in rows:
        code = mailed_codes.new(
            session, RESET, site, person.email, person_id=person.id, account_id=account.id
        )
        if code is not None:
            letters.write_to(
                session,
                person,
                "password_reset",
                key=f"reset:{digest(code)}",
                site_key=site,
                values={"link": link(code), "login": account.login},
                until=now() + LIFE[RESET],
                confidential=True,
            )


def account_of(session: Session, site: str, code: str) -> Account | None:
    """The account for which this code holds."""
    row = mailed_codes.find(session, RESET, site, code)
    return session.get(Account, row.account_id) if row is not None else None


def reset(session: Session, site: str, code: str, password: str) -> Account | None:
    """Give the account a new password, end its owner's sessions and tokens; None for a dead code.

    Raises `accounts.PasswordRefused`, after which the code still holds.
    """
    row = mailed_codes.find(session, RESET, site, code)
    account = session.get(Account, row.account_id) if row is not None else None
    if row is None or account is None:
        return None
    person = session.get_one(Person, account.person_id)
    accounts.put(session, site, person, account.login, password)
    if not mailed_codes.use_up(session, row):
        return None
    sessions.end(session, person.id)
    api_tokens.revoke_all(session, person.id)
    audit.note(session, person.key, site, "password.reset", f"person:{person.id}")
    tell(session, site, person, account)
    return account


def tell(session: Session, site: str, person: Person, account: Account) -> None:
    """Let the owner know that the password is another one now."""
    letters.write_to(
        session,
        person,
        "password_changed",
        key=f"password:{account.id}:{now().isoformat()}",
        site_key=site,
        values={"login": account.login},
    )
