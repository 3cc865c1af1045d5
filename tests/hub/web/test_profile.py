"""A centre's staff say what its profile shows; nobody overwrites what somebody else said."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from hub import models
from hub.activations import announce
from hub.identity import retention
from hub.identity.actor import Role
from hub.models.base import now
from hub.records import AccessMode, Kind, Record
from tests.hub.web.test_pages import text_of
from tests.identities import log_in, send
from tests.pages import take_in
from tests.sources import Network

EDIT = "/borken/verwaltung/steckbrief"
TEAM = f"{EDIT}/team"
HISTORY = f"{EDIT}/verlauf"


@pytest.fixture
def staff(app: Flask, net: Network) -> FlaskClient:
    client = app.test_client()
    log_in(client, net.hub, Role.STAFF, "borken")
    return client


def form(client: FlaskClient, **changed: Any) -> dict[str, Any]:
    """The form as it stands in the page, with some fields changed."""
    html = client.get(EDIT).text
    fields: dict[str, Any] = {"target_groups": []}
    for tag in re.findall(r"<input[^>]*>", html):
        found = dict(re.findall(r'([a-z]+)="([^"]*)"', tag))
        if "name" in found and found.get("type") != "checkbox":
            fields[found["name"]] = found.get("value", "")
        elif found.get("type") == "checkbox" and " checked" in tag:
            fields["target_groups"].append(found["value"])
    for name, text in re.findall(r'<textarea[^>]* name="([^"]+)"[^>]*>([^<]*)</textarea>', html):
        fields[name] = text
    for name, options in re.findall(r'<select[^>]* name="([^"]+)"[^>]*>(.*?)</select>', html, re.S):
        chosen = re.search(r'value="([^"]*)" selected', options)
        fields[name] = chosen[1] if chosen else ""
    fields.pop("csrf_token")
    return {**fields, **changed}


def shown(client: FlaskClient) -> str:
    return text_of(client.get("/zentren/borken").text)


def test_what_the_staff_write_is_seen_everywhere_and_can_be_undone(
    net: Network, staff: FlaskClient, client: FlaskClient
) -> None:
    fields = form(
        staff,
        phone="02861 999",
        financing="Kreisumlage",
        task="<b>Medien</b> & mehr\r\n\r\nFür alle",
        imprint="Kreis Borken\nDer Landrat",
        accessibility="Keine Stufen.",
        competence_team="https://kt.example/",
        **{"service-scouts": "planned", "words-project": "nur im Mai"},
        **{"branches-1-name": "Zweigstelle Gronau", "branches-1-town": "Gronau"},
    )
    assert fields["street"] == "Burloer Straße 93", "the file's words are there to go on from"
    assert fields["target_groups"] == ["school", "kita"]
    saved = send(staff, EDIT, **fields)
    assert saved.status_code == 303
    assert "Gespeichert" in staff.get(saved.headers["Location"]).text
    page = client.get("/zentren/borken").text
    for text in ("02861 999", "Kreisumlage", "Medien &amp; mehr", "Zweigstelle Gronau", "Ahaus"):
        assert text in page
    assert "Zuständiges Kompetenzteam: kt.example" in text_of(page)
    assert "nur im Mai" in page
    assert "<b>Medien" not in page
    assert "Der Landrat" in client.get("/zentren/borken/impressum").text
    assert "Keine Stufen." in client.get("/zentren/borken/barrierefreiheit").text
    frame = client.get("/einbetten/borken/steckbrief")
    assert "Kreisumlage" in frame.text
    assert "Set-Cookie" not in frame.headers
    assert 'href="/suche?' not in frame.text.partition("<base")[0]
    told = client.get("/api/v1/sites/borken").json
    assert told["contact"]["phone"] == "02861 999"
    assert told["profile"]["financing"] == "Kreisumlage"
    assert told["profile"]["services"] == {"scouts": "planned", "project": "nur im Mai"}
    assert [one["name"] for one in told["branches"]] == ["Zweigstelle Ahaus", "Zweigstelle Gronau"]
    assert "Medienzentrum Kreis Borken" in client.get("/zentren?q=gronau").text
    with net.hub.db.write() as session:  # the file changes: what the staff never touched follows
        row = session.get_one(models.Site, "borken")
        row.contact = {**row.contact, "street": "Neue Straße 1", "phone": "02861 0"}
        state = session.scalars(sa.select(models.SiteProfile)).one()
        assert "street" not in state.said
        announce(session)
    net.hub.sites.refresh()
    assert "Neue Straße 1" in shown(client)
    assert "02861 999" in shown(client)
    assert send(staff, EDIT, **form(staff)).status_code == 303
    history = text_of(staff.get(HISTORY).text)
    assert history.count("Was dort stand") == 1, "saving what is there already is no state"
    assert "Erika Muster" in history
    for held in ("02861 0", "02861 999"):  # undone, and undone again
        assert (
            send(staff, HISTORY, version=_version(staff), earlier=_earlier(staff)).status_code
            == 303
        )
        assert held in shown(client)


def _version(client: FlaskClient) -> str:
    found = re.search(r'name="version" value="(\d+)"', client.get(HISTORY).text)
    assert found
    return found[1]


def _earlier(client: FlaskClient) -> str:
    found = re.search(r'name="earlier" value="(\d+)"', client.get(HISTORY).text)
    assert found
    return found[1]


def test_the_second_of_two_editors_sees_what_the_first_changed(
    net: Network, app: Flask, staff: FlaskClient, client: FlaskClient
) -> None:
    other = app.test_client()
    log_in(other, net.hub, Role.SITE_ADMIN, "borken")
    first = form(staff, phone="02861 1", rooms="Zwei Labore")
    second = form(other, phone="02861 2", financing="Umlage")
    assert send(staff, EDIT, **first).status_code == 303
    told = send(other, EDIT, **second)
    assert told.status_code == 409
    text = text_of(told.text)
    assert "Nichts wurde gespeichert: Erika Muster hat den Steckbrief inzwischen geändert" in text
    assert "Telefon : 02861 1 – auch von Ihnen geändert" in text
    assert "Räume : Zwei Labore" in text
    for kept in ('value="02861 2"', "Zwei Labore</textarea>", "Umlage</textarea>"):
        assert kept in told.text
    assert "02861 1" in shown(client)
    version = re.search(r'name="version" value="(\d+)"', told.text)
    assert version
    again = {**second, "rooms": "Zwei Labore", "version": version[1]}
    assert send(other, EDIT, **again).status_code == 303
    for text in ("02861 2", "Zwei Labore", "Umlage"):
        assert text in shown(client)
    stale = send(staff, HISTORY, version=0, earlier=0)
    assert stale.status_code == 409


WRONG = [
    ("postcode", "4632", "fünf Ziffern"),
    ("email", "wir", "buero@zentrum.example"),
    ("website", "javascript:alert(1)", "https://zentrum.example/"),
    ("competence_team", "kt", "https://zentrum.example/"),
    ("phone", "ruf an", "02861 1234"),
    ("rooms", "x" * 2001, "höchstens 2.000 Zeichen"),
    ("town", "x" * 201, "höchstens 200 Zeichen"),
    ("branches-0-name", "", "einen Namen"),
    ("branches-0-email", "x", "buero@zentrum.example"),
]


def test_what_cannot_be_is_said_at_its_field(staff: FlaskClient, net: Network) -> None:
    answer = send(staff, EDIT, **form(staff, **{field: wrong for field, wrong, _ in WRONG}))
    assert answer.status_code == 422
    for field, _, said in WRONG:
        assert f'href="#{field}"' in answer.text, field
        assert re.search(f'id="{field}-error".*?{re.escape(said)}', answer.text, re.DOTALL), field
    with net.hub.db.read() as session:
        assert session.scalars(sa.select(models.SiteProfile)).all() == []


def test_rooms_and_hours_come_from_where_they_are_kept(
    net: Network, staff: FlaskClient, client: FlaskClient
) -> None:
    """Two thousand rooms make no longer page than eight."""
    rooms = [
        Record(f"r{n}", Kind.ROOM, f"Raum {n:04}", access=AccessMode.BOOKING) for n in range(2000)
    ]
    take_in(net, "borken", rooms)
    with net.hub.db.write() as session:
        week = [[["08:00", "12:00"], ["13:00", "16:00"]]] * 4 + [[["08:00", "12:30"]], [], []]
        session.add(models.OpeningHours(site_key="borken", week=week, closures=[]))
    hours = "Mo–Do 08:00–12:00 und 13:00–16:00, Fr 08:00–12:30"
    page = client.get("/zentren/borken").text
    assert hours in page
    assert page.count("Raum 0") == 8
    assert "Alle 2.000" in page
    assert hours in client.get("/zentren/finden?q=borken").text
    assert client.get("/api/v1/sites/borken").json["contact"]["opening_hours"] == hours
    form_page = text_of(staff.get(EDIT).text)
    assert "Aus Ihren Anbindungen, hier nicht einzutragen: Raum 0000" in form_page
    assert f"Geöffnet laut Ihren Öffnungszeiten: {hours}" in form_page


def test_a_name_needs_consent_and_leaves_no_trace(
    net: Network, app: Flask, staff: FlaskClient, client: FlaskClient
) -> None:
    end = date.today() + timedelta(days=30)
    fields = {
        "task": "Medienberatung", "adviser": "1", "name": "Gudrun Tenbrink",
        "email": "kt@borken.example", "phone": "02861 77",
        "until_tag": end.day, "until_monat": end.month, "until_jahr": end.year,
    }  # fmt: skip
    refused = send(staff, TEAM, **fields)
    assert refused.status_code == 422
    assert "nur mit Einwilligung" in text_of(refused.text)
    assert 'value="Gudrun Tenbrink"' in refused.text
    wrong = send(staff, TEAM, task="", email="x", phone="y", until_tag="31", until_monat="2")
    for field in ("task", "email", "phone", "until"):
        assert f'href="#{field}"' in wrong.text
    assert send(staff, TEAM, **fields, consent="1").status_code == 303
    assert send(staff, TEAM, task="Verleih").status_code == 303
    page = text_of(client.get("/zentren/borken").text)
    assert "Gudrun Tenbrink, Medienberatung (Medienberatung NRW), kt@borken.example" in page
    told = client.get("/api/v1/sites/borken").json["team"]
    assert [one["name"] for one in told] == ["Gudrun Tenbrink", ""]
    with net.hub.db.read() as session:
        number = session.scalars(
            sa.select(models.TeamMember.id).where(models.TeamMember.name != "")
        ).one()
    other = app.test_client()
    log_in(other, net.hub, Role.STAFF, "coesfeld")
    away = f"/coesfeld/verwaltung/steckbrief/team/{number}/entfernen"
    assert send(other, "/coesfeld/verwaltung/steckbrief/team", away).status_code == 303
    assert "Gudrun" in client.get("/zentren/borken").text, "not that centre's to take out"
    for _ in range(2):  # the second click changes nothing
        assert send(staff, TEAM, f"{TEAM}/{number}/entfernen").status_code == 303
    assert "Gudrun" not in client.get("/zentren/borken").text
    assert "Gudrun" not in staff.get(HISTORY).text
    with net.hub.db.read() as session:
        entries = session.scalars(sa.select(models.AuditEntry)).all()
    assert not any("Gudrun" in f"{one.before}{one.after}" for one in entries)


def test_what_is_over_is_not_shown_and_erased(net: Network, client: FlaskClient) -> None:
    moment = now()
    with net.hub.db.write() as session:
        for days in (-3, 3):
            session.add(
                models.TeamMember(
                    site_key="borken", position=0, task=f"Tage {days}", adviser=False, name="",
                    email="", phone="", until=moment.date() + timedelta(days=days),
                )
            )  # fmt: skip
        for version, age in ((1, 500), (2, 400)):
            at = moment - timedelta(days=age)
            session.add(
                models.SiteProfile(
                    site_key="borken", version=version, said={"task": f"Stand {version}"},
                    at=at, actor="x",
                )
            )  # fmt: skip
    page = client.get("/zentren/borken").text
    assert "Tage 3" in page
    assert "Tage -3" not in page
    with net.hub.db.read() as session:
        found = {model: session.scalars(query).all() for model, query in retention.old(moment)}
        first = session.scalars(
            sa.select(models.SiteProfile.id).where(models.SiteProfile.version == 1)
        ).one()
    assert len(found[models.TeamMember]) == 1
    assert found[models.SiteProfile] == [first], "the state that holds is kept"
