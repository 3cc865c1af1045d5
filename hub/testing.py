"""Contract tests for plugins, and what tests need to run one without a hub.

    class TestExample(CatalogueContract):
        plugin = Example
        config = {"address": "http://127.0.0.1:9000/"}

and nothing more: pytest then checks everything that the hub relies on. Where the configuration
is known only when the test runs (the port of a test server), override the fixture
`plugin_config`; where the plugin reads files of the site, `site_files`.
"""

from __future__ import annotations

import json
import pickle
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

import marshmallow as ma
import pytest

from hub import secrets
from hub import site as hub_site
from hub.installed import check_plugin, hooks_of, load_config
from hub.plugin import PersonalData, Plugin, SiteInfo
from hub.records import Change, Checkpoint, Delete, Document, Record, Reject, Upsert
from hub.secrets import Keyring, Scrubber
from hub.site import Running, Site, SiteRow

MAX_CHANGES = 100_000
MAX_CURSOR = 65_536
MAX_RESUMPTIONS = 12
LANGUAGES = ("de", "en")
KEYRING = Keyring("only for tests and known to everybody")


@dataclass(frozen=True, slots=True)
class Entry:
    """Stands in for the entry point of an installed plugin: `Hub.open(s, [Entry(Example)])`."""

    plugin: type[Plugin]

    @property
    def name(self) -> str:
        return self.plugin.name

    @property
    def value(self) -> str:
        return f"{self.plugin.__module__}:{self.plugin.__qualname__}"

    def load(self) -> type[Plugin]:
        return self.plugin


class _Environment(dict[str, str]):
    """An environment in which every variable is set, so that `{env = …}` works in tests."""

    def get(self, key: str, default: Any = None) -> str:
        return f"value of {key}"


def site_row(key: str = "teststadt", internal_hosts: tuple[str, ...] = ("127.0.0.1",)) -> SiteRow:
    """A site for tests; its plugins may reach servers of this machine."""
    return SiteRow(
        key=key,
        name="Medienzentrum Teststadt",
        kind="centre",
        ags=("05999",),
        association="LWL",
        region="Münster",
        standort="TST",
        time_zone="Europe/Berlin",
        internal_hosts=internal_hosts,
        contact={},
        branches=(),
        profile={},
        position=0,
    )


def site_info(files: Path, row: SiteRow | None = None) -> SiteInfo:
    """What a plugin gets to know of the site for tests; its files lie in `files`."""
    return hub_site.site_info(row or site_row(), files)


def resolved(plugin: type[Plugin], config: Mapping[str, Any], files: Path) -> dict[str, Any]:
    """A configuration as typed, validated and with its secrets, as a constructor gets it."""
    sealed = secrets.seal(plugin.Config(), config, KEYRING, {})
    return dict(secrets.resolve(load_config(plugin, sealed), KEYRING, files, _Environment()))


def site_with(
    plugin: type[Plugin], config: Mapping[str, Any], files: Path, row: SiteRow | None = None
) -> Site:
    """A live site at which only this plugin runs, without a database."""
    row = row or site_row()
    info = site_info(files, row)
    ready = resolved(plugin, config, files)
    running = Running(plugin(info, ready), Scrubber(secrets.values(ready)))
    return Site(row, info, {plugin.name: running}, {})


def read(change: Change) -> Change:
    """What the hub makes of a change: a document becomes a record, or a reject with a reason."""
    if not isinstance(change, Document):
        return change
    assert type(change.content) is bytes, "the content of a document is bytes"
    pickle.dumps(change)  # another core could not read it otherwise
    try:
        record = change.read(change.content)
    except ValueError as reason:
        return Reject(change.source_id, str(reason), change.content.decode(errors="replace")[:500])
    assert record.source_id == change.source_id, "a document names the record that it holds"
    return Upsert(record)


class PluginContract:
    """What the hub relies on in every plugin."""

    plugin: ClassVar[type[Plugin]]
    config: ClassVar[Mapping[str, Any]] = {}

    @pytest.fixture
    def plugin_config(self) -> Mapping[str, Any]:
        """The configuration as a person types it."""
        return self.config

    @pytest.fixture
    def site_files(self, tmp_path: Path) -> Path:
        """The folder of the site's files."""
        return tmp_path

    @pytest.fixture
    def site(self, plugin_config: Mapping[str, Any], site_files: Path) -> Site:
        return site_with(self.plugin, plugin_config, site_files)

    def test_class_declares_everything(self) -> None:
        plugin = self.plugin
        check_plugin(plugin, plugin.name)
        _assert_text(plugin.title, "title")
        _assert_text(plugin.description, "description")
        assert isinstance(plugin.category, str), "category is no text"
        assert plugin.category, "category is missing"
        assert isinstance(plugin.hosts, tuple), "hosts must be a tuple"
        assert all(isinstance(host, str) and host for host in plugin.hosts), "hosts are names"
        assert isinstance(plugin.personal_data, tuple), "personal_data must be a tuple"
        for entry in plugin.personal_data:
            assert isinstance(entry, PersonalData), "personal_data holds PersonalData"
            for name in ("what", "purpose", "retention"):
                _assert_text(getattr(entry, name), f"personal_data.{name}")
        if plugin.migrations is not None:
            assert plugin.migrations.is_dir(), f"{plugin.migrations} does not exist"

    def test_implements_a_hook(self) -> None:
        assert hooks_of(self.plugin), "a plugin without any hook does nothing"

    def test_config_is_accepted_and_can_be_stored(
        self, plugin_config: Mapping[str, Any], site_files: Path
    ) -> None:
        sealed = secrets.seal(self.plugin.Config(), plugin_config, KEYRING, {})
        assert json.loads(json.dumps(sealed)) == sealed, "the configuration must fit into JSON"
        resolved(self.plugin, plugin_config, site_files)

    def test_config_refuses_unknown_keys(self, plugin_config: Mapping[str, Any]) -> None:
        sealed = secrets.seal(self.plugin.Config(), plugin_config, KEYRING, {})
        errors = self.plugin.Config().validate({**sealed, "no_such_key": 1})
        assert "no_such_key" in errors, "a mistyped key must be refused"

    def test_config_has_labels_in_both_languages(self) -> None:
        for path, field in _fields(self.plugin.Config(), ""):
            _assert_text(field.metadata.get("label"), f"the label of {path}")
            if "help" in field.metadata:
                _assert_text(field.metadata["help"], f"the help of {path}")

    def test_constructor_does_no_io(
        self, plugin_config: Mapping[str, Any], site_files: Path
    ) -> None:
        info = site_info(site_files)
        ready = resolved(self.plugin, plugin_config, site_files)
        self.plugin(info, ready)  # imports that it puts off are no I/O of the plugin's
        with _Watching() as seen:
            self.plugin(info, ready)
        assert not seen, f"the constructor does I/O: {', '.join(seen)}"

    def test_secrets_never_show(
        self, site: Site, plugin_config: Mapping[str, Any], site_files: Path
    ) -> None:
        instance = site.plugins[self.plugin.name]
        shown = [repr(instance), str(instance), repr(getattr(instance, "__dict__", ""))]
        try:
            shown.append(repr(pickle.dumps(instance)))
        except Exception:  # whatever cannot be pickled cannot leak that way
            shown.append("")
        for value in secrets.values(resolved(self.plugin, plugin_config, site_files)):
            assert not any(value in text for text in shown), "a secret shows in the instance"


class CatalogueContract(PluginContract):
    """What the sync relies on in `catalogue_changes`."""

    def changes(self, site: Site, cursor: str | None = None) -> list[Change]:
        """All that the plugin yields, through the same guard as in the hub, documents read."""
        iterator: Iterator[Change] = site.one(self.plugin.name, "catalogue_changes", cursor=cursor)
        found = list(islice(iterator, MAX_CHANGES + 1))
        assert len(found) <= MAX_CHANGES, f"more than {MAX_CHANGES} changes: does it ever end?"
        return [read(change) for change in found]

    def test_changes_are_of_the_right_types(self, site: Site) -> None:
        changes = self.changes(site)
        for change in changes:
            assert isinstance(change, Upsert | Delete | Reject | Checkpoint), repr(change)
            if isinstance(change, Upsert):
                assert isinstance(change.record, Record), repr(change)
            elif isinstance(change, Checkpoint):
                assert change.cursor is None or isinstance(change.cursor, str), repr(change)
                assert len(change.cursor or "") <= MAX_CURSOR, "a cursor is a short text"
            else:
                assert isinstance(change.source_id, str), repr(change)
        assert any(isinstance(change, Upsert) for change in changes), "the test data is empty"

    def test_ends_with_a_checkpoint(self, site: Site) -> None:
        changes = self.changes(site)
        assert isinstance(changes[-1], Checkpoint), "what follows the last checkpoint is lost"
        complete = [isinstance(one, Checkpoint) and one.complete for one in changes]
        assert not any(complete[:-1]), "complete=True belongs to the very last checkpoint"

    def test_source_ids_are_unique_and_stable(self, site: Site) -> None:
        first, second = self.changes(site), self.changes(site)
        ids = [change.record.source_id for change in first if isinstance(change, Upsert)]
        assert all(isinstance(one, str) and one for one in ids), "a source id is a text"
        doubled = {one for one in ids if ids.count(one) > 1} if len(set(ids)) < len(ids) else set()
        assert not doubled, f"these source ids stand for several records: {sorted(doubled)[:5]}"
        assert _after(first) == _after(second), "two runs over the same source differ"

    def test_resumes_from_every_checkpoint(self, site: Site) -> None:
        whole = self.changes(site)
        places = [place for place, one in enumerate(whole) if isinstance(one, Checkpoint)]
        step = max(1, len(places) // MAX_RESUMPTIONS)
        for place in places[::step]:
            checkpoint = whole[place]
            assert isinstance(checkpoint, Checkpoint)
            resumed = whole[: place + 1] + self.changes(site, checkpoint.cursor)
            assert _after(resumed) == _after(whole), (
                f"resumed from {checkpoint.cursor!r}, the result is another"
            )

    def test_records_are_fit_for_the_catalogue(self, site: Site) -> None:
        from hub.catalogue.normalise import normalise

        for change in self.changes(site):
            if isinstance(change, Upsert):
                normalise(change.record)  # raises Unfit, which names the field


def _after(changes: list[Change]) -> dict[str, Record]:
    """The catalogue that the changes lead to."""
    catalogue: dict[str, Record] = {}
    for change in changes:
        if isinstance(change, Upsert):
            catalogue[change.record.source_id] = change.record
        elif isinstance(change, Delete):
            catalogue.pop(change.source_id, None)
    return catalogue


def _assert_text(text: Any, what: str) -> None:
    assert isinstance(text, Mapping), f"{what} must map language to text"
    for language in LANGUAGES:
        value = text.get(language)
        assert isinstance(value, str), f"{what} lacks {language}"
        assert value.strip(), f"{what} is empty in {language}"


def _fields(schema: ma.Schema, path: str) -> Iterator[tuple[str, ma.fields.Field[Any]]]:
    """All fields that a form shows, also those inside nested schemas."""
    for name, field in schema.fields.items():
        here = f"{path}.{name}" if path else name
        yield here, field
        inner: Any = field
        while isinstance(inner, ma.fields.List | ma.fields.Dict):
            inner = inner.inner if isinstance(inner, ma.fields.List) else inner.value_field
        if isinstance(inner, ma.fields.Nested):
            yield from _fields(inner.schema, here)


# An audit hook cannot be removed; this one sleeps unless a thread is being watched.

_IO = ("open", "socket.", "subprocess.", "os.listdir", "os.scandir", "urllib.", "sqlite3.connect")
_watched = threading.local()
_installed = threading.Lock()
_hooked = False


class _Watching:
    """Context manager: collects the I/O that this thread does meanwhile."""

    def __enter__(self) -> list[str]:
        global _hooked  # noqa: PLW0603  (once per process)
        with _installed:
            if not _hooked:
                sys.addaudithook(_audit)
                _hooked = True
        _watched.seen = []
        return _watched.seen  # type: ignore[no-any-return]

    def __exit__(self, *_: object) -> None:
        del _watched.seen


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    seen = getattr(_watched, "seen", None)
    if seen is not None and event.startswith(_IO):
        seen.append(f"{event} {arguments[0] if arguments else ''}".strip())
