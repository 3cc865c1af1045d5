"""One site alive: which plugins run there, and how they are asked.

A `Site` never changes: a call that is under way keeps the instances it began with. When the
database says something else, `hub.sites` builds another one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from types import MappingProxyType, MethodType
from typing import Any

import pluggy

from hub import hookspecs
from hub.containment import (
    BULKHEAD,
    Failure,
    Task,
    error_of,
    plugin_error,
    run_together,
)
from hub.db import Database
from hub.errors import Defect, NotEnabled
from hub.installed import hooks_of, specified_hooks
from hub.plugin import Plugin, SiteInfo
from hub.secrets import Scrubber

LAND = "NRW"
MAX_ITEMS = 1_000
"""The most items that a plugin may hand over when all are asked together."""


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
        count here; a list or tuple arrives as a plain copy. More than `MAX_ITEMS` items are a
        defect.
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
    if not isinstance(result, Iterator | list | tuple):
        return result
    # Copied here, so that a list with ideas of its own fails or hangs here too.
    items = (list if isinstance(result, list) else tuple)(islice(result, MAX_ITEMS + 1))
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


def site_info(
    row: SiteRow, files: Path, database: Database | None = None, hub: str = "", replies: str = ""
) -> SiteInfo:
    """What the plugins of a site get to know of it."""
    return SiteInfo(
        key=row.key,
        name=row.name,
        land=LAND,
        standort=row.standort,
        time_zone=row.time_zone,
        internal_hosts=frozenset(row.internal_hosts),
        files=files,
        hub=hub,
        replies=replies,
        database=database,
    )
