"""A hub that says whatever a test wants: for peers that lie and for bad days."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from hub.api import examples


@dataclass
class Peer:
    """`identity` is the address by which it calls itself, `trap` its kind of bad day.

    `sites` are names by key; those in `coming` are added when its changes are read.
    """

    address: str
    identity: str
    items: list[dict[str, Any]] = field(default_factory=list)
    trap: str = ""
    sites: dict[str, str] = field(default_factory=lambda: {"borken": "Medienzentrum Borken"})
    coming: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    """The paths that were asked for, in order."""

    def offer(self, at: int, title: str, **origin: Any) -> None:
        told = self._origin(at, **origin)
        document = deepcopy(examples.OFFER) | {"id": at, "title": title, "url": ""}
        document["provenance"]["origin"] = told
        self._say(at, told, withdrawn=False, offer=document)

    def withdraw(self, at: int, **origin: Any) -> None:
        self._say(at, self._origin(at, **origin), withdrawn=True, offer=None)

    def _origin(
        self, at: int, hub: str = "", site: str = "borken", name: str = "x", number: int = 0
    ) -> dict[str, Any]:
        return {
            "hub": hub or self.address,
            "site": {"key": site, "name": name},
            "offer_id": number or at,
        }

    def _say(self, at: int, origin: dict[str, Any], **more: Any) -> None:
        self.items.append({"id": at, "changed_at": "", "origin": origin, "tombstone": None, **more})

    def answer(self, path: str, cursor: str) -> Any:
        self.asked.append(path)
        if path == "/api/v1/":
            return {"hub": self.identity}
        if path == "/api/v1/sites":
            return {"items": [{"key": key, "name": name} for key, name in self.sites.items()]}
        self.sites |= self.coming
        later = f"{self.address}/api/v1/changes?cursor="
        if self.trap == "loop":
            return {"items": self.items, "later": f"{later}5-5", "next": f"{later}5-5"}
        if self.trap == "foreign":
            return {"items": [], "later": f"{later}../../x", "next": None}
        if self.trap == "shape":
            return {"items": "all of them", "later": later, "next": None}
        read = int(cursor.partition("-")[0] or 0)
        return {
            "items": self.items[read:],
            "later": f"{later}{len(self.items)}-1",
            "next": None,
        }


@contextmanager
def peer() -> Iterator[Peer]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            (cursor,) = parse_qs(parts.query).get("cursor", [""])
            body = json.dumps(running.answer(parts.path, cursor)).encode()
            if running.trap == "html":
                body = b"<!DOCTYPE html><title>Wartung</title>"
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nothing on the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    address = f"http://127.0.0.1:{server.server_port}"
    running = Peer(address, address)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield running
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()
