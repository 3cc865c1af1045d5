"""SODIX, the national pool of free media: GraphQL behind a login (api.sodix.de).

The list `findAllMetadata(page, pageSize, recordStatus)` ends with an empty page and announces no
total, and its order changes while it is read: whatever is edited moves to the front. A single
reading therefore brings some records twice and misses others without a sign of it. So the ids
are collected first, by as many readings as it takes until they agree (`settle`), and the
documents are read until there is one for every id.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from connectors import http
from connectors.errors import Malformed, Refused, Unreachable
from connectors.http import Client
from connectors.json_answers import decode, patiently

ATTEMPTS = 3
"""How often a request is made before its failure counts."""
READINGS = 12
"""How often the list is read before it counts as one that never keeps still."""
MOST_REPEATS = 20
"""Pages in a row that may bring nothing but what this reading has brought before."""
FIELDS = """
id identifier title description keywords language creationDate updated publishedTime availableTo
recordStatus author authorWebsite producer
publishers { id title officialWebsite }
source { id name website imageUrl }
media { size dataType duration thumbDetails thumbPreview url originalUrl }
targetAudience learnResourceType educationalLevels classLevel schoolTypes eafCode
subject { id name level path }
competencies { id level name path }
license { name version country url text }
additionalLicenseInformation downloadRight cost linkedObjects
"""
_ERROR_STATUSES = (400, 401)
"""An error of GraphQL may come with the first; the second is what an expired token gets."""
_EXPIRED = re.compile(
    r"unauthori[sz]ed|unauthenticated|(?:token|jwt)\b.*\b(?:expired|invalid)"
    r"|(?:expired|invalid)\b.*\b(?:token|jwt)",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"[\x21-\x7e]{1,8000}")
_STATUS = re.compile(r"[A-Z_]{1,40}")

Document = dict[str, Any]


class Reading(NamedTuple):
    """What one reading of the list brought: its different ids, and how many rows it had."""

    ids: set[str]
    rows: int


class _TokenExpired(Exception):
    """The token is not, or no longer, accepted."""


class Sodix:
    """The pool at an address, which ends before `/graphql`. Use one from one thread.

    `status` limits the list to a `recordStatus`. `sleep` is that of `time`, in tests the test's.
    The size and time of an answer are limits of the `client`. Raises only `connectors.errors`,
    in whose messages neither the password nor a token stands.
    """

    def __init__(
        self,
        client: Client,
        address: str,
        login: str,
        password: str,
        *,
        page_size: int = 1000,
        status: str = "",
        attempts: int = ATTEMPTS,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if status and not _STATUS.fullmatch(status):
            raise ValueError("a record status is a word in capitals")
        self._client = client
        self._address = address.rstrip("/")
        self._login = login
        self._password = password
        self._page_size = page_size
        self._status = status
        self._attempts = attempts
        self._sleep = sleep
        self._token = ""
        self._place = http.shown(f"{self._address}/graphql")

    def collect(self) -> Iterator[set[str] | None]:
        """The ids of all records: None after each reading, until several agree on the ids.

        Raises `Unreachable` when the list never keeps still long enough.
        """
        return settle((self._reading() for _ in range(READINGS)), self._place)

    def documents(self, ids: Iterable[str]) -> Iterator[list[Document]]:
        """A document for each id, and for each that appears meanwhile, in the order they come.

        Documents without an id come too, as they stand. An id whose document does not turn up
        counts as gone when the ids, collected anew, lack it; otherwise `Unreachable` ends it.
        """
        wanted, given = set(ids), set[str]()
        for reading in range(READINGS):
            for rows in self._pages(FIELDS):
                fresh = []
                for row in rows:
                    key = _id(row)
                    if (key and key not in given) or (not key and not reading):
                        fresh.append(row)
                    given.add(key)
                yield fresh
            if wanted <= given:
                return
            wanted = next(ids for ids in self.collect() if ids is not None)
            if wanted <= given:
                return
        raise Unreachable(
            f"{self._place} has {len(wanted)} records, but {len(wanted - given)} of them did not "
            f"turn up in {READINGS} readings of the list"
        )

    def check(self) -> None:
        """Log in and ask for one record."""
        self._page(0, "id", size=1)

    def _reading(self) -> Reading:
        ids: set[str] = set()
        rows = 0
        for page in self._pages("id"):
            keys = [key for row in page if (key := _id(row))]
            ids.update(keys)
            rows += len(keys)
        return Reading(ids, rows)

    def _pages(self, fields: str) -> Iterator[list[Document]]:
        """One reading of the list, page by page up to the empty one."""
        seen: set[str] = set()
        number = repeats = 0
        while page := self._page(number, fields):
            before = len(seen)
            seen.update(map(_id, page))
            repeats = 0 if len(seen) > before else repeats + 1
            if repeats > MOST_REPEATS:
                raise Malformed(
                    f"{self._place} does not end its list: {repeats} pages in a row brought "
                    "nothing new"
                )
            yield page
            number += 1

    def _page(self, number: int, fields: str, size: int | None = None) -> list[Document]:
        status = f", recordStatus: {self._status}" if self._status else ""
        arguments = f"page: {number}, pageSize: {size or self._page_size}{status}"
        data = self.query(f"{{ findAllMetadata({arguments}) {{ {' '.join(fields.split())} }} }}")
        rows = data.get("findAllMetadata")
        if not isinstance(rows, list):
            raise Malformed(f"{self._place} answered page {number} without a list of records")
        return [row if isinstance(row, dict) else {} for row in rows]

    def query(self, query: str) -> Mapping[str, Any]:
        """What a GraphQL query gives; logs in first, and once more when the token has expired."""
        try:
            return patiently(lambda: self._ask(query), self._attempts, self._sleep)
        except _TokenExpired:
            self._token = ""
        try:
            return patiently(lambda: self._ask(query), self._attempts, self._sleep)
        except _TokenExpired as error:
            self._token = ""
            raise Refused(
                f"{self._place} does not accept the token that it gave at the login: {error}"
            ) from None

    def _ask(self, query: str) -> Mapping[str, Any]:
        if not self._token:
            self._token = self._sign_in()
        body = json.dumps({"query": query, "operationName": None}).encode()
        headers = {**_JSON, "Authorization": f"Bearer {self._token}"}
        address = f"{self._address}/graphql"
        response = self._client.post(address, data=body, headers=headers, expect=_ERROR_STATUSES)
        if response.status == 401:
            raise _TokenExpired("401")
        answer = decode(response)
        if not isinstance(answer, dict):
            raise Malformed(f"{self._place} answered with something else than GraphQL")
        if answer.get("errors"):
            self._complain(answer["errors"])
        if response.status == 400:
            raise Refused(f"{self._place} answered 400")
        data = answer.get("data")
        if not isinstance(data, dict):
            raise Malformed(f"{self._place} answered without data")
        return data

    def _complain(self, errors: Any) -> None:
        """Raise for the errors of an answer. Half an answer is none, so its data do not count."""
        first = errors[0] if isinstance(errors, list) else errors
        told = first.get("message") if isinstance(first, dict) else first
        message = self._without_secrets(str(told or "no reason given"))
        extensions = first.get("extensions") if isinstance(first, dict) else None
        code = extensions.get("code") if isinstance(extensions, dict) else ""
        if _EXPIRED.search(f"{code} {told}"):
            raise _TokenExpired(message)
        raise Malformed(f"{self._place} answered with an error: {message}")

    def _sign_in(self) -> str:
        """A new token. Who is told that the password is wrong is told once."""
        address = f"{self._address}/auth/login"
        body = json.dumps({"login": self._login, "password": self._password}).encode()
        response = self._client.post(address, data=body, headers=_JSON, expect=(400, 401, 403))
        place = http.shown(address)
        if response.status in (400, 401, 403):
            raise Refused(f"{place} refused the login ({response.status}): check name and password")
        answer = decode(response)
        token = answer.get("access_token") if isinstance(answer, dict) else None
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            raise Malformed(f"{place} answered the login without a token")
        return token

    def _without_secrets(self, text: str) -> str:
        for secret in (self._token, self._password):
            text = text.replace(secret, "…") if secret else text
        text = "".join(sign if sign.isprintable() else " " for sign in text)
        return " ".join(text.split())[:200]


_JSON = {"Accept": "application/json", "Content-Type": "application/json"}


def settle(readings: Iterable[Reading], place: str = "the source") -> Iterator[set[str] | None]:
    """The ids of a list whose order changes while it is read; None after each reading before.

    A reading has as many rows as the list has places, but where the order changed some ids stand
    at two places and others at none. What several readings brought is put together until there
    are as many ids as rows in each of the last two. Where there are more, something was removed
    meanwhile, and the oldest readings are forgotten. Raises `Unreachable` when readings run out.
    """
    kept: list[Reading] = []
    found: set[str] = set()
    rows = 0
    for reading in readings:
        kept.append(reading)
        rows = reading.rows
        found = set().union(*(one.ids for one in kept))
        while len(found) > rows and len(kept) > 1:
            del kept[0]
            found = set().union(*(one.ids for one in kept))
        if len(kept) > 1 and kept[-2].rows == rows == len(found):
            yield found
            return
        yield None
    raise Unreachable(
        f"{place}: the list kept changing while it was read; {rows} rows, {len(found)} different "
        "ids at the last reading. Reading it at a quieter time may help."
    )


def _id(row: Document) -> str:
    """The id of a document, "" when it has none."""
    key = row.get("id")
    return key.strip() if isinstance(key, str) else ""
