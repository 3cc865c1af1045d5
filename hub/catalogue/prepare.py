"""Makes what a source said fit to be compared and stored; pure, so it can run anywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from hub.catalogue import index, normalise
from hub.catalogue.analysis import Analysis, analyse
from hub.records import Checkpoint, Delete, Grant, Record, Reject, Upsert

MAX_EXCERPT = 500


@dataclass(frozen=True, slots=True)
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


@dataclass(slots=True)
class Page:
    """What a source said between two points at which it may be committed, by source id."""

    upserts: dict[str, Prepared] = field(default_factory=dict)
    deletes: dict[str, None] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)
    checkpoint: Checkpoint | None = None


def prepare(changes: Sequence[object]) -> Page:
    """A page of changes, with what cannot be taken in among its rejects."""
    page = Page()
    for change in changes:
        _add(page, change)
    return page


def analyse_all(texts: Iterable[str]) -> list[Analysis]:
    """The analysis of each dumped record, in order."""
    return [analyse(normalise.load(text)) for text in texts]


def prepared(record: Record) -> Prepared:
    """Raises `normalise.Unfit`."""
    fit = normalise.normalise(record)
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


def _add(page: Page, change: object) -> None:
    match change:
        case Upsert(record):
            try:
                fit = prepared(record)
            except normalise.Unfit as reason:
                name = _name(getattr(record, "source_id", "?"))
                page.rejects.append(Reject(name, str(reason), _excerpt(record)))
                return
            except Exception as defect:
                what = f"the record cannot be read ({type(defect).__name__})"
                page.rejects.append(Reject("?", what, _excerpt(record)))
                return
            page.upserts[fit.source_id] = fit
            page.deletes.pop(fit.source_id, None)
        case Delete(source_id):
            name = _name(source_id)
            page.upserts.pop(name, None)
            page.deletes[name] = None
        case Reject(source_id, reason, excerpt):
            page.rejects.append(Reject(_name(source_id), _name(reason), _excerpt(excerpt)))
        case Checkpoint():
            page.checkpoint = change
        case _:
            what = f"the plugin yielded {type(change).__name__}, which is no change"
            page.rejects.append(Reject("?", what, _excerpt(change)))


def _name(thing: object) -> str:
    return normalise.clean_line(_shown(thing, str))[:500]


def _excerpt(thing: object) -> str:
    text = thing if type(thing) is str else _shown(thing, repr)
    return normalise.clean_text(text[:MAX_EXCERPT])


def _shown(thing: object, how: Callable[[object], str]) -> str:
    """What a foreign value says of itself, where it can."""
    try:
        return str.__str__(how(thing))
    except Exception:
        return f"({type(thing).__name__})"
