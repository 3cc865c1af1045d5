"""Another hub of this kind, over its REST API: who it is, its sites, its feed of changes, and what
is booked there with a token.

The feed `/api/v1/changes` is paged by cursor. Each page names the next one, and the last where
to ask later; both lie at the hub that was asked, or they are not followed.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit, urlunsplit

from connectors import http
from connectors.errors import ConnectorError, Malformed, Refused
from connectors.http import Client, Response
from connectors.json_answers import decode, patiently

API = "/api/v1"
PAGE = 200
"""The longest page that a hub gives."""
ATTEMPTS = 3
_CURSOR = re.compile(r"[0-9]{1,17}-[0-9]{1,10}")
"""Moment in microseconds and id: it only grows."""
_HEADERS = {"Accept": "application/json", "Accept-Language": "de"}
_DECLINED = frozenset({404, 409, 410, 422})
"""What lies with the request and not with who asks."""


class Declined(ConnectorError):
    """The hub understood and does not do it, as full or against its rules; the text says why, for
    people."""


@dataclass(frozen=True, slots=True)
class ChangesPage:
    """Changes in their order; `cursor` is where to go on, `more` whether there are any now."""

    items: list[Mapping[str, Any]]
    cursor: str
    more: bool


def canonical(address: str) -> str:
    """An address of a hub in the one form in which two of them can be compared.

    Raises `ValueError` where it is none.
    """
    parts = urlsplit(address.strip())
    host = (parts.hostname or "").rstrip(".").lower()
    scheme = parts.scheme.lower()
    if scheme not in ("http", "https") or not host or parts.username or parts.query:
        raise ValueError(f"no address of a hub: {address!r:.100}")
    usual = {"http": 80, "https": 443}[scheme]
    named = f"[{host}]" if ":" in host else host
    where = named if parts.port in (None, usual) else f"{named}:{parts.port}"
    return urlunsplit((scheme, where, parts.path.rstrip("/"), "", ""))


def _order(cursor: str) -> tuple[int, int]:
    moment, _, number = cursor.partition("-")
    return int(moment or 0), int(number or 0)


class HubApi:
    """The hub at an address (its `HUB_BASE_URL`). Use one from one thread."""

    def __init__(
        self,
        client: Client,
        address: str,
        *,
        page_size: int = PAGE,
        attempts: int = ATTEMPTS,
        sleep: Callable[[float], None] = time.sleep,
        token: str = "",
    ) -> None:
        self._client = client
        self._address = canonical(address)
        self._page_size = page_size
        self._attempts = attempts
        self._sleep = sleep
        self._headers = _HEADERS | ({"Authorization": f"Bearer {token}"} if token else {})

    def identity(self) -> str:
        """The address by which the hub calls itself, in canonical form.

        Raises `Malformed` where it does not say.
        """
        told = self._get("/").get("hub")
        try:
            return canonical(told if isinstance(told, str) else "")
        except ValueError:
            raise Malformed(
                f"{http.shown(self._address)} does not say by which address it calls itself; "
                "it may be no hub, or too old a one"
            ) from None

    def sites(self) -> dict[str, str]:
        """Names of its sites by key."""
        items = self._get("/sites").get("items")
        if not isinstance(items, list):
            raise Malformed(f"{http.shown(self._address)} has no list of sites")
        return {
            one["key"]: one["name"]
            for one in items
            if isinstance(one, Mapping)
            and isinstance(one.get("key"), str)
            and isinstance(one.get("name"), str)
        }

    def changes(self, cursor: str = "", site: str = "") -> Iterator[ChangesPage]:
        """The feed from a cursor on, from its beginning where there is none, page by page.

        Raises `Malformed` for pages that do not go on, and what `connectors.http` raises.
        """
        while True:
            page = self._page(cursor, site)
            if page.more and _order(page.cursor) <= _order(cursor):
                raise Malformed(f"{http.shown(self._address)} gives the same page again and again")
            yield page
            if not page.more:
                return
            cursor = page.cursor

    def _page(self, cursor: str, site: str) -> ChangesPage:
        asked = {"limit": str(self._page_size)}
        asked |= {"cursor": cursor} if cursor else {}
        asked |= {"site": site} if site else {}
        answer = self._get(f"/changes?{urlencode(asked)}")
        items, later, following = (answer.get(name) for name in ("items", "later", "next"))
        if not isinstance(items, list) or not isinstance(later, str):
            raise Malformed(f"{http.shown(self._address)} gave a page that is no list of changes")
        (found,) = parse_qs(urlsplit(later).query).get("cursor", [cursor])[:1]
        if found and not _CURSOR.fullmatch(found):
            raise Malformed(f"{http.shown(self._address)} gave a cursor that is none")
        documents = [one if isinstance(one, Mapping) else {} for one in items]
        return ChangesPage(documents, found, following is not None)

    def _get(self, path: str) -> Mapping[str, Any]:
        def ask() -> Any:
            return decode(self._client.get(f"{self._address}{API}{path}", headers=self._headers))

        answer = patiently(ask, self._attempts, self._sleep)
        if not isinstance(answer, Mapping):
            raise Refused(f"{http.shown(self._address)} is no hub: its API answers otherwise")
        return answer

    def account(self) -> Mapping[str, Any]:
        """Whose the token is, its site and what it may."""
        return self._do("GET", "/me")

    def availability(self, offer: int, start: datetime, end: datetime) -> Mapping[str, Any]:
        """What is free of an offer in [start, end). Raises `Declined` where it is not booked."""
        asked = urlencode({"from": start.isoformat(), "to": end.isoformat()})
        return self._do("GET", f"/offers/{offer}/availability?{asked}")

    def booked_under(self, key: str) -> Mapping[str, Any] | None:
        """The booking made under an idempotency key; None where there is none."""
        items = self._do("GET", f"/bookings?{urlencode({'key': key})}").get("items")
        if not isinstance(items, list) or len(items) > 1:
            raise Malformed(f"{http.shown(self._address)} has no list of bookings")
        if items and not isinstance(items[0], Mapping):
            raise Malformed(f"{http.shown(self._address)} has a booking that is none")
        return items[0] if items else None

    def book(self, order: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        """Book, once per key. Raises `Declined` with the reason."""
        return self._do("POST", "/bookings", order, {"Idempotency-Key": key})

    def booking(self, reference: str) -> Mapping[str, Any]:
        """A booking as it stands there now. Raises `Declined` where there is none."""
        return self._do("GET", f"/bookings/{quote(reference, safe='')}")

    def move(
        self, reference: str, start: datetime, end: datetime, quantity: int
    ) -> Mapping[str, Any]:
        """Give a booking another time or number. Raises `Declined` with the reason."""
        wanted = {
            "starts_at": start.isoformat(),
            "ends_at": end.isoformat(),
            "quantity": quantity,
        }
        return self._do("PATCH", f"/bookings/{quote(reference, safe='')}", wanted)

    def cancel(self, reference: str) -> Mapping[str, Any]:
        """Give a booking up; done twice it is given up once. Raises `Declined` with the reason."""
        return self._do("POST", f"/bookings/{quote(reference, safe='')}/cancel", {})

    def _do(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        more: Mapping[str, str] | None = None,
    ) -> Mapping[str, Any]:
        """Ask once, with the token; what is refused says why."""
        kind = {"Content-Type": "application/json"} if body is not None else {}
        answer = self._client.send(
            method,
            f"{self._address}{API}{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={**self._headers, **kind, **(more or {})},
            expect=(400, 401, 403, *_DECLINED),
        )
        if answer.status >= 400:
            why = _reason(answer)
            if answer.status in _DECLINED:
                raise Declined(why)
            raise Refused(f"{http.shown(answer.url)} answered {answer.status}: {why}")
        document = decode(answer)
        if not isinstance(document, Mapping):
            raise Malformed(f"{http.shown(self._address)} does not answer as a hub does")
        return document


def _reason(answer: Response) -> str:
    """What a problem document (RFC 9457) says for people, or the status."""
    try:
        document = decode(answer)
    except ConnectorError:
        document = None
    detail = document.get("detail") if isinstance(document, Mapping) else None
    return detail[:500] if isinstance(detail, str) and detail else str(answer.status)
