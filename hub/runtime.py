"""The hub as one object: settings, database and sites, opened once per process."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

import sqlalchemy as sa

from hub import models
from hub import settings as hub_settings
from hub.catalogue import figures
from hub.db import Database, is_current, migrate
from hub.installed import EntryPoint, Unusable
from hub.secrets import Keyring
from hub.settings import Settings, SettingsError
from hub.sites import SiteManager


class NotInitialised(Exception):
    """The database cannot be used, has no tables yet, or those of another version."""


class Hub:
    """What commands, pages and jobs work with. Opening it connects to nothing."""

    def __init__(self, settings: Settings, entry_points: Iterable[EntryPoint] | None = None):
        self.settings = settings
        self.db = Database(settings.database_url)
        self.keyring = Keyring(settings.secret_key)
        self.sites = SiteManager(
            self.db,
            settings.config,
            self.keyring,
            entry_points,
            settings.base_url,
            settings.reply_address,
        )

    @classmethod
    def open(
        cls, settings: Settings | None = None, entry_points: Iterable[EntryPoint] | None = None
    ) -> Hub:
        """Open the hub with the given settings, or those of the environment (`SettingsError`).

        `entry_points` stand in for the installed plugins in tests.
        """
        settings = settings or hub_settings.load()
        try:
            hub = cls(settings, entry_points)
        except (ValueError, sa.exc.ArgumentError) as error:
            raise SettingsError(
                f"HUB_DATABASE_URL: {error}. Write sqlite:///path/of/the/file or "
                "postgresql://user@host/database."
            ) from error
        except ModuleNotFoundError as error:
            raise SettingsError(
                f"HUB_DATABASE_URL needs the package {error.name}, which is not installed: "
                'pip install "medienzentren-hub[postgres]"'
            ) from error
        if hub.db.dialect == "sqlite" and hub.db.url.database in (None, "", ":memory:"):
            raise SettingsError(
                "HUB_DATABASE_URL: SQLite needs a file, for example sqlite:///var/hub.sqlite3; "
                "a database in memory would be empty for each command."
            )
        return hub

    def serve_at(self, address: str) -> None:
        """Name this address in links, unless the settings name one. Before a site is asked for."""
        self.settings = self.settings.served_at(address)
        self.sites.address = self.settings.base_url

    def check_initialised(self) -> None:
        """Raise `NotInitialised` unless the database has the tables of this version."""
        address = self.db.url.render_as_string()
        path = self.db.url.database
        exists = self.db.dialect != "sqlite" or (path is not None and Path(path).is_file())
        try:
            exists = exists and sa.inspect(self.db.engine).has_table("activation")
            current = exists and is_current(self.db)
        except sa.exc.DBAPIError as error:
            raise NotInitialised(_unusable(address, error)) from error
        if not exists:
            raise NotInitialised(f"The database {address} is not set up yet; run `hub init`.")
        if not current:
            raise NotInitialised(
                f"The database {address} is of another version of the hub; run `hub init`."
            )

    def migrate(self, plugins: Iterable[str] = ()) -> list[str]:
        """Create or upgrade the tables of the hub, of every plugin that a site ever enabled, and
        of those named; returns the problems of plugins that cannot be loaded.

        Raises `NotInitialised` when the database cannot be used.
        """
        try:
            migrate(self.db)
        except (sa.exc.DBAPIError, OSError) as error:
            address = self.db.url.render_as_string()
            raise NotInitialised(_unusable(address, error)) from error
        with self.db.read() as session:
            names = set(session.scalars(sa.select(models.Activation.plugin)))
        branches = {}
        problems = []
        for name in sorted(names | set(plugins)):
            try:
                plugin = self.sites.installed.load(name)
            except Unusable as reason:
                problems.append(f"Plugin {name}: {reason}")
                continue
            if plugin.migrations is not None:
                branches[name] = plugin.migrations
        if branches:
            migrate(self.db, branches)
        figures.bring_up_to_date(self.db)
        return problems

    def close(self) -> None:
        self.db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _unusable(address: str, error: Exception) -> str:
    reason = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
    return f"The database {address} cannot be used: {reason}. Check HUB_DATABASE_URL."
