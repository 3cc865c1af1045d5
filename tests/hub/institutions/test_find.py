"""Finding a school, and one's centre, on pages, over REST and in the shell."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from hub.app import create_app
from hub.cli import main
from hub.institutions import find, register
from hub.institutions.find import fold
from hub.institutions.register import RegisterError
from tests.pages import SCHOOLS, take_in_schools
from tests.sources import Network, network, site_row

TODAY = date(2026, 3, 4)


@pytest.fixture
def net(database_url: str, tmp_path: Path) -> Iterator[Network]:
    with network(database_url, tmp_path, ()) as made:
        with made.hub.db.write() as session:
            session.add(site_row("borken", 1, ags=["05554"], contact={"town": "Borken"}))
            session.add(
                site_row("coesfeld", 2, ags=["05558"], branches=[{"name": "B", "town": "Dülmen"}])
            )
        take_in_schools(made, SCHOOLS)
        made.hub.sites.refresh()
        yield made


@pytest.fixture
def client(net: Network) -> FlaskClient:
    return create_app(net.hub).test_client()


def found(net: Network, text: str) -> tuple[list[str], tuple[str, ...], str]:
    with net.hub.db.read() as session:
        answer = find.find(session, text, TODAY)
        names = [str(hit.institution.school_id)[-6:] for hit in answer.hits]
    return names, answer.sites, answer.near


@pytest.mark.parametrize(
    ("text", "schools", "sites", "near"),
    [
        ("900001", ["900001"], ("borken",), ""),
        ("NW_900001", ["900001"], ("borken",), ""),
        ("46325", ["900001", "900003"], ("borken",), ""),
        ("46329", ["900001", "900003"], ("borken",), "4632"),
        ("48650", ["900004", "900006"], ("coesfeld",), "4865"),
        ("borken", ["900001", "900003"], ("borken",), ""),
        ("  BORKEN kranich ", ["900001"], ("borken",), ""),
        ("Koeln", ["900005"], (), ""),
        ("gesamtschule", ["900004", "900005"], ("coesfeld",), ""),
        ("ranichteich", [], (), ""),
        ("99999", [], (), ""),
        ("900009", [], (), ""),
        ("0972", [], (), ""),
        ("%", [], (), ""),
        ("_______", [], (), ""),
        ("", [], (), ""),
    ],
)
def test_schools_and_centres_are_found(
    net: Network, text: str, schools: list[str], sites: tuple[str, ...], near: str
) -> None:
    assert found(net, text) == (schools, sites, near)


@given(st.text(max_size=60))
def test_folding_is_stable_and_knows_umlauts(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert fold("Münster") == fold("MUENSTER") == fold("Munster")


def test_the_page_leads_to_the_centre(client: FlaskClient) -> None:
    page = client.get("/zentren/finden?q=46325").get_data(as_text=True)
    assert "Ihr Medienzentrum" in page
    assert 'href="/zentren/borken"' in page
    assert "geschlossen seit 31. Juli 2020" in page
    page = client.get("/zentren/finden?q=gymnasium").get_data(as_text=True)
    assert "<script>alert" not in page
    assert "schließt am 31. Juli 2099" in page
    page = client.get("/zentren/finden?q=duelmen").get_data(as_text=True)
    assert 'href="/zentren/coesfeld"' in page
    page = client.get("/zentren/finden?q=46329").get_data(as_text=True)
    assert "deren Postleitzahl mit 4632 beginnt" in page
    assert "Nichts gefunden" in client.get("/zentren/finden?q=xyz").get_data(as_text=True)


def test_rest_says_who_serves_a_school(client: FlaskClient) -> None:
    answer = client.get("/api/v1/schools?q=900001").get_json()
    assert answer["total"] == 1
    (school,) = answer["items"]
    assert school["school_id"] == "DE-NW-900001"
    assert school["form"] == {"code": "02", "label": "Grundschule"}
    assert [site["key"] for site in school["sites"]] == ["borken"]
    assert client.get("/api/v1/schools").status_code == 400
    assert client.get("/api/v1/schools?q=x&farbe=rot").status_code == 400


KITA = {"kind": "kita", "name": "Kita Regenbogen", "postcode": "46325", "town": "Borken"}


def test_others_are_entered_by_hand(net: Network) -> None:
    with net.hub.db.write() as session:
        row, outcome = register.put(session, KITA, ["borken"], actor="test")
        assert outcome == "added"
        again, outcome = register.put(session, KITA, ["borken"], actor="test")
        assert (again.id, outcome) == (row.id, "unchanged")
        _, outcome = register.put(session, {**KITA, "phone": "1"}, ["borken"], actor="test")
        assert outcome == "changed"
        register.close(session, row.id, TODAY, actor="test")
    with net.hub.db.read() as session:
        hits = find.find(session, "regenbogen", TODAY).hits
        assert [(hit.institution.closed_on, hit.sites) for hit in hits] == [(TODAY, ("borken",))]


@pytest.mark.parametrize(
    ("values", "sites", "message"),
    [
        ({"kind": "school gate"}, ["borken"], "kind"),
        ({"name": ""}, ["borken"], "name"),
        ({"name": "x" * 300}, ["borken"], "name"),
        ({"name": "a\x00b"}, ["borken"], "name"),
        ({"postcode": "4632"}, ["borken"], "postcode"),
        ({"email": "nobody"}, ["borken"], "email"),
        ({"website": "javascript:alert(1)"}, ["borken"], "website"),
        ({}, ["nirgends"], "no site nirgends"),
        ({}, [], "Name the site"),
    ],
)
def test_what_is_wrong_is_not_entered(
    net: Network, values: dict[str, str], sites: list[str], message: str
) -> None:
    with net.hub.db.write() as session, pytest.raises(RegisterError, match=message):
        register.put(session, {**KITA, **values}, sites, actor="test")


def test_a_listed_school_is_not_changed_by_hand(net: Network) -> None:
    values = {"kind": "school", "name": "Grundschule Am Kranichteich", "postcode": "46325"}
    with net.hub.db.write() as session, pytest.raises(RegisterError, match="list decides"):
        register.put(session, values, ["borken"], actor="test")


def hub(net: Network, *arguments: str) -> Result:
    settings = net.hub.settings
    environment = {
        "HUB_DATABASE_URL": settings.database_url,
        "HUB_CONFIG": str(settings.config),
        "HUB_VAR": str(settings.var),
    }
    return CliRunner().invoke(main, arguments, env=environment)


def test_the_command_line_takes_in_lists_and_finds(net: Network, tmp_path: Path) -> None:
    path = tmp_path / "schuldaten_2026-02.csv"
    path.write_text(SCHOOLS.replace("An der Furt", "An der Brücke"), encoding="utf-8")
    tried = hub(net, "schools", "import", str(path), "--dry-run")
    assert tried.exit_code == 0, tried.output
    assert "6 schools of 2026-02-01: 0 added, 1 changed" in tried.output
    assert "no centre serves district 05315: 1 schools" in tried.output
    done = json.loads(hub(net, "schools", "import", str(path), "--json").stdout)
    assert (done["counts"]["changed"], done["dry_run"]) == (1, False)
    assert hub(net, "schools", "import", str(path), "--as-of", "2020-01-01").exit_code == 1

    shown = json.loads(hub(net, "schools", "show", "NW_900003", "--json").stdout)
    assert shown["name"] == "Grundschule An der Brücke"
    assert [one["event"] for one in shown["history"]] == ["changed", "added"]
    assert hub(net, "schools", "show", "123").exit_code == 1
    assert "Media centre: borken" in hub(net, "schools", "find", "46325").output
    assert hub(net, "schools", "find", "nirgends").exit_code == 1
    rows = json.loads(hub(net, "schools", "list", "--site", "borken", "--json").stdout)
    assert [row["school_id"][-6:] for row in rows] == ["900001", "900002"]
    closed = json.loads(hub(net, "schools", "list", "--closed", "--json").stdout)
    assert [row["school_id"][-6:] for row in closed] == ["900003"]


def test_a_table_of_others_is_taken_in_whole_or_not(net: Network, tmp_path: Path) -> None:
    path = tmp_path / "others.csv"
    path.write_text(
        "art;name;plz;ort;zentrum\nkita;Kita Mond;46325;Borken;borken\n"
        "club;Filmklub;48653;Coesfeld;coesfeld borken\n"
    )
    assert "2 added" in hub(net, "institutions", "import", str(path)).output
    assert "2 as before" in hub(net, "institutions", "import", str(path)).output
    path.write_text("art;name;zentrum\nkita;Kita Sonne;borken\nkita;;borken\nkita;Drei;wo\n")
    wrong = hub(net, "institutions", "import", str(path))
    assert wrong.exit_code == 1
    assert "line 3" in wrong.output
    assert "line 4: There is no site wo" in wrong.output
    listed = json.loads(hub(net, "institutions", "list", "--kind", "kita", "--json").stdout)
    assert [row["name"] for row in listed] == ["Kita Mond"]
    number = str(listed[0]["id"])
    closed = hub(net, "institutions", "close", number, "--on", "2026-01-01")
    assert closed.exit_code == 0, closed.output
    assert json.loads(hub(net, "institutions", "list", "--kind", "kita", "--json").stdout) == []
