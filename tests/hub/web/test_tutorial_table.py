"""docs/tabelle-einlesen.md: its table, entries and labels are those of the pages, step by step."""

from __future__ import annotations

import json
import re
from pathlib import Path

import sqlalchemy as sa
from flask.testing import FlaskClient

from hub import activations, models
from hub.catalogue import vocabulary
from hub.identity.actor import Role
from hub.jobs.worker import Worker
from tests.hub.web.test_pages import text_of
from tests.identities import log_in, send
from tests.sources import Network

TEXT = (Path(__file__).parents[3] / "docs" / "tabelle-einlesen.md").read_text(encoding="utf-8")
STEPS = dict(re.findall(r"^## (\d)\. [^\n]*\n(.*?)(?=^## |\Z)", TEXT, re.DOTALL | re.MULTILINE))
PAGE = "/borken/verwaltung/plugins/tables"
MAP = f"{PAGE}/zuordnung"


def rows(step: str) -> dict[str, str]:
    """What the tables of a step say: label or word → entry."""
    pairs = re.findall(r"^\| (.+?) \| (.+?) \|$", STEPS[step], re.MULTILINE)
    return {name.strip("*`"): value.strip("*`") for name, value in pairs if name != "Feld"}


def labels(step: str) -> set[str]:
    found = re.findall(r"\*\*(.+?)\*\*", STEPS[step], re.DOTALL)
    return {" ".join(one.split()) for one in found}


def test_the_tutorial_can_be_walked(client: FlaskClient, net: Network) -> None:
    seen: list[str] = []

    def look(address: str) -> str:
        seen.append(text_of(client.get(address).text))
        return seen[-1]

    def done(step: str) -> None:
        shown = " ".join(seen)
        assert labels(step), step
        assert [one for one in labels(step) if one not in shown] == [], f"step {step}"
        seen.clear()

    def work() -> None:
        Worker(net.hub, schedules=lambda _: []).run(once=True)

    log_in(client, net.hub, Role.SITE_ADMIN, "borken")
    (table,) = re.findall(r"^```csv\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
    entries = rows("2")
    folder = net.hub.settings.config / "sites" / "borken"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / entries["Datei"]).write_text(table, encoding="utf-8")

    look("/borken/verwaltung")
    look("/borken/verwaltung/plugins")
    look(PAGE)
    names = {"Datei": "file", "Kurzname": "name", "Angebotsart": "kind"}
    form = {f"tables.0.{names[label]}": entry for label, entry in entries.items()}
    form["tables.count"] = "1"
    seen.append(text_of(send(client, PAGE, action="test", **form).text))
    assert activations.configured(net.hub, "borken", "tables") is None
    assert send(client, PAGE, action="save", **form).status_code == 303
    done("2")

    look(PAGE)
    look(MAP)
    send(client, MAP, f"{MAP}/stichprobe")
    work()
    assert "Was es ist : 3 Einträge" in look(MAP)
    done("3")

    links = re.findall(r'/zuordnung/feld/(\w+)"[^>]*>([^<]+)<', client.get(MAP).text)
    fields = {label.strip(): field for field, label in links}
    columns = {label: entry for label, entry in rows("4").items() if label in fields}
    assert len(columns) == 3
    for label, column in columns.items():
        save(client, net, seen, fields[label], {"from": column})
    subjects = {
        vocabulary.label("subject", code, "de"): code for code in vocabulary.subject_facet()
    }
    form = {"from": "Wofür", "separator": ","}
    meanings = {word: entry for word, entry in rows("4").items() if entry in subjects}
    assert len(meanings) == 2
    for number, (word, label) in enumerate(meanings.items()):
        form |= {f"word.{number}": word, f"means.{number}": subjects[label]}
    save(client, net, seen, fields["Fächer"], form)
    look(MAP)
    done("4")

    look(f"{PAGE}/probelauf")
    send(client, f"{PAGE}/probelauf", f"{PAGE}/probelauf")
    work()
    assert "Trickfilmkoffer (geraete:S-03)" in look(f"{PAGE}/probelauf")
    assert found(net) == {}
    done("5")

    look(PAGE)
    send(client, PAGE, f"{PAGE}/einlesen")
    work()
    assert "3 neu" in look("/borken/verwaltung/plugins")
    offers = found(net)
    assert offers["Dokumentenkamera"][1]["quantity"] == 4
    assert offers["Dokumentenkamera"][1]["subjects"] == ["080"]
    assert len(offers["Wärmebildkamera"][1]["subjects"]) == 2, "the hub knows physics by itself"
    number = offers["Trickfilmkoffer"][0]
    look(f"/angebot/{number}")
    assert "Kunst-AG" in look(f"/borken/verwaltung/laeufe/angebot/{number}")
    done("6")


def save(
    client: FlaskClient, net: Network, seen: list[str], field: str, form: dict[str, str]
) -> None:
    """Show the words or a preview, then save."""
    for action in ("words", "preview", "save"):
        row = activations.configured(net.hub, "borken", "tables")
        assert row is not None
        answer = send(client, f"{MAP}/feld/{field}", action=action, version=row.version, **form)
        assert answer.status_code == (303 if action == "save" else 200)
        seen.append(text_of(answer.text))


def found(net: Network) -> dict[str, tuple[int, dict[str, object]]]:
    """Title → number and record of what the table gave."""
    with net.hub.db.read() as session:
        query = sa.select(models.Offer).where(models.Offer.plugin == "tables")
        return {one.title: (one.id, json.loads(one.record)) for one in session.scalars(query)}
