"""Never more is taken than there is: by one, by many at once, with sets, buffers and undo."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import models
from hub.booking import ledger, progress
from hub.booking.errors import Full, KeyReused, NotNow, Unbookable
from hub.booking.intervals import Stretch, Taken, peak
from hub.booking.progress import Entry
from hub.db import Database
from hub.models import Bookable, BookablePart, Booking, BookingEvent, BookingKey, Hold
from tests.sources import site_row

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)


def at(day: int, hour: int = 8) -> datetime:
    return NOW.replace(hour=0) + timedelta(days=day, hours=hour)


def days(first: int, last: int) -> Stretch:
    return Stretch(at(first), at(last, 16))


@pytest.fixture
def booked(db: Database) -> Database:
    with db.write() as session:
        session.add(site_row("borken"))
    return db


def bookable(db: Database, capacity: int | None = 1, **values: int) -> int:
    with db.write() as session:
        count = session.scalar(sa.select(sa.func.count()).select_from(Bookable))
        row = Bookable(
            site_key="borken", plugin="lending", source_id=f"m{count}", kind="device",
            title=f"Modell {count}", capacity=capacity, **values,
        )  # fmt: skip
        session.add(row)
        session.flush()
        return row.id


def entry(bookable_id: int, stretch: Stretch, quantity: int = 1, **values: object) -> Entry:
    return Entry(
        site="borken", plugin="lending", bookable_id=bookable_id, kind="device", title="Modell",
        time=stretch, quantity=quantity, **values,  # type: ignore[arg-type]
    )  # fmt: skip


_keys = iter(range(10**9))


def book(db: Database, bookable_id: int, stretch: Stretch, quantity: int = 1) -> int:
    number, made = progress.create(
        db, entry(bookable_id, stretch, quantity), f"key-{next(_keys)}", "test", NOW
    )
    assert made
    return number


def free(db: Database, one: int, stretch: Stretch, now: datetime = NOW) -> int | None:
    with db.read() as session:
        return ledger.free(session, [one], stretch, now)[one]


def step(db: Database, number: int, state: str, now: datetime = NOW) -> None:
    with db.write() as session:
        progress.advance(session, session.get_one(Booking, number), state, "test", now)


def sweep(session: Session) -> list[str]:
    """Independently of the ledger: where holds of a bookable exceed its capacity."""
    wrong = []
    for one in session.scalars(sa.select(Bookable).where(Bookable.capacity.is_not(None))):
        holds = session.scalars(sa.select(Hold).where(Hold.bookable_id == one.id)).all()
        moments = {hold.starts_at for hold in holds}
        for moment in moments:
            taken = sum(h.quantity for h in holds if h.starts_at <= moment < h.until)
            if one.capacity is not None and taken > one.capacity:
                wrong.append(f"{one.title}: {taken} of {one.capacity} at {moment}")
    return wrong


def test_what_is_booked_is_no_longer_free(booked: Database) -> None:
    one = bookable(booked, 3)
    book(booked, one, days(1, 5), 2)
    assert free(booked, one, days(2, 3)) == 1
    assert free(booked, one, days(6, 7)) == 3
    with pytest.raises(Full) as raised:
        book(booked, one, days(4, 6), 2)
    assert raised.value.free == 1
    assert raised.value.alternatives[0].start == at(6)
    assert raised.value.alternatives[0].end - raised.value.alternatives[0].start == (
        days(4, 6).end - days(4, 6).start
    )


def test_one_may_begin_when_the_other_ends_unless_a_buffer_lies_between(booked: Database) -> None:
    plain, buffered = bookable(booked), bookable(booked, buffer_before=15, buffer_after=45)
    for one in (plain, buffered):
        book(booked, one, Stretch(at(1, 8), at(1, 10)))
    assert book(booked, plain, Stretch(at(1, 10), at(1, 12)))
    with pytest.raises(Full):
        book(booked, buffered, Stretch(at(1, 10), at(1, 12)))
    assert book(booked, buffered, Stretch(at(1, 11), at(1, 12)))


def test_a_set_is_lent_whole_or_not_at_all(booked: Database) -> None:
    case, tablets = bookable(booked, 2), bookable(booked, 20)
    with booked.write() as session:
        session.add(BookablePart(whole_id=case, part_id=tablets, quantity=8))
    book(booked, case, days(1, 2))
    assert free(booked, tablets, days(1, 2)) == 12
    book(booked, tablets, days(1, 2), 6)
    assert free(booked, case, days(1, 2)) == 0
    with pytest.raises(Full):
        book(booked, case, days(2, 3))
    assert free(booked, tablets, days(1, 2)) == 6, "nothing of the set is held by a refusal"


def test_half_of_a_room_takes_the_whole_and_the_whole_takes_both_halves(booked: Database) -> None:
    hall, left, right = (bookable(booked) for _ in range(3))
    with booked.write() as session:
        session.add_all(BookablePart(whole_id=hall, part_id=p, quantity=1) for p in (left, right))
    book(booked, left, Stretch(at(1, 8), at(1, 10)))
    assert free(booked, hall, Stretch(at(1, 9), at(1, 11))) == 0
    assert free(booked, right, Stretch(at(1, 9), at(1, 11))) == 1
    book(booked, hall, Stretch(at(1, 10), at(1, 12)))
    assert free(booked, right, Stretch(at(1, 11), at(1, 13))) == 0


def test_the_same_key_books_once_and_with_another_request_it_is_refused(booked: Database) -> None:
    one = bookable(booked, 5)
    first = progress.create(booked, entry(one, days(1, 2)), "k", "test", NOW)
    again = progress.create(booked, entry(one, days(1, 2)), "k", "test", NOW)
    assert again == (first[0], False)
    with pytest.raises(KeyReused):
        progress.create(booked, entry(one, days(1, 2), 2), "k", "test", NOW)
    assert free(booked, one, days(1, 2)) == 4


@pytest.mark.parametrize("capacity", [1, 5])
def test_a_form_that_is_sent_twice_at_once_books_once(
    booked: Database, monkeypatch: pytest.MonkeyPatch, capacity: int
) -> None:
    one = bookable(booked, capacity)
    first = progress.create(booked, entry(one, days(1, 2)), "k", "test", NOW)
    read, looks = progress._answer, iter(range(99))

    def too_early(rows: Any, named: Any) -> int | None:
        """As if the other one had not been there when the key was looked for."""
        return None if next(looks) == 0 else read(rows, named)

    monkeypatch.setattr(progress, "_answer", too_early)
    assert progress.create(booked, entry(one, days(1, 2)), "k", "test", NOW) == (first[0], False)
    looks = iter(range(99))
    with pytest.raises(KeyReused):
        progress.create(booked, entry(one, days(3, 4)), "k", "test", NOW)
    looks = iter(range(99))
    waits = entry(one, days(1, 2), wait=True)
    assert progress.create(booked, waits, "k", "test", NOW) == (first[0], False)
    monkeypatch.undo()
    with ThreadPoolExecutor(4) as pool:
        answers = list(
            pool.map(
                lambda _: progress.create(booked, entry(one, days(5, 6)), "k2", "test", NOW),
                range(8),
            )
        )
    assert len({number for number, _ in answers}) == 1
    assert sum(made for _, made in answers) == 1
    with booked.read() as session:
        for model in (Booking, Hold, BookingEvent, BookingKey):
            assert session.scalar(sa.select(sa.func.count()).select_from(model)) == 2, model


def test_a_refused_request_leaves_its_key_free(booked: Database) -> None:
    one = bookable(booked)
    taken = book(booked, one, days(1, 2))
    with pytest.raises(Full):
        progress.create(booked, entry(one, days(1, 2)), "k", "test", NOW)
    step(booked, taken, "cancelled")
    assert progress.create(booked, entry(one, days(1, 2)), "k", "test", NOW)[1]


@pytest.mark.parametrize(
    ("stretch", "quantity", "reason"),
    [
        (Stretch(at(2), at(1)), 1, "time"),
        (Stretch(at(1), at(1)), 1, "time"),
        (Stretch(at(1), datetime(9999, 12, 30, tzinfo=UTC)), 1, "far"),
        (Stretch(datetime(1970, 1, 1, tzinfo=UTC), at(1)), 1, "far"),
        (days(1, 2), 0, "quantity"),
        (days(1, 2), -3, "quantity"),
        (days(1, 2), 10**9, "quantity"),
    ],
)
def test_what_can_be_no_booking(
    booked: Database, stretch: Stretch, quantity: int, reason: str
) -> None:
    one = bookable(booked, 10)
    with pytest.raises(Unbookable) as raised:
        progress.create(booked, entry(one, stretch, quantity), "k", "test", NOW)
    assert raised.value.reason == reason


def test_what_does_not_exist_or_is_retired_cannot_be_booked(booked: Database) -> None:
    one = bookable(booked)
    with booked.write() as session:
        session.execute(sa.update(Bookable).where(Bookable.id == one).values(retired_at=NOW))
    for number in (one, 4711):
        with pytest.raises(Unbookable):
            book(booked, number, days(1, 2))


@pytest.mark.parametrize("state", ["refused", "cancelled", "expired"])
def test_an_end_gives_back_what_was_held(booked: Database, state: str) -> None:
    one = bookable(booked)
    number = book(booked, one, days(1, 2))
    step(booked, number, state)
    assert free(booked, one, days(1, 2)) == 1
    with pytest.raises(NotNow):
        step(booked, number, "confirmed")


def test_what_is_not_brought_back_is_not_free_tomorrow(booked: Database) -> None:
    one = bookable(booked)
    number = book(booked, one, days(1, 2))
    step(booked, number, "confirmed")
    step(booked, number, "handed_out", at(1))
    later = book(booked, one, days(4, 6))
    assert free(booked, one, days(3, 3), at(1)) == 1
    late = at(4, 12)
    assert free(booked, one, days(4, 4), late) == 0
    with booked.read() as session:
        conflict = ledger.overbooked(session, [one], late)[one]
    assert conflict.taken == 2
    step(booked, number, "returned", late)
    with booked.read() as session:
        assert ledger.overbooked(session, [one], late) == {}
    step(booked, later, "confirmed")


def test_a_piece_that_breaks_makes_the_overbooking_visible(booked: Database) -> None:
    one = bookable(booked, 2)
    book(booked, one, days(1, 2), 2)
    with booked.write() as session:
        ledger.set_capacity(session, one, 1)
    with booked.read() as session:
        found = ledger.overbooked(session, [one], NOW)
    assert (found[one].start, found[one].taken) == (at(1), 2)
    assert free(booked, one, days(1, 2)) == 0, "less than none is none"


def test_handing_out_early_takes_the_time_until_then(booked: Database) -> None:
    one = bookable(booked)
    number = book(booked, one, days(5, 6))
    step(booked, number, "confirmed")
    before = book(booked, one, days(1, 3))
    with pytest.raises(Full):
        step(booked, number, "handed_out", at(2))
    step(booked, before, "cancelled")
    step(booked, number, "handed_out", at(2))
    assert free(booked, one, days(3, 4), at(2)) == 0


def test_moving_and_extending_respects_the_others_but_not_itself(booked: Database) -> None:
    one = bookable(booked)
    number = book(booked, one, days(1, 3))
    book(booked, one, days(6, 7))
    with booked.write() as session:
        row = session.get_one(Booking, number)
        progress.move(session, row, days(2, 5), 1, "test", NOW)
        assert row.ends_at == at(5, 16)
    with booked.write() as session:
        row = session.get_one(Booking, number)
        with pytest.raises(Full):
            progress.move(session, row, days(2, 6), 1, "test", NOW)
    assert free(booked, one, days(1, 1)) == 1


def test_undo_takes_back_only_what_is_still_free(booked: Database) -> None:
    one = bookable(booked)
    number = book(booked, one, days(1, 3))
    step(booked, number, "confirmed")
    step(booked, number, "cancelled")
    with booked.write() as session:
        row = session.get_one(Booking, number)
        progress.undo(session, row, "test", NOW)
        assert row.state == "confirmed"
    assert free(booked, one, days(1, 3)) == 0
    step(booked, number, "cancelled")
    book(booked, one, days(2, 4))
    with pytest.raises(Full), booked.write() as session:
        progress.undo(session, session.get_one(Booking, number), "test", NOW)


def test_what_was_only_asked_for_cannot_be_undone(booked: Database) -> None:
    number = book(booked, bookable(booked), days(1, 3))
    with pytest.raises(NotNow), booked.write() as session:
        progress.undo(session, session.get_one(Booking, number), "test", NOW)


def test_two_who_decide_at_once_decide_once(booked: Database) -> None:
    number = book(booked, bookable(booked), days(1, 3))
    with booked.read() as session:
        stale = session.get_one(Booking, number)
        session.expunge(stale)
    step(booked, number, "cancelled")
    with booked.write() as session:
        session.add(stale)
        with pytest.raises(NotNow) as raised:
            progress.advance(session, stale, "confirmed", "test", NOW)
    assert raised.value.state == "cancelled"


def test_unlimited_things_hold_nothing(booked: Database) -> None:
    one = bookable(booked, None)
    for _ in range(3):
        book(booked, one, days(1, 2), 40)
    assert free(booked, one, days(1, 2)) is None
    with booked.read() as session:
        assert ledger.course(session, one, days(1, 2), NOW) == []


def test_the_course_of_what_is_free(booked: Database) -> None:
    one = bookable(booked, 4)
    book(booked, one, days(2, 3), 3)
    book(booked, one, days(3, 5), 1)
    with booked.read() as session:
        found = ledger.course(session, one, Stretch(at(1), at(6)), NOW)
    assert [level.taken for level in found] == [4, 1, 0, 3, 4]


# Many at once


def _hammer(url: str, ids: list[int], seed: int, seconds: float) -> None:
    """Book, cancel, move and undo at random until the time is over."""
    dice = random.Random(seed)
    db = Database(url)
    mine: list[int] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        start = dice.randrange(20)
        stretch = days(start, start + dice.randrange(4))
        try:
            if mine and dice.random() < 0.4:
                number = dice.choice(mine)
                with db.write(queued=True) as session:
                    row = session.get_one(Booking, number)
                    if dice.random() < 0.5:
                        progress.move(session, row, stretch, dice.randint(1, 3), "p", NOW)
                    elif row.state == "cancelled":
                        progress.undo(session, row, "p", NOW)
                    else:
                        progress.advance(session, row, "cancelled", "p", NOW)
            else:
                key = f"{seed}-{dice.randrange(40)}-{start}"
                wanted = entry(dice.choice(ids), stretch, dice.randint(1, 3))
                mine.append(progress.create(db, wanted, key, "p", NOW)[0])
        except (Full, NotNow, KeyReused):
            pass
    db.close()


@pytest.mark.parametrize("kill", [False, True], ids=["to the end", "killed"])
def test_nothing_is_overbooked_however_many_book_at_once(
    booked: Database, database_url: str, kill: bool
) -> None:
    ids = [bookable(booked, capacity) for capacity in (1, 2, 5)]
    whole = bookable(booked, 2)
    with booked.write() as session:
        session.add_all(BookablePart(whole_id=whole, part_id=one, quantity=1) for one in ids)
    booked.close()
    context = multiprocessing.get_context("spawn")
    workers = [
        context.Process(target=_hammer, args=(database_url, [*ids, whole], seed, 3.0))
        for seed in range(4)
    ]
    for one in workers:
        one.start()
    if kill:
        time.sleep(2.5)
        for one in workers[:2]:
            os.kill(one.pid or 0, signal.SIGKILL)
    for one in workers:
        one.join(60)
        assert kill or one.exitcode == 0
    with booked.read() as session:
        assert (session.scalar(sa.select(sa.func.count()).select_from(Booking)) or 0) > 0
        assert sweep(session) == []
        states = dict(session.execute(sa.select(Booking.id, Booking.state)).all())
        holding = set(session.scalars(sa.select(Hold.booking_id)))
        keyless = session.scalar(
            sa.select(sa.func.count())
            .select_from(models.BookingKey)
            .where(models.BookingKey.booking_id.is_(None))
        )
    assert holding == {number for number, state in states.items() if state in progress.HOLDING}
    assert keyless == 0


def test_the_independent_sweep_finds_an_overbooking(booked: Database) -> None:
    """The check of the tests itself can fail."""
    one = bookable(booked, 2)
    book(booked, one, days(1, 2), 2)
    with booked.write() as session:
        session.execute(sa.update(Bookable).values(capacity=1))
    with booked.read() as session:
        assert sweep(session)
    assert peak([Taken(at(1), at(2), 2)], at(1), at(2)) == 2
