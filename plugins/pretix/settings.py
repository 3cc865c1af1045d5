"""What a centre says about its account of pretix."""

from __future__ import annotations

import marshmallow as ma

from hub import Config, Secret
from plugins.common import about


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
            "von einem Team, das Veranstaltungen und Gutscheine lesen sowie Bestellungen lesen und "
            "ändern darf",
            "of a team that may read events and vouchers, and read and change orders",
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
