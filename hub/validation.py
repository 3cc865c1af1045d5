"""What is wrong with a configuration, as lines for people that name the key."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import marshmallow as ma

CREDENTIALS = re.compile(r"://[^/?#\s@]*@")
"""Of an address with a name, or a name and a password, in it."""
_UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def explain(error: ma.ValidationError) -> str:
    """All messages of the error, each with the path of its key: `columns.title: Not a string.`"""
    messages = error.normalized_messages()  # type: ignore[no-untyped-call]
    return "; ".join(_lines(messages, ""))


def _lines(messages: Any, path: str) -> Iterator[str]:
    if isinstance(messages, dict):
        for key, value in sorted(messages.items(), key=lambda item: str(item[0])):
            step = "" if key == ma.exceptions.SCHEMA else str(key)
            yield from _lines(value, f"{path}.{step}" if path and step else path or step)
    elif isinstance(messages, list):
        yield f"{path}: {' '.join(map(str, messages))}" if path else " ".join(map(str, messages))
    else:
        yield f"{path}: {messages}" if path else str(messages)


def unfit_texts(value: Any, path: str = "") -> Iterator[str]:
    """What a configuration must not hold in whatever field, a line each.

    A password inside an address would be stored and shown in plain text; control characters and
    halves of surrogate pairs are refused by PostgreSQL.
    """
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from unfit_texts(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from unfit_texts(item, f"{path}.{index}")
    elif isinstance(value, str):
        if CREDENTIALS.search(value):
            yield f"{path}: An address holds no name and password; they have fields of their own."
        if _UNSTORABLE.search(value):
            yield f"{path}: A control character stands in this text."
