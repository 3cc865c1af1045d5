"""Takes a source in: plugin → pages → catalogue.

A run reads pages (`producer`), makes them fit (`prepare`), holds each against what is stored
(`page.compare`), has new text analysed and stores page and cursor together (`page.store`). Its
life is in `runs`. Preparing and analysing run on a second core (`helper`) while the next page is
being read and the one before is being stored; memory holds a few pages, whatever the source.
"""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field

import structlog

from hub.catalogue import page, producer, runs
from hub.catalogue.analysis import Analysis
from hub.catalogue.helper import Helper, Pending
from hub.catalogue.prepare import Page, analyse_all, prepare
from hub.db import Database
from hub.models import SyncRun, SyncSource
from hub.records import Change, Reject
from hub.site import Site

WAITING = 2
"""Pages that may wait for each of the two steps on the second core."""

log = structlog.get_logger(__name__)


class Interrupted(Exception):
    """Raised by `progress` to leave a run: what is stored stays, the next one goes on from it."""


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
    helper: Helper | None = None,
) -> Report:
    """Run one source to its end; `full` starts over instead of from the last cursor.

    Never raises for what the source or its plugin does: the report says it, as does the run's
    row. Raises `runs.RunError` while another process works on the source, `page.TakenOver` when
    one has taken over this run, and `Interrupted` when `progress` does.
    """
    begun = runs.begin(db, site.key, plugin, full=full)
    try:
        with nullcontext(helper) if helper else Helper() as second_core:
            complete = _take_in(db, site, plugin, begun, second_core, progress)
    except producer.SourceFailed as failure:
        runs.fail(db, begun, str(failure))
    except Interrupted:
        runs.leave(db, begun.run_id)
        raise
    except page.TakenOver:
        raise
    except BaseException as error:
        runs.fail(db, begun, f"The run broke off ({type(error).__name__}).")
        raise
    else:
        runs.succeed(db, begun, complete=complete)
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
        for changes in producer.pages(site, plugin, cursor):
            given = prepare(changes)
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
    helper: Helper,
    progress: Progress | None,
) -> bool:
    """Store every page; returns whether the source said that it gave everything."""
    line = _Line(db, site.key, plugin, begun, helper, progress)
    try:
        for changes in producer.pages(site, plugin, begun.cursor):
            line.add(changes)
    finally:
        # What was read whole is kept, also when the source breaks off after it.
        line.finish()
    return line.complete


class _Line:
    """Pages on their way: being prepared, then being analysed, then stored, in order."""

    def __init__(
        self,
        db: Database,
        site: str,
        plugin: str,
        begun: runs.Begun,
        helper: Helper,
        progress: Progress | None,
    ) -> None:
        self.complete = False
        self._db, self._site, self._plugin, self._begun = db, site, plugin, begun
        self._helper, self._progress = helper, progress
        self._preparing: deque[Pending[Page]] = deque()
        self._analysing: deque[tuple[page.Comparison, Pending[list[Analysis]]]] = deque()
        self._names: set[str] = set()
        self._report = Report(site, plugin, begun.run_id)

    def add(self, changes: Sequence[Change]) -> None:
        self._preparing.append(self._helper.submit(prepare, changes))
        if len(self._preparing) > WAITING:
            self._compare()

    def finish(self) -> None:
        while self._preparing:
            self._compare()
        while self._analysing:
            self._store()

    def _compare(self) -> None:
        given = self._preparing.popleft().result()
        names = {*given.upserts, *given.deletes}
        if not self._names.isdisjoint(names):
            # The source gives a record twice: what is compared must see the first one.
            while self._analysing:
                self._store()
        with self._db.read() as session:
            found = page.compare(session.connection(), self._site, self._plugin, given)
        texts = [member.prepared.text for member in found.members]
        self._analysing.append((found, self._helper.submit(analyse_all, texts)))
        self._names |= names
        self.complete = given.checkpoint is not None and given.checkpoint.complete
        if len(self._analysing) > WAITING:
            self._store()

    def _store(self) -> None:
        found, analyses = self._analysing.popleft()
        with self._db.write() as session:
            page.store(
                session.connection(),
                self._site,
                self._plugin,
                self._begun.run_id,
                self._begun.term,
                found,
                analyses.result(),
            )
        self._names -= {*found.page.upserts, *found.page.deletes}
        _count(self._report, found)
        if self._progress:
            self._progress(self._report)


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
