"""Finds secrets in a configuration where none belongs.

What is typed into any field but one for secrets is stored readably, shown to everybody who looks
after the connection, and kept in the log of changes. Only what is certain is found: a long name
that merely looks random is none of our business.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any, NamedTuple

from hub.secrets import Keyring, SecretError, is_reference
from hub.validation import CREDENTIALS

SHORTEST = 6
"""Characters of a secret that is looked for in other fields."""
_PATTERNS = (
    ("key", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")),
    # JSON Web Token (RFC 7519), a Bearer header, tokens of this hub and of known services.
    ("token", re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*|^Bearer\s+\S{8,}", re.IGNORECASE)),
    ("token", re.compile(r"\b(?:hub_|gh[pousr]_|glpat-|xox[abp]-)[\w-]{16,}")),
    ("address", CREDENTIALS),
)


class Misplaced(NamedTuple):
    """Where a secret stands, and what it is: `key`, `token`, `address` (with a password in it) or
    `secret` (one that stands in its own field too)."""

    way: tuple[str | int, ...]
    kind: str

    @property
    def field(self) -> str:
        """The path of the field as forms name it; one of several values is that of all."""
        way = self.way[:-1] if isinstance(self.way[-1], int) else self.way
        return ".".join(map(str, way))


def find(config: Mapping[str, Any], keyring: Keyring) -> list[Misplaced]:
    """The secrets that stand in other fields of a configuration as it is stored."""
    known = set(_secrets(config, keyring))
    return [
        Misplaced(way, kind) for way, text in _texts(config, ()) if (kind := _kind(text, known))
    ]


def without(config: Mapping[str, Any], found: list[Misplaced]) -> dict[str, Any]:
    """The same configuration with nothing where a secret was misplaced."""
    cleaned: dict[str, Any] = deepcopy(dict(config))
    for one in found:
        place: Any = cleaned
        for step in one.way[:-1]:
            place = place[step]
        place[one.way[-1]] = ""
    return cleaned


def _kind(text: str, known: set[str]) -> str:
    if text.strip() in known:
        return "secret"
    return next((kind for kind, pattern in _PATTERNS if pattern.search(text.strip())), "")


def _texts(value: Any, way: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(value, str):
        yield way, value
    elif isinstance(value, Mapping):
        if not is_reference(value):
            for key, inner in value.items():
                yield from _texts(inner, (*way, key))
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield from _texts(inner, (*way, number))


def _secrets(value: Any, keyring: Keyring) -> Iterator[str]:
    if isinstance(value, Mapping):
        if is_reference(value):
            try:
                secret = keyring.decrypt(value["encrypted"]) if "encrypted" in value else ""
            except SecretError:
                return  # it was encrypted with a key that is gone, and is nobody's any more
            if len(secret) >= SHORTEST:
                yield secret
        else:
            for inner in value.values():
                yield from _secrets(inner, keyring)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _secrets(inner, keyring)
