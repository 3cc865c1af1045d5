"""Statistics over HTTP: who sees what, as page and as table."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from hub.booking import progress
from hub.booking.intervals import Stretch
from hub.identity.actor import Role
from hub.network import flows
from hub.records import Kind
from tests.hub.web.test_pages import text_of
from tests.identities import log_in, person
from tests.sources import Network

YEAR = datetime.now(UTC).year - 1
BEGIN = datetime(YEAR, 3, 2, 9, tzinfo=UTC)


def rooms(net: Network, site: str, persons: int) -> None:
    """A booking of a room that took place, by each of so many persons."""
    for number in range(persons):
        entry = progress.Entry(
            site=site, plugin="rooms", bookable_id=None, kind=Kind.ROOM, title="MediaLab",
            time=Stretch(BEGIN, BEGIN + timedelta(hours=2)), state="confirmed",
            person_id=person(net.hub, Role.TEACHER, site, "Geheim"), borrower="private",
        )  # fmt: skip
        progress.create(net.hub.db, entry, f"room-{site}-{number}", "", BEGIN)


def let_flow(net: Network, *sites: str) -> None:
    """These centres let their figures flow to the network."""
    with net.hub.db.write() as session:
        for site in sites:
            assert flows.switch(session, site, True, "test")


def table(client: FlaskClient, address: str) -> dict[tuple[str, str, str], str]:
    answer = client.get(f"{address}.csv?jahr={YEAR}")
    assert answer.status_code == 200
    _, *rows = csv.reader(io.StringIO(answer.data.decode("utf-8-sig")), delimiter=";")
    assert all(row[0] == str(YEAR) for row in rows)
    assert all(row[5] for row in rows), "a figure without its definition"
    return {(row[1], row[2], row[3]): row[4] for row in rows}


def test_the_staff_see_all_figures_of_their_centre(net: Network, app: Flask) -> None:
    rooms(net, "borken", 2)
    rooms(net, "coesfeld", 3)
    client = app.test_client()
    log_in(client, net.hub, Role.STAFF, "borken")
    page = client.get(f"/borken/verwaltung/statistik?jahr={YEAR}").text
    shown = text_of(page)
    assert "Buchungen von Räumen 2 Eine Buchung, die bestätigt wurde und vorbei ist" in shown
    assert f"März {YEAR} 2" in shown
    assert "Geheim" not in page
    assert "geheim" not in shown
    found = table(client, "/borken/verwaltung/statistik")
    assert found["Nach Monat", f"März {YEAR}", "Buchungen von Räumen"] == "2"
    assert found["Nach Monat", f"April {YEAR}", "Buchungen von Räumen"] == "0"
    assert found["Nach Art der Entleihenden", "Privatpersonen", "Buchungen von Räumen"] == "2"
    assert client.get("/borken/verwaltung/statistik.xlsx").data[:2] == b"PK"
    assert client.get("/borken/verwaltung/statistik.exe").status_code == 404
    assert client.get("/coesfeld/verwaltung/statistik").status_code == 404
    assert client.get("/netz/statistik").status_code == 404


@pytest.mark.parametrize("asked", ["1970", "9999", "x", str(YEAR + 1)])
def test_a_year_of_which_nothing_is_known_is_the_present_one(
    net: Network, client: FlaskClient, asked: str
) -> None:
    log_in(client, net.hub, Role.SITE_ADMIN, "leer")
    shown = text_of(client.get(f"/leer/verwaltung/statistik?jahr={asked}").text)
    assert f"Das Jahr {YEAR + 1}" in shown
    assert "Davon wurde in diesem Jahr nichts gebucht oder geöffnet" in shown


def test_the_network_sees_nothing_of_few(net: Network, app: Flask) -> None:
    rooms(net, "borken", 2)
    rooms(net, "coesfeld", 5)
    rooms(net, "lvr", 6)
    let_flow(net, "borken", "coesfeld", "lvr", "leer")
    client = app.test_client()
    log_in(client, net.hub, Role.STATE_ANALYST)
    shown = text_of(client.get(f"/netz/statistik?jahr={YEAR}").text)
    assert "Buchungen von Räumen 13 Eine Buchung" in shown
    found = table(client, "/netz/statistik")
    by_centre = {
        row[1]: number
        for row, number in found.items()
        if row[0] == "Nach Zentrum" and row[2] == "Buchungen von Räumen"
    }
    assert by_centre.pop("Kreis Borken") == by_centre.pop("Kreis Coesfeld") == "geheim"
    assert sorted(by_centre.values()) == ["0", "6"]
    assert client.get("/borken/verwaltung/statistik").status_code == 404, "all its figures"
    assert app.test_client().get("/netz/statistik").status_code == 303
