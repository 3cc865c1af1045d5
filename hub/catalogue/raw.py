"""What a source sent of an offer, kept beside the record that the hub made of it.

Whoever looks after a source sees by it whether the source or the hub is wrong. It is kept
compressed, a row per live offer, and goes with the offer.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import sqlalchemy as sa
from lxml import etree
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from hub.db import in_list, insert, json_list
from hub.models import OfferRaw
from hub.models.base import table

LONGEST = 64_000
"""Bytes of UTF-8 that are kept of a record; what is longer is cut off."""


_PRIVATE = re.compile(
    rb"((?:phpsessid|jsessionid|session_?id)=|[?&;][ps]id=(?=[0-9A-Za-z,-]{20}))[^&\"'<>\s]+"
    rb"|(?<=://)()[^/@\"'<>\s]*:[^/@\"'<>\s]*(?=@)",
    re.IGNORECASE,
)
"""Sessions and passwords within addresses (`hub.formats.text`): they are stored nowhere."""


class Raw(NamedTuple):
    """What a source sent: its text in lines, and whether its end is missing."""

    text: str
    cut: bool


def pack(content: bytes) -> bytes:
    """As it is kept, compressed: one byte more than is shown tells that something was cut off."""
    content = content[: LONGEST + 1]
    if b"id=" in content or b"ID=" in content or b"@" in content:
        content = _PRIVATE.sub(rb"\1***", content)
    # A record is small: most of what `zlib.compress` takes is making room for a large one.
    packer = zlib.compressobj(wbits=13, memLevel=5)
    return packer.compress(content) + packer.flush()


def unpack(packed: bytes) -> Raw:
    """As it is shown: XML and JSON with a line for each element or value."""
    content = zlib.decompress(packed)
    cut = len(content) > LONGEST
    text = content[:LONGEST].decode(errors="replace")
    return Raw(text if cut else _pretty(text), cut)


def keep(connection: Connection, packed: Mapping[int, bytes], fresh: Collection[int] = ()) -> None:
    """Keep this of these offers, in place of what was kept; `fresh` are those without any."""
    drop(connection, packed.keys() - set(fresh))
    rows = [{"offer_id": offer, "content": content} for offer, content in packed.items() if content]
    insert(connection, _raw, rows)


def drop(connection: Connection, offer_ids: Collection[int]) -> None:
    """Keep nothing any more of these offers."""
    if offer_ids:
        connection.execute(_drop, {"offers": json_list(list(offer_ids))})


def of_offer(session: Session, offer_id: int) -> Raw | None:
    """What the source sent of an offer; None where nothing is kept."""
    packed = session.scalar(sa.select(OfferRaw.content).where(OfferRaw.offer_id == offer_id))
    return unpack(packed) if packed is not None else None


def _pretty(text: str) -> str:
    if text.lstrip()[:1] == "<":
        return _lines_of_xml(text)
    try:
        return json.dumps(json.loads(text), ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        return text


def _lines_of_xml(text: str) -> str:
    # Blanks between elements give way to lines; an XML that is none is shown as it came.
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_blank_text=True
    )
    try:
        root: Any = etree.fromstring(text.encode(), parser)
    except (etree.XMLSyntaxError, ValueError):
        return text
    etree.indent(root, "  ")
    shown: str = etree.tostring(root, encoding="unicode")
    return shown


_raw = table(OfferRaw)
_drop = sa.delete(_raw).where(in_list(_raw.c.offer_id, "offers"))
