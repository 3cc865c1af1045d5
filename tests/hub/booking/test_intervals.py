"""What is taken when, against counting every moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from hub.booking.intervals import Taken, levels, peak

BEGIN = datetime(2026, 10, 25, tzinfo=UTC)
HOURS = 24


def at(hour: int) -> datetime:
    return BEGIN + timedelta(hours=hour)


taken = st.builds(
    lambda start, length, quantity: Taken(at(start), at(start + length), quantity),
    st.integers(-5, HOURS + 5),
    st.integers(0, 12),
    st.integers(1, 4),
)


def by_hour(all_taken: list[Taken], hour: int) -> int:
    return sum(one.quantity for one in all_taken if one.start <= at(hour) < one.end)


@given(st.lists(taken, max_size=8), st.integers(0, HOURS), st.integers(0, HOURS))
def test_the_peak_is_the_most_of_any_moment(all_taken: list[Taken], start: int, end: int) -> None:
    expected = max((by_hour(all_taken, hour) for hour in range(start, end)), default=0)
    assert peak(all_taken, at(start), at(end)) == expected


@given(st.lists(taken, max_size=8))
def test_levels_cover_the_time_without_gaps_and_differ_from_their_neighbours(
    all_taken: list[Taken],
) -> None:
    found = levels(all_taken, at(0), at(HOURS))
    assert [found[0].start, found[-1].end] == [at(0), at(HOURS)]
    for one, following in pairwise(found):
        assert one.end == following.start
        assert one.taken != following.taken
    for one in found:
        hours = range(HOURS)
        assert {by_hour(all_taken, hour) for hour in hours if one.start <= at(hour) < one.end} == {
            one.taken
        }


def test_what_ends_when_the_next_begins_leaves_its_piece_to_it() -> None:
    assert peak([Taken(at(1), at(2), 1), Taken(at(2), at(3), 1)], at(0), at(4)) == 1


def test_no_time_holds_nothing() -> None:
    assert peak([Taken(at(0), at(5), 3)], at(2), at(2)) == 0
    assert levels([], at(3), at(1)) == []
