"""The metadata formats of the repository, and the documents kept in them.

A document is rendered when it is first asked for and kept with a mark of what it was made from:
the offer's content hash, the address of the hub and the version of the code here. Taking a source
in so costs nothing more, and a page of a list is read from the database as it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import blake2b

import sqlalchemy as sa
from lxml import etree
from sqlalchemy.engine import Connection

from hub.catalogue import normalise
from hub.formats import dublin_core, lom
from hub.records import Record

VERSION = 1
"""To be raised when a format is written differently, so that no older document is given."""
_SCHEMA_LOCATION = "{http://www.w3.org/2001/XMLSchema-instance}schemaLocation"
_upsert = sa.text(
    "INSERT INTO oai_document (prefix, offer_id, source, xml)"
    " VALUES (:prefix, :offer_id, :source, :xml)"
    " ON CONFLICT (prefix, offer_id) DO UPDATE SET source = excluded.source, xml = excluded.xml"
)


@dataclass(frozen=True, slots=True)
class Format:
    """A metadata format: `write` makes the document, `link` names the offer's page in it."""

    prefix: str
    namespace: str
    schema: str
    write: Callable[[Record], etree._Element]
    link: Callable[[etree._Element, str], None]


def _link_dublin_core(document: etree._Element, address: str) -> None:
    etree.SubElement(document, f"{{{dublin_core.DC}}}identifier").text = address


def _link_lom(document: etree._Element, address: str) -> None:
    general = document[0]
    identifier = etree.Element(f"{{{lom.LOM}}}identifier")
    etree.SubElement(identifier, f"{{{lom.LOM}}}catalog").text = "URI"
    etree.SubElement(identifier, f"{{{lom.LOM}}}entry").text = address
    general.insert(len(general.findall(identifier.tag)), identifier)


FORMATS = {
    one.prefix: one
    for one in (
        Format(
            "oai_dc",
            dublin_core.OAI_DC,
            "http://www.openarchives.org/OAI/2.0/oai_dc.xsd",
            dublin_core.write,
            _link_dublin_core,
        ),
        Format(
            "lom",
            lom.LOM,
            "http://ltsc.ieee.org/xsd/lomv1.0/lom.xsd",
            lom.write,
            _link_lom,
        ),
    )
}


class Renderer:
    """Makes documents of one format for a hub at `base_url`."""

    def __init__(self, form: Format, base_url: str) -> None:
        self.form = form
        self._page = f"{base_url}/angebot/"
        self._mark = blake2b(f"{VERSION} {base_url}".encode(), digest_size=4).hexdigest()

    def source(self, content_hash: str) -> str:
        """The mark of a document that is made from an offer with this hash."""
        return f"{content_hash}.{self._mark}"

    def render(self, offer_id: int, record: Record) -> str:
        document = self.form.write(record)
        self.form.link(document, f"{self._page}{offer_id}")
        document.set(_SCHEMA_LOCATION, f"{self.form.namespace} {self.form.schema}")
        return str(etree.tostring(document, encoding="unicode"))


@dataclass(frozen=True, slots=True)
class Rendered:
    """A document to be kept."""

    offer_id: int
    source: str
    xml: str


def render(renderer: Renderer, stored: Mapping[int, tuple[str, str]]) -> list[Rendered]:
    """Documents of offers by id, from their content hash and their stored record."""
    return [
        Rendered(
            offer_id,
            renderer.source(content_hash),
            renderer.render(offer_id, normalise.load(record)),
        )
        for offer_id, (content_hash, record) in sorted(stored.items())
    ]


def keep(connection: Connection, prefix: str, documents: list[Rendered]) -> None:
    """Keep documents, in place of older ones; in the order of ids, so that two never wait."""
    connection.execute(
        _upsert,
        [
            {"prefix": prefix, "offer_id": one.offer_id, "source": one.source, "xml": one.xml}
            for one in documents
        ],
    )
