"""An account of one's own: the address is proved first, and only then somebody is stored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.identity import accounts, audit, mailed_codes, people
from hub.identity.actor import Role
from hub.identity.mailed_codes import LIFE, REGISTER
from hub.identity.sessions import Via
from hub.identity.tokens import digest
from hub.mail import letters, outbox
from hub.models import Account, Person, Site
from hub.models.base import now
from hub.records import Claims


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses of pages that a letter names."""

    finish: Callable[[str], str]
    """From a code."""
    log_in: str


def ask(session: Session, site: str, address: str, language: str, links: Links) -> None:
    """Mail a link with which whoever reads this address goes on; `address` is a sound one.

    Who has an account there already is told so in the mail, and nowhere else.
    """
    known = _account_with(session, site, address)
    if known is None:
        code = mailed_codes.new(session, REGISTER, site, address)
        letter, values = "registration", {"link": links.finish(code or "")}
    else:
        code = mailed_codes.new(session, REGISTER, site, address, person_id=known.person_id)
        letter, values = "registration_known", {"login": known.login, "link": links.log_in}
    if code is None:
        return
    sender = session.get_one(Site, site).name
    text = letters.write(letter, language, {**values, "name": "", "sender": sender})
    outbox.queue_mail(
        session,
        key=f"register:{digest(code)}",
        recipient=address,
        subject=text.subject,
        body=text.body,
        site_key=site,
        person_id=known.person_id if known is not None else None,
        until=now() + LIFE[REGISTER],
        confidential=True,
    )


def address_of(session: Session, site: str, code: str) -> str | None:
    """The address that this code proves."""
    row = mailed_codes.find(session, REGISTER, site, code)
    return row.email if row is not None and row.person_id is None else None


def finish(
    session: Session, site: str, code: str, name: str, password: str
) -> tuple[int, Via] | None:
    """Make the person and the account, whose login name is the address; None for a dead code.

    Returns the person and the identity to log in with. Raises `accounts.PasswordRefused`, after
    which the code still holds.
    """
    row = mailed_codes.find(session, REGISTER, site, code)
    if row is None or row.person_id is not None or _account_with(session, site, row.email):
        return None
    accounts.refuse_weak(row.email, password)
    if not mailed_codes.use_up(session, row):
        return None
    person = people.add(session, name=name, email=row.email)
    account = accounts.put(session, site, person, row.email, password)
    account.brings = Role.CITIZEN.value
    claims: Claims = accounts.claims(account, person)
    people.recognise(session, site, claims)
    audit.note(session, person.key, site, "account.register", f"person:{person.id}")
    return person.id, Via(claims.issuer, claims.subject)


def _account_with(session: Session, site: str, address: str) -> Account | None:
    """The account of whoever has this address there, as login name or otherwise."""
    wanted = address.casefold()
    return session.scalars(
        sa.select(Account)
        .join(Person, Person.id == Account.person_id)
        .where(
            Account.site_key == site,
            sa.or_(Account.login == wanted, sa.func.lower(Person.email) == wanted),
        )
        .order_by(Account.id)
        .limit(1)
    ).one_or_none()
