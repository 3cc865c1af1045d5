"""Harvesting over OAI-PMH 2.0 (openarchives.org/OAI/openarchivesprotocol.html).

A list comes page by page; each page says by its resumption token where it goes on. Providers break
in many ways, and the worst is a list that only seems to end. So a list counts as ended only when
its last page says so and as many different records came as were announced; what passes (a busy
server, an answer cut short, a page for people in place of XML) is tried again, a token that has
expired starts a new list where the old one stood, and everything else is an error.
"""

from __future__ import annotations

import re
import time
from array import array
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Literal, NamedTuple

from lxml import etree

from connectors import http, xml
from connectors.errors import Malformed, Refused, Unreachable
from connectors.http import Client

NAMESPACE = "http://www.openarchives.org/OAI/2.0/"
ATTEMPTS = 5
"""How often a request is made before its failure counts; pauses of 1, 2, 4, 8 seconds."""
LONGEST_PAUSE = 120.0
"""Seconds that we wait because a server asks for it; for longer ones the error is handed up."""
TIME_LIMIT = 6 * 3600.0
"""Seconds that one list may take; whoever harvests goes on at the position of the last page."""
MOST_REPEATS = 2
"""Pages in a row that may bring nothing but what an earlier page brought."""
MOST_RESTARTS = 3
"""Tokens in a row that may expire without a new record in between."""
_PROBLEM_STATUSES = (400, 404, 422)
"""Against the protocol, some providers send its errors with these."""

Granularity = Literal["day", "second"]


class BrokenList(Malformed):
    """The list cannot be believed, nor gone on with: only a new one may help."""


class ProtocolError(BrokenList):
    """The provider answered with an error of the protocol; `code` is its code, `date` the time."""

    def __init__(self, code: str, message: str, date: datetime | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.date = date


class Item(NamedTuple):
    """A record of a list: its header, and its document unless it is deleted or has none."""

    identifier: str
    datestamp: str
    sets: tuple[str, ...]
    deleted: bool
    metadata: etree._Element | None

    def document(self) -> bytes:
        """The `record` element by itself, for `read_item`; only where there is metadata."""
        assert self.metadata is not None
        holder = self.metadata.getparent()
        record = None if holder is None else holder.getparent()
        assert record is not None
        return etree.tostring(record, with_tail=False)


def read_item(document: bytes) -> Item:
    """The item whose document this is."""
    record = xml.parse_own(document)
    return _item(record, _tags(etree.QName(record).namespace or ""))


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


@dataclass(frozen=True, slots=True)
class Position:
    """Where a harvest stands after a page: plain values, so that it can be kept and taken up.

    `start` is the `from` of the list in progress and `given` the number of its records so far;
    `before` is what lists gave whose tokens expired, and `expected` what the first announced.
    `newest` is the latest datestamp, `ordered` whether datestamps have only ever risen.
    """

    start: str | None = None
    token: str | None = None
    given: int = 0
    newest: str = ""
    oldest: str = ""
    ordered: bool = True
    before: int = 0
    expected: int | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list. `total` and `cursor` are completeListSize and cursor, where given."""

    items: list[Item]
    token: str | None
    cursor: int | None
    total: int | None
    response_date: datetime | None
    position: Position
    """Where to go on after this page."""
    repairs: int
    """Places of the XML that had to be mended before it could be read."""

    @property
    def end(self) -> bool:
        """Whether the provider says that this was the last page."""
        return self.token is None


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
        harvest = _Harvest(position or Position(start=start), self._place)
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

    def _request(self, parameters: Mapping[str, str]) -> _Answer:
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

    def _once(self, parameters: Mapping[str, str]) -> _Answer:
        response = self._client.get(self.address, params=parameters, expect=_PROBLEM_STATUSES)
        try:
            document = xml.parse(response.content, max_bytes=len(response.content))
            answer = _Answer(document, self._place)
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


class _Tags:
    """The names of OAI-PMH's elements in one namespace, made once."""

    def __init__(self, namespace: str) -> None:
        prefix = f"{{{namespace}}}" if namespace else ""
        self.error = f"{prefix}error"
        self.header = f"{prefix}header"
        self.metadata = f"{prefix}metadata"
        self.identifier = f"{prefix}identifier"
        self.datestamp = f"{prefix}datestamp"
        self.set = f"{prefix}setSpec"
        self.record = f"{prefix}record"
        self.token = f"{prefix}resumptionToken"
        self.date = f"{prefix}responseDate"
        self.prefix = prefix


_tags = cache(_Tags)


class _Token(NamedTuple):
    text: str | None
    present: bool
    total: int | None = None
    cursor: int | None = None


class _Answer:
    """An answer of the provider. Some leave the namespace out, so it is read off the root."""

    def __init__(self, document: xml.Document, place: str) -> None:
        name = etree.QName(document.root)
        if name.localname != "OAI-PMH":
            raise Malformed(f"the answer is no OAI-PMH, but <{name.localname}>")
        self.root = document.root
        self.repairs = document.repairs
        self._place = place
        self._tags = _tags(name.namespace or "")

    def check(self) -> None:
        """Raise the error that the provider reports, if it does."""
        errors = self.root.findall(self._tags.error)
        if errors:
            code = errors[0].get("code", "")
            text = " ".join((errors[0].text or "").split())
            raise ProtocolError(code, f"{self._place} answered {code}: {text}"[:500], self.date)

    def check_list(self, resumed: bool, limited: bool) -> None:
        """Raise `BrokenList` for a page that is empty, unless it is an end or may be nothing."""
        if any(True for _ in self.content("ListRecords").iterchildren(self._tags.record)):
            return
        token = self.token("ListRecords")
        if token.text:
            raise BrokenList(f"{self._place} sent an empty page that is not its last")
        if not (token.present if resumed else limited):
            raise BrokenList(f"{self._place} sent an empty page in place of records")

    def content(self, verb: str) -> etree._Element:
        """The element that answers the verb."""
        found = self.root.find(self._tags.prefix + verb)
        if found is None:
            raise Malformed(f"{self._place} sent an answer without {verb}")
        return found

    def rows(self, verb: str, fields: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        """The texts of these fields of each child that has the first of them."""
        for child in self.content(verb):
            row = tuple((child.findtext(self._tags.prefix + name) or "").strip() for name in fields)
            if row[0]:
                yield row

    def token(self, verb: str) -> _Token:
        """The resumption token; its text is None at the end of the list."""
        element = self.content(verb).find(self._tags.token)
        if element is None:
            return _Token(None, present=False)
        return _Token(
            (element.text or "").strip() or None,
            present=True,
            total=_number(element.get("completeListSize")),
            cursor=_number(element.get("cursor")),
        )

    @property
    def date(self) -> datetime | None:
        """When the provider answered, by its own clock; None where it does not say so."""
        text = (self.root.findtext(self._tags.date) or "").strip()
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return None
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment

    def items(self) -> list[Item]:
        """The records of the page; one without a header has the identifier ""."""
        records = self.content("ListRecords").iterchildren(self._tags.record)
        return [_item(record, self._tags) for record in records]


def _item(record: etree._Element, tags: _Tags) -> Item:
    identifier = datestamp = ""
    sets: tuple[str, ...] = ()
    deleted = False
    metadata = None
    for part in record:
        name = part.tag
        if name == tags.header:
            deleted = part.get("status") == "deleted"
            for field in part:
                name = field.tag
                text = (field.text or "").strip()
                if name == tags.identifier:
                    identifier = text
                elif name == tags.datestamp:
                    datestamp = text
                elif name == tags.set:
                    sets = (*sets, text)
        elif name == tags.metadata:
            metadata = next(part.iterchildren(etree.Element), None)
    return Item(identifier, datestamp, sets, deleted, metadata)


class _Harvest:
    """What is known of a harvest under way, and whether it may be believed.

    A record is remembered by a hash of its identifier and datestamp, eight bytes each: enough to
    tell a repeated page and to count, at the end, how many different records came.
    """

    def __init__(self, position: Position, place: str) -> None:
        self.position = position
        self._place = place
        self._resumed = position.given
        self._carried = position.before + position.given
        self._seen = array("q")
        self._pages: set[int] = set()
        self._earlier: set[int] = set()
        self._total: int | None = None
        self._repeats = 0
        self._repeated = False
        self._restarts = 0

    def take(self, answer: _Answer) -> Page:
        """Turn an answer into a page: without what came before, and with the new position."""
        items = answer.items()
        token = answer.token("ListRecords")
        marks = [hash(item[:2]) for item in items]
        page = hash(tuple(marks))
        if items and page in self._pages:
            self._repeat(token.text)
            items = []
        else:
            self._repeats = 0
            self._pages.add(page)
            self._seen.extend(marks)
            self._move(items)
        if token.total is not None:
            self._total = token.total
        fresh = items
        if self._earlier:
            pairs = zip(items, marks, strict=False)
            fresh = [item for item, mark in pairs if mark not in self._earlier]
        if fresh:
            self._restarts = 0
        here = self.position
        expected = self._total if here.expected is None else here.expected
        self.position = replace(
            here, token=token.text, given=self._resumed + len(self._seen), expected=expected
        )
        return Page(
            fresh, token.text, token.cursor, token.total, answer.date, self.position, answer.repairs
        )

    def nothing(self, date: datetime | None) -> Page:
        """The page of a list without records."""
        self.position = replace(self.position, token=None)
        return Page([], None, None, None, date, self.position, 0)

    def restart(self, granularity: Granularity) -> None:
        """Begin a new list in place of one whose token expired, where its datestamps stood.

        Lists need not be in the order of datestamps. Where this one was not, or had but one
        datestamp, the new list begins where the old one did. Either way, what came is not given
        again.
        """
        self._restarts += 1
        if self._restarts > MOST_RESTARTS:
            raise BrokenList(f"{self._place} lets each of its tokens expire at once")
        here = self.position
        start = here.start
        if here.ordered and here.newest > here.oldest:
            start = here.newest[:10] if granularity == "day" else here.newest
        self._earlier.update(self._seen)
        before = self._carried + len(self._earlier)
        self.position = Position(start=start, before=before, expected=here.expected)
        self._resumed = 0
        self._seen = array("q")
        self._pages = set()
        self._total = None

    def verify(self) -> None:
        """Raise `BrokenList` unless the list, which says that it ended, can be believed."""
        different = self._resumed + self._distinct()
        if self._total is not None and different < self._total:
            raise BrokenList(f"{self._place} announced {self._total} records and gave {different}")
        if self._repeated and self._total is None:
            raise BrokenList(f"{self._place} gave a page twice, so others may be missing")
        here = self.position
        if here.before and here.expected is not None:
            different = self._carried + len(self._earlier.union(self._seen))
            if different < here.expected:
                raise BrokenList(
                    f"{self._place} announced {here.expected} records and, over an expired token, "
                    f"gave {different}"
                )

    def _repeat(self, token: str | None) -> None:
        self._repeated = True
        self._repeats += 1
        if self._repeats > MOST_REPEATS or (token and token == self.position.token):
            raise BrokenList(f"{self._place} gives the same page again and again")

    def _move(self, items: list[Item]) -> None:
        """Note the datestamps of a page."""
        here = self.position
        stamps = [item.datestamp for item in items if item.datestamp]
        if not stamps:
            return
        rising = all(map(str.__le__, [here.newest, *stamps], stamps))
        self.position = replace(
            here,
            ordered=here.ordered and rising and len(stamps) == len(items),
            oldest=here.oldest or stamps[0],
            newest=max(here.newest, stamps[-1]) if rising else max(here.newest, *stamps),
        )

    def _distinct(self) -> int:
        """How many different records this list gave, counted without a large set."""
        parts = 1 + len(self._seen) // 100_000
        return sum(len({mark for mark in self._seen if mark % parts == n}) for n in range(parts))


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 16 else None
