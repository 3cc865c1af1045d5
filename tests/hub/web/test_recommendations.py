"""Recommendations: made by editors, seen by everybody in their term, at centres and by REST."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from hub import models
from hub.booking import dates
from hub.catalogue import lists
from hub.catalogue.page import withdraw
from hub.identity.actor import Role
from hub.network import recommendations
from hub.network.recommendations import Content, State
from hub.web import context
from tests.hub.web.test_pages import text_of
from tests.identities import log_in, send
from tests.pages import offer_id
from tests.sources import Network

LVR, BORKEN = "/lvr/verwaltung/empfehlungen", "/borken/verwaltung/empfehlungen"
WET = "Wasserkreislauf – vom Regen zum Grundwasser"


def collected(net: Network, person: int, *names: str) -> int:
    """A list of the person's with these offers."""
    with net.hub.db.write() as session:
        row = lists.create(session, person, "Meine Sammlung")
        lists.fill(session, row, [(offer_id(net, name), f"Zu {name}") for name in names])
        return row.id


def days(first: date | None, last: date | None) -> dict[str, Any]:
    return {
        **(dates.fields("von", first) if first else {}),
        **(dates.fields("bis", last) if last else {}),
    }


def steps(client: FlaskClient, page: str) -> dict[str, tuple[str, str]]:
    """By act and title: where the button sends its form, and the version that goes with it."""
    found = {}
    for action, form in re.findall(
        r'action="([^"]+/stand)">(.*?)</form>', client.get(page).text, re.DOTALL
    ):
        (version,) = re.findall(r'name="version" value="(\d+)"', form)
        for act, title in re.findall(
            r'value="(\w+)">[^<]*<span class="kern-sr-only">: ([^<]*)<', form
        ):
            found[f"{act} {title}"] = action, version
    return found


def press(client: FlaskClient, page: str, what: str) -> Any:
    action, version = steps(client, page)[what]
    return send(client, page, action, tun=what.partition(" ")[0], version=version)


def publish(net: Network, site: str, title: str, **content: Any) -> int:
    with net.hub.db.write() as session:
        row = recommendations.create(session, site, Content(title, **content), "test")
        recommendations.step(session, row, 1, State.PUBLISHED, "test")
        return row.id


def test_an_editor_publishes_a_list_and_takes_it_back(net: Network, app: Flask) -> None:
    editor, reader = app.test_client(), app.test_client()
    mine = collected(net, log_in(editor, net.hub, Role.STAFF, "lvr"), "water", "tablets")
    assert "Hier wird noch nichts empfohlen" in text_of(editor.get(LVR).text)
    assert send(editor, f"{LVR}/neu", titel="").status_code == 422
    with app.app_context():
        today = context.today()
    made = send(
        editor, f"{LVR}/neu", titel="Wasser <b>entdecken</b>", text="Für den Herbst.", fach="080",
        liste=str(mine), **days(today, today),
    )  # fmt: skip
    assert made.status_code == 303
    (number,) = re.findall(rf"{LVR}/(\d+)\"", editor.get(LVR).text)
    page, start = f"/empfehlungen/{number}", "/"
    for client, status in ((editor, 200), (reader, 404)):
        assert client.get(page).status_code == status, "a draft is its editors'"
    assert "Wasser entdecken" not in reader.get(start).text
    press(editor, LVR, "published Wasser entdecken")
    shown = text_of(reader.get(page).text)
    for said in (WET, "Zu water", "Tabletkoffer", "Für den Herbst.", "Biologie · 2 Einträge · bis"):
        assert said in shown
    for place in (start, "/empfehlungen", "/empfehlungen?fach=080", "/zentren/borken",
                  "/zentren/leer", "/einbetten/coesfeld/empfehlungen"):  # fmt: skip
        assert "Wasser entdecken" in reader.get(place).text, place
    assert "Für dieses Fach" in text_of(reader.get("/empfehlungen?fach=380").text)
    # Undone and done again; the log names it.
    press(editor, LVR, "undo Wasser entdecken")
    assert reader.get(page).status_code == 404
    press(editor, LVR, "undo Wasser entdecken")
    assert reader.get(page).status_code == 200
    changed = send(editor, f"{LVR}/{number}", titel="Wasser", text="", liste="so", version="2")
    assert changed.status_code == 422, "of an older version"
    assert "jemand anderes" in text_of(changed.text).lower()
    (version,) = re.findall(r'name="version" value="(\d+)"', editor.get(f"{LVR}/{number}").text)
    send(editor, f"{LVR}/{number}", titel="Wasser", text="", liste="so", version=version)
    assert text_of(reader.get(page).text).count("Zu ") == 2, "the entries stayed"
    press(editor, LVR, "withdrawn Wasser")
    assert reader.get(page).status_code == 404
    press(editor, LVR, "deleted Wasser")
    assert editor.get(page).status_code == 404
    press(editor, LVR, "undo Wasser")
    assert "Zurückgezogen" in text_of(editor.get(LVR).text)
    with net.hub.db.read() as session:
        actions = session.scalars(
            sa.select(models.AuditEntry.action)
            .where(models.AuditEntry.subject == f"recommendation:{number}")
            .order_by(models.AuditEntry.id)
        ).all()
    assert [one.partition(".")[2] for one in actions] == [
        "create", "publish", "undo", "undo", "edit", "withdraw", "delete", "undo",
    ]  # fmt: skip


def test_terms_are_half_open_and_order_is_the_editors(net: Network, app: Flask) -> None:
    with app.app_context():
        today = context.today()
    day = timedelta(days=1)
    publish(net, "lvr", "Bis gestern", ends_on=today)
    publish(net, "lvr", "Ab morgen", starts_on=today + day)
    publish(net, "lvr", "Ab heute", starts_on=today)
    publish(net, "lvr", "Bis heute", ends_on=today + day)
    client = app.test_client()
    told = re.findall(r'href="/empfehlungen/(\d+)">([^<]+)<', client.get("/empfehlungen").text)
    assert [title for _, title in told] == ["Ab heute", "Bis heute"]
    assert "galt bis" in text_of(client.get("/empfehlungen/1").text)
    assert client.get("/empfehlungen/2").status_code == 404, "not before its first day"
    assert client.get("/api/v1/recommendations/2").status_code == 404
    log_in(client, net.hub, Role.NETWORK_ADMIN)
    press(client, LVR, "up Bis heute")
    told = re.findall(r'href="/empfehlungen/\d+">([^<]+)<', client.get("/empfehlungen").text)
    assert told == ["Bis heute", "Ab heute"]


def test_a_centre_has_its_own_and_may_decline(net: Network, app: Flask) -> None:
    publish(net, "lvr", "Für alle")
    publish(net, "borken", "Nur hier")
    client = app.test_client()
    titles = re.compile(r'href="/empfehlungen/\d+"[^>]*>([^<]+)<')
    assert titles.findall(client.get("/zentren/borken").text) == ["Nur hier", "Für alle"]
    for page in ("/", "/empfehlungen", "/zentren/coesfeld"):
        assert titles.findall(client.get(page).text) == ["Für alle"], page
    log_in(client, net.hub, Role.STAFF, "borken")
    assert client.get(LVR).status_code == 404
    assert client.get("/lvr/verwaltung/empfehlungen/1").status_code == 404
    assert client.get(f"{BORKEN}/1").status_code == 404, "another site's"
    send(client, BORKEN, f"{BORKEN}/weiterzeigen", zeigen="0")
    assert titles.findall(client.get("/zentren/borken").text) == ["Nur hier"]
    told = client.get("/api/v1/recommendations?site=borken").get_json()["items"]
    assert [one["title"] for one in told] == ["Nur hier"]
    assert titles.findall(client.get("/").text) == ["Für alle"]
    send(client, BORKEN, f"{BORKEN}/weiterzeigen", zeigen="1")
    assert len(titles.findall(client.get("/zentren/borken").text)) == 2


def test_programs_read_it_and_readers_take_it_over(net: Network, app: Flask) -> None:
    entries = ((offer_id(net, "water"), "Zuerst"), (offer_id(net, "history"), ""))
    number = publish(net, "lvr", "Wasser", subjects=("080",), entries=entries)
    publish(net, "lvr", "Neuer Raum", text="Eröffnung am Montag")
    with net.hub.db.write() as session:
        withdraw(session.connection(), [offer_id(net, "history")])
    client = app.test_client()
    items = client.get("/api/v1/recommendations").get_json()["items"]
    assert [(one["title"], one["size"]) for one in items] == [("Wasser", 2), ("Neuer Raum", 0)]
    assert len(client.get("/api/v1/recommendations?subject=080").get_json()["items"]) == 1
    assert client.get("/api/v1/recommendations?site=nirgends").status_code == 404
    told = client.get(f"/api/v1/recommendations/{number}").get_json()
    first, second = told["entries"]
    assert (first["title"], first["note"], first["badge"]["status"]["code"]) == (
        WET,
        "Zuerst",
        "loan",
    )
    assert (second["withdrawn"], second["badge"], second["links"]["offer"]) == (True, None, None)
    page = f"/empfehlungen/{number}"
    assert f"/anmelden?weiter={page}" in client.get(page).text
    log_in(client, net.hub, Role.TEACHER, "coesfeld")
    taken = send(client, page, f"{page}/uebernehmen").headers["Location"]
    assert "Zuerst" in text_of(client.get(taken).text)
    snippet = text_of(client.get("/zentren/borken/einbetten?art=empfehlungen").text)
    assert "/einbetten/borken/empfehlungen" in snippet


def test_limits(net: Network, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recommendations, "MOST", 1)
    publish(net, "borken", "Eine")
    client = app.test_client()
    log_in(client, net.hub, Role.STAFF, "borken")
    full = send(client, f"{BORKEN}/neu", titel="Noch eine", text="Text")
    assert (full.status_code, "1 Empfehlung haben" in text_of(full.text)) == (422, True)
    wrong = send(
        client, f"{BORKEN}/neu", titel="x" * 200, bis_tag="31", bis_monat="2", bis_jahr="2027"
    )
    for said in ("höchstens 120 Zeichen", "Bitte geben Sie einen Tag ein", "wählen Sie eine Liste"):
        assert said in text_of(wrong.text), said
    assert send(client, f"{BORKEN}/neu", titel="Fremd", liste="999").status_code == 404
