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
import hashlib
import re
import secrets
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from html import escape
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from lxml import etree

from connectors import xml
from connectors.errors import ConnectorError

LINK_LIFE = 30 * 60
LONGEST_STATEMENT = 1_000_000
TRAPS = {"control", "mojibake", "latin1", "break", "case", "html", "cut", "doctype", "repeat"}
TRAPS |= {"empty", "stop", "error", "busy", "slow", "huge", "expired"}
TYPES = {
    "10": "Diareihe",
    "12": "Arbeitstransparentreihe",
    "19": "Bild (online)",
    "29": "Audio (online)",
    "42": "Videokassette (VHS)",
    "46": "DVD-Video",
    "49": "Video (online)",
    "55": "Medienpaket (online)",
    "58": "Internet-Seite",
    "69": "Programm (online)",
    "79": "Dokument (online)",
}
TITLE_FIELDS = ("titel", "utitel", "sertitel", "serutitel", "orgtitel", "paratitel")
TEXT_FIELDS = (*TITLE_FIELDS, "text", "langtext", "schlag", "personen", "einzeltitel")


class DataError(Exception):
    """The data cannot be served; the message says which file and why."""


@dataclass(frozen=True, slots=True)
class Item:
    """A record as it is served."""

    identifier: str
    contexts: frozenset[str]
    fields: Mapping[str, str]
    size: str

    def licensed(self, contexts: Iterable[str]) -> bool:
        return not self.contexts.isdisjoint(contexts)

    def expired(self) -> bool:
        """Whether a date in `licence` has passed; anything else there is a publisher's tag."""
        try:
            return date.fromisoformat(self.fields.get("licence", "")) < date.today()
        except ValueError:
            return False


def load(paths: Sequence[Path], contexts: frozenset[str]) -> dict[str, Item]:
    """Read the records of files and folders, by identifier in upper case."""
    items: dict[str, Item] = {}
    files = [
        file for path in paths for file in (sorted(path.glob("*.xml")) if path.is_dir() else [path])
    ]
    for file in files:
        try:
            root = xml.parse(file.read_bytes()).root
        except (OSError, ConnectorError) as error:
            raise DataError(f"{file}: {error}") from error
        for element in [root] if root.tag == "record" else root.iterfind("r"):
            item = _item(element, contexts)
            if not item.identifier or item.identifier.upper() in items:
                raise DataError(f"{file}: identifier {item.identifier!r} is missing or comes twice")
            items[item.identifier.upper()] = item
    return items


def _item(element: etree._Element, contexts: frozenset[str]) -> Item:
    fields = {f.get("n", ""): f.text or "" for f in element.iterfind("f")}
    own = frozenset(_contexts(element.get("contexts", "")))
    return Item(
        identifier=element.get("identifier") or fields.get("identifier", ""),
        contexts=own or contexts,
        fields=fields,
        size=element.get("size", "200 MByte"),
    )


def _contexts(text: str) -> Iterator[str]:
    return (part.strip(" /").upper() for part in text.split(",") if part.strip(" /"))


def reach(text: str) -> frozenset[str]:
    """The licence areas that a context lies in: `NRW/BOR/160001` lies in itself, BOR and NRW."""
    areas: set[str] = set()
    for context in _contexts(text):
        steps = context.split("/")
        areas.update("/".join(steps[: depth + 1]) for depth in range(len(steps)))
    return frozenset(areas)


@dataclass
class Server:
    """What the handlers of all requests share."""

    items: dict[str, Item]
    password: str | None = None
    clients: Mapping[str, str] = field(default_factory=dict)
    users: Mapping[str, str] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    notches: dict[str, tuple[str, Item]] = field(default_factory=dict)
    uuids: dict[str, str] = field(default_factory=dict)
    """uuid to the name of its client; a name that starts with `?` is not confirmed yet."""
    uses: dict[str, int] = field(default_factory=dict)
    temporary: dict[str, str] = field(default_factory=dict)
    links: dict[str, tuple[float, Item]] = field(default_factory=dict)

    def answer(
        self, statement: etree._Element, context: str, traps: frozenset[str], caller: _Caller
    ) -> str:
        """The body that answers a statement."""
        areas = reach(context)
        if not areas:
            return _error("No context")
        verb = statement.tag
        if verb == "getpassphrase":
            return self._getpassphrase(statement, caller)
        user = statement.get("user", "")
        if self.clients and not self._admits(user, "expired" in traps):
            return _error("Not authorised")
        if verb == "search":
            return self._search(statement, areas, traps)
        if verb == "harvest":
            return self._harvest(statement, areas)
        if verb == "record":
            return self._record(statement, areas, traps)
        if verb == "notch":
            return self._notch(statement, areas)
        if verb == "link":
            return self._link(statement, user, caller)
        if verb == "login":
            return self._login(statement)
        if verb == "taxonomy":
            return self._taxonomy(statement.get("type", ""), areas)
        if verb == "logo":
            return "<p class='logo'>Ein Angebot Ihres Medienzentrums (Demonstration)</p>"
        return _error("Unknown statement")

    def _visible(self, areas: frozenset[str]) -> list[Item]:
        return [item for item in self.items.values() if item.licensed(areas)]

    def _find(self, statement: etree._Element, areas: frozenset[str]) -> Item | None:
        item = self.items.get(statement.get("identifier", "").upper())
        return item if item and item.licensed(areas) else None

    def _search(
        self, statement: etree._Element, areas: frozenset[str], traps: frozenset[str]
    ) -> str:
        wanted = [name.strip() for name in statement.get("fields", "text,titel").split(",")]
        found = [item for item in self._visible(areas) if _matches(item, statement)]
        start, end = _limit(statement.get("limit", ""), len(found))
        if "repeat" in traps:
            start, end = 0, end - start
        page = [] if "empty" in traps else found[start:end]
        more = (end < len(found) and "stop" not in traps) or bool(traps & {"repeat", "empty"})
        names = None if "*" in wanted else wanted
        return _result(page, names, f'resume="{int(more)}"')

    def _harvest(self, statement: etree._Element, areas: frozenset[str]) -> str:
        items = self._visible(areas)
        start = _number(statement.get("start", "0"))
        end = start + _number(statement.get("count", "100"))
        return _result(items[start:end], None, 'more="more"' if end < len(items) else "")

    def _record(
        self, statement: etree._Element, areas: frozenset[str], traps: frozenset[str]
    ) -> str:
        item = self._find(statement, areas)
        if not item:
            return _error("No such record")
        if statement.get("template", "").startswith("edmond"):
            return f"<html><body><h1>{escape(item.fields.get('titel', ''))}</h1></body></html>"
        shown = item.identifier
        fields = {**item.fields, "identifier": shown.swapcase() if "case" in traps else shown}
        return f"<record>{_fields(fields, None)}</record>"

    def _notch(self, statement: etree._Element, areas: frozenset[str]) -> str:
        item = self._find(statement, areas)
        if not item or item.expired():
            return _error("No valid licence")
        with self.lock:
            key, challenge = secrets.token_hex(8), secrets.token_hex(16)
            self.notches[key] = challenge, item
        return f'<notch id="{key}">{challenge}</notch>'

    def _link(self, statement: etree._Element, user: str, caller: _Caller) -> str:
        with self.lock:
            challenge, item = self.notches.pop(statement.get("id", ""), ("", None))
        if item is None:
            return _error("Unknown notch")
        password = self.password
        if user:
            password = self.clients[self.uuids[user]]
        elif statement.get("tmpuser"):
            password = self.temporary.get(statement.get("tmpuser", ""), secrets.token_hex())
        if password is not None and statement.text != _md5(f"{challenge}:{password}"):
            return _error(f"Wrong passphrase for {caller.address}")
        token = secrets.token_hex(16)
        with self.lock:
            self.links[token] = time.monotonic() + LINK_LIFE, item
        base = f"{caller.base}/media/{token}/{escape(item.identifier)}"
        return (
            f'<link size="{escape(item.size)}"><a href="{base}/index.html">direct</a>'
            f'<a href="{base}-download/{escape(item.identifier)}.zip">download</a></link>'
        )

    def _login(self, statement: etree._Element) -> str:
        password = self.users.get(statement.get("user_id", ""))
        if password is None or statement.get("password", "") != _md5(password):
            return '<login allow="no"></login>'
        user, word = secrets.token_hex(6), secrets.token_hex(12)
        self.temporary[user] = word
        return f'<login allow="yes" tmpuser="{user}">{word}</login>'

    def _getpassphrase(self, statement: etree._Element, caller: _Caller) -> str:
        name, uuid = statement.get("client"), statement.get("uuid", "")
        with self.lock:
            if name is not None:
                uuid = secrets.token_hex(16)
                self.uuids[uuid] = f"?{name}"
                return f"<uuid>{uuid}</uuid>"
            name = self.uuids.pop(uuid, "?").removeprefix("?")
            secret = self.clients.get(name)
            if secret is None or statement.text != _md5(f"{uuid}:{secret}"):
                return _error(f"Wrong passphrase for {caller.address}")
            self.uuids[uuid] = name
        return "<ok>ok</ok>"

    def _admits(self, uuid: str, short_lived: bool) -> bool:
        with self.lock:
            self.uses[uuid] = self.uses.get(uuid, 0) + 1
            if short_lived and self.uses[uuid] > 3:
                self.uuids.pop(uuid, None)
            return self.uuids.get(uuid, "?") in self.clients

    def _taxonomy(self, kind: str, areas: frozenset[str]) -> str:
        if kind == "typen":
            pairs = TYPES
        else:
            name = {"eafgebiete": "geb", "schlag": "schlag", "sprache": "sprache"}.get(kind)
            if not name:
                return _error("Unknown taxonomy")
            values = (re.split("[,;]", i.fields.get(name, "")) for i in self._visible(areas))
            pairs = {value.strip(): value.strip() for group in values for value in group}
        rows = "".join(
            f"<t><key>{escape(key)}</key><value>{escape(value)}</value></t>"
            for key, value in sorted(pairs.items())
            if key
        )
        return f"<result>{rows}</result>"


@dataclass(frozen=True, slots=True)
class _Caller:
    address: str
    base: str


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _error(text: str) -> str:
    return f"<error>{escape(text)}</error>"


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else 0


def _limit(text: str, total: int) -> tuple[int, int]:
    """`100` is the first hundred, `100,200` is from the 100th to the 200th."""
    first, comma, second = text.partition(",")
    if comma:
        return min(_number(first), total), min(_number(second), total)
    return 0, min(_number(first), total) if first else total


def _matches(item: Item, statement: etree._Element) -> bool:
    eaf = statement.get("eaf", "")
    if eaf and not any(code.strip().startswith(eaf) for code in _split(item, "geb")):
        return False
    return all(_meets(item, condition) for condition in statement.iterfind("condition"))


def _split(item: Item, name: str) -> list[str]:
    return re.split("[,;]", item.fields.get(name, ""))


def _meets(item: Item, condition: etree._Element) -> bool:
    name = condition.get("field", "text_fields")
    names = {"titel_fields": TITLE_FIELDS, "text_fields": TEXT_FIELDS}.get(name, (name,))
    text = " ".join(item.fields.get(name, "") for name in names).casefold()
    words = re.findall(r"\w+", text)
    option = condition.get("option", "")

    def holds(word: str) -> bool:
        if option == "WORD":
            return word in words
        if option == "BEGIN":
            return any(other.startswith(word) for other in words)
        return word in text

    wanted = (condition.text or "").casefold().split()
    return (any if condition.get("operator") == "OR" else all)(map(holds, wanted))


def _fields(fields: Mapping[str, str], names: Iterable[str] | None) -> str:
    return "".join(
        f'<f n="{escape(name)}">{escape(fields[name], quote=False)}</f>'
        for name in (fields if names is None else names)
        if name in fields
    )


def _result(items: Iterable[Item], names: Iterable[str] | None, attributes: str) -> str:
    rows = "".join(
        f'<r identifier="{escape(item.identifier)}">{_fields(item.fields, names)}</r>\n'
        for item in items
    )
    return f"<result {attributes}>\n{rows}</result>"


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
    arix: Server

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent: standard output carries the address, and passphrases are in no log."""

    def do_POST(self) -> None:
        length = _number(self.headers.get("Content-Length", ""))
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
            return self._send(HTTPStatus.OK, _error("Malformed statement").encode())
        caller = _Caller(str(self.client_address[0]), f"http://{self.headers['Host']}")
        body = spoil(self.arix.answer(statement, context, traps, caller), traps)
        if "slow" in traps:
            return self._drip(body)
        if "huge" in traps:
            return self._flood()
        self._send(HTTPStatus.OK, body)

    def do_GET(self) -> None:
        steps = [unquote(step) for step in urlsplit(self.path).path.split("/") if step]
        until, item = self.arix.links.get(steps[1] if len(steps) > 1 else "", (0.0, None))
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
        items = load(options.data, frozenset(_contexts(options.contexts)))
    except DataError as error:
        parser.exit(2, f"{error}\n")
    Handler.arix = Server(items, options.password, _pairs(options.client), _pairs(options.user))
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
