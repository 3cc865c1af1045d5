"""A form for a plugin's configuration, made from its marshmallow schema, and read back.

Names of fields are paths: `tables.0.name`. Lists of plain values are one per line, mappings one
`key = value` per line, lists of nested values are groups that can be added and removed. A secret
is never sent to the browser: an empty field keeps the one that is stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import marshmallow as ma
from flask_babel import gettext, lazy_gettext

from hub.catalogue import vocabulary
from hub.records import AccessMode, Kind, Scope
from hub.secrets import HIDDEN, Secret, counterpart, is_reference
from hub.web.language import language

LONGEST = 20_000
"""Characters of one field."""
MOST_GROUPS = 50
_FACETS = {Kind: "kind", AccessMode: "access", Scope: "scope"}
"""Types of choices → their vocabulary."""


@dataclass(frozen=True, slots=True)
class Control:
    """One field as the page shows it."""

    name: str
    label: str
    kind: str
    """text, long, number, checkbox, select, lines, pairs, secret, groups."""
    required: bool
    help: str = ""
    value: str = ""
    checked: bool = False
    options: tuple[tuple[str, str], ...] = ()
    stored: str = ""
    """Of a secret: where the stored one is, in words."""
    error: str = ""
    groups: tuple[tuple[Control, ...], ...] = field(default=())


def controls(
    schema: ma.Schema, config: Mapping[str, Any], errors: Mapping[str, str]
) -> tuple[Control, ...]:
    """The form of a schema, filled with a configuration as it is stored or was typed."""
    return tuple(_controls(schema, config, errors, ""))


def has_secrets(controls: Iterable[Control]) -> bool:
    """Whether the form asks for a secret, in a group too."""
    return any(
        one.kind == "secret" or any(has_secrets(group) for group in one.groups) for one in controls
    )


def read(schema: ma.Schema, form: Mapping[str, str], stored: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration that a form was filled with, as a person would write it in TOML."""
    return _read(schema, form, stored, "")


def flat(messages: Any, path: str = "") -> dict[str, str]:
    """The messages of a validation error by the path of their field."""
    found: dict[str, str] = {}
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            step = "" if key == ma.exceptions.SCHEMA else str(key)
            below = f"{path}.{step}" if path and step else path or step
            for name, text in flat(inner, below).items():
                found[name] = f"{found[name]} {text}" if name in found else text
    elif isinstance(messages, list):
        found[path] = " ".join(_translated(str(message)) for message in messages)
    else:
        found[path] = _translated(str(messages))
    return found


def changed_groups(form: Mapping[str, str]) -> tuple[str, int | None] | None:
    """The list to which the pressed button adds a group (None), or from which it removes one."""
    pressed = form.get("group", "")
    action, _, rest = pressed.partition(":")
    if action == "add":
        return rest, None
    name, _, number = rest.rpartition(".")
    if action == "drop" and number.isascii() and number.isdigit():
        return name, int(number)
    return None


def _controls(
    schema: ma.Schema, config: Mapping[str, Any], errors: Mapping[str, str], path: str
) -> Iterator[Control]:
    for key, one in _fields(schema).items():
        name = f"{path}.{key}" if path else key
        yield _control(name, one, config.get(key, _default(one)), errors)


def _control(name: str, one: Any, value: Any, errors: Mapping[str, str]) -> Control:
    said = one.metadata.get("label", {})
    common: dict[str, Any] = {
        "name": name,
        "label": said.get(language()) or said.get("de") or name,
        "help": (one.metadata.get("help") or {}).get(language(), ""),
        "required": one.required,
        "error": errors.get(name, ""),
    }
    if isinstance(one, Secret):
        return Control(**common, kind="secret", stored=_where(value))
    if isinstance(one, ma.fields.Boolean):
        return Control(**common, kind="checkbox", checked=bool(value))
    if isinstance(one, ma.fields.Enum):
        allowed = _one_of(one) or tuple(member for member in one.enum)
        return Control(**common, kind="select", value=_text(value), options=_options(one, allowed))
    if isinstance(one, ma.fields.List) and isinstance(one.inner, ma.fields.Nested):
        schema = one.inner.schema
        rows = value if isinstance(value, list) else []
        groups = tuple(
            tuple(_controls(schema, row, errors, f"{name}.{number}"))
            for number, row in enumerate(rows)
            if isinstance(row, Mapping)
        )
        return Control(**common, kind="groups", groups=groups)
    if isinstance(one, ma.fields.Nested):
        inner = value if isinstance(value, Mapping) else {}
        group = tuple(_controls(one.schema, inner, errors, name))
        return Control(**common, kind="group", groups=(group,))
    if isinstance(one, ma.fields.List):
        lines = "\n".join(map(_text, value)) if isinstance(value, list | tuple) else ""
        return Control(**common, kind="lines", value=lines)
    if isinstance(one, ma.fields.Mapping):
        pairs = value.items() if isinstance(value, Mapping) else ()
        written = "\n".join(f"{key} = {_text(item)}" for key, item in pairs)
        return Control(**common, kind="pairs", value=written)
    allowed = _one_of(one)
    if allowed:
        return Control(**common, kind="select", value=_text(value), options=_options(one, allowed))
    kind = "number" if isinstance(one, ma.fields.Number) else "text"
    if one.metadata.get("long"):
        kind = "long"
    return Control(**common, kind=kind, value=_text(value))


def _one_of(one: Any) -> tuple[Any, ...]:
    """The values that the field is limited to."""
    return next((tuple(v.choices) for v in one.validators if isinstance(v, ma.validate.OneOf)), ())


def _options(one: Any, values: Iterable[Any]) -> tuple[tuple[str, str], ...]:
    """Each value with its word: the field's own, else that of the vocabulary, else itself."""
    said = one.metadata.get("options") or {}
    return tuple((_text(value), _option(said.get(_text(value)), value)) for value in values)


def _option(said: Mapping[str, str] | None, value: Any) -> str:
    if said:
        return said.get(language()) or said["de"]
    facet = _FACETS.get(type(value))
    return vocabulary.label(facet, str(value), language()) if facet else _text(value)


def _read(
    schema: ma.Schema, form: Mapping[str, str], stored: Mapping[str, Any], path: str
) -> dict[str, Any]:
    found = {}
    for key, one in _fields(schema).items():
        name = f"{path}.{key}" if path else key
        value = _read_field(name, one, form, stored.get(key))
        if value is not None:
            found[key] = value
    return found


def _read_field(name: str, one: Any, form: Mapping[str, str], stored: Any) -> Any:
    typed = form.get(name, "")[:LONGEST].replace("\r\n", "\n")
    if isinstance(one, Secret):
        if typed:
            return typed
        if is_reference(stored) and form.get(f"{name}.forget") != "1":
            return {"encrypted": HIDDEN} if "encrypted" in stored else stored
        return None
    if isinstance(one, ma.fields.Boolean):
        return form.get(name) == "1"
    if isinstance(one, ma.fields.List) and isinstance(one.inner, ma.fields.Nested):
        schema = one.inner.schema
        rows = [(_read(schema, form, {}, at), at) for at in _rows(form, name)]
        return [
            _read(schema, form, counterpart(schema, row, stored, number) or {}, at)
            for number, (row, at) in enumerate(rows)
        ]
    if isinstance(one, ma.fields.Nested):
        inner = _read(one.schema, form, stored if isinstance(stored, Mapping) else {}, name)
        return inner or None
    if isinstance(one, ma.fields.List):
        return [line.strip() for line in typed.split("\n") if line.strip()]
    if isinstance(one, ma.fields.Mapping):
        pairs = (line.partition("=") for line in typed.split("\n") if line.strip())
        return {key.strip(): value.strip() for key, _, value in pairs}
    text = typed.strip()
    if not text:
        return None
    if isinstance(one, ma.fields.Number):
        return _number(text)
    return text


def _rows(form: Mapping[str, str], name: str) -> list[str]:
    text = form.get(f"{name}.count", "0")
    count = min(int(text), MOST_GROUPS) if text.isascii() and text.isdigit() and text else 0
    return [f"{name}.{number}" for number in range(count)]


def _number(text: str) -> int | float | str:
    """A number as Germans and others write it; what is none stays a text, which is refused."""
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return text


def _fields(schema: ma.Schema) -> dict[str, Any]:
    return {one.data_key or name: one for name, one in schema.load_fields.items()}


def _default(one: Any) -> Any:
    if one.load_default is ma.missing:
        return None
    value = one.load_default() if callable(one.load_default) else one.load_default
    return value.value if isinstance(value, Enum) else value


def _text(value: Any) -> str:
    if value is None:
        return ""
    return str(value.value if isinstance(value, Enum) else value)


def _where(stored: Any) -> str:
    """Where a secret is kept, in words that do not tell it."""
    if not is_reference(stored):
        return ""
    ((source, text),) = stored.items()
    if source == "env":
        return gettext("taken from the environment variable %(name)s", name=text)
    if source == "file":
        return gettext("taken from the file %(name)s", name=text)
    return gettext("stored encrypted")


_MESSAGES = {
    "Missing data for required field.": lazy_gettext("Please fill this in."),
    "Field may not be null.": lazy_gettext("Please fill this in."),
    "Not a valid URL.": lazy_gettext("This is no address; it begins with http:// or https://."),
    "Not a valid integer.": lazy_gettext("Please write a whole number."),
    "Not a valid number.": lazy_gettext("Please write a number."),
    "String does not match expected pattern.": lazy_gettext("This does not have the right form."),
    "Unknown field.": lazy_gettext("There is no such setting."),
}


def _translated(message: str) -> str:
    """marshmallow's own messages in the person's language; a plugin's own stay as they are."""
    return str(_MESSAGES.get(message, message))
