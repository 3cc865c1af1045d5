"""Other hubs of this kind as sources: a regional hub feeds that of the Landesmedienzentrum.

Every record keeps its origin: the hub, the site there, its name there. For each origin there is
one way: the hub itself where it is a peer, or else the one peer that may pass it on
(`passes_on`). So nothing comes twice, nothing goes round in a circle, and no way can withdraw
what another brought. What has its origin in this hub is never taken in again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from connectors.http import Client
from connectors.hub_api import HubApi, canonical
from hub import PersonalData, Plugin, SiteInfo, hookimpl
from hub.booking import elsewhere, wording
from hub.booking.progress import HOLDING
from hub.errors import Denied, Rejected, Unavailable
from hub.formats import hub_api
from hub.records import (
    Booking,
    BookingRequest,
    Change,
    Checkpoint,
    Delete,
    Offer,
    Origin,
    Person,
    Reject,
    Slot,
    Upsert,
)
from plugins.common import translated
from plugins.hub_peer import bookings
from plugins.hub_peer.bookings import Account
from plugins.hub_peer.settings import HubPeerConfig

EXCERPT = 500
PATIENCE = 6.0
"""Seconds that a hub may take for one question of somebody who wants to book."""
LARGEST_ANSWER = 2_000_000
"""Bytes of an answer about bookings."""


@dataclass(slots=True)
class _Peer:
    """A peer as it was found: `sites` are its own, by key."""

    api: HubApi
    address: str
    site: str
    passes_on: frozenset[str]
    sites: Mapping[str, str]
    up_to_date: bool = False
    """Whether `sites` was read after the changes that are being looked at."""

    def has(self, site: str) -> bool:
        """Whether the site is its own; one may have come after its list was read.

        What is rejected does not come again, so an older list must not decide.
        """
        if site not in self.sites and not self.up_to_date:
            self.sites, self.up_to_date = self.api.sites(), True
        return site in self.sites


class HubPeer(Plugin):
    """What other hubs offer, each record with where it comes from."""

    name = "hub_peer"
    title = {"de": "Anderer Medienzentren-Hub", "en": "Another hub of media centres"}
    description = {
        "de": "Der Katalog eines anderen Hubs mit Lizenzen und Herkunft, laufend nachgeführt; "
        "seine Geräte, Räume und Fortbildungen können hier gebucht werden.",
        "en": "The catalogue of another hub with licences and origin, kept up to date; its "
        "devices, rooms and courses can be booked here.",
    }
    Config = HubPeerConfig
    reads = ("peers", "accounts")
    personal_data = (
        PersonalData(
            what={
                "de": "Zeit, Anzahl, Nachricht und Angaben zum Anlass einer Buchung, ohne Namen "
                "und Adresse der Person",
                "en": "time, number, message and answers about the occasion of a booking, "
                "without the person's name and address",
            },
            purpose={
                "de": "Buchung beim Medienzentrum eines anderen Hubs im Namen dieses Zentrums",
                "en": "booking at a centre of another hub in the name of this centre",
            },
            retention={
                "de": "im Hub wie bei eigenen Buchungen; im anderen Hub nach dessen Regeln",
                "en": "in this hub as with its own bookings; in the other hub by its rules",
            },
        ),
    )

    def __init__(self, site: SiteInfo, config: dict[str, Any]) -> None:
        super().__init__(site, config)
        self._own = canonical(site.hub) if site.hub else ""
        self._known = {canonical(peer["address"]) for peer in config["peers"]}
        self._known |= {canonical(hub) for peer in config["peers"] for hub in peer["passes_on"]}
        self._accounts = {
            (canonical(one["hub"]), one["site"]): Account(
                one["token"], one["email"], one.get("institution")
            )
            for one in config["accounts"]
        }
        if self._own in self._known:
            raise ValueError(f"{self._own} is this hub itself; it cannot be its own source")

    @staticmethod
    def pause(seconds: float) -> None:
        """Wait, as the peer asked for or as is decent."""
        time.sleep(seconds)

    @hookimpl
    def catalogue_changes(self, cursor: str | None) -> Iterator[Change]:
        """All peers in turn; one that fails is named at the end, when the others are through.

        The cursor holds how far each peer was read, and whether this is a reading of everything.
        """
        state: dict[str, Any] = json.loads(cursor) if cursor else {"at": {}, "whole": True}
        at: dict[str, str] = state["at"]
        failed: Unavailable | Denied | None = None
        with self._client() as client:
            for config in self.config["peers"]:
                address = canonical(config["address"])
                try:
                    with translated(address):
                        api = self._api(client, address)
                        peer = self._look(api, config)
                        for page in api.changes(at.get(address, ""), peer.site):
                            peer.up_to_date = False
                            for item in page.items:
                                yield from self._changes(peer, item)
                            at[address] = page.cursor
                            yield Checkpoint(json.dumps(state))
                except (Unavailable, Denied) as error:
                    failed = failed or error
        if failed is not None:
            raise failed
        whole = state["whole"]
        yield Checkpoint(json.dumps({"at": at, "whole": False}), complete=whole)

    @hookimpl
    def booking_slots(
        self, offer: Offer, start: datetime, end: datetime, person: Person | None
    ) -> Sequence[Slot]:
        """What the hub says is free that keeps the books."""
        if not start < end:
            return []
        with self._booked_at(offer) as (api, _, place):
            return bookings.slots(api, place, start, end)

    @hookimpl
    def booking_create(self, request: BookingRequest, key: str) -> Booking:
        if not request.start < request.end:
            raise Rejected("Das Ende liegt nicht nach dem Anfang.")
        with self._booked_at(request.offer) as (api, account, _):
            return bookings.create(api, self.site, account, request, key)

    @hookimpl
    def booking_cancel(self, booking: Booking, key: str) -> Booking:
        with self._booked_at(booking.offer) as (api, *_):
            return bookings.cancel(api, booking)

    @hookimpl
    def booking_move(
        self, booking: Booking, start: datetime, end: datetime, quantity: int, key: str
    ) -> Booking:
        with self._booked_at(booking.offer) as (api, *_):
            return bookings.move(api, booking, start, end, quantity)

    @hookimpl
    def booking_state(self, booking: Booking) -> Booking:
        with self._booked_at(booking.offer) as (api, *_):
            return bookings.state(api, booking)

    @hookimpl
    def personal_data_export(self, person: Person) -> Mapping[str, Any]:
        return {}  # it keeps nothing, and the other hub is not told who books

    @hookimpl
    def personal_data_erase(self, person: Person) -> None:
        """What is still to come is given up there; whoever has something on loan is not forgotten
        yet."""
        if self.site.database is None:
            return
        made = elsewhere.of_person(self.site.database, self.site.key, self.name, person.id)
        for booking in made:
            if booking.state == "handed_out":
                raise Rejected(wording.not_back(booking.offer.record.title, booking.id))
        for booking in made:
            if booking.state in HOLDING:
                self.booking_cancel(booking, "")

    @hookimpl
    def health(self) -> None:
        """Each peer answers, and is the hub that it is taken for; each account may book there."""
        with self._client() as client:
            for config in self.config["peers"]:
                address = canonical(config["address"])
                with translated(address):
                    self._look(self._api(client, address, attempts=1), config)
            for (address, site), account in self._accounts.items():
                with translated(address):
                    token = account.token.reveal()
                    bookings.check(HubApi(client, address, attempts=1, token=token), address, site)

    def _look(self, api: HubApi, config: Mapping[str, Any]) -> _Peer:
        """The peer, once it has said who it is; raises `Denied` where it is another."""
        address = canonical(config["address"])
        told = api.identity()
        if told != address:
            raise Denied(
                f"The hub at {address} calls itself {told}. Its offers would bear a false origin: "
                "enter the address that it gives, or have its HUB_BASE_URL corrected."
            )
        sites = api.sites()
        site = config["site"]
        if site and site not in sites:
            raise Denied(f"The hub at {address} has no site “{site}”.")
        return _Peer(api, address, site, frozenset(map(canonical, config["passes_on"])), sites)

    def _changes(self, peer: _Peer, item: Mapping[str, Any]) -> Iterator[Change]:
        """What a change means here: one change, or none for what comes by another way."""
        try:
            origin = _origin(item["origin"])
            gone = item["withdrawn"]
            document = item["offer"]
            if not isinstance(gone, bool) or not (gone or isinstance(document, Mapping)):
                raise TypeError("neither an offer nor a tombstone")
        except (KeyError, TypeError, ValueError) as error:
            yield Reject(
                f"{peer.address}: {item.get('id')!s:.40}",
                f"the change is not as the API describes it: {error!r:.200}",
                _excerpt(item),
            )
            return
        page = _page(origin)
        if origin.hub == self._own:
            return
        if origin.hub == peer.address:
            if not gone and not peer.has(origin.site):
                yield Reject(
                    page,
                    f"{peer.address} names a site “{origin.site}” as the origin that it does not "
                    "have",
                    _excerpt(item),
                )
                return
            # The name as the list of sites has it, not as a single record claims it.
            origin = replace(
                origin,
                site_name=peer.sites.get(origin.site, origin.site_name),
                bookable=(origin.hub, origin.site) in self._accounts
                and not gone
                and bool(_availability(document)),
            )
        elif origin.hub not in peer.passes_on:
            if origin.hub not in self._known:
                # Not under the name of the offer: where it once might be passed on, it is to go.
                yield Reject(
                    f"{page} ({peer.address})",
                    f"{peer.address} gives {origin.hub} as the origin, which it may not pass on; "
                    "if it should, name that hub under “passes_on”",
                    _excerpt(item),
                )
            return
        if gone:
            yield Delete(page)
            return
        record = hub_api.read(document, page, origin)
        if isinstance(record, Reject):
            yield Reject(record.source_id, record.reason, _excerpt(item))
        else:
            # What has no address of its own is reached by its page at its origin.
            yield Upsert(replace(record, url=record.url or page), raw=_text(item))

    @contextmanager
    def _booked_at(self, offer: Offer) -> Iterator[tuple[HubApi, Account, Origin]]:
        """Where the offer is booked, asked with the account for it; raises `Denied` without one."""
        place = offer.record.origin
        account = self._accounts.get((place.hub, place.site)) if place else None
        if place is None or account is None or not place.bookable:
            raise Denied(
                f"There is no account to book {offer.record.title} with: enter one for its centre "
                "in the settings of this plugin."
            )
        with (
            translated(),
            Client(
                internal_hosts=self.site.internal_hosts,
                timeout=min(PATIENCE, self.config["timeout"]),
                deadline=min(PATIENCE, self.config["timeout"]),
                max_bytes=LARGEST_ANSWER,
                # What is moved must be told: a token goes to no address that nobody typed.
                max_redirects=0,
            ) as client,
        ):
            token = account.token.reveal()
            yield HubApi(client, place.hub, attempts=1, token=token), account, place

    def _client(self) -> Client:
        return Client(
            internal_hosts=self.site.internal_hosts,
            timeout=self.config["timeout"],
            deadline=self.config["timeout"] * 4,
            max_bytes=50_000_000,
        )

    def _api(self, client: Client, address: str, attempts: int = 3) -> HubApi:
        return HubApi(client, address, attempts=attempts, sleep=self.pause)


def _origin(told: Mapping[str, Any]) -> Origin:
    hub, key, name = told["hub"], told["site"]["key"], told["site"]["name"]
    number = told["offer_id"]
    if not all(isinstance(part, str) and part for part in (hub, key, name)):
        raise TypeError("the origin is incomplete")
    if type(number) is not int or not 0 < number < 2**31:
        raise TypeError("the origin has no number")
    return Origin(canonical(hub), key, name, number)


def _availability(document: Any) -> Any:
    """Where an offer says what is free; hubs that are older do not have it."""
    links = document.get("links")
    return links.get("availability") if isinstance(links, Mapping) else None


def _page(origin: Origin) -> str:
    """Its page at its origin: the same by whatever way it comes, and different for any two."""
    return f"{origin.hub}/angebot/{origin.offer_id}"


def _excerpt(item: Mapping[str, Any]) -> str:
    return _text(item)[:EXCERPT]


def _text(item: Mapping[str, Any]) -> str:
    return json.dumps(item, ensure_ascii=False)
