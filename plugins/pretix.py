"""Trainings whose seats are sold or given away in pretix.

Each date of an event and product there is an offer here; its seats are those of the quotas, asked
for live. A booking is an order whose code is the booking's reference, which pretix takes only once:
said again after whatever went wrong, it is found and not placed twice.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import marshmallow as ma
from flask import Blueprint, g, request

from connectors.http import Client
from connectors.pretix import Invalid
from connectors.pretix import Pretix as Api
from hub import Config, PersonalData, Plugin, Secret, hookimpl, machine
from hub.booking import elsewhere
from hub.booking.progress import HOLDING
from hub.errors import Denied, Rejected, Unavailable
from hub.formats import text
from hub.records import (
    AccessMode,
    Booking,
    BookingRequest,
    Change,
    Checkpoint,
    Event,
    Kind,
    Offer,
    Person,
    Record,
    Reject,
    Slot,
    Upsert,
)
from plugins.common import about, translated

UNLIMITED = 1_000
"""Seats that are told where a quota has no size."""
STATES = {"n": "requested", "p": "confirmed", "e": "expired", "c": "cancelled"}
"""Of an order: pending (to be paid or approved), paid or free of charge, expired, cancelled."""
LARGEST_ANSWER = 10_000_000
LONGEST_NOTICE = 10_000

pages = Blueprint("pretix", __name__)


@pages.post("/hinweis/<secret>")
@machine
def notified(secret: str) -> tuple[str, int]:
    """pretix says that something has changed there; what, it is asked itself.

    Its notices are not signed, so the address holds a secret, and nothing else in them is believed.
    """
    plugin: Pretix = g.plugin
    if not plugin.knows(secret):
        return "", 404
    told = request.get_json(silent=True) if (request.content_length or 0) < LONGEST_NOTICE else None
    if not isinstance(told, dict) or not isinstance(told.get("code", ""), str):
        return "", 400
    plugin.look_again(told)
    return "", 204


class PretixConfig(Config):
    """Which events of which account."""

    address = ma.fields.Url(
        required=True,
        schemes={"http", "https"},
        require_tld=False,
        validate=ma.validate.Regexp(r"^[^?#@]*$", error="Without a password, ? and #."),
        metadata=about("Adresse", "Address", "etwa https://pretix.eu", "https://pretix.eu say"),
    )
    organizer = ma.fields.String(
        required=True,
        validate=ma.validate.Regexp(r"^[A-Za-z0-9.-]{1,50}$"),
        metadata=about(
            "Veranstalter",
            "Organizer",
            "Kurzform, wie sie in den Adressen von pretix steht",
            "short form, as it stands in the addresses of pretix",
        ),
    )
    events = ma.fields.List(
        ma.fields.String(validate=ma.validate.Regexp(r"^[A-Za-z0-9.-]{1,50}$")),
        required=True,
        validate=ma.validate.Length(1, 50),
        metadata=about(
            "Veranstaltungen",
            "Events",
            "Kurzformen; eine Reihe bringt alle ihre Termine mit",
            "short forms; a series brings all of its dates",
        ),
    )
    token = Secret(
        required=True,
        metadata=about(
            "API-Token",
            "API token",
            "von einem Team, das Veranstaltungen lesen sowie Bestellungen lesen und ändern darf",
            "of a team that may read events, and read and change orders",
        ),
    )
    notices = Secret(
        metadata=about(
            "Geheimnis für Hinweise",
            "Secret for notices",
            "beliebiger langer Text aus Buchstaben und Ziffern; in pretix wird als Webhook "
            "eingetragen: <Adresse des Hubs>/<Zentrum>/pretix/hinweis/<Geheimnis>",
            "any long text of letters and digits; entered in pretix as webhook: <address of the "
            "hub>/<centre>/pretix/hinweis/<secret>",
        )
    )
    timeout = ma.fields.Float(
        load_default=6.0,
        validate=ma.validate.Range(0.1, 30),
        metadata=about("Wartezeit in Sekunden je Anfrage", "Seconds to wait for each request"),
    )


@dataclass(frozen=True, slots=True)
class Place:
    """What an offer is in pretix: `source_id` is `event:date:item`, the date 0 without a series."""

    event: str
    date: int
    item: int

    @classmethod
    def of(cls, offer: Offer) -> Place:
        event, _, rest = offer.record.source_id.partition(":")
        date, _, item = rest.partition(":")
        return cls(event, int(date), int(item))

    @property
    def source_id(self) -> str:
        return f"{self.event}:{self.date}:{self.item}"


class Pretix(Plugin):
    """The trainings of one site that are kept in pretix."""

    name = "pretix"
    title = {"de": "Fortbildungen in pretix", "en": "Trainings in pretix"}
    description = {
        "de": "Fortbildungen, deren Plätze pretix vergibt: Termine und freie Plätze von dort, "
        "Anmeldungen von hier als Bestellungen.",
        "en": "Trainings whose seats pretix gives: dates and free seats from there, bookings from "
        "here as orders.",
    }
    category = "booking"
    Config = PretixConfig
    blueprint = pages
    personal_data = (
        PersonalData(
            what={
                "de": "Name, E-Mail-Adresse und Einrichtung der angemeldeten Person",
                "en": "name, e-mail address and institution of who booked",
            },
            purpose={
                "de": "Anmeldung zu einer Fortbildung in pretix",
                "en": "booking of a training in pretix",
            },
            retention={
                "de": "im Hub keine; in pretix nach dessen Regeln, bei Löschung hier auch dort",
                "en": "none in the hub; in pretix by its rules, erased there when erased here",
            },
        ),
    )

    def knows(self, secret: str) -> bool:
        """Whether a notice comes with the secret that was agreed on."""
        agreed = self.config.get("notices")
        if agreed is None or len(agreed.reveal()) < 16:
            return False
        return hmac.compare_digest(secret.encode(), agreed.reveal().encode())

    def look_again(self, told: Mapping[str, Any]) -> None:
        """Ask for the order of a notice at the next turn, where it is one of ours."""
        code = told.get("code")
        if code and self.site.database is not None:
            elsewhere.look_again(self.site.database, self.site.key, self.name, code)

    @hookimpl
    def catalogue_changes(self, cursor: str | None) -> Iterator[Change]:
        """Every date that is still to come, of every product by which one takes part."""
        with self._api() as api:
            for slug in self.config["events"]:
                yield from self._event(api, slug)
        yield Checkpoint(None, complete=True)

    @hookimpl
    def booking_slots(
        self, offer: Offer, start: datetime, end: datetime, person: Person | None
    ) -> Sequence[Slot]:
        if not start < end:
            return []
        with self._api() as api:
            return [Slot(start, end, self._free(api, Place.of(offer)))]

    @hookimpl
    def booking_create(self, request: BookingRequest, key: str) -> Booking:
        place = Place.of(request.offer)
        if not request.start < request.end:
            raise Rejected("Das Ende liegt nicht nach dem Anfang.")
        path = f"events/{place.event}/orders/"
        code = _code(key)
        with self._api() as api:
            order = api.find(f"{path}{code}/")
            if order is None:
                if self._free(api, place) < request.quantity:
                    raise Rejected("So viele Plätze sind nicht mehr frei.")
                try:
                    order = api.post(path, _order(request, place, code), f"{self.site.key}-{key}")
                except Invalid as error:
                    order = api.find(f"{path}{code}/")  # somebody of us was faster
                    if order is None:
                        raise Rejected(f"pretix nimmt die Anmeldung nicht an: {error}") from None
        made = Booking(code, request.offer, "", request.start, request.end, request.quantity)
        return replace(made, state=_state(order))

    @hookimpl
    def booking_cancel(self, booking: Booking, key: str) -> Booking:
        with self._api() as api:
            order = self._order(api, booking)
            if order is not None and _state(order) in HOLDING:
                path = f"events/{Place.of(booking.offer).event}/orders/{booking.id}/"
                try:
                    api.post(f"{path}mark_canceled/", {"send_email": False})
                except Invalid as error:
                    raise Rejected(f"pretix lässt das nicht absagen: {error}") from None
        return replace(booking, state="cancelled")

    @hookimpl
    def booking_state(self, booking: Booking) -> Booking:
        """The order as it is there, with the time that its date has there now."""
        with self._api() as api:
            order = self._order(api, booking)
            if order is None:
                return replace(booking, state="cancelled")
            seats = [one for one in order["positions"] if not one.get("canceled")]
            date = self._date(api, Place.of(booking.offer))
        if not seats:
            return replace(booking, state="cancelled")
        start, end = _times(date or {}) or (booking.start, booking.end)
        return replace(booking, state=_state(order), start=start, end=end, quantity=len(seats))

    @hookimpl
    def health(self) -> None:
        with self._api() as api:
            for slug in self.config["events"]:
                if api.find(f"events/{slug}/") is None:
                    raise Denied(
                        f"pretix knows no event {slug}, or does not show it to this token."
                    )
                next(api.listing(f"events/{slug}/orders/", code="AAAAA"), None)

    @hookimpl
    def personal_data_export(self, person: Person) -> dict[str, Any]:
        with self._api() as api:
            orders = [self._order(api, booking) for booking in self._of(person)]
        return {
            "orders": [
                {
                    "code": order["code"],
                    "email": order.get("email"),
                    "seats": [
                        {name: seat.get(name) for name in ("attendee_name", "company")}
                        for seat in order["positions"]
                    ],
                }
                for order in orders
                if order is not None
            ]
        }

    @hookimpl
    def personal_data_erase(self, person: Person) -> None:
        """What is open is cancelled there, and names and addresses are taken out of the orders."""
        for booking in self._of(person):
            self.booking_cancel(booking, "")
            with self._api() as api:
                order = self._order(api, booking)
                if order is None:
                    continue
                event = f"events/{Place.of(booking.offer).event}"
                api.patch(f"{event}/orders/{booking.id}/", {"email": None, "comment": ""})
                for seat in order["positions"]:
                    nobody = {"attendee_name_parts": {}, "attendee_email": None, "company": None}
                    api.patch(f"{event}/orderpositions/{seat['id']}/", nobody)

    def _of(self, person: Person) -> list[Booking]:
        if self.site.database is None:
            return []
        return elsewhere.of_person(self.site.database, self.site.key, self.name, person.id)

    def _event(self, api: Api, slug: str) -> Iterator[Change]:
        event = self._shown(api, slug)
        if not event.get("live"):
            return
        products = [one for one in api.listing(f"events/{slug}/items/") if _lets_in(one)]
        dates = (
            list(api.listing(f"events/{slug}/subevents/", active="true", is_future="true"))
            if event.get("has_subevents")
            else [event]
        )
        quotas = list(api.listing(f"events/{slug}/quotas/"))
        for date in dates:
            for product in products:
                place = Place(slug, date["id"] if date is not event else 0, product["id"])
                if date is event or date.get("is_public", True):
                    yield from _change(place, event, date, product, len(products) > 1, quotas)

    def _shown(self, api: Api, slug: str) -> dict[str, Any]:
        event = api.find(f"events/{slug}/")
        if event is None:
            raise Denied(f"pretix knows no event {slug}, or does not show it to this token.")
        return event

    def _free(self, api: Api, place: Place) -> int:
        """The seats that every quota of the product still has."""
        asked = {"with_availability": "true", "items__in": str(place.item)}
        if place.date:
            asked["subevent"] = str(place.date)
        quotas = [
            one
            for one in api.listing(f"events/{place.event}/quotas/", **asked)
            if place.item in one["items"] and (one.get("subevent") or 0) == place.date
        ]
        if not quotas:  # what belongs to no quota is not sold
            return 0
        free = [
            UNLIMITED
            if one["available_number"] is None
            else one["available_number"]
            if one["available"]
            else 0
            for one in quotas
        ]
        return max(0, min(*free, UNLIMITED))

    def _order(self, api: Api, booking: Booking) -> dict[str, Any] | None:
        return api.find(f"events/{Place.of(booking.offer).event}/orders/{booking.id}/")

    def _date(self, api: Api, place: Place) -> dict[str, Any] | None:
        below = f"subevents/{place.date}/" if place.date else ""
        return api.find(f"events/{place.event}/{below}")

    @contextmanager
    def _api(self) -> Iterator[Api]:
        config = self.config
        with (
            translated(),
            Client(
                internal_hosts=self.site.internal_hosts,
                timeout=config["timeout"],
                deadline=config["timeout"],
                max_bytes=LARGEST_ANSWER,
                max_redirects=0,
            ) as client,
        ):
            yield Api(client, config["address"], config["organizer"], config["token"].reveal())


def _change(
    place: Place,
    event: Mapping[str, Any],
    date: Mapping[str, Any],
    product: Mapping[str, Any],
    named: bool,
    quotas: Sequence[Mapping[str, Any]],
) -> Iterator[Change]:
    title = text.line(_said(date["name"]) or _said(event["name"]))
    if named:
        title = f"{title}: {text.line(_said(product['name']))}"
    if product.get("has_variations"):
        yield Reject(place.source_id, "Products with variations cannot be booked from here.", title)
        return
    times = _times(date)
    if times is None:
        yield Reject(place.source_id, "It has no end (date_to) after its beginning.", title)
        return
    if times[1] <= datetime.now(UTC):
        return
    sizes = [
        one["size"]
        for one in quotas
        if place.item in one["items"] and (one.get("subevent") or 0) == place.date
    ]
    known = [size for size in sizes if size is not None]
    where = text.line(_said(date.get("location")) or _said(event.get("location")))
    price = str(product.get("default_price") or "0.00")
    yield Upsert(
        Record(
            source_id=place.source_id,
            kind=Kind.TRAINING,
            title=title,
            description=text.plain(
                _said(date.get("frontpage_text")) or _said(product.get("description"))
            ),
            access=AccessMode.BOOKING,
            place=where,
            quantity=min(known, default=None),
            events=(Event(*times, where, min(known, default=None)),),
            cost="" if float(price) == 0 else f"{price.replace('.', ',')} {event['currency']}",
        )
    )


def _lets_in(product: Mapping[str, Any]) -> bool:
    """Whether one takes part by it and may take it without more; not a lunch, not a voucher."""
    wants = ("require_voucher", "hide_without_voucher", "require_bundling", "require_membership")
    return bool(
        product.get("active")
        and product.get("admission")
        and not any(product.get(name) for name in wants)
    )


def _order(booking: BookingRequest, place: Place, code: str) -> dict[str, Any]:
    contact = booking.contact
    seat = {
        "item": place.item,
        "subevent": place.date or None,
        "company": booking.institution_name or None,
    }
    first = {
        **seat,
        "attendee_name": contact.name if contact else None,
        "attendee_email": contact.email if contact else None,
    }
    return {
        "code": code,
        "status": "n",  # free of charge it is settled at once, else it is paid in pretix
        "email": contact.email if contact else None,
        "locale": "de",
        "comment": booking.note,
        "send_email": False,
        "positions": [
            {"positionid": number, **(first if number == 1 else seat)}
            for number in range(1, booking.quantity + 1)
        ],
    }


def _code(key: str) -> str:
    """The order's code; the hub's references are fit to be one."""
    code = "".join(char for char in key.upper() if char.isascii() and char.isalnum())
    return code[-16:]


def _state(order: Mapping[str, Any]) -> str:
    try:
        return STATES[order["status"]]
    except (KeyError, TypeError):
        raise Unavailable("pretix tells an order with an unknown status.") from None


def _times(date: Mapping[str, Any]) -> tuple[datetime, datetime] | None:
    """When it takes place; None where it does not say until when."""
    try:
        start, end = (datetime.fromisoformat(date[name]) for name in ("date_from", "date_to"))
    except (KeyError, TypeError, ValueError):
        return None
    if None in (start.tzinfo, end.tzinfo) or not start < end:
        return None
    return start, end


def _said(value: Any) -> str:
    """A text of pretix, which may be in several languages, in German where there is that."""
    if isinstance(value, Mapping):
        told = [value.get(one) for one in ("de", "de-informal", "en")] + list(value.values())
        return next((str(one) for one in told if one), "")
    return str(value) if value else ""
