"""What lies in a cart is held for a while, by nobody else, and booked all or not at all."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from hub.booking import cart, progress, retention
from hub.booking.cart import HELD, Refused, Terms
from hub.booking.errors import AgainstRules, BookingError, Full, KeyReused, Unbookable
from hub.booking.intervals import Stretch
from hub.booking.progress import Entry
from hub.db import Database
from hub.identity import people
from hub.models import Booking, BookingEvent, BookingRules, Hold
from tests.hub.booking.test_ledger import NOW, at, bookable, booked, days, free, sweep
from tests.hub.booking.test_waiting import ask, state

__all__ = ["booked"]

TIME = days(10, 10)
PRIVATE = Terms(None, "pickup", "Bitte mit Kabel")
_keys = iter(range(10**9))


def somebody(db: Database) -> int:
    with db.write() as session:
        return people.add(session, name="Erika Muster", email="").id


def put(
    db: Database, who: int, one: int, *, quantity: int = 1, time: Stretch = TIME,
    now: datetime = NOW, key: str = "",
) -> str:  # fmt: skip
    entry = Entry(
        site="borken", plugin="lending", bookable_id=one, kind="device", title=f"Modell {one}",
        time=time, quantity=quantity, person_id=who,
    )  # fmt: skip
    return cart.put(db, entry, key or f"c-{next(_keys)}", "test", now)


def book(db: Database, who: int, *references: str, now: datetime = NOW) -> None:
    with db.write(queued=True) as session:
        cart.book(session, who, "borken", references, PRIVATE, "test", now)


def lines(db: Database, who: int, now: datetime = NOW) -> list[cart.Line]:
    with db.read() as session:
        found = cart.lines(session, who, now)
        session.expunge_all()
        return found


def test_it_is_held_and_frees_by_itself(booked: Database) -> None:
    one, who, other = bookable(booked), somebody(booked), somebody(booked)
    put(booked, who, one, key="once")
    put(booked, who, one, key="once")
    assert [line.until for line in lines(booked, who)] == [NOW + HELD]
    assert free(booked, one, TIME) == 0
    with pytest.raises(Full):
        put(booked, other, one)
    late = NOW + HELD
    assert free(booked, one, TIME, late) == 1, "without anything having been done"
    put(booked, other, one, now=late)
    assert [line.until for line in lines(booked, who, late)] == [None]
    with booked.read() as session:
        told = cart.problem(session, lines(booked, who, late)[0], late)
        assert isinstance(told, Full)
        assert told.alternatives
        assert session.scalars(sa.select(BookingEvent)).all() == [], "nobody is told of a cart"


def test_it_is_held_longer_once_and_changed_without_losing_it(booked: Database) -> None:
    one, who = bookable(booked, 2), somebody(booked)
    reference = put(booked, who, one)
    soon = NOW + timedelta(minutes=20)
    for _ in range(2):
        with booked.write() as session:
            assert cart.hold_longer(session, who, soon) == []
    assert lines(booked, who, soon)[0].until == soon + HELD
    later = soon + timedelta(minutes=10)
    with booked.write() as session:
        row = cart.find(session, who, reference)
        assert row is not None
        cart.hold_longer(session, who, later)
        cart.change(session, row, days(14, 15), 2, later)
    (line,) = lines(booked, who, later)
    assert line.until == soon + HELD, "longer once only"
    assert (line.row.starts_at, line.row.quantity) == (at(14), 2)
    assert free(booked, one, TIME, later) == 2
    with booked.write() as session:
        row = cart.find(session, who, reference)
        assert row is not None
        with pytest.raises(AgainstRules):
            cart.change(session, row, days(14, 60), 2, later)
        session.rollback()
    with booked.write() as session:
        row = cart.find(session, who, reference)
        assert row is not None
        cart.remove(session, row, later)
    assert lines(booked, who, later) == []
    assert free(booked, one, days(14, 15), later) == 2


def test_a_centre_books_all_or_nothing_and_says_why_not(booked: Database) -> None:
    one, two, three = (bookable(booked) for _ in range(3))
    who = somebody(booked)
    first, second = put(booked, who, one), put(booked, who, two)
    late = NOW + HELD
    taken = put(booked, somebody(booked), two, now=late)
    with pytest.raises(Refused) as raised:
        book(booked, who, first, second, now=late)
    assert list(raised.value.reasons) == [second]
    assert isinstance(raised.value.reasons[second], Full)
    assert {line.row.state for line in lines(booked, who)} == {"cart"}
    with booked.write() as session:
        other = session.scalars(sa.select(Booking).where(Booking.reference == taken)).one()
        cart.remove(session, other, late)
        session.add(
            BookingRules(
                site_key="borken", kind="device", borrower="private", overrides={"most_open": 2}
            )
        )
    third = put(booked, who, three, now=late)
    with pytest.raises(Refused) as raised:
        book(booked, who, first, second, third, now=late)
    assert list(raised.value.reasons) == [third], "the third would be one too many"
    book(booked, who, first, second, now=late)
    book(booked, who, first, second, now=late)  # a second click
    with booked.read() as session:
        rows = session.scalars(
            sa.select(Booking).where(Booking.person_id == who).order_by(Booking.id)
        ).all()
        assert [(row.state, row.bundle, row.note) for row in rows] == [
            ("requested", first, "Bitte mit Kabel"),
            ("requested", first, "Bitte mit Kabel"),
            ("cart", "", ""),
        ]
        assert [other.reference for other in cart.together(session, rows[0])] == [second]
        assert cart.bundles(session, who, [first, second]) == [first]
        events = session.execute(sa.select(BookingEvent.booking_id, BookingEvent.event)).all()
        assert [tuple(one) for one in events] == [(row.id, "requested") for row in rows[:2]]
        holds = session.scalars(sa.select(Hold).where(Hold.expires_at.is_(None))).all()
        assert {hold.booking_id for hold in holds} == {row.id for row in rows[:2]}
    put(booked, who, bookable(booked), key="x", now=late)
    with pytest.raises(KeyReused):
        put(booked, who, one, key="x", now=late)


def test_only_what_is_limited_and_not_too_much_lies_in_a_cart(booked: Database) -> None:
    who = somebody(booked)
    with pytest.raises(Unbookable):
        put(booked, who, bookable(booked, None))
    one = bookable(booked, 100)
    for _ in range(cart.MOST):
        put(booked, who, one)
    with pytest.raises(AgainstRules):
        put(booked, who, one)


def test_tidying_serves_who_waits_and_forgets_what_is_old(booked: Database) -> None:
    one, who = bookable(booked), somebody(booked)
    put(booked, who, one)
    waits = ask(booked, one)
    assert state(booked, waits) == "waiting"
    late = NOW + HELD
    with booked.read() as session:
        assert not cart.is_due(session, late - timedelta(seconds=1))
        assert cart.is_due(session, late)
    assert cart.tidy(booked, late, lambda: None) == "1 things freed, 0 thrown away."
    assert state(booked, waits) == "offered"
    with booked.read() as session:
        assert not cart.is_due(session, late)
    assert len(lines(booked, who, late)) == 1, "it still lies there"
    old = NOW + cart.KEPT + timedelta(seconds=1)
    assert cart.tidy(booked, old, lambda: None) == "0 things freed, 1 thrown away."
    assert lines(booked, who, old) == []
    put(booked, who, bookable(booked))
    with booked.write() as session:
        retention.forget_person(session, who, NOW)
    with booked.read() as session:
        assert cart.count(session, who) == 0
        assert session.scalars(sa.select(Booking.state)).all() == ["expired"]


def test_two_carts_never_hold_the_same_last_piece(booked: Database) -> None:
    """Many at once put in, hold longer, change, book and take out, while time goes on."""
    ones = [bookable(booked) for _ in range(2)]
    persons = [somebody(booked) for _ in range(6)]

    def act(number: int) -> None:
        chance = random.Random(number)
        who = persons[number]
        for turn in range(12):
            now = NOW + timedelta(minutes=4 * turn)
            mine = lines(booked, who, now)
            try:
                match chance.choice(("put", "put", "longer", "change", "book", "remove")):
                    case "put":
                        put(booked, who, chance.choice(ones), now=now)
                    case "longer":
                        with booked.write(queued=True) as session:
                            cart.hold_longer(session, who, now)
                    case "book" if mine:
                        book(booked, who, *(line.row.reference for line in mine), now=now)
                    case what if mine:
                        with booked.write(queued=True) as session:
                            row = cart.find(session, who, mine[0].row.reference)
                            assert row is not None
                            if what == "remove":
                                cart.remove(session, row, now)
                            else:
                                day = chance.randint(10, 11)
                                cart.change(session, row, days(day, day), 1, now)
            except BookingError:
                pass

    with ThreadPoolExecutor(len(persons)) as pool:
        list(pool.map(act, range(len(persons))))
    late = NOW + timedelta(minutes=44) + HELD
    for who in persons:  # nobody may have booked so far: what is left is anybody's now
        with suppress(BookingError):
            put(booked, who, ones[0], now=late)
            book(booked, who, lines(booked, who, late)[-1].row.reference, now=late)
    with booked.write() as session:
        assert session.scalar(sa.select(sa.func.count()).where(Booking.state == "requested"))
        session.execute(sa.delete(Hold).where(Hold.expires_at <= late))
        assert sweep(session) == []
        holding = set(session.scalars(sa.select(Hold.booking_id)))
        for row in session.scalars(sa.select(Booking)):
            assert (row.id in holding) or row.state == progress.CART
