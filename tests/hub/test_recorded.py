"""Recorded answers: written once from the real system, then they stand in for it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from connectors import http
from hub import Config, Plugin, Secret, hookimpl
from hub.secrets import Scrubber
from hub.testing import PluginContract, RecordedAnswers
from tests.hub.hostile import text


class _Shelf(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps({"asked": self.path, "title": "Märchen"}).encode()
        self.send_response(404 if "missing" in self.path else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Set-Cookie", "session=geheim")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Shelf)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_what_was_recorded_answers_when_the_system_is_gone(
    server: ThreadingHTTPServer, tmp_path: Path
) -> None:
    address = f"http://127.0.0.1:{server.server_port}"
    url = f"{address}/books?key=opensesame"
    scrub = Scrubber(["opensesame"])

    def ask() -> list[Any]:
        with http.Client(internal_hosts=["127.0.0.1"]) as client:
            one = client.get(url)
        two = requests.get(f"{address}/missing", timeout=5)
        return [one.status, one.content, one.content_type, two.status_code, two.json()["title"]]

    with RecordedAnswers(tmp_path, recording=True, scrub=scrub).installed() as answers:
        recorded = ask()
    assert answers.hosts == {"127.0.0.1"}
    server.shutdown()
    with RecordedAnswers(tmp_path, recording=False, scrub=scrub).installed():
        assert ask() == recorded
    assert (recorded[0], recorded[2:]) == (200, ["application/json", 404, "Märchen"])
    written = [path.read_text(encoding="utf-8") for path in tmp_path.glob("get-*.json")]
    assert len(written) == 2
    assert not any("opensesame" in one or "geheim" in one for one in written)


def test_a_request_without_an_answer_says_how_to_record_it(tmp_path: Path) -> None:
    with (
        RecordedAnswers(tmp_path, recording=False).installed(),
        pytest.raises(AssertionError, match="HUB_TEST_RECORD=1 pytest"),
    ):
        requests.get("https://shelf.example/", timeout=5)


class Asking(Plugin):
    name = "asking"
    title = text("Asking")
    description = text("Asks")

    class Config(Config):
        token = Secret(metadata={"label": text("Token")})

    @hookimpl
    def health(self) -> None:
        requests.get("https://shelf.example/health", timeout=5)


@pytest.mark.parametrize(
    ("hosts", "config", "fine"),
    [
        (("shelf.example",), {}, True),
        ((), {"address": "https://shelf.example/"}, True),
        ((), {}, False),
    ],
)
def test_hosts_that_are_not_declared_are_found(
    hosts: tuple[str, ...], config: Mapping[str, Any], fine: bool, tmp_path: Path
) -> None:
    answers = RecordedAnswers(tmp_path, recording=False)
    answers.hosts.add("shelf.example")
    plugin = type("Variant", (Asking,), {"hosts": hosts})
    contract = type("Contract", (PluginContract,), {"plugin": plugin})()
    if fine:
        contract.check_hosts(answers, config)
    else:
        with pytest.raises(AssertionError, match="shelf.example: name in `hosts`"):
            contract.check_hosts(answers, config)
