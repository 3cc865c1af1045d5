"""What the README promises: its commands exist, its settings are all, its examples work."""

from __future__ import annotations

import json
import re
import shlex
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import pytest

from hub import provision, settings
from hub.cli import main
from hub.runtime import Hub
from hub.testing import CatalogueContract

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BOOKS = [{"id": 1, "title": "Der Wasserkreislauf"}, {"id": 2, "title": "Märchen"}]


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


def module(source: str, **names: Any) -> ModuleType:
    made = ModuleType("readme_example")
    vars(made).update(names)
    exec(compile(source, "README.md", "exec"), vars(made))
    return made


PLUGIN, CONTRACT = blocks("python")
BOOKSHELF = module(PLUGIN).Bookshelf
EXAMPLE = module(CONTRACT, Bookshelf=BOOKSHELF)


class _Shelf(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps(BOOKS).encode()
        self.send_response(200 if self.path == "/books.json" else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def shelf() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Shelf)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/books.json"
    server.shutdown()
    thread.join()
    server.server_close()


class TestExample(EXAMPLE.TestBookshelf):  # type: ignore[name-defined,misc]
    """The plugin of the README passes the contract that the README names."""

    @pytest.fixture
    def plugin_config(self, shelf: str) -> Mapping[str, Any]:
        assert set(self.config) == {"address"}
        return {"address": shelf}

    def test_it_gives_the_books(self, site: Any) -> None:
        assert issubclass(EXAMPLE.TestBookshelf, CatalogueContract)
        changes = site.one("bookshelf", "catalogue_changes", cursor=None)
        assert [one.record.title for one in list(changes)[:-1]] == [book["title"] for book in BOOKS]


def commands() -> list[str]:
    """Every use of the command `hub`, in shell blocks and in running text."""
    lines = [line.partition("#")[0] for block in blocks("sh") for line in block.splitlines()]
    inline = re.findall(r"`(hub [^`]+)`", README.replace("\n", " "))
    return sorted({line.strip() for line in (*lines, *inline) if line.startswith("hub ")})


@pytest.mark.parametrize("line", commands())
def test_every_command_exists_with_its_options(line: str) -> None:
    _, *words = shlex.split(line)
    command: click.Command = main
    # As it is run: click keeps the help option that a command had in its first context.
    context = click.Context(main, **main.context_settings)
    while isinstance(command, click.Group) and words:
        inner = command.get_command(context, words[0])
        if inner is None:
            break
        command, words = inner, words[1:]
        context = click.Context(command, parent=context)
    assert command is not main, f"there is no command `{line}`"
    _, rest, _ = command.make_parser(context).parse_args(words)  # refuses unknown options
    assert not rest, f"`{line}` takes no {rest}"


def test_the_table_of_settings_is_complete() -> None:
    named = re.findall(r"^\| `(HUB_\w+)`", README, re.MULTILINE)
    assert sorted(named) == sorted(f"HUB_{name.upper()}" for name in settings._Schema().fields)
    assert set(re.findall(r"\bHUB_[A-Z_]+\b", README)) <= set(named)


def test_the_example_of_a_site_is_a_site(tmp_path: Path) -> None:
    (example,) = (text for text in blocks("toml") if text.startswith("# config/sites/borken"))
    site = tmp_path / "sites" / "borken.toml"
    site.parent.mkdir()
    site.write_text(example, encoding="utf-8")
    (tmp_path / "network.toml").write_bytes((ROOT / "config" / "network.toml").read_bytes())
    hub = Hub.open(settings.load({"HUB_CONFIG": str(tmp_path), "HUB_VAR": str(tmp_path / "var")}))
    with hub:
        assert provision.problems(hub, tmp_path) == []


def test_every_file_that_it_links_to_exists() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
