"""Media lists: collected, arranged, shared, printed; of others' lists nothing is known."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from hub import models
from hub.catalogue import lists
from hub.catalogue.page import withdraw
from hub.identity import privacy, retention
from hub.identity.actor import Role
from hub.models.base import now
from hub.records import AccessMode, Grant, Identifier, Scope
from tests.hub.web.test_pages import text_of
from tests.identities import log_in, person, send
from tests.pages import borken, medium, offer_id, part, take_in
from tests.sources import Network

LISTS = "/meine-listen"


@pytest.fixture
def teacher(net: Network, client: FlaskClient) -> FlaskClient:
    log_in(client, net.hub, Role.TEACHER, "borken")
    return client


def begin(client: FlaskClient, title: str = "Wasser, Klasse 4") -> str:
    """Begin a list; its address."""
    answer = send(client, LISTS, titel=title, beschreibung="Für die <b>4b</b>")
    assert answer.status_code == 303
    return str(answer.headers["Location"])


def put(client: FlaskClient, net: Network, name: str, to: str, **fields: Any) -> Any:
    page = f"{LISTS}/dazu/{offer_id(net, name)}"
    return send(client, page, liste=to.rpartition("/")[2], **fields)


def titles(client: FlaskClient, address: str) -> list[str]:
    """What is on the list, in its order."""
    (part_,) = re.findall(
        r'<ol class="hub-holders">(.*?)</ol>', client.get(address).text, re.DOTALL
    )
    return [html.unescape(one) for one in re.findall(r'href="/angebot/\d+">([^<]+)</a>', part_)]


def entry(net: Network, name: str) -> int:
    with net.hub.db.read() as session:
        found = session.scalars(
            sa.select(models.MediaListEntry.id)
            .where(models.MediaListEntry.offer_id == offer_id(net, name))
            .order_by(models.MediaListEntry.id)
        ).first()
    assert found is not None
    return found


def test_things_of_any_kind_are_collected_arranged_and_taken_off(
    net: Network, teacher: FlaskClient
) -> None:
    assert "Sie haben noch keine Liste" in text_of(teacher.get(LISTS).text)
    water = f"{LISTS}/dazu/{offer_id(net, 'water')}"
    search = "/suche?q=wasserkreislauf&art=medium"
    (link,) = re.findall(rf'href="({water}[^"]+)"', html.unescape(teacher.get(search).text))
    for back, kept in ((link, True), (f"{water}?zurueck=//boese.example/suche", False)):
        assert (f'href="{search}"' in html.unescape(teacher.get(back).text)) == kept
    assert f'href="{water}"' in teacher.get(f"/angebot/{offer_id(net, 'water')}").text
    # Who has no list begins one with the first offer.
    assert send(teacher, water, liste="neu", titel=" ").status_code == 422
    first = send(teacher, water, liste="neu", titel="Wasser")
    address = str(first.headers["Location"]).partition("?")[0]
    for name in ("tablets", "studio"):
        assert put(teacher, net, name, address).headers["Location"].endswith("fertig=dazu")
    own = put(teacher, net, "concept", address, titel="Ein anderes Thema").headers["Location"]
    assert titles(teacher, own) == ["Medienkonzept"], "whoever types a title wants a new list"
    assert "schon" in put(teacher, net, "studio", address).headers["Location"]
    assert "schon" in put(teacher, net, "w", address).headers["Location"], "the same work"
    wet, case, studio = (
        "Wasserkreislauf – vom Regen zum Grundwasser", "Tabletkoffer mit 16 Geräten",
        "Podcast-Studio",
    )  # fmt: skip
    assert titles(teacher, address) == [wet, case, studio]
    arrange = f"{address}/eintraege"
    notes = {f"notiz-{entry(net, 'water')}": "Ab Minute 5 <b>zeigen</b>"}
    up = send(teacher, address, arrange, tun=f"up:{entry(net, 'studio')}", **notes)
    assert up.headers["Location"].endswith(f"#eintrag-{entry(net, 'studio')}")
    assert titles(teacher, address) == [wet, studio, case]
    assert "Ab Minute 5 zeigen" in text_of(teacher.get(address).text), "no typed note is lost"
    send(teacher, address, arrange, tun=f"up:{entry(net, 'water')}")
    send(teacher, address, arrange, tun=f"down:{entry(net, 'water')}")
    for _ in range(2):
        send(teacher, address, arrange, tun=f"weg:{entry(net, 'studio')}")
    assert titles(teacher, address) == [wet, case]
    assert "Zuletzt entfernt: „Podcast-Studio“" in text_of(teacher.get(address).text)
    send(teacher, address, arrange, tun=f"zurueck:{entry(net, 'studio')}")
    assert titles(teacher, address) == [studio, wet, case]
    for wrong, status in (("up:999999", 404), ("up:x", 400), (f"x:{entry(net, 'water')}", 400)):
        assert send(teacher, address, arrange, tun=wrong).status_code == status
    renamed = send(teacher, address, titel="Wasser und Ton", beschreibung="Für\n\ndie 4b")
    assert renamed.status_code == 303
    assert send(teacher, address, titel="", beschreibung="x").status_code == 422
    assert "Wasser und Ton" in text_of(teacher.get(LISTS).text)
    for _ in range(2):
        assert send(teacher, LISTS, f"{address}/loeschen").status_code == 303
    assert teacher.get(address).status_code == 404
    assert "Gelöscht: „Wasser und Ton“" in text_of(teacher.get(LISTS).text)
    send(teacher, LISTS, f"{address}/wiederherstellen")
    assert titles(teacher, address) == [studio, wet, case]


def test_an_entry_follows_its_work_and_outlives_its_offer(
    net: Network, teacher: FlaskClient
) -> None:
    address = begin(teacher)
    put(teacher, net, "w", address)
    put(teacher, net, "history", address)
    for name in ("w", "history"):
        with net.hub.db.write() as session:
            withdraw(session.connection(), [offer_id(net, name)])
    # Borken still offers the one, nobody the other.
    wet = "Wasserkreislauf – vom Regen zum Grundwasser"
    assert titles(teacher, address) == [wet, "Römer am Rhein"]
    assert text_of(teacher.get(address).text).count("Nicht mehr angeboten") == 1
    # Borken’s number was wrong: its record is another work now, and nobody offers the first.
    wrong, *rest = borken(datetime.now(UTC).date())
    take_in(net, "borken", [replace(wrong, identifiers=(Identifier("medium", "5599999"),)), *rest])
    assert titles(teacher, address) == ["Wasserkreislauf", "Römer am Rhein"]
    assert text_of(teacher.get(address).text).count("Nicht mehr angeboten") == 2
    # Two works become one and are parted by people: the entries stay what they were.
    two = [medium("a", "Vulkane"), medium("b", "Geysire")]
    one = [replace(each, identifiers=(Identifier("medium", "5511999"),)) for each in two]
    take_in(net, "borken", [*rest, *two])
    other = begin(teacher, "Vulkane")
    for name in ("a", "b"):
        put(teacher, net, name, other)
    take_in(net, "borken", [*rest, *one])
    assert titles(teacher, other) == ["Vulkane", "Geysire"]
    part(net, "a", "b")
    assert titles(teacher, other) == ["Vulkane", "Geysire"]


def test_nobody_else_finds_a_list(net: Network, app: Flask, teacher: FlaskClient) -> None:
    address = begin(teacher)
    put(teacher, net, "water", address)
    other = app.test_client()
    log_in(other, net.hub, Role.SITE_ADMIN, "borken")
    own = begin(other)
    for path in (address, f"{address}/druck"):
        assert other.get(path).status_code == 404
    for act in ("", "/eintraege", "/wiederherstellen", "/teilen", "/teilen/aus"):
        assert send(other, own, address + act, titel="Meins", tun="").status_code == 404, act
    assert send(other, LISTS, f"{address}/loeschen").status_code == 303
    assert send(other, own, f"{own}/eintraege", tun=f"weg:{entry(net, 'water')}").status_code == 404
    assert put(other, net, "studio", address).status_code == 422
    assert teacher.get(address).status_code == 200
    assert titles(teacher, address) == ["Wasserkreislauf – vom Regen zum Grundwasser"]
    pupil = app.test_client()
    assert pupil.get(address).headers["Location"].startswith("/anmelden")
    assert other.get(f"{LISTS}/{2**40}").status_code == 404
    assert other.get(f"{LISTS}/dazu/{2**40}").status_code == 404


def shared_at(client: FlaskClient, address: str, **fields: str) -> str:
    """Share a list; the path of the address as the page shows it."""
    shown = send(client, address, f"{address}/teilen", tun="neu", **fields).text
    (path,) = re.findall(r'href="http://[^/"]+(/liste/[\w-]{40,})"', shown)
    return str(path)


def test_a_shared_list_says_what_everybody_may_know(
    net: Network, app: Flask, teacher: FlaskClient
) -> None:
    hidden = medium("hidden", "Nur mit Lizenz", access=AccessMode.LICENSED, url="https://geheim.example/x",
                    grants=(Grant(Scope.SITE, "borken"),))  # fmt: skip
    take_in(net, "borken", [*borken(datetime.now(UTC).date()), hidden])
    address = begin(teacher)
    for name in ("hidden", "tablets"):
        put(teacher, net, name, address)
    send(
        teacher, address, f"{address}/eintraege", **{f"notiz-{entry(net, 'hidden')}": "Geheimnotiz"}
    )
    path = shared_at(teacher, address)
    reader = app.test_client()
    answer = reader.get(path)
    shown = text_of(answer.text)
    assert "Nur mit Lizenz" in shown
    assert "Nur hier lizenziert" in shown, "as nobody in particular sees it"
    assert "Für die 4b" in shown
    for private in ("geheim.example", "Geheimnotiz", "Erika Muster", "/oeffnen/"):
        assert private not in answer.text
    assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Nur hier lizenziert" in text_of(teacher.get(path).text), "for its owner as for all"
    # What else is shown is the owner's to say, at the same address.
    send(teacher, address, f"{address}/teilen", tun="zeigen", name="1", notizen="1")
    shown = text_of(reader.get(path).text)
    assert "Von: Erika Muster" in shown
    assert "Geheimnotiz" in shown
    paper = reader.get(f"{path}/druck").text
    assert paper.count("<svg") == 3, "the list and each entry"
    assert f"http://127.0.0.1:8000/angebot/{offer_id(net, 'hidden')}" in text_of(paper)
    assert teacher.get(f"{address}/druck").text.count("<svg") == 2
    # A new address ends the old one; nothing of it is kept but its hash.
    second = shared_at(teacher, address)
    assert [reader.get(one).status_code for one in (path, second)] == [404, 200]
    assert second not in teacher.get(address).text
    with net.hub.db.read() as session:
        (kept,) = session.scalars(sa.select(models.MediaList.token_hash))
    assert kept
    assert kept not in second
    send(teacher, address, f"{address}/teilen/aus")
    assert reader.get(second).status_code == 404
    third = shared_at(teacher, address)
    send(teacher, LISTS, f"{address}/loeschen")
    send(teacher, LISTS, f"{address}/wiederherstellen")
    assert reader.get(third).status_code == 404, "deleted, it is shared no more"


def test_a_reader_takes_a_shared_list_over(net: Network, app: Flask, teacher: FlaskClient) -> None:
    address = begin(teacher)
    for name in ("studio", "water"):
        put(teacher, net, name, address)
    path = shared_at(teacher, address)
    other = app.test_client()
    assert f"/anmelden?weiter={path}" in other.get(path).text
    log_in(other, net.hub, Role.EDUCATOR, "coesfeld")
    taken = send(other, path, f"{path}/uebernehmen").headers["Location"].partition("?")[0]
    assert titles(other, taken) == titles(teacher, address)
    send(teacher, address, f"{address}/eintraege", tun=f"weg:{entry(net, 'water')}")
    assert len(titles(other, taken)) == 2, "a list of one's own"


def test_limits_are_told(
    net: Network, teacher: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "MOST_LISTS", 1)
    monkeypatch.setattr(lists, "MOST_ENTRIES", 1)
    address = begin(teacher)
    put(teacher, net, "water", address)
    full = put(teacher, net, "studio", address)
    assert (full.status_code, "fasst 1 Eintrag" in text_of(full.text)) == (422, True)
    for page in (LISTS, f"{LISTS}/dazu/{offer_id(net, 'studio')}"):
        more = send(teacher, page, liste="neu", titel="Noch eine")
        assert (more.status_code, "Sie können 1 Liste führen" in text_of(more.text)) == (422, True)
    long = send(teacher, address, titel="x" * 121, beschreibung="y" * 2_001)
    assert long.text.count("Bitte höchstens") >= 2
    send(teacher, LISTS, f"{address}/loeschen")
    begin(teacher, "Statt ihrer")
    assert send(teacher, LISTS, f"{address}/wiederherstellen").status_code == 422


def test_lists_are_handed_over_and_go(net: Network) -> None:
    who = person(net.hub, Role.TEACHER, "borken")
    with net.hub.db.write() as session:
        row = lists.create(session, who, "Wasser")
        lists.put(session, row, offer_id(net, "water"), "Notiz")
        gone = lists.create(session, who, "Alt")
        lists.put(session, gone, offer_id(net, "water"))
        lists.delete(gone)
        with pytest.raises(LookupError):
            lists.put(session, row, 999_999)
    held = privacy.held(net.hub, who).tables
    assert [one["title"] for one in held["media_list"]] == ["Wasser", "Alt"]
    assert "token_hash" not in held["media_list"][0]
    assert [one["note"] for one in held["media_list_entry"]] == ["Notiz", ""]
    later = dict(retention.old(now() + lists.KEPT + timedelta(minutes=1)))
    with net.hub.db.read() as session:
        assert session.scalars(later[models.MediaList]).all() == [gone.id]
        assert not session.scalars(dict(retention.old(now()))[models.MediaList]).all()
    privacy.erase(net.hub, who, by="test")
    with net.hub.db.read() as session:
        for model in (models.MediaList, models.MediaListEntry):
            assert not session.scalar(sa.select(sa.func.count()).select_from(model))


def test_a_long_list_costs_as_many_statements_as_a_short_one(
    net: Network, teacher: FlaskClient
) -> None:
    short, long = begin(teacher), begin(teacher, "Lang")
    put(teacher, net, "many-1", short)
    with net.hub.db.write() as session:
        row = session.get_one(models.MediaList, int(long.rpartition("/")[2]))
        lists.fill(session, row, [(offer_id(net, f"many-{n}"), "") for n in range(1, 41)])

    def statements(address: str) -> int:
        asked: list[str] = []

        def note(*values: Any) -> None:
            asked.append(values[2])

        sa.event.listen(net.hub.db.engine, "before_cursor_execute", note)
        assert teacher.get(address).status_code == 200
        sa.event.remove(net.hub.db.engine, "before_cursor_execute", note)
        return len(asked)

    # Now and then a request also looks whether the sites have changed.
    least = [min(statements(address) for _ in range(3)) for address in (short, long)]
    assert least[0] == least[1] > 0
