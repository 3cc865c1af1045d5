"""Answers by mail: a message that came in is put into the conversation of its request.

The secret in the address to which it was sent says which conversation, and whose side: nothing
else does. Who it says it is from is shown where it is another than the one we wrote to. Whatever
is written back goes only to that one, never to an address that a message names.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import Enum

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from hub.booking import case_letters, cases, house, letters
from hub.booking.cases import ByMail, CaseError
from hub.booking.letters import Sender
from hub.booking.states import OPEN
from hub.mail import letters as mail_letters
from hub.mail import outbox, reading
from hub.mail.reading import Received
from hub.models import Booking, Person, ReplyAddress, Site
from hub.models.base import now
from hub.runtime import Hub
from hub.sites import UnknownSite

ANSWERABLE = timedelta(days=90)
"""How long after a request ended its mails can be answered."""
LONGEST_REST = 20_000
LIMIT, EMPTY, INSIDE, FILES = "limit", "empty", "inside", "files"
"""Why something was not done with a message as its writer may think: too many, without text, kept
as a note for the staff, files left out."""

log = structlog.get_logger(__name__)


class Outcome(Enum):
    """What became of a message."""

    TAKEN = "taken"
    """In the conversation, or refused with a mail that says why."""
    DROPPED = "dropped"
    """Written by a program; nobody has to read it, and no one answers it."""
    UNKNOWN = "unknown"
    """It belongs to no conversation, or to one that is over for long."""


def receive(hub: Hub, raw: bytes) -> Outcome:
    """Take in one message, once however often it comes. Raises `reading.Unreadable`."""
    message = reading.read(raw)
    if message.automatic:
        log.info("mail.automatic", key=message.key[:12])
        return Outcome.DROPPED
    moment = now()
    with hub.db.write(queued=True) as session:
        found = _conversation(session, message.tokens, moment)
        if found is None or not _handles(hub, found[1]):
            return Outcome.UNKNOWN
        sender = Sender(hub.settings.base_url, hub.settings.mail_from, hub.settings.reply_address)
        _put(session, sender, *found, message, moment)
    return Outcome.TAKEN


def _conversation(
    session: Session, tokens: Sequence[str], moment: datetime
) -> tuple[ReplyAddress, Booking] | None:
    if not tokens:
        return None
    found = session.execute(
        sa.select(ReplyAddress, Booking)
        .join(Booking, Booking.id == ReplyAddress.booking_id)
        .where(
            ReplyAddress.secret.in_(tokens),
            Booking.person_id == ReplyAddress.person_id,
            sa.or_(Booking.state.in_(OPEN), Booking.changed_at > moment - ANSWERABLE),
        )
        .order_by(ReplyAddress.id)
        .limit(1)
    ).one_or_none()
    return (found[0], found[1]) if found is not None else None


def _handles(hub: Hub, booking: Booking) -> bool:
    """Whether somebody at the site can look at the request."""
    try:
        return booking.plugin in hub.sites.site(booking.site_key).plugins
    except UnknownSite:
        return False


def _put(
    session: Session,
    sender: Sender,
    to: ReplyAddress,
    booking: Booking,
    message: Received,
    moment: datetime,
) -> None:
    own = message.sender.casefold() == to.recipient.casefold()
    kind = cases.MESSAGE if not to.staff else cases.ANSWER if own else cases.NOTE
    text, more = message.text[: cases.LONGEST_TEXT], message.text[cases.LONGEST_TEXT :]
    rest = "\n\n".join(filter(None, (more, message.rest)))
    told = []
    if message.files:
        told.append(FILES)
    if to.staff and not own:
        told.append(INSIDE)
    try:
        number = cases.say(
            session,
            booking,
            kind,
            text,
            f"mail:{message.key}",
            to.author if own else "",
            moment,
            ByMail(message.sender or "?", rest[:LONGEST_REST], message.files),
        )
    except CaseError as error:
        _tell(session, sender, to, booking, message, [error.reason], moment)
        return
    if number is None:
        return  # it came before
    if kind == cases.ANSWER:
        case_letters.answered(session, sender, booking, number)
    elif kind == cases.MESSAGE:
        case_letters.asked(session, sender, booking, number)
    if told:
        _tell(session, sender, to, booking, message, told, moment)


def _tell(
    session: Session,
    sender: Sender,
    to: ReplyAddress,
    booking: Booking,
    message: Received,
    reasons: Sequence[str],
    moment: datetime,
) -> None:
    """Write to the one we had written to, of each matter once a day, so that nothing can go back
    and forth between two programs."""
    site = session.get_one(Site, booking.site_key)
    author = session.scalar(sa.select(Person).where(Person.key == to.author)) if to.author else None
    language = author.language if author is not None and not to.staff else "de"
    page = case_letters.page(booking) if to.staff else f"meine-buchungen/{booking.reference}"
    written = mail_letters.write(
        "booking_reply",
        language,
        {
            **letters.about(session, [(booking, f"{sender.address}/{page}")], language),
            "reasons": reasons,
            "files": message.files,
            "contact": str(site.contact.get("email", "")),
            "name": "",
            "sender": site.name,
        },
    )
    day = house.calendar(session, booking.site_key).day(moment)
    outbox.queue_mail(
        session,
        key=f"reply:{to.id}:{'+'.join(reasons)}:{day}",
        recipient=to.recipient,
        subject=written.subject,
        body=written.body,
        site_key=booking.site_key,
        person_id=to.person_id,
        thread=f"booking:{booking.reference}",
    )
