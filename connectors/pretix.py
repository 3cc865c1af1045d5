"""The REST API of pretix (docs.pretix.eu, v1): lists by pages, orders, the waiting list.

Orders are placed under an idempotency key, for which pretix gives the first answer again for a day,
and under a code that we choose, which it takes only once.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from connectors import http
from connectors.errors import ConnectorError, Malformed, Unreachable
from connectors.http import Client, Response
from connectors.json_answers import decode

PAGES = 500
"""Pages of a list; more are no list of one centre."""
IN_USE = 5.0
"""Seconds to wait where another request with the same key is under way."""


class Invalid(ConnectorError):
    """pretix understood and does not do it, as sold out; the text says why, for people."""


@dataclass(frozen=True, slots=True)
class Pretix:
    """One organizer's account; `token` is that of an API team.

    Methods raise what `Client.get` raises, `Malformed` for what is no JSON, `Invalid` for 400.
    """

    client: Client
    address: str
    organizer: str
    token: str

    def listing(self, path: str, **parameters: str) -> Iterator[dict[str, Any]]:
        """All entries of a list below the organizer, page by page."""
        root = self._url(path)
        page = f"{root}?{urlencode(parameters)}" if parameters else root
        for _ in range(PAGES):
            answer = self._object(self.client.get(page, headers=self._headers()))
            entries = answer.get("results")
            if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
                raise Malformed(f"{http.shown(root)} is no list of pretix")
            yield from entries
            following = answer.get("next")
            if following is None:
                return
            # The token goes where it was meant for; pretix behind a proxy may tell other addresses.
            if not isinstance(following, str) or not urlsplit(following).query:
                raise Malformed(f"{http.shown(root)} names no next page")
            if (onward := f"{root}?{urlsplit(following).query}") == page:
                raise Malformed(f"{http.shown(root)} names the same page as the next one")
            page = onward
        raise Malformed(f"{http.shown(root)} has more than {PAGES} pages")

    def find(self, path: str) -> dict[str, Any] | None:
        """One object below the organizer; None where there is none."""
        answer = self.client.get(self._url(path), headers=self._headers(), expect=(404, 410))
        return None if answer.status in (404, 410) else self._object(answer)

    def post(self, path: str, body: Mapping[str, Any], key: str = "") -> dict[str, Any]:
        """Create or do something; with a key it is done once however often it is sent."""
        more = {"X-Idempotency-Key": key} if key else {}
        return self._object(self._write("POST", path, body, more))

    def delete(self, path: str) -> None:
        """Delete an object, or find it gone."""
        self.client.send("DELETE", self._url(path), headers=self._headers(), expect=(404, 410))

    def patch(self, path: str, body: Mapping[str, Any]) -> None:
        """Change fields of an object."""
        self._write("PATCH", path, body, {})

    def _write(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any],
        more: Mapping[str, str],
    ) -> Response:
        answer = self.client.send(
            method,
            self._url(path),
            data=json.dumps(body).encode(),
            headers={**self._headers(), "Content-Type": "application/json", **more},
            expect=(400, 409),
        )
        if answer.status == 409:
            told = http.retry_after(answer.headers.get("Retry-After"))
            place = http.shown(answer.url)
            raise Unreachable(f"{place} is still at this", retry_after=told or IN_USE)
        if answer.status == 400:
            raise Invalid("; ".join(_texts(decode(answer)))[:500] or "400 Bad Request")
        return answer

    def _url(self, path: str) -> str:
        base = self.address.rstrip("/")
        return f"{base}/api/v1/organizers/{quote(self.organizer, safe='')}/{path}"

    def _headers(self) -> dict[str, str]:
        return {
            "Authorization": f"Token {self.token}",
            "Accept": "application/json",
            "Accept-Language": "de",
        }

    @staticmethod
    def _object(answer: Response) -> dict[str, Any]:
        value = decode(answer)
        if not isinstance(value, dict):
            raise Malformed(f"{http.shown(answer.url)} does not answer as pretix does")
        return value


def _texts(errors: Any) -> Iterator[str]:
    """The messages of a 400, wherever they stand in it, each once."""
    seen: set[str] = set()
    todo = [errors]
    while todo:
        one = todo.pop(0)
        if isinstance(one, dict):
            todo += one.values()
        elif isinstance(one, list):
            todo += one
        elif isinstance(one, str) and one not in seen:
            seen.add(one)
            yield one
