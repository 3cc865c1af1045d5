"""The inventory: pieces are counted right by several at once; large tables come in quickly."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest
import sqlalchemy as sa

from hub.booking import intake, inventory, items, progress, stock
from hub.booking.intake import Wanted, WantedPiece
from hub.booking.intervals import Stretch
from hub.booking.progress import Entry
from hub.db import Database
from hub.models import Bookable, Booking, Item
from hub.models.base import now
from hub.records import Kind, Record
from tests.sources import site_row

SITE, PLUGIN = "borken", "lending"


@pytest.fixture
def model(db: Database) -> int:
    with db.write() as session:
        session.add(site_row(SITE))
        session.flush()
        record = Record("d", Kind.DEVICE, "Beamer")
        return stock.put(session, SITE, PLUGIN, record, 1).id


def test_two_who_put_pieces_in_at_once_count_both(db: Database, model: int) -> None:
    """Each has put its piece in before the other one counts, where the database lets them."""
    ready = threading.Barrier(2)
    failed = []

    def put(code: str) -> None:
        try:
            with db.write(queued=db.dialect == "sqlite") as session:
                session.add(items.new(SITE, model, code))
                session.flush()
                if db.dialect == "postgresql":
                    ready.wait(10)
                items.count(session, model)
        except BaseException as error:  # shown by the assertion below
            failed.append(error)

    threads = [threading.Thread(target=put, args=(code,)) for code in ("A-1", "A-2")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not failed
    with db.read() as session:
        assert session.get_one(Bookable, model).capacity == 2


def test_two_desks_do_not_hand_out_the_same_piece(db: Database, model: int) -> None:
    """The second comes while the first is at it: told so, and its booking stays as it was."""
    day, refused = timedelta(days=1), []
    with db.write() as session:
        for code in ("A-1", "A-2"):
            items.add(session, SITE, model, code)
        numbers = []
        for key in ("one", "two"):
            time_ = Stretch(now() + day, now() + 2 * day)
            entry = Entry(SITE, PLUGIN, model, Kind.DEVICE, "Beamer", time_, state="confirmed")
            numbers.append(progress.enter(session, entry, key, "", now())[0])

    def second() -> None:
        try:
            with db.write(queued=True) as session:
                row = session.get_one(Booking, numbers[1])
                items.hand_out(session, row, ["a1"], "second", now())
        except items.ItemError as error:
            refused.append(error.reason)

    other = threading.Thread(target=second)
    with db.write(queued=True) as session:
        items.hand_out(session, session.get_one(Booking, numbers[0]), ["A-1"], "first", now())
        other.start()
    other.join(30)
    assert refused == ["out"]
    with db.read() as session:
        states = [session.get_one(Booking, number).state for number in numbers]
        assert states == ["handed_out", "confirmed"]


def test_a_large_table_comes_in_quickly(db: Database, model: int) -> None:
    wanted = [
        Wanted(
            number,
            Record(f"m{number}", Kind.DEVICE, f"Gerät {number}"),
            None,
            tuple(WantedPiece(number, f"G-{number}-{n}") for n in range(5)),
        )
        for number in range(1_000)
    ]
    begin = time.process_time()
    with db.write(queued=True) as session:
        assert intake.take_in(session, SITE, PLUGIN, wanted, now()) == []
    took = time.process_time() - begin
    with db.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Item)) == 5_000
        found = inventory.listing(session, SITE, PLUGIN, text="gerät 999")
        assert [(one.row.capacity, one.total) for one in found] == [(5, 5)]
    assert took < 15, "everybody else who books waits so long"
