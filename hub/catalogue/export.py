"""The catalogue as one file: read page by page, so that memory stays the same at any size."""

from __future__ import annotations

import csv
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import orjson
import sqlalchemy as sa
from lxml import etree

from hub.catalogue import offers
from hub.catalogue.offers import OfferView
from hub.db import Database
from hub.formats import amb, lom
from hub.models import Offer
from hub.records import Kind

PAGE = offers.MAX_PAGE
OAI = "http://www.openarchives.org/OAI/2.0/"
_COLUMNS = ("id", "site", "kind", "title", "subtitle", "description", "medium_type", "subjects",
            "levels", "year", "quantity", "place", "access", "licence", "identifiers",
            "address", "changed_at")  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Done:
    """A page: how many offers were read, and how many of them have a place in the file."""

    read: int
    written: int


def count(database: Database, *, site: str | None = None, kind: str | None = None) -> int:
    """How many live offers there are, for a progress bar."""
    query = sa.select(sa.func.count()).select_from(Offer).where(Offer.withdrawn_at.is_(None))
    if site is not None:
        query = query.where(Offer.site_key == site)
    if kind is not None:
        query = query.where(Offer.kind == kind)
    with database.read() as session:
        return session.scalar(query) or 0


def write(
    database: Database,
    hub: str,
    form: str,
    file: IO[bytes],
    *,
    site: str | None = None,
    kind: str | None = None,
) -> Iterator[Done]:
    """Write live offers by id; `hub` is the address of this hub. Tells of each page."""
    begin, one, end = _FORMS[form]
    file.write(begin)
    after: int | None = 0
    while after is not None:
        with database.read() as session:
            page = offers.listing(
                session, kind=Kind(kind) if kind else None, site=site, after=after, limit=PAGE
            )
        lines = [line for view in page.items if (line := one(view, hub))]
        file.write(b"".join(lines))
        after = page.next
        yield Done(len(page.items), len(lines))
    file.write(end)


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """A file that takes the place of `path` when all is written, and not before."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        # A temporary file is its owner's alone; a dump is as any other file.
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(name, 0o666 & ~mask)
        os.replace(name, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(name)
        raise


def amb_document(view: OfferView, hub: str) -> dict[str, Any]:
    """AMB of an offer, with the page that describes it and the centre that answers for it."""
    page = page_of(view, hub)
    document = amb.write(view.record)
    if document["id"].startswith(amb.OWN_URN):
        # A number that its source alone knows names nothing elsewhere.
        document["id"] = page
    document["mainEntityOfPage"] = [
        {
            "type": "WebContent",
            "id": page,
            "provider": {
                "type": "Organization",
                "id": f"{hub}/zentren/{view.site}",
                "name": view.site_name,
            },
            "dateModified": view.changed_at.isoformat(),
        }
    ]
    return document


def page_of(view: OfferView, hub: str) -> str:
    return f"{hub}/angebot/{view.id}"


def _json(view: OfferView, hub: str) -> bytes:
    record = asdict(view.record)
    origin = record.pop("origin") or {
        "hub": hub, "site": view.site, "site_name": view.site_name, "offer_id": view.id,
    }  # fmt: skip
    told = {
        "id": view.id, "work_id": view.work_id, "site": view.site, "page": page_of(view, hub),
        "created_at": view.created_at, "changed_at": view.changed_at, "origin": origin,
    }  # fmt: skip
    del record["source_id"]
    return orjson.dumps({**told, **record}) + b"\n"


def _amb(view: OfferView, hub: str) -> bytes:
    if view.kind is not Kind.MEDIUM:
        return b""
    return orjson.dumps(amb_document(view, hub)) + b"\n"


def _lom(view: OfferView, hub: str) -> bytes:
    host = urlsplit(hub).hostname
    stamp = view.changed_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    document = etree.tostring(lom.write(view.record), encoding="unicode")
    return (
        f"<record><header><identifier>oai:{host}:{view.id}</identifier>"
        f"<datestamp>{stamp}</datestamp><setSpec>site:{view.site}</setSpec>"
        f"<setSpec>kind:{view.kind}</setSpec></header>"
        f"<metadata>{document}</metadata></record>\n"
    ).encode()


def _csv(view: OfferView, hub: str) -> bytes:
    record = view.record
    cells: list[Any] = [
        view.id, view.site, record.kind, record.title, record.subtitle, record.description,
        record.medium_type or "", ", ".join(record.subjects), ", ".join(record.levels),
        record.year, record.quantity, record.place, record.access, record.licence,
        ", ".join(one.value for one in record.identifiers if one.scheme != "url"),
        page_of(view, hub), view.changed_at.isoformat(),
    ]  # fmt: skip
    return _line(cells)


def _line(cells: list[Any]) -> bytes:
    line = _Line()
    csv.writer(line, delimiter=";", lineterminator="\r\n").writerow(map(_harmless, cells))
    return line.text.encode()


class _Line:
    """What a writer of `csv` writes to: the last line."""

    text = ""

    def write(self, text: str) -> None:
        self.text = text


def _harmless(cell: Any) -> Any:
    """A text that a spreadsheet would take for a formula, with the sign that makes it a text."""
    text = str(cell) if isinstance(cell, str) else cell
    return "'" + text if isinstance(text, str) and text.startswith(_FORMULA) else text


_FORMS: dict[str, tuple[bytes, Callable[[OfferView, str], bytes], bytes]] = {
    "json": (b"", _json, b""),
    "amb": (b"", _amb, b""),
    "lom": (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<ListRecords xmlns="{OAI}">\n'.encode(),
        _lom,
        b"</ListRecords>\n",
    ),
    "csv": ("\ufeff".encode() + _line(list(_COLUMNS)), _csv, b""),
}
"""What stands before, each offer, what stands behind."""
