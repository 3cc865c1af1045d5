"""Choices that look random and are the same on every machine: they hang on names alone."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def number(*parts: object) -> int:
    """A whole number from 0 to 2**64 - 1 that belongs to these parts."""
    text = "\x1f".join(map(str, parts))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def between(low: int, high: int, *parts: object) -> int:
    """From `low` to `high`, both inclusive."""
    return low + number(*parts) % (high - low + 1)


def chance(percent: int, *parts: object) -> bool:
    """True in about `percent` of 100 cases."""
    return number(*parts) % 100 < percent


def one(options: Sequence[T], *parts: object) -> T:
    """One of the options."""
    return options[number(*parts) % len(options)]


def some(options: Sequence[T], count: int, *parts: object) -> list[T]:
    """`count` of the options, or all, in their own order."""
    ranked = sorted(range(len(options)), key=lambda index: number(*parts, index))[:count]
    return [options[index] for index in sorted(ranked)]
