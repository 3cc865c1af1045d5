"""A dry run: what a run of a source would do, by reading it to its end and writing nothing."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sized

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.catalogue import compare, mapped, producer, runs
from hub.catalogue.prepare import prepare
from hub.catalogue.sync import Progress, Report, count
from hub.db import Database
from hub.models import Offer, SyncPage, SyncSource
from hub.site import Site

Seen = tuple[bytes, bytes]
"""Packed ids of the offers that a page saw, and of those that it said are gone."""


def preview(
    db: Database,
    site: Site,
    plugin: str,
    *,
    full: bool = False,
    progress: Progress | None = None,
    most: int | None = None,
) -> Report:
    """What `sync` would do with the pages that the source gives now; nothing is written.

    `most` limits how many differences, rejects, new and withdrawn offers are told one by one; the
    counts are of all.
    """
    report = Report(site.key, plugin)
    with db.read() as session:
        source = session.get(SyncSource, (site.key, plugin))
        anew = full or source is None or source.mapping != mapped.digest(site, plugin)
        cursor = None if anew or source is None else source.cursor
        before = _kept(session, site.key, plugin) if cursor is not None else []
    seen, complete = [*before], False
    try:
        for changes in producer.pages(site, plugin, cursor):
            given = prepare(changes, {})
            with db.read() as session:
                stored = compare.look_up(
                    session.connection(), site.key, plugin, compare.names(given)
                )
                found = compare.compare(given, stored)
                if _room(report.differences, most):
                    report.differences += compare.differences(session.connection(), found)
            count(report, found)
            known = array("q", (one.offer_id for one in found.members if one.offer_id is not None))
            saw = found.unchanged + found.spared + known
            seen.append((saw.tobytes(), found.deleted.tobytes()))
            complete = given.checkpoint is not None and given.checkpoint.complete
            if _room(report.additions, most):
                report.additions += [
                    (one.prepared.source_id, one.prepared.title)
                    for one in found.members
                    if one.old_digest is None
                ]
            if _room(report.rejects, most):
                report.rejects += given.rejects
            if progress:
                progress(report)
    except producer.SourceFailed as failure:
        report.state, report.error = "failed", str(failure)
    else:
        with db.read() as session:
            _withdraw(session, report, seen, complete)
        report.state = "succeeded"
    for told in (report.differences, report.additions, report.withdrawals, report.rejects):
        del told[most if most is not None else len(told) :]
    return report


def _room(told: Sized, most: int | None) -> bool:
    return most is None or len(told) < most


def _kept(session: Session, site: str, plugin: str) -> list[Seen]:
    """What earlier pages of this cycle saw, up to the cursor that the run goes on from."""
    mine = (SyncPage.site_key == site, SyncPage.plugin == plugin)
    last = sa.select(sa.func.max(SyncPage.id)).where(*mine, SyncPage.checkpoint).scalar_subquery()
    rows = session.execute(
        sa.select(SyncPage.seen, SyncPage.deleted)
        .where(*mine, SyncPage.id <= last)
        .order_by(SyncPage.id)
    )
    return [(row.seen, row.deleted) for row in rows]


def _withdraw(session: Session, report: Report, pages: Iterable[Seen], complete: bool) -> None:
    live, gone, _ = runs.cycle(session, report.site, report.plugin, pages, complete=complete)
    report.withdrawn = len(gone)
    ended = len(runs.ended_here(session, report.site, report.plugin, gone))
    report.held = runs.is_too_much(len(gone) - ended, live - ended)
    titles = sa.select(Offer.id, Offer.source_id, Offer.title).where(
        Offer.site_key == report.site, Offer.plugin == report.plugin
    )
    wanted = set(gone)
    report.withdrawals = [
        (row.source_id, row.title)
        for row in session.execute(titles.order_by(Offer.id))
        if row.id in wanted
    ]
