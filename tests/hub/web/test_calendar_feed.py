"""The calendar at its secret address: what stands in it, who gets it, and how it ends."""

from __future__ import annotations

import html
import re

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from icalendar import Calendar

from hub import models
from hub.identity.actor import Role
from hub.records import Kind
from tests.bookings import SITE, bookings, offer, open_day, wish
from tests.hub.web.test_booking import book
from tests.identities import log_in, send
from tests.sources import Network

LIST = "/meine-buchungen"


@pytest.fixture
def teacher(net: Network, client: FlaskClient) -> FlaskClient:
    log_in(client, net.hub, Role.TEACHER, SITE)
    return client


def new_address(client: FlaskClient) -> str:
    """Make an address by the button; the path of it, as the page shows it."""
    shown = html.unescape(send(client, LIST, f"{LIST}/kalender").text)
    (path,) = re.findall(r"http://[^/\s]+(/kalender/[\w-]{40,}\.ics)", shown)
    return str(path)


def entries(answer: object) -> list[str]:
    document = Calendar.from_ical(answer.data)  # type: ignore[attr-defined]
    return [str(one["summary"]) for one in document.walk("VEVENT")]


def test_open_bookings_stand_in_it_with_their_time_zone(
    net: Network, app: Flask, teacher: FlaskClient
) -> None:
    room, device = offer(net, Kind.ROOM, 1), offer(net, Kind.DEVICE, 2)
    for number, typed, answers in (
        (room, wish(open_day(net, 30), von="9:00", bis="12"), {"frage_group": "20"}),
        (device, wish(open_day(net, 40), open_day(net, 43)), {}),
    ):
        made = book(teacher, number, typed, frage_purpose="Trickfilm", **answers)
        assert made.status_code == 303
    address = new_address(teacher)
    answer = app.test_client().get(address)
    assert answer.status_code == 200
    assert answer.content_type == "text/calendar; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    document = Calendar.from_ical(answer.data)
    assert len(document.walk("VEVENT")) == 2
    (zone,) = document.walk("VTIMEZONE")
    assert zone["tzid"] == "Europe/Berlin"
    assert {part.name for part in zone.subcomponents} == {"STANDARD", "DAYLIGHT"}
    starts = {one.decoded("dtstart") for one in document.walk("VEVENT")}
    assert starts == {one.starts_at for one in bookings(net)}
    assert all(one["dtstart"].params["tzid"] == "Europe/Berlin" for one in document.walk("VEVENT"))
    first = bookings(net)[0]
    cancelled = send(teacher, f"{LIST}/{first.reference}", f"{LIST}/{first.reference}/stornieren")
    assert cancelled.status_code == 303
    assert entries(app.test_client().get(address)) == [bookings(net)[1].title]


def test_nobody_elses_bookings_stand_in_it(net: Network, app: Flask, teacher: FlaskClient) -> None:
    number = offer(net, Kind.DEVICE, 2)
    book(teacher, number, wish(open_day(net, 30), open_day(net, 33)))
    other = app.test_client()
    log_in(other, net.hub, Role.TEACHER, SITE)
    assert entries(other.get(new_address(other))) == []


def test_a_renewed_address_ends_the_old_one_and_it_can_be_switched_off(
    net: Network, app: Flask, teacher: FlaskClient
) -> None:
    reader = app.test_client()
    first, second = new_address(teacher), new_address(teacher)
    assert first != second
    assert [reader.get(one).status_code for one in (first, second)] == [404, 200]
    shown = teacher.get(LIST).text
    assert second not in shown, "the address is shown once"
    with net.hub.db.read() as session:
        kept = session.scalars(sa.select(models.CalendarFeed.token_hash)).one()
    assert kept not in second
    assert send(teacher, LIST, f"{LIST}/kalender/aus").status_code == 303
    assert reader.get(second).status_code == 404
    assert reader.get("/kalender/.ics").status_code == 404
    assert "kalender/aus" not in teacher.get(LIST).text
