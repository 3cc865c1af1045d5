"""One answer of a provider, read: what it says of itself, its records, where the list goes on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import NamedTuple

from lxml import etree

from connectors import xml
from connectors.errors import Malformed


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


class Answer:
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

    def token(self, verb: str) -> Token:
        """The resumption token; its text is None at the end of the list."""
        element = self.content(verb).find(self._tags.token)
        if element is None:
            return Token(None, present=False)
        return Token(
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


class Token(NamedTuple):
    text: str | None
    present: bool
    total: int | None = None
    cursor: int | None = None


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


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 16 else None
