"""Makes what a source said fit to be compared and stored; pure, so it can run on another core."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from hub.catalogue import index, normalise, raw, repeats
from hub.catalogue.analysis import Analysis, analyse
from hub.catalogue.reading import raw_hash, source_hash
from hub.records import Checkpoint, Delete, Document, Grant, Record, Reject, Upsert

MAX_EXCERPT = 500
MAX_DOCUMENT = 5_000_000
"""Bytes."""


@dataclass(slots=True)
class Prepared:
    """Of a normalised record what identifies, compares, stores and finds it."""

    source_id: str
    kind: str
    title: str
    text: str
    """The whole record, dumped."""
    digest: str
    keys: tuple[str, ...]
    grants: tuple[Grant, ...]
    access: str
    facets: tuple[tuple[str, str], ...]
    modified: datetime | None
    source_hash: str = ""
    raw: bytes = b""
    """What the source sent, packed (`hub.catalogue.raw`)."""
    analysis: Analysis | None = None
    """None where the text is as it was, so that nobody needs its tokens."""


@dataclass(slots=True)
class Page:
    """What a source said between two points at which it may be committed, by source id."""

    upserts: dict[str, Prepared] = field(default_factory=dict)
    deletes: dict[str, None] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)
    checkpoint: Checkpoint | None = None


def name(change: object) -> str | None:
    """By which source id what is stored of a change is found; None for a checkpoint or a lie."""
    match change:
        case Upsert(record) if type(record) is Record:
            return _name(record.source_id)
        case Document() | Delete() | Reject():
            return _name(change.source_id)
    return None


def prepare(changes: Sequence[object], known: Mapping[str, str]) -> Page:
    """A page of changes, with what cannot be taken in among its rejects.

    `known` holds the digests of the live records, by source id: what is as it was needs no
    analysis.
    """
    page = Page()
    records: dict[str, Record] = {}
    for change in changes:
        match change:
            case Upsert() | Document():
                _take(page, records, change)
            case Delete(source_id):
                gone = _name(source_id)
                page.upserts.pop(gone, None)
                page.deletes[gone] = None
            case Reject(source_id, reason, excerpt):
                page.rejects.append(Reject(_name(source_id), _name(reason), shortened(excerpt)))
            case Checkpoint():
                page.checkpoint = change
            case _:
                what = f"the plugin yielded {type(change).__name__}, which is no change"
                page.rejects.append(Reject("?", what, shortened(change)))
    for source_id, fit in page.upserts.items():
        if known.get(source_id) != fit.digest:
            fit.analysis = analyse(records[source_id])
    return page


def _take(page: Page, records: dict[str, Record], change: Upsert | Document) -> None:
    given: object = change.record if isinstance(change, Upsert) else change.content
    try:
        record = _read(change) if isinstance(change, Document) else change.record
        record = normalise.normalise(record)
        fit = _prepared(record)
        if isinstance(change, Document):
            if fit.source_id != _name(change.source_id):
                raise normalise.Unfit("source_id: the document is that of another record")
            fit.source_hash, fit.raw = source_hash(change), raw.pack(change.content)
        elif type(change.raw) is str and change.raw:
            sent = change.raw.encode(errors="replace")
            fit.source_hash, fit.raw = raw_hash(sent), raw.pack(sent)
    except ValueError as reason:
        page.rejects.append(Reject(name(change) or "?", str(reason), shortened(given)))
    except Exception as defect:
        what = f"the record cannot be read ({type(defect).__name__})"
        page.rejects.append(Reject(name(change) or "?", what, shortened(given)))
    else:
        before = page.upserts.get(fit.source_id, fit)
        if before.digest != fit.digest:
            page.rejects.append(Reject(fit.source_id, repeats.TWICE, shortened(before.text)))
        page.upserts[fit.source_id] = fit
        page.deletes.pop(fit.source_id, None)
        records[fit.source_id] = record


def _read(document: Document) -> Record:
    if type(document.content) is not bytes or len(document.content) > MAX_DOCUMENT:
        raise normalise.Unfit("content: a document of at most 5 MB was expected")
    return document.read(document.content)


def _prepared(fit: Record) -> Prepared:
    text = normalise.dump(fit)
    return Prepared(
        source_id=fit.source_id,
        kind=fit.kind.value,
        title=fit.title,
        text=text,
        digest=normalise.digest(text),
        keys=normalise.match_keys(fit),
        grants=fit.grants,
        access=fit.access.value,
        facets=index.record_facets(fit),
        modified=fit.modified,
    )


def _name(thing: object) -> str:
    return normalise.clean_line(_shown(thing, str))[:500]


def shortened(thing: object) -> str:
    """The beginning of a piece of the source, as a reject keeps it."""
    if type(thing) is bytes:
        thing = thing[: 4 * MAX_EXCERPT].decode(errors="replace")
    text = thing if type(thing) is str else _shown(thing, repr)
    return normalise.clean_text(text[:MAX_EXCERPT])


def _shown(thing: object, how: Callable[[object], str]) -> str:
    """What a foreign value says of itself, where it can."""
    try:
        return str.__str__(how(thing))
    except Exception:
        return f"({type(thing).__name__})"
