"""Why single records were not taken in is said in German; English readers get it in English."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_babel import force_locale

import connectors
import hub
import plugins
from hub.catalogue import repeats
from hub.catalogue.sync import sync
from hub.identity.actor import Role
from hub.records import Checkpoint, Kind, Record, Reject, Upsert
from hub.web import language
from hub.web.reject_words import place_words, reason_words
from tests.hub.web.test_pages import text_of
from tests.identities import log_in
from tests.sources import Network

HUB, CONNECTORS, PLUGINS = (Path(str(one.__file__)).parent for one in (hub, connectors, plugins))
MAKERS = {"Reject": 1, "Unfit": 0, "Unmapped": 0, "Problem": 3, "Broken": 1, "ValueError": 0}
"""What holds a reason → the place of its argument."""
REJECTS_ONLY = {"Reject": 1}
NO_RECORD = {
    # Of whole documents, and notes on rows that are no records.
    "oai/tokens.py",
    "no column is taken for the title",
    "the title is missing",
    "§ is no JSON",
}


def sources() -> Iterator[tuple[Path, dict[str, int]]]:
    for folder in (HUB / "catalogue", HUB / "formats", CONNECTORS / "tables"):
        for path in sorted(folder.rglob("*.py")):
            if not any(path.as_posix().endswith(name) for name in NO_RECORD):
                yield path, MAKERS
    yield CONNECTORS / "feed.py", MAKERS
    for path in sorted(PLUGINS.rglob("*.py")):
        yield path, REJECTS_ONLY


def reasons(path: Path, makers: dict[str, int]) -> Iterator[str]:
    """Every reason written in a file, with § for what is put in when it is told."""
    tree = ast.parse(path.read_text())
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            written = {
                target.id: node.value
                for node in ast.walk(function)
                if isinstance(node, ast.Assign)
                for target in node.targets
                if isinstance(target, ast.Name)
            }
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
                    name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
                    at = makers.get(name)
                    if at is not None and len(node.args) > at:
                        given = node.args[at]
                        if isinstance(given, ast.Name):
                            given = written.get(given.id, given)
                        yield from literal(given)


def literal(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from literal(node.body)
        yield from literal(node.orelse)
    elif isinstance(node, ast.JoinedStr):
        parts = (part.value if isinstance(part, ast.Constant) else None for part in node.values)
        yield "".join("§" if part is None else str(part) for part in parts)


def told() -> list[str]:
    found = {reason for path, makers in sources() for reason in reasons(path, makers)}
    return sorted(found - NO_RECORD)


def sample(reason: str) -> str:
    """The reason with something in the places where something is put in."""
    reason = re.sub("^§: ", "title: ", reason).replace("both have §", "both have isbn “9”")
    return reason.replace("row §", "row 7").replace("than §", "than 500").replace("§", "Xyz")


@pytest.fixture(scope="module")
def in_german() -> Iterator[None]:
    """Everything is said in German while a test runs."""
    app = Flask(__name__)
    language.init_app(app)
    with app.test_request_context("/"):
        app.preprocess_request()
        yield


def test_reasons_are_found_in_the_code() -> None:
    found = told()
    assert len(found) > 50
    assert "title: missing" in found
    assert "neither yes nor no" in found
    assert "§: text was expected, not §" in found


@pytest.mark.usefixtures("in_german")
@pytest.mark.parametrize("reason", [*told(), repeats.TWICE])
def test_every_reason_of_the_code_has_its_german(reason: str) -> None:
    english = sample(reason)
    with force_locale("en"):
        again = reason_words(english)
    assert reason_words(english) not in (english, again)


@pytest.mark.usefixtures("in_german")
def test_cells_of_a_row_are_told_one_by_one() -> None:
    told = "Anzahl: no whole number (“2,5; etwa”); Datum: no such day: 31.2.2027 (“31.2.2027”)"
    assert reason_words(told) == (
        "Spalte „Anzahl“: keine ganze Zahl („2,5; etwa“); "
        "Spalte „Datum“: diesen Tag gibt es nicht: 31.2.2027 („31.2.2027“)"
    )
    cut = "Anzahl: no number (“viele”); Datum: neither a da"
    assert reason_words(cut) == "Spalte „Anzahl“: keine Zahl („viele“); Datum: neither a da"


@pytest.mark.usefixtures("in_german")
def test_what_a_foreign_plugin_tells_stays() -> None:
    assert reason_words("Die Serie hat keine Folgen.") == "Die Serie hat keine Folgen."
    assert reason_words("") == ""


@pytest.mark.usefixtures("in_german")
def test_places_of_records_without_an_id_are_told_too() -> None:
    assert place_words("Geräte!row 12") == "Geräte, Zeile 12"
    assert place_words("mapping subjects") == "Zuordnung von Fächer"
    assert place_words("5511494") == "5511494"


def test_the_page_of_a_run_and_its_file_tell_it_in_german(
    client: FlaskClient, net: Network
) -> None:
    def careless(cursor: str | None) -> Iterator[object]:
        yield Upsert(Record("1", Kind.MEDIUM, ""))
        yield Reject("Geräte!row 3", "Anzahl: no number (“viele”)")
        yield Checkpoint(None, complete=True)

    net.play("borken", careless)  # type: ignore[arg-type]
    number = sync(net.hub.db, net.site("borken"), "scripted").run_id
    log_in(client, net.hub, Role.SITE_ADMIN, "borken")
    shown = text_of(client.get(f"/borken/verwaltung/laeufe/{number}").text)
    assert "Titel: fehlt" in shown
    assert "Spalte „Anzahl“: keine Zahl („viele“)" in shown
    assert "Geräte, Zeile 3" in shown
    table = client.get(f"/borken/verwaltung/laeufe/{number}/abgelehnt.csv").text
    assert "Geräte, Zeile 3" in table
    assert "keine Zahl" in table
    english = text_of(client.get(f"/borken/verwaltung/laeufe/{number}?lang=en").text)
    assert "column “Anzahl”: no number (“viele”)" in english
