"""Mappings as data: checked, read from files, written to files.

A mapping is stored as JSON, field → rule: `{"subjects": {"from": ["Fach"], "separator": ";",
"values": {"Bio": "080"}, "unknown": "keep"}}`. A file adds what it is and for which plugin:
`{"format": "hub-mapping", "version": 1, "plugin": "tables", "fields": {…}}`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

import marshmallow as ma

from hub.catalogue import vocabulary
from hub.formats.fieldmap import CODED, KEEP, UNKNOWN, FieldMap, Rule
from hub.validation import explain, unfit_texts

FORMAT, VERSION = "hub-mapping", 1
MAX_FILE = 900_000
"""Bytes."""
MOST_VALUES = 5_000
"""Words of one field."""
FACETS = {
    "subjects": "subject",
    "levels": "level",
    "audiences": "audience",
    "competences": "competence",
    "kind": "kind",
    "medium_type": "medium_type",
    "carrier": "carrier",
}
"""Fields that hold codes → the vocabulary of these."""


class MappingError(Exception):
    """A mapping cannot be used; the message says where it is wrong and what is expected."""


def _text(least: int, most: int, **more: Any) -> ma.fields.String:
    return ma.fields.String(validate=ma.validate.Length(least, most), **more)


class RuleSchema(ma.Schema):
    """One field of a mapping."""

    class Meta:
        unknown = ma.RAISE

    sources = ma.fields.List(
        _text(1, 200), data_key="from", load_default=list, validate=ma.validate.Length(max=20)
    )
    fixed = _text(0, 500, load_default="")
    separator = _text(0, 5, load_default="")
    values = ma.fields.Dict(
        keys=_text(1, 200),
        values=_text(0, 500),
        load_default=dict,
        validate=ma.validate.Length(max=MOST_VALUES),
    )
    otherwise = ma.fields.String(
        data_key="unknown", load_default=KEEP, validate=ma.validate.OneOf(UNKNOWN)
    )

    @ma.validates_schema
    def _filled(self, data: dict[str, Any], **_: Any) -> None:
        if not data.get("sources") and not data.get("fixed"):
            raise ma.ValidationError(
                "Say from what the field is filled, or its fixed text.", "from"
            )

    @ma.post_dump
    def _sparse(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Without what is as it would be anyway."""
        return {k: v for k, v in data.items() if v and not (k == "unknown" and v == KEEP)}


class FileSchema(ma.Schema):
    """A file that holds a mapping."""

    class Meta:
        unknown = ma.RAISE

    format = ma.fields.String(required=True, validate=ma.validate.Equal(FORMAT))
    version = ma.fields.Integer(required=True, validate=ma.validate.Equal(VERSION))
    plugin = _text(1, 40, required=True)
    title = _text(0, 200, load_default="")
    fields_ = ma.fields.Dict(required=True, data_key="fields")


def load(data: Mapping[str, Any], fields: Collection[str]) -> FieldMap:
    """The mapping in stored or typed data, for a plugin that lets these fields be mapped.

    Raises `MappingError` naming each place that is wrong.
    """
    problems = list(unfit_texts(_flat(data)))
    rules = []
    for field, given in data.items():
        if field not in fields:
            known = ", ".join(sorted(fields)) or "none"
            problems.append(f"{field}: there is no such field to be mapped, only {known}.")
            continue
        try:
            read = RuleSchema().load(given)
        except ma.ValidationError as error:
            problems.append(f"{field}: {explain(error)}")
            continue
        rules.append(
            Rule(
                field,
                tuple(dict.fromkeys(read["sources"])),
                read["fixed"],
                read["separator"],
                tuple(read["values"].items()),
                read["otherwise"],
            )
        )
        problems += _unknown_codes(rules[-1])
    if problems:
        raise MappingError(" ".join(problems))
    return FieldMap(tuple(sorted(rules, key=lambda rule: rule.field)))


def dump(mapping: FieldMap) -> dict[str, Any]:
    """The data from which `load` makes the same mapping."""
    return {
        rule.field: RuleSchema().dump(
            {
                "sources": list(rule.sources),
                "fixed": rule.fixed,
                "separator": rule.separator,
                "values": dict(rule.values),
                "otherwise": rule.unknown,
            }
        )
        for rule in mapping.rules
    }


def to_file(plugin: str, mapping: FieldMap, title: str = "") -> bytes:
    """The file of a mapping, UTF-8."""
    head = {"format": FORMAT, "version": VERSION, "plugin": plugin, "title": title}
    data = {**head, "fields": dump(mapping)}
    return (json.dumps(data, ensure_ascii=False, indent=2) + "\n").encode()


def from_file(content: bytes, plugin: str, fields: Collection[str]) -> FieldMap:
    """The mapping in a file; raises `MappingError` where it is none or for another plugin."""
    data = parsed(content)
    if data["plugin"] != plugin:
        raise MappingError(f"The mapping is for the plugin {data['plugin']}, not for {plugin}.")
    return load(data["fields_"], fields)


def parsed(content: bytes) -> dict[str, Any]:
    """The file as data, its fields not yet checked."""
    if len(content) > MAX_FILE:
        raise MappingError(f"The file is larger than {MAX_FILE // 1000} kB.")
    try:
        data = json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise MappingError(f"The file is not UTF-8 (byte {error.start + 1}).") from None
    except json.JSONDecodeError as error:
        raise MappingError(
            f"The file is no JSON: line {error.lineno}, column {error.colno}: {error.msg}."
        ) from None
    except RecursionError:
        raise MappingError("The file is no mapping: it is nested too deeply.") from None
    if not isinstance(data, dict):
        raise MappingError("The file is no mapping: an object with “format” was expected.")
    try:
        read: dict[str, Any] = FileSchema().load(data)
    except ma.ValidationError as error:
        raise MappingError(f"The file is no mapping: {explain(error)}") from None
    return read


def known_code(field: str, code: str) -> bool:
    """Whether the code is one of ours; any text is, in a field without codes."""
    facet = FACETS.get(field)
    if facet is None:
        return True
    if facet == "subject":
        return vocabulary.is_known(facet, code)
    return code in vocabulary.codes(facet)


def _flat(value: Any) -> list[Any]:
    """Everything in it, keys and values alike, as one list."""
    if isinstance(value, Mapping):
        return [one for key, item in value.items() for one in (key, *_flat(item))]
    if isinstance(value, list):
        return [one for item in value for one in _flat(item)]
    return [value]


def _unknown_codes(rule: Rule) -> list[str]:
    if rule.field not in CODED:
        return []
    given = {rule.fixed: "fixed", **{code: f"values.{word}" for word, code in rule.values}}
    return [
        f"{rule.field}.{where[:60]}: there is no code “{code[:40]}”."
        for code, where in given.items()
        if code and not known_code(rule.field, code)
    ][:20]
