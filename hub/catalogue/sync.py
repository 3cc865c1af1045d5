"""Takes a source in: plugin → pages → catalogue.

A run reads pages (`producer`), sets aside what was read before (`compare.sift`), reads, cleans
and analyses the rest (`prepare`), holds it against what is stored (`compare`) and stores page and
cursor together (`page.store`). Its life is in `runs`. Preparing runs on a second core (`helper`)
while the next page is being fetched and the one before is being stored; memory holds a few pages,
whatever the source.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Callable, Collection, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field

import structlog

from hub.catalogue import compare, mapped, page, producer, repeats, runs
from hub.catalogue.helper import Helper, Pending
from hub.catalogue.prepare import Page, name, prepare
from hub.db import Database
from hub.models import SyncRun
from hub.records import Change, Reject
from hub.site import Site

WAITING = 3
"""Pages that may be on their way through the second core."""

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
    additions: list[tuple[str, str]] = field(default_factory=list)
    """Dry run only: source id and title of what is new."""
    withdrawals: list[tuple[str, str]] = field(default_factory=list)
    """Dry run only: source id and title of what would be withdrawn."""
    held: bool = False
    """Dry run only: whether so much would be withdrawn that it would wait for a person."""

    @property
    def done(self) -> int:
        return self.added + self.changed + self.unchanged + self.rejected


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
    begun = runs.begin(db, site.key, plugin, full=full, mapping=mapped.digest(site, plugin))
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


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A page on its way: what is stored of it, what was set aside, and the rest to come."""

    names: frozenset[str]
    stored: dict[str, compare.Stored]
    unchanged: array[int]
    rest: Pending[Page]


class _Line:
    """Pages on their way: being prepared, then stored, in order."""

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
        self._waiting: deque[_Waiting] = deque()
        self._names: set[str] = set()
        self._given = repeats.Given()
        self._report = Report(site, plugin, begun.run_id)

    def add(self, changes: Sequence[Change]) -> None:
        names = frozenset(n for change in changes if (n := name(change)) is not None)
        if not self._names.isdisjoint(names):
            # The source gives a record twice: what is looked up must be the first one.
            self.finish()
        stored = self._look_up(names)
        rest, unchanged = compare.sift(changes, stored)
        known = {n: row.content_hash for n, row in stored.items() if row.withdrawn_at is None}
        pending = self._helper.submit(prepare, rest, known)
        self._waiting.append(_Waiting(names, stored, unchanged, pending))
        self._names |= names
        if len(self._waiting) > WAITING:
            self._store()

    def finish(self) -> None:
        while self._waiting:
            self._store()

    def _look_up(self, names: Collection[str]) -> dict[str, compare.Stored]:
        with self._db.read() as session:
            return compare.look_up(session.connection(), self._site, self._plugin, names)

    def _store(self) -> None:
        waiting = self._waiting.popleft()
        given = waiting.rest.result()
        stored = waiting.stored
        if unforeseen := compare.names(given) - waiting.names:
            stored = stored | self._look_up(unforeseen)
        found = compare.compare(given, stored, waiting.unchanged)
        with self._db.write() as session:
            connection = session.connection()
            given.rejects += compare.given_before(connection, found, self._given)
            page.store(
                connection,
                self._site,
                self._plugin,
                self._begun.run_id,
                self._begun.term,
                found,
            )
        if given.checkpoint is not None and given.checkpoint.cursor is not None:
            self._given = repeats.Given()
        else:
            self._given.add(member.offer_id or 0 for member in found.members)
            self._given.add(found.unchanged)
            self._given.forget(found.deleted)
        self._names -= waiting.names
        self.complete = given.checkpoint is not None and given.checkpoint.complete
        count(self._report, found)
        if self._progress:
            self._progress(self._report)


def count(report: Report, found: compare.Comparison) -> None:
    """Add what a page brought to the report."""
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
