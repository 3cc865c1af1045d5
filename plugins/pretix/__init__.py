"""Trainings whose seats are sold or given away in pretix.

Each date of an event and product there is an offer here; its seats are those of the quotas, asked
for live. A booking is an order whose code is the booking's reference, which pretix takes only once:
said again after whatever went wrong, it is found and not placed twice.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from flask import Blueprint, g, request

from connectors.http import Client
from connectors.pretix import Invalid
from connectors.pretix import Pretix as Api
from hub import PersonalData, Plugin, hookimpl, machine
from hub.booking import elsewhere
from hub.booking.progress import HOLDING
from hub.errors import Denied, Rejected, Unavailable
from hub.records import (
    Booking,
    BookingRequest,
    Change,
    Checkpoint,
    Contact,
    Offer,
    Person,
    Slot,
)
from plugins.common import translated
from plugins.pretix.moving import change, seats_of
from plugins.pretix.reading import Place, changes, lets_in, times
from plugins.pretix.settings import PretixConfig

UNLIMITED = 1_000
"""Seats that are told where a quota has no size."""
STATES = {"n": "requested", "p": "confirmed", "e": "expired", "c": "cancelled"}
"""Of an order: pending (to be paid or approved), paid or free of charge, expired, cancelled."""
WAITS = "-W"
"""In the id of a booking, between the order's code and the number on the waiting list."""
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
    waiting_list = True
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
        code, once = _code(key), f"{self.site.key}-{key}"
        made = Booking(code, request.offer, "", request.start, request.end, request.quantity)
        with self._api() as api:
            order = api.find(f"{place.orders}{code}/")
            if order is None:
                if self._free(api, place) < request.quantity:
                    if not request.waiting:
                        raise Rejected("So viele Plätze sind nicht mehr frei.")
                    entry = _wait(api, request, place, once)
                    return replace(made, id=f"{code}{WAITS}{entry['id']}", state="waiting")
                try:
                    order = api.post(place.orders, _order(request, place, code), once)
                except Invalid as error:
                    order = api.find(f"{place.orders}{code}/")  # somebody of us was faster
                    if order is None:
                        raise Rejected(f"pretix nimmt die Anmeldung nicht an: {error}") from None
        return replace(made, state=_state(order))

    @hookimpl
    def booking_cancel(self, booking: Booking, key: str) -> Booking:
        place = Place.of(booking.offer)
        with self._api() as api:
            order = self._order(api, booking)
            if order is not None and _state(order) in HOLDING:
                path = f"{place.orders}{order['code']}/mark_canceled/"
                try:
                    api.post(path, {"send_email": False})
                except Invalid as error:
                    raise Rejected(f"pretix lässt das nicht absagen: {error}") from None
            entry = self._entry(api, booking) if order is None else None
            if entry is not None and not entry["voucher"]:  # a voucher lapses by itself
                api.delete(f"{place.waiting}{entry['id']}/")
        return replace(booking, state="cancelled")

    @hookimpl
    def booking_dates(self, booking: Booking) -> Mapping[str, int]:
        """The other dates of the series that are still to come."""
        place = Place.of(booking.offer)
        if not place.date:
            return {}
        with self._api() as api:
            quotas = list(self._quotas(api, place.event, place.item))
            return {
                other.source_id: _seats(quotas, other)
                for date in self._dates(api, place.event)
                if (other := replace(place, date=date["id"])) != place
            }

    @hookimpl
    def booking_move(
        self,
        booking: Booking,
        offer: Offer,
        start: datetime,
        end: datetime,
        quantity: int,
        key: str,
    ) -> Booking:
        """One change of the order, which pretix does as a whole or not at all: as far as the order
        is not yet so, so that after a lost answer nothing is done twice."""
        place, shall = Place.of(booking.offer), Place.of(offer)
        if replace(shall, date=place.date) != place:
            raise Rejected("Das ist kein Termin derselben Veranstaltung.")
        with self._api() as api:
            order = self._order(api, booking)
            if order is None or _state(order) not in HOLDING:
                raise Rejected("Die Anmeldung gibt es in pretix nicht mehr.")
            if wanted := change(order, shall, quantity):
                path = f"{place.orders}{order['code']}/change/"
                try:
                    order = api.post(path, wanted, f"{self.site.key}-{key}")
                except Invalid as error:
                    raise Rejected(f"pretix nimmt die Änderung nicht an: {error}") from None
            if change(order, shall, quantity):
                raise Unavailable("pretix hat die Anmeldung nicht so geändert wie gewünscht.")
        return replace(
            booking, offer=offer, state=_state(order), start=start, end=end, quantity=quantity
        )

    @hookimpl
    def booking_state(self, booking: Booking) -> Booking:
        """The order as it is there, with the time that its date has there now."""
        place = Place.of(booking.offer)
        with self._api() as api:
            order = self._order(api, booking)
            if order is None:
                entry = self._entry(api, booking)
                if entry is None:
                    return replace(booking, state="cancelled")
                if not entry["voucher"]:
                    return replace(booking, state="waiting")
                order = self._redeem(api, booking, place, entry)
            seats = seats_of(order)
            if not seats:
                return replace(booking, state="cancelled")
            # Whoever looks after the courses may have moved it to another date there.
            date = self._date(api, replace(place, date=seats[0].get("subevent") or 0))
        start, end = times(date or {}) or (booking.start, booking.end)
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
                api.patch(f"{event}/orders/{order['code']}/", {"email": None, "comment": ""})
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
        products = [one for one in api.listing(f"events/{slug}/items/") if lets_in(one)]
        dates = self._dates(api, slug) if event.get("has_subevents") else [event]
        quotas = list(api.listing(f"events/{slug}/quotas/"))
        for date in dates:
            for product in products:
                place = Place(slug, date["id"] if date is not event else 0, product["id"])
                yield from changes(place, event, date, product, len(products) > 1, quotas)

    def _dates(self, api: Api, slug: str) -> list[dict[str, Any]]:
        """The dates of a series that everybody may see and that are still to come."""
        dates = api.listing(f"events/{slug}/subevents/", active="true", is_future="true")
        return [one for one in dates if one.get("is_public", True)]

    def _shown(self, api: Api, slug: str) -> dict[str, Any]:
        event = api.find(f"events/{slug}/")
        if event is None:
            raise Denied(f"pretix knows no event {slug}, or does not show it to this token.")
        return event

    def _free(self, api: Api, place: Place) -> int:
        """The seats that every quota of the product still has."""
        return _seats(list(self._quotas(api, place.event, place.item, place.date)), place)

    def _quotas(self, api: Api, slug: str, item: int, date: int = 0) -> Iterator[dict[str, Any]]:
        """The quotas of a product with what they still have, of one date or of all."""
        asked = {"with_availability": "true", "items__in": str(item)}
        if date:
            asked["subevent"] = str(date)
        return api.listing(f"events/{slug}/quotas/", **asked)

    def _order(self, api: Api, booking: Booking) -> dict[str, Any] | None:
        code = booking.id.partition(WAITS)[0]
        return api.find(f"{Place.of(booking.offer).orders}{code}/")

    def _entry(self, api: Api, booking: Booking) -> dict[str, Any] | None:
        """The entry of a booking on the waiting list."""
        number = booking.id.partition(WAITS)[2]
        return api.find(f"{Place.of(booking.offer).waiting}{number}/") if number else None

    def _redeem(
        self, api: Api, booking: Booking, place: Place, entry: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Order with the voucher that came to who waited; raises `Rejected` where it has lapsed."""
        voucher = api.find(f"events/{place.event}/vouchers/{entry['voucher']}/")
        if voucher is None:
            raise Rejected("Der Platz von der Warteliste wurde in pretix zurückgenommen.")
        code = booking.id.partition(WAITS)[0]
        name = (entry.get("name_parts") or {}).get("full_name") or entry.get("name") or ""
        contact = Contact(name, entry["email"])
        asked = BookingRequest(
            booking.offer, Person(""), booking.start, booking.end, contact=contact
        )
        order = _order(asked, place, code)
        order["positions"][0]["voucher"] = voucher["code"]
        try:
            return api.post(place.orders, order, f"{self.site.key}-{code}-voucher")
        except Invalid as error:
            raise Rejected(f"pretix nimmt die Anmeldung nicht an: {error}") from None

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


def _seats(quotas: Sequence[Mapping[str, Any]], place: Place) -> int:
    """What all quotas of the product on this date still have."""
    free = [
        UNLIMITED
        if one["available_number"] is None
        else one["available_number"]
        if one["available"]
        else 0
        for one in quotas
        if place.item in one["items"] and (one.get("subevent") or 0) == place.date
    ]
    # What belongs to no quota is not sold.
    return max(0, min(*free, UNLIMITED)) if free else 0


def _wait(api: Api, request: BookingRequest, place: Place, key: str) -> dict[str, Any]:
    """Put who asks on the list, or find them there."""
    contact = request.contact
    if request.quantity != 1 or contact is None:
        raise Rejected("Warten kann man in pretix nur auf je einen Platz.")
    name = {"_scheme": "full", "full_name": contact.name}
    who = {"item": place.item, "subevent": place.date or None, "email": contact.email}
    try:
        return api.post(place.waiting, {**who, "name_parts": name, "locale": "de"}, key)
    except Invalid as error:
        asked = {name: str(value) for name, value in who.items() if value is not None}
        for entry in api.listing(place.waiting, has_voucher="false", **asked):
            return entry
        raise Rejected(f"pretix nimmt nicht auf die Warteliste auf: {error}") from None


def _order(booking: BookingRequest, place: Place, code: str) -> dict[str, Any]:
    contact = booking.contact
    seat = {
        "item": place.item,
        "subevent": place.date or None,
        "company": booking.institution_name or None,
    }
    first = {
        **seat,
        "attendee_name": (contact.name or None) if contact else None,
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
