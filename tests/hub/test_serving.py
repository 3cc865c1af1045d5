"""`hub run` as a process: the addresses that it gives lead back to it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hub.db import Database, migrate
from hub.settings import load

ROOT = Path(__file__).resolve().parent.parent.parent


@contextmanager
def served(var: Path, *options: str, **more: str) -> Iterator[int]:
    """The port at which a hub of its own serves."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    settings = load({"HUB_VAR": str(var)})
    database = Database(settings.database_url)
    migrate(database)
    database.close()
    own = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    process = subprocess.Popen(
        [sys.executable, "-u", "-c", "from hub.cli import main; main()", "run", *options],
        env={**own, "HUB_VAR": str(var), "HUB_SECRET_KEY": "k" * 32, "PORT": str(port), **more},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout
    try:
        said = []
        for line in process.stdout:
            said.append(line)
            if line.startswith("Serving on"):
                assert f"http://127.0.0.1:{port} " in line
                break
        else:
            pytest.fail("".join(said))
        yield port
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


def server_of(port: int) -> str:
    """The address that the REST document names."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/openapi.json") as answer:
        return str(json.load(answer)["servers"][0]["url"])


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_addresses_follow_host_and_port(tmp_path: Path, host: str) -> None:
    with served(tmp_path, "--host", host) as port:
        assert server_of(port) == f"http://127.0.0.1:{port}"


def test_a_base_url_that_was_set_stays(tmp_path: Path) -> None:
    with served(tmp_path, HUB_BASE_URL="http://hub.example/verbund/") as port:
        assert server_of(port) == "http://hub.example/verbund"
