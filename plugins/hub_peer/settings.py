"""Which hubs are taken in, what each may pass on, and with which accounts is booked there."""

from __future__ import annotations

from typing import Any

import marshmallow as ma

from connectors.hub_api import canonical
from hub import Config, Secret
from plugins.common import about


class AccountConfig(ma.Schema):
    """An account of this site at a site of another hub, in whose name is booked there."""

    hub = ma.fields.Url(
        required=True,
        schemes={"http", "https"},
        require_tld=False,
        metadata=about("Hub", "Hub", "Adresse, wie sie oben steht", "address as it stands above"),
    )
    site = ma.fields.String(
        required=True,
        validate=ma.validate.Regexp(r"[a-z0-9-]{1,80}\Z"),
        metadata=about(
            "Zentrum dort",
            "Centre there",
            "Kürzel des Zentrums, bei dem gebucht wird",
            "key of the centre at which is booked",
        ),
    )
    token = Secret(
        required=True,
        metadata=about(
            "API-Token",
            "API token",
            "dort unter „Konto“ für dieses Zentrum angelegt, mit dem Recht zu buchen",
            "made there under “account” for this centre, with the right to book",
        ),
    )
    email = ma.fields.Email(
        required=True,
        metadata=about(
            "E-Mail-Adresse für Rückfragen",
            "E-mail address for questions",
            "des eigenen Medienzentrums: Das Zentrum dort wendet sich an euch, nicht an die "
            "Person, die gebucht hat",
            "of your own centre: the centre there turns to you, not to the person who booked",
        ),
    )
    institution = ma.fields.Integer(
        strict=True,
        validate=ma.validate.Range(1, 2**31 - 1),
        metadata=about(
            "Nummer der Einrichtung",
            "Number of the institution",
            "in deren Namen das Konto dort bucht; leer: privat",
            "in whose name the account books there; empty: privately",
        ),
    )


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
        metadata=about(
            "Hubs",
            "Hubs",
            "die anderen Hubs, deren Angebote hier erscheinen sollen",
            "the other hubs whose offers shall appear here",
        ),
    )
    accounts = ma.fields.List(
        ma.fields.Nested(AccountConfig),
        load_default=list,
        validate=ma.validate.Length(max=200),
        metadata=about(
            "Buchen bei",
            "Book at",
            "Zentren, deren Geräte, Räume und Fortbildungen hier gebucht werden können",
            "centres whose devices, rooms and courses can be booked here",
        ),
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

    @ma.validates_schema
    def one_account_for_each(self, data: dict[str, Any], **_: Any) -> None:
        """A booking is asked for with the account with which it was made."""
        hubs = {canonical(peer["address"]) for peer in data["peers"]}
        seen: set[tuple[str, str]] = set()
        for account in data["accounts"]:
            place = canonical(account["hub"]), account["site"]
            if place[0] not in hubs:
                raise ma.ValidationError(f"{place[0]} is none of the hubs above.", "accounts")
            if place in seen:
                raise ma.ValidationError(f"Two accounts are for {' '.join(place)}.", "accounts")
            seen.add(place)
