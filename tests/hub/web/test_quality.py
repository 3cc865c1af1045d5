"""The quality of a source's data, as a page and as a file for its supplier."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from flask.testing import FlaskClient

from hub.identity.actor import Role
from hub.records import Identifier, Kind, Record
from tests.hub.web.test_pages import text_of
from tests.identities import log_in
from tests.pages import medium, take_in
from tests.sources import Network

PAGE = "/leer/verwaltung/plugins/scripted/qualitaet"


@pytest.fixture
def staff(client: FlaskClient, net: Network) -> FlaskClient:
    log_in(client, net.hub, Role.STAFF, "leer")
    take_in(net, "leer", [
        medium("1", "Vulkane", identifiers=(Identifier("isbn", "9783161484100"),), year=2001,
               description="Ein Film."),
        medium("2", "Vulkane der Eifel", identifiers=(Identifier("isbn", "978-3-16-148410-0"),)),
        medium("3", "Gletscher", subjects=("080", "bio-7"), levels=("mittelstufe_x",)),
        medium("4", "gletscher", subjects=("0800101", "bio-7")),
        medium("5", "Gletscher", year=1999),
        Record("raum", Kind.ROOM, "Studio", quantity=4),
    ])  # fmt: skip
    return client


def rows(staff: FlaskClient) -> list[list[str]]:
    text = staff.get(f"{PAGE}/tabelle.csv").text.removeprefix("\ufeff")
    return list(csv.reader(io.StringIO(text), delimiter=";"))


def test_the_page_says_what_is_filled_known_and_twice(staff: FlaskClient) -> None:
    said = text_of(staff.get(PAGE).text)
    assert "6 Einträge dieser Quelle stehen im Katalog." in said
    assert "Beschreibung 1 6 16 % 2" in said
    assert "Jahr 2 5 40 % 2" in said, "a room has no year"
    assert "Anzahl 1 1 100 % –" in said
    assert "Fächer 2 Codes sind bekannt. 1 steht in keinem Vokabular" in said
    assert "bio-7: 2 Einträge, zum Beispiel: 3" in said
    assert "mittelstufe_x: 1 Eintrag" in said
    assert "Vulkane: 1, 2" in said
    assert "Gletscher: 3, 4" in said
    assert "3, 4, 5" not in said, "another year is another medium"


def test_the_file_holds_all_of_it(staff: FlaskClient) -> None:
    note, header, *found = rows(staff)
    assert "6 Einträge" in note[0]
    assert header == ["Befund", "Angabe", "Anzahl", "Von", "Eintrag"]
    assert ["Feld gefüllt", "Beschreibung", "1", "6", "2"] in found
    assert ["Unbekannter Code", "Fächer: bio-7", "2", "", "3"] in found
    assert ["Doppelt", "Vulkane", "2", "", "1, 2"] in found
    assert staff.get(f"{PAGE}/tabelle.xlsx").status_code == 200
    assert staff.get(f"{PAGE}/tabelle.pdf").status_code == 404


def test_a_source_without_offers_and_what_is_none(client: FlaskClient, net: Network) -> None:
    log_in(client, net.hub, Role.STAFF, "leer")
    assert "Es wurde noch nichts eingelesen." in text_of(client.get(PAGE).text)
    for plugin in ("edmond", "accounts", "gibtesnicht"):
        assert client.get(PAGE.replace("scripted", plugin)).status_code == 404
    assert client.get(PAGE.replace("leer", "borken")).status_code == 404


def test_chains_of_doubles_are_one_group() -> None:
    from hub.catalogue.quality import _joined

    pairs: Any = [["a", "b"], ["c", "d"], ["b", "c"], ["x", "y"]]
    assert [set(one) for one in _joined(pairs)] == [{"a", "b", "c", "d"}, {"x", "y"}]
