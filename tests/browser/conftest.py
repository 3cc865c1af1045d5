"""A served network, and a browser that notes whatever a page does wrong."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
import waitress
from playwright.sync_api import Browser, Page, Request, sync_playwright

from hub.app import create_app
from hub.db import Database, migrate
from tests.pages import filled_network, offer_id
from tests.sources import Network

PAGES = {
    "start": "/",
    "search": "/suche?q=wasser",
    "search in English": "/suche?q=wasser&lang=en",
    "search filtered": "/suche?q=wasser&art=medium&zentrum=borken",
    "search long": "/suche?seite=2",
    "search empty": "/suche?q=gibtesnicht",
    "search misspelt": "/suche?q=waser",
    "offer": "/angebot/{water}",
    "offer hostile": "/angebot/{script}",
    "training": "/angebot/{stopmotion}",
    "withdrawn": "/angebot/{w}",
    "centres": "/zentren",
    "centres filtered": "/zentren?q=ahaus",
    "centre": "/zentren/borken",
    "centre without offers": "/zentren/leer",
    "network": "/netz",
    "network by count": "/netz?mass=medium",
    "imprint": "/impressum",
    "privacy": "/datenschutz",
    "accessibility": "/barrierefreiheit",
    "barrier": "/barriere-melden",
    "easy language": "/leichte-sprache",
    "sign language": "/gebaerdensprache",
    "not found": "/nirgends",
}
"""Every page of the hub, and each of its states."""


@dataclass
class Served:
    """The hub at an address of its own."""

    url: str
    net: Network

    def page(self, name: str) -> str:
        path = PAGES[name]
        sources = {"water", "script", "stopmotion", "w"}
        numbers = {s: offer_id(self.net, s) for s in sources if f"{{{s}}}" in path}
        return self.url + path.format(**numbers)


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("browser")
    database_url = f"sqlite:///{folder / 'hub.sqlite3'}"
    database = Database(database_url)
    migrate(database)
    database.close()
    with filled_network(database_url, folder / "config", withdraw=True) as net:
        server = waitress.create_server(create_app(net.hub), host="127.0.0.1", port=0)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        yield Served(f"http://127.0.0.1:{server.effective_port}", net)
        server.close()
        thread.join(timeout=10)


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        program = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield program
        program.close()


@dataclass
class Visit:
    """An open page, and the messages and requests it made so far."""

    page: Page
    messages: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)


Visitor = Callable[..., Visit]


@pytest.fixture
def visit(served: Served, browser: Browser) -> Iterator[Visitor]:
    """Opens a page of `PAGES`; at the end nothing may have gone wrong on any of them."""
    open_pages = []

    def begin(name: str, *, width: int = 1280, script: bool = True, quiet: bool = True) -> Visit:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, java_script_enabled=script
        )
        page = context.new_page()
        seen = Visit(page)
        page.on("console", lambda message: seen.messages.append(message.text))
        page.on("pageerror", lambda error: seen.messages.append(str(error)))

        def note(request: Request) -> None:
            if urlsplit(request.url).hostname not in ("127.0.0.1", None):
                seen.foreign.append(request.url)

        page.on("request", note)
        page.goto(served.page(name))
        open_pages.append((name, context, seen, quiet))
        return seen

    yield begin
    for name, context, seen, quiet in open_pages:
        expected = ("404", "410") if name in ("not found", "withdrawn") else ()
        messages = [m for m in seen.messages if not any(code in m for code in expected)]
        assert not (quiet and messages), f"{name}: {messages}"
        assert not seen.foreign, f"{name} asks other servers"
        assert not context.cookies(), f"{name} sets a cookie"
        context.close()
