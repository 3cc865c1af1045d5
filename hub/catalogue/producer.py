"""Reads a source in a thread of its own and hands it over page by page.

The plugin's generator is foreign code: it may raise anything, yield anything, or hang. All of
that ends here, as pages or as one clear `SourceFailed`. Reading ahead in a thread also lets the
source answer while the previous page is being stored.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Mapping
from typing import Any

import structlog

from hub.catalogue import mapped
from hub.errors import PluginError
from hub.records import Change, Checkpoint
from hub.site import Site

PAGE = 500
"""Changes after which a page is closed even without a checkpoint."""
AHEAD = 2
"""Pages read ahead of the one being stored."""
PATIENCE = 1200.0
"""Seconds without any sign of life after which a source counts as hanging."""

MAX_CURSOR = 65_536
"""Characters."""

log = structlog.get_logger(__name__)


class SourceFailed(Exception):
    """The source could not be read to its end; the message says why, for a person."""


def pages(site: Site, plugin: str, cursor: str | None) -> Iterator[list[Change]]:
    """The pages of a source since `cursor`, as the site's mapping has them; raises `SourceFailed`
    where it breaks off."""
    fill = mapped.filler(site, plugin)
    for page in given(site, plugin, "catalogue_changes", cursor=cursor):
        yield [fill(change) for change in page]


def given(
    site: Site, plugin: str, hook: str, /, *, patience: float | None = None, **arguments: Any
) -> Iterator[list[Any]]:
    """What a hook of the plugin gives item by item, in pages; raises `SourceFailed`.

    `patience` in seconds, else `PATIENCE`.
    """
    patience = PATIENCE if patience is None else patience
    line: queue.Queue[list[Any] | SourceFailed | None] = queue.Queue(AHEAD)
    stop = threading.Event()

    def hand_over(thing: list[Any] | SourceFailed | None) -> None:
        while not stop.is_set():
            try:
                return line.put(thing, timeout=1.0)
            except queue.Full:
                continue

    def produce() -> None:
        try:
            for page in _read(site, plugin, hook, arguments):
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
                thing = line.get(timeout=patience)
            except queue.Empty:
                raise SourceFailed(
                    f"The source gave no sign of life for {patience:.0f} seconds and was left."
                ) from None
            if thing is None:
                return
            if isinstance(thing, SourceFailed):
                raise thing
            yield thing
    finally:
        stop.set()


def _check(checkpoint: Checkpoint) -> None:
    """A cursor that cannot be kept would break every run to come: this one fails instead."""
    cursor, total = checkpoint.cursor, checkpoint.total
    fits = cursor is None or (
        type(cursor) is str
        and len(cursor) <= MAX_CURSOR
        and "\0" not in cursor
        and not any("\ud800" <= c <= "\udfff" for c in cursor)
    )
    if not fits:
        raise SourceFailed("The plugin gave a cursor that is no text, or too long to be kept.")
    if total is not None and (type(total) is not int or not 0 <= total < 2**31):
        raise SourceFailed("The plugin announced a number of records that is none.")


def _read(site: Site, plugin: str, hook: str, arguments: Mapping[str, Any]) -> Iterator[list[Any]]:
    page: list[Any] = []
    try:
        changes = iter(site.one(plugin, hook, **arguments))
        for change in changes:
            page.append(change)
            if isinstance(change, Checkpoint):
                _check(change)
            if isinstance(change, Checkpoint) or len(page) >= PAGE:
                yield page
                page = []
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
    if page:
        yield page
