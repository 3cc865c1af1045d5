"""A feed and a catalogue over OAI-PMH are mapped on the page, from a sample to the offers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from hub import activations, models
from hub.app import create_app
from hub.catalogue.sync import sync
from hub.formats import fieldmap, fieldtexts
from hub.formats.fieldmap import FieldMap, Rule
from hub.identity.actor import Role
from hub.jobs import samples
from hub.records import Identifier, Kind, Record
from plugins.feed import Feed
from plugins.oai_pmh import OaiPmh
from tests.hub.web.test_pages import text_of
from tests.identities import log_in, send
from tests.sources import Network, Point, network

PAGE = "/borken/verwaltung/plugins/feed/zuordnung"
REAL = "siemens_stiftung_2018.rss.xml"
COURSES = """<?xml version="1.0"?>
<rss version="2.0" xmlns:v="urn:x-kurse"><channel><title>Kurse</title><link>https://k.example/</link>
<item><title>K-17</title><guid>k17</guid><link>https://k.example/17</link>
<v:thema>Trickfilm &amp; Ton</v:thema><v:beginn>12.03.2027, 14.30 Uhr</v:beginn>
<v:ende>12.03.2027 17:00</v:ende><v:ort>MediaLab</v:ort><v:dauer>150 min</v:dauer></item>
<item><title>K-18</title><guid>k18</guid><v:thema>Podcast</v:thema><v:beginn>bald</v:beginn></item>
</channel></rss>"""


@pytest.fixture
def net(database_url: str, tmp_path: Path) -> Iterator[Network]:
    more = [Point("feed", Feed), Point("oai_pmh", OaiPmh)]
    with network(database_url, tmp_path, ["borken"], more) as made:
        yield made


@pytest.fixture
def admin(net: Network) -> FlaskClient:
    client = create_app(net.hub).test_client()
    log_in(client, net.hub, Role.SITE_ADMIN, "borken")
    return client


def enable(net: Network, content: bytes) -> None:
    folder = net.hub.settings.config / "sites" / "borken"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "feed.xml").write_bytes(content)
    activations.enable(net.hub, "borken", "feed", {"file": "feed.xml"}, actor="test")
    samples.run(net.hub, "borken", "feed")


def save(admin: FlaskClient, net: Network, field: str, action: str = "save", **form: str) -> Any:
    row = activations.configured(net.hub, "borken", "feed")
    assert row is not None
    return send(admin, f"{PAGE}/feld/{field}", action=action, version=row.version, **form)


def offers(net: Network) -> list[dict[str, Any]]:
    report = sync(net.hub.db, net.site("borken"), "feed")
    assert report.state == "succeeded", report.error
    with net.hub.db.read() as session:
        query = sa.select(models.Offer.record).where(models.Offer.plugin == "feed")
        return [json.loads(text) for text in session.scalars(query.order_by(models.Offer.id))]


def test_elements_of_a_feed_fill_fields(admin: FlaskClient, net: Network) -> None:
    enable(net, COURSES.encode())
    page = text_of(admin.get(PAGE).text)
    for field in ("Titel", "Beginn", "Länge", "Ort", "ISBN"):
        assert field in page
    tried = text_of(save(admin, net, "title", "preview", **{"from": "thema"}).text)
    assert "vorher K-17 → nachher Trickfilm & Ton" in tried
    for field, element in (
        ("title", "thema"), ("begin", "beginn"), ("end", "ende"), ("place", "ort"),
        ("duration", "dauer"), ("number", "title"),
    ):  # fmt: skip
        assert save(admin, net, field, **{"from": element}).status_code == 303
    assert save(admin, net, "kind", fixed="training").status_code == 303
    first, second = offers(net)
    assert (first["title"], first["kind"], first["place"]) == (
        "Trickfilm & Ton",
        "training",
        "MediaLab",
    )
    assert first["duration"] == 9000
    assert {"scheme": "medium", "value": "K-17"} in first["identifiers"]
    (event,) = first["events"]
    assert datetime.fromisoformat(event["start"]) == datetime(2027, 3, 12, 13, 30, tzinfo=UTC)
    assert datetime.fromisoformat(event["end"]) == datetime(2027, 3, 12, 16, 0, tzinfo=UTC)
    assert second["title"] == "Podcast"
    assert "events" not in second, "what cannot be read stays as it was"


def test_a_real_feed_is_mapped(admin: FlaskClient, net: Network, shared_data: Path) -> None:
    enable(net, (shared_data / "records" / REAL).read_bytes())
    assert "350 Einträge der Quelle wurden angesehen" in text_of(admin.get(PAGE).text)
    found = text_of(admin.get(f"{PAGE}/feld/subjects?aus=category&wort=SINNES").text)
    assert "Sinnesorgan (57×)" in found
    assert (
        save(
            admin,
            net,
            "subjects",
            **{"from": "category", "word.0": "Sinnesorgan", "means.0": "080"},
        ).status_code
        == 303
    )
    assert save(admin, net, "year", **{"from": "pubDate"}).status_code == 303
    records = offers(net)
    assert len(records) == 350
    assert sum("080" in one.get("subjects", ()) for one in records) == 57
    assert all(one["year"] in (2017, 2018) for one in records)


def test_a_source_that_is_down_says_so_in_words(
    admin: FlaskClient, net: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OaiPmh, "pause", staticmethod(lambda seconds: None))
    config = {"address": "http://127.0.0.1:1/oai"}
    activations.enable(net.hub, "borken", "oai_pmh", config, actor="test")
    with net.hub.db.write() as session:
        session.get_one(models.Site, "borken").internal_hosts = ["127.0.0.1"]
        activations.announce(session)
    net.hub.sites.refresh()
    samples.run(net.hub, "borken", "oai_pmh")
    page = text_of(admin.get(PAGE.replace("feed", "oai_pmh")).text)
    assert "Die Quelle konnte nicht bis zum Ende gelesen werden" in page
    assert "nimmt aber keine Verbindung an. Prüfen Sie Port und Adresse" in page
    assert admin.get(PAGE.replace("feed", "oai_pmh") + "/feld/title").status_code == 200


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2027-03-12", "2027-03-12"),
        ("2027-03-12T14:30:00Z", "2027-03-12T15:30:00"),
        ("1.2.2027", "2027-02-01"),
        ("31.02.2027", None),
        ("Fri, 12 Mar 2027 14:30:00 +0100", "2027-03-12T14:30:00"),
        ("demnächst", None),
    ],
)
def test_dates_of_feeds_and_people(text: str, read: str | None) -> None:
    found = fieldtexts.when(text)
    assert (found.isoformat() if found else None) == read


def test_an_end_before_its_beginning_rejects_the_record() -> None:
    mapping = FieldMap((Rule("begin", ("a",)), Rule("end", ("b",)), Rule("isbn", ("c",))))
    record = Record("x", Kind.TRAINING, "X", identifiers=(Identifier("isbn", "alt"),))
    words = {"a": ("12.3.2027",), "b": ("1.3.2027",)}
    with pytest.raises(ValueError, match="before it begins"):
        fieldmap.apply(mapping, record, words)
    kept = fieldmap.apply(mapping, record, {"c": ("978-3-16-148410-0",)})
    assert [one.value for one in kept.identifiers] == ["978-3-16-148410-0"]
