"""The catalogue to take away: tables of a search, AMB, markup, sitemap."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient
from lxml import etree
from python_calamine import CalamineWorkbook

from hub.records import Kind
from hub.web import crawlers, takeaway
from tests.hub.formats.test_amb import schema
from tests.pages import SCRIPT, borken, coesfeld, medium, offer_id, take_in
from tests.sources import Network

__all__ = ["schema"]

BASE = "http://127.0.0.1:8000"
EVIL = ("=1+1", "+49", "-2", "@SUM(A1)", "\tx")


def table(client: FlaskClient, address: str) -> list[list[str]]:
    response = client.get(address)
    assert response.status_code == 200
    assert response.text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(response.text[1:]), delimiter=";"))


def test_a_search_becomes_a_table(client: FlaskClient) -> None:
    page = client.get("/suche?q=wasser&art=medium").text
    address = re.search(r'href="(/suche\.csv[^"]*)"', page)
    assert address
    note, header, *rows = table(client, address[1].replace("&amp;", "&"))
    assert len(note) == 1
    assert "wasser" in note[0]
    assert "Medium" in note[0]
    assert header[:3] == ["Titel", "Untertitel", "Art"]
    found = client.get("/api/v1/search?q=wasser&kind=medium&limit=100").json
    assert found
    assert [row[0] for row in rows] == [hit["offer"]["title"] for hit in found["items"]]
    assert rows[0][-1].startswith(f"{BASE}/angebot/")


def test_the_workbook_holds_the_same(client: FlaskClient) -> None:
    note, *rows = table(client, "/suche.csv?q=wasser")
    response = client.get("/suche.xlsx?q=wasser")
    book = CalamineWorkbook.from_filelike(io.BytesIO(response.data))
    sheet, info = (book.get_sheet_by_index(number).to_python() for number in (0, 1))
    assert info == [note]
    assert [str(row[0]) for row in sheet] == [row[0] for row in rows]


def test_no_cell_is_a_formula(net: Network, client: FlaskClient) -> None:
    evil = [medium(f"evil-{number}", text + "wasserfall") for number, text in enumerate(EVIL)]
    take_in(net, "borken", [*borken(datetime.now(UTC).date()), *evil])
    for row in table(client, "/suche.csv?q=%3D1%2B1&sortierung=title"):
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row)
    titles = [row[0] for row in table(client, "/suche.csv?sortierung=title")]
    assert "'=1+1wasserfall" in titles
    assert table(client, "/suche.csv?q=%3DHYPERLINK(1)")[0][0].startswith("Suche nach")


def test_a_long_result_says_what_is_left_out(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(takeaway, "MOST_ROWS", 7)
    *_, last = table(client, "/suche.csv")
    assert last[0].startswith("Weitere Treffer")
    assert re.fullmatch(r"7 von \d+", last[1])


def test_an_empty_search_is_an_empty_table(client: FlaskClient) -> None:
    assert len(table(client, "/suche.csv?q=gibtesnicht")) == 2
    assert client.get("/suche.pdf").status_code == 404


def test_every_medium_is_valid_amb(client: FlaskClient, schema: Any) -> None:
    items = client.get("/api/v1/offers?kind=medium&limit=200").json
    assert items
    assert items["items"]
    for item in items["items"]:
        response = client.get(f"/angebot/{item['id']}/amb")
        assert response.mimetype == "application/ld+json"
        document = json.loads(response.text)
        assert not list(schema.iter_errors(document))
        page = document["mainEntityOfPage"][0]
        assert page["id"] == f"{BASE}/angebot/{item['id']}"
        assert page["provider"]["name"] == item["provenance"]["site"]["name"]
        assert document["name"] == item["title"]


def test_amb_by_negotiation(net: Network, client: FlaskClient) -> None:
    address = f"/angebot/{offer_id(net, 'water')}"
    answer = client.get(address, headers={"Accept": "application/ld+json"})
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"{address}/amb"
    assert "Accept" in answer.headers["Vary"]
    for accept in ("text/html,*/*;q=0.8", "*/*", "text/html, application/ld+json;q=0.5"):
        assert client.get(address, headers={"Accept": accept}).status_code == 200
    tag = client.get(f"{address}/amb").headers["ETag"]
    assert client.get(f"{address}/amb", headers={"If-None-Match": tag}).status_code == 304
    assert client.get(f"/angebot/{offer_id(net, 'tablets')}/amb").status_code == 404
    assert client.get("/angebot/99999999/amb").status_code == 404


def markup(page: str) -> Any:
    (found,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    return json.loads(found)


def test_pages_tell_search_engines_what_they_show(client: FlaskClient) -> None:
    kinds = set()
    for item in client.get("/api/v1/offers?limit=200").json["items"]:  # type: ignore[index]
        document = markup(client.get(f"/angebot/{item['id']}").text)
        assert document["@context"] == "https://schema.org"
        assert document["name"] == item["title"]
        assert document["url"] == f"{BASE}/angebot/{item['id']}"
        kinds.add(Kind(item["kind"]["code"]))
    assert {Kind.MEDIUM, Kind.DEVICE} <= kinds


def test_markup_cannot_be_left(net: Network, client: FlaskClient) -> None:
    take_in(
        net,
        "borken",
        [*borken(datetime.now(UTC).date()), medium("x", f"</script>{SCRIPT}<!--<script>")],
    )
    page = client.get(f"/angebot/{offer_id(net, 'x')}").text
    assert markup(page)["name"] == f"</script>{SCRIPT}<!--<script>"
    assert "<script>alert" not in page


def sitemap(client: FlaskClient, address: str) -> dict[str, str]:
    response = client.get(address.removeprefix(BASE))
    assert response.status_code == 200
    assert response.mimetype == "application/xml"
    return {
        entry.findtext("{*}loc"): entry.findtext("{*}lastmod") or ""
        for entry in etree.fromstring(response.data)
    }


def test_the_sitemap_names_every_living_offer(
    net: Network, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crawlers, "PART", 10)
    monkeypatch.setattr(crawlers, "BATCH", 3)
    take_in(net, "coesfeld", coesfeld(datetime.now(UTC).date())[1:])
    robots = client.get("/robots.txt").text
    assert f"Sitemap: {BASE}/sitemap.xml" in robots
    parts = sitemap(client, "/sitemap.xml")
    assert len(parts) > 1
    pages: dict[str, str] = {}
    for part in parts:
        pages |= sitemap(client, part)
    alive = {
        item["links"]["page"]: item["provenance"]["changed_at"]
        for item in client.get("/api/v1/offers?limit=200").json["items"]  # type: ignore[index]
    }
    listed = {page: moment for page, moment in pages.items() if "/angebot/" in page}
    assert listed.keys() == alive.keys()
    assert all(alive[page][:19] == moment[:19] for page, moment in listed.items())
    assert f"{BASE}/zentren/borken" in pages
    assert client.get("/sitemap-77.xml").status_code == 404
    assert client.get(f"/sitemap-{10**12}.xml").status_code == 404


def test_an_empty_hub_has_a_sitemap(empty_client: FlaskClient) -> None:
    (part,) = sitemap(empty_client, "/sitemap.xml")
    assert f"{BASE}/" in sitemap(empty_client, part)
