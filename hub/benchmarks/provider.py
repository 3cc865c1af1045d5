"""A healthy OAI-PMH 2.0 provider on the loopback interface, over made-up records.

`hub bench sync` harvests it from a process of its own; the tests' faulty provider is built on
it. Lists are in the order of (datestamp, identifier) and a resumption token names the last record
given, so lists stay whole while records change.

    python -m hub.benchmarks.provider --records 100000 --page 500

prints its address as the first line and serves until it is ended.
"""

from __future__ import annotations

import argparse
import gzip
import threading
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, NamedTuple, Self
from urllib.parse import parse_qsl, urlsplit
from xml.sax.saxutils import escape, quoteattr

from hub.benchmarks.oai_pages import OAI_DC, dublin_core, medium

FORMS = {"second": "%Y-%m-%dT%H:%M:%SZ", "day": "%Y-%m-%d"}
EPOCH = 1_577_836_800
"""The first datestamp: the first second of 2020."""


class Format(NamedTuple):
    """How a metadata format is written, and what ListMetadataFormats says of it."""

    write: Callable[[int, int], str]
    """From number and revision to the document."""
    namespace: str
    schema: str


DUBLIN_CORE = Format(
    lambda number, revision: dublin_core(medium(number, revision)),
    OAI_DC,
    "http://www.openarchives.org/OAI/2.0/oai_dc.xsd",
)


class Entry(NamedTuple):
    """A record as the provider keeps it; entries sort as lists do."""

    datestamp: int
    """Seconds since 1970."""
    identifier: str
    number: int
    revision: int = 0
    deleted: bool = False
    sets: tuple[str, ...] = ()


class Problem(Exception):
    """An error of the protocol: its code and a sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass
class Reply:
    """What goes over the wire."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(
        default_factory=lambda: {"Content-Type": "text/xml; charset=utf-8"}
    )


class _Window(NamedTuple):
    """What a list request asks for; the token carries it along with the last entry given."""

    prefix: str
    set: str
    start: int
    end: int


_FOREVER = 1 << 62


def entries(count: int, *, step: int = 1, sets: tuple[str, ...] = ()) -> Iterator[Entry]:
    """As many records, `step` seconds apart; with `sets`, each is a member of one in turn."""
    for number in range(count):
        yield Entry(
            EPOCH + number * step,
            f"oai:medien.example.org:{number:08d}",
            number,
            sets=(sets[number % len(sets)],) if sets else (),
        )


class Provider:
    """Answers OAI-PMH requests over a list of entries.

    `list_size` says whether tokens announce completeListSize and cursor; `deleted` is what
    Identify says of deleted records; `compress` packs answers with gzip; `now` gives the time of
    answers in seconds since 1970. Records are rendered once, when first asked for (`render_all`
    does it beforehand), or (`keep=False`) each time anew.
    """

    def __init__(
        self,
        records: Iterable[Entry],
        *,
        formats: Mapping[str, Format] | None = None,
        page: int = 500,
        granularity: str = "second",
        deleted: str = "persistent",
        list_size: bool = True,
        compress: bool = False,
        keep: bool = True,
        now: Callable[[], int] = lambda: int(datetime.now(UTC).timestamp()),
    ) -> None:
        self.formats = dict(formats or {"oai_dc": DUBLIN_CORE})
        self.page = page
        self.granularity = granularity
        self.deleted = deleted
        self.list_size = list_size
        self.compress = compress
        self.keep = keep
        self.now = now
        self.address = ""
        self._entries = sorted(records)
        self._rendered: dict[tuple[str, int, int], bytes] = {}
        self._sizes: dict[_Window, int] = {}
        self._lock = threading.Lock()

    @property
    def records(self) -> dict[str, Entry]:
        """What the provider holds now, by identifier."""
        return {entry.identifier: entry for entry in self._entries}

    def replace(self, entry: Entry) -> None:
        """Put an entry in the place of the one with its identifier, or add it."""
        with self._lock:
            self._entries = [old for old in self._entries if old.identifier != entry.identifier]
            insort(self._entries, entry)
            self._sizes.clear()

    def remove(self, identifier: str) -> None:
        """Forget a record without leaving a trace, as providers without deletions do."""
        with self._lock:
            self._entries = [old for old in self._entries if old.identifier != identifier]
            self._sizes.clear()

    def render_all(self, prefix: str = "oai_dc") -> None:
        """Render every record now, so that answering costs next to nothing."""
        for entry in self._entries:
            self._record(prefix, entry)

    def answer(self, query: Mapping[str, str]) -> Reply:
        """The answer to one request."""
        verbs: dict[str, Callable[[Mapping[str, str]], str | bytes]] = {
            "Identify": self._identify,
            "ListMetadataFormats": self._list_formats,
            "ListSets": self._list_sets,
            "ListRecords": self._list_records,
        }
        verb = query.get("verb", "")
        try:
            if verb not in verbs:
                raise Problem("badVerb", f"{verb} is not served")
            inner = verbs[verb](query)
            attributes = "".join(f" {name}={quoteattr(query[name])}" for name in query)
            content = inner if isinstance(inner, bytes) else inner.encode()
            content = b"<%b>%b</%b>" % (verb.encode(), content, verb.encode())
        except Problem as problem:
            attributes = ""
            content = f'<error code="{problem.code}">{escape(str(problem))}</error>'.encode()
        date = datetime.fromtimestamp(self.now(), UTC).strftime(FORMS["second"])
        head = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            '<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">'
            f"<responseDate>{date}</responseDate>"
            f"<request{attributes}>{escape(self.address)}</request>"
        )
        return Reply(head.encode() + content + b"</OAI-PMH>\n")

    def _identify(self, query: Mapping[str, str]) -> str:
        first = self._entries[0].datestamp if self._entries else EPOCH
        form = {"second": "YYYY-MM-DDThh:mm:ssZ", "day": "YYYY-MM-DD"}[self.granularity]
        return (
            "<repositoryName>Beispielarchiv</repositoryName>"
            f"<baseURL>{escape(self.address)}</baseURL><protocolVersion>2.0</protocolVersion>"
            "<adminEmail>archiv@example.org</adminEmail>"
            f"<earliestDatestamp>{self._datestamp(first)}</earliestDatestamp>"
            f"<deletedRecord>{self.deleted}</deletedRecord><granularity>{form}</granularity>"
            "<compression>gzip</compression>"
        )

    def _list_formats(self, query: Mapping[str, str]) -> str:
        return "".join(
            f"<metadataFormat><metadataPrefix>{prefix}</metadataPrefix><schema>{form.schema}"
            f"</schema><metadataNamespace>{form.namespace}</metadataNamespace></metadataFormat>"
            for prefix, form in self.formats.items()
        )

    def _list_sets(self, query: Mapping[str, str]) -> str:
        names = sorted({name for entry in self._entries for name in entry.sets})
        if not names:
            raise Problem("noSetHierarchy", "there are no sets here")
        return "".join(
            f"<set><setSpec>{name}</setSpec><setName>{name.title()}</setName></set>"
            for name in names
        )

    def _list_records(self, query: Mapping[str, str]) -> bytes:
        with self._lock:
            window, position, given = self._request(query)
            page: list[Entry] = []
            total = len(self._entries)
            while position < total and len(page) < self.page:
                entry = self._entries[position]
                if entry.datestamp >= window.end:
                    break
                if not window.set or window.set in entry.sets:
                    page.append(entry)
                position += 1
            more = position < total and self._entries[position].datestamp < window.end
            if not page and not given:
                raise Problem("noRecordsMatch", "nothing there in this range")
            token = ""
            if more or given:
                token = self._token(window, page[-1] if page else None, given, len(page), more)
            return b"".join(self._record(window.prefix, entry) for entry in page) + token.encode()

    def _request(self, query: Mapping[str, str]) -> tuple[_Window, int, int]:
        """What is asked for, where in the entries it goes on, and how many were given before."""
        token = query.get("resumptionToken")
        if token is None:
            window = self._window(query)
            return window, bisect_left(self._entries, (window.start,)), 0
        try:
            prefix, set_, start, end, given, datestamp, identifier = token.split("|", 6)
            window = _Window(prefix, set_, int(start), int(end))
            last = (int(datestamp), identifier + "\x00")
            return window, bisect_right(self._entries, last), int(given)
        except ValueError:
            raise Problem("badResumptionToken", "this token is none of ours") from None

    def _window(self, query: Mapping[str, str]) -> _Window:
        prefix = query.get("metadataPrefix", "")
        if prefix not in self.formats:
            raise Problem("cannotDisseminateFormat", f"no format {prefix}")
        return _Window(
            prefix,
            query.get("set", ""),
            self._second(query.get("from"), 0),
            self._second(query.get("until"), _FOREVER, end=True),
        )

    def _second(self, text: str | None, otherwise: int, *, end: bool = False) -> int:
        """The second at which a `from` begins, or (`end`) the first one behind an `until`."""
        if text is None:
            return otherwise
        for form, span in ((FORMS["day"], 86_400), (FORMS["second"], 1)):
            if form == FORMS["second"] and self.granularity == "day":
                break
            try:
                moment = datetime.strptime(text, form).replace(tzinfo=UTC)
            except ValueError:
                continue
            return int(moment.timestamp()) + (span if end else 0)
        raise Problem("badArgument", f"{text} is no date of our granularity")

    def _token(
        self, window: _Window, last: Entry | None, given: int, count: int, more: bool
    ) -> str:
        attributes = ""
        if self.list_size:
            size = self._sizes.get(window)
            if size is None:
                size = self._sizes[window] = sum(
                    window.start <= entry.datestamp < window.end
                    and (not window.set or window.set in entry.sets)
                    for entry in self._entries
                )
            attributes = f' completeListSize="{size}" cursor="{given}"'
        text = ""
        if more and last:
            fields = (*window, given + count, last.datestamp, last.identifier)
            text = escape("|".join(map(str, fields)))
        return f"<resumptionToken{attributes}>{text}</resumptionToken>"

    def _record(self, prefix: str, entry: Entry) -> bytes:
        key = (prefix, entry.number, entry.revision * 2 + entry.deleted)
        rendered = self._rendered.get(key)
        if rendered is None:
            sets = "".join(f"<setSpec>{name}</setSpec>" for name in entry.sets)
            status = ' status="deleted"' if entry.deleted else ""
            text = (
                f"<record><header{status}><identifier>{entry.identifier}</identifier>"
                f"<datestamp>{self._datestamp(entry.datestamp)}</datestamp>{sets}</header>"
            )
            if not entry.deleted:
                document = self.formats[prefix].write(entry.number, entry.revision)
                text += f"<metadata>{document}</metadata>"
            rendered = f"{text}</record>".encode()
            if self.keep:
                self._rendered[key] = rendered
        return rendered

    def _datestamp(self, second: int) -> str:
        return datetime.fromtimestamp(second, UTC).strftime(FORMS[self.granularity])


class Handler(BaseHTTPRequestHandler):
    """Hands requests to the server's provider; `send` may be replaced to misbehave."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    provider: ClassVar[Provider]

    def do_GET(self) -> None:
        query = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        self.send(query)

    def send(self, query: Mapping[str, str]) -> None:
        self.write(self.provider.answer(query))

    def write(self, reply: Reply) -> None:
        body, headers = reply.body, dict(reply.headers)
        if self.provider.compress and "gzip" in self.headers.get("Accept-Encoding", ""):
            body = gzip.compress(body, 1)
            headers["Content-Encoding"] = "gzip"
        self.send_response(reply.status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the first line of output is the address, and the only one."""


class Server(ThreadingHTTPServer):
    """A provider on a loopback port; `with Server(provider) as server` serves in a thread."""

    daemon_threads = True
    handler: ClassVar[type[Handler]] = Handler

    def __init__(self, provider: Provider, port: int = 0) -> None:
        handler = type("BoundHandler", (self.handler,), {"provider": provider})
        super().__init__(("127.0.0.1", port), handler)
        provider.address = self.address = f"http://127.0.0.1:{self.server_address[1]}/oai"

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.shutdown()
        self.server_close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--page", type=int, default=500)
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    provider = Provider(entries(options.records), page=options.page)
    provider.render_all()
    server = Server(provider, options.port)
    print(server.address, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
