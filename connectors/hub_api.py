"""Another hub of this kind, over its REST API: who it is, its sites, its feed of changes.

The feed `/api/v1/changes` is paged by cursor. Each page names the next one, and the last where
to ask later; both lie at the hub that was asked, or they are not followed.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

from connectors import http
from connectors.errors import Malformed, Refused
from connectors.http import Client
from connectors.json_answers import decode, patiently

API = "/api/v1"
PAGE = 200
"""The longest page that a hub gives."""
ATTEMPTS = 3
_CURSOR = re.compile(r"[0-9]{1,17}-[0-9]{1,10}")
"""Moment in microseconds and id: it only grows."""
_HEADERS = {"Accept": "application/json"}


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
    ) -> None:
        self._client = client
        self._address = canonical(address)
        self._page_size = page_size
        self._attempts = attempts
        self._sleep = sleep

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
            return decode(self._client.get(f"{self._address}{API}{path}", headers=_HEADERS))

        answer = patiently(ask, self._attempts, self._sleep)
        if not isinstance(answer, Mapping):
            raise Refused(f"{http.shown(self._address)} is no hub: its API answers otherwise")
        return answer
