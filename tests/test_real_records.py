"""The real files of the field arrive by `hub sync`, through the plugins, and the pages show them.

350 RSS items, 16 AMB records, 5 ELIXIER records, and 11 ARIX records served by the stand-in.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask.testing import FlaskClient

from hub.app import create_app
from hub.cli import main
from hub.runtime import Hub
from hub.settings import load
from tests.servers.arix import running

NETWORK = Path(__file__).resolve().parent.parent / "config" / "network.toml"
FILES = {
    "borken": ("siemens_stiftung_2018.rss.xml", 350),
    "muenster": ("serlo_amb_sample.json", 16),
    "unna": ("elixier_example.xml", 5),
}
ARIX = ("arix_search_result_hh_einstein.xml", "arix_record_xmedienlb-5552796.xml")


@pytest.fixture
def environment(database_url: str, tmp_path: Path, shared_data: Path) -> Iterator[dict[str, str]]:
    """A configured hub: three centres with a file each, one with an ARIX server."""
    sites = tmp_path / "config" / "sites"
    sites.mkdir(parents=True)
    shutil.copy(NETWORK, sites.parent / "network.toml")
    for key, (name, _) in FILES.items():
        (sites / key).mkdir()
        shutil.copy(shared_data / "records" / name, sites / key / name)
        (sites / f"{key}.toml").write_text(f'[plugins.feed]\nfile = "{name}"\n', encoding="utf-8")
    records = tmp_path / "arix"
    records.mkdir()
    for name in ARIX:
        shutil.copy(shared_data / "records" / name, records / name)
    with running("--data", records) as address:
        (sites / "viersen.toml").write_text(
            f'[plugins.edmond]\naddress = "{address}"\n', encoding="utf-8"
        )
        network = (sites.parent / "network.toml").read_text(encoding="utf-8")
        marker = 'key = "viersen"\n'
        assert marker in network
        network = network.replace(marker, f'{marker}internal_hosts = ["127.0.0.1"]\n')
        (sites.parent / "network.toml").write_text(network, encoding="utf-8")
        yield {
            "HUB_DATABASE_URL": database_url,
            "HUB_CONFIG": str(sites.parent),
            "HUB_VAR": str(tmp_path / "var"),
        }


@pytest.fixture
def client(environment: dict[str, str]) -> Iterator[FlaskClient]:
    with Hub.open(load(environment)) as hub:
        yield create_app(hub).test_client()


def run(environment: dict[str, str], *arguments: str) -> Result:
    result = CliRunner().invoke(main, arguments, env=environment, catch_exceptions=False)
    assert result.exit_code == 0, result.output + result.stderr
    return result


def test_real_records_are_taken_in_and_shown(
    environment: dict[str, str], client: FlaskClient
) -> None:
    run(environment, "init")
    reports: list[dict[str, Any]] = json.loads(run(environment, "sync", "--json").stdout)
    assert {(r["site"], r["plugin"], r["state"], r["added"], r["rejected"]) for r in reports} == {
        ("borken", "feed", "succeeded", 350, 0),
        ("muenster", "feed", "succeeded", 16, 0),
        ("unna", "feed", "succeeded", 5, 0),
        ("viersen", "edmond", "succeeded", 11, 0),
    }

    again = json.loads(run(environment, "sync", "--full", "--json").stdout)
    assert sum(r["unchanged"] for r in again) == 382
    assert not any(r["added"] or r["changed"] or r["withdrawn"] for r in again)

    for query, title in {
        "Auge": "Aufbau des Auges (Längsschnitt)",
        "Einstein": "Einstein",
        "5552796": "Basiswissen Politik",
        "Kohlmeise Vögel": "Vögel auf www.natur-lexikon.com",
    }.items():
        page = client.get("/suche", query_string={"q": query}).get_data(as_text=True)
        assert title in page.replace("<mark>", "").replace("</mark>", ""), query


def test_every_real_record_has_its_page(environment: dict[str, str], client: FlaskClient) -> None:
    run(environment, "init")
    run(environment, "sync")
    for number in range(1, 383):
        answer = client.get(f"/angebot/{number}")
        assert answer.status_code == 200
        text = answer.get_data(as_text=True)
        assert "~br" not in text
        assert "Ã¤" not in text
