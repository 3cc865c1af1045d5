"""Bookings whose books another hub keeps: asked for in the name of an account of this site there.

Who books is not told: the other centre deals with this one, by the reference of its booking. The
key follows from that reference, so that saying it again leads to the same one booking; where the
hub declines, it is asked whether an earlier attempt got through after all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from connectors.errors import Malformed
from connectors.hub_api import API, Declined, HubApi, canonical
from hub import SecretValue, SiteInfo
from hub.booking.progress import STATES
from hub.errors import Denied, Rejected
from hub.records import Booking, BookingRequest, Offer, Origin, Slot

KEYS = UUID("0d7c9f5e-6b1a-4a57-8f0b-0c3d6a4e9b21")
"""Never changed: the idempotency keys of all bookings follow from it."""
LONGEST_SPAN = timedelta(days=400)
"""That a hub answers for at once."""
LONGEST_NOTE = 2_000
MOST_SLOTS = 20_000
_WORD = re.compile(r"\w{1,40}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Account:
    """In whose name is booked at a site of another hub."""

    token: SecretValue
    email: str
    institution: int | None


@dataclass(frozen=True, slots=True)
class Stands:
    """A booking as the other hub has it."""

    reference: str
    state: str
    start: datetime
    end: datetime
    quantity: int
    changed: bool
    """Whether anything became of it since it was made."""


def check(api: HubApi, address: str, site: str) -> None:
    """The account is one for this site, and may book. Raises `Denied`."""
    told = api.account()
    try:
        there, scopes = told["site"]["key"], told["token"]["scopes"]
    except (KeyError, TypeError):
        raise Malformed(f"{address} does not say what the token may") from None
    if there != site or "bookings" not in scopes:
        raise Denied(
            f"The token for “{site}” at {address} is one for “{there}”, or may not book: make one "
            "there for this centre, with the right to book."
        )


def slots(api: HubApi, place: Origin, start: datetime, end: datetime) -> Sequence[Slot]:
    """What is free there. Raises `Denied` where it is not booked there any more."""
    end = min(end, start + LONGEST_SPAN)
    try:
        items = api.availability(place.offer_id, start, end)["items"]
        found = [Slot(_moment(one, "from"), _moment(one, "to"), _free(one)) for one in items]
    except Declined as declined:
        raise Denied(f"{place.hub}: {declined}") from None
    except (KeyError, TypeError, ValueError) as error:
        raise Malformed(f"{place.hub} does not say what is free: {error!r:.200}") from None
    orderly = [start, *(edge for one in found for edge in (one.start, one.end)), end]
    if len(found) > MOST_SLOTS or orderly != sorted(orderly):
        raise Malformed(f"{place.hub} says what is free at other times than it was asked for")
    return [one for one in found if one.start < one.end]


def create(
    api: HubApi, site: SiteInfo, account: Account, request: BookingRequest, key: str
) -> Booking:
    """Book there once; what has become of it since is for `state` to say."""
    place = _place(request.offer)
    named = str(uuid5(KEYS, f"{site.hub} {site.key} {key}"))
    try:
        told: Mapping[str, Any] | None = api.book(_order(site, account, request, key), named)
    except Declined as declined:
        told = api.booked_under(named)
        if told is None:
            raise Rejected(f"{place.site_name}: {declined}") from None
    stands = _read(told, request.offer)
    asked = (request.start, request.end, request.quantity)
    if (stands.start, stands.end, stands.quantity) != asked and not stands.changed:
        raise Denied(
            f"{place.hub} confirmed another time or number than it was asked for, under "
            f"{stands.reference}. Nothing was taken over; talk to {place.site_name}."
        )
    return Booking(_id(place, stands.reference), request.offer, stands.state, *asked)


def cancel(api: HubApi, booking: Booking) -> Booking:
    """Give it up there. Raises `Rejected` with the reason, as when it was handed out."""
    place, reference = _place(booking.offer), _reference(booking)
    try:
        told = api.cancel(reference)
    except Declined as declined:
        raise Rejected(f"{place.site_name}: {declined}") from None
    return _as_booking(_read(told, booking.offer, reference), booking)


def move(api: HubApi, booking: Booking, start: datetime, end: datetime, quantity: int) -> Booking:
    """Give it another time or number there. Raises `Rejected` with the reason."""
    place, reference = _place(booking.offer), _reference(booking)
    try:
        told = api.move(reference, start, end, quantity)
    except Declined as declined:
        raise Rejected(f"{place.site_name}: {declined}") from None
    return _as_booking(_read(told, booking.offer, reference), booking)


def state(api: HubApi, booking: Booking) -> Booking:
    """The booking as it stands there. One that is not found is no cancelled one: the account may
    be another now."""
    place, reference = _place(booking.offer), _reference(booking)
    try:
        told = api.booking(reference)
    except Declined as declined:
        raise Denied(
            f"{place.hub} does not find {reference}: {declined} Look whether the token is still "
            "that of the account with which was booked."
        ) from None
    return _as_booking(_read(told, booking.offer, reference), booking)


def _order(site: SiteInfo, account: Account, request: BookingRequest, key: str) -> dict[str, Any]:
    about = f"{site.name}, Buchung {key}"
    return {
        "offer": _place(request.offer).offer_id,
        "starts_at": request.start.isoformat(),
        "ends_at": request.end.isoformat(),
        "quantity": request.quantity,
        "institution": account.institution,
        "fulfilment": request.fulfilment,
        "note": f"{about}\n{request.note}".strip()[:LONGEST_NOTE],
        "answers": dict(request.answers),
        "contact": {"name": site.name, "email": account.email, "phone": ""},
    }


def _read(told: object, offer: Offer, reference: str = "") -> Stands:
    """A booking of ours, of this offer. Raises `Denied` for another one, and `Malformed`."""
    place = _place(offer)
    try:
        if not isinstance(told, Mapping):
            raise TypeError("no object")
        stands = Stands(
            _text(told, "reference"),
            _text(told, "state"),
            _moment(told, "starts_at"),
            _moment(told, "ends_at"),
            told["quantity"],
            _moment(told, "changed_at") > _moment(told, "created_at"),
        )
        kind = _text(told["kind"], "code")
        where = told["links"]["offer"]
        there = None if where is None else canonical(str(where))
        if type(stands.quantity) is not int or stands.quantity < 1:
            raise TypeError("no number")
    except (KeyError, TypeError, ValueError) as error:
        raise Malformed(f"{place.hub} answered with no booking: {error!r:.200}") from None
    wrong = (
        stands.state not in STATES
        or told.get("own") is not True
        or kind != offer.record.kind
        or there not in (None, f"{place.hub}{API}/offers/{place.offer_id}")
        or reference not in ("", stands.reference)
    )
    if wrong:
        raise Denied(
            f"{place.hub} answered with another booking ({stands.reference[:20]}) than the one "
            f"that was asked for. Nothing was taken over; talk to {place.site_name}."
        )
    return stands


def _as_booking(stands: Stands, booking: Booking) -> Booking:
    return Booking(
        booking.id,
        booking.offer,
        stands.state,
        stands.start,
        stands.end,
        stands.quantity,
        booking.note,
    )


def _place(offer: Offer) -> Origin:
    origin = offer.record.origin
    if origin is None or not origin.bookable:
        raise Denied("This offer is not booked at another hub any more.")
    return origin


def _id(place: Origin, reference: str) -> str:
    """Two hubs may give the same reference."""
    return f"{place.hub}/{reference}"[-200:]


def _reference(booking: Booking) -> str:
    return booking.id.rpartition("/")[2]


def _text(told: Mapping[str, Any], name: str) -> str:
    text = told[name]
    if not isinstance(text, str) or not _WORD.fullmatch(text):
        raise TypeError(f"{name} is no text")
    return text


def _moment(told: Mapping[str, Any], name: str) -> datetime:
    moment = datetime.fromisoformat(told[name])
    if moment.tzinfo is None:
        raise ValueError(f"{name} has no time zone")
    return moment


def _free(told: Mapping[str, Any]) -> int:
    free = told["free"]
    if type(free) is not int or free < 0:
        raise TypeError("what is free is no number")
    return free
