"""What the system that keeps a booking is told of it, and whether its answer can be one."""

from __future__ import annotations

from sqlalchemy.orm import Session

from hub.booking.progress import STATES
from hub.catalogue import offers
from hub.models import Booking, BookingContact, Institution, Person
from hub.records import Booking as BookingRecord
from hub.records import BookingRequest, Contact, Offer
from hub.records import Person as Asker


def wrong(answer: object, asked: BookingRecord, step: str) -> str:
    """Why this cannot be the answer to what was asked; empty where it can."""
    if not isinstance(answer, BookingRecord):
        return "It did not answer with a booking."
    if not isinstance(answer.id, str) or not 0 < len(answer.id) <= 200:
        return "Its booking has no id."
    if answer.state not in STATES:
        return f"Its booking is {str(answer.state)[:50]!r}, which is no state."
    if step != "create" and answer.id != asked.id:
        return "It answered with another booking."
    if None in (answer.start.tzinfo, answer.end.tzinfo) or not answer.start < answer.end:
        return "Its booking ends before it begins, or has no time zone."
    same = (answer.start, answer.end, answer.quantity) == (
        asked.start,
        asked.end,
        asked.quantity,
    )
    asked_for = same or step not in ("create", "move")
    return "" if asked_for else "It confirmed what it was not asked for."


def record(session: Session, row: Booking) -> BookingRecord | None:
    """The booking as it is known here; None where its offer is gone."""
    offer = offered(session, row.offer_id)
    if offer is None:
        return None
    return BookingRecord(
        id=row.external_id,
        offer=offer,
        state=row.state,
        start=row.starts_at,
        end=row.ends_at,
        quantity=row.quantity,
        note=row.note,
    )


def request(session: Session, row: Booking, waiting: bool) -> BookingRequest | None:
    """What was asked for; None where the offer or the person is gone."""
    offer, person = offered(session, row.offer_id), session.get(Person, row.person_id or 0)
    if offer is None or person is None:
        return None
    contact = session.get(BookingContact, (person.id, row.site_key))
    institution = session.get(Institution, row.institution_id) if row.institution_id else None
    return BookingRequest(
        offer=offer,
        person=Asker(person.key),
        start=row.starts_at,
        end=row.ends_at,
        quantity=row.quantity,
        note=row.note,
        institution=row.institution_id,
        institution_name=institution.name if institution else "",
        fulfilment=row.fulfilment,
        answers=row.answers,
        contact=Contact(contact.name, contact.email, contact.phone) if contact else None,
        waiting=waiting,
    )


def offered(session: Session, offer_id: int | None) -> Offer | None:
    """An offer, also one that is withdrawn; None where it is gone."""
    view = offers.by_ids(session, [offer_id or 0]).get(offer_id or 0)
    if view is None:
        return None
    return Offer(view.id, view.site, view.plugin, view.record)
