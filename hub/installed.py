"""Installed plugins: from entry points of the group `hub.plugins` to checked classes.

An entry point is imported when it is first asked for, never before.
"""

from __future__ import annotations

import inspect
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib.metadata import entry_points
from types import FunctionType
from typing import Any, Protocol

import marshmallow as ma

from hub import hookspecs
from hub.containment import Task, run_together
from hub.plugin import Plugin
from hub.validation import explain, unfit_texts

GROUP = "hub.plugins"
NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
IMPORT_DEADLINE = 60.0


class Unusable(Exception):
    """A plugin cannot be used; the message is the reason, for the person who enabled it."""


class EntryPoint(Protocol):
    """What is needed of `importlib.metadata.EntryPoint`."""

    @property
    def name(self) -> str: ...
    @property
    def value(self) -> str: ...
    def load(self) -> Any: ...


class Installed:
    """The plugins of this installation by name."""

    def __init__(self, points: Iterable[EntryPoint] | None = None) -> None:
        self._points: dict[str, list[EntryPoint]] = {}
        for point in entry_points(group=GROUP) if points is None else points:
            self._points.setdefault(point.name, []).append(point)
        self._locks = {name: threading.Lock() for name in self._points}
        self._loaded: dict[str, type[Plugin] | str] = {}

    def names(self) -> list[str]:
        """All of them in order, usable or not."""
        return sorted(self._points)

    def entry_point(self, name: str) -> EntryPoint | None:
        """Where a plugin comes from; None where nothing of this name is installed."""
        points = self._points.get(name)
        return points[0] if points else None

    def load(self, name: str) -> type[Plugin]:
        """The plugin's class, imported and checked once per process; raises `Unusable`."""
        if name not in self._points:
            raise Unusable(
                "No plugin of this name is installed; install the package that brings it."
            )
        with self._locks[name]:
            if name not in self._loaded:
                self._loaded[name] = self._load(name)
        loaded = self._loaded[name]
        if isinstance(loaded, str):
            raise Unusable(loaded)
        return loaded

    def _load(self, name: str) -> type[Plugin] | str:
        points = self._points[name]
        if len({point.value for point in points}) > 1:
            places = " and ".join(sorted(point.value for point in points))
            return f"Two packages bring a plugin of this name: {places}; uninstall one."

        def import_and_check() -> type[Plugin] | str:
            plugin = points[0].load()
            try:
                return check_plugin(plugin, name)
            except Unusable as reason:
                return str(reason)

        results, failures = run_together({name: Task(import_and_check)}, IMPORT_DEADLINE)
        if name in failures:
            return f"It cannot be imported: {failures[name].message}"
        return results[name]  # type: ignore[return-value]


def check_plugin(plugin: Any, name: str) -> type[Plugin]:
    """Return the class when everything that it declares is in order; raises `Unusable`."""
    if not inspect.isclass(plugin) or not issubclass(plugin, Plugin):
        raise Unusable("Its entry point is no subclass of hub.Plugin.")
    if getattr(plugin, "name", None) != name:
        raise Unusable(
            f"Its entry point is called {name!r}, but the class says "
            f"{getattr(plugin, 'name', None)!r}; both must be the same."
        )
    if not NAME.fullmatch(name):
        raise Unusable("A plugin's name consists of lower-case letters, digits and underscores.")
    title = getattr(plugin, "title", None)
    if not isinstance(title, Mapping) or not all(title.get(language) for language in ("de", "en")):
        raise Unusable("Its title lacks German or English.")
    schema = plugin.Config
    if not inspect.isclass(schema) or not issubclass(schema, ma.Schema):
        raise Unusable("Its Config is no marshmallow schema.")
    if schema().unknown != ma.RAISE:
        raise Unusable("Its Config accepts unknown keys; a mistyped key must be refused.")
    hooks_of(plugin)
    return plugin


def load_config(plugin: type[Plugin], config: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration as the plugin's schema loads it; raises `Unusable` naming each key."""
    unfit = list(unfit_texts(config))
    if unfit:
        raise Unusable(f"Its configuration cannot be used: {'; '.join(unfit)}")
    try:
        loaded = plugin.Config().load(config)
    except ma.ValidationError as error:
        raise Unusable(f"Its configuration cannot be used: {explain(error)}") from None
    except Exception as error:  # a validator of the plugin's own
        raise Unusable(f"Its Config fails: {type(error).__name__}: {error}") from error
    if not isinstance(loaded, dict):
        raise Unusable("Its Config does not load to a dictionary.")
    return loaded


@cache
def specified_hooks() -> Mapping[str, tuple[str, ...]]:
    """Every hook of the hub with the names of its arguments."""
    return {
        name: tuple(inspect.signature(function).parameters)
        for name, function in vars(hookspecs).items()
        if isinstance(function, FunctionType) and hasattr(function, "hub_spec")
    }


def hooks_of(plugin: type) -> dict[str, Callable[..., object]]:
    """The hooks that a class implements, unbound, each checked; raises `Unusable`.

    pluggy itself would let most of these mistakes pass silently: a hook nobody calls, an
    argument that never arrives. Attributes are looked at statically: no property runs.
    """
    hooks: dict[str, Callable[..., object]] = {}
    for name in dir(plugin):
        attribute = inspect.getattr_static(plugin, name)
        if isinstance(attribute, property):
            inner = attribute.fget
        else:
            inner = getattr(attribute, "__func__", attribute)
        options = _options(attribute) or _options(inner)
        if options is None:
            if name in specified_hooks():
                raise Unusable(f"{name} has the name of a hook but is not marked @hookimpl.")
            continue
        if not isinstance(attribute, FunctionType):
            raise Unusable(f"The hook {name} must be a plain method.")
        if any(options.values()):
            raise Unusable(f"The hook {name}: @hookimpl takes no options here.")
        _check_arguments(name, attribute)
        hooks[name] = attribute
    return hooks


def _options(attribute: object) -> Mapping[str, object] | None:
    """The options that @hookimpl left on a function, without running any descriptor."""
    found = inspect.getattr_static(attribute, "hub_impl", None)
    return found if isinstance(found, Mapping) else None


def _check_arguments(name: str, function: FunctionType) -> None:
    if name not in specified_hooks():
        raise Unusable(f"There is no hook {name}.")
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise Unusable(f"The hook {name} must not be async.")
    known = specified_hooks()[name]
    parameters = list(inspect.signature(function).parameters.values())[1:]  # without self
    for parameter in parameters:
        if parameter.kind is not inspect.Parameter.POSITIONAL_OR_KEYWORD:
            raise Unusable(f"The hook {name} takes only plain arguments, not {parameter}.")
        if parameter.default is not inspect.Parameter.empty:
            raise Unusable(
                f"The hook {name}: the argument {parameter.name} has a default, so it would "
                "never be passed; remove the default."
            )
        if parameter.name not in known:
            raise Unusable(
                f"The hook {name} has no argument {parameter.name}; it has: "
                f"{', '.join(known) or 'none'}."
            )
