"""Why a booking was not made or changed: values for code; `hub.booking.wording` has the words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from hub.booking.intervals import Stretch


class BookingError(Exception):
    """Nothing was changed."""


class Full(BookingError):
    """Less is free than was asked for: `free` at the worst moment of the time.

    `alternatives` are times of the same length in which as much as asked for is free.
    """

    def __init__(self, free: int, alternatives: Sequence[Stretch] = ()) -> None:
        super().__init__(f"only {free} are free")
        self.free = free
        self.alternatives = tuple(alternatives)


class KeyReused(BookingError):
    """The idempotency key was used before, for another request."""


class HeadFirst(BookingError):
    """The head of the institution has not confirmed it yet."""


class NotNow(BookingError):
    """The state of the booking does not allow this (any more)."""

    def __init__(self, state: str) -> None:
        super().__init__(f"the booking is {state}")
        self.state = state


class Unbookable(BookingError):
    """It does not exist, is no longer offered, or what was asked for cannot be a booking.

    `reason` is `gone`, `time`, `far`, `past` or `quantity`; of who wants to wait `waiting` (they do
    already) or `never` (there will never be so many); `early` where it has not begun, `asked` where
    the head of the institution cannot be asked now, `cart` of what cannot lie in one, `fixed` where
    it takes place at a time of its own, `other` where it would become a booking of something else.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Refusal:
    """A rule that says no, and what would be possible: `code` and what its words need."""

    code: str
    limit: int | str | datetime | None = None
    possible: datetime | None = None


class AgainstRules(BookingError):
    """Rules of the site say no; all of them, so that a person need not find them one by one."""

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        super().__init__(", ".join(one.code for one in refusals))
        self.refusals = tuple(refusals)
