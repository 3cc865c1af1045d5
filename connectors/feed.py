"""Feeds: RSS 2.0, AMB as JSON, ELIXIER; fetched only when they changed, told apart by content.

What comes back are the entries as their document holds them (XML elements, JSON objects); what
they mean is not known here. A document that does not go on to its end is `Malformed` as a whole,
so nobody takes half a feed for all of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Literal, NoReturn

from lxml import etree

from connectors import http, xml
from connectors.errors import Malformed, TooLarge

Format = Literal["rss", "amb", "elixier"]
_ROOTS: Mapping[str, Format] = {"rss": "rss", "elixier": "elixier"}
_REFUSED = {
    "feed": "an Atom feed; only RSS 2.0, AMB and ELIXIER are read",
    "RDF": "an RSS 1.0 feed; only RSS 2.0, AMB and ELIXIER are read",
    "OAI-PMH": "an OAI-PMH answer: use the plugin for OAI-PMH with this address",
    "html": "a web page, not a feed",
    "opml": "a list of feeds (OPML): give the address of one of them",
    "urlset": "a sitemap, not a feed",
}
_CHARSET = re.compile(r"charset=[\"']?([A-Za-z0-9._-]{1,40})", re.IGNORECASE)
_DECLARED = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")


@dataclass(frozen=True, slots=True)
class Answer:
    """A feed's bytes, the charset it was sent with, and what to ask with the next time."""

    content: bytes
    charset: str
    validators: Mapping[str, str]

    @property
    def digest(self) -> str:
        """Tells whether the content changed, where the server does not say so."""
        return blake2b(self.content, digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class Broken:
    """A piece of a feed that cannot be read: where it stands, why, and how it begins."""

    place: str
    reason: str
    excerpt: str


Entry = etree._Element | dict[str, Any] | Broken


@dataclass(frozen=True, slots=True)
class Document:
    """A feed that was read to its end. `base` is the address of its channel, if it has one."""

    format: Format
    entries: tuple[Entry, ...]
    base: str = ""


def fetch(client: http.Client, address: str, validators: Mapping[str, str]) -> Answer | None:
    """The feed at an address, or None when it is as it was at the time of the validators."""
    response = client.get(address, headers=validators)
    if response.not_modified:
        return None
    charset = _CHARSET.search(response.headers.get("Content-Type", ""))
    return Answer(response.content, charset[1] if charset else "", http.validators(response))


def parse(
    content: bytes,
    *,
    charset: str = "",
    expected: Format | None = None,
    max_entries: int = 20_000,
) -> Document:
    """The entries of a feed.

    Raises `Malformed` (cut short, a web page, another format than `expected`, no feed at all)
    and `TooLarge` (more than `max_entries`).
    """
    start = _start(content)
    if not start:
        raise Malformed("The document is empty.")
    document = _xml(content, charset) if start == "<" else _json(content, charset)
    if expected and document.format != expected:
        raise Malformed(f"The document is {document.format.upper()}, not {expected.upper()}.")
    if len(document.entries) > max_entries:
        raise TooLarge(f"The feed has {len(document.entries)} entries, more than {max_entries}.")
    return document


def _start(content: bytes) -> str:
    """The first sign that means something, whatever the encoding."""
    sign = re.search(rb"[^\x00-\x20\xef\xbb\xbf\xfe\xff]", content)
    return sign[0].decode("latin-1") if sign else ""


def _xml(content: bytes, charset: str) -> Document:
    if charset and not _DECLARED.match(content.lstrip()[:300]):
        # The declaration goes before the header, the header before the default (RFC 7303 turned
        # round, because servers send a charset for all their files).
        content = _recoded(content, charset)
    # Every ELIXIER document names its DTD; in the others a DOCTYPE has no business.
    elixier = b"elixier" in content[:2_000].lower()
    doctype: Literal["strip", "refuse"] = "strip" if elixier else "refuse"
    root = xml.parse(content, doctype=doctype, max_bytes=len(content)).root
    name = etree.QName(root).localname
    kind = _ROOTS.get(name.lower())
    if kind == "rss":
        channel = root.find("channel")
        if channel is None:
            raise Malformed("The RSS document has no channel.")
        items = [*channel.findall("item"), *root.findall("item")]
        return Document("rss", tuple(items), (channel.findtext("link") or "").strip())
    if kind == "elixier":
        return Document("elixier", tuple(root.findall("datensatz")))
    _refuse(name)


def _refuse(name: str) -> NoReturn:
    known = _REFUSED.get(name) or _REFUSED.get(name.lower())
    raise Malformed(f"The document is {known or f'XML with the root “{name[:60]}”, no feed'}.")


def _recoded(content: bytes, charset: str) -> bytes:
    """The same in UTF-8, if it really is what its header says."""
    try:
        return content.decode(charset).encode()
    except (UnicodeError, LookupError):
        return content


def _json(content: bytes, charset: str) -> Document:
    text = _decoded(content, charset)
    try:
        entries = tuple(_objects(text))
    except RecursionError:
        raise Malformed("The JSON document is nested too deeply.") from None
    return Document("amb", entries)


def _decoded(content: bytes, charset: str) -> str:
    """JSON is UTF-8 (RFC 8259), but not everybody's."""
    encoding = json.detect_encoding(content)
    for name in (encoding, charset, "cp1252"):
        try:
            return content.decode(name).removeprefix("\ufeff")
        except (UnicodeError, LookupError):
            continue
    raise Malformed("The document is neither XML nor JSON in a known encoding.")


def _objects(text: str) -> Iterator[Entry]:
    """The objects of a list, of an `@graph`, of lines, or the one that there is.

    In JSON lines a line that cannot be read is one broken entry, unless it is the last one: then
    the document was cut short.
    """
    decoder = json.JSONDecoder(parse_constant=_no_constant)
    values: list[tuple[int, Any]] = []
    broken: list[tuple[int, str, str]] = []
    at, number = 0, 0
    while at < len(text):
        blank = _SPACE.match(text, at)
        if blank and blank.end() > at:
            at = blank.end()
            continue
        number += 1
        try:
            value, at = decoder.raw_decode(text, at)
            values.append((number, value))
        except ValueError as error:
            end = text.find("\n", at)
            line = text[at : end if end >= 0 else len(text)]
            if end < 0 or not text[end:].strip() or not _looks_like_lines(text):
                raise Malformed(_why(error, text)) from None
            broken.append((number, _why(error, line), line[:500]))
            at = end + 1
    if len(values) == 1 and not broken:
        yield from _unpacked(values[0][1])
        return
    yield from (Broken(f"line {place}", why, line) for place, why, line in broken)
    for place, value in values:
        if isinstance(value, dict):
            yield value
        else:
            yield Broken(f"entry {place}", "an object was expected", json.dumps(value)[:500])


_SPACE = re.compile(r"[\s,\x1e]*")


def _unpacked(value: Any) -> Iterator[Entry]:
    if isinstance(value, dict):
        graph = value.get("@graph")
        value = graph if isinstance(graph, list) else [value]
    if not isinstance(value, list):
        raise Malformed("The JSON document is neither an object nor a list of objects.")
    for place, entry in enumerate(value, 1):
        if isinstance(entry, dict):
            yield entry
        else:
            yield Broken(f"entry {place}", "an object was expected", json.dumps(entry)[:500])


def _looks_like_lines(text: str) -> bool:
    """Whether at least the first line is an object of its own."""
    first = text.lstrip().partition("\n")[0].strip()
    return first.startswith("{") and first.endswith("}")


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _why(error: ValueError, text: str) -> str:
    if isinstance(error, json.JSONDecodeError):
        if error.pos >= len(text.rstrip()) - 1 or "Unterminated" in error.msg:
            return "The JSON document is cut short."
        return f"The document is no JSON: {error.msg} in line {error.lineno}."
    return f"The document is no JSON: {error}."
