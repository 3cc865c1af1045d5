"""What stand-ins that speak JSON over HTTP share: starting, stopping, bad days.

The first line on standard output is the base address. With `--with-parent` the server ends when
its standard input closes, so it cannot outlive whoever started it. Bad days are asked for in the
address: `http://127.0.0.1:PORT/trap/NAME+NAME/…`. Here for all of them: html (a maintenance page
with status 200) · cut (the answer ends in the middle) · error (status 500) · once (status 500 to
the first request for each address) · busy (status 503 with Retry-After 1) · slow (a byte a
second) · huge (an answer without end) · deep (JSON nested without end).
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

LONGEST_BODY = 1_000_000
BAD_DAYS = frozenset("html cut error once busy slow huge deep".split())
MAINTENANCE = (
    "<!DOCTYPE html>\n<html><body><h1>Wartungsarbeiten</h1><p>Bitte später.</p></body></html>"
)


class JsonHandler(BaseHTTPRequestHandler):
    """One request: takes the traps out of the address, and spoils the answer as they say."""

    protocol_version = "HTTP/1.1"
    server: Listener
    traps: frozenset[str] = frozenset()
    steps: tuple[str, ...] = ()

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent: standard output carries the address, and passwords are in no log."""

    def begin(self) -> bool:
        """Read address and traps; False when a trap has answered already."""
        steps = [unquote(step) for step in urlsplit(self.path).path.split("/") if step]
        self.traps = frozenset()
        if steps[:1] == ["trap"]:
            self.traps, steps = frozenset("".join(steps[1:2]).split("+")), steps[2:]
        self.steps = tuple(steps)
        if "error" in self.traps or ("once" in self.traps and self.server.first(self.path)):
            self.raw(HTTPStatus.INTERNAL_SERVER_ERROR, b"broken", "text/plain")
        elif "busy" in self.traps:
            self.raw(HTTPStatus.SERVICE_UNAVAILABLE, b"busy", "text/plain", "Retry-After: 1\r\n")
        elif "slow" in self.traps:
            self._drip()
        elif "huge" in self.traps:
            self._flood()
        else:
            return True
        return False

    def body(self) -> bytes:
        """The body of the request; b"" when it is missing or too large."""
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or len(length) > 9 or int(length) > LONGEST_BODY:
            self.close_connection = True
            return b""
        return self.rfile.read(int(length))

    def json(self, value: Any, status: int = HTTPStatus.OK) -> None:
        """Answer with a value."""
        content = json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
        if "html" in self.traps:
            return self.raw(HTTPStatus.OK, MAINTENANCE.encode(), "text/html; charset=utf-8")
        if "cut" in self.traps:
            content = content[: len(content) * 2 // 3]
        if "deep" in self.traps:
            content = b"[" * 100_000
        self.raw(status, content)

    def raw(
        self, status: int, content: bytes, kind: str = "application/json", more: str = ""
    ) -> None:
        """Answer with bytes, in one write: head and body in two would wait for each other."""
        head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nContent-Type: {kind}\r\n"
        head += f"Content-Length: {len(content)}\r\n{more}\r\n"
        self.wfile.write(head.encode("ascii") + content)

    def _endless(self) -> None:
        self.close_connection = True
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
        self.wfile.write(head)

    def _drip(self) -> None:
        self._endless()
        for byte in b'{"data": {"findAllMetadata": []}, "nodes": []}':
            self.wfile.write(bytes([byte]))
            time.sleep(1)

    def _flood(self) -> None:
        self._endless()
        while True:
            self.wfile.write(b"[[], [], [], " * 10_000)


class Listener(ThreadingHTTPServer):
    """A thread for each connection; who hangs up early is no error."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self.lock = threading.Lock()
        self._failed: set[str] = set()

    def first(self, path: str) -> bool:
        """Whether nobody has asked for this address before."""
        with self.lock:
            known = path in self._failed
            self._failed.add(path)
        return not known

    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class DataError(Exception):
    """The data of a stand-in cannot be used; the text says where and why."""


def load(files: Iterable[Path], member: str) -> list[dict[str, Any]]:
    """The objects of JSON files, each a list of them or an object with such a list at `member`."""
    found: list[dict[str, Any]] = []
    for file in files:
        try:
            value = json.loads(file.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise DataError(f"{file} cannot be read: {error}") from None
        entries = value.get(member) if isinstance(value, Mapping) else value
        if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
            raise DataError(f"{file} holds no list of objects")
        found += entries
    return found


def arguments(description: str) -> argparse.ArgumentParser:
    """The arguments that every stand-in has."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--data", type=Path, action="append", required=True, metavar="FILE")
    parser.add_argument("--with-parent", action="store_true", help="end when stdin closes")
    return parser


def serve(options: argparse.Namespace, handler: type[BaseHTTPRequestHandler], path: str) -> None:
    """Say where, and serve until told to stop."""
    with Listener((options.host, options.port), handler) as listener:
        print(f"http://{options.host}:{listener.server_port}{path}", flush=True)
        if options.with_parent:
            end_with_parent(listener)
        try:
            listener.serve_forever()
        except KeyboardInterrupt:
            return


def end_with_parent(listener: Listener) -> None:
    """From now on the listener ends when standard input closes."""

    def wait() -> None:
        sys.stdin.buffer.read()
        listener.shutdown()

    threading.Thread(target=wait, daemon=True).start()
