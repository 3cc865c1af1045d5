"""What connectors and the sync tell in English reaches people in plain words, with what helps."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from connectors import feed, files
from connectors.errors import ConnectorError
from connectors.http import Client
from hub import causes
from hub.catalogue.sync import sync
from hub.errors import Unavailable
from hub.identity.actor import Role
from tests.hub.web.test_pages import text_of
from tests.identities import log_in
from tests.sources import Network


class Handler(BaseHTTPRequestHandler):
    """Answers with the status that the path names."""

    def do_GET(self) -> None:
        self.send_response(int(self.path.strip("/")))
        self.send_header("Content-Length", "60")
        self.end_headers()
        self.wfile.write(b"x" * 60)

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{running.server_port}"
    running.shutdown()
    running.server_close()


def get(address: str, **limits: Any) -> object:
    with Client(internal_hosts={"127.0.0.1"}, retries=0, **limits) as client:
        return client.get(address)


ASKED: dict[str, Callable[[str], object]] = {
    "Zugangsdaten abgelehnt": lambda here: get(f"{here}/401"),
    "verweigert": lambda here: get(f"{here}/403"),
    "gibt es nichts": lambda here: get(f"{here}/404"),
    "zu oft gefragt": lambda here: get(f"{here}/429"),
    "Störung": lambda here: get(f"{here}/503"),
    "mehr geschickt": lambda here: get(f"{here}/200", max_bytes=20),
    "nimmt aber keine Verbindung": lambda here: get("http://127.0.0.1:1/"),
    "internes Netz": lambda here: get("http://127.0.0.2:9/"),
    "so nicht zu benutzen": lambda here: get("ftp://x.example/"),
    "eine Internetseite": lambda here: feed.parse(b"<!DOCTYPE html><html><p>Hallo</html>"),
    "erwartete Form": lambda here: feed.parse(b"<rss><channel>"),
    "Die Datei fehlt": lambda here: files.read(Path("/nirgends/x.csv"), 10),
}


@pytest.mark.parametrize("words", ASKED)
def test_what_connectors_tell_is_known(words: str, server: str) -> None:
    with pytest.raises(ConnectorError) as told:
        ASKED[words](server)
    german, english = (causes.known(str(told.value), one) for one in ("de", "en"))
    assert german is not None, str(told.value)
    assert english is not None
    assert words in german.cause
    assert german.cause != english.cause
    assert german.fix.endswith(".")


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("https://x.example/: the name is unknown", "kennt niemand"),
        ("https://x.example/ did not answer within 30 s", "nicht in der vorgesehenen Zeit"),
        ("https://x.example/ has no valid certificate", "Zertifikat"),
        ("https://x.example/ redirects more than 5 times", "kam nicht zustande"),
        ("The run would withdraw 54 of 55 offers. Look whether …", "wartet deshalb auf Sie"),
        ("The plugin feed failed with an error of its own (KeyError).", "Plugin selbst"),
        ("x announced 500 records and gave 3 different ones", "nicht vollständig"),
        ("None of the 12 entries can be read: no title.", "Kein einziger Eintrag"),
    ],
)
def test_so_is_what_the_sync_tells(message: str, words: str) -> None:
    found = causes.known(message, "de")
    assert found is not None
    assert words in found.cause


def test_pages_say_it_in_words_and_keep_the_message(client: FlaskClient, net: Network) -> None:
    def broken(cursor: str | None) -> Iterator[Any]:
        raise Unavailable("https://quelle.example/oai answered 404 Not Found")
        yield

    net.play("borken", broken)
    run = sync(net.hub.db, net.site("borken"), "scripted")
    log_in(client, net.hub, Role.SITE_ADMIN, "borken")
    for page in (f"laeufe/{run.run_id}", "plugins", "plugins/scripted"):
        shown = text_of(client.get(f"/borken/verwaltung/{page}").text)
        assert "Unter der Adresse gibt es nichts. Prüfen Sie die Adresse" in shown, page
        assert "Wortlaut https://quelle.example/oai answered 404 Not Found" in shown, page
    assert "Unter der Adresse gibt es nichts." in client.get("/borken/verwaltung/laeufe").text
    assert causes.known("Das Passwort ist abgelaufen.", "de") is None
