"""`hub new-plugin`: every package passes its own tests, and is one that a reader likes."""

from __future__ import annotations

import importlib.util
import itertools
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from hub.cli import main
from hub.installed import Installed
from hub.judge import judge
from hub.scaffold import Kind
from hub.testing import Entry

KINDS = list(itertools.product([one.value for one in Kind], ["--example", "--empty"]))


def new_plugin(*arguments: str, answers: str = "") -> Result:
    return CliRunner().invoke(main, ["new-plugin", "--no-install", *arguments], input=answers)


def load(folder: Path, module: str) -> Any:
    spec = importlib.util.spec_from_file_location(module, folder / module / "__init__.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def test_all_packages_pass_their_own_tests(tmp_path: Path) -> None:
    folders = []
    for kind, example in KINDS:
        name = f"{kind}_{example.strip('-')}"
        folders.append(tmp_path / name)
        done = new_plugin(
            name, "--kind", kind, "--personal-data", example, "--directory", str(folders[-1])
        )
        assert done.exit_code == 0, done.output
    tests = [str(folder / "tests") for folder in folders]
    options = ["-q", "-p", "no:cacheprovider", "--import-mode=importlib", "-W", "error"]
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *tests],
        check=False,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([*sys.path, *map(str, folders)])},
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize(("kind", "example"), KINDS)
@pytest.mark.parametrize("personal", ["--personal-data", "--no-personal-data"])
def test_what_is_written_is_well_judged(
    kind: str, example: str, personal: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "package"
    done = new_plugin("some_thing", "--kind", kind, personal, example, "--directory", str(folder))
    if (kind, example, personal) == ("booking", "--example", "--no-personal-data"):
        assert done.exit_code == 1
        assert "--personal-data, or --empty" in done.output
        assert not folder.exists()
        return
    assert done.exit_code == 0, done.output
    module = load(folder, "hub_some_thing")
    monkeypatch.setitem(sys.modules, "hub_some_thing", module)
    problems = judge(Installed([Entry(module.SomeThing)]), "some_thing")
    if (kind, example, personal) == ("identity", "--example", "--no-personal-data"):
        assert ["identity_complete is given personal data" in one for one in problems] == [True]
    else:
        assert problems == []
    assert bool(module.SomeThing.personal_data) is (personal == "--personal-data")


def test_what_no_option_says_is_asked(tmp_path: Path) -> None:
    folder = tmp_path / "package"
    done = new_plugin("--directory", str(folder), answers="asked_for\nidentity\ny\nn\n")
    assert done.exit_code == 0, done.output
    assert 'category = "identity"' in (folder / "hub_asked_for" / "__init__.py").read_text("utf-8")
    assert "/borken/verwaltung/plugins/asked_for" in done.output


@pytest.mark.parametrize("name", ["City Library", "9lives", "käse", "a" * 41, "../up", "_x"])
def test_a_name_that_cannot_be_is_refused(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "package"
    done = new_plugin(
        name, "--kind", "catalogue", "--no-personal-data", "--empty", "--directory", str(folder)
    )
    assert done.exit_code == 1
    assert "lower-case" in done.output
    assert not folder.exists()


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    kept = tmp_path / "kept.txt"
    kept.write_text("mine")
    done = new_plugin(
        "again",
        "--kind",
        "catalogue",
        "--no-personal-data",
        "--empty",
        "--directory",
        str(tmp_path),
    )
    assert done.exit_code == 1
    assert "not empty" in done.output
    assert list(tmp_path.iterdir()) == [kept]
