"""The bookings of a person as a calendar that other programs read, at an address that is a secret.

Whoever knows the address sees the bookings, without a login: so it is random, can be renewed and
switched off, and only its hash is kept.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.booking import invitation
from hub.booking.progress import HOLDING
from hub.identity import tokens
from hub.models import Booking, CalendarFeed, Person, Site
from hub.models.base import now

MOST = 1_000
"""Bookings in one calendar."""
_WORDS = {
    "de": ("Meine Buchungen im Medienverbund", "Kennung: {}, Anzahl: {}"),
    "en": ("My bookings at the media centres", "Reference: {}, number: {}"),
}


def renew(session: Session, person_id: int) -> str:
    """A new secret for the address; an earlier one no longer works. It is told only now."""
    token = tokens.new()
    session.merge(
        CalendarFeed(person_id=person_id, token_hash=tokens.digest(token), created_at=now())
    )
    return token


def switch_off(session: Session, person_id: int) -> None:
    """The address no longer works."""
    session.execute(sa.delete(CalendarFeed).where(CalendarFeed.person_id == person_id))


def since(session: Session, person_id: int) -> datetime | None:
    """When the address was made that works now; None where there is none."""
    return session.scalar(
        sa.select(CalendarFeed.created_at).where(CalendarFeed.person_id == person_id)
    )


def document(session: Session, token: str, hub: str) -> bytes | None:
    """All open bookings of the person whose secret this is; None where it is nobody's.

    `hub` is the address of the hub's pages.
    """
    person = session.scalar(
        sa.select(Person)
        .join(CalendarFeed, CalendarFeed.person_id == Person.id)
        .where(CalendarFeed.token_hash == tokens.digest(token))
    )
    if person is None:
        return None
    name, described = _WORDS["en" if person.language == "en" else "de"]
    rows = session.execute(
        sa.select(Booking, Site)
        .join(Site, Site.key == Booking.site_key)
        .where(Booking.person_id == person.id, Booking.state.in_(HOLDING))
        .order_by(Booking.starts_at, Booking.id)
        .limit(MOST)
    ).all()
    entries = [
        invitation.event(
            booking,
            site.name,
            ZoneInfo(site.time_zone),
            f"{hub}/meine-buchungen/{booking.reference}",
            described.format(booking.reference, booking.quantity),
        )
        for booking, site in rows
    ]
    return invitation.calendar(entries, name)
