"""SODIX, the national pool of media for schools (FWU), which MUNDO shows: by its GraphQL interface.

The pool tells neither changes nor totals, and its order changes while it is read. So every run
first collects the ids until several readings agree on them, then takes in the documents, and ends
complete only when there was one for every id.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import marshmallow as ma

from connectors.http import Client
from connectors.sodix import Sodix as Pool
from hub import Config, Plugin, Secret, hookimpl
from hub.errors import Unavailable
from hub.formats import sodix
from hub.records import Change, Checkpoint, Delete, Grant, Reject, Scope, Upsert
from plugins.common import about, translated

EXCERPT = 500


class SodixConfig(Config):
    """Who we are at SODIX, and what of the pool is wanted."""

    address = ma.fields.Url(
        load_default="https://api.sodix.de/gql",
        schemes={"http", "https"},
        require_tld=False,
        metadata=about(
            "Adresse",
            "Address",
            "Grundadresse der Schnittstelle, ohne /graphql",
            "base address of the interface, without /graphql",
        ),
    )
    login = ma.fields.String(
        required=True,
        validate=ma.validate.Length(1, 200),
        metadata=about(
            "Benutzername",
            "User name",
            "des Zugangs zur Schnittstelle, den SODIX dem Medienzentrum gibt",
            "of the access to the interface that SODIX gives to the centre",
        ),
    )
    password = Secret(
        required=True,
        metadata=about(
            "Passwort",
            "Password",
            "desselben Zugangs; es wird nur zum Anmelden bei SODIX benutzt",
            "of the same access; it is used for logging in to SODIX only",
        ),
    )
    status = ma.fields.String(
        load_default="",
        validate=ma.validate.OneOf(["", "ACTIVATED"]),
        metadata=about(
            "Auswahl",
            "Selection",
            "welche Einträge gelesen werden",
            "which records are read",
            options={
                "": ("alles", "everything"),
                "ACTIVATED": (
                    "nur, was auf sodix.de zur Ausgabe ausgewählt ist",
                    "only what is selected for export on sodix.de",
                ),
            },
        ),
    )
    grant = ma.fields.Enum(
        Scope,
        by_value=True,
        load_default=Scope.LAND,
        validate=ma.validate.OneOf([Scope.LAND, Scope.SITE]),
        metadata=about(
            "Lizenz reicht für",
            "Licence reaches",
            "für lizenzpflichtige Medien",
            "for media that need a licence",
        ),
    )
    page_size = ma.fields.Integer(
        load_default=1000,
        validate=ma.validate.Range(1, 5000),
        metadata=about("Datensätze je Seite", "Records per page"),
    )
    max_megabytes = ma.fields.Integer(
        load_default=50,
        validate=ma.validate.Range(1, 500),
        metadata=about("Höchstgröße einer Seite in MB", "Largest page in MB"),
    )
    timeout = ma.fields.Float(
        load_default=60.0,
        validate=ma.validate.Range(1, 300),
        metadata=about("Wartezeit in Sekunden", "Seconds to wait"),
    )


class Sodix(Plugin):
    """The pool, or what is selected of it."""

    name = "sodix"
    title = {"de": "SODIX (MUNDO)", "en": "SODIX (MUNDO)"}
    description = {
        "de": "Medien des bundesweiten Pools der FWU über GraphQL.",
        "en": "Media of the national pool of FWU, over GraphQL.",
    }
    Config = SodixConfig
    hosts = ("api.sodix.de",)

    @staticmethod
    def pause(seconds: float) -> None:
        """Wait, as the pool asked for or as is decent."""
        time.sleep(seconds)

    @hookimpl
    def catalogue_changes(self, cursor: str | None) -> Iterator[Change]:
        """Everything, in each run: there is no cursor from which it could go on."""
        with translated(), self._client() as client:
            pool = self._pool(client)
            ids: set[str] = set()
            for agreed in pool.collect():
                ids = agreed or set()
                yield Checkpoint(None)  # a sign of life; reading may take long
            readable = unreadable = 0
            for documents in pool.documents(ids):
                for document in documents:
                    change = self._change(document)
                    readable += not isinstance(change, Reject)
                    unreadable += isinstance(change, Reject)
                    yield change
                if documents:
                    yield Checkpoint(None, total=len(ids))
        if unreadable and not readable:
            # Another interface than the one known here must not empty the catalogue.
            raise Unavailable(f"None of the {unreadable} records of SODIX can be read.")
        yield Checkpoint(None, complete=True, total=readable + unreadable)

    def _change(self, document: dict[str, Any]) -> Change:
        if sodix.is_deleted(document) and str(document.get("id") or "").strip():
            return Delete(str(document["id"]).strip())
        record = sodix.read(document, self._grant())
        raw = json.dumps(document, ensure_ascii=False)
        if isinstance(record, Reject):
            return Reject(record.source_id or "?", record.reason, raw[:EXCERPT])
        return Upsert(record, raw=raw)

    def _grant(self) -> Grant:
        scope: Scope = self.config["grant"]
        return Grant(scope, self.site.land if scope is Scope.LAND else self.site.key)

    @hookimpl
    def health(self) -> None:
        """Log in and ask for one record."""
        with translated(), self._client() as client:
            self._pool(client, attempts=1).check()

    def _client(self) -> Client:
        return Client(
            internal_hosts=self.site.internal_hosts,
            timeout=self.config["timeout"],
            deadline=self.config["timeout"] * 4,
            max_bytes=self.config["max_megabytes"] * 1_000_000,
        )

    def _pool(self, client: Client, attempts: int = 3) -> Pool:
        config = self.config
        return Pool(
            client,
            config["address"],
            config["login"],
            config["password"].reveal(),
            page_size=config["page_size"],
            status=config["status"],
            attempts=attempts,
            sleep=self.pause,
        )
