"""`hub export`: every living offer in one file, which is there whole or not at all."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from lxml import etree

from hub.catalogue import export
from hub.catalogue.sync import sync
from hub.cli import main
from hub.formats import lom
from hub.records import Kind, Record
from tests.hub.formats.test_amb import schema
from tests.sources import Network, everything, medium, network

__all__ = ["schema"]

BASE = "http://127.0.0.1:8000"


@pytest.fixture
def net(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(export, "PAGE", 2)
    monkeypatch.setenv("HUB_DATABASE_URL", database_url)
    with network(database_url, tmp_path, ["borken", "lvr"]) as net:
        tablets = Record("t", Kind.DEVICE, "=1+1 Tablets", quantity=16)
        one, two, gone = medium("1", "Wald"), medium("2", "Fluss"), medium("3", "Moor")
        for records in ([one, two, gone, tablets, medium("4", "See")],
                        [one, two, tablets, medium("4", "See")]):  # fmt: skip
            net.play("borken", everything(*records))
            sync(net.hub.db, net.site("borken"), "scripted")
        net.play("lvr", everything(medium("5", "Meer")))
        sync(net.hub.db, net.site("lvr"), "scripted")
        yield net


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["export", *map(str, arguments)])


def test_json_lines(net: Network, tmp_path: Path) -> None:
    file = tmp_path / "all.jsonl"
    result = run("json", file)
    assert result.exit_code == 0, result.output
    assert f"{file}: 5 offers" in result.output
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert {line["title"] for line in lines} == {"Wald", "Fluss", "See", "Meer", "=1+1 Tablets"}
    assert lines[0]["origin"] == {
        "hub": BASE, "site": "borken", "site_name": "Medienzentrum Borken",
        "offer_id": lines[0]["id"],
    }  # fmt: skip


def test_amb_lines_are_valid(net: Network, tmp_path: Path, schema: Any) -> None:
    file = tmp_path / "all.amb"
    assert f"{file}: 4 offers" in run("amb", file).output
    for line in file.read_text(encoding="utf-8").splitlines():
        document = json.loads(line)
        assert not list(schema.iter_errors(document))
        assert document["mainEntityOfPage"][0]["id"].startswith(f"{BASE}/angebot/")


def test_lom_is_one_document(net: Network, tmp_path: Path) -> None:
    file = tmp_path / "all.xml"
    run("lom", file, "--site", "borken", "--kind", "medium")
    root = etree.parse(file).getroot()
    titles = [record.findtext(f".//{{{lom.LOM}}}title/{{{lom.LOM}}}string") for record in root]
    assert titles == ["Wald", "Fluss", "See"]


def test_csv_calculates_nothing(net: Network, tmp_path: Path) -> None:
    file = tmp_path / "all.csv"
    run("csv", file, "--kind", "device")
    with file.open(encoding="utf-8-sig", newline="") as text:
        (row,) = csv.DictReader(text, delimiter=";")
    assert row["title"] == "'=1+1 Tablets"
    assert row["quantity"] == "16"


def test_a_failure_leaves_the_older_file(
    net: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "dumps"
    folder.mkdir()
    file = folder / "all.csv"
    file.write_text("older")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    result = run("csv", file)
    assert result.exit_code == 1
    assert "No space left on device" in result.output
    assert file.read_text() == "older"
    assert os.listdir(folder) == ["all.csv"]


def test_wrong_wishes_are_told(net: Network, tmp_path: Path) -> None:
    assert "nirgends" in run("csv", tmp_path / "x", "--site", "nirgends").output
    assert "cannot be written" in run("csv", tmp_path / "nowhere" / "x").output
    assert not (tmp_path / "x").exists()
