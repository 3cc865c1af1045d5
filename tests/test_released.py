"""Packages that earlier versions of `hub new-plugin` wrote still pass their own tests.

What lies in `released/<version>` is never changed. When a version is released, its three examples
are added; what fails here breaks plugins that others have written (docs/plugins.md, “What stays”).
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

RELEASED = Path(__file__).parent / "released"
VERSIONS = sorted(path.name for path in RELEASED.iterdir() if path.is_dir())


@pytest.mark.parametrize("version", VERSIONS)
def test_a_package_of_an_earlier_version_works_on(version: str, tmp_path: Path) -> None:
    packages = sorted(path for path in (RELEASED / version).iterdir() if path.is_dir())
    assert {"booking", "catalogue", "identity"} <= {path.name for path in packages}
    # Not from the root of the checkout, whose settings for pytest are not theirs.
    options = ["-q", "-p", "no:cacheprovider", "--import-mode=importlib", "-c", os.devnull]
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *(str(path / "tests") for path in packages)],
        check=False,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([*sys.path, *map(str, packages)])},
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "passed" in ran.stdout
