"""What a site allows, and what it says is possible instead."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.booking import house
from hub.booking.errors import Refusal
from hub.booking.intervals import Stretch
from hub.booking.opening import (
    WORKDAYS,
    Calendar,
    Closure,
    UnknownYear,
    is_school_day,
    public_holiday,
    school_holiday,
)
from hub.booking.rules import Asked, Rules, Unit, check, check_extension, merged
from hub.records import Kind

ZONE = ZoneInfo("Europe/Berlin")
CALENDAR = Calendar(ZONE)
NOW = datetime(2026, 11, 2, 9, tzinfo=ZONE)  # a Monday
REQUESTS = (Kind.CONSULTING, Kind.PROJECT, Kind.PARENTS_EVENING, Kind.SCOUTS)


def loan(first: date, last: date, calendar: Calendar = CALENDAR) -> Stretch:
    return calendar.loan(first, last)


def codes(refusals: list[Refusal]) -> list[str]:
    return [one.code for one in refusals]


def asked(first: date, last: date, now: datetime = NOW, quantity: int = 1, **more: object) -> Asked:
    return Asked(loan(first, last), quantity, now, **more)  # type: ignore[arg-type]


def test_a_loan_within_all_rules_is_allowed() -> None:
    assert check(Rules(), CALENDAR, asked(date(2026, 11, 3), date(2026, 11, 10))) == []


@pytest.mark.parametrize(
    ("rules", "first", "last", "code", "possible"),
    [
        (Rules(lead=3), date(2026, 11, 4), date(2026, 11, 6), "lead", date(2026, 11, 5)),
        (Rules(), date(2026, 10, 26), date(2026, 11, 6), "past", date(2026, 11, 2)),
        (Rules(furthest=30), date(2026, 11, 30), date(2026, 12, 4), "furthest", date(2026, 12, 2)),
        (Rules(period=7), date(2026, 11, 3), date(2026, 11, 12), "period", date(2026, 11, 10)),
        (Rules(), date(2026, 11, 7), date(2026, 11, 11), "closed_first", date(2026, 11, 9)),
        (Rules(), date(2026, 11, 4), date(2026, 11, 8), "closed_last", date(2026, 11, 9)),
        (
            Rules(period=60, back_by=date(2026, 12, 18)),
            date(2026, 12, 14),
            date(2027, 1, 8),
            "back_by",
            date(2026, 12, 18),
        ),
    ],
)
def test_the_rule_that_says_no_says_what_would_be_possible(
    rules: Rules, first: date, last: date, code: str, possible: date
) -> None:
    refusals = check(rules, CALENDAR, asked(first, last))
    assert code in codes(refusals)
    (told,) = [one.possible for one in refusals if one.code == code]
    assert told is not None
    assert CALENDAR.day(told) == possible


def test_all_that_is_wrong_is_told_at_once() -> None:
    found = check(
        Rules(allowed=False, registered=True, most=2, most_open=3),
        CALENDAR,
        asked(date(2026, 11, 7), date(2026, 12, 30), quantity=5, open_bookings=3, suspended="Rest"),
    )
    assert codes(found) == [
        "suspended", "not_allowed", "not_registered", "most", "most_open", "closed_first", "period",
    ]  # fmt: skip


def test_the_longest_loan_may_end_on_the_next_day_that_is_open() -> None:
    # Four days after Tuesday is a Saturday, on which nobody is there.
    rules = Rules(period=4)
    assert check(rules, CALENDAR, asked(date(2026, 11, 3), date(2026, 11, 9))) == []
    assert codes(check(rules, CALENDAR, asked(date(2026, 11, 3), date(2026, 11, 10)))) == ["period"]


def test_school_days_do_not_count_in_the_holidays() -> None:
    rules = Rules(period=10, unit=Unit.SCHOOL_DAYS)
    first = date(2026, 12, 17)  # a Thursday; the Christmas holidays begin on Wednesday the 23rd
    assert rules.end_of(first) == date(2027, 1, 15)


def test_a_year_whose_holidays_nobody_knows_is_an_error_and_not_a_year_without() -> None:
    with pytest.raises(UnknownYear):
        is_school_day(date(2199, 7, 1))
    rules = Rules(unit=Unit.SCHOOL_DAYS, furthest=100_000, lead=0)
    now = datetime(2189, 6, 1, 9, tzinfo=ZONE)
    refusals = check(rules, CALENDAR, asked(date(2189, 7, 1), date(2189, 7, 8), now))
    assert codes(refusals) == ["unknown_year"]


def test_holidays_of_the_state() -> None:
    assert public_holiday(date(2026, 11, 1)) == "Allerheiligen"
    assert public_holiday(date(2026, 6, 4)) == "Fronleichnam"
    assert public_holiday(date(2026, 10, 31)) == ""
    assert school_holiday(date(2026, 10, 20)) == "Herbstferien"


def test_why_a_day_is_closed() -> None:
    calendar = Calendar(
        ZONE, closures=(Closure(date(2026, 11, 16), date(2026, 11, 20), "Inventur"),)
    )
    assert calendar.why_closed(date(2026, 11, 17)) == "Inventur"
    assert calendar.why_closed(date(2026, 12, 25)) == "Erster Weihnachtstag"
    assert calendar.why_closed(date(2026, 11, 14)) == ""
    assert calendar.why_closed(date(2026, 11, 13)) is None
    assert calendar.next_open(date(2026, 11, 14)) == date(2026, 11, 23)
    assert calendar.next_open(date(2026, 11, 22), back=True) == date(2026, 11, 13)


def test_a_site_that_is_never_open_ends_the_search() -> None:
    calendar = Calendar(ZONE, week=((),) * 7)
    assert calendar.next_open(date(2026, 11, 2)) is None
    assert "closed_first" in codes(
        check(Rules(), calendar, asked(date(2026, 11, 3), date(2026, 11, 10)))
    )


def test_the_day_on_which_the_clocks_go_back_is_an_hour_longer() -> None:
    calendar = Calendar(ZONE, week=(((time(0), time(23, 59)),),) * 7)
    stretch = calendar.loan(date(2026, 10, 25), date(2026, 10, 25))
    assert stretch.end - stretch.start == timedelta(hours=24, minutes=59)


def test_an_hour_that_does_not_exist_is_the_one_after_it() -> None:
    moment = CALENDAR.at(date(2027, 3, 28), time(2, 30))
    assert moment == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)
    assert moment.astimezone(ZONE).time() == time(3, 30)
    assert not CALENDAR.has(date(2027, 3, 28), time(2, 30))
    assert CALENDAR.has(date(2027, 3, 28), time(3))
    assert CALENDAR.has(date(2027, 10, 31), time(2, 30)), "twice"


def test_a_room_is_booked_within_the_opening_hours() -> None:
    day = date(2026, 11, 4)

    def at(begin: int, end: int) -> list[str]:
        stretch = Stretch(CALENDAR.at(day, time(begin)), CALENDAR.at(day, time(end)))
        return codes(check(Rules(), CALENDAR, Asked(stretch, 1, NOW, by_day=False)))

    assert at(9, 12) == []
    assert at(15, 16) == []
    assert at(15, 17) == ["hours"]
    assert at(7, 9) == ["hours"]


@pytest.mark.parametrize("kind", REQUESTS)
def test_what_takes_place_at_a_school_is_asked_for_at_any_hour(kind: Kind) -> None:
    """A parents' evening is held when the centre is closed, a workshop on a Saturday too."""
    rules = merged(house.DEFAULTS[kind, ""])
    for day, begin, end in ((date(2026, 12, 9), 19, 21), (date(2026, 12, 12), 9, 15)):
        stretch = Stretch(CALENDAR.at(day, time(begin)), CALENDAR.at(day, time(end)))
        assert check(rules, CALENDAR, Asked(stretch, 1, NOW, by_day=False)) == []


@given(
    st.dates(date(2026, 11, 3), date(2027, 6, 30)),
    st.integers(0, 40),
    st.sampled_from(Unit),
    st.integers(1, 20),
)
def test_what_is_told_to_be_possible_is_possible(
    first: date, days: int, unit: Unit, period: int
) -> None:
    rules = Rules(unit=unit, period=period, furthest=600)
    wish = [first, first + timedelta(days=days)]
    for _ in range(6):  # each round obeys one rule
        refusals = check(rules, CALENDAR, asked(wish[0], wish[1]))
        if not refusals:
            return
        told = refusals[0]
        assert told.possible is not None
        day = CALENDAR.day(told.possible)
        at = 0 if told.code in {"closed_first", "lead", "past"} else 1
        wish[at] = day
        wish[1] = max(wish)
    raise AssertionError(refusals)


def test_an_extension_ends_when_the_site_is_open_and_only_if_nobody_waits() -> None:
    end = loan(date(2026, 11, 3), date(2026, 11, 6)).end
    longer, refusals = check_extension(Rules(extension=1), CALENDAR, end, 0)
    assert refusals == []
    assert longer is not None
    assert CALENDAR.day(longer.end) == date(2026, 11, 9)
    assert codes(check_extension(Rules(), CALENDAR, end, 1)[1]) == ["extensions"]
    back = Rules(back_by=date(2026, 11, 6))
    assert codes(check_extension(back, CALENDAR, end, 0)[1]) == ["back_by"]


def test_the_more_special_row_wins_and_old_fields_are_passed_over() -> None:
    rules = merged(
        {"period": 7, "unit": "working_days", "gone": 1}, {"period": 30, "back_by": "2027-07-16"}
    )
    assert rules == Rules(period=30, unit=Unit.WORKING_DAYS, back_by=date(2027, 7, 16))


def test_the_usual_week_is_monday_to_friday() -> None:
    assert [bool(hours) for hours in WORKDAYS] == [True] * 5 + [False] * 2
