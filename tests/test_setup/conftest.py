"""The wheel of this tree, built once for a run."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import postgres

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def wheel(run_directory: Path) -> Path:
    """Built from a copy: setuptools writes into the tree that it builds from."""
    target = run_directory / "wheel"
    with postgres.locked(run_directory / "wheel.lock"):
        if not target.exists():
            _build(run_directory / "tree", run_directory / "wheel.new")
            (run_directory / "wheel.new").rename(target)
    (found,) = target.glob("*.whl")
    return found


def _build(tree: Path, target: Path) -> None:
    tree.mkdir()
    for name in ("setup.cfg", "setup.py", "pyproject.toml", "README.md"):
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, tree)
    for name in ("hub", "plugins", "connectors", "config"):
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index"]
    build += ["--no-build-isolation", "--wheel-dir", str(target), str(tree)]
    subprocess.run(build, check=True, capture_output=True)
    shutil.rmtree(tree)
