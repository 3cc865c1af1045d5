"""A stand-in for a CalDAV server: calendars that are folders, and what the hub needs of RFC 4791.

    python -m connectors.standins.caldav_server --folder DIR [--port 0] [--login NAME=PASSWORD]

The first line on standard output is the base address, `http://127.0.0.1:PORT/`; below it each
folder in DIR is a calendar and each `.ics` file in it an entry, to be put there and looked at while
the server runs. It knows PROPFIND of a calendar, REPORT calendar-query with a time range (all times
in UTC), GET, PUT and DELETE, honours If-Match and If-None-Match, and checks no overlaps, as real
ones do.

Traps in the address, beside those of `serving`: locked (423 to every change) · lost (a change is
made, but the connection is closed without an answer) · readonly (it says that it may not be written
to) · mangled (what is put begins an hour later than it said) · short (a list is cut off, as 507
says).
"""

from __future__ import annotations

import argparse
import hashlib
import re
import threading
from base64 import b64decode
from collections.abc import Iterator
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from xml.sax.saxutils import escape

import recurring_ical_events
from icalendar import Calendar

from connectors.standins.serving import MAINTENANCE, JsonHandler, Listener, end_with_parent

_RANGE = re.compile(rb'<\w+:time-range start="(\d{8}T\d{6}Z)" end="(\d{8}T\d{6}Z)"')
_NAME = re.compile(r"[A-Za-z0-9@_-][A-Za-z0-9@._-]{0,199}")
XML = "application/xml; charset=utf-8"


class Handler(JsonHandler):
    """One request to a calendar or to one of its entries."""

    folder: Path
    login = ""
    changing = threading.Lock()

    def do_PROPFIND(self) -> None:
        self.body()
        if self._enter() and self._is_calendar():
            may = "" if "readonly" in self.traps else "<d:privilege><d:write/></d:privilege>"
            self._multistatus(
                "<d:response><d:href>/</d:href><d:propstat><d:prop><d:resourcetype>"
                "<d:collection/><c:calendar/></d:resourcetype><d:current-user-privilege-set>"
                f"<d:privilege><d:read/></d:privilege>{may}"
                "</d:current-user-privilege-set></d:prop>"
                "<d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>"
            )

    def do_REPORT(self) -> None:
        asked = _RANGE.search(self.body())
        if not self._enter() or not self._is_calendar():
            return
        if asked is None:
            return self._say(HTTPStatus.FORBIDDEN)
        start, end = (_moment(one.decode()) for one in asked.groups())
        found = [
            f"<d:response><d:href>{escape(self.path)}{escape(file.name)}</d:href><d:propstat>"
            f"<d:prop><d:getetag>{escape(_etag(content))}</d:getetag><c:calendar-data>"
            f"{escape(content.decode())}</c:calendar-data></d:prop>"
            "<d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>"
            for file, content in self._files()
            if _takes_place(content, start, end)
        ]
        if "short" in self.traps:
            found.append(
                "<d:response><d:href>/</d:href><d:status>HTTP/1.1 507 Insufficient Storage"
                "</d:status></d:response>"
            )
        self._multistatus("".join(found))

    def do_GET(self) -> None:
        if not self._enter():
            return
        content = self._stored()
        if content is None:
            self._say(HTTPStatus.NOT_FOUND)
        else:
            head = f"ETag: {_etag(content)}\r\n"
            self._answer(HTTPStatus.OK, content, "text/calendar; charset=utf-8", head)

    def do_PUT(self) -> None:
        content = self.body()
        self._change(content if "mangled" not in self.traps else _later(content))

    def do_DELETE(self) -> None:
        self._change(None)

    def _change(self, content: bytes | None) -> None:
        if not self._enter():
            return
        if "locked" in self.traps:
            return self._say(HTTPStatus.LOCKED)
        with self.changing:
            before = self._stored()
            if not self._as_expected(before):
                return self._say(HTTPStatus.PRECONDITION_FAILED)
            if content is None and before is None:
                return self._say(HTTPStatus.NOT_FOUND)
            if content is None:
                self._file().unlink()
            else:
                self._file().write_bytes(content)
        created = before is None
        self._say(HTTPStatus.CREATED if created else HTTPStatus.NO_CONTENT)

    def _as_expected(self, before: bytes | None) -> bool:
        """Whether If-Match and If-None-Match let the change through (RFC 9110, 13.1)."""
        only, none = self.headers.get("If-Match"), self.headers.get("If-None-Match")
        if none == "*" and before is not None:
            return False
        return only is None or (before is not None and only == _etag(before))

    def _enter(self) -> bool:
        """Read address and password; False where that was answered already."""
        if not self.begin():
            return False
        if "html" in self.traps:
            self._answer(HTTPStatus.OK, MAINTENANCE.encode(), "text/html")
            return False
        kind, _, given = self.headers.get("Authorization", "").partition(" ")
        known = kind == "Basic" and b64decode(given).decode().replace(":", "=", 1) == self.login
        if self.login and not known:
            realm = 'WWW-Authenticate: Basic realm="Kalender"\r\n'
            self._answer(HTTPStatus.UNAUTHORIZED, b"", "text/plain", realm)
            return False
        if not self.steps or not all(_NAME.fullmatch(step) for step in self.steps):
            self._say(HTTPStatus.NOT_FOUND)
            return False
        return True

    def _is_calendar(self) -> bool:
        if len(self.steps) == 1 and (self.folder / self.steps[0]).is_dir():
            return True
        self._say(HTTPStatus.NOT_FOUND)
        return False

    def _files(self) -> Iterator[tuple[Path, bytes]]:
        for file in sorted((self.folder / self.steps[0]).glob("*.ics")):
            yield file, file.read_bytes()

    def _file(self) -> Path:
        return self.folder.joinpath(*self.steps[:2])

    def _stored(self) -> bytes | None:
        file = self._file()
        return file.read_bytes() if file.is_file() else None

    def _multistatus(self, responses: str) -> None:
        document = (
            '<?xml version="1.0" encoding="utf-8"?>\n<d:multistatus xmlns:d="DAV:" '
            f'xmlns:c="urn:ietf:params:xml:ns:caldav">{responses}</d:multistatus>'
        )
        self._answer(HTTPStatus.MULTI_STATUS, document.encode(), XML)

    def _say(self, status: HTTPStatus) -> None:
        self._answer(status, b"", "text/plain")

    def _answer(self, status: HTTPStatus, content: bytes, kind: str, more: str = "") -> None:
        if "lost" in self.traps and self.command in ("PUT", "DELETE"):
            self.close_connection = True
            return
        if status == HTTPStatus.NO_CONTENT:
            self.wfile.write(b"HTTP/1.1 204 No Content\r\n\r\n")
            return
        self.raw(status, content, kind, more)


def _etag(content: bytes) -> str:
    return f'"{hashlib.sha256(content).hexdigest()[:20]}"'


def _moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def _takes_place(content: bytes, start: datetime, end: datetime) -> bool:
    if b"FREQ=SECONDLY" in content:
        return True  # as servers do that cannot say
    try:
        calendar = Calendar.from_ical(content)
    except ValueError:
        return True
    return bool(recurring_ical_events.of(calendar).between(start, end))


def _later(content: bytes) -> bytes:
    """The entry with its beginning an hour later."""
    return re.sub(
        rb"(DTSTART:\d{8}T)(\d\d)", lambda found: found[1] + b"%02d" % (int(found[2]) + 1), content
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="A stand-in for a CalDAV server")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--login", default="", metavar="NAME=PASSWORD")
    parser.add_argument("--with-parent", action="store_true", help="end when stdin closes")
    options = parser.parse_args()
    handler = type("Calendars", (Handler,), {"folder": options.folder, "login": options.login})
    with Listener((options.host, options.port), handler) as listener:
        print(f"http://{options.host}:{listener.server_port}/", flush=True)
        if options.with_parent:
            end_with_parent(listener)
        try:
            listener.serve_forever()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
