"""Marshmallow's nested messages as lines for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import marshmallow as ma


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
