"""Another system keeps the books: exactly one booking there, whatever dies on the way."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from time import sleep
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import Plugin, activations, breaker, hookimpl, models
from hub.booking import elsewhere, heads, making, progress, reminders, told_elsewhere
from hub.booking.elsewhere import NotCancelled
from hub.booking.errors import NotNow
from hub.booking.intervals import Stretch
from hub.booking.moving_elsewhere import NotMoved
from hub.catalogue.sync import sync
from hub.db import Database
from hub.errors import Rejected, Unavailable
from hub.identity import people
from hub.models import Booking, BookingRules, Borrower, Elsewhere, Institution
from hub.models.base import now
from hub.records import (
    AccessMode,
    BookingRequest,
    Change,
    Checkpoint,
    Kind,
    Offer,
    Person,
    Record,
    Slot,
    Upsert,
)
from hub.records import Booking as BookingRecord
from tests.hub.hostile import text
from tests.sources import Network, Point, network


class Killed(BaseException):
    """The process ends here."""


class Foreign(Plugin):
    """A system with books of its own, which fails as a test tells it."""

    name = "foreign"
    title = text("Foreign")
    books: dict[str, BookingRecord] = {}
    calls: list[str] = []
    before: Callable[[], None] = staticmethod(lambda: None)
    after: Callable[[], None] = staticmethod(lambda: None)
    answer: Callable[[BookingRecord], BookingRecord] = staticmethod(lambda made: made)

    @hookimpl
    def catalogue_changes(self, cursor: str | None) -> Iterator[Change]:
        record = Record("f1", Kind.ROOM, "Fremder Raum", access=AccessMode.BOOKING)
        yield Upsert(record)
        yield Checkpoint(None, complete=True)

    @hookimpl
    def booking_slots(self, offer: Offer, start: datetime, end: datetime) -> Sequence[Slot]:
        return [Slot(start, end, 1)]

    @hookimpl
    def booking_create(self, request: BookingRequest, key: str) -> BookingRecord:
        self.calls.append(key)
        type(self).before()
        made = BookingRecord(
            key, request.offer, "confirmed", request.start, request.end, request.quantity
        )
        self.books.setdefault(key, made)
        type(self).after()
        return type(self).answer(self.books[key])

    @hookimpl
    def booking_cancel(self, booking: BookingRecord, key: str) -> BookingRecord:
        type(self).before()
        self.books[booking.id] = replace(booking, state="cancelled")
        return self.books[booking.id]

    @hookimpl
    def booking_state(self, booking: BookingRecord) -> BookingRecord:
        return self.books[booking.id]


@pytest.fixture
def plugin() -> type[Foreign]:
    return type("Foreign", (Foreign,), {"books": {}, "calls": []})


@pytest.fixture
def net(database_url: str, tmp_path: Path, plugin: type[Foreign]) -> Iterator[Network]:
    with network(database_url, tmp_path, ["borken"], [Point("foreign", plugin)]) as made:
        activations.enable(made.hub, "borken", "foreign", {}, actor="test")
        assert not sync(made.hub.db, made.site("borken"), "foreign").error
        yield made


@pytest.fixture
def request_(net: Network) -> BookingRequest:
    with net.hub.db.write() as session:
        row = session.scalars(sa.select(models.Offer).where(models.Offer.plugin == "foreign")).one()
        somebody = people.add(session, name="Erika Muster", email="")
        record = Record("f1", Kind.ROOM, "Fremder Raum", access=AccessMode.BOOKING)
        offer, asker = Offer(row.id, "borken", "foreign", record), Person(somebody.key)
    start = now().replace(hour=9, minute=0) + timedelta(days=21)
    start += timedelta(days=-start.weekday())
    return BookingRequest(offer, asker, start, start + timedelta(hours=2))


def ask(net: Network, request: BookingRequest, key: str = "form-1") -> int:
    return elsewhere.ask(net.hub.db, request, key, now())


def row(net: Network, number: int) -> Booking:
    with net.hub.db.read() as session:
        found = session.get_one(Booking, number)
        session.expunge(found)
        return found


def later(net: Network) -> None:
    """The worker's next turn, when every pause is over."""
    with net.hub.db.write() as session:
        session.execute(
            sa.update(Elsewhere)
            .where(Elsewhere.next_at.is_not(None))
            .values(next_at=now() - timedelta(seconds=1))
        )
        session.execute(sa.update(models.Breaker).values(open_until=None))
    elsewhere.settle_due(net.hub.db, net.site, now())


def test_it_is_booked_there_and_confirmed_here(
    net: Network, plugin: type[Foreign], request_: BookingRequest
) -> None:
    number = ask(net, request_)
    assert row(net, number).state == "requested"
    elsewhere.settle(net.hub.db, net.site("borken"), number)
    made = row(net, number)
    assert (made.state, made.external_id) == ("confirmed", made.reference)
    assert list(plugin.books) == [made.reference]
    assert ask(net, request_) == number, "the same form again"
    elsewhere.settle(net.hub.db, net.site("borken"), number)
    assert len(plugin.calls) == 1


def die(*_: Any, **__: Any) -> None:
    raise Killed


@pytest.mark.parametrize("at", ["before it is said", "after it is done there", "when it is noted"])
def test_whoever_dies_on_the_way_leaves_exactly_one_booking(
    net: Network,
    plugin: type[Foreign],
    request_: BookingRequest,
    monkeypatch: pytest.MonkeyPatch,
    at: str,
) -> None:
    number = ask(net, request_)
    site = net.site("borken")
    with monkeypatch.context() as patched:
        if at == "before it is said":
            patched.setattr(site, "one", die)
        elif at == "after it is done there":
            said = site.one

            def say_and_die(*a: Any, **b: Any) -> None:
                said(*a, **b)
                raise Killed

            patched.setattr(site, "one", say_and_die)
        else:
            patched.setattr(elsewhere, "_note", die)
        with pytest.raises(Killed):
            elsewhere.settle(net.hub.db, site, number)
    assert row(net, number).state == "requested", "nothing is lost"
    later(net)
    assert row(net, number).state == "confirmed"
    assert len(plugin.books) == 1


def test_a_system_that_stays_down_is_left_alone_by_all_bookings(
    net: Network, plugin: type[Foreign], request_: BookingRequest
) -> None:
    def down() -> None:
        raise Unavailable("Wartung")

    plugin.before = staticmethod(down)
    first = ask(net, request_)
    for _ in range(breaker.PATIENCE):
        later(net)
    assert len(plugin.calls) == breaker.PATIENCE
    day = timedelta(days=7)
    second = ask(net, replace(request_, start=request_.start + day, end=request_.end + day), "two")
    elsewhere.settle(net.hub.db, net.site("borken"), second)
    assert len(plugin.calls) == breaker.PATIENCE, "nobody asks it now"
    with net.hub.db.read() as session:
        (paused,) = breaker.paused(session, now())
        todo = session.get_one(Elsewhere, second)
        assert (todo.next_at, todo.attempts) == (paused.until, 0)
    plugin.before = staticmethod(lambda: None)
    later(net)
    assert {row(net, first).state, row(net, second).state} == {"confirmed"}
    with net.hub.db.read() as session:
        assert not breaker.failing(session)


def test_a_system_that_is_down_is_asked_again_with_growing_pauses(
    net: Network, plugin: type[Foreign], request_: BookingRequest
) -> None:
    def down() -> None:
        raise Unavailable("Wartung")

    plugin.before = staticmethod(down)
    number = ask(net, request_)
    pauses = []
    for _ in range(3):
        later(net)
        with net.hub.db.read() as session:
            todo = session.get_one(Elsewhere, number)
            assert todo.next_at is not None
            pauses.append((todo.next_at - now()).total_seconds())
            assert "Wartung" in todo.problem
    assert pauses == sorted(pauses)
    assert pauses[-1] > 2 * pauses[0]
    plugin.before = staticmethod(lambda: None)
    later(net)
    assert row(net, number).state == "confirmed"


def test_what_it_refuses_is_refused_here_with_its_reason(
    net: Network, plugin: type[Foreign], request_: BookingRequest
) -> None:
    def no() -> None:
        raise Rejected("Der Raum wird gestrichen.")

    plugin.before = staticmethod(no)
    number = ask(net, request_)
    elsewhere.settle(net.hub.db, net.site("borken"), number)
    made = row(net, number)
    assert (made.state, made.reason) == ("refused", "Der Raum wird gestrichen.")


@pytest.mark.parametrize(
    "lie",
    [
        lambda made: replace(made, quantity=7),
        lambda made: replace(made, end=made.end + timedelta(days=9)),
        lambda made: replace(made, state="glorious"),
        lambda made: replace(made, id=""),
        lambda made: "yes",
    ],
)
def test_a_plugin_that_confirms_what_it_was_not_asked_is_not_believed(
    net: Network, plugin: type[Foreign], request_: BookingRequest, lie: Any
) -> None:
    plugin.answer = staticmethod(lie)
    number = ask(net, request_)
    elsewhere.settle(net.hub.db, net.site("borken"), number)
    made = row(net, number)
    assert (made.state, made.external_id) == ("requested", "")
    with net.hub.db.read() as session:
        assert session.get_one(Elsewhere, number).problem


def test_what_is_changed_there_is_found_here(
    net: Network, plugin: type[Foreign], request_: BookingRequest
) -> None:
    number = ask(net, request_)
    elsewhere.settle(net.hub.db, net.site("borken"), number)
    (reference,) = plugin.books
    plugin.books[reference] = replace(plugin.books[reference], state="cancelled")
    later(net)
    assert row(net, number).state == "cancelled"
    with net.hub.db.read() as session:
        assert session.get_one(Elsewhere, number).next_at is None


def test_cancelling_reaches_the_other_system_or_says_that_it_did_not_yet(
    net: Network, plugin: type[Foreign], request_: BookingRequest
) -> None:
    number = ask(net, request_)
    elsewhere.settle(net.hub.db, net.site("borken"), number)

    def down() -> None:
        raise Unavailable("Wartung")

    plugin.before = staticmethod(down)
    with pytest.raises(NotCancelled):
        elsewhere.cancel(net.hub.db, net.site("borken"), number, "me", now())
    assert row(net, number).state == "confirmed"
    plugin.before = staticmethod(lambda: None)
    later(net)
    assert row(net, number).state == "cancelled"
    assert [one.state for one in plugin.books.values()] == ["cancelled"]


def test_what_was_never_said_there_is_given_up_here_alone(
    net: Network, plugin: type[Foreign], request_: BookingRequest
) -> None:
    number = ask(net, request_)
    elsewhere.cancel(net.hub.db, net.site("borken"), number, "me", now())
    assert row(net, number).state == "cancelled"
    later(net)
    assert plugin.books == {}


def test_nothing_is_said_there_before_the_head_agrees(
    net: Network, plugin: type[Foreign], request_: BookingRequest
) -> None:
    with net.hub.db.write() as session:
        school = Institution(
            kind="school", school_id="900123", listed=False, name="Schule", search_text=""
        )
        session.add(school)
        session.flush()
        who = session.scalars(sa.select(models.Person.id)).one()
        session.add_all([
            Borrower(
                site_key="borken", institution_id=school.id, person_id=who, state="approved"
            ),
            BookingRules(site_key="borken", kind="room", borrower="", overrides={"head": True}),
        ])  # fmt: skip
        request_ = replace(request_, institution=school.id)
    agreed, refused, late = (ask(net, request_, key) for key in "abc")
    later(net)
    assert [row(net, one).state for one in (agreed, refused, late)] == ["requested"] * 3
    assert not elsewhere.waits(row(net, agreed)), "it waits for the head, not for the system"
    assert plugin.calls == []
    with net.hub.db.write() as session:
        heads.give(session, session.get_one(Booking, agreed), heads.ACTOR, now())
        progress.advance(session, session.get_one(Booking, refused), "refused", heads.ACTOR, now())
    assert elsewhere.waits(row(net, agreed))
    later(net)
    assert row(net, agreed).state == "confirmed"
    reminders.run(net.hub.db, request_.start + timedelta(days=1), lambda: None)
    later(net)
    assert (row(net, refused).state, row(net, late).state) == ("refused", "expired")
    assert plugin.calls == [row(net, agreed).reference]


class Moving(Foreign):
    """One that can give its bookings another time, and may lie about which."""

    shift = timedelta()

    @hookimpl
    def booking_move(
        self, booking: BookingRecord, start: datetime, end: datetime, quantity: int, key: str
    ) -> BookingRecord:
        self.calls.append(key)
        moved = replace(booking, start=start + self.shift, end=end + self.shift, quantity=quantity)
        self.books[booking.id] = moved
        return moved


class Replaying(Moving):
    """One that gives the first answer again to a key that it knows, as many systems do."""

    answered: dict[str, BookingRecord] = {}

    @hookimpl
    def booking_move(
        self, booking: BookingRecord, start: datetime, end: datetime, quantity: int, key: str
    ) -> BookingRecord:
        if key not in self.answered:
            moved = replace(booking, start=start, end=end, quantity=quantity)
            self.answered[key] = self.books[booking.id] = moved
        return self.answered[key]


@pytest.mark.parametrize("plugin", [Moving])
def test_a_move_is_said_until_it_is_so_and_only_what_was_asked_is_believed(
    net: Network, plugin: type[Any], request_: BookingRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plugin, "books", {})
    monkeypatch.setattr(plugin, "calls", [])
    site, number = net.site("borken"), ask(net, request_)
    elsewhere.settle(net.hub.db, site, number)
    before = row(net, number)
    time = Stretch(request_.start + timedelta(hours=1), request_.end + timedelta(hours=2))

    def move(time: Stretch = time) -> None:
        making.move(net.hub.db, site, number, time, 1, "test", now())

    with monkeypatch.context() as patched:
        patched.setattr(elsewhere, "_note", die)
        with pytest.raises(Killed):
            move()
    assert row(net, number).starts_at == before.starts_at, "until it is known"
    with pytest.raises(NotNow):
        move(Stretch(time.start, time.end + timedelta(hours=1)))
    later(net)
    assert (row(net, number).starts_at, row(net, number).ends_at) == tuple(time)
    assert len(set(plugin.calls[1:])) == 1, "said twice with one key"
    monkeypatch.setattr(plugin, "shift", timedelta(minutes=5))
    with pytest.raises(NotMoved) as lied:
        move(Stretch(before.starts_at, before.ends_at))
    assert not lied.value.refused, "it is asked again"
    assert row(net, number).starts_at == time.start


@pytest.mark.parametrize("plugin", [Moving])
def test_a_move_while_the_state_is_asked_for_cancels_nothing(
    net: Network, plugin: type[Any], request_: BookingRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plugin, "books", {})
    site, number = net.site("borken"), ask(net, request_)
    elsewhere.settle(net.hub.db, site, number)
    time = Stretch(request_.start + timedelta(hours=1), request_.end + timedelta(hours=1))
    told = []

    def meanwhile(self: Any, booking: BookingRecord) -> BookingRecord:
        before = self.books[booking.id]
        try:
            making.move(net.hub.db, site, number, time, 1, "test", now())
        except NotNow as refused:
            told.append(refused)
        return before

    with monkeypatch.context() as patched:
        patched.setattr(elsewhere, "_say", lambda s, step, r, record, *a: meanwhile(
            site.plugins["foreign"], record))  # fmt: skip
        later(net)
    assert len(told) == 1
    later(net)
    assert row(net, number).state == "confirmed"
    making.move(net.hub.db, site, number, time, 1, "test", now())
    assert (row(net, number).starts_at, row(net, number).state) == (time.start, "confirmed")


@pytest.mark.parametrize("plugin", [Replaying])
def test_there_and_back_and_there_again_is_said_each_time(
    net: Network, plugin: type[Any], request_: BookingRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plugin, "books", {})
    monkeypatch.setattr(plugin, "answered", {})
    site, number = net.site("borken"), ask(net, request_)
    elsewhere.settle(net.hub.db, site, number)
    here = Stretch(request_.start, request_.end)
    there = Stretch(here.start + timedelta(hours=1), here.end + timedelta(hours=1))
    for time in (there, here, there):
        making.move(net.hub.db, site, number, time, 1, "test", now())
        (kept,) = plugin.books.values()
        assert (kept.start, kept.end) == tuple(time), "it is so there too"
    assert row(net, number).starts_at == there.start


@pytest.mark.parametrize("plugin", [Moving])
def test_a_wish_while_a_turn_begins_waits_for_it(
    net: Network, plugin: type[Any], request_: BookingRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker is about to ask for the state, and has not committed that, when the person wants
    another time: whoever comes second must see what the first one did."""
    db, site, number = net.hub.db, net.site("borken"), ask(net, request_)
    monkeypatch.setattr(plugin, "books", {})
    elsewhere.settle(db, site, number)
    time = Stretch(request_.start + timedelta(hours=1), request_.end + timedelta(hours=1))
    outcomes: list[BaseException | None] = []

    def move() -> None:
        try:
            making.move(db, site, number, time, 1, "test", now())
            outcomes.append(None)
        except BaseException as error:  # shown by the assertion below
            outcomes.append(error)

    person = threading.Thread(target=move)
    record, said = told_elsewhere.record, site.one

    def begun(session: Session, booking: Booking) -> BookingRecord | None:
        told = record(session, booking)
        session.flush()
        if not person.ident:
            person.start()
            if db.dialect == "postgresql":
                until_it_waits(db, outcomes)
        return told

    def late(*a: Any, **b: Any) -> Any:
        answer = said(*a, **b)
        if threading.current_thread() is not person:
            person.join(20)  # the answer is of before, however long it takes
        return answer

    with monkeypatch.context() as patched:
        patched.setattr(told_elsewhere, "record", begun)
        patched.setattr(site, "one", late)
        later(net)
    person.join(20)
    assert [type(one) for one in outcomes] == [NotNow]
    assert row(net, number).state == "confirmed"
    making.move(db, site, number, time, 1, "test", now())
    assert row(net, number).starts_at == plugin.books[row(net, number).external_id].start


def until_it_waits(db: Database, outcomes: list[Any]) -> None:
    """Return when another session waits for a lock, or is done."""
    waiting = sa.text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                      " AND datname = current_database()")  # fmt: skip
    for _ in range(2_000):
        with db.read() as session:
            if outcomes or session.scalar(waiting):
                return
        sleep(0.01)
    raise AssertionError("It neither waits nor ends.")


@pytest.mark.parametrize("plugin", [Moving])
def test_an_answer_that_comes_after_everything_else_changes_nothing(
    net: Network, plugin: type[Any], request_: BookingRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that stood still longer than its lease, while others went on."""
    monkeypatch.setattr(plugin, "books", {})
    db, site, number = net.hub.db, net.site("borken"), ask(net, request_)
    elsewhere.settle(db, site, number)
    time = Stretch(request_.start + timedelta(hours=1), request_.end + timedelta(hours=1))
    said, nested = site.one, []

    def stood_still(*a: Any, **b: Any) -> Any:
        answer = said(*a, **b)
        if not nested:
            nested.append(1)
            later(net)
            making.move(db, site, number, time, 1, "test", now())
        return answer

    with monkeypatch.context() as patched:
        patched.setattr(site, "one", stood_still)
        later(net)
    assert (row(net, number).starts_at, row(net, number).state) == (time.start, "confirmed")
