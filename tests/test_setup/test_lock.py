"""The locks name what is installed, by hash, and no address to fetch it from."""

import json
import re
from configparser import ConfigParser
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ["requirements.lock", "requirements-nodejs.lock"]


def entries(lock: str) -> list[str]:
    text = (ROOT / lock).read_text().replace("\\\n", " ")
    return [line for line in text.splitlines() if line.strip()]


@pytest.mark.parametrize("lock", LOCKS)
def test_every_entry_is_pinned_and_hashed(lock: str) -> None:
    assert entries(lock)
    for entry in entries(lock):
        assert re.match(r"[a-z0-9-]+==[\w.]+ ", entry), entry
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry


@pytest.mark.parametrize("name", [*LOCKS, "package-lock.json", "package.json", "setup.cfg"])
def test_no_address_of_a_registry(name: str) -> None:
    text = (ROOT / name).read_text()
    if name == "package-lock.json":
        for package in json.loads(text)["packages"].values():
            assert "resolved" not in package
            text = text.replace(package.get("funding", {}).get("url", "\0"), "")
    assert "://" not in text
    assert "file:" not in text.replace("file: README.md", "")


def test_npm_packages_have_hashes() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    for name, package in packages.items():
        assert not name or package["integrity"].startswith("sha512-"), name


def test_the_lock_fits_what_setup_cfg_asks_for() -> None:
    locked = {}
    for entry in entries("requirements.lock"):
        requirement = Requirement(entry.split("--hash")[0].strip())
        locked[canonicalize_name(requirement.name)] = requirement.specifier
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg")
    wanted = setup["options"]["install_requires"]
    wanted += "".join(setup["options.extras_require"].values())
    for line in wanted.split("\n"):
        if line:
            requirement = Requirement(line)
            pinned = str(locked.get(canonicalize_name(requirement.name), "")).removeprefix("==")
            hint = f"{line} is not in requirements.lock: run `make lock`"
            assert pinned, hint
            assert requirement.specifier.contains(pinned), hint
    assert requires("medienzentren-hub"), "run `make setup`"
