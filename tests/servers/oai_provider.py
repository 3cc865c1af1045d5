"""An OAI-PMH provider that misbehaves on demand, always in the same way.

It answers properly but for one fault, which befalls `times` requests for records (all of them:
0) from number `at` on (the first is 1).

    python -m tests.servers.oai_provider --records 100000 --page 500 --fault none

prints its address as the first line and serves until it is ended.
"""

from __future__ import annotations

import argparse
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from lxml import etree

from hub.benchmarks.oai_pages import DC, dublin_core, medium
from hub.benchmarks.provider import (
    DUBLIN_CORE,
    Entry,
    Format,
    Handler,
    Provider,
    Reply,
    Server,
    entries,
)
from hub.formats import dublin_core as dublin_core_format
from hub.formats import lom

MAINTENANCE = (
    b"<!DOCTYPE html>\n<html><head><title>Wartung</title></head>"
    b"<body><h1>Wir sind bald wieder da.</h1></body></html>"
)
AGAIN = "again:"
"""Before a token: another name for the same page."""
HUGE = 64_000_000


def _write_lom(number: int, revision: int) -> str:
    element = etree.fromstring(dublin_core(medium(number, revision)))
    record = dublin_core_format.read(f"oai:medien.example.org:{number:08d}", "", element)
    return etree.tostring(lom.write(record), encoding="unicode")


FORMATS = {
    "oai_dc": DUBLIN_CORE,
    "lom": Format(_write_lom, lom.LOM, "http://ltsc.ieee.org/xsd/lomv1.0/lom.xsd"),
}
"""Both formats; a provider given these is asked for LOM."""


class FaultyProvider(Provider):
    """A provider with a fault. `requests` are the queries it got, in order."""

    def __init__(
        self,
        records: Iterable[Entry],
        *,
        fault: str = "none",
        at: int = 2,
        times: int = 1,
        **options: Any,
    ) -> None:
        super().__init__(records, **options)
        if fault not in FAULTS:
            raise ValueError(f"{fault} is none of {', '.join(FAULTS)}")
        self.fault = fault
        self.at = at
        self.times = times
        self.requests: list[Mapping[str, str]] = []
        self.first_answer = self.last_answer = b""
        """The bodies of the first and the latest proper answer to requests for records."""
        self._counter = threading.Lock()
        self._number = 0

    def answer(self, query: Mapping[str, str]) -> Reply:
        token = query.get("resumptionToken", "")
        if token.startswith(AGAIN):
            query = {**query, "resumptionToken": token.removeprefix(AGAIN)}
        return super().answer(query)

    def befalls(self, query: Mapping[str, str]) -> bool:
        """Count a request for records; whether the fault befalls it."""
        with self._counter:
            self.requests.append(dict(query))
            if query.get("verb") != "ListRecords":
                return False
            self._number += 1
            since = self._number - self.at
        return self.fault != "none" and since >= 0 and (not self.times or since < self.times)

    def asked(self) -> list[Mapping[str, str]]:
        """The requests for records."""
        return [query for query in self.requests if query.get("verb") == "ListRecords"]


class FaultyHandler(Handler):
    provider: FaultyProvider  # type: ignore[misc]

    def do_GET(self) -> None:
        if self.path.startswith("/moved?"):  # where the redirect leads
            self.path = self.path.replace("/moved?", "/oai?", 1)
            self.redirected = True
        super().do_GET()

    redirected = False

    def send(self, query: Mapping[str, str]) -> None:
        provider = self.provider
        if self.redirected:
            self.redirected = False
            self.write(provider.answer(query))
        elif provider.befalls(query):
            FAULTS[provider.fault](self, query)
        else:
            self.proper(query)

    def proper(self, query: Mapping[str, str]) -> None:
        """Answer as it should be."""
        reply = self.provider.answer(query)
        if query.get("verb") == "ListRecords":
            self.provider.first_answer = self.provider.first_answer or reply.body
            self.provider.last_answer = reply.body
        self.write(reply)

    def body(self, query: Mapping[str, str]) -> bytes:
        return self.provider.answer(query).body

    def raw(self, head: str, body: bytes) -> None:
        """Send bytes as they are and close the connection."""
        self.wfile.write(f"HTTP/1.1 {head}\r\nConnection: close\r\n\r\n".encode() + body)
        self.wfile.flush()
        self.close_connection = True


Fault = Callable[[FaultyHandler, Mapping[str, str]], None]
FAULTS: dict[str, Fault] = {}


def fault(name: str) -> Callable[[Fault], Fault]:
    def register(function: Fault) -> Fault:
        FAULTS[name] = function
        return function

    return register


@fault("none")
def _none(handler: FaultyHandler, query: Mapping[str, str]) -> None:
    handler.proper(query)


def _status(status: int, **headers: str) -> Fault:
    def send(handler: FaultyHandler, query: Mapping[str, str]) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        handler.write(Reply(b"not now", status, named))

    return send


FAULTS["500"] = _status(500)
FAULTS["503"] = _status(503)
FAULTS["503-seconds"] = _status(503, Retry_After="7")
FAULTS["503-long"] = _status(503, Retry_After="86400")
FAULTS["429"] = _status(429, Retry_After="3")
FAULTS["404"] = _status(404)


@fault("503-date")
def _retry_date(handler: FaultyHandler, query: Mapping[str, str]) -> None:
    until = datetime.now(UTC) + timedelta(seconds=60)
    handler.write(Reply(b"not now", 503, {"Retry-After": format_datetime(until, usegmt=True)}))


@fault("cut")
def _cut(handler: FaultyHandler, query: Mapping[str, str]) -> None:
    """Half of the announced body."""
    body = handler.body(query)
    handler.raw(f"200 OK\r\nContent-Type: text/xml\r\nContent-Length: {len(body)}",
                body[: len(body) // 2])  # fmt: skip


@fault("cut-unannounced")
def _cut_unannounced(handler: FaultyHandler, query: Mapping[str, str]) -> None:
    """Half of a body whose length nobody announced: over HTTP it looks whole."""
    body = handler.body(query)
    handler.raw("200 OK\r\nContent-Type: text/xml", body[: len(body) // 2])


@fault("reset")
def _reset(handler: FaultyHandler, query: Mapping[str, str]) -> None:
    """The connection is reset in the middle of the answer."""
    body = handler.body(query)
    handler.raw(f"200 OK\r\nContent-Type: text/xml\r\nContent-Length: {len(body)}", body[:1000])
    linger = struct.pack("ii", 1, 0)
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    handler.connection.close()


@fault("no-answer")
def _no_answer(handler: FaultyHandler, query: Mapping[str, str]) -> None:
    handler.close_connection = True


def _in_a_title(handler: FaultyHandler, query: Mapping[str, str], what: bytes) -> None:
    body = handler.body(query)
    handler.write(Reply(body.replace(b"</dc:title>", what + b"</dc:title>", 1)))


@fault("control-characters")
def _control(handler: FaultyHandler, query: Mapping[str, str]) -> None:
    _in_a_title(handler, query, b"\x01\x06\x0b &#x1; &#8;")


@fault("invalid-utf8")
def _invalid(handler: FaultyHandler, query: Mapping[str, str]) -> None:
    _in_a_title(handler, query, b" f\xfcr alle")


@fault("redirect")
def _redirect(handler: FaultyHandler, query: Mapping[str, str]) -> None:
    target = handler.path.replace("/oai?", "/moved?", 1)
    handler.write(Reply(b"", 302, {"Location": target}))


def _problem(handler: FaultyHandler, code: str) -> None:
    body = handler.provider.answer({"verb": "no"}).body
    handler.write(Reply(body.replace(b"badVerb", code.encode())))


@fault("expired-token")
def _expired(handler: FaultyHandler, query: Mapping[str, str]) -> None:
    """Tokens are not known any more; lists can be begun."""
    if "resumptionToken" in query:
        _problem(handler, "badResumptionToken")
    else:
        handler.proper(query)


@fault("no-records-match")
def _no_match(handler: FaultyHandler, query: Mapping[str, str]) -> None:
    """A list that goes on, but not really."""
    _problem(handler, "noRecordsMatch")


def _token(body: bytes) -> bytes:
    start = body.index(b"<resumptionToken")
    return body[start : body.index(b"</resumptionToken>") + len(b"</resumptionToken>")]


@fault("same-token")
def _same_token(handler: FaultyHandler, query: Mapping[str, str]) -> None:
    """A page whose token leads to itself."""
    body, token = handler.body(query), query.get("resumptionToken", "")
    own = b"<resumptionToken>" + token.replace("&", "&amp;").encode() + b"</resumptionToken>"
    handler.write(Reply(body.replace(_token(body), own)))


@fault("endless")
def _endless(handler: FaultyHandler, query: Mapping[str, str]) -> None:
    """The first page for ever, each time with another token."""
    body = handler.provider.first_answer
    own = b"<resumptionToken>page-%d</resumptionToken>" % len(handler.provider.requests)
    handler.write(Reply(body.replace(_token(body), own)))


@fault("empty-page")
def _empty(handler: FaultyHandler, query: Mapping[str, str]) -> None:
    """No records, but a token that leads on."""
    body = handler.body(query)
    start = body.index(b"<ListRecords>") + len(b"<ListRecords>")
    handler.write(Reply(body[:start] + _token(body) + b"</ListRecords></OAI-PMH>"))


@fault("empty-end")
def _empty_end(handler: FaultyHandler, query: Mapping[str, str]) -> None:
    """No records and no token where more should come."""
    body = handler.body(query)
    start = body.index(b"<ListRecords>") + len(b"<ListRecords>")
    handler.write(Reply(body[:start] + b"</ListRecords></OAI-PMH>"))


@fault("early-end")
def _early_end(handler: FaultyHandler, query: Mapping[str, str]) -> None:
    """A page that says that it was the last, but keeps the announced size."""
    body = handler.body(query)
    token = _token(body)
    handler.write(
        Reply(body.replace(token, token[: token.index(b">") + 1] + b"</resumptionToken>"))
    )


@fault("html")
def _html(handler: FaultyHandler, query: Mapping[str, str]) -> None:
    """A maintenance page, answered with status 200."""
    handler.write(Reply(MAINTENANCE, 200, {"Content-Type": "text/html; charset=utf-8"}))


@fault("xhtml")
def _xhtml(handler: FaultyHandler, query: Mapping[str, str]) -> None:
    """The same as well-formed XML."""
    body = b'<html xmlns="http://www.w3.org/1999/xhtml"><body><p>Wartung</p></body></html>'
    handler.write(Reply(body, 200, {"Content-Type": "application/xhtml+xml"}))


@fault("drip")
def _drip(handler: FaultyHandler, query: Mapping[str, str]) -> None:
    """A byte now and then, for ever."""
    handler.raw("200 OK\r\nContent-Type: text/xml", b"")
    try:
        while True:
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.05)
    except OSError:
        return


@fault("huge")
def _huge(handler: FaultyHandler, query: Mapping[str, str]) -> None:
    """A page without an end."""
    try:
        handler.raw("200 OK\r\nContent-Type: text/xml", b"<OAI-PMH>")
        for _ in range(HUGE // 100_000):
            handler.wfile.write(b" " * 100_000)
    except OSError:
        return


@fault("wrong-type")
def _wrong_type(handler: FaultyHandler, query: Mapping[str, str]) -> None:
    """The right page under a wrong name and with a wrong encoding."""
    reply = handler.provider.answer(query)
    handler.write(Reply(reply.body, 200, {"Content-Type": "text/html; charset=iso-8859-1"}))


@fault("duplicate-page")
def _duplicate(handler: FaultyHandler, query: Mapping[str, str]) -> None:
    """The page before this one once more, with a token of its own that leads here."""
    body, token = handler.provider.last_answer, query.get("resumptionToken", "")
    old = _token(body)
    own = old[: old.index(b">") + 1] + f"{AGAIN}{token}</resumptionToken>".encode()
    handler.write(Reply(body.replace(old, own)))


@fault("lost-page")
def _lost(handler: FaultyHandler, query: Mapping[str, str]) -> None:
    """The page after this one in its place."""
    body = handler.body(query)
    token = _token(body)
    text = token[token.index(b">") + 1 : token.rindex(b"<")].decode().replace("&amp;", "&")
    handler.proper({"verb": "ListRecords", "resumptionToken": text})


@fault("changing")
def _changing(handler: FaultyHandler, query: Mapping[str, str]) -> None:
    """Records change while they are harvested: one that was given, and one that was not yet."""
    provider = handler.provider
    held = list(provider.records.values())
    latest = max(entry.datestamp for entry in held)
    for offset, entry in enumerate((held[0], held[-1])):
        changed = entry._replace(datestamp=latest + 1 + offset, revision=entry.revision + 1)
        provider.replace(changed)
    handler.proper(query)


@fault("bad-record")
def _bad_record(handler: FaultyHandler, query: Mapping[str, str]) -> None:
    """Records without a title, without an identifier, and without metadata."""
    body = handler.body(query)
    bad = (
        b"<record><header><identifier>oai:x:1</identifier><datestamp>2020-01-01</datestamp>"
        b'</header><metadata><dc xmlns="http://www.openarchives.org/OAI/2.0/oai_dc/">'
        b'<description xmlns="' + DC.encode() + b'">ohne Titel</description></dc></metadata>'
        b"</record><record><header/></record><record><header><identifier>oai:x:2</identifier>"
        b"</header></record>"
    )
    handler.write(Reply(body.replace(b"<ListRecords>", b"<ListRecords>" + bad, 1)))


class FaultyServer(Server):
    handler = FaultyHandler


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--records", type=int, default=1_000)
    parser.add_argument("--page", type=int, default=100)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--fault", choices=sorted(FAULTS), default="none")
    parser.add_argument("--at", type=int, default=2, help="the first request that it befalls")
    parser.add_argument(
        "--times", type=int, default=1, help="how many requests; 0: all that follow"
    )
    parser.add_argument(
        "--deleted", choices=["no", "transient", "persistent"], default="persistent"
    )
    parser.add_argument("--granularity", choices=["second", "day"], default="second")
    parser.add_argument("--no-list-size", action="store_true")
    parser.add_argument("--gzip", action="store_true")
    parser.add_argument("--lom", action="store_true", help="offer LOM besides Dublin Core")
    options = parser.parse_args()
    provider = FaultyProvider(
        entries(options.records),
        fault=options.fault,
        at=options.at,
        times=options.times,
        page=options.page,
        granularity=options.granularity,
        deleted=options.deleted,
        list_size=not options.no_list_size,
        compress=options.gzip,
        formats=FORMATS if options.lom else None,
    )
    provider.render_all("lom" if options.lom else "oai_dc")
    server = FaultyServer(provider, options.port)
    print(server.address, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
