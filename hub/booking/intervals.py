"""Half-open stretches of time and how much is taken in them: pure functions, no clock, no database.

Times are anything that can be compared and is of one kind; in the ledger they are aware moments.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import NamedTuple


class Stretch(NamedTuple):
    """A stretch of time [start, end)."""

    start: datetime
    end: datetime


class Taken(NamedTuple):
    """So many are taken in [start, end)."""

    start: datetime
    end: datetime
    quantity: int


@dataclass(frozen=True, slots=True)
class Level:
    """In [start, end) the same number is taken throughout."""

    start: datetime
    end: datetime
    taken: int


def peak(taken: Iterable[Taken], start: datetime, end: datetime) -> int:
    """The most that is taken at any moment of [start, end); 0 where it is empty."""
    return max((level.taken for level in levels(taken, start, end)), default=0)


def levels(taken: Iterable[Taken], start: datetime, end: datetime) -> list[Level]:
    """[start, end) cut where the number that is taken changes, in order and without gaps.

    What ends at a moment is gone when what begins at that moment comes.
    """
    if start >= end:
        return []
    steps: list[tuple[datetime, int]] = []
    for one in taken:
        begin, finish = max(one.start, start), min(one.end, end)
        if begin < finish:
            steps += ((begin, one.quantity), (finish, -one.quantity))
    steps.sort(key=itemgetter(0))
    found: list[Level] = []
    at, now = start, 0
    for moment, change in steps:
        if moment > at:
            found.append(Level(at, moment, now))
            at = moment
        now += change
    if at < end:
        found.append(Level(at, end, now))
    return _joined(found)


def _joined(found: list[Level]) -> list[Level]:
    """Neighbours with the same number are one."""
    joined: list[Level] = []
    for level in found:
        if joined and joined[-1].taken == level.taken:
            joined[-1] = Level(joined[-1].start, level.end, level.taken)
        else:
            joined.append(level)
    return joined
