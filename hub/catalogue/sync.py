"""Takes a source in: plugin → pages → catalogue.

A run reads pages (`producer`), holds each against what is stored (`page.compare`), has new text
analysed (`analyser`) and stores page and cursor together (`page.store`). Its life is in `runs`.
While one page waits for its analysis the next is being read; memory holds a few pages, whatever
the size of the source.
"""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import nullcontext
from dataclasses import dataclass, field

import structlog

from hub.catalogue import page, producer, runs
from hub.catalogue.analyser import Analyser, result
from hub.catalogue.analysis import Analysis
from hub.db import Database
from hub.models import SyncRun, SyncSource
from hub.records import Reject
from hub.site import Site

WAITING = 2
"""Pages that may wait for their analysis."""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Report:
    """What a run did, or (dry run) would do."""

    site: str
    plugin: str
    run_id: int | None = None
    state: str = "running"
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    withdrawn: int = 0
    rejected: int = 0
    total: int | None = None
    error: str = ""
    differences: list[tuple[str, str, str, str]] = field(default_factory=list)
    """Dry run only: source id, field, old and new value."""
    rejects: list[Reject] = field(default_factory=list)
    """Dry run only."""

    @property
    def done(self) -> int:
        return self.added + self.changed + self.unchanged + self.rejected


def tune_process() -> None:
    """For a process that does nothing but take in sources: look for garbage less often.

    A run makes many short-lived values and hardly a cycle among them; looking for cycles through
    everything that is loaded, every few hundred values, costs it a fifth of its time.
    """
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)


Progress = Callable[[Report], None]


def sync(
    db: Database,
    site: Site,
    plugin: str,
    *,
    full: bool = False,
    progress: Progress | None = None,
    analyser: Analyser | None = None,
) -> Report:
    """Run one source to its end; `full` starts over instead of from the last cursor.

    Never raises for what the source or its plugin does: the report says it, as does the run's
    row. Raises `runs.RunError` while another process works on the source.
    """
    begun = runs.begin(db, site.key, plugin, full=full)
    try:
        with nullcontext(analyser) if analyser else Analyser() as helper:
            complete = _take_in(db, site, plugin, begun, helper, progress)
    except producer.SourceFailed as failure:
        runs.fail(db, begun.run_id, str(failure))
    except BaseException as error:
        runs.fail(db, begun.run_id, f"The run broke off ({type(error).__name__}).")
        raise
    else:
        runs.succeed(db, begun.run_id, complete=complete)
    report = _report(db, begun.run_id)
    log.info("sync.finished", **{n: getattr(report, n) for n in _LOGGED})
    return report


def preview(
    db: Database, site: Site, plugin: str, *, full: bool = False, progress: Progress | None = None
) -> Report:
    """What `sync` would do with the pages that the source gives now; nothing is written."""
    report = Report(site.key, plugin)
    with db.read() as session:
        source = session.get(SyncSource, (site.key, plugin))
        cursor = None if full or source is None else source.cursor
    try:
        for given in producer.pages(site, plugin, cursor):
            with db.read() as session:
                found = page.compare(session.connection(), site.key, plugin, given)
                report.differences += page.differences(session.connection(), found)
            _count(report, found)
            report.withdrawn += len(found.deleted)
            report.rejects += given.rejects
            if progress:
                progress(report)
        report.state = "succeeded"
    except producer.SourceFailed as failure:
        report.state, report.error = "failed", str(failure)
    return report


def _take_in(
    db: Database,
    site: Site,
    plugin: str,
    begun: runs.Begun,
    analyser: Analyser,
    progress: Progress | None,
) -> bool:
    """Store every page; returns whether the source said that it gave everything."""
    waiting: deque[tuple[page.Comparison, Future[list[Analysis]]]] = deque()
    names: set[str] = set()
    seen = Report(site.key, plugin, begun.run_id)
    complete = False

    def store_oldest() -> None:
        found, pending = waiting.popleft()
        records = [member.prepared.record for member in found.members]
        analyses = result(pending, records)
        with db.write() as session:
            page.store(session.connection(), site.key, plugin, begun.run_id, found, analyses)
        names.difference_update(found.page.upserts)
        _count(seen, found)
        if progress:
            progress(seen)

    try:
        for given in producer.pages(site, plugin, begun.cursor):
            if names and not names.isdisjoint([*given.upserts, *given.deletes]):
                # The source gives a record twice: what is compared must see the first one.
                while waiting:
                    store_oldest()
            with db.read() as session:
                found = page.compare(session.connection(), site.key, plugin, given)
            records = [member.prepared.record for member in found.members]
            waiting.append((found, analyser.submit(records)))
            names.update(given.upserts)
            complete = given.checkpoint is not None and given.checkpoint.complete
            if len(waiting) > WAITING:
                store_oldest()
    finally:
        # What was read whole is kept, also when the source breaks off after it.
        while waiting:
            store_oldest()
    return complete


def _count(report: Report, found: page.Comparison) -> None:
    report.added += found.added
    report.changed += found.changed
    report.unchanged += len(found.unchanged)
    report.rejected += len(found.page.rejects)
    if found.page.checkpoint and found.page.checkpoint.total is not None:
        report.total = found.page.checkpoint.total


def _report(db: Database, run_id: int) -> Report:
    with db.read() as session:
        run = session.get_one(SyncRun, run_id)
        return Report(
            site=run.site_key,
            run_id=run.id,
            **{name: getattr(run, name) for name in _REPORTED},
        )


_REPORTED = (
    "plugin",
    "state",
    "added",
    "changed",
    "unchanged",
    "withdrawn",
    "rejected",
    "total",
    "error",
)
_LOGGED = ("site", "run_id", *_REPORTED)
