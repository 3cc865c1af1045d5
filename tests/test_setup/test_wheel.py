"""A wheel built from the tree is the whole program and runs outside the checkout."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def unpacked(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("wheel") / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    return target


def python(unpacked: Path, *arguments: str) -> str:
    """Run Python where the wheel's files come before the checkout's."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    done = subprocess.run(
        [sys.executable, *arguments],
        check=False,
        capture_output=True,
        text=True,
        cwd=unpacked.parent,
        env={**environment, "PYTHONPATH": str(unpacked)},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("package", ["hub", "plugins", "connectors"])
def test_it_carries_every_file_of(package: str, unpacked: Path) -> None:
    files = {
        path.relative_to(ROOT)
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    missing = sorted(str(file) for file in files if not (unpacked / file).is_file())
    assert not missing


def test_it_carries_config(unpacked: Path) -> None:
    for path in (ROOT / "config").rglob("*"):
        if path.is_file():
            assert (unpacked / "hub" / "_config" / path.relative_to(ROOT / "config")).is_file()


def test_it_finds_its_own_config(unpacked: Path) -> None:
    code = "import hub.settings; print(hub.settings.load({}).config)"
    assert Path(python(unpacked, "-c", code).strip()) == unpacked / "hub" / "_config"


def test_it_names_the_bundled_plugins(unpacked: Path) -> None:
    (points,) = unpacked.glob("*.dist-info/entry_points.txt")
    assert "[hub.plugins]" in points.read_text()


def test_it_runs_outside_the_checkout(unpacked: Path) -> None:
    pytest.importorskip("hub.cli", reason="the command line is not written yet")
    assert "sync" in python(unpacked, "-c", "from hub.cli import main; main()", "--help")
