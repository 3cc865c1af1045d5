"""A wheel built from the tree is the whole program and runs outside the checkout."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy: setuptools writes into the tree that it builds from."""
    tree = tmp_path_factory.mktemp("tree")
    for name in ("setup.cfg", "setup.py", "pyproject.toml", "README.md"):
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, tree)
    for name in ("hub", "plugins", "connectors", "config"):
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    target = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index"]
    build += ["--no-build-isolation", "--wheel-dir", str(target), str(tree)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = target.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target / "site")
    return target / "site"


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
