"""`hub mapping`: a mapping is taken in, tried out, shown and passed on in the shell."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hub import activations
from hub.cli import main
from hub.runtime import Hub
from hub.settings import Settings
from tests.hub.conftest import site_row

FILE = {
    "format": "hub-mapping",
    "version": 1,
    "plugin": "tables",
    "fields": {
        "title": {"from": ["Wie es heißt"]},
        "medium_type": {"from": ["Sorte"], "values": {"Streifen": "video"}, "unknown": "reject"},
    },
}


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["mapping", *map(str, arguments)])


def test_a_mapping_in_the_shell(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("database_url", "secret_key", "var", "config"):
        monkeypatch.setenv(f"HUB_{name.upper()}", str(getattr(settings, name)))
    folder = settings.config / "sites" / "borken"
    folder.mkdir(parents=True)
    (folder / "m.csv").write_text("Wie es heißt;Sorte\nVulkane;Streifen\nBienen;Kram\n", "utf-8")
    with Hub.open(settings) as hub:
        with hub.db.write() as session:
            session.add(site_row("borken", 0))
        config = {"tables": [{"name": "m", "file": "m.csv", "kind": "medium"}]}
        activations.enable(hub, "borken", "tables", config, actor="test")
    file = tmp_path / "z.json"
    file.write_text(json.dumps(FILE), "utf-8")
    tried = run("preview", "borken", "tables", "--file", file, "--json")
    assert tried.exit_code == 0, tried.output
    first, second = json.loads(tried.output)
    assert not first["rejected"]
    assert "“Kram”" in second["rejected"]
    assert run("show", "borken", "tables", "--json").output.strip() == "{}"
    taken = run("import", "borken", "tables", file)
    assert "a mapping of 2 fields" in taken.output
    assert "Streifen" not in run("show", "borken", "tables").output
    assert "medium_type" in run("show", "borken", "tables").output
    assert json.loads(run("export", "borken", "tables").output)["fields"] == FILE["fields"]
    assert run("export", "borken", "tables", "--output", tmp_path / "o.json").exit_code == 0
    file.write_text("{", "utf-8")
    for arguments, said in (
        (("import", "borken", "tables", file), "z.json: The file is no JSON: line 1"),
        (("show", "nirgends", "tables"), "There is no site"),
        (("show", "borken", "feed"), "never enabled"),
        (("show", "borken", "lending"), "never enabled"),
    ):
        refused = run(*arguments)
        assert refused.exit_code == 1
        assert said in refused.output
