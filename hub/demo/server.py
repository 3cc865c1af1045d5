"""The web servers of the demonstration in one process: feeds, OAI-PMH repositories, and one that
is under maintenance.

    python -m hub.demo.server --folder FOLDER [--port 0]

The first line on standard output is the address. It ends when its standard input closes, so it
cannot outlive whoever started it. `/feeds/<file>` are the files of FOLDER/feeds, with ETag;
`/oai/<name>` answers OAI-PMH from FOLDER/oai/<name>.json; `/wartung` is a page for people with
status 200, as a real system under maintenance sends it to a harvester.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import threading
from collections.abc import Mapping, Sequence
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from hub.benchmarks.provider import Entry, Format, Provider

PAGE = 50
NAMESPACES = {
    "oai_dc": (
        "http://www.openarchives.org/OAI/2.0/oai_dc/",
        "http://www.openarchives.org/OAI/2.0/oai_dc.xsd",
    ),
    "lom": ("http://ltsc.ieee.org/xsd/LOM", "http://ltsc.ieee.org/xsd/lomv1.0/lom.xsd"),
}
TYPES = {".rss": "application/rss+xml", ".json": "application/json", ".xml": "application/xml"}
MAINTENANCE = """<!DOCTYPE html>
<html lang="de"><head><title>Wartung</title></head>
<body><h1>Wir sind gleich wieder da</h1>
<p>Unser Medienportal wird gewartet. Bitte versuchen Sie es später noch einmal.</p></body></html>
"""


class Handler(BaseHTTPRequestHandler):
    """Answers GET from the files and repositories of its server."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def __init__(
        self, files: Mapping[str, bytes], providers: Mapping[str, Provider], *arguments: Any
    ) -> None:
        self.files = files
        self.providers = providers
        super().__init__(*arguments)

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        first, _, name = unquote(parts.path).strip("/").partition("/")
        if first == "oai" and name in self.providers:
            query = dict(parse_qsl(parts.query, keep_blank_values=True))
            self._send(self.providers[name].answer(query).body, "text/xml; charset=utf-8")
        elif first == "feeds" and name in self.files:
            self._feed(self.files[name], TYPES.get(Path(name).suffix, "text/plain"))
        elif first == "wartung":
            self._send(MAINTENANCE.encode(), "text/html; charset=utf-8")
        else:
            self._send(b"not found\n", "text/plain", HTTPStatus.NOT_FOUND)

    def _feed(self, content: bytes, kind: str) -> None:
        tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
        if self.headers.get("If-None-Match") == tag:
            self.send_response(HTTPStatus.NOT_MODIFIED)
            self.send_header("ETag", tag)
            self.end_headers()
        else:
            self._send(content, f"{kind}; charset=utf-8", tag=tag)

    def _send(
        self, body: bytes, kind: str, status: HTTPStatus = HTTPStatus.OK, *, tag: str = ""
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if tag:
            self.send_header("ETag", tag)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing: the first line of output is the address, and the only one."""


def provider(document: Mapping[str, Any]) -> Provider:
    """A repository over the records of a file, oldest first."""
    records = document["records"]
    prefix = document["prefix"]
    namespace, schema = NAMESPACES[prefix]
    return Provider(
        (
            Entry(record["datestamp"], record["identifier"], number)
            for number, record in enumerate(records)
        ),
        formats={
            prefix: Format(
                lambda number, revision: str(records[number]["document"]), namespace, schema
            )
        },
        page=PAGE,
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until standard input closes."""
    parser = argparse.ArgumentParser(description="The web servers of the demonstration.")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    options = parser.parse_args(arguments)
    files = {file.name: file.read_bytes() for file in sorted(options.folder.glob("feeds/*"))}
    providers = {
        file.stem: provider(json.loads(file.read_bytes()))
        for file in sorted(options.folder.glob("oai/*.json"))
    }
    handler = partial(Handler, files, providers)
    with ThreadingHTTPServer(("127.0.0.1", options.port), handler) as listener:
        listener.daemon_threads = True
        address = f"http://127.0.0.1:{listener.server_port}"
        for name, one in providers.items():
            one.address = f"{address}/oai/{name}"
        threading.Thread(target=listener.serve_forever, daemon=True).start()
        print(address, flush=True)
        sys.stdin.buffer.read()


if __name__ == "__main__":
    main()
