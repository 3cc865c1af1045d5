"""Who is behind a booking, for the staff of its site."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.models import Booking, BookingContact, Institution


@dataclass(frozen=True, slots=True)
class Asker:
    """Whoever booked, as far as the site knows; empty is not known."""

    name: str = ""
    email: str = ""
    phone: str = ""
    institution: str = ""

    def __str__(self) -> str:
        return ", ".join(filter(None, (self.institution, self.name)))


def of(session: Session, site: str, bookings: Sequence[Booking]) -> dict[int, Asker]:
    """By number of the booking; all bookings are of this site."""
    contacts = {
        row.person_id: row
        for row in session.scalars(
            sa.select(BookingContact).where(
                BookingContact.person_id.in_({one.person_id for one in bookings if one.person_id}),
                BookingContact.site_key == site,
            )
        )
    }
    numbers = {one.institution_id for one in bookings if one.institution_id}
    institutions = {
        row.id: row.name
        for row in session.scalars(sa.select(Institution).where(Institution.id.in_(numbers)))
    }
    found = {}
    for one in bookings:
        contact = contacts.get(one.person_id or 0)
        found[one.id] = Asker(
            contact.name if contact else "",
            contact.email if contact else "",
            contact.phone if contact else "",
            institutions.get(one.institution_id or 0, ""),
        )
    return found
