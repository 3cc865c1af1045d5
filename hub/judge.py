"""What a careful reader would criticise about a plugin: its class, code, templates and texts.

Nothing of the plugin runs but its import. What only shows when it runs (I/O in the constructor,
records, hosts that it really asks) is looked at by its contract tests, `hub.testing`.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import marshmallow as ma

from hub.installed import Installed, Unusable, hooks_of
from hub.plugin import Plugin
from hub.secrets import Secret

LANGUAGES = ("de", "en")
MAX_FILES = 2_000
ASKING = frozenset({"delete", "get", "head", "patch", "post", "put", "request", "send", "urlopen"})
"""Names of functions that connect to the address that they are given."""
PERSONAL_HOOKS = ("booking_create", "identity_complete")
"""Hooks that are given personal data."""
SECRETIVE = re.compile(r"(?:^|_)(?:password|passwort|secret|token|api_?key)(?:$|_)", re.IGNORECASE)
KEYWORDS = {"gettext": None, "lazy_gettext": None, "ngettext": (1, 2), "_": None}


def judge(installed: Installed, name: str) -> list[str]:
    """Everything that is wrong with an installed plugin, each as a sentence."""
    try:
        plugin = installed.load(name)
    except Unusable as reason:
        return [str(reason)]
    return [text for found in findings(plugin, source(plugin)).values() for text in found]


def findings(plugin: type[Plugin], files: list[Path]) -> dict[str, list[str]]:
    """What is wrong with a plugin, by what was looked at; `files` are its own (`source`)."""
    return {
        "declared": list(_declared(plugin)),
        "config": list(_config(plugin.Config(), "")),
        "personal_data": list(_personal_data(plugin, files)),
        "hosts": list(_hosts(plugin, files)),
        "templates": list(_templates(files)),
        "translations": list(_translations(plugin, files)),
    }


def fields(schema: ma.Schema, path: str = "") -> Iterator[tuple[str, ma.fields.Field[Any]]]:
    """All fields that a form shows, also those inside nested schemas."""
    for name, field in schema.fields.items():
        here = f"{path}.{name}" if path else name
        yield here, field
        inner: Any = field
        while isinstance(inner, ma.fields.List | ma.fields.Dict):
            inner = inner.inner if isinstance(inner, ma.fields.List) else inner.value_field
        if isinstance(inner, ma.fields.Nested):
            yield from fields(inner.schema, here)


def source(plugin: type[Plugin]) -> list[Path]:
    """The plugin's own files: its module, or all of the package whose `__init__` has the class."""
    module = Path(inspect.getfile(plugin))
    top = module.parent
    if "." not in plugin.__module__ and module.name != "__init__.py":
        return [module]
    if module.name != "__init__.py":
        if top.name == "plugins":  # several plugins beside each other
            return [module]
        while (top.parent / "__init__.py").is_file():
            top = top.parent
    return sorted(path for path in top.rglob("*") if path.is_file())[:MAX_FILES]


def _declared(plugin: type[Plugin]) -> Iterator[str]:
    yield from _missing(plugin.title, "Its title")
    yield from _missing(plugin.description, "Its description")
    if not plugin.category:
        yield "It says no category: catalogue, booking or identity."
    if plugin.migrations is not None and not plugin.migrations.is_dir():
        yield f"Its migrations lie nowhere: {plugin.migrations} does not exist."


def _config(schema: ma.Schema, path: str) -> Iterator[str]:
    for name, field in fields(schema, path):
        yield from _missing(field.metadata.get("label"), f"The label of {name}")
        if "help" in field.metadata:
            yield from _missing(field.metadata["help"], f"The help of {name}")
        if SECRETIVE.search(name.rpartition(".")[2]) and not isinstance(field, Secret):
            yield f"{name} looks like a secret, but is stored and shown openly: use hub.Secret."


def _missing(text: Any, what: str) -> Iterator[str]:
    told: Mapping[str, Any] = text if isinstance(text, Mapping) else {}
    without = [one for one in LANGUAGES if not str(told.get(one) or "").strip()]
    if without:
        yield f"{what} lacks {' and '.join(without)}."


def _personal_data(plugin: type[Plugin], source: Iterable[Path]) -> Iterator[str]:
    hooks = hooks_of(plugin)
    for entry in plugin.personal_data:
        for name in ("what", "purpose", "retention"):
            yield from _missing(getattr(entry, name, None), f"personal_data: {name}")
    if plugin.personal_data and not _kept_by_the_hub(plugin, source):
        for hook in ("personal_data_export", "personal_data_erase"):
            if hook not in hooks:
                yield f"It declares personal data, but has no {hook}."
    handled = [hook for hook in PERSONAL_HOOKS if hook in hooks]
    if handled and not plugin.personal_data:
        yield f"{handled[0]} is given personal data, but it declares none in personal_data."


def _kept_by_the_hub(plugin: type[Plugin], source: Iterable[Path]) -> bool:
    """Whether all personal data is in the hub's own tables, which the hub exports and erases:
    what a login tells, and bookings in the hub's ledger."""
    if plugin.migrations is not None:
        return False
    if plugin.category == "identity":
        return True
    imported = re.compile(r"^(?:from|import) hub\.booking\b", re.MULTILINE)
    return any(
        imported.search(path.read_text(encoding="utf-8", errors="replace"))
        for path in source
        if path.suffix == ".py"
    )


def _hosts(plugin: type[Plugin], source: Iterable[Path]) -> Iterator[str]:
    declared = {host.lower() for host in plugin.hosts}
    for path in source:
        if path.suffix == ".py":
            for host, line in _asked(ast.parse(path.read_bytes())):
                if host not in declared:
                    yield f"{path.name}:{line} connects to {host}, which is missing in `hosts`."


def _asked(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Hosts of addresses that stand in a call that connects, or are a default of a field."""
    constants = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        name = function.attr if isinstance(function, ast.Attribute) else ""
        name = function.id if isinstance(function, ast.Name) else name
        given = list(node.args) if name in ASKING else []
        given += [
            word.value
            for word in node.keywords
            if word.arg == "load_default" or (name in ASKING and word.arg == "url")
        ]
        for value in given:
            told = constants.get(value.id, value) if isinstance(value, ast.Name) else value
            if isinstance(told, ast.JoinedStr) and told.values:
                told = told.values[0]
            if isinstance(told, ast.Constant) and isinstance(told.value, str):
                parts = urlsplit(told.value)
                if parts.scheme in ("http", "https") and parts.hostname:
                    yield parts.hostname, node.lineno


class _Inline(HTMLParser):
    """Collects what the pages' Content-Security-Policy will not let happen."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[int, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        line = self.getpos()[0]
        if tag == "style" or (tag == "script" and "src" not in told):
            self.found.append((line, f"<{tag}> inside the page"))
        for name, value in told.items():
            if name == "style" or name.startswith("on"):
                self.found.append((line, f"the attribute {name}"))
            elif name in ("href", "src", "action") and value.lower().startswith("javascript:"):
                self.found.append((line, f"a script in {name}"))
        foreign = told.get("src", "") + (told.get("href", "") if tag == "link" else "")
        if re.match(r"(?:https?:)?//", foreign):
            self.found.append((line, f"something from elsewhere: {foreign[:80]}"))


def _templates(source: Iterable[Path]) -> Iterator[str]:
    for path in source:
        if path.suffix == ".html":
            parser = _Inline()
            parser.feed(path.read_text(encoding="utf-8", errors="replace"))
            for line, what in parser.found:
                yield f"{path.name}:{line}: {what}; the browser refuses it, use a static file."


def _translations(plugin: type[Plugin], source: Iterable[Path]) -> Iterator[str]:
    known = _hub_texts()
    if plugin.translations is not None:
        known = known | _german(plugin.translations)
    for path, text in _said(source):
        if text not in known:
            yield f"{path.name} says “{text}”, for which there is no German text."
        elif not known[text]:
            yield f"{path.name} says “{text}”, whose German text is empty or fuzzy."


@cache
def _hub_texts() -> dict[str, bool]:
    """As `_german`, of the hub's own texts, which every plugin may use."""
    from hub.web.language import CATALOGUES

    return _german(CATALOGUES)


def _german(folder: Path) -> dict[str, bool]:
    """The messages of a folder, each with whether its German is there."""
    from babel.messages.pofile import read_po

    known = {}
    for path in sorted(folder.glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale="de"):
                texts = message.string or ""
                texts = (texts,) if isinstance(texts, str) else texts
                known[_first(message.id)] = all(texts) and not message.fuzzy
    return known


def _said(source: Iterable[Path]) -> Iterator[tuple[Path, str]]:
    from babel.messages.extract import extract_from_file

    for path in source:
        if path.suffix not in (".py", ".html") or "migrations" in path.parts:
            continue
        method = "jinja2" if path.suffix == ".html" else "python"
        options = {"newstyle_gettext": "true"} if method == "jinja2" else {}
        for _, message, _, _ in extract_from_file(method, path, keywords=KEYWORDS, options=options):
            if _first(message):
                yield path, _first(message)


def _first(message: Any) -> str:
    return message if isinstance(message, str) else str(message[0])
