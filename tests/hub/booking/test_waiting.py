"""Who waits is served in turn, also when many act at once, and nobody gets in front of them."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from hub.booking import progress, retention, saying, stock, waiting
from hub.booking.errors import BookingError, Full, NotNow, Unbookable
from hub.booking.progress import Entry
from hub.booking.rules import Rules
from hub.db import Database
from hub.identity import people
from hub.models import Bookable, BookablePart, Booking, BookingEvent, Hold
from hub.records import Kind, Record
from tests.hub.booking.test_ledger import NOW, at, bookable, booked, days, free, step, sweep

__all__ = ["booked"]

TIME = days(10, 10)
OFFERED = timedelta(hours=Rules().offer_hours)
_keys = iter(range(10**9))


def ask(
    db: Database, one: int, *, wait: bool = True, quantity: int = 1, now: datetime = NOW,
    who: int | None = None, state: str = "confirmed", borrower: str = "school",
) -> int:  # fmt: skip
    if who is None:
        with db.write() as session:
            who = people.add(session, name="Erika Muster", email="").id
    entry = Entry(
        site="borken", plugin="lending", bookable_id=one, kind="device", title="Modell", time=TIME,
        quantity=quantity, state=state, wait=wait, person_id=who, borrower=borrower,
    )  # fmt: skip
    return progress.create(db, entry, f"w-{next(_keys)}", "test", now)[0]


def state(db: Database, number: int) -> str:
    with db.read() as session:
        return session.get_one(Booking, number).state


def place(db: Database, number: int) -> int:
    with db.read() as session:
        return waiting.place(session, session.get_one(Booking, number))


def test_what_becomes_free_is_offered_in_turn_and_held(booked: Database) -> None:
    one = bookable(booked)
    first = ask(booked, one)
    second, third = ask(booked, one), ask(booked, one)
    assert [state(booked, n) for n in (first, second, third)] == ["confirmed", "waiting", "waiting"]
    assert (place(booked, second), place(booked, third)) == (1, 2)
    step(booked, first, "cancelled")
    assert [state(booked, n) for n in (second, third)] == ["offered", "waiting"]
    assert place(booked, third) == 1
    assert free(booked, one, TIME) == 0, "held for who waited"
    with pytest.raises(Full):
        ask(booked, one, wait=False)
    step(booked, second, "confirmed")
    with booked.read() as session:
        assert session.scalars(sa.select(Hold.expires_at)).all() == [None]
    step(booked, second, "cancelled")
    assert state(booked, third) == "offered"


def test_an_offer_that_is_let_go_or_lapses_goes_to_the_next(booked: Database) -> None:
    one = bookable(booked)
    first, *others = (ask(booked, one) for _ in range(4))
    step(booked, first, "cancelled")
    step(booked, others[0], "cancelled")
    assert [state(booked, n) for n in others] == ["cancelled", "offered", "waiting"]
    late = NOW + OFFERED
    with pytest.raises(NotNow):
        step(booked, others[1], "confirmed", late)
    assert state(booked, others[1]) == "offered", "nothing was changed"
    with booked.read() as session:
        assert waiting.is_due(session, late)
        assert not waiting.is_due(session, late - timedelta(seconds=1))
    waiting.run(booked, late, lambda: None)
    assert [state(booked, n) for n in others] == ["cancelled", "expired", "offered"]
    with booked.read() as session:
        assert not waiting.is_due(session, late)
        told = session.scalars(
            sa.select(BookingEvent.event)
            .where(BookingEvent.booking_id == others[1])
            .order_by(BookingEvent.id)
        ).all()
    assert told == ["waiting", "offered", "lapsed"]


def test_nobody_who_comes_later_takes_what_lapsed(booked: Database) -> None:
    one = bookable(booked)
    first, second, third = (ask(booked, one) for _ in range(3))
    step(booked, first, "cancelled")
    late = NOW + OFFERED
    with pytest.raises(Full):
        ask(booked, one, wait=False, now=late)
    newcomer = ask(booked, one, now=late)
    assert [state(booked, n) for n in (second, third, newcomer)] == [
        "expired", "offered", "waiting",
    ]  # fmt: skip


def test_who_wants_more_keeps_the_place_and_no_seat_stays_empty(booked: Database) -> None:
    one = bookable(booked, 3)
    big, small = ask(booked, one, quantity=2), ask(booked, one)
    wants_two, wants_one = ask(booked, one, quantity=2), ask(booked, one)
    step(booked, small, "cancelled")
    assert [state(booked, n) for n in (wants_two, wants_one)] == ["waiting", "offered"]
    step(booked, big, "cancelled")
    assert state(booked, wants_two) == "offered"


def test_a_rank_comes_before_the_next_and_within_it_who_came_first(booked: Database) -> None:
    with booked.write() as session:
        saying.keep_rules(session, "borken", "", "club", {"rank": 2, "offer_hours": 3}, "test")
    one = bookable(booked)
    first = ask(booked, one)
    club, other_club = ask(booked, one, borrower="club"), ask(booked, one, borrower="club")
    school = ask(booked, one)
    assert [place(booked, n) for n in (school, club, other_club)] == [1, 2, 3]
    step(booked, first, "cancelled")
    assert [state(booked, n) for n in (school, club)] == ["offered", "waiting"]
    step(booked, school, "cancelled")
    assert state(booked, club) == "offered"
    with booked.read() as session:
        assert waiting.deadline(session, club) == NOW + timedelta(hours=3), "as the centre says"


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 999)), unique_by=lambda one: one[1]))
def test_turns_are_a_matter_of_rank_then_of_time(waits: list[tuple[int, int]]) -> None:
    ranks = {number: rank for rank, number in waits}
    turns = waiting.in_turn(waits)
    assert sorted(turns) == sorted(ranks), "everybody has one turn"
    for before, after in pairwise(turns):
        assert ranks[before] <= ranks[after]
        assert ranks[before] < ranks[after] or before < after
    for gone in turns:
        rest = [one for one in waits if one[1] != gone]
        assert waiting.in_turn(rest) == [one for one in turns if one != gone]


def test_more_seats_are_offered_too(booked: Database) -> None:
    record = Record("kurs", Kind.TRAINING, "Kurs")
    with booked.write() as session:
        one = stock.put(session, "borken", "lending", record, 1).id
    ask(booked, one)
    second, third = ask(booked, one), ask(booked, one)
    with booked.write() as session:
        stock.put(session, "borken", "lending", record, 2)
    # The clock of the hub is not that of the test: what has begun by it is no longer offered.
    assert state(booked, second) in ("offered", "waiting")
    with booked.write() as session:
        waiting.settle(session, "borken", one, NOW)
    assert [state(booked, n) for n in (second, third)] == ["offered", "waiting"]


def test_who_waits_for_a_whole_gets_it_when_its_last_part_is_free(booked: Database) -> None:
    hall, left, right = (bookable(booked) for _ in range(3))
    with booked.write() as session:
        session.add_all(BookablePart(whole_id=hall, part_id=p, quantity=1) for p in (left, right))
    halves = [ask(booked, left), ask(booked, right)]
    whole, half = ask(booked, hall), ask(booked, left)
    step(booked, halves[1], "cancelled")
    assert state(booked, whole) == "waiting"
    step(booked, halves[0], "cancelled")
    assert [state(booked, n) for n in (whole, half)] == ["offered", "waiting"]
    step(booked, whole, "cancelled")
    assert state(booked, half) == "offered"


def test_who_would_wait_in_vain_or_twice_is_told(booked: Database) -> None:
    one = bookable(booked, 2)
    ask(booked, one, quantity=2)
    with pytest.raises(Unbookable) as never:
        ask(booked, one, quantity=3)
    assert never.value.reason == "never"
    with booked.write() as session:
        who = people.add(session, name="Erika Muster", email="").id
    ask(booked, one, who=who)
    with pytest.raises(Unbookable) as twice:
        ask(booked, one, who=who)
    assert twice.value.reason == "waiting"
    with booked.read() as session:
        assert len(session.scalars(sa.select(Booking)).all()) == 2


def test_what_was_let_go_can_be_waited_for_again_and_an_accepted_offer_is_no_offer(
    booked: Database,
) -> None:
    one = bookable(booked)
    first, second, third = (ask(booked, one) for _ in range(3))
    step(booked, first, "cancelled")
    step(booked, second, "cancelled")
    with booked.write() as session:
        progress.undo(session, session.get_one(Booking, second), "test", NOW)
    assert [state(booked, n) for n in (second, third)] == ["waiting", "offered"]
    step(booked, third, "confirmed")
    with booked.write() as session, pytest.raises(NotNow):
        progress.undo(session, session.get_one(Booking, third), "test", NOW)


def test_an_offer_that_is_moved_stays_an_offer(booked: Database) -> None:
    one = bookable(booked)
    first, second = ask(booked, one), ask(booked, one)
    step(booked, first, "cancelled")
    with booked.write() as session:
        row = session.get_one(Booking, second)
        progress.move(session, row, days(11, 11), 1, "test", NOW)
    with booked.read() as session:
        assert waiting.deadline(session, second) == NOW + OFFERED


def test_nobody_waits_for_what_has_begun_and_after_30_days_nobody_knows(booked: Database) -> None:
    one = bookable(booked)
    ask(booked, one)
    second = ask(booked, one)
    waiting.run(booked, TIME.start, lambda: None)
    assert state(booked, second) == "expired"
    for after, known in ((29, True), (31, False)):
        with booked.write() as session:
            retention.forget_old(session, TIME.end + timedelta(days=after))
            assert (session.get_one(Booking, second).person_id is not None) is known


def test_a_loan_that_somebody_waits_for_is_known(booked: Database) -> None:
    one, other = bookable(booked), bookable(booked)
    first = ask(booked, one)
    ask(booked, other)
    with booked.read() as session:
        row = session.get_one(Booking, first)
        assert not waiting.anybody(session, row, at(20))
    ask(booked, one)
    with booked.read() as session:
        row = session.get_one(Booking, first)
        assert waiting.anybody(session, row, at(20))


def test_many_at_once_leave_no_seat_empty_and_none_taken_twice(booked: Database) -> None:
    one = bookable(booked, 3)
    with booked.write() as session:
        persons = [people.add(session, name=f"Person {n}", email="").id for n in range(40)]

    def live(number: int) -> None:
        dice = random.Random(number)
        mine = ask(booked, one, who=persons[number])
        for _ in range(6):
            now = state(booked, mine)
            wanted = {"offered": ("confirmed", "cancelled"), "confirmed": ("cancelled",)}.get(now)
            if wanted is None:
                continue
            try:
                step(booked, mine, dice.choice(wanted))
            except BookingError:
                continue

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(live, range(len(persons))))
    with booked.read() as session:
        assert sweep(session) == []
        rows = session.scalars(sa.select(Booking)).all()
        taken = sum(row.quantity for row in rows if row.state in progress.HOLDING)
        waits = [row.id for row in rows if row.state == "waiting"]
        assert taken == session.get_one(Bookable, one).capacity or not waits
        held = session.scalars(sa.select(Hold.booking_id)).all()
        assert set(held) == {row.id for row in rows if row.state in progress.HOLDING}
