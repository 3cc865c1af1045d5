"""A centre's plugins in the hands of its admin: set up, checked, changed, switched off, read."""

from __future__ import annotations

import csv
import io
import re
from html import unescape
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from hub import activations, models
from hub.identity.actor import Role
from hub.records import Checkpoint, Reject, Upsert
from tests.hub.web.test_pages import text_of
from tests.identities import log_in, send
from tests.pages import medium, take_in
from tests.sources import Network

HERE = "/borken/verwaltung/plugins"
RUNS = "/borken/verwaltung/laeufe"


@pytest.fixture
def admin(client: FlaskClient, net: Network) -> FlaskClient:
    log_in(client, net.hub, Role.SITE_ADMIN, "borken")
    return client


def stored(net: Network, plugin: str) -> models.Activation | None:
    return activations.configured(net.hub, "borken", plugin)


def table(name: str = "geraete", number: int = 0, **more: str) -> dict[str, str]:
    """What the form of a table is filled with."""
    fields = {"name": name, "file": f"{name}.csv", "kind": "device", **more}
    return {f"tables.{number}.{key}": value for key, value in fields.items()}


def test_the_page_shows_what_is_on_and_what_could_be(admin: FlaskClient) -> None:
    page = text_of(admin.get(HERE).text)
    assert "Eingeschaltet (1)" in page
    assert "Nach Drehbuch" in page
    assert "In Ordnung" in page
    assert "Verfügbar (7)" in page
    assert "Tabellen (CSV, XLSX, ODS)" in page
    assert "Welche Daten fließen?" in page
    assert "Qualität: Platin" in page
    assert "Für Platin fehlt: Ein abgebrochener Lauf" in page
    assert "Aufmerksamkeit" not in page


@pytest.mark.parametrize(
    ("place", "before", "pasted", "said"),
    [
        ("name", "", "-----BEGIN RSA PRIVATE KEY-----", "privater Schlüssel"),
        ("details", "Standort\n", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEifQ.c2lnbmVk", "Token"),
        ("columns", "title = ", "Bearer c2VjcmV0c2VjcmV0", "Token"),
        ("file", "", "https://ada:korrekt@x.example/g.csv", "In der Adresse stand ein Passwort"),
    ],
)
def test_a_secret_in_another_field_is_neither_kept_nor_shown(
    admin: FlaskClient, net: Network, place: str, before: str, pasted: str, said: str
) -> None:
    send(admin, f"{HERE}/tables", group="add:tables")
    typed = {**table(), f"tables.0.{place}": before + pasted, "tables.count": "1"}
    for action in ("save", "test"):
        refused = send(admin, f"{HERE}/tables", action=action, version="0", **typed)
        assert refused.status_code == 400
        assert said in text_of(refused.text)
        assert pasted not in unescape(refused.text)
    assert stored(net, "tables") is None
    inventory = {"name": "g", "file": "g.csv", "kind": "device", "defaults": {"place": pasted}}
    with pytest.raises(activations.ActivationError, match="holds a secret|holds no name"):
        activations.enable(net.hub, "borken", "tables", {"tables": [inventory]}, actor="cli")


def test_staff_look_and_change_nothing(client: FlaskClient, net: Network) -> None:
    log_in(client, net.hub, Role.STAFF, "borken")
    assert "Einrichten" not in text_of(client.get(HERE).text)
    page = client.get(f"{HERE}/tables")
    assert "Speichern" not in text_of(page.text)
    answer = send(client, "/konto", f"{HERE}/tables", action="save", **table())
    assert answer.status_code == 404
    assert stored(net, "tables") is None


def test_a_plugin_is_set_up_from_the_form(admin: FlaskClient, net: Network) -> None:
    page = f"{HERE}/tables"
    grown = send(admin, page, group="add:tables")
    assert 'name="tables.0.name"' in grown.text
    wrong = send(admin, page, action="save", version="0", **{"tables.count": "1"}, max_rows="viele")
    assert wrong.status_code == 400
    said = text_of(wrong.text)
    assert "Bitte ausfüllen." in said
    assert "Bitte schreiben Sie eine ganze Zahl." in said
    done = send(admin, page, action="save", version="0", max_rows="1000",
                **{"tables.count": "1"}, **table(columns="title = Bezeichnung\nquantity = Stück",
                                                  details="Standort\nHinweis"))  # fmt: skip
    assert done.status_code == 303, text_of(done.text)
    row = stored(net, "tables")
    assert row is not None
    assert row.enabled
    assert row.config["max_rows"] == 1000
    assert row.config["tables"] == [
        {"name": "geraete", "file": "geraete.csv", "kind": "device",
         "columns": {"title": "Bezeichnung", "quantity": "Stück"},
         "details": ["Standort", "Hinweis"], "defaults": {}}
    ]  # fmt: skip
    again = unescape(admin.get(page).text)
    assert 'value="geraete.csv"' in again
    assert "quantity = Stück" in again


def test_groups_are_added_and_removed_without_losing_what_was_typed(
    admin: FlaskClient, net: Network
) -> None:
    page = f"{HERE}/tables"
    typed = {"tables.count": "2", **table("eins"), **table("zwei", 1), "max_rows": "77"}
    more = send(admin, page, group="add:tables", **typed)
    assert 'name="tables.2.name"' in more.text
    less = send(admin, page, group="drop:tables.0", **typed)
    assert 'value="zwei"' in less.text
    assert 'value="eins"' not in less.text
    assert 'value="77"' in less.text
    for odd in ("drop:tables.9", "drop:nothing.0", "drop:tables.x", "add:max_rows", "x"):
        assert send(admin, page, group=odd, **typed).status_code == 200
    assert stored(net, "tables") is None, "only saving saves"


def edmond(net: Network) -> dict[str, Any]:
    row = stored(net, "edmond")
    assert row is not None
    return dict(row.config)


SECRET = "sehr-geheim-4711"


@pytest.fixture
def with_secret(admin: FlaskClient, net: Network, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    from hub.secrets import Keyring

    monkeypatch.setattr(net.hub, "keyring", Keyring("k" * 32))
    monkeypatch.setattr(net.hub.sites, "_keyring", net.hub.keyring)
    answer = send(admin, f"{HERE}/edmond", action="save", version="0",
                  address="https://arix.example/", password=SECRET)  # fmt: skip
    assert answer.status_code == 303, text_of(answer.text)
    return admin


def test_a_secret_is_written_and_never_shown(with_secret: FlaskClient, net: Network) -> None:
    kept = edmond(net)["password"]
    assert list(kept) == ["encrypted"]
    page = with_secret.get(f"{HERE}/edmond").text
    assert SECRET not in page
    assert kept["encrypted"] not in page
    assert "verschlüsselt gespeichert" in text_of(page)
    saved = send(with_secret, f"{HERE}/edmond", action="save", version="1",
                 address="https://other.example/")  # fmt: skip
    assert saved.status_code == 303
    assert edmond(net)["password"] == kept, "an empty field keeps it"
    assert edmond(net)["address"] == "https://other.example/"
    wrong = send(with_secret, f"{HERE}/edmond", action="save", version="2",
                 address="kein", password="neues-geheimnis")  # fmt: skip
    assert wrong.status_code == 400
    assert "neues-geheimnis" not in wrong.text
    twice = send(with_secret, f"{HERE}/edmond", action="save", version="2",
                 address="https://other.example/", user_id=SECRET)  # fmt: skip
    assert "Hier stand das Geheimnis dieser Anbindung" in text_of(twice.text)
    assert SECRET not in twice.text
    with net.hub.db.read() as session:
        entries = session.scalars(sa.select(models.AuditEntry)).all()
        assert SECRET not in str([(e.before, e.after) for e in entries])


def test_the_second_of_two_admins_sees_what_the_first_did(
    with_secret: FlaskClient, net: Network
) -> None:
    late = send(with_secret, f"{HERE}/edmond", action="save", version="0",
                address="https://late.example/")  # fmt: skip
    assert late.status_code == 409
    assert "changed meanwhile" in late.text
    assert "https://late.example/" in late.text, "what was typed stays"
    assert edmond(net)["address"] == "https://arix.example/"


def test_a_check_tells_what_works_and_saves_nothing(admin: FlaskClient, net: Network) -> None:
    found = send(admin, f"{HERE}/edmond", action="test", version="0",
                 address="https://127.0.0.1:9/arix")  # fmt: skip
    said = text_of(found.text)
    assert "✓ Die Einstellungen werden angenommen" in said
    assert "✕ Das andere System antwortet, wie es soll: nein" in said
    assert "Es ist noch nichts gespeichert." in said
    assert 'value="https://127.0.0.1:9/arix"' in found.text
    assert stored(net, "edmond") is None


def test_a_check_names_what_the_other_system_says(admin: FlaskClient) -> None:
    found = send(admin, f"{HERE}/tables", action="test", version="0", **{"tables.count": "1"},
                 **table())  # fmt: skip
    said = text_of(found.text)
    assert "Die Einstellungen werden angenommen" in said
    assert "✕ Das andere System antwortet, wie es soll: nein" in said
    assert "geraete.csv" in said


def test_a_plugin_is_switched_off_and_keeps_its_settings(
    with_secret: FlaskClient, net: Network
) -> None:
    off = send(with_secret, f"{HERE}/edmond", f"{HERE}/edmond/ausschalten")
    assert off.status_code == 303
    row = stored(net, "edmond")
    assert row is not None
    assert not row.enabled
    assert row.config["address"] == "https://arix.example/"
    assert send(with_secret, f"{HERE}/tables", f"{HERE}/tables/ausschalten").status_code == 303
    assert with_secret.get(f"{HERE}/unbekannt").status_code == 404


def test_the_last_change_is_undone_and_done_again(with_secret: FlaskClient, net: Network) -> None:
    page, undo = f"{HERE}/edmond", f"{HERE}/edmond/zuruecknehmen"
    before = stored(net, "edmond")
    assert before is not None
    config = {**before.config, "address": "https://anders.example/"}
    activations.configure(net.hub, "borken", "edmond", config, actor="test")
    said = text_of(with_secret.get(page).text)
    assert "Anbindung eingerichtet (test): " in said
    assert "Anbindung eingeschaltet (Erika Muster): " in said
    assert "plugin." not in said
    outdated = send(with_secret, page, undo, version=str(before.version))
    assert outdated.status_code == 409
    for address in ("https://arix.example/", "https://anders.example/"):
        row = stored(net, "edmond")
        assert row is not None
        assert send(with_secret, page, undo, version=str(row.version)).status_code == 303
        row = stored(net, "edmond")
        assert row is not None
        assert row.config == {**before.config, "address": address}, "the secret stays"
    assert "Letzte Änderung zurücknehmen" in text_of(with_secret.get(page).text)


def test_switching_on_for_the_first_time_is_undone_by_switching_off(net: Network) -> None:
    activations.enable(net.hub, "borken", "accounts", {}, actor="test")
    activations.undo(net.hub, "borken", "accounts", actor="test")
    row = stored(net, "accounts")
    assert row is not None
    assert not row.enabled
    with pytest.raises(activations.ActivationError, match="never enabled"):
        activations.undo(net.hub, "borken", "tables", actor="test")


def test_what_is_broken_is_counted_with_its_cause_and_its_fix(
    admin: FlaskClient, net: Network
) -> None:
    with net.hub.db.write() as session:
        session.add(
            models.Activation(
                site_key="borken", plugin="tables", enabled=True, config={"nonsense": 1}
            )
        )
        activations.announce(session)
    net.play("borken", [Upsert(medium("many-1", "Noch da")), Checkpoint(None, complete=True)])
    from hub.catalogue.sync import sync

    assert sync(net.hub.db, net.site("borken"), "scripted", full=True).state == "held"
    net.hub.sites.refresh()
    page = text_of(admin.get(HERE).text)
    assert "2 Anbindungen brauchen Ihre Aufmerksamkeit" in page
    assert "Einstellungen prüfen" in page
    assert "Lauf ansehen und entscheiden" in page
    assert "nonsense" in page


# Runs


def test_a_run_shows_what_changed_field_by_field(admin: FlaskClient, net: Network) -> None:
    take_in(net, "borken", [*_borken(net), medium("open", "Wasser ist alles")])
    listing = admin.get(RUNS)
    number = re.findall(r'href="/borken/verwaltung/laeufe/(\d+)"', listing.text)[0]
    page = admin.get(f"{RUNS}/{number}")
    assert "<del>Wasser ist Leben</del>" in page.text
    assert "<ins>Wasser ist alles</ins>" in page.text


def _borken(net: Network) -> list[Any]:
    from datetime import UTC, datetime

    from tests.pages import borken

    return [one for one in borken(datetime.now(UTC).date()) if one.source_id != "open"]


def test_rejects_are_grouped_and_can_be_taken_away(admin: FlaskClient, net: Network) -> None:
    from hub.catalogue.sync import sync

    bad = [Reject(f"zeile {n}", "Die Spalte Titel ist leer", f"=A{n}") for n in range(40)]
    net.play("borken", [*bad, Reject("zeile 99", "Das Datum liegt 1970"), Checkpoint("1")])
    run = sync(net.hub.db, net.site("borken"), "scripted")
    page = text_of(admin.get(f"{RUNS}/{run.run_id}").text)
    assert "Die Spalte Titel ist leer 40 Einträge zum Beispiel: zeile 0" in page
    assert page.index("Die Spalte Titel") < page.index("Das Datum liegt")
    file = admin.get(f"{RUNS}/{run.run_id}/abgelehnt.csv")
    rows = list(csv.reader(io.StringIO(file.text.removeprefix("\ufeff")), delimiter=";"))
    assert rows[0] == ["Eintrag", "Grund", "Auszug"]
    assert len(rows) == 42
    assert rows[1][2] == "'=A0", "no spreadsheet calculates it"
    assert admin.get(f"{RUNS}/{run.run_id}/abgelehnt.xlsx").status_code == 200
    assert admin.get(f"{RUNS}/{run.run_id}/abgelehnt.pdf").status_code == 404


@pytest.mark.parametrize(("action", "left"), [("freigeben", 1), ("verwerfen", 53)])
def test_a_held_run_is_decided_once(
    admin: FlaskClient, net: Network, action: str, left: int
) -> None:
    from hub.catalogue.sync import sync

    net.play("borken", [Upsert(medium("many-1", "Noch da")), Checkpoint(None, complete=True)])
    run = sync(net.hub.db, net.site("borken"), "scripted", full=True)
    page = f"{RUNS}/{run.run_id}"
    assert "Ihre Entscheidung" in text_of(admin.get(page).text)
    assert send(admin, page, f"{page}/{action}").status_code == 303
    with net.hub.db.read() as session:
        live = sa.select(sa.func.count()).where(
            models.Offer.site_key == "borken", models.Offer.withdrawn_at.is_(None)
        )
        assert session.scalar(live) == left
    again = send(admin, "/konto", f"{page}/{action}")
    assert again.status_code == 409
    assert "schon jemand entschieden" in text_of(again.text)


def test_the_run_of_another_centre_does_not_exist_here(admin: FlaskClient, net: Network) -> None:
    with net.hub.db.read() as session:
        foreign = session.scalars(
            sa.select(models.SyncRun.id).where(models.SyncRun.site_key == "coesfeld")
        ).first()
    assert admin.get(f"{RUNS}/{foreign}").status_code == 404
    assert admin.get(f"{RUNS}/{foreign}/abgelehnt.csv").status_code == 404
    for action in ("freigeben", "verwerfen"):
        assert send(admin, "/konto", f"{RUNS}/{foreign}/{action}").status_code == 404
    assert admin.get(f"{RUNS}/99999999999999999999").status_code == 404


def test_a_source_is_read_now_by_the_worker_and_once(admin: FlaskClient, net: Network) -> None:
    from hub.jobs.worker import Worker

    for _ in range(2):
        answer = send(admin, f"{HERE}/scripted", f"{HERE}/scripted/einlesen")
        assert answer.status_code == 303
    waiting = text_of(admin.get(answer.headers["Location"]).text)
    assert "Wartet in der Schlange." in waiting
    assert "Wartet aufs Einlesen: Nach Drehbuch" in text_of(admin.get(RUNS).text)
    with net.hub.db.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(models.Job)) == 1
        before = session.scalar(sa.select(sa.func.max(models.SyncRun.id)))
    Worker(net.hub, schedules=lambda _: []).run(once=True)
    with net.hub.db.read() as session:
        assert session.scalar(sa.select(sa.func.max(models.SyncRun.id))) == (before or 0) + 1
    assert "Wartet" not in text_of(admin.get(RUNS).text)
    assert send(admin, "/konto", f"{HERE}/edmond/einlesen").status_code == 404
