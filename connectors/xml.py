"""The one XML parser: it fetches nothing, expands nothing, and mends what sources break.

A well-formed document is parsed as it stands; only when that fails are control characters, bytes
that are no UTF-8 and stray ampersands mended, and the document parsed once more.
"""

from __future__ import annotations

import re
from html.entities import html5
from typing import Literal, NamedTuple
from xml.sax.saxutils import escape

from lxml import etree

from connectors.errors import Malformed, TooLarge

MAX_BYTES = 50_000_000


class Document(NamedTuple):
    """A parsed document: its root element, and how many places had to be mended first."""

    root: etree._Element
    repairs: int


def parse(
    data: bytes, *, doctype: Literal["refuse", "strip"] = "refuse", max_bytes: int = MAX_BYTES
) -> Document:
    """Parse XML from a source that is not trusted.

    The byte order mark counts first, then the declared encoding, then UTF-8. A DOCTYPE is
    refused, or with "strip" cut out unread. Depth and the size of a text are libxml2's limits.
    Raises `TooLarge` and `Malformed`, nothing else.
    """
    if len(data) > max_bytes:
        raise TooLarge(f"the document has {len(data)} bytes, more than {max_bytes}")
    encoding = _wide_encoding(data)
    if encoding:
        text = data.decode(encoding, "replace").removeprefix("\ufeff")
        data = _without_doctype(text.encode("utf-8"), doctype)
    else:
        data = _without_doctype(data, doctype)
    try:
        return Document(_parse(data, "utf-8" if encoding else None), 0)
    except etree.XMLSyntaxError as error:
        mended, repairs = _mend(data, "utf-8" if encoding else _declared_encoding(data))
        reason = str(error)
    if repairs:
        try:
            return Document(_parse(mended, "utf-8"), repairs)
        except etree.XMLSyntaxError as error:
            reason = str(error)
    if _HTML.match(data):
        raise Malformed("an HTML page came where XML was expected")
    raise Malformed(f"this is no well-formed XML: {reason[:200]}")


def _parse(data: bytes, encoding: str | None) -> etree._Element:
    parser = etree.XMLParser(
        encoding=encoding,
        resolve_entities=False,
        no_network=True,
        huge_tree=False,
        load_dtd=False,
    )
    root = etree.fromstring(data, parser)
    # In an encoding that only libxml2 knows, a DOCTYPE comes past the search before parsing.
    if root.getroottree().docinfo.internalDTD is not None:
        raise Malformed("the document has a DOCTYPE, which is not read")
    return root


def parse_own(data: bytes) -> etree._Element:
    """Parse what `etree.tostring` wrote from a document that `parse` accepted: nothing in it needs
    to be mended or refused any more. Much faster for small documents."""
    return etree.fromstring(data, _OWN)


_OWN = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False)
_BOMS = (
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\xfe\xff", "utf-16-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\x00<\x00", "utf-16-be"),
    (b"<\x00", "utf-16-le"),
)


def _wide_encoding(data: bytes) -> str | None:
    """The encoding of a document whose characters have two or four bytes, else None."""
    return next((name for mark, name in _BOMS if data.startswith(mark)), None)


_BLANK = rb"\xef?\xbb?\xbf?[\x00-\x20]*+"
_HTML = re.compile(_BLANK + rb"<(?:!doctype\s+)?html\b", re.IGNORECASE)
_PROLOG = re.compile(
    rb"(?:[^<]++|<\?(?:[^?]++|\?(?!>))*+\?>|<!--(?:[^-]++|-(?!->))*+-->)*+(?=<!DOCTYPE)",
    re.IGNORECASE,
)
_DOCTYPE = re.compile(
    rb"""<!DOCTYPE (?:[^\[<>"']++|"[^"]*+"|'[^']*+')*+
    (?:\[ (?:[^\]<"']++|"[^"]*+"|'[^']*+'|<!--(?:[^-]++|-(?!->))*+(?:-->|\Z)|<)*+ \]\s*+)?>""",
    re.VERBOSE | re.IGNORECASE,
)


def _without_doctype(data: bytes, doctype: Literal["refuse", "strip"]) -> bytes:
    """The document without a DOCTYPE between its declaration and its root element."""
    prolog = _PROLOG.match(data)
    if not prolog:
        return data
    if doctype == "refuse":
        if _HTML.match(data):
            raise Malformed("an HTML page came where XML was expected")
        raise Malformed("the document has a DOCTYPE, which is not read")
    found = _DOCTYPE.match(data, prolog.end())
    if not found:
        raise Malformed("the document has a DOCTYPE without an end")
    return data[: prolog.end()] + data[found.end() :]


_DECLARATION = re.compile(
    _BLANK + rb"""<\?xml\s[^>]{0,200}?\bencoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']"""
)
_SINGLE_BYTE = re.compile(
    r"(?:iso-?8859-?\d{1,2}|latin-?\d{1,2}|windows-125\d|cp125\d|macintosh|koi8-r)\Z",
    re.IGNORECASE,
)


def _declared_encoding(data: bytes) -> str:
    """The declared encoding where it is one of a byte per character, else UTF-8."""
    found = _DECLARATION.match(data)
    name = found[1].decode("ascii") if found else ""
    return name if _SINGLE_BYTE.match(name) else "utf-8"


_SURROGATE_BYTES = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]")
_ESCAPED = re.compile("[\udc80-\udcff]")
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# Where an ampersand is an ampersand, it is stepped over.
_AMPERSAND = re.compile(
    r"<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)|<\?.*?(?:\?>|\Z)"
    r"|&(?:\#(?=[0-9])0*+(?P<decimal>[0-9]{0,7});|\#x(?=[0-9a-fA-F])0*+(?P<hex>[0-9a-fA-F]{0,6});"
    r"|(?P<name>[A-Za-z][A-Za-z0-9]{0,31};))?",
    re.DOTALL,
)
_PREDEFINED = frozenset({"amp;", "lt;", "gt;", "quot;", "apos;"})


def _mend(data: bytes, encoding: str) -> tuple[bytes, int]:
    """UTF-8 in which every character may stand in XML, and the number of places changed."""
    count = 0
    if encoding == "utf-8":
        data, count = _SURROGATE_BYTES.subn(b"", data)
        text = data.decode("utf-8", "surrogateescape")
        # Bytes that are no UTF-8 are nearly always what a Windows program wrote.
        text, changes = _ESCAPED.subn(_from_windows, text)
    else:
        try:
            text, changes = data.decode(encoding, "replace"), 0
        except LookupError:
            text, changes = data.decode("latin-1"), 1
    count += changes
    text, changes = _FORBIDDEN.subn("", text)
    count += changes

    def ampersand(found: re.Match[str]) -> str:
        nonlocal count
        whole = found[0]
        if whole[0] == "<":
            return whole
        decimal, hexadecimal = found["decimal"], found["hex"]
        if decimal is not None or hexadecimal is not None:
            code = int(decimal or "0") if hexadecimal is None else int(hexadecimal or "0", 16)
            if code <= 0x10FFFF and not _FORBIDDEN.match(chr(code)):
                return whole
            count += 1
            return ""
        name = found["name"]
        if name in _PREDEFINED:
            return whole
        count += 1
        return escape(html5.get(name, f"&{name}")) if name else "&amp;"

    return _AMPERSAND.sub(ampersand, text).encode("utf-8"), count


def _from_windows(found: re.Match[str]) -> str:
    return bytes([ord(found[0]) - 0xDC00]).decode("cp1252", "replace")
