"""Somebody else's plugin, from nothing but the hub's wheel: written, tested, installed, enabled,
seen, and gone again without a trace."""

import json
import os
import re
import subprocess
import sysconfig
import threading
import time
import venv
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[2]
TUTORIAL = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")
LIMIT = 60
"""Seconds from the wheel to a plugin whose tests have run."""
TITLES = ("Der Wasserkreislauf", "Brüche verstehen", "Die Stadt im Mittelalter")
ASK = """
import sys
from hub.app import create_app
from hub.runtime import Hub
with Hub.open() as hub:
    client = create_app(hub).test_client()
    for path in sys.argv[1:]:
        answer = client.get(path)
        print(answer.status_code, path)
        print(answer.text.replace("<mark>", "").replace("</mark>", ""))
"""


class Environment:
    """A Python of its own with the hub's wheel; what the hub needs is that of the tests."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        self.folder = folder
        self.commands: list[str] = []
        venv.create(folder / "venv", with_pip=False)
        self.python = folder / "venv" / "bin" / "python"
        (site_packages,) = (folder / "venv").glob("lib/python*/site-packages")
        # A path, not a folder of packages: the checkout, installed there to be edited, stays out.
        (site_packages / "needs.pth").write_text(sysconfig.get_path("purelib"))
        self.pip("install", str(wheel))

    def run(self, code: str, *arguments: str, fails: bool = False) -> str:
        return self._call([str(self.python), "-c", code, *arguments], fails)

    def hub(self, *arguments: str, fails: bool = False) -> str:
        self.commands.append(" ".join(("hub", *arguments)))
        return self._call([str(self.python.with_name("hub")), *arguments], fails)

    def pip(self, command: str, *arguments: str) -> str:
        options = ["--quiet", "--disable-pip-version-check"]
        if command == "uninstall":
            options += ["--yes"]
        else:
            options += ["--no-deps", "--no-index"]
        return self._call([str(self.python), "-m", "pip", command, *options, *arguments], False)

    def ask(self, *paths: str) -> str:
        return self.run(ASK, *paths)

    def _call(self, command: list[str], fails: bool) -> str:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("HUB_", "PYTHON", "PYTEST"))
        }
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            cwd=self.folder,
            timeout=LIMIT,
            env={
                **kept,
                "HUB_VAR": str(self.folder / "var"),
                "HUB_CONFIG": str(self.folder / "config"),
                "HUB_SECRET_KEY": "only for this test and long enough for it",
            },
        )
        assert (done.returncode != 0) is fails, done.stdout + done.stderr
        return done.stdout + done.stderr


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    folder = tmp_path_factory.mktemp("third_party")
    network = (ROOT / "config" / "network.toml").read_text(encoding="utf-8")
    (folder / "config").mkdir()
    (folder / "config" / "network.toml").write_text(
        network.replace('key = "borken"\n', 'key = "borken"\ninternal_hosts = ["127.0.0.1"]\n'),
        encoding="utf-8",
    )
    return Environment(folder, wheel)


class _Library(BaseHTTPRequestHandler):
    """The other system: two pages of a list."""

    def do_GET(self) -> None:
        page = int(parse_qs(urlsplit(self.path).query).get("page", ["1"])[0])
        titles = TITLES[:2] if page == 1 else TITLES[2:]
        items = [{"id": TITLES.index(title), "title": title} for title in titles]
        body = json.dumps({"items": items, "next": 2 if page == 1 else None, "total": 3}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def library() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Library)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/list.json"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_plugin_of_somebody_else_comes_and_goes(
    environment: Environment, library: str, record_property: Callable[[str, object], None]
) -> None:
    hub = environment.hub

    # Written, installed and tested within the limit, without the source tree.
    begun = time.monotonic()
    answers = ("--kind", "catalogue", "--no-personal-data", "--example")
    said = hub("new-plugin", "city_library", *answers)
    record_property("seconds", time.monotonic() - begun)
    assert time.monotonic() - begun < LIMIT
    assert re.search(r"\d+ passed", said), said
    assert "http://127.0.0.1:8000/borken/verwaltung/plugins/city_library" in said
    assert str(ROOT) not in environment.run("import hub; print(hub.__file__)")
    assert "Everything is in order." in hub("check", "--plugin", "city_library")

    # As everybody else gets it: a wheel.
    package = environment.folder / "hub-plugin-city-library"
    environment.pip("uninstall", "hub-plugin-city-library")
    environment.pip("wheel", "--no-build-isolation", "--wheel-dir", "dist", str(package))
    (wheel,) = (environment.folder / "dist").glob("*.whl")
    environment.pip("install", str(wheel))

    # Enabled at one site, and seen there alone.
    hub("init")
    hub("plugins", "enable", "borken", "city_library", "--set", f"address={library}")
    hub("sync", "--site", "borken")
    states = json.loads(hub("plugins", "list", "--site", "borken", "--json"))
    assert {one["plugin"]: one["state"] for one in states} == {"city_library": "running"}
    pages = environment.ask(
        "/suche?q=Wasserkreislauf", "/api/v1/offers?site=borken", "/api/v1/offers?site=coesfeld"
    )
    search, here, next_door = re.split(r"^200 /.*$", pages, flags=re.MULTILINE)[1:]
    assert TITLES[0] in search
    assert "Kreis Borken" in search
    assert [one["title"] for one in json.loads(here)["items"]] == list(TITLES)
    assert json.loads(next_door)["items"] == []
    assert json.loads(hub("plugins", "list", "--site", "coesfeld", "--json")) == []

    # Uninstalled: the site goes on, what was taken in stays, and the cause is named.
    environment.pip("uninstall", "hub-plugin-city-library")
    pages = environment.ask("/", "/zentren/borken", "/suche?q=Wasserkreislauf")
    assert re.findall(r"^(\d+) /", pages, re.MULTILINE) == ["200", "200", "200"]
    assert TITLES[0] in pages
    problems = json.loads(hub("check", "--json", fails=True))["problems"]
    (why,) = (one["problem"] for one in problems if one["where"] == "borken/city_library")
    assert "install the package that brings it" in why
    hub("plugins", "enable", "borken", "accounts")
    hub("plugins", "disable", "borken", "city_library")
    assert "borken/city_library" not in hub("check", "--json", fails=False)

    # All of this is what the tutorial tells to do.
    done = [
        one.replace(library, "https://library.example/list.json") for one in environment.commands
    ]
    blocks = re.findall(r"^```sh\n(.*?)^```$", TUTORIAL, re.DOTALL | re.MULTILINE)
    told = [line for block in blocks for line in block.splitlines()]
    assert told
    assert [line for line in told if line not in done] == []
