"""Dead links are found by asking, and a server that is only shy or busy is not called dead."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import sqlalchemy as sa

from hub import activations, models
from hub.app import create_app
from hub.catalogue.sync import sync
from hub.identity.actor import Role
from hub.jobs import link_checks
from hub.jobs.worker import Worker
from hub.testing import PluginContract, site_with
from plugins.link_check import LinkCheck
from tests.hub.web.test_pages import text_of
from tests.identities import log_in, send
from tests.sources import Network, Point, everything, medium, network

PAGE = "/borken/verwaltung/plugins/scripted/qualitaet"
GONE = ("weg", "kopflos-weg")


class TestLinkCheck(PluginContract):
    plugin = LinkCheck


class Server(ThreadingHTTPServer):
    daemon_threads = True
    asked: Counter[str]


class Handler(BaseHTTPRequestHandler):
    statuses = {"/da": 200, "/weg": 404, "/anmelden": 401, "/voll": 503, "/kopflos": 200,
                "/kopflos-weg": 410}  # fmt: skip

    def answer(self) -> None:
        self.server.asked[f"{self.command} {self.path}"] += 1  # type: ignore[attr-defined]
        if self.path == "/umzug":
            self.send_response(301)
            self.send_header("Location", "/da")
        else:
            headless = self.command == "HEAD" and self.path.startswith("/kopflos")
            self.send_response(405 if headless else self.statuses[self.path])
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_HEAD = answer

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as running:
        running.asked = Counter()
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.shutdown()


@pytest.fixture
def net(database_url: str, tmp_path: Path, server: Server) -> Iterator[Network]:
    points = [Point("link_check", LinkCheck)]
    with network(database_url, tmp_path, ["borken"], points) as net:
        with net.hub.db.write() as session:
            session.get_one(models.Site, "borken").internal_hosts = ["127.0.0.1"]
            activations.announce(session)
        net.hub.sites.refresh()
        where = f"http://127.0.0.1:{server.server_port}"
        names = [*(path[1:] for path in Handler.statuses), "umzug"]
        net.play("borken", everything(*(medium(n, url=f"{where}/{n}") for n in names), medium("x")))
        sync(net.hub.db, net.site("borken"), "scripted")
        yield net


def test_what_is_gone_is_told_and_what_is_shy_is_not(net: Network, server: Server) -> None:
    client = create_app(net.hub).test_client()
    log_in(client, net.hub, Role.STAFF, "borken")
    page = text_of(client.get(PAGE).text)
    assert "schalten Sie unter den Anbindungen „Prüfung von Links“ ein" in page
    assert send(client, "/konto", f"{PAGE}/links").status_code == 404
    activations.enable(net.hub, "borken", "link_check", {"pause": 0}, actor="test")
    for _ in range(2):
        assert send(client, "/konto", f"{PAGE}/links").status_code == 303
    assert "Sie werden gerade geprüft" in text_of(client.get(PAGE).text)
    Worker(net.hub, schedules=lambda _: []).run(once=True)
    page = text_of(client.get(PAGE).text)
    assert "2 Adressen führen ins Leere." in page
    for name in GONE:
        assert f"{name}: http://127.0.0.1:{server.server_port}/{name} – " in page
    assert "answered 404 Not Found" in page
    file = client.get(f"{PAGE}/tabelle.csv").text
    assert file.count("Toter Link") == 2
    assert server.asked["HEAD /da"] == 2, "once by itself, once by way of another"
    assert server.asked["GET /da"] == 0, "where a head is enough, no page is asked for"


def test_it_goes_on_where_it_was_and_forgets_what_lives_again(
    net: Network, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    activations.enable(net.hub, "borken", "link_check", {"pause": 0}, actor="test")
    monkeypatch.setattr(link_checks, "AT_ONCE", 5)
    said = [link_checks.run(net.hub, "borken", "scripted", lambda: None) for _ in range(2)]
    assert said == [
        "5 addresses checked, 1 dead links known.",
        "2 addresses checked, 2 dead links known.",
    ]
    monkeypatch.setitem(Handler.statuses, "/weg", 200)
    with net.hub.db.write() as session:
        session.execute(
            sa.update(models.Offer)
            .where(models.Offer.source_id == "kopflos-weg")
            .values(withdrawn_at=models.Offer.changed_at)
        )
    assert link_checks.run(net.hub, "borken", "scripted", lambda: None).endswith(
        " 0 dead links known."
    )


def test_without_a_plugin_nothing_is_asked(net: Network, server: Server) -> None:
    with pytest.raises(link_checks.Unchecked):
        link_checks.run(net.hub, "borken", "scripted", lambda: None)
    assert not server.asked


def test_addresses_inside_and_unknown_names_are_dead(tmp_path: Path) -> None:
    site = site_with(LinkCheck, {"pause": 0}, tmp_path)
    addresses = ["http://127.0.0.1:9/x", "ftp://a.example/"]
    found = site.one("link_check", "catalogue_links", addresses=addresses)
    assert set(found) == set(addresses)


def test_a_host_is_given_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    site = site_with(LinkCheck, {"pause": 2}, tmp_path)
    addresses = ["http://127.0.0.1:9/x", "http://127.0.0.1:9/y"]
    site.one("link_check", "catalogue_links", addresses=addresses)
    assert waited
    assert max(waited) > 1
