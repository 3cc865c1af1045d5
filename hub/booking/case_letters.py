"""The mails of a conversation about a request: each message once to whoever it is for."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.booking import letters
from hub.booking.letters import Sender
from hub.models import Booking, Case, CaseNote, Person, Site


def answered(session: Session, sender: Sender, booking: Booking, number: int) -> None:
    """Send the person the staff's answer; `number` is that of the note."""
    who = letters.borrower(session, booking)
    if who is not None:
        letters.write(
            session,
            sender,
            booking,
            who,
            "booking_answer",
            key=f"case-note:{number}",
            values={"message": session.get_one(CaseNote, number).text},
        )


def asked(session: Session, sender: Sender, booking: Booking, number: int) -> None:
    """Send the person's message to whoever looks after the request, or to the centre."""
    who = letters.borrower(session, booking)
    if who is None:
        return
    colleague = session.execute(
        sa.select(Person.email, Person.key)
        .join(Case, Case.assigned == Person.key)
        .where(Case.booking_id == booking.id, Person.email != "")
    ).one_or_none()
    site = session.get_one(Site, booking.site_key)
    recipient, author = colleague or (str(site.contact.get("email", "")), "")
    letters.write_staff(
        session,
        sender,
        booking,
        who,
        "booking_message",
        key=f"case-note:{number}",
        recipient=recipient,
        author=author,
        page=page(booking),
        message=session.get_one(CaseNote, number).text,
    )


def page(booking: Booking) -> str:
    """Where the staff look after a request."""
    return f"{booking.site_key}/{booking.plugin}/fall/{booking.reference}"
