"""Two records under one id: the last one counts, the one before it is reported.

Until a checkpoint gives a cursor, a source says what it has, and each record once; the same record
again is no second one. From a cursor on it may tell what has changed since: then a further record
under the id is its newer state.
"""

from __future__ import annotations

from collections.abc import Iterable

TWICE = "the source gave this id twice; the last record counts"
"""The reason of such a reject."""


class Given:
    """Ids of the offers met since the last cursor, a bit for each: there may be a million."""

    def __init__(self) -> None:
        self._bits = bytearray()

    def __contains__(self, number: int) -> bool:
        place = number >> 3
        return place < len(self._bits) and bool(self._bits[place] >> (number & 7) & 1)

    def add(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            missing = (number >> 3) + 1 - len(self._bits)
            if missing > 0:
                self._bits.extend(bytes(missing))
            self._bits[number >> 3] |= 1 << (number & 7)

    def forget(self, numbers: Iterable[int]) -> None:
        """What the source has deleted may come again."""
        for number in numbers:
            if number in self:
                self._bits[number >> 3] &= ~(1 << (number & 7))
