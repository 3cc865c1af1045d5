"""A provider at an address: asked until it answers, its lists harvested page by page."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from lxml import etree

from connectors import http, xml
from connectors.errors import Malformed, Refused, Unreachable
from connectors.http import Client
from connectors.oai_pmh.answer import Answer, ProtocolError
from connectors.oai_pmh.harvest import Granularity, Harvest, Page, Position

ATTEMPTS = 5
"""How often a request is made before its failure counts; pauses of 1, 2, 4, 8 seconds."""
LONGEST_PAUSE = 120.0
"""Seconds that we wait because a server asks for it; for longer ones the error is handed up."""
TIME_LIMIT = 6 * 3600.0
"""Seconds that one list may take; whoever harvests goes on at the position of the last page."""
_PROBLEM_STATUSES = (400, 404, 422)
"""Against the protocol, some providers send its errors with these."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What Identify says: `deleted` is no, transient or persistent."""

    name: str
    address: str
    earliest: str
    deleted: str
    granularity: Granularity

    def stamp(self, moment: datetime) -> str:
        """A moment as this provider's `from` and `until` take it."""
        form = "%Y-%m-%d" if self.granularity == "day" else "%Y-%m-%dT%H:%M:%SZ"
        return moment.astimezone(UTC).strftime(form)

    @property
    def step(self) -> timedelta:
        """The smallest difference between two datestamps."""
        return timedelta(days=1) if self.granularity == "day" else timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Format:
    """A metadata format that the provider offers."""

    prefix: str
    namespace: str
    schema: str


@dataclass(frozen=True, slots=True)
class Set:
    """A set that can be harvested by itself."""

    spec: str
    name: str


class Repository:
    """A provider at an address. Use one from one thread.

    `delay` is the pause in seconds before each further page; `sleep` and `clock` are those of
    `time`, in tests of the test. The size of a page and the time of an exchange are limits of the
    `client`, whose own retries should be off. Raises only `connectors.errors`.
    """

    def __init__(
        self,
        client: Client,
        address: str,
        *,
        attempts: int = ATTEMPTS,
        delay: float = 0.0,
        time_limit: float = TIME_LIMIT,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.address = address
        self._client = client
        self._attempts = attempts
        self._delay = delay
        self._time_limit = time_limit
        self._sleep = sleep
        self._clock = clock
        self._place = http.shown(address)
        self._identity: Identity | None = None

    def identify(self) -> Identity:
        """Ask the provider who it is; asked once."""
        if self._identity is None:
            answer = self._request({"verb": "Identify"})
            told = {
                etree.QName(child).localname: (child.text or "").strip()
                for child in answer.content("Identify")
                if isinstance(child.tag, str)
            }
            seconds = "ss" in told.get("granularity", "").lower()
            self._identity = Identity(
                name=told.get("repositoryName", ""),
                address=told.get("baseURL", ""),
                earliest=told.get("earliestDatestamp", ""),
                deleted=told.get("deletedRecord", "no").lower(),
                granularity="second" if seconds else "day",
            )
        return self._identity

    def formats(self) -> list[Format]:
        """The metadata formats that the provider offers."""
        answer = self._request({"verb": "ListMetadataFormats"})
        fields = ("metadataPrefix", "metadataNamespace", "schema")
        return [Format(*row) for row in answer.rows("ListMetadataFormats", fields)]

    def sets(self) -> Iterator[Set]:
        """The sets of the provider; none where it has no sets."""
        parameters = {"verb": "ListSets"}
        tokens: set[str] = set()
        while True:
            try:
                answer = self._request(parameters)
            except ProtocolError as error:
                if error.code == "noSetHierarchy":
                    return
                raise
            for spec, name in answer.rows("ListSets", ("setSpec", "setName")):
                yield Set(spec, name)
            token = answer.token("ListSets").text
            if not token:
                return
            if token in tokens:
                raise Malformed(f"{self._place} repeats its list of sets for ever")
            tokens.add(token)
            parameters = {"verb": "ListSets", "resumptionToken": token}

    def records(
        self,
        prefix: str,
        *,
        start: str | None = None,
        until: str | None = None,
        set_spec: str | None = None,
        position: Position | None = None,
    ) -> Iterator[Page]:
        """Harvest a list, page by page, from its start or from the position of an earlier page.

        `start` and `until` are inclusive, in the provider's granularity (`Identity.stamp`). The
        iterator ends only when the list was verified to have ended; otherwise it raises, after
        the pages that did come: `BrokenList` when only a new list may help, else, as far as
        anything does, going on at the last position.
        """
        harvest = Harvest(position or Position(start=start), self._place)
        begun = self._clock()
        first = True
        while True:
            if self._clock() - begun > self._time_limit:
                raise Unreachable(
                    f"{self._place} did not finish its list within {self._time_limit:.0f} s"
                )
            if not first and self._delay:
                self._sleep(self._delay)
            first = False
            here = harvest.position
            if here.token:
                parameters = {"verb": "ListRecords", "resumptionToken": here.token}
            else:
                parameters = {"verb": "ListRecords", "metadataPrefix": prefix}
                arguments = {"from": here.start, "until": until, "set": set_spec}
                parameters |= {name: value for name, value in arguments.items() if value}
            try:
                answer = self._request(parameters)
            except ProtocolError as error:
                if error.code == "badResumptionToken" and here.token:
                    harvest.restart(self.identify().granularity)
                    continue
                if error.code == "noRecordsMatch" and not here.token:
                    yield harvest.nothing(error.date)
                    harvest.verify()
                    return
                raise
            page = harvest.take(answer)
            yield page
            if page.end:
                harvest.verify()
                return

    def _request(self, parameters: Mapping[str, str]) -> Answer:
        """Make a request until it is answered, as often and as slowly as is decent."""
        pause = 1.0
        for attempt in range(1, self._attempts + 1):
            try:
                return self._once(parameters)
            except (ProtocolError, Refused):
                raise
            except (Unreachable, Malformed) as error:
                wanted = error.retry_after if isinstance(error, Unreachable) else None
                if attempt == self._attempts or (wanted or 0) > LONGEST_PAUSE:
                    raise
                self._sleep(wanted if wanted is not None else pause)
                pause *= 2
        raise ValueError("at least one attempt must be made")

    def _once(self, parameters: Mapping[str, str]) -> Answer:
        response = self._client.get(self.address, params=parameters, expect=_PROBLEM_STATUSES)
        try:
            document = xml.parse(response.content, max_bytes=len(response.content))
            answer = Answer(document, self._place)
        except Malformed as error:
            if response.status in _PROBLEM_STATUSES:
                raise Refused(f"{self._place} answered {response.status}") from None
            if _HTML.search(response.content[:2000]):
                raise Unreachable(
                    f"{self._place} sent a page for people in place of OAI-PMH; "
                    "it may be under maintenance"
                ) from None
            raise Malformed(f"{self._place}: {error}") from None
        answer.check()
        if parameters["verb"] == "ListRecords":
            answer.check_list("resumptionToken" in parameters, "from" in parameters)
        else:
            answer.content(parameters["verb"])
        return answer


_HTML = re.compile(rb"<(?:!doctype\s+)?html\b", re.IGNORECASE)
