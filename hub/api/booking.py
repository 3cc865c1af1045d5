"""Booking for programs: what is free, booking, moving and cancelling in the owner's name."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import sqlalchemy as sa
from flask import abort, request
from flask_babel import force_locale, gettext
from sqlalchemy.orm import Session

from hub.api import bearer, booking_schemas, own_schemas
from hub.api.blueprint import api
from hub.api.language import language
from hub.api.own import booking_key, shown
from hub.api.parameters import said
from hub.api.problems import BadParameters
from hub.booking import contacts, ledger, making, questions, wording
from hub.booking.errors import BookingError, Unbookable
from hub.booking.intervals import Stretch
from hub.booking.progress import LONGEST_KEY, MADE
from hub.catalogue import offers
from hub.catalogue.offers import OfferView
from hub.errors import PluginError, Rejected
from hub.identity.api_tokens import BOOK, Bearer
from hub.identity.permissions import can
from hub.institutions import borrowers
from hub.models import Booking, Institution
from hub.records import BookingRequest, Contact, Offer
from hub.site import Site
from hub.web import bookable, context

TAG = "Booking"
DEADLINE = 10.0
"""Seconds that whoever keeps the bookings may take to say what is free."""
LONGEST_SPAN = 400
"""Days of one question for what is free."""
_REFERENCE = {
    "in": "path",
    "name": "reference",
    **said("Reference of the booking."),
    "schema": {"type": "string", "examples": ["K7M2P9QX"]},
}
_KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": True,
    "description": "A text of the program's own, new for each booking: sent again with the same, "
    "it is booked once and answered as before; with other values it is refused.",
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": 100,
        "examples": ["4a3f2b1c-8a52-4f0e-9d0e-2f6f2f0c7a11"],
    },
}


@api.resource(
    "/offers/<int(max=2147483647):offer_id>/availability",
    booking_schemas.AvailabilitySchema,
    example=booking_schemas.AVAILABILITY,
    tag=TAG,
    query=booking_schemas.AvailabilityParameters,
    path=[{"in": "path", "name": "offer_id", **said("Id of the offer."), "example": 17}],
    problems=[HTTPStatus.NOT_FOUND, HTTPStatus.GONE],
)
def show_availability(asked: dict[str, Any], offer_id: int) -> dict[str, Any]:
    """What is free of an offer

    From moment to moment, as far as it can be booked here at all.
    """
    view, site = _bookable(offer_id)
    time = Stretch(asked["start"], asked["end"])
    try:
        ledger.check(time, asked["quantity"])
    except Unbookable as error:
        raise BadParameters({"to": [explained(error, view.site)]}) from None
    if (time.end - time.start).days > LONGEST_SPAN:
        raise BadParameters({"to": [f"At most {LONGEST_SPAN} days at once."]})
    try:
        slots = site.one(
            view.plugin,
            "booking_slots",
            deadline=DEADLINE,
            offer=Offer(view.id, view.site, view.plugin, view.record),
            start=time.start,
            end=time.end,
            person=None,
        )
    except PluginError:
        abort(HTTPStatus.SERVICE_UNAVAILABLE, "Whoever keeps the bookings does not answer.")
    free = min((slot.free for slot in slots), default=0)
    return {
        "enough": free >= asked["quantity"],
        "free": free,
        "items": [
            {"starts_at": slot.start, "ends_at": slot.end, "free": slot.free} for slot in slots
        ],
    }


@api.action(
    "POST",
    "/bookings",
    booking_schemas.BookingRequestSchema,
    own_schemas.BookingSchema,
    scope=BOOK,
    sent=booking_schemas.ORDER,
    example=booking_schemas.BOOKING,
    tag=TAG,
    path=[_KEY],
    status=HTTPStatus.CREATED,
    problems=[HTTPStatus.NOT_FOUND, HTTPStatus.GONE, HTTPStatus.CONFLICT],
)
def create_booking(sent: dict[str, Any]) -> dict[str, Any]:
    """Book

    In the name of the token's owner. What the rules or the ledger refuse says why (409), and what
    would be possible.
    """
    who = bearer.demand()
    key = request.headers.get("Idempotency-Key", "")
    if not key or len(key) > LONGEST_KEY // 2 or not key.isprintable():
        raise BadParameters({"Idempotency-Key": ["A text of 1 to 100 characters."]})
    view, site = _bookable(sent["offer"])
    if view.site != who.site:
        abort(HTTPStatus.NOT_FOUND, "The token's site does not offer this.")
    if not can(who.actor, "booking.create", who.site):
        abort(HTTPStatus.FORBIDDEN, "The token's owner may not book here.")
    fixed = bookable.fixed_time(view)
    if fixed is not None and fixed != Stretch(sent["starts_at"], sent["ends_at"]):
        told = f"It takes place from {fixed.start.isoformat()} to {fixed.end.isoformat()}."
        raise BadParameters({"starts_at": [told]})
    wanted = _wanted(who, view, sent)
    try:
        reference = making.make(
            context.the_hub().db, site, wanted, booking_key(who, key), context.now()
        )
    except BookingError as error:
        abort(HTTPStatus.CONFLICT, explained(error, view.site))
    except Rejected as rejected:
        abort(HTTPStatus.CONFLICT, str(rejected))
    except PluginError:
        abort(HTTPStatus.SERVICE_UNAVAILABLE, "Whoever keeps the bookings does not answer.")
    return _answer(who, reference)


@api.resource(
    "/bookings/<reference>",
    own_schemas.BookingSchema,
    example=booking_schemas.BOOKING,
    tag=TAG,
    path=[_REFERENCE],
    problems=[HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND],
)
def get_booking(_: dict[str, Any], reference: str) -> dict[str, Any]:
    """One booking of the owner's

    Needs a token.
    """
    return _answer(bearer.demand(), reference)


@api.action(
    "PATCH",
    "/bookings/<reference>",
    booking_schemas.MoveRequestSchema,
    own_schemas.BookingSchema,
    scope=BOOK,
    sent=booking_schemas.MOVE,
    example=booking_schemas.BOOKING,
    tag=TAG,
    path=[_REFERENCE],
    problems=[HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT],
)
def move_booking(sent: dict[str, Any], reference: str) -> dict[str, Any]:
    """Give a booking another time or number

    As the rules allow: the new time is had before the old one is let go. What somebody had to
    confirm is requested again.
    """
    who, hub = bearer.demand(), context.the_hub()
    with hub.db.read() as session:
        row = _mine(session, who, reference)
    time = Stretch(sent.get("starts_at", row.starts_at), sent.get("ends_at", row.ends_at))
    quantity = sent.get("quantity", row.quantity)
    try:
        site = hub.sites.site(who.site)
        making.move(
            hub.db,
            site,
            row.id,
            time,
            quantity,
            who.actor.key,
            context.now(),
            offer_id=sent.get("offer"),
        )
    except BookingError as error:
        abort(HTTPStatus.CONFLICT, explained(error, who.site))
    return _answer(who, reference)


@api.action(
    "POST",
    "/bookings/<reference>/cancel",
    booking_schemas.NothingRequestSchema,
    own_schemas.BookingSchema,
    scope=BOOK,
    sent={},
    example=booking_schemas.BOOKING,
    tag=TAG,
    path=[_REFERENCE],
    problems=[HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT],
)
def cancel_booking(_: dict[str, Any], reference: str) -> dict[str, Any]:
    """Give a booking up

    Asked twice, it is given up once.
    """
    who, hub = bearer.demand(), context.the_hub()
    with hub.db.read() as session:
        number = _mine(session, who, reference).id
    try:
        site = hub.sites.site(who.site)
        making.cancel(hub.db, site, number, who.actor.key, context.now())
    except BookingError as error:
        abort(HTTPStatus.CONFLICT, explained(error, who.site))
    return _answer(who, reference)


def explained(error: BookingError, site: str) -> str:
    """Why it was refused, in the language asked for."""
    with force_locale(language()):
        return wording.explain(error, context.zone_of(site))


def _bookable(offer_id: int) -> tuple[OfferView, Site]:
    with context.the_hub().db.read() as session:
        view = offers.by_ids(session, [offer_id]).get(offer_id)
    if view is None:
        abort(HTTPStatus.NOT_FOUND, f"There is no offer {offer_id}.")
    if view.withdrawn_at:
        abort(HTTPStatus.GONE, "Its site no longer offers this.")
    site = bookable.owner(view)
    if site is None:
        abort(HTTPStatus.NOT_FOUND, f"Offer {offer_id} cannot be booked here.")
    return view, site


def _wanted(who: Bearer, view: OfferView, sent: dict[str, Any]) -> BookingRequest:
    person_id, person = who.actor.person_id, who.actor.record()
    assert person_id is not None
    assert person is not None
    with force_locale(language()):
        answers, wrong = questions.read(view.kind, sent["answers"], view.record.quantity)
        if unknown := set(sent["answers"]) - {one.code for one in questions.of(view.kind)}:
            wrong |= dict.fromkeys(sorted(unknown), gettext("There is no such question."))
        if wrong:
            told = [f"{code}: {text}" for code, text in wrong.items()]
            raise BadParameters({"answers": told})
        contact, complaints = _contact(who, sent["contact"])
    if contact is None:
        raise BadParameters({"contact": list(complaints.values())})
    number, named = sent["institution"], None
    with context.the_hub().db.write() as session:
        known = borrowers.may_borrow_for(session, person_id, who.site, context.today())
        if number is not None and number not in {one.id for one in known}:
            raise BadParameters({"institution": ["The owner does not book for it here."]})
        contacts.keep(session, person_id, who.site, contact)
        named = session.get(Institution, number) if number is not None else None
        name = named.name if named is not None else ""
    return BookingRequest(
        offer=Offer(view.id, view.site, view.plugin, view.record),
        person=person,
        start=sent["starts_at"],
        end=sent["ends_at"],
        quantity=sent["quantity"],
        note=sent["note"],
        institution=number,
        institution_name=name,
        fulfilment=sent["fulfilment"],
        answers=answers,
        contact=contact,
    )


def _contact(who: Bearer, sent: dict[str, str] | None) -> tuple[Contact | None, dict[str, str]]:
    if sent is not None:
        return contacts.read(sent["name"], sent["email"], sent["phone"])
    with context.the_hub().db.read() as session:
        known = contacts.of(session, who.actor.person_id or 0, who.site)
        if known is None:
            return None, {"": gettext("The centre does not know yet how to reach you.")}
        return Contact(known.name, known.email, known.phone), {}


def _mine(session: Session, who: Bearer, reference: str) -> Booking:
    row = session.scalar(
        sa.select(Booking).where(
            Booking.reference == reference,
            Booking.person_id == (who.actor.person_id or 0),
            Booking.site_key == who.site,
            MADE,
        )
    )
    if row is None:
        abort(HTTPStatus.NOT_FOUND, "The owner has no such booking at the token's site.")
    return row


def _answer(who: Bearer, reference: str) -> dict[str, Any]:
    with context.the_hub().db.read() as session:
        return shown(_mine(session, who, reference), who.actor.person_id)
