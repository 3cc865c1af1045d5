"""Other hubs of this kind as sources: a regional hub feeds that of the Landesmedienzentrum.

Every record keeps its origin: the hub, the site there, its name there. For each origin there is
one way: the hub itself where it is a peer, or else the one peer that may pass it on
(`passes_on`). So nothing comes twice, nothing goes round in a circle, and no way can withdraw
what another brought. What has its origin in this hub is never taken in again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import marshmallow as ma

from connectors.http import Client
from connectors.hub_api import HubApi, canonical
from hub import Config, Plugin, SiteInfo, hookimpl
from hub.errors import Denied, Unavailable
from hub.formats import hub_api
from hub.records import Change, Checkpoint, Delete, Origin, Reject, Upsert
from plugins.common import about, translated

EXCERPT = 500


class PeerConfig(ma.Schema):
    """A hub whose catalogue is taken in."""

    address = ma.fields.Url(
        required=True,
        schemes={"http", "https"},
        require_tld=False,
        metadata=about(
            "Adresse",
            "Address",
            "Adresse der Startseite, wie der andere Hub sie nennt",
            "address of its start page, as the other hub calls itself",
        ),
    )
    site = ma.fields.String(
        load_default="",
        validate=ma.validate.Regexp(r"[a-z0-9-]{0,80}\Z"),
        metadata=about(
            "Nur dieses Zentrum",
            "Only this centre",
            "Kürzel eines Zentrums dort; leer: alle",
            "key of a centre there; empty: all",
        ),
    )
    passes_on = ma.fields.List(
        ma.fields.Url(schemes={"http", "https"}, require_tld=False),
        load_default=list,
        validate=ma.validate.Length(max=100),
        metadata=about(
            "Gibt weiter",
            "Passes on",
            "Adressen weiterer Hubs, deren Angebote über diesen kommen dürfen",
            "addresses of further hubs whose offers may come by way of this one",
        ),
    )


class HubPeerConfig(Config):
    """Which hubs, and what each of them may pass on."""

    peers = ma.fields.List(
        ma.fields.Nested(PeerConfig),
        required=True,
        validate=ma.validate.Length(1, 50),
        metadata=about("Hubs", "Hubs"),
    )
    timeout = ma.fields.Float(
        load_default=30.0,
        validate=ma.validate.Range(1, 300),
        metadata=about("Wartezeit in Sekunden", "Seconds to wait"),
    )

    @ma.validates_schema
    def one_way_for_each(self, data: dict[str, Any], **_: Any) -> None:
        """A hub that could come by two ways would come twice, and each would undo the other."""
        ways: set[str] = set()
        for peer in data["peers"]:
            for address in (peer["address"], *peer["passes_on"]):
                way = canonical(address)
                if way in ways:
                    raise ma.ValidationError(
                        f"{way} is named twice: each hub comes by one way only", "peers"
                    )
                ways.add(way)


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
        "de": "Der Katalog eines anderen Hubs mit Lizenzen und Herkunft, laufend nachgeführt.",
        "en": "The catalogue of another hub with licences and origin, kept up to date.",
    }
    Config = HubPeerConfig

    def __init__(self, site: SiteInfo, config: dict[str, Any]) -> None:
        super().__init__(site, config)
        self._own = canonical(site.hub) if site.hub else ""
        self._known = {canonical(peer["address"]) for peer in config["peers"]}
        self._known |= {canonical(hub) for peer in config["peers"] for hub in peer["passes_on"]}
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
    def health(self) -> None:
        """Each peer answers, and is the hub that it is taken for."""
        with self._client() as client:
            for config in self.config["peers"]:
                address = canonical(config["address"])
                with translated(address):
                    self._look(self._api(client, address, attempts=1), config)

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
            origin = replace(origin, site_name=peer.sites.get(origin.site, origin.site_name))
        elif origin.hub not in peer.passes_on:
            if origin.hub not in self._known:
                yield Reject(
                    page,
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
            yield Upsert(replace(record, url=record.url or page))

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


def _page(origin: Origin) -> str:
    """Its page at its origin: the same by whatever way it comes, and different for any two."""
    return f"{origin.hub}/angebot/{origin.offer_id}"


def _excerpt(item: Mapping[str, Any]) -> str:
    return json.dumps(item, ensure_ascii=False)[:EXCERPT]
