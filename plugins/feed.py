"""Feeds of other systems: RSS 2.0, AMB as JSON and ELIXIER, from an address or a file."""

from __future__ import annotations

from typing import Any

import marshmallow as ma

from hub import Config, Plugin
from hub.records import AccessMode, Kind
from plugins.common import about


class FeedConfig(Config):
    """Where the feed is, and what holds for every item that does not say otherwise."""

    address = ma.fields.Url(
        schemes={"http", "https"},
        require_tld=False,
        metadata=about(
            "Adresse",
            "Address",
            "http oder https; entweder Adresse oder Datei",
            "http or https; either an address or a file",
        ),
    )
    file = ma.fields.String(
        validate=ma.validate.Length(1, 300),
        metadata=about(
            "Datei",
            "File",
            "Name im Dateiordner des Standorts",
            "Name in the folder of the site's files",
        ),
    )
    format = ma.fields.String(
        load_default="auto",
        validate=ma.validate.OneOf(["auto", "rss", "amb", "elixier"]),
        metadata=about("Format", "Format"),
    )
    kind = ma.fields.Enum(
        Kind, by_value=True, load_default=Kind.MEDIUM, metadata=about("Angebotsart", "Kind")
    )
    access = ma.fields.Enum(
        AccessMode,
        by_value=True,
        metadata=about(
            "Zugang",
            "Access",
            "gilt, wo der Eintrag nichts sagt",
            "holds where the item says nothing",
        ),
    )
    language = ma.fields.String(
        load_default="",
        validate=ma.validate.Regexp(r"^([a-z]{2,3}(-[A-Za-z0-9]{2,8})*)?$"),
        metadata=about(
            "Sprache",
            "Language",
            "de; nur, wenn alle Einträge ohne Angabe in ihr geschrieben sind",
            "de; only when every item without its own language is written in it",
        ),
    )
    licence = ma.fields.String(
        load_default="",
        validate=ma.validate.Length(max=300),
        metadata=about("Lizenz", "Licence", "Adresse oder Name", "address or name"),
    )
    publisher = ma.fields.String(
        load_default="",
        validate=ma.validate.Length(max=300),
        metadata=about("Herausgeber", "Publisher"),
    )
    subjects = ma.fields.List(
        ma.fields.String(validate=ma.validate.Regexp(r"^[0-9A-Za-z]{2,11}$")),
        load_default=list,
        metadata=about("Sachgebiete", "Subjects", "EAF-Nummern: 080", "EAF codes: 080"),
    )
    levels = ma.fields.List(
        ma.fields.String(validate=ma.validate.Regexp(r"^[a-z_0-9]{3,40}$")),
        load_default=list,
        metadata=about("Bildungsstufen", "Levels", "sekundarstufe_1", "sekundarstufe_1"),
    )
    max_items = ma.fields.Integer(
        load_default=20_000,
        validate=ma.validate.Range(1, 200_000),
        metadata=about("Höchstzahl der Einträge", "Most items"),
    )
    max_megabytes = ma.fields.Integer(
        load_default=50,
        validate=ma.validate.Range(1, 500),
        metadata=about("Höchstgröße in MB", "Largest size in MB"),
    )
    timeout = ma.fields.Float(
        load_default=30.0,
        validate=ma.validate.Range(1, 300),
        metadata=about("Wartezeit in Sekunden", "Seconds to wait"),
    )

    @ma.validates_schema
    def _one_source(self, data: dict[str, Any], **_: Any) -> None:
        if ("address" in data) == ("file" in data):
            raise ma.ValidationError("Give either an address or a file.", "address")


class Feed(Plugin):
    """One feed; a document that was read to its end is the whole of what the source offers."""

    name = "feed"
    title = {"de": "Feed (RSS, AMB, ELIXIER)", "en": "Feed (RSS, AMB, ELIXIER)"}
    description = {
        "de": "Übernimmt Einträge aus RSS 2.0, AMB-JSON oder ELIXIER-XML.",
        "en": "Takes in items from RSS 2.0, AMB JSON or ELIXIER XML.",
    }
    Config = FeedConfig
