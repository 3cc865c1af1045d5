"""The mails of a conversation about a request: each message once to whoever it is for."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.booking import letters
from hub.booking.letters import Sender
from hub.models import Booking, Case, CaseNote, Person, Site


def answered(session: Session, address: str, booking: Booking, number: int) -> None:
    """Send the person the staff's answer; `number` is that of the note, `address` the hub's."""
    who = letters.borrower(session, booking)
    if who is not None:
        letters.write(
            session,
            Sender(address, ""),
            booking,
            who,
            "booking_answer",
            key=f"case-note:{number}",
            values={"message": session.get_one(CaseNote, number).text},
        )


def asked(session: Session, address: str, booking: Booking, number: int) -> None:
    """Send the person's message to whoever looks after the request, or to the centre."""
    who = letters.borrower(session, booking)
    if who is None:
        return
    colleague = session.scalar(
        sa.select(Person.email)
        .join(Case, Case.assigned == Person.key)
        .where(Case.booking_id == booking.id)
    )
    site = session.get_one(Site, booking.site_key)
    letters.write_staff(
        session,
        Sender(address, ""),
        booking,
        who,
        "booking_message",
        key=f"case-note:{number}",
        recipient=colleague or str(site.contact.get("email", "")),
        page=f"{site.key}/{booking.plugin}/fall/{booking.reference}",
        message=session.get_one(CaseNote, number).text,
    )
