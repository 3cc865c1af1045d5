"""Sites alive: which plugins run where, and how they are asked.

`SiteManager` turns the rows of the database into `Site`s and notices when the rows change, in
whatever process. A `Site` never changes: a call that is under way keeps the instances it began
with.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from time import monotonic
from types import MappingProxyType, MethodType
from typing import Any

import pluggy
import sqlalchemy as sa
import structlog

from hub import hookspecs, models, secrets
from hub.containment import (
    BULKHEAD,
    Failure,
    Task,
    error_of,
    failure_of,
    plugin_error,
    run_together,
)
from hub.db import Database
from hub.errors import Defect, NotEnabled
from hub.installed import (
    EntryPoint,
    Installed,
    Unusable,
    hooks_of,
    load_config,
    specified_hooks,
)
from hub.plugin import Plugin, SiteInfo
from hub.secrets import Keyring, Scrubber, SecretError

LAND = "NRW"
COUNTER = "activations"
FRESH = 0.5
"""Seconds for which the version number of the activations is not read again."""
START_DEADLINE = 10.0
"""Seconds that a constructor may take; it does no I/O, so it needs none of them."""
MAX_ITEMS = 1_000
"""The most items that a plugin may hand over when all are asked together."""

log = structlog.get_logger(__name__)


class UnknownSite(LookupError):
    """No site has this key."""

    def __init__(self, key: str) -> None:
        super().__init__(f"There is no site {key!r}; `hub sites list` shows all.")


@dataclass(frozen=True, slots=True)
class SiteRow:
    """A site as the database describes it; see `hub.models.Site`."""

    key: str
    name: str
    kind: str
    ags: tuple[str, ...]
    association: str
    region: str
    standort: str
    time_zone: str
    internal_hosts: tuple[str, ...]
    contact: Mapping[str, Any]
    branches: tuple[Mapping[str, Any], ...]
    profile: Mapping[str, Any]
    position: int


@dataclass(frozen=True, slots=True)
class EnabledPlugin:
    """An activation that is switched on; `version` grows with each change."""

    name: str
    version: int
    config: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Running:
    """A plugin's instance with what hides its secrets and limits its calls."""

    instance: Plugin
    scrub: Scrubber
    bulkhead: threading.BoundedSemaphore = field(
        default_factory=lambda: threading.BoundedSemaphore(BULKHEAD)
    )


class Site:
    """One site with one instance of each plugin that is enabled there and works.

    `plugins` maps name to instance, `problems` the name of a plugin that is enabled but off to
    the reason.
    """

    def __init__(
        self,
        row: SiteRow,
        info: SiteInfo,
        running: Mapping[str, Running],
        problems: Mapping[str, str],
    ) -> None:
        self.row = row
        self.info = info
        self.plugins: Mapping[str, Plugin] = MappingProxyType(
            {name: one.instance for name, one in running.items()}
        )
        self.problems = MappingProxyType(dict(problems))
        self._running = running
        self._manager = pluggy.PluginManager("hub")
        self._manager.add_hookspecs(hookspecs)
        for name, one in running.items():
            self._manager.register(_Hooks(one.instance), name=name)
        self._manager.check_pending()

    @property
    def key(self) -> str:
        return self.row.key

    def implements(self, plugin: str, hook: str) -> bool:
        """Whether the plugin is running here and has the hook."""
        return self._implementation(plugin, hook) is not None

    def each(
        self,
        hook: str,
        /,
        *,
        deadline: float = 2.0,
        only: Collection[str] | None = None,
        **arguments: Any,
    ) -> tuple[dict[str, Any], dict[str, Failure]]:
        """Ask every plugin that has the hook, all at once, for at most `deadline` seconds.

        With `only` no other plugins than those are asked. Returns results and failures by plugin
        name. A result that is an iterator arrives as a tuple, so that its exceptions and delays
        count here.
        """
        _check_call(hook, arguments)
        return run_together(
            {
                implementation.plugin_name: self._task(implementation, arguments)
                for implementation in self._implementations(hook)
                if only is None or implementation.plugin_name in only
            },
            deadline,
        )

    def one(
        self, plugin: str, hook: str, /, *, deadline: float | None = None, **arguments: Any
    ) -> Any:
        """Ask the plugin that owns the object, and nobody else.

        Raises what the plugin says on purpose (`hub.errors`), `Defect` for anything else and
        `NotEnabled` when the plugin does not run here or lacks the hook. An iterator that it
        returns raises the same. With `deadline` it is asked as `each` asks: for at most so many
        seconds, then `Unavailable` is raised, and an iterator arrives as a tuple.
        """
        _check_call(hook, arguments)
        implementation = self._implementation(plugin, hook)
        if implementation is None:
            raise NotEnabled(self._why_not(plugin, hook))
        if deadline is not None:
            task = self._task(implementation, arguments)
            results, failures = run_together({plugin: task}, deadline)
            if plugin in failures:
                raise error_of(failures[plugin], plugin)
            return results[plugin]
        present = partial(plugin_error, plugin=plugin, scrub=self._running[plugin].scrub)
        try:
            result = _call(implementation, arguments)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            raise present(error) from None
        return _guarded(result, present) if isinstance(result, Iterator) else result

    def _task(self, implementation: pluggy.HookImpl, arguments: Mapping[str, Any]) -> Task:
        running = self._running[implementation.plugin_name]
        return Task(partial(_collect, implementation, arguments), running.scrub, running.bulkhead)

    def _implementations(self, hook: str) -> list[pluggy.HookImpl]:
        caller: pluggy.HookCaller = getattr(self._manager.hook, hook)
        return sorted(caller.get_hookimpls(), key=lambda one: one.plugin_name)

    def _implementation(self, plugin: str, hook: str) -> pluggy.HookImpl | None:
        for implementation in self._implementations(hook):
            if implementation.plugin_name == plugin:
                return implementation
        return None

    def _why_not(self, plugin: str, hook: str) -> str:
        if plugin in self.plugins:
            return f"The plugin {plugin} does not offer {hook}."
        if plugin in self.problems:
            return f"The plugin {plugin} is off at {self.row.name}: {self.problems[plugin]}"
        return f"The plugin {plugin} is not enabled at {self.row.name}."


class _Hooks:
    """What pluggy sees of a plugin: its hooks, bound, and nothing else.

    pluggy compares, hashes and inspects what is registered; here it meets neither the plugin's
    properties nor its idea of equality.
    """

    def __init__(self, plugin: Plugin) -> None:
        for name, function in hooks_of(type(plugin)).items():
            vars(self)[name] = MethodType(function, plugin)


def _check_call(hook: str, arguments: Mapping[str, Any]) -> None:
    expected = specified_hooks().get(hook)
    if expected is None:
        raise TypeError(f"there is no hook {hook}")
    if set(arguments) != set(expected):
        raise TypeError(f"the hook is called {hook}({', '.join(expected)})")


def _call(implementation: pluggy.HookImpl, arguments: Mapping[str, Any]) -> object:
    return implementation.function(*(arguments[name] for name in implementation.argnames))


def _collect(implementation: pluggy.HookImpl, arguments: Mapping[str, Any]) -> object:
    result = _call(implementation, arguments)
    if not isinstance(result, Iterator):
        return result
    items = tuple(islice(result, MAX_ITEMS + 1))
    if len(items) > MAX_ITEMS:
        raise Defect(f"It handed over more than {MAX_ITEMS} items.")
    return items


def _guarded(
    iterator: Iterator[Any], present: Callable[[BaseException], Exception]
) -> Iterator[Any]:
    """The same items; what the iterator raises comes out as `one` raises it."""
    try:
        while True:
            try:
                item = next(iterator)
            except StopIteration:
                return
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                raise present(error) from None
            yield item
    finally:
        close = getattr(iterator, "close", None)
        if close is not None:
            close()


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
    the files of a site lie in `config/sites/<key>/`. Thread-safe.
    """

    def __init__(
        self,
        database: Database,
        config: Path,
        keyring: Keyring,
        entry_points: Iterable[EntryPoint] | None = None,
    ) -> None:
        self.installed = Installed(entry_points)
        self._database = database
        self._config = config
        self._keyring = keyring
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
            sites = {row.key: _site_row(row) for row in session.scalars(sa.select(models.Site))}
            enabled: dict[str, list[EnabledPlugin]] = {}
            for row in session.scalars(
                sa.select(models.Activation)
                .where(models.Activation.enabled)
                .order_by(models.Activation.site_key, models.Activation.plugin)
            ):
                enabled.setdefault(row.site_key, []).append(
                    EnabledPlugin(row.plugin, row.version, row.config)
                )
        return _Rows(version, sites, {key: tuple(rows) for key, rows in enabled.items()})

    def _build(
        self, row: SiteRow, enabled: tuple[EnabledPlugin, ...], old: _Built | None
    ) -> _Built:
        """Build the site; instances whose activation did not change are kept."""
        info = site_info(row, self._config / "sites" / row.key)
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
                tasks[plugin.name] = Task(partial(self._start, loaded, plugin.config, info))
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

    def _start(
        self, plugin: type[Plugin], stored: Mapping[str, Any], info: SiteInfo
    ) -> Running | str:
        """The plugin's new instance, or the reason why there is none."""
        try:
            config = secrets.resolve(
                load_config(plugin, stored), self._keyring, info.files, secrets.environment()
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
        return Running(instance, scrub)


def site_info(row: SiteRow, files: Path) -> SiteInfo:
    """What the plugins of a site get to know of it."""
    return SiteInfo(
        key=row.key,
        name=row.name,
        land=LAND,
        standort=row.standort,
        time_zone=row.time_zone,
        internal_hosts=frozenset(row.internal_hosts),
        files=files,
    )


def _site_row(row: models.Site) -> SiteRow:
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
        contact=row.contact,
        branches=tuple(row.branches),
        profile=row.profile,
        position=row.position,
    )
