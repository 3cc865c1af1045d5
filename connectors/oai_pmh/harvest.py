"""What is known of a list that is being harvested, and whether it may be believed."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from connectors.oai_pmh.answer import Answer, BrokenList, Item

MOST_REPEATS = 2
"""Pages in a row that may bring nothing but what an earlier page brought."""
MOST_RESTARTS = 3
"""Tokens in a row that may expire without a new record in between."""

Granularity = Literal["day", "second"]


@dataclass(frozen=True, slots=True)
class Position:
    """Where a harvest stands after a page: plain values, so that it can be kept and taken up.

    `start` is the `from` of the list in progress and `given` the number of its records so far;
    `before` is what lists gave whose tokens expired, and `expected` what the first announced.
    `newest` is the latest datestamp, `ordered` whether datestamps have only ever risen.
    """

    start: str | None = None
    token: str | None = None
    given: int = 0
    newest: str = ""
    oldest: str = ""
    ordered: bool = True
    before: int = 0
    expected: int | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list. `total` and `cursor` are completeListSize and cursor, where given."""

    items: list[Item]
    token: str | None
    cursor: int | None
    total: int | None
    response_date: datetime | None
    position: Position
    """Where to go on after this page."""
    repairs: int
    """Places of the XML that had to be mended before it could be read."""

    @property
    def end(self) -> bool:
        """Whether the provider says that this was the last page."""
        return self.token is None


class Harvest:
    """What is known of a harvest under way, and whether it may be believed.

    A record is remembered by a hash of its identifier and datestamp, eight bytes each: enough to
    tell a repeated page and to count, at the end, how many different records came.
    """

    def __init__(self, position: Position, place: str) -> None:
        self.position = position
        self._place = place
        self._resumed = position.given
        self._carried = position.before + position.given
        self._seen = array("q")
        self._pages: set[int] = set()
        self._earlier: set[int] = set()
        self._total: int | None = None
        self._repeats = 0
        self._repeated = False
        self._restarts = 0

    def take(self, answer: Answer) -> Page:
        """Turn an answer into a page: without what came before, and with the new position."""
        items = answer.items()
        token = answer.token("ListRecords")
        marks = [hash(item[:2]) for item in items]
        page = hash(tuple(marks))
        if items and page in self._pages:
            self._repeat(token.text)
            items = []
        else:
            self._repeats = 0
            self._pages.add(page)
            self._seen.extend(marks)
            self._move(items)
        if token.total is not None:
            self._total = token.total
        fresh = items
        if self._earlier:
            pairs = zip(items, marks, strict=False)
            fresh = [item for item, mark in pairs if mark not in self._earlier]
        if fresh:
            self._restarts = 0
        here = self.position
        expected = self._total if here.expected is None else here.expected
        self.position = replace(
            here, token=token.text, given=self._resumed + len(self._seen), expected=expected
        )
        return Page(
            fresh, token.text, token.cursor, token.total, answer.date, self.position, answer.repairs
        )

    def nothing(self, date: datetime | None) -> Page:
        """The page of a list without records."""
        self.position = replace(self.position, token=None)
        return Page([], None, None, None, date, self.position, 0)

    def restart(self, granularity: Granularity) -> None:
        """Begin a new list in place of one whose token expired, where its datestamps stood.

        Lists need not be in the order of datestamps. Where this one was not, or had but one
        datestamp, the new list begins where the old one did. Either way, what came is not given
        again.
        """
        self._restarts += 1
        if self._restarts > MOST_RESTARTS:
            raise BrokenList(f"{self._place} lets each of its tokens expire at once")
        here = self.position
        start = here.start
        if here.ordered and here.newest > here.oldest:
            start = here.newest[:10] if granularity == "day" else here.newest
        self._earlier.update(self._seen)
        before = self._carried + len(self._earlier)
        self.position = Position(start=start, before=before, expected=here.expected)
        self._resumed = 0
        self._seen = array("q")
        self._pages = set()
        self._total = None

    def verify(self) -> None:
        """Raise `BrokenList` unless the list, which says that it ended, can be believed."""
        different = self._resumed + self._distinct()
        if self._total is not None and different < self._total:
            raise BrokenList(f"{self._place} announced {self._total} records and gave {different}")
        if self._repeated and self._total is None:
            raise BrokenList(f"{self._place} gave a page twice, so others may be missing")
        here = self.position
        if here.before and here.expected is not None:
            different = self._carried + len(self._earlier.union(self._seen))
            if different < here.expected:
                raise BrokenList(
                    f"{self._place} announced {here.expected} records and, over an expired token, "
                    f"gave {different}"
                )

    def _repeat(self, token: str | None) -> None:
        self._repeated = True
        self._repeats += 1
        if self._repeats > MOST_REPEATS or (token and token == self.position.token):
            raise BrokenList(f"{self._place} gives the same page again and again")

    def _move(self, items: list[Item]) -> None:
        """Note the datestamps of a page."""
        here = self.position
        stamps = [item.datestamp for item in items if item.datestamp]
        if not stamps:
            return
        rising = all(map(str.__le__, [here.newest, *stamps], stamps))
        self.position = replace(
            here,
            ordered=here.ordered and rising and len(stamps) == len(items),
            oldest=here.oldest or stamps[0],
            newest=max(here.newest, stamps[-1]) if rising else max(here.newest, *stamps),
        )

    def _distinct(self) -> int:
        """How many different records this list gave, counted without a large set."""
        parts = 1 + len(self._seen) // 100_000
        return sum(len({mark for mark in self._seen if mark % parts == n}) for n in range(parts))
