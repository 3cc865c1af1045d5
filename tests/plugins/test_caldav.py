"""Rooms booked in calendars elsewhere: nothing twice, nothing lost, whatever the server does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import marshmallow as ma
import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from connectors import http
from connectors.caldav import Calendar
from hub import activations, models
from hub.app import create_app
from hub.booking import elsewhere
from hub.catalogue.sync import sync
from hub.errors import Denied, PluginError, Rejected, Unavailable
from hub.identity import privacy
from hub.identity.actor import Role
from hub.models import Elsewhere
from hub.models.base import now
from hub.records import Booking, BookingRequest, Kind, Offer, Person, Record, Upsert
from hub.site import Site
from hub.testing import BookingContract, CatalogueContract, site_row, site_with
from plugins.caldav import Caldav
from tests.bookings import SITE, bookings, open_day, wish
from tests.hub.web.test_booking import book
from tests.hub.web.test_pages import text_of
from tests.identities import log_in, send
from tests.servers import caldav
from tests.servers.caldav import ROOM, events, put, utc
from tests.sources import Network, Point, network

PASSWORD = "streng geheim 48"
OFFER = Offer(7, "teststadt", "caldav", Record(ROOM, Kind.ROOM, "MediaLab"))


class Killed(BaseException):
    """The process ends here."""


def config(address: str, trap: str = "", **more: Any) -> dict[str, Any]:
    path = f"trap/{trap}/{ROOM}" if trap else ROOM
    room = {"name": ROOM, "title": "MediaLab", "address": address + path, "persons": 20}
    return {"rooms": [room], "user": "hub", "password": PASSWORD, **more}


def plugin_at(address: str, folder: Path, trap: str = "", **more: Any) -> Site:
    return site_with(Caldav, config(address, trap, **more), folder)


def wanted(days: int = 30) -> BookingRequest:
    start = now().replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(days=days)
    return BookingRequest(
        OFFER,
        Person("p1"),
        start,
        start + timedelta(hours=2),
        institution_name="Schule am Wall",
        answers={"purpose": "Trickfilm", "group": "18", "support": "yes"},
    )


def create(site: Site, request: BookingRequest, key: str = "ABCD2345") -> Booking:
    made: Booking = site.one("caldav", "booking_create", request=request, key=key)
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "calendars"


@pytest.fixture
def server(folder: Path) -> Iterator[str]:
    with caldav.running(folder, login=f"hub={PASSWORD}") as address:
        yield address


class TestContract(CatalogueContract, BookingContract):
    plugin = Caldav

    @pytest.fixture
    def plugin_config(self, server: str) -> Mapping[str, Any]:
        return config(server)

    @pytest.fixture
    def booking_request(self) -> BookingRequest:
        return wanted()


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"rooms": []}, "rooms"),
        ({"user": ""}, "password"),
        ({"timeout": 0}, "timeout"),
        ({"rooms": [config("http://c.example/")["rooms"][0]] * 2}, "rooms"),
        ({"rooms": [{"name": "A b", "title": "", "address": "ftp://x"}]}, "rooms"),
    ],
)
def test_settings_that_cannot_be_are_refused(changed: dict[str, Any], field: str) -> None:
    with pytest.raises(ma.ValidationError) as caught:
        Caldav.Config().load({**config("http://c.example/", password={"env": "P"}), **changed})
    assert field in caught.value.messages


def test_the_rooms_are_offered_as_they_are_configured(server: str, tmp_path: Path) -> None:
    changes = list(plugin_at(server, tmp_path).one("caldav", "catalogue_changes", cursor=None))
    (room,) = (one.record for one in changes if isinstance(one, Upsert))
    assert (room.source_id, room.kind, room.title, room.quantity) == (
        ROOM,
        Kind.ROOM,
        "MediaLab",
        20,
    )


def test_what_is_booked_stands_there_for_the_staff_and_names_nobody(
    server: str, folder: Path, tmp_path: Path
) -> None:
    made = create(plugin_at(server, tmp_path), wanted())
    (event,) = events(folder)
    assert (str(event["UID"]), str(event["STATUS"])) == (made.id, "CONFIRMED")
    assert str(event["SUMMARY"]) == "Gebucht: Schule am Wall"
    told = str(event["DESCRIPTION"]).splitlines()
    assert told == ["Kennung: ABCD2345", "Zweck: Trickfilm", "Personen: 18", "Betreuung gewünscht"]
    assert (event.decoded("DTSTART"), event.decoded("DTEND")) == (made.start, made.end)


def test_what_others_put_into_the_calendar_blocks_here(
    server: str, folder: Path, tmp_path: Path
) -> None:
    site, request = plugin_at(server, tmp_path), wanted()
    week = timedelta(days=7)
    put(
        folder,
        "weekly",
        utc("DTSTART", request.start - 3 * week + timedelta(hours=1)),
        utc("DTEND", request.start - 3 * week + timedelta(hours=5)),
        "RRULE:FREQ=WEEKLY",
    )
    put(folder, "free", utc("DTSTART", request.start), "DURATION:PT1H", "TRANSP:TRANSPARENT")
    slots = site.one(
        "caldav", "booking_slots", offer=OFFER, start=request.start, end=request.end, person=None
    )
    middle = request.start + timedelta(hours=1)
    assert [(one.start, one.end, one.free) for one in slots] == [
        (request.start, middle, 1),
        (middle, request.end, 0),
    ]
    with pytest.raises(Rejected, match="schon belegt"):
        create(site, request)
    before = create(site, replace(request, end=middle))
    assert before.state == "confirmed", "until the very moment at which the other begins"
    assert len(events(folder)) == 3


@pytest.mark.parametrize(
    ("trap", "error"),
    [
        ("error", Unavailable),
        ("busy", Unavailable),
        ("html", Unavailable),
        ("locked", Unavailable),
        ("lost", Unavailable),
        ("short", Unavailable),
        ("slow", Unavailable),
        ("huge", Unavailable),
        ("mangled", Denied),
    ],
)
def test_a_bad_day_there_leaves_nothing_half_done(
    server: str, folder: Path, tmp_path: Path, trap: str, error: type[Exception]
) -> None:
    timeout = 0.3 if trap == "slow" else 4.0
    with pytest.raises(error):
        create(plugin_at(server, tmp_path, trap, timeout=timeout), wanted())
    assert all(str(one["STATUS"]) == "TENTATIVE" for one in events(folder))
    assert len(events(folder)) == (trap == "lost")
    good = plugin_at(server, tmp_path)
    made = create(good, wanted())
    (event,) = events(folder)
    assert (str(event["UID"]), str(event["STATUS"])) == (made.id, "CONFIRMED")
    if trap not in ("mangled", "short"):
        bad = plugin_at(server, tmp_path, trap, timeout=timeout)
        with pytest.raises(error):
            bad.one("caldav", "booking_cancel", booking=made, key="k")
    assert good.one("caldav", "booking_cancel", booking=made, key="k").state == "cancelled"
    assert events(folder) == []


def test_health_names_the_room_and_what_is_wrong_but_no_password(
    server: str, folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    plugin_at(server, tmp_path).one("caldav", "health")
    put(folder, "endless", "DTSTART:20270101T080000Z", "DURATION:PT1S", "RRULE:FREQ=SECONDLY")
    wrong = "falsches Passwort 49"
    for site, said in (
        (plugin_at(server, tmp_path, password=wrong), "401"),
        (plugin_at(server + "nirgends/", tmp_path), "404"),
        (plugin_at(server, tmp_path, "readonly"), "not written to"),
        (plugin_at(server, tmp_path), "endless.ics: its rule"),
        (plugin_at("http://127.0.0.1:9/", tmp_path), "refused"),
        (
            site_with(Caldav, config(server), tmp_path, site_row(internal_hosts=())),
            "not on the open internet",
        ),
    ):
        with pytest.raises(PluginError, match=said) as caught:
            site.one("caldav", "health")
        assert "MediaLab" in str(caught.value)
        assert not {PASSWORD, wrong} & {str(caught.value), caplog.text}


@pytest.mark.parametrize("dies", ["before", "after"])
def test_killed_at_any_request_it_is_booked_once(
    server: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dies: str
) -> None:
    site, send_ = plugin_at(server, tmp_path), http.Client.send
    kills = 0
    for number in range(1, 12):
        left = iter(range(number, 0, -1))

        def dying(self: Any, *a: Any, left: Iterator[int] = left, **b: Any) -> Any:
            last = next(left, 0) == 1
            if last and dies == "before":
                raise Killed
            answer = send_(self, *a, **b)
            if last:
                raise Killed
            return answer

        request = wanted(30 + number)
        with monkeypatch.context() as patched:
            patched.setattr(http.Client, "send", dying)
            try:
                create(site, request, f"KEY{number}")
            except PluginError:
                kills += 1
        made = create(site, request, f"KEY{number}")
        found = [one for one in events(folder) if one.decoded("DTSTART") == request.start]
        assert [(str(one["UID"]), str(one["STATUS"])) for one in found] == [(made.id, "CONFIRMED")]
    assert kills == 6, "each request of a booking"


@pytest.mark.parametrize("dies", ["before", "after"])
def test_killed_at_any_request_it_is_moved_once(
    server: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dies: str
) -> None:
    site, send_ = plugin_at(server, tmp_path), http.Client.send
    kills = 0
    for number in range(1, 13):
        made = create(site, wanted(30 + number), f"KEY{number}")
        hour = timedelta(hours=1)
        time = {"start": made.start + hour, "end": made.end + hour}
        shall = {"offer": made.offer, **time, "quantity": 1, "key": "m"}
        left = iter(range(number, 0, -1))

        def dying(self: Any, *a: Any, left: Iterator[int] = left, **b: Any) -> Any:
            last = next(left, 0) == 1
            if last and dies == "before":
                raise Killed
            answer = send_(self, *a, **b)
            if last:
                raise Killed
            return answer

        with monkeypatch.context() as patched:
            patched.setattr(http.Client, "send", dying)
            try:
                site.one("caldav", "booking_move", booking=made, **shall)
            except PluginError:
                kills += 1
        assert any(str(one["UID"]) == made.id for one in events(folder)), "it never stands nowhere"
        moved = site.one("caldav", "booking_move", booking=made, **shall)
        assert isinstance(moved, Booking)
        (event,) = events(folder)
        assert (str(event["UID"]), str(event["STATUS"])) == (made.id, "CONFIRMED")
        assert event.decoded("DTSTART") == moved.start == made.start + hour
        site.one("caldav", "booking_cancel", booking=moved, key="c")
    assert kills == 9, "each request of a move"


@pytest.mark.parametrize("then", ["another wish", "cancelled"])
def test_what_held_a_time_for_a_move_that_broke_off_does_not_stay(
    server: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, then: str
) -> None:
    site, send_ = plugin_at(server, tmp_path), http.Client.send
    for number in range(1, 9):
        made = create(site, wanted(30 + number), f"KEY{number}")
        left = iter(range(number, 0, -1))

        def dying(self: Any, *a: Any, left: Iterator[int] = left, **b: Any) -> Any:
            answer = send_(self, *a, **b)
            if next(left, 0) == 1:
                raise Killed
            return answer

        def move(hours: int, key: str, made: Booking = made) -> Any:
            later = timedelta(hours=hours)
            time = {"start": made.start + later, "end": made.end + later}
            shall = {"offer": made.offer, **time, "quantity": 1, "key": key}
            return site.one("caldav", "booking_move", booking=made, **shall)

        with monkeypatch.context() as patched:
            patched.setattr(http.Client, "send", dying)
            with pytest.raises(PluginError):
                move(3, "first")
        if then == "another wish":
            moved = move(5, "second")
            (event,) = events(folder)
            assert event.decoded("DTSTART") == moved.start == made.start + timedelta(hours=5)
        site.one("caldav", "booking_cancel", booking=made, key="c")
        assert events(folder) == []


def test_who_is_faster_at_the_calendar_itself_has_the_room(
    server: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody puts an event there after the hub has looked, before it puts its own."""
    request, add = wanted(), Calendar.add

    def late(self: Calendar, *a: Any) -> None:
        put(folder, "staff", utc("DTSTART", request.start), "DURATION:PT30M")
        add(self, *a)

    monkeypatch.setattr(Calendar, "add", late)
    with pytest.raises(Rejected, match="inzwischen belegt"):
        create(plugin_at(server, tmp_path), request)
    assert [str(one["UID"]) for one in events(folder)] == ["staff"]


def test_of_many_at_the_same_time_one_gets_the_room(
    server: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All have looked and found it free before the first puts its event there."""
    site, add = plugin_at(server, tmp_path), Calendar.add
    for turn in range(3):
        request, barrier = wanted(30 + turn), threading.Barrier(4)

        def together(self: Calendar, *a: Any, barrier: threading.Barrier = barrier) -> None:
            barrier.wait(10)
            add(self, *a)

        outcomes: dict[str, str] = {}

        def try_it(
            key: str,
            request: BookingRequest = request,
            outcomes: dict[str, str] = outcomes,
        ) -> None:
            try:
                outcomes[key] = create(site, request, key).state
            except PluginError as error:
                outcomes[key] = type(error).__name__

        keys = [f"TURN{turn}KEY{number}" for number in range(4)]
        with monkeypatch.context() as patched:
            patched.setattr(Calendar, "add", together)
            threads = [threading.Thread(target=try_it, args=(key,)) for key in keys]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(20)
        assert list(outcomes.values()).count("confirmed") <= 1
        for _ in range(3):  # as the hub does, until each has its answer
            for key in keys:
                if outcomes[key] == "Unavailable":
                    try_it(key)
        assert sorted(outcomes.values()) == ["Rejected"] * 3 + ["confirmed"], outcomes
        found = [one for one in events(folder) if one.decoded("DTSTART") == request.start]
        assert [str(one["STATUS"]) for one in found] == ["CONFIRMED"]


# With the hub around it: what is changed there is found here; a person books in the browser.


@pytest.fixture
def net(
    database_url: str, tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Network]:
    with network(database_url, tmp_path / "hub", [SITE], [Point("caldav", Caldav)]) as made:
        with made.hub.db.write() as session:
            session.get_one(models.Site, SITE).internal_hosts = ["127.0.0.1"]
        monkeypatch.setenv("TEST_CALENDARS", PASSWORD)
        switch(made, server)
        report = sync(made.hub.db, made.site(SITE), "caldav")
        assert not report.error, report.error
        yield made


@pytest.fixture
def client(net: Network) -> FlaskClient:
    return create_app(net.hub).test_client()


@pytest.fixture
def number(net: Network) -> int:
    with net.hub.db.read() as session:
        return session.scalars(
            sa.select(models.Offer.id).where(models.Offer.plugin == "caldav")
        ).one()


def switch(net: Network, address: str, trap: str = "") -> None:
    typed = config(address, trap, password={"env": "TEST_CALENDARS"})
    activations.enable(net.hub, SITE, "caldav", typed, actor="test")


def later(net: Network) -> None:
    """The worker's next turn, when every pause is over."""
    with net.hub.db.write() as session:
        session.execute(
            sa.update(Elsewhere)
            .where(Elsewhere.next_at.is_not(None))
            .values(next_at=now() - timedelta(seconds=1))
        )
    elsewhere.settle_due(net.hub.db, net.site, now())


ANSWERS = {"frage_purpose": "Trickfilm", "frage_group": "18"}


def test_a_teacher_books_a_room_whose_calendar_is_elsewhere(
    net: Network, client: FlaskClient, number: int, server: str, folder: Path
) -> None:
    log_in(client, net.hub, Role.TEACHER, SITE)
    assert "MediaLab" in text_of(client.get("/suche?q=MediaLab").text)
    assert f'href="/angebot/{number}/buchen"' in client.get(f"/angebot/{number}").text
    typed = wish(open_day(net, 30), von="9:00", bis="12")
    answer = book(client, number, typed, **ANSWERS)
    assert answer.status_code == 303, text_of(answer.text)
    shown = text_of(client.get(answer.headers["Location"]).text)
    assert "Ihre Buchung ist bestätigt" in shown
    (made,) = bookings(net)
    (event,) = events(folder)
    assert (made.state, made.external_id) == ("confirmed", str(event["UID"]))
    assert made.reference in str(event["DESCRIPTION"])

    taken = client.get(f"/angebot/{number}/buchen", query_string=typed)
    assert "In dieser Zeit ist nichts frei" in text_of(taken.text)

    page = f"/meine-buchungen/{made.reference}"
    change = {**wish(open_day(net, 30)), "anzahl": "1", "weiter": "1"}
    moved = send(client, f"{page}/aendern", **change, von="10:00", bis="13")
    assert moved.status_code == 303, text_of(moved.text)
    assert "Ihre Buchung ist geändert" in text_of(client.get(moved.headers["Location"]).text)
    (later_,), (event,) = bookings(net), events(folder)
    assert later_.starts_at == made.starts_at + timedelta(hours=1) == event.decoded("DTSTART")
    hour = timedelta(hours=1)
    put(folder, "fremd", utc("DTSTART", made.starts_at - hour), utc("DTEND", made.starts_at))
    refused = send(client, f"{page}/aendern", **change, von="8:00", bis="11")
    assert "schon belegt" in text_of(refused.text)
    assert bookings(net)[0].starts_at == later_.starts_at
    switch(net, server, "lost")
    told = send(client, page, f"{page}/zurueckverschieben")
    assert "hat noch nicht geantwortet" in text_of(told.text)
    assert "Sie haben um eine andere Zeit gebeten" in text_of(client.get(page).text)
    switch(net, server)
    later(net)
    assert bookings(net)[0].starts_at == made.starts_at
    assert len(events(folder)) == 2, "ours and the foreign one"

    send(client, page, f"{page}/stornieren")
    assert bookings(net)[0].state == "cancelled"
    assert len(events(folder)) == 1


def test_while_the_server_is_down_it_is_being_confirmed_and_no_wish_is_lost(
    net: Network, client: FlaskClient, number: int, server: str, folder: Path
) -> None:
    log_in(client, net.hub, Role.TEACHER, SITE)
    switch(net, server, "lost")
    typed = wish(open_day(net, 30), von="9:00", bis="12")
    answer = book(client, number, typed, **ANSWERS)
    assert answer.status_code == 303, text_of(answer.text)
    page = answer.headers["Location"].partition("?")[0]
    assert "MediaLab wird bestätigt" in text_of(client.get(page).text)
    assert "wird bestätigt" in text_of(client.get("/meine-buchungen").text)
    assert [str(one["STATUS"]) for one in events(folder)] == ["TENTATIVE"], "it did get through"

    send(client, page, f"{page}/stornieren")
    assert bookings(net)[0].state == "requested", "nobody knows yet whether it is there"
    switch(net, server)
    later(net)
    assert bookings(net)[0].state == "cancelled"
    assert events(folder) == []


def test_who_is_erased_leaves_no_event_that_is_still_to_come(
    net: Network, client: FlaskClient, number: int, folder: Path
) -> None:
    person = log_in(client, net.hub, Role.TEACHER, SITE)
    typed = wish(open_day(net, 30), von="9:00", bis="12")
    assert book(client, number, typed, **ANSWERS).status_code == 303
    assert len(events(folder)) == 1
    privacy.erase(net.hub, person, by="test")
    assert events(folder) == []
    assert bookings(net)[0].state == "cancelled"


def moved(folder: Path, start: datetime) -> None:
    (file,) = (folder / ROOM).glob("*.ics")
    uid = str(events(folder)[0]["UID"])
    caldav.write(file, f"UID:{uid}", utc("DTSTART", start), "DURATION:PT3H")


@pytest.mark.parametrize(
    ("change", "event"),
    [
        (lambda folder, start: moved(folder, start + timedelta(days=1)), "moved"),
        (lambda folder, _: [file.unlink() for file in (folder / ROOM).glob("*.ics")], "cancelled"),
    ],
    ids=["moved", "removed"],
)
def test_what_is_changed_there_is_found_here(
    net: Network,
    client: FlaskClient,
    number: int,
    folder: Path,
    change: Callable[[Path, datetime], Any],
    event: str,
) -> None:
    log_in(client, net.hub, Role.TEACHER, SITE)
    typed = wish(open_day(net, 30), von="9:00", bis="12")
    assert book(client, number, typed, **ANSWERS).status_code == 303
    (before,) = bookings(net)
    change(folder, before.starts_at)
    later(net)
    (after,) = bookings(net)
    if event == "cancelled":
        assert after.state == "cancelled"
    else:
        assert (after.state, after.starts_at) == (
            "confirmed",
            before.starts_at + timedelta(days=1),
        )
        assert after.ends_at == after.starts_at + timedelta(hours=3)
    with net.hub.db.read() as session:
        told = session.scalars(
            sa.select(models.BookingEvent.event).order_by(models.BookingEvent.id)
        ).all()
    assert told[-1] == event, "and the person hears of it"
