"""`hub users`: the first admin, roles, and ways back in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hub.cli import main
from hub.identity import people
from hub.runtime import Hub
from tests.sources import network


@pytest.fixture
def hub(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setenv("HUB_DATABASE_URL", database_url)
    monkeypatch.setenv("HUB_CONFIG", str(tmp_path))
    monkeypatch.setenv("HUB_VAR", str(tmp_path))
    monkeypatch.setenv("HUB_BASE_URL", "https://hub.example")
    with network(database_url, tmp_path, ["borken"]) as net:
        yield net.hub


def run(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(main, ["users", *arguments])
    assert result.exit_code == code, result.output
    return result


def listed() -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(run("list", "--json").stdout)
    return found


def code_in(output: str) -> str:
    found = re.search(r"https://hub\.example/anmelden/einmal/(\S+)", output)
    assert found, output
    return found[1]


def test_the_first_admin_gets_a_link(hub: Hub) -> None:
    said = run("add", "Gudrun Tenbrink", "--role", "site_admin", "--site", "borken").output
    with hub.db.write() as session:
        assert people.redeem(session, code_in(said)) == 1
    (one,) = listed()
    assert one["name"] == "Gudrun Tenbrink"
    assert one["roles"] == [{"role": "site_admin", "site": "borken", "source": "local"}]
    assert "site_admin@borken" in run("list").output


def test_roles_are_given_and_taken(hub: Hub) -> None:
    run("add", "Robert Engels")
    run("grant", "1", "network_admin")
    assert listed()[0]["roles"] == [{"role": "network_admin", "site": None, "source": "local"}]
    run("revoke", "1", "network_admin")
    assert listed()[0]["roles"] == []
    assert "was not given" in run("revoke", "1", "network_admin", code=1).output


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("grant", "9", "staff", "--site", "borken"), "There is no person 9"),
        (("grant", "1", "staff"), "needs a site"),
        (("grant", "1", "network_admin", "--site", "borken"), "belongs to no site"),
        (("grant", "1", "staff", "--site", "nirgends"), "There is no site"),
        (("add", "X", "--role", "staff", "--site", "nirgends"), "There is no site"),
        (("link", "9"), "There is no person 9"),
    ],
)
def test_what_cannot_be_is_explained(hub: Hub, arguments: tuple[str, ...], why: str) -> None:
    run("add", "Robert Engels")
    assert why in run(*arguments, code=1).output


def test_a_person_who_is_locked_out_gets_a_link_and_is_logged_out(hub: Hub) -> None:
    run("add", "Robert Engels")
    said = run("link", "1").output
    with hub.db.write() as session:
        assert people.redeem(session, code_in(said)) == 1
    assert "0 sessions" in run("end-sessions", "1").output
