"""edu-sharing, the repository software of WirLernenOnline and others: its REST search.

`POST …/rest/search/v1/queries/-home-/<metadata set>/ngsearch` gives nodes page by page and
announces with each page how many there are. Pages are counted from the start of the list, so
what is removed while it is read makes others slip past unseen. A list therefore counts as ended
only when as many different nodes came as were announced at its first and last page; otherwise it
is read again.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from connectors import http
from connectors.errors import Malformed, Unreachable
from connectors.http import Client
from connectors.json_answers import decode, patiently

ATTEMPTS = 3
"""How often a request is made before its failure counts."""
READINGS = 5
"""How often the list is read before it counts as one that never keeps still."""
MOST_REPEATS = 20
"""Pages in a row that may bring nothing but what this reading has brought before."""

Node = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user of the repository, for what guests do not see."""

    user: str
    password: str = field(repr=False)

    @property
    def header(self) -> str:
        """The value of `Authorization` (RFC 7617)."""
        pair = f"{self.user}:{self.password}".encode()
        return f"Basic {base64.b64encode(pair).decode('ascii')}"


@dataclass(frozen=True, slots=True)
class Page:
    """Nodes of a list, and how many the whole list has."""

    nodes: list[Node]
    total: int


class EduSharing:
    """The repository at an address, which ends in `/edu-sharing`. Use one from one thread.

    `criteria` are pairs of property and value that every search adds (`ccm:taxonid` and an
    address, say). `sleep` is that of `time`, in tests the test's. The size and time of an answer
    are limits of the `client`. Raises only `connectors.errors`.
    """

    def __init__(
        self,
        client: Client,
        address: str,
        *,
        metadata_set: str = "-default-",
        credentials: Credentials | None = None,
        criteria: Sequence[tuple[str, str]] = (),
        page_size: int = 100,
        attempts: int = ATTEMPTS,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        address = address.rstrip("/")
        path = f"rest/search/v1/queries/-home-/{quote(metadata_set, safe='-')}/ngsearch"
        self._address = f"{address}/{path}"
        self._place = http.shown(self._address)
        self._headers = {"Accept": "application/json", "Content-Type": "application/json"}
        if credentials:
            self._headers["Authorization"] = credentials.header
        self._criteria = tuple(criteria)
        self._page_size = page_size
        self._attempts = attempts
        self._sleep = sleep

    def search(self, words: str = "", *, start: int = 0, count: int | None = None) -> Page:
        """One page of the nodes in which the words stand; without words, of all."""
        return patiently(
            lambda: self._ask(words, start, count or self._page_size), self._attempts, self._sleep
        )

    def nodes(self, words: str = "") -> Iterator[Page]:
        """Every node once, page by page; nodes without an id come as they stand.

        Ends only when the list was seen whole. Raises `Unreachable` when it never keeps still.
        """
        given: set[str] = set()
        kept: list[set[str]] = []
        total = 0
        for reading in range(READINGS):
            ids: set[str] = set()
            first = None
            for page in self._pages(words):
                fresh = []
                for node in page.nodes:
                    key = node_id(node)
                    if (key and key not in given) or (not key and not reading):
                        fresh.append(node)
                    given.add(key)
                    # What has no id is told apart by its place, so that the sum is right.
                    ids.add(key or f" {len(ids)}")
                total = page.total
                first = total if first is None else first
                yield Page(fresh, total)
            kept.append(ids)
            # More than there are: something was removed, so the oldest readings are forgotten.
            while len(set().union(*kept)) > total and len(kept) > 1:
                del kept[0]
            if len(set().union(*kept)) == total == first:
                return
        raise Unreachable(
            f"{self._place} announces {total} nodes, but gave {len(set().union(*kept))} different "
            f"ones in {READINGS} readings. Reading it at a quieter time may help."
        )

    def _pages(self, words: str) -> Iterator[Page]:
        """One reading of the list, up to the page that reaches what is announced."""
        seen: set[str] = set()
        start = repeats = 0
        while True:
            page = self.search(words, start=start)
            before = len(seen)
            seen.update(map(node_id, page.nodes))
            repeats = 0 if len(seen) > before else repeats + 1
            if repeats > MOST_REPEATS:
                raise Malformed(
                    f"{self._place} does not end its list: {repeats} pages in a row brought "
                    "nothing new"
                )
            yield page
            start += len(page.nodes)
            if not page.nodes or start >= page.total:
                return

    def _ask(self, words: str, start: int, count: int) -> Page:
        parameters = {
            "contentType": "FILES",
            "maxItems": str(count),
            "skipCount": str(start),
            "sortProperties": "cm:created",
            "sortAscending": "true",
            "propertyFilter": "-all-",
        }
        criteria = [("ngsearchword", words), *self._criteria]
        body = {
            "criteria": [{"property": name, "values": [value]} for name, value in criteria],
            "facets": [],
        }
        response = self._client.post(
            f"{self._address}?{urlencode(parameters)}",
            data=json.dumps(body).encode(),
            headers=self._headers,
        )
        answer = decode(response)
        nodes = answer.get("nodes") if isinstance(answer, dict) else None
        pagination = answer.get("pagination") if isinstance(answer, dict) else None
        total = pagination.get("total") if isinstance(pagination, dict) else None
        if not isinstance(nodes, list) or not isinstance(total, int) or isinstance(total, bool):
            raise Malformed(f"{self._place} answered without nodes and their number")
        return Page([node if isinstance(node, dict) else {} for node in nodes], total)


def oai_address(address: str) -> str:
    """Where the repository at an address answers OAI-PMH."""
    return f"{address.rstrip('/')}/eduservlet/oai/provider"


def node_id(node: Node) -> str:
    """The id of a node, "" when it has none."""
    ref = node.get("ref")
    key = ref.get("id") if isinstance(ref, dict) else None
    return key.strip() if isinstance(key, str) else ""
