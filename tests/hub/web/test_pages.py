"""Pages through their public door: what they show, and what they make of bad requests."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from hub import activations, models
from hub.web import texts
from tests.pages import coesfeld, offer_id, take_in
from tests.sources import Network

EVERY_PAGE = (
    "/",
    "/suche",
    "/suche?q=wasser",
    "/suche?q=gibtesnicht",
    "/vorschlaege?q=wa",
    "/zentren",
    "/zentren/borken",
    "/zentren/finden",
    "/zentren/finden?q=borken",
    "/zentren/finden?q=46329",
    "/zentren/finden?q=nirgends",
    "/zentren/leer",
    "/zentren/borken/impressum",
    "/zentren/borken/barrierefreiheit",
    "/suche/live?q=wasser",
    "/netz",
    "/netz?mass=medium",
    "/netz?mass=angebote",
    "/netz/angebote.csv",
    "/netz/angebote.xlsx",
    "/netz/matrix",
    "/netz/matrix.csv?nach=subject",
    "/netz/vergleich?zentrum1=borken",
    "/netz/verlauf",
    "/impressum",
    "/datenschutz",
    "/barrierefreiheit",
    "/barriere-melden",
    "/leichte-sprache",
    "/gebaerdensprache",
)

WRONG = (
    "seite=-1",
    "seite=0",
    "seite=abc",
    "seite=²",
    "seite=" + "9" * 400,
    "q=" + "wasser " * 2000,
    "q=%00%01%1b%7f",
    "q=%ff%fe",
    "q=%F0%9F%8E%AC",
    "q=%22%27)(*:^-%25_",
    "q='; DROP TABLE offer; --",
    "art=unbekannt&zentrum=nirgends&fach=%00",
    "&".join(f"fach={n}" for n in range(500)),
    "sortierung=egal",
    "lang=xx",
    "q=wasser&lang=en&lang=de",
    "unbekannt=1",
)
"""Queries that no form sends."""

UNKNOWN = (
    "/angebot/999999",
    "/angebot/99999999999999999999999",
    "/angebot/-1",
    "/angebot/abc",
    "/zentren/nirgends",
    "/zentren/..%2f..%2fetc",
    "/nirgends",
    "/borken/nirgends/",
    "/static/x/../../app.py",
    "/static/x/hub.py",
)


def text_of(html: str) -> str:
    """What a person reads: no tags, single spaces."""
    body = re.sub(r"(?s)<(script|style|head).*?</\1>", " ", html)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", body)))


def read(client: FlaskClient, url: str, status: int = 200) -> str:
    response = client.get(url)
    assert response.status_code == status, (url, response.status_code)
    return text_of(response.text)


@pytest.mark.parametrize("language", ["", "en"])
def test_every_page_answers_in_both_languages(client: FlaskClient, language: str) -> None:
    for url in EVERY_PAGE:
        joint = "&" if "?" in url else "?"
        response = client.get(url + (f"{joint}lang={language}" if language else ""))
        assert response.status_code == 200, url
        if response.mimetype == "text/html" and "<html" in response.text:
            assert f'<html lang="{language or "de"}"' in response.text, url
        assert client.head(url).status_code == 200, url


def test_pages_of_an_empty_network_say_so(empty_client: FlaskClient) -> None:
    assert "Noch hat kein Zentrum seine Angebote geschickt" in read(empty_client, "/")
    assert "Dazu gibt es kein Angebot" in read(empty_client, "/suche?q=wasser")
    assert "noch keine Angebote im Verbund" in read(empty_client, "/zentren/borken")


def test_the_map_needs_its_tiles(client: FlaskClient) -> None:
    html = client.get("/netz").text
    assert html.count('class="hub-tile ') == 53
    assert 'aria-label="Borken: Aktuell"' in html
    assert 'aria-label="Düsseldorf: Nicht angebunden"' in html
    counts = client.get("/netz?mass=medium").text
    assert 'aria-label="Borken: 49 Angebote"' in counts
    assert 'aria-label="Coesfeld: 1 Angebot"' in counts


def test_stale_and_broken_sources_show_on_the_network_page(
    net: Network, client: FlaskClient
) -> None:
    with net.hub.db.write() as session:
        run = models.SyncRun
        old = datetime.now(UTC) - timedelta(hours=25)
        session.execute(sa.update(run).where(run.site_key == "borken").values(finished_at=old))
        session.execute(sa.update(run).where(run.site_key == "coesfeld").values(state="failed"))
    html = client.get("/netz").text
    assert 'aria-label="Borken: Veraltet"' in html
    assert 'aria-label="Coesfeld: Fehler"' in html
    assert "Fehler" not in read(client, "/zentren/coesfeld"), "problems are no visitor's business"


def test_the_network_as_csv(client: FlaskClient) -> None:
    response = client.get("/netz/angebote.csv")
    lines = response.text.removeprefix("\ufeff").splitlines()
    assert lines[0].startswith("site;name;region;medium;device;")
    assert lines[1].startswith("borken;Medienzentrum Kreis Borken;Münster;49;1;1;1;1;0;0;0;53;")
    assert len(lines) == 5


def test_search_shows_hits_facets_and_badges(client: FlaskClient) -> None:
    html = client.get("/suche?q=wasser").text
    assert "<title>4 Treffer für „wasser“" in html
    shown = text_of(html)
    for words in (
        "Wasserkreislauf – vom Regen zum Grundwasser",
        "Ein Tropfen auf Reisen",
        "2 Zentren",
        "Ausleihbar: Kreis Coesfeld",
        "Lizenz abgelaufen",
        "Sofort öffnen",
        "Video · 23 Minuten · Klassen 3–6 · Biologie",
        "Medium (4)",
    ):
        assert words in shown
    assert "Gerät (" not in shown, "only values that occur"
    assert "<mark>Wasser</mark>" in html


def test_one_hit_is_singular(client: FlaskClient) -> None:
    assert "1 Treffer für „Podcast“" in read(client, "/suche?q=Podcast")
    assert "1 result for “Podcast”" in read(client, "/suche?q=Podcast&lang=en")


def test_chosen_filters_can_be_removed_one_by_one(client: FlaskClient) -> None:
    html = client.get("/suche?q=wasser&art=medium&zentrum=borken&zentrum=coesfeld&lang=en").text
    tags = re.findall(r'<li><a href="([^"]*)">[^<]*<span aria-hidden', html)
    assert [unescape(tag) for tag in tags] == [
        "/suche?q=wasser&zentrum=borken&zentrum=coesfeld&lang=en",
        "/suche?q=wasser&art=medium&zentrum=coesfeld&lang=en",
        "/suche?q=wasser&art=medium&zentrum=borken&lang=en",
    ]


def test_at_a_centre_its_own_licence_counts(client: FlaskClient) -> None:
    assert "Mit Anmeldung" in read(client, "/suche?q=Wasserkreislauf&zentrum=borken")
    assert "Ausleihbar" in read(client, "/suche?q=Wasserkreislauf&zentrum=coesfeld")


def test_long_lists_have_pages(client: FlaskClient) -> None:
    first = client.get("/suche?q=Folge").text
    assert "Seite 1 von 3" in first
    assert 'href="/suche?q=Folge&amp;seite=2" rel="next"' in first
    last = client.get("/suche?q=Folge&seite=3").text
    assert "Seite 3 von 3" in last
    assert 'rel="next"' not in last
    assert "Seite 3 von 3" in client.get("/suche?q=Folge&seite=999999").text


def test_a_misspelt_word_gets_a_suggestion(client: FlaskClient) -> None:
    assert "Meinten Sie wasser" in read(client, "/suche?q=waser")


def test_suggestions_are_options(client: FlaskClient) -> None:
    assert '<option value="wasser' in client.get("/vorschlaege?q=wass").text.lower()
    assert "<option" not in client.get("/vorschlaege?q=w").text


def test_htmx_gets_the_changing_part_only(client: FlaskClient) -> None:
    response = client.get("/suche?q=wasser", headers={"HX-Target": "ergebnis"})
    assert "<html" not in response.text
    assert 'id="ergebnis"' in response.text
    assert "<title>4 Treffer" in response.text
    assert "HX-Target" in response.headers["Vary"]


def test_search_takes_whatever_is_typed(client: FlaskClient) -> None:
    for query in WRONG:
        for url in (
            f"/suche?{query}",
            f"/zentren?{query}",
            f"/netz?{query}&mass=egal",
            f"/vorschlaege?{query}",
        ):
            assert client.get(url).status_code == 200, url[:200]


def test_an_offer_shows_who_has_it_and_from_where(net: Network, client: FlaskClient) -> None:
    shown = read(client, f"/angebot/{offer_id(net, 'water')}")
    for words in (
        "Wasserkreislauf – vom Regen zum Grundwasser",
        "Medienzentrum Kreis Borken",
        "Kreislizenz Kreis Borken, bis ",
        "Medienzentrum Kreis Coesfeld",
        "Ausleihbar: Kreis Coesfeld",
        "2 Stück",
        "aus: Nach Drehbuch, Stand ",
        "Länge 23 Minuten",
        "Sprachen Deutsch",
        "Kosten kostenfrei",
        "Mit Arbeitsblättern.",
    ):
        assert words in shown, words
    shown = read(client, f"/angebot/{offer_id(net, 'stopmotion')}?lang=en")
    assert "4 March" in shown
    assert "15:00 to" in shown, "by the clock of the centre"


def test_a_withdrawn_offer_is_gone_with_a_way_on(net: Network, client: FlaskClient) -> None:
    today = datetime.now(UTC).date()
    take_in(net, "coesfeld", coesfeld(today)[1:])
    response = client.get(f"/angebot/{offer_id(net, 'w')}")
    assert response.status_code == 410
    shown = text_of(response.text)
    assert "Medienzentrum Kreis Coesfeld hat dieses Angebot am" in shown
    assert "Diese Zentren bieten es weiter an Medienzentrum Kreis Borken" in shown


def test_unknown_addresses_are_404_with_advice(client: FlaskClient) -> None:
    for url in UNKNOWN:
        assert "Seite nicht gefunden" in read(client, url, 404)
        assert "Page not found" in read(client, f"{url}?lang=en", 404)
        assert client.head(url).status_code == 404


def test_centres_are_found_by_name_place_region_and_kind(client: FlaskClient) -> None:
    assert "4 Zentren" in read(client, "/zentren")
    assert "1 Zentrum" in read(client, "/zentren?q=AHAUS"), "a branch is there"
    assert "1 Zentrum" in read(client, "/zentren?q=lvr")
    assert "3 Zentren" in read(client, "/zentren?region=Münster")
    assert "1 Zentrum" in read(client, "/zentren?art=scouts")
    assert "1 Zentrum" in read(client, "/zentren?kreis=05554")
    assert "Kein Zentrum passt" in read(client, "/zentren?q=Atlantis")


def test_a_centre_has_a_profile(client: FlaskClient) -> None:
    html = client.get("/zentren/borken").text
    shown = text_of(html)
    for words in (
        "Medien 49",
        "Geräte 1",
        "Projekte – keine",
        "Burloer Straße 93, 46325 Borken",
        "Mo–Fr 8–16 Uhr",
        "Zweigstelle Ahaus",
        "Medienberatung NRW im Haus",
        "kostenfrei",
        "Daten vom Stand",
    ):
        assert words in shown, words
    assert 'href="/suche?art=medium&amp;zentrum=borken"' in html
    assert 'href="tel:028611234"' in html


def test_numbers_have_the_separator_of_the_language() -> None:
    app = Flask(__name__)
    with app.test_request_context("/"):
        assert texts.number(1234567) == "1.234.567"
    with app.test_request_context("/?lang=en"):
        assert texts.number(1234567) == "1,234,567"


def test_a_subject_without_a_name_goes_by_the_one_above_it() -> None:
    app = Flask(__name__)
    with app.test_request_context("/"):
        assert texts.labels("subject", ("2200799", "22007", "unknown")) == ("Geographie", "unknown")


def test_days_and_moments_read_as_people_write_them() -> None:
    app = Flask(__name__)
    at = datetime(2027, 3, 4, 4, 12, tzinfo=UTC)
    with app.test_request_context("/"):
        assert texts.day(at.date()) == "4. März 2027"
        assert texts.moment(at) == "4. März 2027, 05:12 Uhr"
        assert texts.moment(at, "UTC") == "4. März 2027, 04:12 Uhr"
        assert texts.as_of(at, at + timedelta(hours=3)) == "05:12 Uhr"
        assert texts.as_of(at, at + timedelta(hours=23)) == "4. März 2027, 05:12 Uhr"
    with app.test_request_context("/?lang=en"):
        assert texts.moment(at) == "4 March 2027, 05:12"


def test_a_centre_says_what_else_it_does_and_what_is_free(
    net: Network, client: FlaskClient
) -> None:
    with net.hub.db.write() as session:
        profile = {
            "status": "Im Aufbau",
            "services": {
                "medium": "yes",
                "room": "planned",
                "project": "planned",
                "training": "Auf Anfrage für das Kollegium.",
                "scouts": "yes",
                "parents_evening": "no",
                "consulting": "Gemeinsam mit der Medienberatung NRW.",
            },
            "cooperation": "Stadtbücherei",
        }
        session.execute(
            sa.update(models.Site).where(models.Site.key == "borken").values(profile=profile)
        )
        activations.announce(session)
    net.hub.sites.refresh()
    shown = read(client, "/zentren/borken")
    for words in (
        "Im Aufbau",
        "Medien 49",
        "Räume 1",
        "Projekte geplant",
        "Fortbildungen Auf Anfrage für das Kollegium. 1",
        "Medienscouts vorhanden; fragen Sie das Zentrum",
        "Elternabende – keine",
        "Medienberatung Gemeinsam mit der Medienberatung NRW.",
        "Arbeitet zusammen mit Stadtbücherei",
        "Was kostenfrei ist",
    ):
        assert words in shown, words


def test_each_centre_has_its_own_legal_pages(client: FlaskClient) -> None:
    html = client.get("/zentren/borken").text
    imprint, accessibility = "/zentren/borken/impressum", "/zentren/borken/barrierefreiheit"
    assert f'href="{imprint}"' in html
    assert f'href="{accessibility}"' in html
    for words in (
        "Medienzentrum Kreis Borken",
        "Burloer Straße 93",
        "medienzentrum@borken.example",
    ):
        assert words in read(client, imprint), words
    assert "Postanschrift hier noch nicht angegeben" in read(client, "/zentren/leer/impressum")
    statement = read(client, accessibility)
    for words in (
        "gilt für die Seiten von Medienzentrum Kreis Borken",
        "EN 301 549",
        "teilweise",
        "Selbstbewertung",
        "medienzentrum@borken.example",
        "Ombudsstelle",
    ):
        assert words in statement, words
    assert f'href="/barriere-melden?seite={accessibility}"' in client.get(accessibility).text
    for page in ("impressum", "barrierefreiheit"):
        assert "Seite nicht gefunden" in read(client, f"/zentren/nirgends/{page}", 404)


def test_the_privacy_notice_of_a_centre_is_made_from_what_is_switched_on(
    net: Network, client: FlaskClient
) -> None:
    page = text_of(client.get("/zentren/borken/datenschutz").text)
    assert "Anmeldung und Rechte" in page
    assert "12 Monate" in page
    assert "Passwort als Hash" not in page
    activations.enable(net.hub, "borken", "accounts", {}, actor="test")
    assert "Passwort als Hash" in text_of(client.get("/zentren/borken/datenschutz").text)
    assert "Passwort als Hash" not in text_of(client.get("/zentren/coesfeld/datenschutz").text)
    assert client.get("/zentren/nirgends/datenschutz").status_code == 404
