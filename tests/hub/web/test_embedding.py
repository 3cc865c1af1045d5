"""Pages for frames in other web sites, and what a centre copies to get them."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from hub.models.base import now
from hub.records import Event, Kind, Record
from hub.web import colours
from tests.hub.web.test_pages import text_of
from tests.pages import borken, take_in
from tests.sources import Network


def test_a_frame_shows_the_offers_of_one_centre(client: FlaskClient) -> None:
    frame = client.get("/einbetten/borken")
    assert "Podcast-Studio" in frame.text
    assert "Elternabend: Spiele" not in frame.text, "that is Coesfeld's"
    devices = text_of(client.get("/einbetten/borken?art=device").text)
    assert "Tabletkoffer" in devices
    assert "Podcast-Studio" not in devices
    found = text_of(client.get("/einbetten/borken?q=wasser").text)
    assert "Wasserkreislauf" in found
    assert "Tabletkoffer" not in found


def test_a_frame_may_stand_in_any_web_site_and_leaves_it_by_its_links(client: FlaskClient) -> None:
    frame = client.get("/einbetten/borken")
    assert "frame-ancestors *" in frame.headers["Content-Security-Policy"]
    assert "unsafe" not in frame.headers["Content-Security-Policy"]
    assert "Set-Cookie" not in frame.headers
    for link in re.findall(r'<a [^>]*href="/(?:angebot|suche)[^>]*>', frame.text):
        assert 'target="_top"' in link
    assert "frame-ancestors 'none'" in client.get("/suche").headers["Content-Security-Policy"]


def test_a_long_list_has_pages_that_stay_in_the_frame(client: FlaskClient) -> None:
    frame = client.get("/einbetten/borken?art=medium&farbe=1b4f72")
    following = unescape(re.search(r'href="([^"]+)" rel="next"', frame.text)[1])  # type: ignore[index]
    assert following.startswith("/einbetten/borken?")
    assert "art=medium" in following
    assert "farbe=1b4f72" in following
    assert client.get(following).status_code == 200


def test_an_unknown_centre_or_colour_is_not_found(client: FlaskClient) -> None:
    for address in (
        "/einbetten/nirgends",
        "/zentren/nirgends/einbetten",
        "/einbetten/farbe/red.css",
        "/einbetten/farbe/12345.css",
        "/einbetten/farbe/1B4F72.css",
    ):
        assert client.get(address).status_code == 404, address
    plain = client.get("/einbetten/borken?farbe=%22%3E%3Cscript%3E&art=unbekannt")
    assert plain.status_code == 200
    assert "farbe" not in plain.text


def test_an_empty_centre_says_so(client: FlaskClient) -> None:
    assert "noch keine Angebote" in text_of(client.get("/einbetten/leer").text)


def test_what_is_copied_works(client: FlaskClient) -> None:
    page = client.get("/zentren/borken/einbetten?art=device&farbe=%231B4F72")
    copied = [
        unescape(text) for text in re.findall(r"(?s)<textarea[^>]*>(.*?)</textarea>", page.text)
    ]
    frame, element = copied
    address = unescape(re.search(r'src="http://[^/]+(/[^"]+)"', frame)[1])  # type: ignore[index]
    assert "Tabletkoffer" in client.get(address).text
    script = re.search(r'src="http://[^/]+(/[^"]+)"', element)[1]  # type: ignore[index]
    answer = client.get(script)
    assert answer.mimetype == "text/javascript"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    name = re.search(r"<(medien[a-z-]+) ", element)[1]  # type: ignore[index]
    assert f'"{name}"' in answer.text
    assert 'art="device"' in element
    assert 'farbe="1b4f72"' in element


def test_a_colour_that_is_none_is_explained(client: FlaskClient) -> None:
    page = client.get("/zentren/borken/einbetten?farbe=rot")
    assert "sechs Ziffern" in text_of(page.text)


def test_a_pale_colour_is_darkened(client: FlaskClient) -> None:
    assert "abgedunkelt" in text_of(client.get("/zentren/borken/einbetten?farbe=ffff00").text)
    sheet = client.get("/einbetten/farbe/ffff00.css")
    assert sheet.mimetype == "text/css"
    used = set(re.findall(r"#([0-9a-f]{6})", sheet.text))
    assert all(colours.contrast(colour, "ffffff") >= 4.5 for colour in used)


@pytest.mark.parametrize(
    ("first", "second", "ratio"),
    [("000000", "ffffff", 21), ("777777", "ffffff", 4.48), ("0000ff", "ffffff", 8.59)],
)
def test_contrast_is_that_of_wcag(first: str, second: str, ratio: float) -> None:
    assert colours.contrast(first, second) == pytest.approx(ratio, abs=0.01)
    assert colours.contrast(second, first) == colours.contrast(first, second)


@given(st.integers(0, 0xFFFFFF).map("{:06x}".format))
def test_every_colour_becomes_readable_and_a_readable_one_stays(colour: str) -> None:
    changed = colours.readable(colour)
    assert colours.contrast(changed, "ffffff") >= colours.ENOUGH
    if colours.contrast(colour, "ffffff") >= colours.ENOUGH:
        assert changed == colour


def test_the_calendar_of_a_centre_holds_what_is_still_to_come(
    client: FlaskClient, net: Network
) -> None:
    day = (now() + timedelta(days=40)).replace(hour=13, minute=30, second=0, microsecond=0)

    def event(days: int, place: str = "") -> Event:
        start = day + timedelta(days=days)
        return Event(start, start + timedelta(hours=3), place)

    made = [
        Record("k1", Kind.TRAINING, "Klangwerkstatt", events=(event(3), event(-60))),
        Record("k2", Kind.TRAINING, "Podcast", events=(event(0, "Raum 2"), event(70))),
        Record("k3", Kind.ROOM, "Studio mit Termin", events=(event(1),)),
    ]
    take_in(net, "borken", [*borken(day.date()), *made])
    frame = client.get("/einbetten/borken?art=termine&farbe=a03010")
    assert frame.headers["Location"].endswith("/einbetten/borken/termine?farbe=a03010")
    answer = client.get(frame.headers["Location"])
    assert "frame-ancestors *" in answer.headers["Content-Security-Policy"]
    assert "Set-Cookie" not in answer.headers
    shown = text_of(answer.text)
    assert "Studio mit Termin" not in shown
    places = [shown.index(one) for one in ("Podcast", "Raum 2", "Klangwerkstatt")]
    assert places == sorted(places)
    assert (shown.count("Podcast"), shown.count("Klangwerkstatt")) == (2, 1)
    assert "keine Termine" in text_of(client.get("/einbetten/leer/termine").text)
    assert client.get("/einbetten/nirgends/termine").status_code == 404
    copied = unescape(client.get("/zentren/borken/einbetten?art=termine").text)
    assert "/einbetten/borken/termine" in copied
