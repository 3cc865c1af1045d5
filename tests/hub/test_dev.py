"""`hub dev`: what is written is what is served, without starting it again."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

CODE = """
from hub import PersonalData, Plugin, hookimpl

class Draft(Plugin):
    name = "draft"
    title = {"de": "Erster Entwurf", "en": "First draft"}
    personal_data = (PersonalData(*[{"de": "Entwurfsdaten", "en": "x"}] * 3),)

    @hookimpl
    def health(self):
        pass
"""
ENTRY = "[hub.plugins]\ndraft = hub_draft:Draft\n"
MAIN = "from hub.cli import main; main()"


def until(true: Callable[[], bool], what: str) -> None:
    """Wait for something that another process does."""
    end = time.monotonic() + 180
    while not true():
        assert time.monotonic() < end, what
        time.sleep(0.1)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """An installed plugin whose code lies where it is written."""
    folder = tmp_path / "packages"
    (folder / "hub_draft").mkdir(parents=True)
    (folder / "hub_draft" / "__init__.py").write_text(CODE, encoding="utf-8")
    about = folder / "hub_plugin_draft-0.1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: hub-plugin-draft\nVersion: 0.1\n")
    (about / "entry_points.txt").write_text(ENTRY)
    return folder


@pytest.fixture
def environment(package: Path, tmp_path: Path) -> dict[str, str]:
    clean = {name: text for name, text in os.environ.items() if not name.startswith("HUB_")}
    path = os.pathsep.join([str(package), *sys.path])
    return {**clean, "PYTHONPATH": path, "HUB_VAR": str(tmp_path / "var"), "NO_COLOR": "1"}


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


@pytest.fixture
def said(environment: dict[str, str], port: int, tmp_path: Path) -> Iterator[Path]:
    """What `hub dev` says while it serves."""
    out = tmp_path / "said.txt"
    with out.open("w") as file:
        serving = subprocess.Popen(
            [sys.executable, "-c", MAIN, "dev", "--port", str(port)],
            stdout=file,
            stderr=file,
            env=environment,
            cwd=tmp_path,
            start_new_session=True,
        )
        yield out
        os.killpg(serving.pid, 15)
        serving.wait(timeout=20)


def test_a_change_of_a_plugin_is_served(
    said: Path, port: int, package: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    notice = f"http://127.0.0.1:{port}/datenschutz"

    def page() -> str:
        try:
            return requests.get(notice, timeout=10).text
        except requests.ConnectionError:
            return ""

    until(lambda: "Datenschutz" in page(), "it serves")
    text = said.read_text(encoding="utf-8")
    assert "with the password" in text
    dev = tmp_path / "var" / "dev"
    key = (dev / "secret-key.txt").read_text()
    assert key not in text
    assert re.search(rf"export HUB_VAR={re.escape(str(dev))}$|HUB_VAR={re.escape(str(dev))} ", text)
    assert not (tmp_path / "var" / "hub.sqlite3").exists(), "a database of its own"
    subprocess.run(
        [sys.executable, "-c", MAIN, "plugins", "enable", "borken", "draft"],
        check=True,
        capture_output=True,
        env={**environment, "HUB_VAR": str(dev), "HUB_SECRET_KEY": key},
    )
    until(lambda: "Erster Entwurf" in page(), "the plugin is enabled")
    code = package / "hub_draft" / "__init__.py"
    code.write_text(CODE.replace("Erster Entwurf", "Zweiter Entwurf"), encoding="utf-8")
    until(lambda: "Zweiter Entwurf" in page(), "the change is served")
    code.write_text("this is no Python", encoding="utf-8")
    until(lambda: "Zweiter Entwurf" not in page() and "Datenschutz" in page(), "it is off")
    code.write_text(CODE, encoding="utf-8")
    until(lambda: "Erster Entwurf" in page(), "mended, it is served again")
