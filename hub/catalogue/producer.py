"""Reads a source in a thread of its own and hands it over page by page.

The plugin's generator is foreign code: it may raise anything, yield anything, or hang. All of
that ends here, as pages or as one clear `SourceFailed`. Reading ahead in a thread also lets the
source answer while the previous page is being stored.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import structlog

from hub.catalogue import normalise
from hub.errors import PluginError
from hub.records import Checkpoint, Delete, Record, Reject, Upsert
from hub.site import Site

PAGE = 500
"""Changes after which a page is closed even without a checkpoint."""
AHEAD = 2
"""Pages read ahead of the one being stored."""
PATIENCE = 1200.0
"""Seconds without any sign of life after which a source counts as hanging."""
MAX_EXCERPT = 500

log = structlog.get_logger(__name__)


class SourceFailed(Exception):
    """The source could not be read to its end; the message says why, for a person."""


@dataclass(slots=True)
class Prepared:
    """A record fit to be stored, with what identifies and compares it."""

    record: Record
    text: str
    digest: str
    keys: tuple[str, ...]


@dataclass(slots=True)
class Page:
    """What a source said between two points at which it may be committed, by source id."""

    upserts: dict[str, Prepared] = field(default_factory=dict)
    deletes: dict[str, None] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)
    checkpoint: Checkpoint | None = None

    def __len__(self) -> int:
        return len(self.upserts) + len(self.deletes) + len(self.rejects)


def pages(site: Site, plugin: str, cursor: str | None) -> Iterator[Page]:
    """The pages of a source since `cursor`; raises `SourceFailed` where it breaks off."""
    line: queue.Queue[Page | SourceFailed | None] = queue.Queue(AHEAD)
    stop = threading.Event()

    def hand_over(thing: Page | SourceFailed | None) -> None:
        while not stop.is_set():
            try:
                return line.put(thing, timeout=1.0)
            except queue.Full:
                continue

    def produce() -> None:
        try:
            for page in _read(site, plugin, cursor):
                hand_over(page)
                if stop.is_set():
                    return
            hand_over(None)
        except SourceFailed as failure:
            hand_over(failure)

    threading.Thread(target=produce, name=f"sync {site.key}/{plugin}", daemon=True).start()
    try:
        while True:
            try:
                thing = line.get(timeout=PATIENCE)
            except queue.Empty:
                raise SourceFailed(
                    f"The source gave no sign of life for {PATIENCE:.0f} seconds and was left."
                ) from None
            if thing is None:
                return
            if isinstance(thing, SourceFailed):
                raise thing
            yield thing
    finally:
        stop.set()


def _read(site: Site, plugin: str, cursor: str | None) -> Iterator[Page]:
    page = Page()
    try:
        changes = iter(site.one(plugin, "catalogue_changes", cursor=cursor))
        for change in changes:
            _add(page, change)
            if page.checkpoint or len(page) >= PAGE:
                yield page
                page = Page()
    except PluginError as error:
        raise SourceFailed(str(error)) from error
    except GeneratorExit:
        raise
    except BaseException as error:
        log.error("sync.plugin_defect", site=site.key, plugin=plugin, exc_info=True)
        raise SourceFailed(
            f"The plugin {plugin} failed with an error of its own ({type(error).__name__}). "
            "Its developer finds the details in the log."
        ) from error
    if len(page):
        yield page


def _add(page: Page, change: object) -> None:
    match change:
        case Upsert(record):
            try:
                fit = normalise.normalise(record)
            except normalise.Unfit as reason:
                name = getattr(record, "source_id", "?")
                page.rejects.append(Reject(str(name)[:500], str(reason), _excerpt(record)))
                return
            text = normalise.dump(fit)
            page.upserts[fit.source_id] = Prepared(
                fit, text, normalise.digest(text), normalise.match_keys(fit)
            )
            page.deletes.pop(fit.source_id, None)
        case Delete(source_id):
            name = normalise.clean_line(str(source_id))
            page.upserts.pop(name, None)
            page.deletes[name] = None
        case Reject(source_id, reason, excerpt):
            clean = normalise.clean_line
            page.rejects.append(
                Reject(clean(str(source_id))[:500], clean(str(reason))[:500], _excerpt(excerpt))
            )
        case Checkpoint():
            page.checkpoint = change
        case _:
            what = f"the plugin yielded {type(change).__name__}, which is no change"
            page.rejects.append(Reject("?", what, _excerpt(change)))


def _excerpt(thing: object) -> str:
    text = thing if isinstance(thing, str) else repr(thing)
    return normalise.clean_text(text[:MAX_EXCERPT])
