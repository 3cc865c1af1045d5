"""The confirmation by the head of an institution, where a site wants it before a booking holds.

The address that only the institution reads (for a school `<Schulnummer>@schule.nrw.de`) gets a link
of its own, without login: whoever opens it sees who wants to take part in what, and confirms or
refuses once. Where no address is known, or the paper is brought along, the staff note it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.booking import contacts, elsewhere, house, progress, wording
from hub.booking.errors import NotNow
from hub.booking.states import AWAITED, GIVEN
from hub.booking.steps import note
from hub.identity import mailed_codes
from hub.institutions import borrowers
from hub.mail import letters, outbox
from hub.models import Booking, Institution, MailedCode, Site
from hub.models.base import now as moment_now

ACTOR = "head"
EVENT = "head_given"
LIFE = timedelta(days=14)
"""How long a link holds, but never longer than until what is booked begins."""
LONGEST_REASON = 500


def address(session: Session, booking: Booking) -> str:
    """Where the head is asked; empty where no such address is known."""
    row = session.get(Institution, booking.institution_id) if booking.institution_id else None
    return borrowers.address(row) if row is not None else ""


def ask(session: Session, hub: str, booking: Booking) -> str:
    """Mail the head a new link (`hub`: where the hub's pages are); returns the address.

    Empty where none is known, where enough links hold already, or where it is too late. The mail
    belongs to no person: whoever booked would find the link among their own data.
    """
    recipient, moment = address(session, booking), moment_now()
    until = min(moment + LIFE, booking.starts_at)
    if not recipient or not is_awaited(booking) or until <= moment:
        return ""
    code = mailed_codes.new(
        session,
        _purpose(booking),
        booking.site_key,
        recipient,
        person_id=booking.person_id,
        until=until,
    )
    if code is None:
        return ""
    contact = contacts.of(session, booking.person_id or 0, booking.site_key)
    institution = session.get_one(Institution, booking.institution_id)
    zone = house.calendar(session, booking.site_key).zone
    letter = letters.write(
        "booking_head",
        letters.LANGUAGES[0],
        {
            "name": "",
            "sender": session.get_one(Site, booking.site_key).name,
            "who": contact.name if contact else "",
            "institution": institution.name,
            "title": booking.title,
            "time": wording.time(booking.starts_at, booking.ends_at, zone, letters.LANGUAGES[0]),
            "until": wording.moment(until, zone, letters.LANGUAGES[0]),
            "held": booking.bookable_id is not None,
            "link": f"{hub}/bestaetigung/{booking.reference}/{code}",
        },
    )
    outbox.queue_mail(
        session,
        key=f"booking-head:{booking.id}:{moment.isoformat()}",
        recipient=recipient,
        subject=letter.subject,
        body=letter.body,
        site_key=booking.site_key,
        until=until,
        confidential=True,
    )
    return recipient


def asked_until(session: Session, booking: Booking) -> datetime | None:
    """Until when the last link holds; None where there is none."""
    return session.scalar(
        sa.select(sa.func.max(MailedCode.expires_at)).where(
            MailedCode.site_key == booking.site_key,
            MailedCode.purpose == _purpose(booking),
            MailedCode.expires_at > moment_now(),
        )
    )


def is_awaited(booking: Booking) -> bool:
    """Whether the head still has to answer."""
    return booking.head == AWAITED and booking.state == "requested"


def find(session: Session, reference: str, code: str) -> tuple[Booking, MailedCode] | None:
    """The booking that a link is about, while it waits for the head."""
    booking = session.scalar(sa.select(Booking).where(Booking.reference == reference))
    if booking is None or not is_awaited(booking):
        return None
    row = mailed_codes.find(session, _purpose(booking), booking.site_key, code)
    return (booking, row) if row is not None else None


def answer(session: Session, reference: str, code: str, refusal: str | None, now: datetime) -> bool:
    """Confirm, or refuse with this reason, once; False where the link does not hold any more."""
    found = find(session, reference, code)
    if found is None or not mailed_codes.use_up(session, found[1]):
        return False
    booking = found[0]
    if refusal is None:
        give(session, booking, ACTOR, now)
    else:
        reason = refusal[:LONGEST_REASON]
        progress.advance(session, booking, "refused", ACTOR, now, reason=reason)
    return True


def give(session: Session, booking: Booking, actor: str, now: datetime) -> None:
    """Note that the head confirmed; then it holds, unless the staff decide too. A second click
    changes nothing; raises `NotNow` for what waits for nobody any more."""
    if booking.head == GIVEN:
        return
    given = session.execute(
        sa.update(Booking)
        .where(Booking.id == booking.id, Booking.head == AWAITED, Booking.state == "requested")
        .values(head=GIVEN)
    )
    session.refresh(booking)
    if not given.rowcount:  # type: ignore[attr-defined]
        raise NotNow(booking.state)
    note(session, booking.id, EVENT, actor, "", now)
    if booking.bookable_id is None:
        elsewhere.release(session, booking, now)
        return
    rules = house.rules(session, booking.site_key, booking.kind, booking.borrower)
    if not rules.approval:
        progress.advance(session, booking, "confirmed", actor, now)


def told(booking: Booking) -> str:
    """What the head said of it, for people; empty where nobody asks the head."""
    if not booking.head or booking.state in ("waiting", "offered"):
        return ""
    return wording.head(booking.head, awaited=is_awaited(booking))


def _purpose(booking: Booking) -> str:
    return f"{mailed_codes.HEAD}:{booking.id}"
