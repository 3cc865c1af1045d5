"""How a site reaches a borrower: asked once, at the first booking there, and kept for that site."""

from __future__ import annotations

import re

from flask_babel import gettext
from sqlalchemy.orm import Session

from hub.models import BookingContact
from hub.models.base import now
from hub.records import Contact

LONGEST = 200
_ADDRESS = re.compile(r"[^@\s<>\"',;:\\()\[\]]{1,64}@[^@\s<>\"',;:\\()\[\]]+\.[A-Za-z]{2,}")


def of(session: Session, person_id: int, site: str) -> BookingContact | None:
    """What the site knows; None where it was not asked yet."""
    return session.get(BookingContact, (person_id, site))


def keep(session: Session, person_id: int, site: str, contact: Contact) -> None:
    """Remember it for this site."""
    row = of(session, person_id, site)
    if row is None:
        row = BookingContact(person_id=person_id, site_key=site)
        session.add(row)
    row.name, row.email, row.phone = contact.name, contact.email, contact.phone
    row.changed_at = now()


def read(name: str, email: str, phone: str) -> tuple[Contact | None, dict[str, str]]:
    """What was typed, or by field (`name`, `email`) what is wrong with it."""
    name, email, phone = (_line(text) for text in (name, email, phone))
    errors = {}
    if not name:
        errors["name"] = gettext("Please enter your name.")
    if not _ADDRESS.fullmatch(email):
        errors["email"] = gettext("Please enter an e-mail address, for example name@school.de.")
    return (None if errors else Contact(name, email, phone)), errors


def _line(text: str) -> str:
    return "".join(c for c in text if c.isprintable()).strip()[:LONGEST]
