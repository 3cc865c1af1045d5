"""Quality tiers of plugins, bronze to platinum: rules that a machine checks, and nothing else.

A plugin has a tier when it keeps every rule of it and of those below. The rules stand in
`docs/plugins.md`; what exactly breaks one is told by `hub check --plugin`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

import marshmallow as ma
import structlog

from hub import judge
from hub.installed import hooks_of
from hub.plugin import Plugin, Text
from hub.secrets import Secret

log = structlog.get_logger(__name__)


class Tier(StrEnum):
    """From the lowest to the highest."""

    BRONZE = "bronze"
    SILVER = "silver"
    GOLD = "gold"
    PLATINUM = "platinum"


@dataclass(frozen=True, slots=True)
class Examined:
    """A plugin with everything that the rules look at."""

    plugin: type[Plugin]
    findings: dict[str, list[str]]
    """What `hub.judge` found, by what it looked at."""
    modules: dict[Path, ast.Module]


@dataclass(frozen=True, slots=True)
class Rule:
    """What a plugin must keep; `broken` tells each breach in a sentence."""

    name: str
    tier: Tier
    text: Text
    broken: Callable[[Examined], Iterable[str]]


@dataclass(frozen=True, slots=True)
class Standing:
    """Which tier a plugin has, None for not even the lowest, and what it lacks for the next."""

    tier: Tier | None
    next: Tier | None
    missing: tuple[tuple[Rule, tuple[str, ...]], ...]
    """The broken rules of the next tier, each with its breaches."""


def standing(plugin: type[Plugin]) -> Standing:
    """How good the plugin is. Code that cannot even be looked at has no tier."""
    return _standing(plugin)  # type: ignore[arg-type]  # classes have a hash, as typeshed forgets


@lru_cache(maxsize=256)
def _standing(plugin: type[Plugin]) -> Standing:
    try:
        examined = _examine(plugin)
        broken = {rule.name: tuple(rule.broken(examined)) for rule in RULES}
    except Exception:  # a plugin's own schema or source may do anything
        log.warning("plugin.not_examined", plugin=plugin.__name__, exc_info=True)
        return Standing(None, Tier.BRONZE, ())
    reached: Tier | None = None
    for tier in Tier:
        missing = [(r, broken[r.name]) for r in RULES if r.tier is tier and broken[r.name]]
        if missing:
            return Standing(reached, tier, tuple(missing))
        reached = tier
    return Standing(reached, None, ())


def _examine(plugin: type[Plugin]) -> Examined:
    source = judge.source(plugin)
    modules = {
        path: ast.parse(path.read_bytes())
        for path in source
        if path.suffix == ".py" and "migrations" not in path.parts
    }
    return Examined(plugin, judge.findings(plugin, source), modules)


def _found(*names: str) -> Callable[[Examined], Iterable[str]]:
    return lambda one: [text for name in names for text in one.findings[name]]


def _checks_itself(one: Examined) -> Iterator[str]:
    outside = (ma.fields.Url, Secret)
    fields = judge.fields(one.plugin.Config())
    if not one.plugin.hosts and not any(isinstance(field, outside) for _, field in fields):
        return
    if "health" not in hooks_of(one.plugin):
        yield "It connects to another system, but has no hook `health`."


def _helps(one: Examined) -> Iterator[str]:
    for name, field in judge.fields(one.plugin.Config()):
        if (field.required or isinstance(field, Secret)) and "help" not in field.metadata:
            yield f"The setting {name} has no help."


def _goes_on(one: Examined) -> Iterator[str]:
    nodes = [node for module in one.modules.values() for node in ast.walk(module)]
    named = {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
    if "catalogue_changes" not in named:
        return
    for node in nodes:
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Checkpoint":
            given = [*node.args[:1], *(k.value for k in node.keywords if k.arg == "cursor")]
            if any(not (isinstance(one, ast.Constant) and one.value is None) for one in given):
                return
    yield "No `Checkpoint` has a cursor, so a run that breaks off begins anew."


def _documented(one: Examined) -> Iterator[str]:
    for path, module in one.modules.items():
        if module.body and ast.get_docstring(module) is None:
            yield f"{path.name} has no docstring."
    if not (one.plugin.__doc__ or "").strip():
        yield f"The class {one.plugin.__name__} has no docstring."


def _typed(one: Examined) -> Iterator[str]:
    for path, module in one.modules.items():
        for node in ast.walk(module):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
                bare = [a for a in arguments if a.annotation is None and a.arg not in _IMPLIED]
                if bare or node.returns is None:
                    yield f"{path.name}:{node.lineno}: {node.name} is not annotated throughout."


_IMPLIED = ("self", "cls")
RULES = (
    Rule(
        "described",
        Tier.BRONZE,
        {
            "de": "Titel, Beschreibung und Einstellungen sind deutsch und englisch beschriftet, "
            "Geheimnisse als solche deklariert.",
            "en": "Title, description and settings are labelled in German and English, secrets "
            "declared as such.",
        },
        _found("declared", "config"),
    ),
    Rule(
        "hosts",
        Tier.SILVER,
        {
            "de": "Jeder Rechner, den der Code anspricht, ist genannt.",
            "en": "Every host that the code connects to is declared.",
        },
        _found("hosts"),
    ),
    Rule(
        "personal-data",
        Tier.SILVER,
        {
            "de": "Personenbezogene Daten sind mit Zweck und Frist genannt, mit Auskunft und "
            "Löschung.",
            "en": "Personal data is declared with purpose and retention, with export and erasure.",
        },
        _found("personal_data"),
    ),
    Rule(
        "pages",
        Tier.SILVER,
        {
            "de": "Die Seiten sind übersetzt und enthalten nichts Eingebettetes oder Fremdes.",
            "en": "Pages are translated, and hold nothing inline or from elsewhere.",
        },
        _found("templates", "translations"),
    ),
    Rule(
        "health",
        Tier.GOLD,
        {
            "de": "Was ein anderes System anspricht, kann vor dem Speichern geprüft werden.",
            "en": "What connects to another system can be checked before it is saved.",
        },
        _checks_itself,
    ),
    Rule(
        "help",
        Tier.GOLD,
        {
            "de": "Jede Pflichteinstellung und jedes Geheimnis hat eine Hilfe.",
            "en": "Every required setting and every secret has a help text.",
        },
        _helps,
    ),
    Rule(
        "resumes",
        Tier.PLATINUM,
        {
            "de": "Ein abgebrochener Lauf geht weiter, wo er war.",
            "en": "A run that breaks off goes on where it was.",
        },
        _goes_on,
    ),
    Rule(
        "documented",
        Tier.PLATINUM,
        {
            "de": "Jedes Modul und die Klasse sagen, was sie tun.",
            "en": "Every module and the class say what they do.",
        },
        _documented,
    ),
    Rule(
        "typed",
        Tier.PLATINUM,
        {
            "de": "Jede Funktion nennt die Typen ihrer Argumente und ihres Ergebnisses.",
            "en": "Every function names the types of its arguments and of its result.",
        },
        _typed,
    ),
)
"""Every rule, the lowest tier first."""
