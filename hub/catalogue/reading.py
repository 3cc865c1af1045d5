"""Documents: which of them were read before, by the same code, with the same outcome.

A document need not be read again when neither it nor the code that reads it has changed. Its hash
covers both: the content, and a signature of the function with its arguments, its module, and all
modules of the hub that take part.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache, lru_cache, partial
from hashlib import blake2b
from pathlib import Path
from types import FunctionType
from typing import Any

import hub
from hub.records import Document

_HUB = Path(hub.__file__).parent
_TAKE_PART = ("formats/**/*.py", "catalogue/identifiers.py", "catalogue/normalise.py", "records.py")
"""Modules that turn a document into what is stored."""


def source_hash(document: Document) -> str:
    """Changes with the document and with whatever reads it; empty where that cannot be told."""
    try:
        return blake2b(document.content, digest_size=16, key=_signature(document.read)).hexdigest()
    except (TypeError, ValueError, AttributeError, OSError):  # no bytes, or nothing that reads them
        return ""


def raw_hash(sent: bytes) -> str:
    """Changes with what a source sent of a record that its plugin reads itself."""
    return blake2b(sent, digest_size=16).hexdigest()


@lru_cache(maxsize=256)
def _signature(read: Callable[..., Any]) -> bytes:
    modules: set[str] = set()
    said = _described(read, modules)
    digest = blake2b(said.encode(), digest_size=32)
    for module in sorted(modules):
        digest.update(_code(module))
    return digest.digest()


def _described(value: Any, modules: set[str]) -> str:
    """What reads or is given to it, the same in every process; notes the modules of functions."""
    if isinstance(value, partial):
        given = [*value.args, *(item for pair in sorted(value.keywords.items()) for item in pair)]
        parts = [_described(part, modules) for part in (value.func, *given)]
        return f"({' '.join(parts)})"
    if isinstance(value, FunctionType):
        modules.add(value.__module__)
        return f"{value.__module__}.{value.__qualname__}"
    return repr(value)


@cache
def _code(module: str) -> bytes:
    """A hash of the module's own code and that of the hub."""
    files = [Path(sys.modules[module].__file__ or "")]
    for pattern in _TAKE_PART:
        files += sorted(_HUB.glob(pattern))
    digest = blake2b(digest_size=16)
    for file in files:
        digest.update(file.read_bytes())
    return digest.digest()
