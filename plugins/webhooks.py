"""Changes of bookings for another system of the centre, as signed webhooks (Standard Webhooks)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import marshmallow as ma

from connectors import http, standard_webhooks
from hub import Config, PersonalData, Plugin, Secret, SiteInfo, hookimpl
from hub.records import Booking
from plugins.common import about, translated

TIMEOUT = 4.0
"""Seconds; less than the hub waits for what it tells."""
LONGEST_ANSWER = 100_000


class WebhooksConfig(Config):
    """Where changes are sent, and what they are signed with."""

    address = ma.fields.Url(
        required=True,
        schemes={"http", "https"},
        require_tld=False,
        metadata=about(
            "Adresse",
            "Address",
            "Dorthin wird jede Änderung per POST geschickt.",
            "Each change is sent there by POST.",
        ),
    )
    secret = Secret(
        required=True,
        metadata=about(
            "Geheimnis",
            "Secret",
            "whsec_ und 24 bis 64 zufällige Bytes in Base64, wie bei Standard Webhooks; der "
            "Empfänger prüft damit die Unterschrift.",
            "whsec_ and 24 to 64 random bytes in Base64, as in Standard Webhooks; the receiver "
            "checks the signature with it.",
        ),
    )


class Webhooks(Plugin):
    """Sends each change once the hub has committed it; the hub repeats what was not taken."""

    name = "webhooks"
    title = {"de": "Webhooks", "en": "Webhooks"}
    description = {
        "de": "Meldet einem anderen System jede Änderung einer Buchung, unterschrieben und "
        "ohne Namen von Personen.",
        "en": "Tells another system of each change of a booking, signed and without names of "
        "persons.",
    }
    category = "booking"
    Config = WebhooksConfig
    personal_data = (
        PersonalData(
            what={
                "de": "Kennung, Gegenstand, Zeit und Stand von Buchungen, ohne Namen",
                "en": "reference, thing, time and state of bookings, without names",
            },
            purpose={
                "de": "Weitergabe an ein System des Medienzentrums",
                "en": "passing on to a system of the centre",
            },
            retention={
                "de": "im Hub keine; beim empfangenden System nach dessen Regeln",
                "en": "none in the hub; at the receiving system by its rules",
            },
        ),
    )

    def __init__(self, site: SiteInfo, config: dict[str, Any]) -> None:
        super().__init__(site, config)
        standard_webhooks.key_of(config["secret"].reveal())

    @hookimpl
    def booking_changed(self, booking: Booking, event: str, key: str) -> None:
        """One change; the id is the same whenever it is sent again."""
        self._send(f"booking.{event}", self._data(booking), key)

    @hookimpl
    def health(self) -> None:
        """Send a signed message that says nothing: only its receiver can tell that all fits."""
        self._send("hub.test", {}, f"test-{uuid4()}")

    @hookimpl
    def personal_data_export(self, person: Any) -> dict[str, Any]:
        return {}  # it keeps nothing

    @hookimpl
    def personal_data_erase(self, person: Any) -> None:
        """It keeps nothing; the hub cancels what is open, and that is sent as every change."""

    def _data(self, booking: Booking) -> dict[str, Any]:
        return {
            "site": self.site.key,
            "booking": booking.id,
            "state": booking.state,
            "start": booking.start.isoformat(),
            "end": booking.end.isoformat(),
            "quantity": booking.quantity,
            "offer": {
                "id": booking.offer.id or None,
                "source_id": booking.offer.record.source_id,
                "kind": booking.offer.record.kind.value,
                "title": booking.offer.record.title,
            },
        }

    def _send(self, kind: str, data: dict[str, Any], key: str) -> None:
        now = datetime.now(UTC)
        body = json.dumps(
            {"type": kind, "timestamp": now.isoformat(timespec="seconds"), "data": data},
            ensure_ascii=False,
        ).encode()
        signed = standard_webhooks.headers(
            standard_webhooks.key_of(self.config["secret"].reveal()),
            f"{self.site.key}-{key}",
            int(now.timestamp()),
            body,
        )
        with (
            translated(),
            http.Client(
                internal_hosts=self.site.internal_hosts,
                timeout=TIMEOUT,
                deadline=TIMEOUT,
                max_bytes=LONGEST_ANSWER,
                max_redirects=0,
            ) as client,
        ):
            client.post(self.config["address"], data=body, headers=signed)
