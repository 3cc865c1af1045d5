"""The mails about a booking: to who booked, in their language, and to the centre.

Each step of a booking is told in a letter of its own (`hub/mail/templates/booking_*`). Whoever has
left no address at the centre, or is no longer known, gets none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.booking import (
    charges,
    contacts,
    heads,
    house,
    invitation,
    reply_addresses,
    waiting,
    wording,
)
from hub.booking.progress import HOLDING
from hub.catalogue import offers
from hub.mail import letters, outbox
from hub.mail.outbox import Attachment
from hub.models import (
    Bookable,
    Booking,
    BookingContact,
    BookingEvent,
    Handover,
    Institution,
    Item,
    Person,
    Site,
)

STEPS = frozenset(
    {
        "waiting",
        "offered",
        "lapsed",
        "requested",
        "confirmed",
        "refused",
        "cancelled",
        "handed_out",
        "returned",
        "extended",
        "moved",
        "no_show",
        "expired",
        "undone",
        "due",
        "overdue",
        "upcoming",
    }
)
"""Events of which the borrower is told, each by the letter `booking_<step>`."""
_LOANS_ONLY = frozenset({"handed_out", "returned"})
"""A room or a course that is over needs no letter."""
_ENTERED = frozenset({"confirmed", "extended", "moved", "undone", "upcoming"})
"""Letters that bring the booking into the person's calendar; `_STRUCK` take it out."""
_STRUCK = frozenset({"cancelled", "refused"})
_REFERENCE = {"de": "Kennung: {}", "en": "Reference: {}"}


@dataclass(frozen=True, slots=True)
class Sender:
    """What letters need to know of the hub itself."""

    address: str
    """Where its pages are (`HUB_BASE_URL`)."""
    mail: str
    """From which its mails come."""
    replies: str = ""
    """Where answers go (`HUB_REPLY_ADDRESS`); empty is nowhere."""


@dataclass(frozen=True, slots=True)
class Borrower:
    """Who is written to about a booking."""

    person: Person
    contact: BookingContact

    @property
    def language(self) -> str:
        """One in which there are letters."""
        spoken = self.person.language
        return spoken if spoken in letters.LANGUAGES else letters.LANGUAGES[0]


def tell(session: Session, sender: Sender, event: BookingEvent, booking: Booking) -> None:
    """Queue the mails about one event, once however often it is called."""
    who = borrower(session, booking)
    if who is None:
        return
    step = _step(event.event)
    decides_here = booking.bookable_id is not None
    if step == "requested" and not decides_here and not heads.is_awaited(booking):
        return  # another system keeps it and answers within moments; nobody has to decide
    anew = step == "moved" and event.actor == who.person.key
    asked = heads.ask(session, sender.address, booking) if step == "requested" or anew else ""
    first, *others = _in_one_go(session, event, booking)
    if first.id != booking.id:
        return  # told in the letter about the first
    if step in STEPS and (step not in _LOANS_ONLY or booking.kind in house.BY_DAY):
        write(
            session,
            sender,
            booking,
            who,
            f"booking_{step}",
            key=f"booking-event:{event.id}",
            values={**_values(session, event, booking, who), "asked": asked},
            others=others,
            attachments=_entries(session, sender, [first, *others], who, step),
        )
    to_decide = step in ("requested", heads.EVENT) or anew
    if to_decide and decides_here and booking.state == "requested" and not asked:
        _tell_centre(session, sender, event, booking, others, who)


def _in_one_go(session: Session, event: BookingEvent, booking: Booking) -> Sequence[Booking]:
    """The bookings that a cart made at a site in one go, and of which there is the same to say."""
    if not booking.bundle or event.event not in ("requested", "confirmed"):
        return [booking]
    return session.scalars(
        sa.select(Booking)
        .join(BookingEvent)
        .where(
            Booking.site_key == booking.site_key,
            Booking.bundle == booking.bundle,
            Booking.person_id == booking.person_id,
            Booking.head == booking.head,
            BookingEvent.event == event.event,
            BookingEvent.at == event.at,
        )
        .order_by(BookingEvent.id)
    ).all()


def borrower(session: Session, booking: Booking) -> Borrower | None:
    """Who booked; None where that is no longer known, or has left no address."""
    if booking.person_id is None:
        return None
    person = session.get(Person, booking.person_id)
    contact = contacts.of(session, booking.person_id, booking.site_key)
    return Borrower(person, contact) if person is not None and contact is not None else None


def write(
    session: Session,
    sender: Sender,
    booking: Booking,
    who: Borrower,
    letter: str,
    *,
    key: str,
    values: Mapping[str, Any],
    others: Sequence[Booking] = (),
    attachments: tuple[Attachment, ...] = (),
) -> None:
    """Queue a letter about a booking, and maybe others, to who booked, with what every such letter
    says. One about a single request can be answered by mail."""
    page = f"{sender.address}/meine-buchungen"
    told = [(one, f"{page}/{one.reference}") for one in (booking, *others)]
    site = session.get_one(Site, booking.site_key)
    reply_to = _reply_to(session, sender, told, who.contact.email, False, who.person.key)
    written = letters.write(
        letter,
        who.language,
        {
            **about(session, told, who.language),
            **values,
            "replies": bool(reply_to),
            "name": who.contact.name,
            "sender": site.name,
        },
    )
    outbox.queue_mail(
        session,
        key=key,
        recipient=who.contact.email,
        subject=written.subject,
        body=written.body,
        site_key=booking.site_key,
        person_id=who.person.id,
        attachments=attachments,
        reply_to=reply_to,
        thread=_thread(booking),
    )


def due(session: Session, booking: Booking, language: str) -> str:
    """The day by which it has to be back."""
    return wording.day(booking.ends_at, house.calendar(session, booking.site_key).zone, language)


def place(session: Session, booking: Booking) -> str:
    """Where it takes place, as far as its offer says so."""
    row = session.get(Bookable, booking.bookable_id) if booking.bookable_id else None
    if row is not None:
        return str(row.details.get("place", ""))
    known = offers.by_ids(session, [booking.offer_id]) if booking.offer_id is not None else {}
    for view in known.values():
        return view.record.place or next((one.place for one in view.record.events), "")
    return ""


def pieces(session: Session, booking: Booking) -> list[str]:
    """What is out on a booking: the code of each piece, and what goes with it."""
    rows = session.execute(
        sa.select(Item.label, Item.accessories)
        .join(Handover, Handover.item_id == Item.id)
        .where(Handover.booking_id == booking.id, Handover.back_at.is_(None))
        .order_by(Item.code)
    )
    return [", ".join([label, *accessories]) for label, accessories in rows]


def _step(event: str) -> str:
    """What the event is about; reminders come before the day of return or after it."""
    what, _, number = event.partition(":")
    if what == "reminded":
        return "overdue" if int(number) else "due"
    return what


def write_staff(
    session: Session,
    sender: Sender,
    booking: Booking,
    who: Borrower,
    letter: str,
    *,
    key: str,
    recipient: str,
    page: str,
    message: str,
    author: str = "",
    others: Sequence[tuple[Booking, str]] = (),
) -> None:
    """Queue a letter about a booking to the staff, with what the borrower wrote; `page` is where
    they look after it, and after the others, `author` the key of who has the recipient's address.
    Without a recipient there is none."""
    if not recipient:
        return
    told = [(one, f"{sender.address}/{path}") for one, path in ((booking, page), *others)]
    reply_to = _reply_to(session, sender, told, recipient, True, author)
    named = session.get(Institution, booking.institution_id) if booking.institution_id else None
    written = letters.write(
        letter,
        "de",
        {
            **about(session, told, "de"),
            "who": ", ".join([who.contact.name, *([named.name] if named else [])]),
            "message": message,
            "replies": bool(reply_to),
            "name": "",
            "sender": "",
        },
    )
    outbox.queue_mail(
        session,
        key=key,
        recipient=recipient,
        subject=written.subject,
        body=written.body,
        site_key=booking.site_key,
        person_id=who.person.id,
        reply_to=reply_to,
        thread=_thread(booking),
    )


def _reply_to(
    session: Session,
    sender: Sender,
    told: Sequence[tuple[Booking, str]],
    recipient: str,
    staff: bool,
    author: str,
) -> str:
    """Where a letter is answered; nowhere where nobody could say which request is meant."""
    if len(told) != 1:
        return ""
    return reply_addresses.of(
        session, sender.replies, told[0][0], recipient, staff=staff, author=author
    )


def _thread(booking: Booking) -> str:
    return f"booking:{booking.reference}"


def _tell_centre(
    session: Session,
    sender: Sender,
    event: BookingEvent,
    booking: Booking,
    others: Sequence[Booking],
    who: Borrower,
) -> None:
    """A request that somebody has to decide; the centre's own address is its inbox."""
    site = session.get_one(Site, booking.site_key)
    page = f"{site.key}/verwaltung/buchung"
    write_staff(
        session,
        sender,
        booking,
        who,
        "booking_to_decide",
        key=f"booking-event:{event.id}:centre",
        recipient=str(site.contact.get("email", "")),
        page=f"{page}/{booking.reference}",
        message=booking.note,
        others=[(one, f"{page}/{one.reference}") for one in others],
    )


def about(
    session: Session, told: Sequence[tuple[Booking, str]], language: str
) -> dict[str, str | int]:
    """The title of the first booking, how many others there are, and all of them one below the
    other, each with its page."""
    zone = house.calendar(session, told[0][0].site_key).zone
    things = [
        letters.part(
            "booking_thing", language, {**_facts(session, one, zone, language), "link": link}
        )
        for one, link in told
    ]
    return {
        "title": told[0][0].title,
        "others": len(told) - 1,
        "things": "\n\n".join(things),
    }


def _facts(session: Session, booking: Booking, zone: ZoneInfo, language: str) -> dict[str, str]:
    return {
        "title": booking.title,
        "time": wording.time(booking.starts_at, booking.ends_at, zone, language),
        "number": str(booking.quantity) if booking.quantity > 1 else "",
        **charges.of_booking(session, booking)._asdict(),
        "reference": booking.reference,
    }


def _values(
    session: Session, event: BookingEvent, booking: Booking, who: Borrower
) -> dict[str, Any]:
    standing = house.standing(session, booking.site_key, who.person.id, booking.institution_id)
    return {
        "reason": event.note,
        "own": event.actor == who.person.key,
        "head": heads.is_awaited(booking),
        "held": booking.bookable_id is not None,
        "by_head": event.actor == heads.ACTOR,
        "until": _until(session, booking, who.language),
        "due": due(session, booking, who.language),
        "pieces": pieces(session, booking),
        "place": place(session, booking),
        "lacking": _lacking(session, booking),
        "state": booking.state,
        "step": event.event.partition(":")[2],
        "suspended": standing.suspended is not None,
    }


def _until(session: Session, booking: Booking, language: str) -> str:
    """The moment until which it is held for who waited."""
    until = waiting.deadline(session, booking.id)
    zone = house.calendar(session, booking.site_key).zone
    return wording.moment(until, zone, language) if until is not None else ""


def _lacking(session: Session, booking: Booking) -> list[str]:
    rows = session.execute(
        sa.select(Item.label, Handover.lacking)
        .join(Handover, Handover.item_id == Item.id)
        .where(Handover.booking_id == booking.id)
        .order_by(Item.code)
    )
    return [f"{label}: {', '.join(lacking)}" for label, lacking in rows if lacking]


def _entries(
    session: Session, sender: Sender, bookings: Sequence[Booking], who: Borrower, step: str
) -> tuple[Attachment, ...]:
    """The bookings for the calendar, as they are now: what has changed again since the event is
    told by the letter of that change."""
    entered = step in _ENTERED
    if not entered and step not in _STRUCK:
        return ()
    shown = [one for one in bookings if (one.state in HOLDING) is entered]
    if not shown:
        return ()
    method = "PUBLISH" if entered else "CANCEL"
    site = session.get_one(Site, shown[0].site_key)
    zone = house.calendar(session, site.key).zone
    entries = [
        invitation.event(
            one,
            ", ".join(filter(None, (place(session, one), site.name))),
            zone,
            f"{sender.address}/meine-buchungen/{one.reference}",
            _REFERENCE[who.language].format(one.reference),
            organizer=str(site.contact.get("email", "")) or sender.mail,
        )
        for one in shown
    ]
    return (
        Attachment(
            f"buchung-{shown[0].reference}.ics",
            f"text/calendar; charset=utf-8; method={method}",
            invitation.calendar(entries, method=method),
        ),
    )
