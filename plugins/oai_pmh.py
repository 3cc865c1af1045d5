"""Catalogues that can be harvested over OAI-PMH 2.0, in Dublin Core or LOM.

The first run takes in everything. Where the provider keeps track of deletions, later runs ask
only for what changed; where it does not, each run is a full one, and what it did not see is
gone. Only a list that was verified to have ended counts as seen.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import marshmallow as ma
from lxml import etree

from connectors import oai_pmh
from connectors.http import Client
from connectors.oai_pmh import BrokenList, Identity, Item, Position, Repository
from hub import Config, Plugin, SiteInfo, hookimpl
from hub.errors import Denied
from hub.formats import dublin_core, fieldmap, lom, words
from hub.records import (
    AccessMode,
    Change,
    Checkpoint,
    Delete,
    Document,
    Grant,
    Kind,
    Record,
    Reject,
    Scope,
)
from plugins.common import about, translated

EXCERPT = 500
OVERLAP = timedelta(minutes=5)
"""Asked for again at the next run, because a record's datestamp is older than its appearance."""


class OaiPmhConfig(Config):
    """Where the provider is, what of it is wanted, and what holds for records that do not say."""

    address = ma.fields.Url(
        required=True,
        schemes={"http", "https"},
        require_tld=False,
        metadata=about("Basisadresse", "Base address", "ohne ?verb=…", "without ?verb=…"),
    )
    prefix = ma.fields.String(
        load_default="auto",
        validate=ma.validate.Regexp(r"^[A-Za-z0-9\-_.!~*'()]{1,100}$"),
        metadata=about(
            "Metadatenformat",
            "Metadata prefix",
            "auto nimmt LOM, wo es das gibt, sonst oai_dc",
            "auto takes LOM where there is one, else oai_dc",
        ),
    )
    sets = ma.fields.List(
        ma.fields.String(validate=ma.validate.Length(1, 200)),
        load_default=list,
        metadata=about("Sets", "Sets", "leer: alles", "empty: everything"),
    )
    kind = ma.fields.Enum(
        Kind, by_value=True, load_default=Kind.MEDIUM, metadata=about("Angebotsart", "Kind")
    )
    access = ma.fields.Enum(
        AccessMode,
        by_value=True,
        load_default=AccessMode.OPEN,
        metadata=about(
            "Zugang",
            "Access",
            "gilt, wo der Eintrag nichts sagt",
            "holds where the record says nothing",
        ),
    )
    grant = ma.fields.Enum(
        Scope,
        by_value=True,
        validate=ma.validate.OneOf([Scope.LAND, Scope.SITE]),
        metadata=about(
            "Lizenz reicht für",
            "Licence reaches",
            "für Einträge, die nicht frei zugänglich sind",
            "for records that are not open",
        ),
    )
    licence = ma.fields.String(
        load_default="",
        validate=ma.validate.Length(max=300),
        metadata=about("Lizenz", "Licence", "Adresse oder Name", "address or name"),
    )
    language = ma.fields.String(
        load_default="",
        validate=ma.validate.Regexp(r"^([a-z]{2,3}(-[A-Za-z0-9]{2,8})*)?$"),
        metadata=about("Sprache", "Language", "de", "de"),
    )
    delay = ma.fields.Float(
        load_default=0.0,
        validate=ma.validate.Range(0, 60),
        metadata=about("Pause zwischen Seiten in Sekunden", "Seconds between pages"),
    )
    full_every = ma.fields.Integer(
        validate=ma.validate.Range(1, 366),
        metadata=about(
            "Vollabgleich alle … Tage",
            "Full run every … days",
            "sonst nur bei Anbietern, die Löschungen nicht melden",
            "else only for providers that do not report deletions",
        ),
    )
    max_megabytes = ma.fields.Integer(
        load_default=50,
        validate=ma.validate.Range(1, 500),
        metadata=about("Höchstgröße einer Seite in MB", "Largest page in MB"),
    )


@dataclass(slots=True)
class _State:
    """What the cursor holds: how far this run is, and from where the next one asks."""

    source: str
    """Address, format and sets; another source's cursor is of no use."""
    full: bool = True
    """Whether this run began with nothing, by the hub's wish."""
    since: str | None = None
    began: str | None = None
    """The provider's time at the first page of this run."""
    whole: str | None = None
    """The same of the last full run."""
    set: int = 0
    position: dict[str, Any] | None = field(default=None)

    def dump(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"))


class OaiPmh(Plugin):
    """One provider."""

    name = "oai_pmh"
    title = {"de": "OAI-PMH", "en": "OAI-PMH"}
    description = {
        "de": "Erntet Kataloge über OAI-PMH 2.0 in Dublin Core oder LOM.",
        "en": "Harvests catalogues over OAI-PMH 2.0 in Dublin Core or LOM.",
    }
    Config = OaiPmhConfig
    maps = fieldmap.FILLED

    def __init__(self, site: SiteInfo, config: dict[str, Any]) -> None:
        super().__init__(site, config)
        scope = config.get("grant")
        value = site.land if scope is Scope.LAND else site.key
        self._read = partial(
            read_record,
            kind=config["kind"],
            access=config["access"],
            grant=Grant(scope, value) if scope is not None else None,
            licence=config["licence"],
            language=config["language"],
        )

    @staticmethod
    def pause(seconds: float) -> None:
        """Wait, as a provider asked for or as is decent."""
        time.sleep(seconds)

    @hookimpl
    def health(self) -> None:
        with translated(), self._client() as client:
            self._repository(client).identify()

    @hookimpl
    def catalogue_changes(self, cursor: str | None) -> Iterator[Change]:
        state = self._state(cursor)
        with translated(), self._client() as client:
            repository = self._repository(client)
            identity = repository.identify()
            prefix = self._prefix(repository)
            try:
                yield from self._harvest(repository, prefix, state)
            except BrokenList:
                # The next run must not go on where nothing can be gone on with.
                yield Checkpoint(self._restarted(state))
                raise
            yield self._finished(state, identity)

    def _harvest(self, repository: Repository, prefix: str, state: _State) -> Iterator[Change]:
        """Every page of every set from the state on; the state follows."""
        sets = self.config["sets"] or [None]
        while state.set < len(sets):
            position = Position(**state.position) if state.position else None
            for page in repository.records(
                prefix, start=state.since, set_spec=sets[state.set], position=position
            ):
                if state.began is None and page.response_date:
                    state.began = page.response_date.isoformat()
                for item in page.items:
                    yield self._change(item)
                if not page.end:
                    state.position = asdict(page.position)
                    total = page.total if len(sets) == 1 else None
                    yield Checkpoint(state.dump(), total=total)
            state.set += 1
            state.position = None
            if state.set < len(sets):
                yield Checkpoint(state.dump())

    def _change(self, item: Item) -> Change:
        """What a record of the list means for the catalogue. One bad record harms no other."""
        if not item.identifier:
            return Reject("?", "the record has no identifier", _excerpt(item))
        if item.deleted:
            return Delete(item.identifier)
        if item.metadata is None:
            return Reject(item.identifier, "the record has no metadata", _excerpt(item))
        return Document(item.identifier, item.document(), self._read, read_words)

    def _state(self, cursor: str | None) -> _State:
        """The state in a cursor. One that fits no more begins anew, without being a full run."""
        config = self.config
        source = json.dumps([config["address"], config["prefix"], config["sets"]])
        if cursor is None:
            return _State(source)
        try:
            state = _State(**json.loads(cursor))
        except (ValueError, TypeError):
            return _State(source, full=False)
        return state if state.source == source else _State(source, full=False)

    def _restarted(self, state: _State) -> str | None:
        """The cursor that begins the run in progress again."""
        if state.full:
            return None
        return replace(state, began=None, set=0, position=None).dump()

    def _finished(self, state: _State, identity: Identity) -> Checkpoint:
        """The end of a run, and what the next one asks for."""
        cursor = None
        began = datetime.fromisoformat(state.began) if state.began else None
        whole = state.began if state.full else state.whole
        # Without a full run, deletions reported or the provider's time, all is asked for again.
        if began and whole and identity.deleted != "no" and not self._full_is_due(began, whole):
            since = identity.stamp(began - max(OVERLAP, identity.step))
            cursor = _State(state.source, full=False, since=since, whole=whole).dump()
        return Checkpoint(cursor, complete=state.full)

    def _full_is_due(self, began: datetime, whole: str) -> bool:
        days = self.config.get("full_every")
        return days is not None and began - datetime.fromisoformat(whole) >= timedelta(days=days)

    def _prefix(self, repository: Repository) -> str:
        """The metadata prefix to ask for."""
        wanted: str = self.config["prefix"]
        if wanted != "auto":
            return wanted
        offered = repository.formats()
        rich = [form for form in offered if "lom" in f"{form.prefix} {form.namespace}".lower()]
        plain = [form for form in offered if form.prefix == "oai_dc"]
        if not rich and not plain:
            names = ", ".join(form.prefix for form in offered) or "none"
            raise Denied(f"{self.config['address']} offers neither LOM nor oai_dc, but {names}")
        return (rich or plain)[0].prefix

    def _client(self) -> Client:
        return Client(
            internal_hosts=self.site.internal_hosts,
            timeout=30.0,
            deadline=100.0,
            max_bytes=self.config["max_megabytes"] * 1_000_000,
        )

    def _repository(self, client: Client) -> Repository:
        return Repository(
            client, self.config["address"], delay=self.config["delay"], sleep=self.pause
        )


def read_record(
    content: bytes,
    *,
    kind: Kind,
    access: AccessMode,
    grant: Grant | None,
    licence: str,
    language: str,
) -> Record:
    """The record in a `record` element of OAI-PMH; the rest holds where it does not say.

    Raises `ValueError` where it cannot become one.
    """
    item = oai_pmh.read_item(content)
    assert item.metadata is not None  # others never became a document
    read = dublin_core.read if item.metadata.tag.endswith("}dc") else lom.read
    record = read(item.identifier, item.datestamp, item.metadata, kind)
    if access is AccessMode.OPEN and not licence and not language and grant is None:
        return record
    mode = access if record.access is AccessMode.OPEN else record.access
    granted = grant is not None and mode is not AccessMode.OPEN
    return replace(
        record,
        access=mode,
        grants=(*record.grants, grant) if grant is not None and granted else record.grants,
        licence=record.licence or licence,
        languages=record.languages or tuple(filter(None, (language,))),
    )


def read_words(content: bytes) -> fieldmap.Words:
    """The words in a `record` element of OAI-PMH."""
    metadata = oai_pmh.read_item(content).metadata
    return {} if metadata is None else words.of_element(metadata)


def _excerpt(item: Item) -> str:
    if item.metadata is None:
        return f"{item.identifier} {item.datestamp}".strip()
    return etree.tostring(item.metadata, encoding="unicode")[:EXCERPT]
