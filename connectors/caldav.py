"""One calendar of a CalDAV server (RFC 4791): look into it, put, change and remove entries.

The server checks no overlaps. What it does check is that nobody overwrites what they have not
seen: a new entry is put only where none is, a change or removal goes through only on the version
that was read (`If-None-Match`, `If-Match`, RFC 9110).
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import quote, unquote, urlsplit

from lxml import etree

from connectors import xml
from connectors.errors import ConnectorError, Malformed, Refused, Unreachable
from connectors.http import Client, Response, shown

DAV, CALDAV = "DAV:", "urn:ietf:params:xml:ns:caldav"
_NAMES = {"d": DAV, "c": CALDAV}
CALENDAR = "text/calendar; charset=utf-8"
MOST = 5_000
"""Entries that one answer may hold."""
_PROBE = (
    f'<d:propfind xmlns:d="{DAV}"><d:prop><d:resourcetype/><d:current-user-privilege-set/>'
    "</d:prop></d:propfind>"
).encode()
_QUERY = (
    f'<c:calendar-query xmlns:d="{DAV}" xmlns:c="{CALDAV}">'
    "<d:prop><d:getetag/><c:calendar-data/></d:prop>"
    '<c:filter><c:comp-filter name="VCALENDAR"><c:comp-filter name="VEVENT">'
    '<c:time-range start="{start:%Y%m%dT%H%M%SZ}" end="{end:%Y%m%dT%H%M%SZ}"/>'
    "</c:comp-filter></c:comp-filter></c:filter></c:calendar-query>"
)
_WRITING = frozenset({"all", "write", "bind"})


class Changed(ConnectorError):
    """The entry is no longer as it was read: it was put, changed or removed meanwhile."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Name and password for HTTP Basic (RFC 7617)."""

    user: str
    password: str

    def header(self) -> str:
        both = f"{self.user}:{self.password}".encode()
        return "Basic " + b64encode(both).decode("ascii")


class Entry(NamedTuple):
    """A calendar object as it is stored; `etag` names this version of it."""

    name: str
    etag: str
    content: bytes


class Calendar:
    """The calendar at an address.

    Every method raises what `Client.get` raises, `Refused` among it for a wrong password.
    """

    def __init__(self, client: Client, address: str, credentials: Credentials | None) -> None:
        self._client = client
        self._address = address.rstrip("/") + "/"
        self._headers = {"Authorization": credentials.header()} if credentials else {}

    def probe(self) -> None:
        """Return quietly where there is a calendar that may be written to; else `Refused`."""
        answer = self._send("PROPFIND", "", _PROBE, headers={"Depth": "0"})
        for response in _responses(answer):
            if response.find("d:propstat/d:prop/d:resourcetype/c:calendar", _NAMES) is None:
                continue
            privileges = response.findall(".//d:current-user-privilege-set/d:privilege/*", _NAMES)
            if privileges and not _WRITING & {etree.QName(one).localname for one in privileges}:
                raise Refused(f"{shown(self._address)} may be read, but not written to")
            return
        raise Refused(f"{shown(self._address)} is no calendar")

    def between(self, start: datetime, end: datetime) -> list[Entry]:
        """The entries that have an event in [start, end), recurring ones once as they stand."""
        query = _QUERY.format(start=start.astimezone(UTC), end=end.astimezone(UTC)).encode()
        answer = self._send("REPORT", "", query, headers={"Depth": "1"})
        found = []
        for response in _responses(answer):
            data = response.findtext("d:propstat/d:prop/c:calendar-data", None, _NAMES)
            href = response.findtext("d:href", "", _NAMES)
            if data is None:
                status = " ".join(response.findtext("d:status", "", _NAMES).split()[1:2])
                # 507 says that there is more than the server is willing to tell.
                raise Malformed(f"{shown(self._address)} left out {href[:200]} ({status or '?'})")
            etag = response.findtext("d:propstat/d:prop/d:getetag", "", _NAMES)
            name = unquote(urlsplit(href.strip()).path.rpartition("/")[2])
            found.append(Entry(name, etag, data.encode()))
        return found

    def get(self, name: str) -> Entry | None:
        """One entry; None where there is none of this name."""
        answer = self._send("GET", name, expect=(404, 410))
        if answer.status in (404, 410):
            return None
        if answer.content_type not in ("text/calendar", ""):
            raise Malformed(f"{shown(answer.url)} is {answer.content_type[:100]}, no calendar")
        etag = answer.headers.get("ETag", "")
        if not etag:
            raise Malformed(f"{shown(answer.url)} has no ETag, so nothing can be changed safely")
        return Entry(name, etag, answer.content)

    def add(self, name: str, content: bytes) -> None:
        """Put a new entry; raises `Changed` where one of this name is there already."""
        self._change("PUT", name, content, {"If-None-Match": "*", "Content-Type": CALENDAR})

    def replace(self, entry: Entry, content: bytes) -> None:
        """Change an entry that was read; raises `Changed` where it is another by now."""
        version = {"If-Match": entry.etag, "Content-Type": CALENDAR}
        self._change("PUT", entry.name, content, version)

    def remove(self, entry: Entry) -> None:
        """Remove an entry that was read, or find it gone; raises `Changed` as `replace` does."""
        self._change("DELETE", entry.name, None, {"If-Match": entry.etag}, gone=(404, 410))

    def _change(
        self,
        method: str,
        name: str,
        content: bytes | None,
        headers: Mapping[str, str],
        gone: tuple[int, ...] = (),
    ) -> None:
        expect = (409, 412, 423, *gone)
        answer = self._send(method, name, content, expect=expect, headers=headers)
        if answer.status == HTTPStatus.PRECONDITION_FAILED:
            raise Changed(f"{shown(answer.url)} is not as it was read")
        if answer.status in (409, 423):  # locked, or in use by somebody else: this passes
            raise Unreachable(f"{shown(answer.url)} cannot be changed now ({answer.status})")

    def _send(
        self,
        method: str,
        name: str,
        content: bytes | None = None,
        *,
        expect: tuple[int, ...] = (),
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        typed = {"Content-Type": "application/xml; charset=utf-8"} if content else {}
        return self._client.send(
            method,
            self._address + quote(name, safe=""),
            data=content,
            headers={**self._headers, **typed, **(headers or {})},
            expect=expect,
        )


def _responses(answer: Response) -> Iterator[etree._Element]:
    """The parts of a 207 answer; raises `Malformed` where it is something else."""
    root = xml.parse(answer.content).root
    if answer.status != HTTPStatus.MULTI_STATUS or root.tag != f"{{{DAV}}}multistatus":
        raise Malformed(f"{shown(answer.url)} does not answer as a CalDAV server does")
    parts = root.findall("d:response", _NAMES)
    if len(parts) > MOST:
        raise Malformed(f"{shown(answer.url)} answered with {len(parts)} entries at once")
    yield from parts
