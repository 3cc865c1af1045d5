"""edu-sharing, the software of WirLernenOnline and other repositories, by REST search or OAI-PMH.

The search can be narrowed and tells the most of each node; repositories give only so many hits
by it (some ten thousand, as a rule). OAI-PMH gives everything, as LOM. Each run by the search is
a full one; OAI-PMH goes on where its provider keeps track of changes.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import marshmallow as ma

from connectors.edu_sharing import Credentials, oai_address
from connectors.edu_sharing import EduSharing as Repository
from connectors.http import Client
from hub import Config, Plugin, Secret, SiteInfo, hookimpl
from hub.errors import Unavailable
from hub.formats import edu_sharing
from hub.records import Change, Checkpoint, Document, Grant, Record, Reject, Scope, Upsert
from plugins.common import about, translated
from plugins.oai_pmh import OaiPmh

EXCERPT = 500


class EduSharingConfig(Config):
    """Where the repository is, by which way it is read, and what of it is wanted."""

    address = ma.fields.Url(
        required=True,
        schemes={"http", "https"},
        require_tld=False,
        validate=ma.validate.Regexp(r"^[^?#]*/edu-sharing/?$"),
        metadata=about(
            "Adresse",
            "Address",
            "Grundadresse, endet mit /edu-sharing",
            "base address, ends with /edu-sharing",
        ),
    )
    listing = ma.fields.String(
        load_default="search",
        validate=ma.validate.OneOf(["search", "oai", "none"]),
        metadata=about(
            "Bestand lesen über",
            "List the stock by",
            "OAI-PMH für sehr große Bestände",
            "OAI-PMH for very large stocks",
            options={
                "search": ("Suche", "a search"),
                "oai": ("OAI-PMH", "OAI-PMH"),
                "none": ("nicht lesen", "do not read it"),
            },
        ),
    )
    live_search = ma.fields.Boolean(
        load_default=False,
        metadata=about(
            "Live durchsuchen",
            "Search live",
            "bei jeder Suche fragen; für Bestände, die der Hub nicht lesen darf",
            "ask at each search; for stocks that the hub may not read",
        ),
    )
    query = ma.fields.String(
        load_default="",
        validate=ma.validate.Length(max=200),
        metadata=about(
            "Suchwörter",
            "Search words",
            "leer: alles; nur bei der Suche",
            "empty: everything; for the search only",
        ),
    )
    criteria = ma.fields.List(
        ma.fields.String(
            validate=[ma.validate.Length(max=500), ma.validate.Regexp(r"^[\w:.-]+=.+$")]
        ),
        load_default=list,
        metadata=about(
            "Bedingungen",
            "Criteria",
            "Eigenschaft=Wert, etwa ccm:replicationsource=…; nur bei der Suche",
            "property=value, ccm:replicationsource=… say; for the search only",
        ),
    )
    metadata_set = ma.fields.String(
        load_default="-default-",
        validate=ma.validate.Regexp(r"^[A-Za-z0-9_-]{1,100}$"),
        metadata=about("Metadatensatz", "Metadata set", "etwa mds_oeh", "mds_oeh say"),
    )
    sets = ma.fields.List(
        ma.fields.String(validate=ma.validate.Length(1, 200)),
        load_default=list,
        metadata=about("Sets", "Sets", "leer: alles; nur OAI-PMH", "empty: all; OAI-PMH only"),
    )
    user = ma.fields.String(
        load_default="",
        validate=ma.validate.Regexp(r"^[^:\x00-\x1f]{0,200}$"),
        metadata=about(
            "Benutzer",
            "User",
            "leer: als Gast; nur bei der Suche",
            "empty: as a guest; for the search only",
        ),
    )
    password = Secret(
        metadata=about(
            "Passwort",
            "Password",
            "zum Benutzernamen; ohne beide liest der Hub nur, was öffentlich ist",
            "for the user name; without both the hub reads only what is public",
        )
    )
    grant = ma.fields.Enum(
        Scope,
        by_value=True,
        validate=ma.validate.OneOf([Scope.LAND, Scope.SITE]),
        metadata=about(
            "Lizenz reicht für",
            "Licence reaches",
            "für lizenzpflichtige Medien",
            "for media that need a licence",
        ),
    )
    page_size = ma.fields.Integer(
        load_default=100,
        validate=ma.validate.Range(1, 500),
        metadata=about("Datensätze je Seite", "Records per page"),
    )
    max_megabytes = ma.fields.Integer(
        load_default=50,
        validate=ma.validate.Range(1, 500),
        metadata=about("Höchstgröße einer Seite in MB", "Largest page in MB"),
    )
    timeout = ma.fields.Float(
        load_default=30.0,
        validate=ma.validate.Range(1, 300),
        metadata=about("Wartezeit in Sekunden", "Seconds to wait"),
    )

    @ma.validates_schema
    def _user_needs_a_password(self, data: dict[str, Any], **_: Any) -> None:
        if bool(data.get("user")) != (data.get("password") is not None):
            raise ma.ValidationError("A user needs a password, and a password a user.", "password")


class EduSharing(Plugin):
    """One repository."""

    name = "edu_sharing"
    title = {"de": "edu-sharing (WirLernenOnline)", "en": "edu-sharing (WirLernenOnline)"}
    description = {
        "de": "Inhalte eines edu-sharing-Repositoriums über REST-Suche oder OAI-PMH.",
        "en": "Content of an edu-sharing repository, over REST search or OAI-PMH.",
    }
    Config = EduSharingConfig

    def __init__(self, site: SiteInfo, config: dict[str, Any]) -> None:
        super().__init__(site, config)
        harvest = {
            "address": oai_address(config["address"]),
            "prefix": "lom",
            "sets": config["sets"],
            "max_megabytes": config["max_megabytes"],
        }
        self._oai = OaiPmh(site, OaiPmh.Config().load(harvest))

    @staticmethod
    def pause(seconds: float) -> None:
        """Wait, as the repository asked for or as is decent."""
        time.sleep(seconds)

    @hookimpl
    def catalogue_changes(self, cursor: str | None) -> Iterator[Change]:
        """Everything that is wanted, by the way that is configured."""
        match self.config["listing"]:
            case "none":
                yield Checkpoint(None, complete=True)
            case "oai":
                for change in self._oai.catalogue_changes(cursor):
                    if isinstance(change, Document):
                        judge = partial(read_judged, read=change.read, grant=self._grant())
                        change = replace(change, read=judge)
                    yield change
            case _:
                yield from self._searched()

    def _searched(self) -> Iterator[Change]:
        readable = unreadable = 0
        with translated(), self._client() as client:
            for page in self._repository(client).nodes(self.config["query"]):
                # What a collection refers to comes itself.
                for node in page.nodes:
                    if edu_sharing.is_reference(node):
                        continue
                    change = self._change(node)
                    readable += isinstance(change, Upsert)
                    unreadable += isinstance(change, Reject)
                    yield change
                yield Checkpoint(None, total=page.total)
        if unreadable and not readable:
            # An interface that has changed must not empty the catalogue.
            raise Unavailable(f"None of the {unreadable} nodes can be read.")
        yield Checkpoint(None, complete=True, total=readable + unreadable)

    def _change(self, node: dict[str, Any]) -> Upsert | Reject:
        record = edu_sharing.read(node, self._grant())
        raw = json.dumps(node, ensure_ascii=False)
        if isinstance(record, Reject):
            return Reject(record.source_id or "?", record.reason, raw[:EXCERPT])
        return Upsert(record, raw=raw)

    @hookimpl
    def catalogue_search(self, query: str, limit: int) -> Sequence[Record]:
        """Hits of the repository's own search, asked live."""
        with translated(), self._client(prompt=True) as client:
            page = self._repository(client, attempts=1).search(query, count=limit)
        nodes = [node for node in page.nodes if not edu_sharing.is_reference(node)]
        changes = [self._change(node) for node in nodes[:limit]]
        return [change.record for change in changes if isinstance(change, Upsert)]

    @hookimpl
    def health(self) -> None:
        """Ask for one node, and the provider for its name where it is harvested."""
        if self.config["listing"] == "oai":
            self._oai.health()
            return
        with translated(), self._client(prompt=True) as client:
            self._repository(client, attempts=1).search(count=1)

    def _grant(self) -> Grant | None:
        scope: Scope | None = self.config.get("grant")
        if scope is None:
            return None
        return Grant(scope, self.site.land if scope is Scope.LAND else self.site.key)

    def _client(self, *, prompt: bool = False) -> Client:
        # Lists are long and may take their time; what a person waits for may not.
        timeout = min(8.0, self.config["timeout"]) if prompt else self.config["timeout"]
        return Client(
            internal_hosts=self.site.internal_hosts,
            timeout=timeout,
            deadline=timeout * 2 if prompt else timeout * 4,
            max_bytes=self.config["max_megabytes"] * 1_000_000,
        )

    def _repository(self, client: Client, attempts: int = 3) -> Repository:
        config = self.config
        password = config.get("password")
        pairs = (text.partition("=") for text in config["criteria"])
        return Repository(
            client,
            config["address"],
            metadata_set=config["metadata_set"],
            credentials=Credentials(config["user"], password.reveal()) if password else None,
            criteria=[(name, value) for name, _, value in pairs],
            page_size=config["page_size"],
            attempts=attempts,
            sleep=self.pause,
        )


def read_judged(content: bytes, *, read: Callable[[bytes], Record], grant: Grant | None) -> Record:
    """The record that `read` gives, with who may use it as the repository's licences say."""
    return edu_sharing.judged(read(content), grant)
