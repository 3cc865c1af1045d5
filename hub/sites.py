"""All sites of the network: from rows of the database to live sites.

`SiteManager` notices when the rows change, in whatever process, and builds anew what they
concern.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

import sqlalchemy as sa
import structlog

from hub import directory, mapping, models, secrets
from hub.containment import Task, failure_of, run_together
from hub.db import Database
from hub.installed import EntryPoint, Installed, Unusable, load_config
from hub.plugin import Plugin, SiteInfo
from hub.secrets import Keyring, Scrubber, SecretError
from hub.site import Running, Site, SiteRow, site_info

COUNTER = "activations"
FRESH = 0.5
"""Seconds for which the version number of the activations is not read again."""
START_DEADLINE = 10.0
"""Seconds that a constructor may take; it does no I/O, so it needs none of them."""

log = structlog.get_logger(__name__)


class UnknownSite(LookupError):
    """No site has this key."""

    def __init__(self, key: str) -> None:
        super().__init__(f"There is no site {key!r}; `hub sites list` shows all.")


@dataclass(frozen=True, slots=True)
class EnabledPlugin:
    """An activation that is switched on; `version` grows with each change."""

    name: str
    version: int
    config: Mapping[str, Any] = field(repr=False)
    mapping: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class _Rows:
    """What the database said at one moment."""

    version: int
    sites: Mapping[str, SiteRow]
    enabled: Mapping[str, tuple[EnabledPlugin, ...]]


@dataclass(frozen=True, slots=True)
class _Built:
    """A site and the rows that it was built from."""

    site: Site
    row: SiteRow
    enabled: tuple[EnabledPlugin, ...]


class SiteManager:
    """All sites of the network, kept in step with the database.

    A site is built when it is first asked for. `config` is the folder of the configuration:
    the files of a site lie in `config/sites/<key>/`; `address` is that of the hub,
    `replies` that of answers to its mails. Thread-safe.
    """

    def __init__(
        self,
        database: Database,
        config: Path,
        keyring: Keyring,
        entry_points: Iterable[EntryPoint] | None = None,
        address: str = "",
        replies: str = "",
    ) -> None:
        self.installed = Installed(entry_points)
        self._database = database
        self._config = config
        self._keyring = keyring
        self.address = address
        self._replies = replies
        self._rows: _Rows | None = None
        self._looked = -math.inf
        self._reading = threading.Lock()
        self._built: dict[str, _Built] = {}
        self._building: dict[str, threading.Lock] = {}

    def directory(self) -> list[SiteRow]:
        """Every site of the network in the order of lists."""
        return sorted(self._current().sites.values(), key=lambda row: row.position)

    def enabled(self, key: str) -> tuple[EnabledPlugin, ...]:
        """What is switched on at a site, whether or not it works; imports nothing."""
        return self._wanted(key)[1]

    def site(self, key: str) -> Site:
        """The site with its plugins as they are enabled now; raises `UnknownSite`."""
        row, enabled = self._wanted(key)
        built = self._built.get(key)
        if built is None or built.row != row or built.enabled != enabled:
            with self._building.setdefault(key, threading.Lock()):
                row, enabled = self._wanted(key)
                built = self._built.get(key)
                if built is None or built.row != row or built.enabled != enabled:
                    built = self._build(row, enabled, built)
                    self._built[key] = built
        return built.site

    def refresh(self) -> None:
        """Look at the database now instead of within half a second."""
        self._looked = -math.inf

    def _wanted(self, key: str) -> tuple[SiteRow, tuple[EnabledPlugin, ...]]:
        rows = self._current()
        if key not in rows.sites:
            raise UnknownSite(key)
        return rows.sites[key], rows.enabled.get(key, ())

    def _current(self) -> _Rows:
        rows = self._rows
        if rows is not None and monotonic() - self._looked < FRESH:
            return rows
        with self._reading:
            if self._rows is None or monotonic() - self._looked >= FRESH:
                self._rows = self._read(self._rows)
                self._looked = monotonic()
            return self._rows

    def _read(self, old: _Rows | None) -> _Rows:
        with self._database.read() as session:
            version = (
                session.scalar(
                    sa.select(models.Counter.value).where(models.Counter.name == COUNTER)
                )
                or 0
            )
            if old is not None and version == old.version:
                return old
            profile = models.SiteProfile
            latest = sa.select(sa.func.max(profile.id)).group_by(profile.site_key)
            states = sa.select(profile.site_key, profile.said).where(profile.id.in_(latest))
            said = {row.site_key: row.said for row in session.execute(states)}
            sites = {
                row.key: _site_row(row, said.get(row.key, {}))
                for row in session.scalars(sa.select(models.Site))
            }
            enabled: dict[str, list[EnabledPlugin]] = {}
            for row in session.scalars(
                sa.select(models.Activation)
                .where(models.Activation.enabled)
                .order_by(models.Activation.site_key, models.Activation.plugin)
            ):
                enabled.setdefault(row.site_key, []).append(
                    EnabledPlugin(row.plugin, row.version, row.config, row.mapping)
                )
        return _Rows(version, sites, {key: tuple(rows) for key, rows in enabled.items()})

    def _build(
        self, row: SiteRow, enabled: tuple[EnabledPlugin, ...], old: _Built | None
    ) -> _Built:
        """Build the site; instances whose activation did not change are kept."""
        files = self._config / "sites" / row.key
        info = site_info(row, files, self._database, self.address, self._replies)
        running: dict[str, Running] = {}
        problems: dict[str, str] = {}
        kept = old.enabled if old and old.site.info == info else ()
        tasks = {}
        for plugin in enabled:
            if plugin in kept and old is not None:
                if plugin.name in old.site.problems:
                    problems[plugin.name] = old.site.problems[plugin.name]
                else:
                    running[plugin.name] = old.site._running[plugin.name]
                continue
            try:
                loaded = self.installed.load(plugin.name)
            except Unusable as reason:
                problems[plugin.name] = str(reason)
            else:
                tasks[plugin.name] = Task(partial(self._start, loaded, plugin, info))
        results, failures = run_together(tasks, START_DEADLINE)
        for name, result in results.items():
            if isinstance(result, Running):
                running[name] = result
            else:
                problems[name] = str(result)
        for name, failure in failures.items():
            problems[name] = failure.message
        for plugin in enabled:
            if plugin not in kept and plugin.name in problems:
                why = problems[plugin.name]
                log.error("plugin.off", site=row.key, plugin=plugin.name, reason=why)
        return _Built(Site(row, info, dict(sorted(running.items())), problems), row, enabled)

    def _start(self, plugin: type[Plugin], wanted: EnabledPlugin, info: SiteInfo) -> Running | str:
        """The plugin's new instance, or the reason why there is none."""
        try:
            config = secrets.resolve(
                load_config(plugin, wanted.config), self._keyring, info.files, secrets.environment()
            )
        except (Unusable, SecretError) as reason:
            return str(reason)
        scrub = Scrubber(secrets.values(config))
        try:
            instance = plugin(info, config)
        except BaseException as error:
            return f"It refuses to start: {failure_of(error, plugin.name, scrub).message}"
        if type(instance) is not plugin:
            return "Its constructor gives something else than an instance."
        try:
            instance.mapping = mapping.load(wanted.mapping, plugin.maps)
        except mapping.MappingError as reason:
            return f"Its mapping cannot be used: {reason}"
        return Running(instance, scrub)


def _site_row(row: models.Site, said: Mapping[str, Any]) -> SiteRow:
    contact, branches, profile = directory.merged(row.contact, row.branches, row.profile, said)
    return SiteRow(
        key=row.key,
        name=row.name,
        kind=row.kind,
        ags=tuple(row.ags),
        association=row.association,
        region=row.region,
        standort=row.standort,
        time_zone=row.time_zone,
        internal_hosts=tuple(row.internal_hosts),
        contact=contact,
        branches=tuple(branches),
        profile=profile,
        position=row.position,
    )
