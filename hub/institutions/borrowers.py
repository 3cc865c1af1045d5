"""Who may borrow in the name of an institution: registered, approved, suspended.

A person registers for an institution at a site that serves it. The staff approve at the desk, or
give out a code that goes to the address that only the institution reads (for a school
`<Schulnummer>@schule.nrw.de`); whoever types it speaks for the institution.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.formats import school_ids
from hub.institutions import serving
from hub.mail import letters
from hub.mail.outbox import one_line, queue_mail
from hub.models import AuditEntry, Borrower, Institution, Person, Site
from hub.models.base import now

OPEN, APPROVED, SUSPENDED = "open", "approved", "suspended"
CODE_LIFE = timedelta(days=14)
LONGEST_REASON = 500
_ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
"""Without letters and digits that look like each other."""

_of_site = (
    sa.select(Borrower, Institution, Person)
    .join(Institution, Institution.id == Borrower.institution_id)
    .join(Person, Person.id == Borrower.person_id)
)


class BorrowerError(Exception):
    """Nothing was changed; `reason` is `not_served`, `closed`, `code` or `no_address`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Registration:
    """A borrower with whom and what it is about."""

    borrower: Borrower
    institution: Institution
    person: Person


def register(
    session: Session, person_id: int, institution_id: int, site: str, today: date
) -> Borrower:
    """Ask to borrow for an institution; asking again changes nothing. Raises `BorrowerError`."""
    row = session.get(Institution, institution_id)
    if row is None or site not in serving.sites_of(session, [row.id]).get(row.id, ()):
        raise BorrowerError("not_served")
    if row.closed_on is not None and row.closed_on < today:
        raise BorrowerError("closed")
    known = session.scalar(
        sa.select(Borrower).where(
            Borrower.person_id == person_id,
            Borrower.institution_id == institution_id,
            Borrower.site_key == site,
        )
    )
    if known is not None:
        return known
    made = Borrower(site_key=site, institution_id=institution_id, person_id=person_id, state=OPEN)
    session.add(made)
    session.flush()
    return made


def approve(session: Session, borrower: Borrower, *, by: str, verified: str = "desk") -> None:
    """Let somebody borrow; what was suspended may borrow again."""
    _decide(session, borrower, APPROVED, by)
    borrower.verified, borrower.reason, borrower.code_hash = verified, "", ""


def suspend(session: Session, borrower: Borrower, reason: str, *, by: str) -> None:
    """Let somebody no longer borrow; `reason` is shown to them."""
    _decide(session, borrower, SUSPENDED, by)
    borrower.reason, borrower.code_hash = reason[:LONGEST_REASON], ""


def address(institution: Institution) -> str:
    """The address that only the institution itself reads; empty where none is known."""
    school = school_ids.known(institution.school_id)
    return (school_ids.mail_address(school) if school else "") or (
        institution.email if institution.listed else ""
    )


def new_code(session: Session, borrower: Borrower, *, by: str) -> str:
    """A code for the institution's address, shown once; an earlier one no longer works.

    Raises `BorrowerError` where no address is known, and for who is suspended.
    """
    institution = session.get_one(Institution, borrower.institution_id)
    if not address(institution) or borrower.state != OPEN:
        raise BorrowerError("no_address")
    code = "".join(secrets.choice(_ALPHABET) for _ in range(10))
    borrower.code_hash, borrower.code_until = _hash(borrower, code), now() + CODE_LIFE
    _note(session, borrower, "borrower.code", by)
    return code


def mail_code(session: Session, borrower: Borrower, code: str, link: str) -> bool:
    """Send a code that was just made to the institution; `link` is where it is typed.

    In German, because the institution reads it, whoever asked. It belongs to no person for the
    same reason: the code would be found among their own data.
    """
    institution = session.get_one(Institution, borrower.institution_id)
    person = session.get_one(Person, borrower.person_id)
    letter = letters.write(
        "institution_code",
        "de",
        {
            "name": "",
            "sender": session.get_one(Site, borrower.site_key).name,
            "institution": institution.name,
            "borrower": one_line(person.name, letters.LONGEST_NAME),
            "code": code,
            "link": link,
        },
    )
    assert borrower.code_until is not None
    return queue_mail(
        session,
        key=f"borrower:{borrower.id}:{borrower.code_until.isoformat()}",
        recipient=address(institution),
        subject=letter.subject,
        body=letter.body,
        site_key=borrower.site_key,
        until=borrower.code_until,
        confidential=True,
    )


def redeem(session: Session, borrower: Borrower, typed: str, *, by: str) -> None:
    """Approve who types the code; a wrong one uses it up. Raises `BorrowerError`."""
    code = "".join(c for c in typed.upper() if c in _ALPHABET)
    fits = (
        borrower.state == OPEN
        and bool(borrower.code_hash)
        and borrower.code_until is not None
        and borrower.code_until > now()
        and hmac.compare_digest(borrower.code_hash, _hash(borrower, code))
    )
    if not fits:
        borrower.code_hash = ""
        session.flush()
        raise BorrowerError("code")
    approve(session, borrower, by=by, verified="mail")


def of_person(session: Session, person_id: int) -> list[Registration]:
    """All registrations of a person, the newest first."""
    rows = session.execute(
        _of_site.where(Borrower.person_id == person_id).order_by(Borrower.id.desc())
    )
    return [Registration(*row) for row in rows]


def at_site(
    session: Session,
    allowed: sa.ColumnElement[bool],
    site: str,
    *,
    institution: int | None = None,
    limit: int = 200,
) -> list[Registration]:
    """Registrations at a site, as far as `allowed`; those that wait for a decision first."""
    query = _of_site.where(allowed, Borrower.site_key == site)
    if institution is not None:
        query = query.where(Borrower.institution_id == institution)
    waiting = sa.case((Borrower.state == OPEN, 0), else_=1)
    return [
        Registration(*row)
        for row in session.execute(
            query.order_by(waiting, sa.func.lower(Person.name), Borrower.id).limit(limit)
        )
    ]


def may_borrow_for(session: Session, person_id: int, site: str, today: date) -> list[Institution]:
    """The open institutions for which a person is approved at a site."""
    return list(
        session.scalars(
            sa.select(Institution)
            .join(Borrower, Borrower.institution_id == Institution.id)
            .where(
                Borrower.person_id == person_id,
                Borrower.site_key == site,
                Borrower.state == APPROVED,
                sa.or_(Institution.closed_on.is_(None), Institution.closed_on >= today),
            )
            .order_by(Institution.name, Institution.id)
        )
    )


def _decide(session: Session, borrower: Borrower, state: str, by: str) -> None:
    before = borrower.state
    borrower.state, borrower.decided_at = state, now()
    _note(session, borrower, f"borrower.{state}", by, before)


def _note(
    session: Session, borrower: Borrower, action: str, by: str, before: str | None = None
) -> None:
    session.add(
        AuditEntry(
            actor=by,
            site_key=borrower.site_key,
            action=action,
            subject=f"person:{borrower.person_id}",
            before={"state": before} if before else None,
            after={"institution": borrower.institution_id, "state": borrower.state},
        )
    )


def _hash(borrower: Borrower, code: str) -> str:
    """Bound to the registration, so that the code of one serves no other."""
    return hashlib.sha256(f"{borrower.id}:{code}".encode()).hexdigest()
