"""A site for tests, with one plugin or none, without a hub around it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from hub import models, secrets
from hub import site as hub_site
from hub.db import Database, migrate
from hub.installed import load_config
from hub.plugin import Plugin, SiteInfo
from hub.secrets import Keyring, Scrubber
from hub.site import Running, Site, SiteRow

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


def site_info(
    files: Path, row: SiteRow | None = None, database: Database | None = None
) -> SiteInfo:
    """What a plugin gets to know of the site for tests; its files lie in `files`."""
    return hub_site.site_info(row or site_row(), files, database)


@contextmanager
def hub_database(folder: Path, plugin: type[Plugin] | None = None) -> Iterator[Database]:
    """A database (SQLite, in `folder`) with the hub's tables, those of the plugin, and the site
    for tests."""
    database = Database(f"sqlite:///{folder / 'hub.sqlite3'}")
    try:
        migrate(database)
        if plugin is not None and plugin.migrations is not None:
            migrate(database, {plugin.name: plugin.migrations})
        row = {field.name: getattr(site_row(), field.name) for field in fields(SiteRow)}
        with database.write() as session:
            session.add(models.Site(**row))
        yield database
    finally:
        database.close()


def resolved(plugin: type[Plugin], config: Mapping[str, Any], files: Path) -> dict[str, Any]:
    """A configuration as typed, validated and with its secrets, as a constructor gets it."""
    sealed = secrets.seal(plugin.Config(), config, KEYRING, {})
    return dict(secrets.resolve(load_config(plugin, sealed), KEYRING, files, _Environment()))


def site_with(
    plugin: type[Plugin],
    config: Mapping[str, Any],
    files: Path,
    row: SiteRow | None = None,
    database: Database | None = None,
) -> Site:
    """A live site at which only this plugin runs, without a database unless one is given."""
    row = row or site_row()
    info = site_info(files, row, database)
    ready = resolved(plugin, config, files)
    running = Running(plugin(info, ready), Scrubber(secrets.values(ready)))
    return Site(row, info, {plugin.name: running}, {})
