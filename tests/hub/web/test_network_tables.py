"""The network laid out: pages and the files that are taken from them."""

from __future__ import annotations

import csv
import io

import pytest
import python_calamine
from flask.testing import FlaskClient

from hub.web import sheets
from tests.hub.web.test_pages import text_of


def table(client: FlaskClient, address: str) -> list[list[str]]:
    answer = client.get(address)
    assert answer.status_code == 200
    assert "attachment" in answer.headers["Content-Disposition"]
    return list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff")), delimiter=";"))


def test_the_matrix_and_its_files_say_the_same(client: FlaskClient) -> None:
    page = text_of(client.get("/netz/matrix?art=medium&nach=subject").text)
    assert "Biologie" in page
    assert "Tablet" not in page
    rows = table(client, "/netz/matrix.csv?art=medium&nach=subject")
    assert rows[0][:3] == ["site", "Zentrum", "Alle Angebote"]
    column = rows[0].index("Biologie")
    by_site = {row[0]: row for row in rows[1:]}
    assert int(by_site["borken"][column]) == int(by_site["borken"][2])
    assert by_site["leer"][2] == "0"
    book = client.get("/netz/matrix.xlsx?art=medium&nach=subject").data
    sheet = python_calamine.load_workbook(io.BytesIO(book)).get_sheet_by_index(0).to_python()
    assert [[str(cell) for cell in line][:2] for line in sheet] == [row[:2] for row in rows]


def test_gaps_are_named(client: FlaskClient) -> None:
    page = text_of(client.get("/netz/matrix").text)
    assert "Wo die Lücken am größten sind" in page
    assert "Räume" in page or "Raum" in page
    empty = text_of(client.get("/netz/matrix?art=scouts&nach=subject").text)
    assert "noch niemand" in empty


def test_centres_side_by_side(client: FlaskClient) -> None:
    page = client.get("/netz/vergleich?zentrum1=borken&zentrum2=coesfeld&zentrum3=nirgends")
    assert "Medienzentrum" not in page.text.split("<table")[1].split("</thead>")[0]
    rows = table(client, "/netz/vergleich.csv?zentrum1=borken&zentrum2=coesfeld")
    assert len(rows[0]) == 3
    kinds = {row[0]: row[1:] for row in rows[1:]}
    assert kinds["Elternabend"] == ["0", "1"]
    assert "Wählen Sie zwei bis vier Zentren" in text_of(client.get("/netz/vergleich").text)


def test_the_course_of_time(client: FlaskClient) -> None:
    assert "<polyline" in client.get("/netz/verlauf").text
    rows = table(client, "/netz/verlauf.csv")
    assert rows[0] == ["Tag", "Angebote", "Zentren"]
    total = sum(int(row[2]) for row in table(client, "/netz/matrix.csv")[1:])
    assert int(rows[-1][1]) == total
    assert "noch nichts bekannt" in text_of(client.get("/netz/verlauf?zentrum=leer").text)


@pytest.mark.parametrize("address", ["matrix.pdf", "vergleich.txt", "verlauf.json", "angebote.doc"])
def test_other_files_are_not_found(client: FlaskClient, address: str) -> None:
    assert client.get(f"/netz/{address}").status_code == 404


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_becomes_a_formula(start: str, client: FlaskClient) -> None:
    evil = f"{start}HYPERLINK(1)"
    with client.application.test_request_context():
        text = sheets.download("csv", "x", ["a"], [[evil]]).get_data(as_text=True)
        book = sheets.download("xlsx", "x", ["a"], [[evil], ["http://x.example"], [None]]).data
    assert text.removeprefix("\ufeff").splitlines()[1].lstrip('"').startswith("'")
    sheet = python_calamine.load_workbook(io.BytesIO(book)).get_sheet_by_index(0).to_python()
    assert sheet[1][0].strip() == evil.strip()
