"""The staff's pages of the rooms: put in, divided, blocked, retired; the ledger stays true."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from hub import activations
from hub.app import create_app
from hub.booking import house, ledger, progress, stock
from hub.booking.intervals import Stretch
from hub.booking.progress import Entry
from hub.catalogue.sync import sync
from hub.identity.actor import Role
from hub.models import Bookable, Booking, BookingEvent, Job, Offer
from hub.records import Kind, Record
from hub.runtime import Hub
from plugins.rooms import Rooms
from tests.hub.web.test_pages import text_of
from tests.identities import log_in, person, send
from tests.sources import Point, network


@pytest.fixture
def hub(database_url: str, tmp_path: Path) -> Iterator[Hub]:
    with network(database_url, tmp_path, ("borken", "coesfeld")) as net:
        points = [Point("scripted", net.plugin), Point("rooms", Rooms)]
        with Hub.open(net.hub.settings, points) as opened:
            for site in ("borken", "coesfeld"):
                activations.enable(opened, site, "rooms", {}, actor="test")
            yield opened


@pytest.fixture
def client(hub: Hub) -> FlaskClient:
    client = create_app(hub).test_client()
    log_in(client, hub, Role.STAFF, "borken")
    return client


def put_in(client: FlaskClient, title: str, **fields: Any) -> str:
    """Put a room in by the form; returns its address."""
    answer = send(client, "/borken/rooms/neu", title=title, **fields)
    assert answer.status_code == 303, text_of(answer.text)
    return str(answer.headers["Location"]).partition("?")[0]


def row(hub: Hub, title: str) -> Bookable:
    with hub.db.read() as session:
        return session.scalars(sa.select(Bookable).where(Bookable.title == title)).one()


def day(hub: Hub) -> datetime:
    """The beginning of a day on which rooms can be booked."""
    with hub.db.read() as session:
        calendar = house.calendar(session, "borken")
    found = calendar.after_open_days(calendar.day(datetime.now(UTC)), 30)
    assert found is not None
    return datetime.combine(found, datetime.min.time())


def booked(hub: Hub, title: str, start: int, end: int) -> None:
    """Somebody books the room from one hour to another of `day`, in UTC."""
    room, who, begin = row(hub, title), person(hub, Role.TEACHER, "borken"), day(hub)
    time = Stretch(
        begin.replace(tzinfo=UTC) + timedelta(hours=start),
        begin.replace(tzinfo=UTC) + timedelta(hours=end),
    )
    entry = Entry(
        "borken", "rooms", room.id, "room", title, time, person_id=who, borrower="private"
    )
    progress.create(hub.db, entry, f"{title}-{start}", "test", datetime.now(UTC))


def block(
    client: FlaskClient, room: str, begin: datetime, start: str, end: str, **more: Any
) -> Any:
    parts = {"beginn_tag": begin.day, "beginn_monat": begin.month, "beginn_jahr": begin.year}
    reason = {"grund": "Malerarbeiten", **more}
    return send(client, room, f"{room}/sperren", **parts, von=start, bis=end, **reason)


def test_a_room_is_put_in_and_the_catalogue_follows(hub: Hub, client: FlaskClient) -> None:
    room = put_in(
        client, "MediaLab", description="Greenscreen", persons="12", place="EG", before="15",
        after="30", equipment="Kamera, Licht",
    )  # fmt: skip
    assert "MediaLab" in text_of(client.get("/borken/rooms/").text)
    kept = row(hub, "MediaLab")
    assert (kept.capacity, kept.buffer_before, kept.buffer_after) == (1, 15, 30)
    with hub.db.read() as session:
        job = session.scalars(sa.select(Job)).one()
        assert (job.task, job.arguments) == ("sync", {"site": "borken", "plugin": "rooms"})
    assert sync(hub.db, hub.sites.site("borken"), "rooms").state == "succeeded"
    with hub.db.read() as session:
        offer = session.scalars(sa.select(Offer)).one()
    page = text_of(client.get(f"/angebot/{offer.id}").text)
    assert "Kamera, Licht" in page
    assert "EG" in page
    send(client, room, title="LearnLab", persons="20")
    assert row(hub, "LearnLab").details["persons"] == 20


def test_a_form_that_was_sent_twice_makes_one_room(hub: Hub, client: FlaskClient) -> None:
    first, again, other = (
        put_in(client, title, schluessel="abc123") for title in ("Saal", "Saal", "Studio")
    )
    assert first == again
    assert other != first


def test_a_double_click_that_arrives_at_once_makes_one_room(hub: Hub) -> None:
    """The second waits for the first, and is the same room."""
    told = Record("saal", Kind.ROOM, "Saal")
    found: list[int] = []

    def second() -> None:
        with hub.db.write() as session:
            found.append(stock.put(session, "borken", "rooms", told, 1).id)

    with hub.db.write() as session:
        found.append(stock.put(session, "borken", "rooms", told, 1).id)
        other = threading.Thread(target=second)
        other.start()
        other.join(timeout=0.3)
    other.join(timeout=20)
    assert len(found) == 2
    assert len(set(found)) == 1


@pytest.mark.parametrize(
    ("field", "value"), [("title", " "), ("persons", "viele"), ("before", "-5"), ("after", "9999")]
)
def test_what_cannot_be_a_room_is_said_and_nothing_typed_is_lost(
    hub: Hub, client: FlaskClient, field: str, value: str
) -> None:
    fields = {"title": "MediaLab", "equipment": "Kamera", field: value}
    answer = send(client, "/borken/rooms/neu", **fields)
    assert answer.status_code == 400
    assert f'href="#{field}"' in answer.text
    assert "Kamera" in answer.text
    with hub.db.read() as session:
        assert session.scalars(sa.select(Bookable)).all() == []


def test_a_blocked_time_cannot_be_booked_until_it_is_free_again(
    hub: Hub, client: FlaskClient
) -> None:
    room, begin = put_in(client, "MediaLab"), day(hub)
    answer = block(client, room, begin, "10:00", "14", schluessel="k1")
    assert answer.status_code == 303
    block(client, room, begin, "10:00", "14", schluessel="k1")  # a double click
    page = client.get(room).text
    assert text_of(page).count("Malerarbeiten") == 1
    with pytest.raises(Exception, match="only 0 are free"):
        booked(hub, "MediaLab", 10, 11)
    assert "Malerarbeiten" not in client.get("/borken/verwaltung/theke").text
    found = re.search(r'action="([^"]+/aufheben)"', page)
    assert found
    for _ in range(2):
        assert send(client, room, found[1]).status_code == 303
    booked(hub, "MediaLab", 10, 11)
    answer = block(client, room, begin, "8:00", "18:00")
    assert answer.status_code == 409
    assert "Es wurde nichts gesperrt" in text_of(answer.text)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"von": "25:00"}, "Uhrzeit"),
        ({"grund": ""}, "Grund"),
        ({"beginn_tag": "31", "beginn_monat": "2"}, "Tag"),
        ({"von": "16:00", "bis": "9:00"}, "Das Ende muss"),
        ({"beginn_jahr": "2009"}, "vorbei"),
        ({"beginn_jahr": "9999"}, "Jahr"),
    ],
)
def test_a_time_that_cannot_be_blocked_is_explained(
    hub: Hub, client: FlaskClient, fields: dict[str, str], told: str
) -> None:
    room, begin = put_in(client, "MediaLab"), day(hub)
    given: dict[str, Any] = {
        "beginn_tag": begin.day, "beginn_monat": begin.month, "beginn_jahr": begin.year,
        "von": "9", "bis": "12", "grund": "Kurs", **fields,
    }  # fmt: skip
    answer = send(client, room, f"{room}/sperren", **given)
    assert answer.status_code in (400, 409)
    assert told in text_of(answer.text)
    with hub.db.read() as session:
        assert session.scalars(sa.select(Booking)).all() == []


def test_a_divided_room_takes_its_parts_also_from_bookings_made_before(
    hub: Hub, client: FlaskClient
) -> None:
    for title in ("Saal A", "Saal B"):
        put_in(client, title)
    saal = put_in(client, "Saal")
    booked(hub, "Saal", 8, 10)
    parts = [row(hub, "Saal A").id, row(hub, "Saal B").id]
    assert send(client, saal, title="Saal", parts=parts).status_code == 303
    assert "Saal A, Saal B" in text_of(client.get("/borken/rooms/").text)
    with pytest.raises(Exception, match="only 0 are free"):
        booked(hub, "Saal A", 9, 11)
    booked(hub, "Saal B", 12, 13)
    with pytest.raises(Exception, match="only 0 are free"):
        booked(hub, "Saal", 12, 14)
    assert send(client, saal, title="Saal").status_code == 303
    booked(hub, "Saal A", 9, 11)
    answer = send(client, saal, title="Saal", parts=parts)
    assert answer.status_code == 409, "both are booked from 9 to 10"
    with hub.db.read() as session:
        assert ledger.overbooked(session, parts, datetime.now(UTC)) == {}


def test_a_part_is_not_divided_itself(hub: Hub, client: FlaskClient) -> None:
    put_in(client, "Ecke")
    half = put_in(client, "Saal A", parts=[row(hub, "Ecke").id])
    whole = put_in(client, "Saal")
    answer = send(client, whole, title="Saal", parts=[row(hub, "Saal A").id])
    assert answer.status_code == 409
    assert "kann kein Teil sein" in text_of(answer.text)
    assert send(client, half, title="Saal A", parts=[row(hub, "Saal A").id]).status_code == 409


def test_a_retired_room_is_offered_again_by_saving_it(hub: Hub, client: FlaskClient) -> None:
    room = put_in(client, "MediaLab")
    for _ in range(2):
        assert send(client, room, f"{room}/ausmustern").status_code == 303
    assert row(hub, "MediaLab").retired_at is not None
    assert "Nicht mehr angeboten" in text_of(client.get("/borken/rooms/").text)
    send(client, room, title="MediaLab")
    assert row(hub, "MediaLab").retired_at is None


def test_the_rooms_of_another_centre_do_not_exist(hub: Hub, client: FlaskClient) -> None:
    room, begin = put_in(client, "MediaLab"), day(hub)
    block(client, room, begin, "10", "12")
    reference = re.search(r"sperren/(\w+)/aufheben", client.get(room).text)
    assert reference
    number = room.rpartition("/")[2]
    other = create_app(hub).test_client()
    log_in(other, hub, Role.STAFF, "coesfeld")
    assert other.get("/borken/rooms/").status_code == 404
    assert other.get(f"/coesfeld/rooms/{number}").status_code == 404
    for address in (number, f"{number}/ausmustern", f"{number}/sperren/{reference[1]}/aufheben"):
        answer = send(other, "/coesfeld/rooms/neu", f"/coesfeld/rooms/{address}", title="Weg")
        assert answer.status_code == 404
    assert row(hub, "MediaLab").retired_at is None
    put_in(client, "Saal")
    foreign = send(other, "/coesfeld/rooms/neu", title="Saal", parts=[row(hub, "MediaLab").id])
    assert foreign.status_code == 409
    teacher = create_app(hub).test_client()
    log_in(teacher, hub, Role.TEACHER, "borken")
    assert teacher.get("/borken/rooms/").status_code == 404
    nobody = create_app(hub).test_client().get("/borken/rooms/")
    assert nobody.headers["Location"].startswith("/anmelden")
    with hub.db.read() as session:
        events = session.scalars(sa.select(BookingEvent.event)).all()
    assert events == ["confirmed"]
