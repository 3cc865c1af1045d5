"""A stand-in ARIX server: speaks ARIX 1.4 over HTTP with the real one's traps and errors.

    python -m connectors.standins.arix_server --data FILE_OR_FOLDER [--port 0] [--password PW]

The first line on standard output is the base address, `http://127.0.0.1:PORT/arix`; the context
(`NRW/BOR`) is appended to it or sent in the form field `context`. With `--with-parent` the server
ends when its standard input closes, so it cannot outlive whoever started it.

Data: XML files (a folder stands for all `*.xml` in it) as the real server answers a search,

    <result>
      <r identifier="DEMO-4900001" contexts="NRW">
        <f n="titel">Wasserkreislauf</f> <f n="typ">49</f> <f n="laenge">12 min f</f> ...
      </r>
      <r identifier="DEMO-5500002" contexts="NRW/BOR, NRW/VIE" size="80 MByte"> ... </r>
    </result>

or as it answers for one record, `<record><f n="identifier">...</f> ...</record>`. `contexts` names
where the record is licensed: `NRW` is a Land licence, `NRW/BOR` that centre's own; without it the
record belongs to `--contexts` (default `NRW`). A request in `NRW/BOR` (or below: `NRW/BOR/160001`)
sees what is licensed for `NRW` and for `NRW/BOR`, and only that, as the real server has it; several
contexts joined by commas are united. A `licence` date that has passed stays in the search and is
refused with `No valid licence` when opened. A field `url` makes the record a website. `size` is
told with the link. The order of the files, by name, and of the records in them is the order of
answers; an identifier that comes twice is an error.

Statements: search (fields, limit `N` or `FROM,TO`, eaf, conditions), record, harvest, notch, link,
login, getpassphrase, taxonomy, logo. `--password` demands that passphrase of `link`; `--client
NAME=SECRET` demands the newer way for every statement; `--user ID=PASSWORD` allows `login`.
Links lead to a page of this server and end after 30 minutes.

Traps, in the address, joined by `+`: `http://127.0.0.1:PORT/trap/control+mojibake/arix`.
control: characters U+0001 and U+0006 in the answer · mojibake: every third text is encoded twice ·
latin1: bytes that are no UTF-8 · break: line ends become `~br>` · case: identifiers change case ·
html: a maintenance page with status 200 · cut: the XML ends in the middle · doctype: with an
external DTD · repeat: the first page for ever · empty: an empty page that says there is more ·
stop: resume says "no more" after the first page · error: status 500 · busy: status 503 with
Retry-After 1 · slow: a byte a second · huge: an answer without end · expired: no uuid holds longer
than three statements.
"""

from __future__ import annotations

import argparse
import re
import sys
import threading
import time
from collections.abc import Sequence
from html import escape
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from connectors import xml
from connectors.errors import ConnectorError
from connectors.standins.arix_stock import (
    Caller,
    DataError,
    Stock,
    contexts_of,
    error,
    load,
    number,
)

LONGEST_STATEMENT = 1_000_000
TRAPS = {"control", "mojibake", "latin1", "break", "case", "html", "cut", "doctype", "repeat"}
TRAPS |= {"empty", "stop", "error", "busy", "slow", "huge", "expired"}

_TEXT = re.compile(r'(?<=<f n="text">)[^<]+')
_MAINTENANCE = (
    "<!DOCTYPE html>\n<html><body><h1>Wartungsarbeiten</h1><p>Bitte später.</p></body></html>"
)


def spoil(body: str, traps: frozenset[str]) -> bytes:
    """The answer as the real server would send it on a bad day."""
    if "html" in traps:
        return _MAINTENANCE.encode()
    if "break" in traps:
        body = _TEXT.sub(lambda found: found[0].replace("\n", "~br&gt;"), body)
    if "control" in traps:
        body = _TEXT.sub(lambda found: f"\x01{found[0]}\x06", body)
    if "mojibake" in traps:
        body = _TEXT.sub(lambda found: _twice(found[0]), body)
    if "doctype" in traps:
        body = f'<!DOCTYPE result SYSTEM "http://127.0.0.1:9/arix.dtd">{body}'
    if "cut" in traps:
        body = body[: len(body) * 2 // 3]
    return body.encode("cp1252" if "latin1" in traps else "utf-8", "replace")


def _twice(text: str) -> str:
    return text.encode().decode("cp1252", "replace").replace("\ufffd", "?")


class Handler(BaseHTTPRequestHandler):
    """HTTP around the statements."""

    protocol_version = "HTTP/1.1"
    stock: Stock

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent: standard output carries the address, and passphrases are in no log."""

    def do_POST(self) -> None:
        length = number(self.headers.get("Content-Length", ""))
        if not 0 < length <= LONGEST_STATEMENT:
            self.close_connection = True
            return self._send(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, b"too large", "text/plain")
        form = parse_qs(self.rfile.read(length).decode("utf-8", "replace"))
        steps = [unquote(step) for step in urlsplit(self.path).path.split("/") if step]
        traps: frozenset[str] = frozenset()
        if steps[:1] == ["trap"]:
            traps, steps = frozenset("".join(steps[1:2]).split("+")) & TRAPS, steps[2:]
        if steps[:1] != ["arix"]:
            return self._send(HTTPStatus.NOT_FOUND, b"not here", "text/plain")
        if "error" in traps:
            return self._send(HTTPStatus.INTERNAL_SERVER_ERROR, b"broken", "text/plain")
        if "busy" in traps:
            return self._send(HTTPStatus.SERVICE_UNAVAILABLE, b"busy", "text/plain", retry=1)
        context = "/".join(steps[1:]) or form.get("context", [""])[0]
        try:
            statement = xml.parse(form.get("xmlstatement", [""])[0].encode()).root
        except ConnectorError:
            return self._send(HTTPStatus.OK, error("Malformed statement").encode())
        caller = Caller(str(self.client_address[0]), f"http://{self.headers['Host']}")
        body = spoil(self.stock.answer(statement, context, traps, caller), traps)
        if "slow" in traps:
            return self._drip(body)
        if "huge" in traps:
            return self._flood()
        self._send(HTTPStatus.OK, body)

    def do_GET(self) -> None:
        steps = [unquote(step) for step in urlsplit(self.path).path.split("/") if step]
        until, item = self.stock.links.get(steps[1] if len(steps) > 1 else "", (0.0, None))
        if steps[:1] != ["media"] or item is None or until < time.monotonic():
            return self._send(HTTPStatus.NOT_FOUND, b"This link has ended.", "text/plain")
        title = escape(item.fields.get("titel", item.identifier))
        text = escape(item.fields.get("text", "")).replace("\n", "<br>")
        page = (
            f'<!DOCTYPE html><html lang="de"><meta charset="utf-8"><title>{title}</title>'
            f"<h1>{title}</h1><p>{text}</p><p>Hier liefe das Medium "
            f"<code>{escape(item.identifier)}</code>: ein Platzhalter der Demonstration.</p></html>"
        )
        self._send(HTTPStatus.OK, page.encode(), "text/html; charset=utf-8")

    def _send(
        self, status: int, body: bytes, kind: str = "text/xml; charset=utf-8", retry: int = 0
    ) -> None:
        head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nContent-Type: {kind}\r\n"
        head += f"Content-Length: {len(body)}\r\n" + (f"Retry-After: {retry}\r\n" if retry else "")
        # One write: head and body in two would wait for each other (Nagle, delayed ACK).
        self.wfile.write(head.encode("ascii") + b"\r\n" + body)

    def _drip(self, body: bytes) -> None:
        self.close_connection = True
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nConnection: close\r\n\r\n")
        for byte in body:
            self.wfile.write(bytes([byte]))
            time.sleep(1)

    def _flood(self) -> None:
        self.close_connection = True
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nConnection: close\r\n\r\n")
        while True:
            self.wfile.write(b"<!-- and on -->" * 10_000)


class Listener(ThreadingHTTPServer):
    """A thread for each connection; who hangs up early is no error."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


def _pairs(values: Sequence[str]) -> dict[str, str]:
    return {name: secret for name, _, secret in (value.partition("=") for value in values)}


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(description="A stand-in ARIX server.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--data", type=Path, action="append", required=True, metavar="PATH")
    parser.add_argument("--contexts", default="NRW", help="of records that name none")
    parser.add_argument("--password", help="the passphrase that links demand")
    parser.add_argument("--client", action="append", default=[], metavar="NAME=SECRET")
    parser.add_argument("--user", action="append", default=[], metavar="ID=PASSWORD")
    parser.add_argument("--with-parent", action="store_true", help="end when stdin closes")
    options = parser.parse_args(arguments)
    try:
        items = load(options.data, frozenset(contexts_of(options.contexts)))
    except DataError as error:
        parser.exit(2, f"{error}\n")
    Handler.stock = Stock(items, options.password, _pairs(options.client), _pairs(options.user))
    with Listener((options.host, options.port), Handler) as listener:
        print(f"http://{options.host}:{listener.server_port}/arix", flush=True)
        if options.with_parent:
            threading.Thread(target=_end_with_parent, args=(listener,), daemon=True).start()
        try:
            listener.serve_forever()
        except KeyboardInterrupt:
            return


def _end_with_parent(listener: Listener) -> None:
    sys.stdin.buffer.read()
    listener.shutdown()


if __name__ == "__main__":
    main()
