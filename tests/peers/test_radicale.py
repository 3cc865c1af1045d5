"""Rooms booked in a real CalDAV server (PyPI: radicale), which checks no overlaps itself."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from icalendar import Calendar

from hub.errors import Denied, PluginError, Rejected
from hub.records import Booking, BookingRequest, Kind, Offer, Person, Record
from hub.site import Site
from hub.testing import BookingContract, site_with
from plugins.caldav import Caldav

PASSWORD = "streng geheim 50"
OFFER = Offer(7, "teststadt", "caldav", Record("medialab", Kind.ROOM, "MediaLab"))
START = datetime.fromisoformat("2027-03-08T08:00:00+00:00")
MAKE = """<?xml version="1.0"?><c:mkcalendar xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav">
<d:set><d:prop><d:displayname>MediaLab</d:displayname></d:prop></d:set></c:mkcalendar>"""


class Server:
    """The calendar of one room, as a person with a calendar program has it."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.auth = ("hub", PASSWORD)

    def config(self, **more: Any) -> dict[str, Any]:
        room = {"name": "medialab", "title": "MediaLab", "address": self.address}
        return {"rooms": [room], "user": "hub", "password": PASSWORD, **more}

    def put(self, name: str, *lines: str) -> None:
        whole = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test", "BEGIN:VEVENT", f"UID:{name}")
        end = ("DTSTAMP:20270101T000000Z", "END:VEVENT", "END:VCALENDAR", "")
        body = "\r\n".join((*whole, *lines, *end)).encode()
        kind = {"Content-Type": "text/calendar; charset=utf-8"}
        self.http.put(f"{self.address}{name}.ics", body, headers=kind).raise_for_status()

    def events(self) -> list[Any]:
        answer = self.http.get(self.address)
        answer.raise_for_status()
        return list(Calendar.from_ical(answer.content).walk("VEVENT"))

    def clear(self) -> None:
        self.http.delete(self.address)
        self.http.request("MKCALENDAR", self.address, data=MAKE).raise_for_status()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("radicale")
    (folder / "users").write_text(f"hub:{PASSWORD}\n")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = {
        "server-hosts": f"127.0.0.1:{port}",
        "auth-type": "htpasswd",
        "auth-htpasswd-filename": str(folder / "users"),
        "auth-htpasswd-encryption": "plain",
        "auth-delay": "0",
        "storage-filesystem-folder": str(folder / "collections"),
        "logging-level": "warning",
    }
    told = [f"--{name}={value}" for name, value in options.items()]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "radicale", "--config", "", *told], stdout=log, stderr=log
        )
    try:
        server = Server(f"http://127.0.0.1:{port}/hub/medialab/")
        until = time.monotonic() + 20
        while True:
            try:
                server.http.get(server.address)
                break
            except requests.ConnectionError:
                assert process.poll() is None, (folder / "log").read_text()
                assert time.monotonic() < until, "radicale did not start"
                time.sleep(0.05)
        yield server
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def server(running: Server) -> Server:
    running.clear()
    return running


@pytest.fixture
def site(server: Server, tmp_path: Path) -> Site:
    return site_with(Caldav, server.config(), tmp_path)


def wanted(start: datetime = START) -> BookingRequest:
    return BookingRequest(OFFER, Person("p1"), start, start + timedelta(hours=2))


def create(site: Site, key: str = "ABCD2345", request: BookingRequest | None = None) -> Booking:
    made: Booking = site.one("caldav", "booking_create", request=request or wanted(), key=key)
    return made


class TestContract(BookingContract):
    plugin = Caldav

    @pytest.fixture
    def plugin_config(self, server: Server) -> Mapping[str, Any]:
        return server.config()

    @pytest.fixture
    def booking_request(self) -> BookingRequest:
        return wanted()


def test_a_booking_stands_there_once_and_what_becomes_of_it_there_is_seen(
    server: Server, site: Site
) -> None:
    site.one("caldav", "health")
    made = create(site)
    assert create(site).id == made.id
    (event,) = server.events()
    assert (str(event["UID"]), str(event["STATUS"])) == (made.id, "CONFIRMED")

    name = made.id.partition("@")[0]
    server.http.delete(f"{server.address}{name}.ics").raise_for_status()
    assert site.one("caldav", "booking_state", booking=made).state == "cancelled"

    again = create(site)
    assert again.id == made.id
    server.http.delete(f"{server.address}{name}.ics").raise_for_status()
    later = START + timedelta(days=1)
    server.put(name, f"DTSTART:{later:%Y%m%dT%H%M%SZ}", "DURATION:PT3H")
    moved = site.one("caldav", "booking_state", booking=made)
    assert (moved.state, moved.start, moved.end - moved.start) == (
        "confirmed",
        later,
        timedelta(hours=3),
    )


def test_series_exceptions_and_whole_days_of_others_block(server: Server, site: Site) -> None:
    server.put(
        "weekly",
        "DTSTART;TZID=Europe/Berlin:20260105T090000",
        "DTEND;TZID=Europe/Berlin:20260105T100000",
        "RRULE:FREQ=WEEKLY;BYDAY=MO",
        "EXDATE;TZID=Europe/Berlin:20270315T090000",
    )
    server.put("holiday", "DTSTART;VALUE=DATE:20270322")
    # On the 29th the series ends an hour earlier, when summer time has begun.
    for days, free in ((0, False), (7, True), (14, False), (21, True), (28, True)):
        request = wanted(START + timedelta(days=days))
        if free:
            assert create(site, f"KEY{days}", request).state == "confirmed"
        else:
            with pytest.raises(Rejected):
                create(site, f"KEY{days}", request)


def test_of_many_at_the_same_time_one_gets_the_room(server: Server, site: Site) -> None:
    outcomes: dict[str, str] = {}

    def try_it(key: str) -> None:
        try:
            outcomes[key] = create(site, key).state
        except PluginError as error:
            outcomes[key] = type(error).__name__

    keys = [f"KEY{number}" for number in range(6)]
    threads = [threading.Thread(target=try_it, args=(key,)) for key in keys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    for _ in range(3):
        for key in keys:
            if outcomes[key] == "Unavailable":
                try_it(key)
    assert sorted(outcomes.values()) == ["Rejected"] * 5 + ["confirmed"], outcomes
    assert [str(one["STATUS"]) for one in server.events()] == ["CONFIRMED"]


def test_a_wrong_password_and_a_calendar_that_is_none_are_told_apart(
    server: Server, tmp_path: Path
) -> None:
    for config, said in (
        (server.config(password="falsch"), "401"),
        (replace_address(server, server.address.replace("medialab", "nirgends")), "404"),
        (replace_address(server, server.address.replace("medialab/", "")), "no calendar"),
    ):
        with pytest.raises(Denied, match=said):
            site_with(Caldav, config, tmp_path).one("caldav", "health")


def replace_address(server: Server, address: str) -> dict[str, Any]:
    config = server.config()
    return {**config, "rooms": [{**config["rooms"][0], "address": address}]}
