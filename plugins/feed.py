"""Feeds of other systems: RSS 2.0, AMB as JSON and ELIXIER, from an address or a file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from hashlib import blake2b
from typing import Any

import marshmallow as ma
from lxml import etree

from connectors import feed, files, http
from hub import Config, Plugin, hookimpl
from hub.errors import Unavailable
from hub.formats import amb, elixier, fieldmap, rss, words
from hub.records import AccessMode, Change, Checkpoint, Kind, Record, Reject, Upsert
from plugins.common import about, translated

MAX_EXCERPT = 500


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
        metadata=about(
            "Format",
            "Format",
            options={
                "auto": ("von selbst erkennen", "recognise it"),
                "rss": ("RSS 2.0", "RSS 2.0"),
                "amb": ("AMB (JSON)", "AMB (JSON)"),
                "elixier": ("ELIXIER (XML)", "ELIXIER (XML)"),
            },
        ),
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
            "gilt für alle Einträge; leer: was der Eintrag sagt, sonst offen",
            "holds for all items; empty: what the item says, else open",
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
    maps = fieldmap.FILLED

    @hookimpl
    def catalogue_changes(self, cursor: str | None) -> Iterator[Change]:
        """Every item of the feed, or none when nothing changed since the cursor."""
        then = self._seen(cursor)
        with translated():
            answer = self._fetch(then)
        if answer is None or answer.digest == then.get("digest"):
            now = {**then, **(answer.validators if answer else {})}
            yield Checkpoint(json.dumps(now))
            return
        with translated():
            document = self._parse(answer)
        changes = list(self._changes(document))
        if changes and not any(isinstance(change, Upsert) for change in changes):
            # An error page in JSON or a feed of another world must not empty the catalogue.
            reasons = {change.reason for change in changes if isinstance(change, Reject)}
            raise Unavailable(
                f"None of the {len(changes)} entries can be read: {'; '.join(sorted(reasons)[:3])}."
            )
        yield from changes
        now = {**answer.validators, "digest": answer.digest, "config": self._config_digest()}
        yield Checkpoint(json.dumps(now), complete=True, total=len(changes))

    @hookimpl
    def health(self) -> None:
        with translated():
            answer = self._fetch({})
            if answer is not None:
                self._parse(answer)

    def _seen(self, cursor: str | None) -> dict[str, str]:
        """What was there the last time; nothing when the configuration has changed since."""
        try:
            then = json.loads(cursor or "{}")
        except ValueError:
            return {}
        known = isinstance(then, dict) and then.get("config") == self._config_digest()
        return then if known else {}

    def _config_digest(self) -> str:
        shown = json.dumps(self.config, sort_keys=True, default=str)
        return blake2b(shown.encode(), digest_size=8).hexdigest()

    def _fetch(self, then: dict[str, str]) -> feed.Answer | None:
        max_bytes = self.config["max_megabytes"] * 1_000_000
        if "file" in self.config:
            path = files.inside(self.site.files, self.config["file"])
            return feed.Answer(files.read(path, max_bytes), "", {})
        ask = {name: value for name, value in then.items() if name.startswith("If-")}
        with http.Client(
            internal_hosts=self.site.internal_hosts,
            timeout=self.config["timeout"],
            max_bytes=max_bytes,
            retries=2,
        ) as client:
            return feed.fetch(client, self.config["address"], ask)

    def _parse(self, answer: feed.Answer) -> feed.Document:
        expected = self.config["format"]
        return feed.parse(
            answer.content,
            charset=answer.charset,
            expected=None if expected == "auto" else expected,
            max_entries=self.config["max_items"],
        )

    def _changes(self, document: feed.Document) -> Iterator[Change]:
        seen: dict[str, int] = {}
        for place, entry in enumerate(document.entries, 1):
            if isinstance(entry, feed.Broken):
                yield Reject(entry.place, entry.reason, entry.excerpt)
                continue
            record = _read(document, entry, self.config["kind"])
            if isinstance(record, Reject):
                yield Reject(
                    record.source_id or f"entry {place}", record.reason, _raw(entry)[:MAX_EXCERPT]
                )
                continue
            # Feeds give the same id twice; the second is kept under a name that stays the same
            # as long as their order does.
            times = seen[record.source_id] = seen.get(record.source_id, 0) + 1
            if times > 1:
                record = replace(record, source_id=f"{record.source_id}#{times}")
            yield Upsert(self._with_defaults(record), _words(entry), _raw(entry))

    def _with_defaults(self, record: Record) -> Record:
        config = self.config
        access = record.access if record.kind is Kind.MEDIUM else AccessMode.REQUEST
        return replace(
            record,
            access=config.get("access", access),
            languages=record.languages or tuple(filter(None, [config["language"]])),
            licence=record.licence or config["licence"],
            publishers=record.publishers or tuple(filter(None, [config["publisher"]])),
            subjects=record.subjects or tuple(config["subjects"]),
            levels=record.levels or tuple(config["levels"]),
        )


def _read(document: feed.Document, entry: Any, kind: Kind) -> Record | Reject:
    if document.format == "rss":
        return rss.read(entry, document.base, kind)
    if document.format == "elixier":
        return elixier.read(entry, kind)
    return amb.read(entry, kind)


def _words(entry: etree._Element | dict[str, Any]) -> fieldmap.Words:
    return words.of_object(entry) if isinstance(entry, dict) else words.of_element(entry)


def _raw(entry: etree._Element | dict[str, Any]) -> str:
    if isinstance(entry, dict):
        return json.dumps(entry, ensure_ascii=False)
    shown: str = etree.tostring(entry, encoding="unicode", with_tail=False)
    return shown
