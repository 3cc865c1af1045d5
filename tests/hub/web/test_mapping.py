"""Mapping a source on its page: sample, choice, preview, saving, passing on, undoing."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from hub import activations, models
from hub.catalogue.preview import preview
from hub.catalogue.sync import sync
from hub.formats import fieldmap
from hub.identity.actor import Role
from hub.jobs import samples
from hub.jobs.worker import Worker
from hub.records import Checkpoint, Upsert
from tests.hub.web.test_pages import text_of
from tests.identities import log_in, send
from tests.pages import medium
from tests.sources import Network

PAGE = "/borken/verwaltung/plugins/tables/zuordnung"
SCRIPTED = "/borken/verwaltung/plugins/scripted/zuordnung"
MEDIA = """\
Wie es heißt;Worum;Was für eins
Vulkane;Erdkunde & Co;Streifen
Bienen;Bio-Logie,Natur;Streifen
Ohne Art;Bio-Logie;Kram
"""


@pytest.fixture
def admin(client: FlaskClient, net: Network) -> FlaskClient:
    log_in(client, net.hub, Role.SITE_ADMIN, "borken")
    folder = net.hub.settings.config / "sites" / "borken"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "medien.csv").write_text(MEDIA, encoding="utf-8")
    config = {"tables": [{"name": "medien", "file": "medien.csv", "kind": "medium"}]}
    activations.enable(net.hub, "borken", "tables", config, actor="test")
    return client


def stored(net: Network, plugin: str = "tables") -> models.Activation:
    row = activations.configured(net.hub, "borken", plugin)
    assert row is not None
    return row


def save(admin: FlaskClient, net: Network, field: str, action: str = "save", **form: Any) -> Any:
    version = form.pop("version", stored(net).version)
    where = f"{PAGE}/feld/{field}"
    return send(admin, where, action=action, version=version, **form)


def records(net: Network, plugin: str = "tables") -> dict[str, Any]:
    with net.hub.db.read() as session:
        rows = session.scalars(
            sa.select(models.Offer).where(
                models.Offer.plugin == plugin, models.Offer.withdrawn_at.is_(None)
            )
        )
        return {row.title: json.loads(row.record) for row in rows}


def test_a_table_is_mapped_from_its_sample_to_its_offers(admin: FlaskClient, net: Network) -> None:
    assert "Noch wurde keine Stichprobe der Quelle gelesen" in text_of(admin.get(PAGE).text)
    assert f'href="{PAGE}"' in admin.get("/borken/verwaltung/plugins/tables").text
    for _ in range(2):  # a second click changes nothing
        assert send(admin, PAGE, f"{PAGE}/stichprobe").status_code == 303
    assert "every 3s" in admin.get(PAGE).text
    Worker(net.hub, schedules=lambda _: []).run(once=True)
    page = text_of(admin.get(PAGE).text)
    assert "3 Einträge der Quelle wurden angesehen" in page
    assert "Das ist alles." in page
    assert "Was für eins : 3 Einträge" in page

    tried = save(admin, net, "title", "preview", **{"from": "Wie es heißt"})
    assert "✓ wird übernommen; vorher abgelehnt: Titel: fehlt" in text_of(tried.text)
    assert stored(net).mapping == {}
    assert save(admin, net, "title", **{"from": "Wie es heißt"}).status_code == 303

    words = {"from": "Was für eins", "unknown": "reject"}
    shown = text_of(save(admin, net, "medium_type", "words", **words).text)
    assert "Streifen (2×)" in shown
    assert shown.index("Streifen (2×)") < shown.index("Kram (1×)")
    words |= {"word.0": "Streifen", "means.0": "video", "word.1": "Kram", "means.1": ""}
    tried = text_of(save(admin, net, "medium_type", "preview", **words).text)
    assert "würde abgelehnt: Medienart: Die Zuordnung sagt nicht, was „Kram“ bedeutet" in tried
    assert "Medienart: vorher – → nachher Film und Video" in tried or "nachher Video" in tried
    assert save(admin, net, "medium_type", **words).status_code == 303
    subjects = {"from": "Worum", "separator": ",", "word.0": "Bio-Logie", "means.0": "080"}
    assert save(admin, net, "subjects", **subjects).status_code == 303

    report = sync(net.hub.db, net.site("borken"), "tables")
    assert (report.added, report.rejected) == (2, 1)
    bees = records(net)["Bienen"]
    assert (bees["medium_type"], bees["subjects"]) == ("video", ["080"])
    assert bees["keywords"] == ["Natur"]
    page = text_of(admin.get(PAGE).text)
    assert "Vorschau: ohne und mit Zuordnung" in page
    assert "Zuordnung geändert" in page

    # A column that has gone is said on the page, and by the run.
    folder = net.hub.settings.config / "sites" / "borken"
    (folder / "medien.csv").write_text(MEDIA.replace("Was für eins", "Sorte"), encoding="utf-8")
    send(admin, PAGE, f"{PAGE}/stichprobe")
    Worker(net.hub, schedules=lambda _: []).run(once=True)
    page = text_of(admin.get(PAGE).text)
    assert "„Was für eins“ kommt in der Stichprobe nicht vor" in page
    found = preview(net.hub.db, net.site("borken"), "tables")
    assert any("no table has the column “Was für eins”" in one.reason for one in found.rejects)


def test_two_admins_undo_and_history(admin: FlaskClient, net: Network) -> None:
    first = stored(net).version
    assert save(admin, net, "title", **{"from": "Wie es heißt"}).status_code == 303
    late = save(admin, net, "title", version=first, **{"from": "Worum"})
    assert late.status_code == 409
    assert "changed meanwhile" in text_of(late.text)
    assert stored(net).mapping == {"title": {"from": ["Wie es heißt"]}}
    answer = send(admin, PAGE, f"{PAGE}/zuruecknehmen", version=stored(net).version)
    assert answer.status_code == 303
    assert stored(net).mapping == {}
    assert "Letzte Änderung zurückgenommen" in text_of(admin.get(PAGE).text)
    assert save(admin, net, "title", **{"from": "Wie es heißt"}).status_code == 303
    assert save(admin, net, "title", "remove").status_code == 303
    assert stored(net).mapping == {}
    # What is no change of the mapping is not undone from its page.
    activations.configure(net.hub, "borken", "tables", stored(net).config, actor="test")
    refused = send(admin, PAGE, f"{PAGE}/zuruecknehmen", version=stored(net).version)
    assert refused.status_code == 409


def test_bad_input_changes_nothing(admin: FlaskClient, net: Network) -> None:
    assert save(admin, net, "title").status_code == 400
    unknown = save(admin, net, "kind", **{"from": "Worum", "word.0": "x", "means.0": "boat"})
    assert unknown.status_code == 400
    assert "there is no code “boat”" in text_of(unknown.text)
    for content, said in ((b"{", "line 1"), (b'{"format": 1}', "format"), (b"", "Wählen Sie")):
        sent = {"datei": (io.BytesIO(content), "z.json" if content else "")}
        answer = send(admin, PAGE, f"{PAGE}/datei", version=stored(net).version, **sent)
        assert answer.status_code == 400
        assert said in text_of(answer.text)
    assert send(admin, PAGE, f"{PAGE}/uebernehmen", von="site:nirgends").status_code == 404
    for address in (f"{PAGE}/feld/colour", "/borken/verwaltung/plugins/lending/zuordnung"):
        assert admin.get(address).status_code == 404
    assert stored(net).mapping == {}


def test_a_mapping_goes_from_site_to_site_and_through_files(
    admin: FlaskClient, net: Network
) -> None:
    save(admin, net, "title", **{"from": "Wie es heißt"})
    file = admin.get(f"{PAGE}/datei")
    assert json.loads(file.data)["fields"] == {"title": {"from": ["Wie es heißt"]}}
    save(admin, net, "title", "remove")
    sent = {"datei": (io.BytesIO(file.data), "z.json")}
    send(admin, PAGE, f"{PAGE}/datei", version=stored(net).version, **sent)
    assert stored(net).mapping == {"title": {"from": ["Wie es heißt"]}}

    library = net.hub.settings.config / "mappings"
    library.mkdir()
    other = file.data.replace("Wie es heißt".encode(), b"Titel").replace(b"Borken", b"Hagen")
    (library / "hagen.json").write_bytes(other)
    (library / "kaputt.json").write_text("{")
    assert "Hagen" in text_of(admin.get(PAGE).text)
    version = stored(net).version
    answer = send(admin, PAGE, f"{PAGE}/uebernehmen", von="file:hagen", version=version)
    assert answer.status_code == 303
    assert stored(net).mapping == {"title": {"from": ["Titel"]}}
    # Another site's is offered only to who may look at it.
    activations.enable(net.hub, "coesfeld", "tables", stored(net).config, actor="test")
    activations.put_mapping(
        net.hub, "coesfeld", "tables", {"title": {"from": ["Name"]}}, actor="test"
    )
    assert 'value="site:coesfeld"' not in admin.get(PAGE).text
    assert send(admin, PAGE, f"{PAGE}/uebernehmen", von="site:coesfeld").status_code == 404
    activations.share_mapping(net.hub, "coesfeld", "tables", True, actor="test")
    assert 'value="site:coesfeld"' in admin.get(PAGE).text
    activations.undo(net.hub, "coesfeld", "tables", actor="test")
    assert 'value="site:coesfeld"' not in admin.get(PAGE).text
    log_in(admin, net.hub, Role.NETWORK_ADMIN)
    assert 'value="site:coesfeld"' in admin.get(PAGE).text
    version = stored(net).version
    answer = send(admin, PAGE, f"{PAGE}/uebernehmen", von="site:coesfeld", version=version)
    assert answer.status_code == 303
    assert stored(net).mapping == {"title": {"from": ["Name"]}}


def test_a_mapping_is_shared_and_no_longer(admin: FlaskClient, net: Network) -> None:
    save(admin, net, "title", **{"from": "Wie es heißt"})
    assert "Nur wer diese Anbindung sehen darf" in text_of(admin.get(PAGE).text)
    first = stored(net).version
    for wanted, said in (("1", "Jedes andere Zentrum darf"), ("", "Nur wer diese Anbindung")):
        version = stored(net).version
        answer = send(admin, PAGE, f"{PAGE}/freigeben", version=version, freigabe=wanted)
        assert answer.status_code == 303
        assert said in text_of(admin.get(PAGE).text)
        assert stored(net).mapping_shared is (wanted == "1")
        assert stored(net).mapping, "sharing leaves the mapping as it is"
    late = send(admin, PAGE, f"{PAGE}/freigeben", version=first, freigabe="1")
    assert late.status_code == 409
    assert not stored(net).mapping_shared


def test_any_plugin_is_mapped_that_gives_its_words(admin: FlaskClient, net: Network) -> None:
    net.plugin.maps = fieldmap.CODED
    cursors: list[str | None] = []

    def script(cursor: str | None) -> Any:
        cursors.append(cursor)
        for number in range(2_100 if cursor is None else 0):
            word = f"Wort {number % 2_050}"
            yield Upsert(medium(f"m{number}", f"Titel {number}"), {"category": (word,)})
        yield Checkpoint("weiter", complete=cursor is None)

    net.play("borken", script)
    samples.run(net.hub, "borken", "scripted")
    where = f"{SCRIPTED}/feld/subjects"
    first = admin.get(f"{where}?aus=category").text
    assert "2.000 Wörter" in text_of(first) or "2000 Wörter" in text_of(first)
    assert "Wort 0 (2×)" in text_of(first)
    assert first.count('name="word.') == 50
    assert "seite=40" in first
    found = admin.get(f"{where}?aus=category&wort=WORT 104").text
    assert found.count('name="word.') == 11, "104 and 1040 to 1049"
    assert 'name="aus" value="category"' in found, "what was chosen is not lost by searching"
    assert (
        "Kein Wort der Stichprobe enthält „xyz“" in admin.get(f"{where}?aus=category&wort=xyz").text
    )
    sync(net.hub.db, net.site("borken"), "scripted")
    form = {"from": "category", "word.0": "Wort 0", "means.0": "080", "action": "save"}
    answer = send(admin, where, version=stored(net, "scripted").version, **form)
    assert answer.status_code == 303
    # Another page keeps what the first one said.
    form = {"from": "category", "word.50": "Wort 99", "means.50": "-", "action": "save"}
    send(admin, f"{where}?seite=2", version=stored(net, "scripted").version, **form)
    assert stored(net, "scripted").mapping["subjects"]["values"] == {"Wort 0": "080", "Wort 99": ""}
    sync(net.hub.db, net.site("borken"), "scripted")
    sync(net.hub.db, net.site("borken"), "scripted")
    assert cursors[2:] == [None, "weiter"], "the mapping was new, so all was read anew"
    assert records(net, "scripted")["Titel 2050"]["subjects"] == ["080"]
    assert "keywords" not in records(net, "scripted")["Titel 99"]
