"""Bitmaps that took time to get, kept while they have room: what was used last stays longest."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from threading import Lock

from pyroaring import FrozenBitMap

ROOM = 8_000_000
"""Bytes. A token that stands in every tenth of 250,000 works takes 32 KB."""
_CHUNK = 65_536
_CHUNK_BYTES = 8_192
_EACH = 250
"""Bytes of a name and of the objects around an empty bitmap."""


class Kept:
    """Bitmaps by name, for many threads at once."""

    def __init__(self, room: int = ROOM) -> None:
        self._left = self._room = room
        self._by_name: OrderedDict[str, FrozenBitMap] = OrderedDict()
        self._lock = Lock()

    def of(self, names: Iterable[str]) -> dict[str, FrozenBitMap]:
        """Those of the names that are kept."""
        with self._lock:
            found = {name: self._by_name[name] for name in names if name in self._by_name}
            for name in found:
                self._by_name.move_to_end(name)
        return found

    def add(self, found: Mapping[str, FrozenBitMap]) -> None:
        with self._lock:
            for name, bits in found.items():
                if name in self._by_name:
                    self._left += _size(self._by_name.pop(name))
                self._by_name[name] = bits
                self._left -= _size(bits)
            while self._left < 0:
                self._left += _size(self._by_name.popitem(last=False)[1])

    def changed(self, works: FrozenBitMap, having: Mapping[str, Iterable[int]]) -> Kept:
        """The same after these works have changed: each name has those of them that are given."""
        changed = Kept(self._room)
        with self._lock:
            old = list(self._by_name.items())
        changed.add(
            {
                name: (bits - works) | FrozenBitMap(having.get(name, ()))
                if name in having or bits.intersect(works)
                else bits
                for name, bits in old
            }
        )
        return changed

    def __iter__(self) -> Iterator[str]:
        with self._lock:
            return iter(list(self._by_name))


def _size(bits: FrozenBitMap) -> int:
    """At most so many bytes, as roaring bitmaps hold them."""
    if not bits:
        return _EACH
    chunks = bits.max() // _CHUNK - bits.min() // _CHUNK + 1
    return _EACH + min(2 * len(bits), _CHUNK_BYTES * chunks)
