"""Under which few keys a record's candidates are looked up, and a place to keep them in memory."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping
from typing import Generic, TypeVar

from hub.catalogue.matching.text import Features, content
from hub.catalogue.matching.vectors import Model

PER_SEGMENT = 5
"""Rare n-grams of each part of a title: enough to survive a slip in one word."""
SEGMENTS = 3
WORDS = 6
FULLEST = 40
"""Records that may share a key: one with more is full, and says little."""
LOOKED_UNDER = 6
"""Keys that are looked under even if some of them are full."""
ENOUGH = 100
"""Records found under the emptiest keys; what fuller ones have besides shares less."""
CANDIDATES = 10
"""Records that are compared in full with one."""

Id = TypeVar("Id", bound=Hashable)


def keys(found: Features, model: Model) -> list[str]:
    """At most 35; what similar records have in common is among them, and seldom else.

    `=` the whole title or one of its parts, `-` the title without one word, `4-gram` a rare one,
    `2019|gram` the begin of a word together with the year: titles of a few common words share
    their rare n-grams with too many.
    """
    chosen = dict.fromkeys([f"={found.title}"])
    segments = found.segments[:SEGMENTS]
    if len(found.segments) > 1:
        chosen.update(dict.fromkeys(f"={segment}" for segment in segments if " " in segment))
    for segment in segments:
        chosen.update(dict.fromkeys(model.rare(segment, PER_SEGMENT)))
    words = content(found.title.split())[:WORDS]
    if len(words) > 2:
        for left_out in range(len(words)):
            chosen["-" + " ".join(words[:left_out] + words[left_out + 1 :])] = None
    if found.year:
        chosen.update(dict.fromkeys(f"{found.year}|{word[:4]}" for word in words))
    return [key[:100] for key in chosen]


def telling(its_keys: Iterable[str], fill: Mapping[str, int]) -> list[str]:
    """Of a record's keys those to look under, given how many records share each: the emptiest
    until enough is found, and full ones only where there are few others."""
    found = sorted((key for key in its_keys if fill.get(key)), key=fill.__getitem__)
    spare = max(0, LOOKED_UNDER - sum(fill[key] < FULLEST for key in found))
    chosen: list[str] = []
    records = 0
    for key in found:
        if records >= ENOUGH or (fill[key] >= FULLEST and not spare):
            break
        spare -= fill[key] >= FULLEST
        records += fill[key]
        chosen.append(key)
    return chosen


def closest(shared: Iterable[tuple[Collection[Id], float]]) -> list[Id]:
    """Of those found under each key the ones that share most; a fuller key counts less."""
    counted: Counter[Id] = Counter()
    for ids, weight in shared:
        for one in ids:
            counted[one] += weight  # type: ignore[assignment]
    return [one for one, _ in counted.most_common(CANDIDATES)]


class Blocks(Generic[Id]):
    """Records by their keys, in memory."""

    def __init__(self) -> None:
        self._members: dict[str, list[Id]] = defaultdict(list)

    def add(self, one: Id, its_keys: Iterable[str]) -> None:
        for key in its_keys:
            members = self._members[key]
            if len(members) < FULLEST:
                members.append(one)

    def candidates(self, its_keys: Iterable[str], sources: Mapping[Id, str], own: str) -> list[Id]:
        """Whom to compare with, of other sources than `own`."""
        fill = {key: len(self._members.get(key, ())) for key in its_keys}
        shared = []
        for key in telling(fill, fill):
            members = self._members[key]
            others = [one for one in members if sources[one] != own]
            shared.append((others, 1 / (2 + len(members))))
        return closest(shared)
