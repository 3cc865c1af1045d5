"""The life of a sync run: begun, taken over from a dead process, finished, held, released.

All state is in the database, so a run that was killed at any moment is simply taken up again.
"""

from __future__ import annotations

import os
import socket
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.catalogue import figures, page
from hub.db import Database
from hub.models import Bookable, Offer, SyncChange, SyncPage, SyncReject, SyncRun, SyncSource
from hub.models.base import now

SILENCE = timedelta(minutes=15)
"""A run without heartbeat for so long is stuck, and another process may take it over."""
HELD_SHARE = 0.2
HELD_LEAST = 5
"""A run that would withdraw more than this share, and more than so many, waits for a person; so
does one that would leave nothing."""


class RunError(Exception):
    """What was asked of a run is not possible now; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A run that may work now, from `cursor` on."""

    run_id: int
    term: int
    """How often the run had been taken up before: a later term ends the right to write."""
    cursor: str | None


def begin(db: Database, site: str, plugin: str, *, full: bool = False, mapping: str = "") -> Begun:
    """Start a run, or take up the one that a dead process left; `full` forgets the cursor.

    So does another `mapping` (digest of the site's mapping and of what the plugin `reads`) than
    that of the last run.
    Raises `RunError` while another process works on this source.
    """
    with db.write() as session:
        source = session.get(SyncSource, (site, plugin), with_for_update=True)
        if source is None:
            source = SyncSource(site_key=site, plugin=plugin)
            session.add(source)
        run = session.get(SyncRun, source.run_id) if source.run_id else None
        if run is not None and run.state == "running":
            if alive(run):
                raise RunError(
                    f"A run of {site}/{plugin} is in progress since {run.started_at:%H:%M} UTC "
                    f"(run {run.id}). Wait for its end, or end its process {run.owner}."
                )
            run.resumed += 1
        else:
            run = SyncRun(site_key=site, plugin=plugin, state="running", started_at=now())
            session.add(run)
        run.owner, run.heartbeat_at = _me(), now()
        session.flush()
        if full or mapping != (source.mapping or ""):
            source.cursor = None
        source.mapping = mapping
        _drop_pages(session, site, plugin, keep=source.cursor is not None)
        source.run_id = run.id
        return Begun(run.id, run.resumed, source.cursor)


def fail(db: Database, begun: Begun, message: str) -> None:
    """End a run that broke off. What it committed stays; the next run goes on from there."""
    with db.write() as session:
        _finish(session, _mine(session, begun), "failed", message)


def leave(db: Database, run_id: int) -> None:
    """Leave a run without ending it: whoever begins next takes it up at once."""
    with db.write() as session:
        run = session.get_one(SyncRun, run_id)
        if run.owner == _me():
            run.owner = ""


def succeed(db: Database, begun: Begun, *, complete: bool) -> None:
    """End a run whose source was read to its end, and apply the deletions of its cycle.

    With `complete` also those offers go that the cycle did not see. A run that would withdraw
    too much at once is held for a person instead (state `held`); what a person at the site has
    ended in the hub's own ledger needs no second one, and goes in any case.
    """
    with db.write() as session:
        run = _mine(session, begun)
        pages = session.execute(
            sa.select(SyncPage.seen, SyncPage.deleted)
            .where(SyncPage.site_key == run.site_key, SyncPage.plugin == run.plugin)
            .order_by(SyncPage.id)
        )
        live, gone, seen = cycle(session, run.site_key, run.plugin, pages, complete=complete)
        _settle_held(session, run, seen, complete=complete)
        _drop_pages(session, run.site_key, run.plugin)
        ended = ended_here(session, run.site_key, run.plugin, gone)
        lost = array("q", (number for number in gone if number not in ended))
        held = is_too_much(len(lost), live - len(ended))
        session.flush()
        going = array("q", ended) if held else gone
        run.withdrawn = page.withdraw(session.connection(), going)
        if held:
            run.held = lost.tobytes()
            _finish(
                session,
                run,
                "held",
                f"The run would withdraw {len(lost)} of {live - len(ended)} offers. Look whether "
                f"the source is whole, then release the run (hub sync release {run.id}) or refuse "
                "it.",
            )
        else:
            _finish(session, run, "succeeded")
        if not held or ended:
            figures.remember_day(session.connection(), run.site_key, now().date())


def release(db: Database, run_id: int) -> int:
    """Withdraw what a held run held back; returns the number of offers."""
    with db.write() as session:
        run = _held(session, run_id)
        run.withdrawn += page.withdraw(session.connection(), array("q", run.held or b""))
        run.state, run.held, run.error = "succeeded", None, ""
        return run.withdrawn


def refuse(db: Database, run_id: int) -> None:
    """Keep the offers that a held run would have withdrawn."""
    with db.write() as session:
        run = _held(session, run_id)
        run.state, run.held = "refused", None


def stuck(run: SyncRun, moment: datetime | None = None) -> bool:
    """Whether a run says that it is running but has given no sign of life for too long.

    A sign that lies far ahead is from before the clock was set back, and as old as that.
    """
    return run.state == "running" and abs((moment or now()) - run.heartbeat_at) > SILENCE


def alive(run: SyncRun) -> bool:
    """Whether somebody works on a run that says that it is running.

    On this machine a process can be asked; elsewhere only its silence tells.
    """
    if not run.owner:
        return False
    host, _, pid = run.owner.rpartition(":")
    if host == socket.gethostname() and pid.isdigit():
        try:
            os.kill(int(pid), 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            pass
    return not stuck(run)


def history(
    session: Session, *, site: str | None = None, plugin: str | None = None, limit: int = 50
) -> Sequence[SyncRun]:
    """The latest runs, newest first."""
    query = sa.select(SyncRun).order_by(SyncRun.id.desc()).limit(limit)
    if site is not None:
        query = query.where(SyncRun.site_key == site)
    if plugin is not None:
        query = query.where(SyncRun.plugin == plugin)
    return session.scalars(query).all()


def detail(session: Session, run_id: int) -> dict[str, Any] | None:
    """A run's row with the fields that it changed and what it rejected, or None."""
    run = session.get(SyncRun, run_id)
    if run is None:
        return None
    changes = session.execute(
        sa.select(
            Offer.id, Offer.source_id, Offer.title, SyncChange.field, SyncChange.old, SyncChange.new
        )
        .join(Offer, Offer.id == SyncChange.offer_id)
        .where(SyncChange.run_id == run_id)
        .order_by(SyncChange.id)
    )
    rejects = session.execute(
        sa.select(SyncReject.source_id, SyncReject.reason, SyncReject.excerpt)
        .where(SyncReject.run_id == run_id)
        .order_by(SyncReject.id)
    )
    return {
        **{
            column.key: getattr(run, column.key)
            for column in SyncRun.__table__.columns
            if column.key != "held"
        },
        "changes": [dict(row) for row in changes.mappings()],
        "rejects": [dict(row) for row in rejects.mappings()],
    }


def is_too_much(gone: int, live: int) -> bool:
    """Whether so many withdrawals of so many offers wait for a person."""
    return gone == live > 1 or (gone > HELD_LEAST and gone > HELD_SHARE * live)


def ended_here(session: Session, site: str, plugin: str, gone: Iterable[int]) -> set[int]:
    """Those of these offers that people at the site have ended: what is kept in the hub's own
    ledger and was called off or taken out there, or is over."""
    ended = session.scalars(
        sa.select(Offer.id)
        .join(
            Bookable,
            sa.and_(
                Bookable.site_key == Offer.site_key,
                Bookable.plugin == Offer.plugin,
                Bookable.source_id == Offer.source_id,
            ),
        )
        .where(
            Offer.site_key == site,
            Offer.plugin == plugin,
            Offer.withdrawn_at.is_(None),
            sa.or_(Bookable.retired_at.is_not(None), Bookable.ends_at <= now()),
        )
    )
    return set(ended) & set(gone)


def cycle(
    session: Session,
    site: str,
    plugin: str,
    pages: Iterable[tuple[bytes, bytes]],
    *,
    complete: bool,
) -> tuple[int, array[int], bytearray]:
    """How many offers live, which of them shall go, and a bitmap of those that were seen.

    `pages` are the ids that each page saw and said to be gone, packed, in their order.
    """
    mine = (Offer.site_key == site, Offer.plugin == plugin)
    last = session.scalar(sa.select(sa.func.max(Offer.id)).where(*mine)) or 0
    seen, deleted = bytearray(last // 8 + 1), bytearray(last // 8 + 1)
    for saw, said in pages:
        for number in array("q", said):
            deleted[number >> 3] |= 1 << (number & 7)
        for number in array("q", saw):
            seen[number >> 3] |= 1 << (number & 7)
            deleted[number >> 3] &= ~(1 << (number & 7))
    live, gone = 0, array("q")
    for number in session.scalars(
        sa.select(Offer.id).where(*mine, Offer.withdrawn_at.is_(None)).order_by(Offer.id)
    ):
        live += 1
        if _has(deleted, number) or (complete and not _has(seen, number)):
            gone.append(number)
    return live, gone, seen


def _settle_held(session: Session, run: SyncRun, seen: bytearray, *, complete: bool) -> None:
    """A complete run overtakes what an earlier one holds back; any other takes out what is back."""
    query = sa.select(SyncRun).where(
        SyncRun.site_key == run.site_key, SyncRun.plugin == run.plugin, SyncRun.state == "held"
    )
    for earlier in session.scalars(query):
        left = array("q", (n for n in array("q", earlier.held or b"") if not _has(seen, n)))
        earlier.held = left.tobytes()
        if complete or not left:
            earlier.state, earlier.held = "superseded", None


def _has(bits: bytearray, number: int) -> bool:
    return number >> 3 < len(bits) and bool(bits[number >> 3] >> (number & 7) & 1)


def _drop_pages(session: Session, site: str, plugin: str, *, keep: bool = False) -> None:
    """Forget what the cycle saw; `keep` what it saw up to its last cursor."""
    mine = (SyncPage.site_key == site, SyncPage.plugin == plugin)
    drop = sa.delete(SyncPage).where(*mine)
    if keep:
        last = sa.select(sa.func.max(SyncPage.id)).where(*mine, SyncPage.checkpoint)
        drop = drop.where(SyncPage.id > sa.func.coalesce(last.scalar_subquery(), 0))
    session.execute(drop)


def _finish(session: Session, run: SyncRun, state: str, error: str = "") -> None:
    run.state, run.error, run.finished_at = state, error, now()
    source = session.get_one(SyncSource, (run.site_key, run.plugin))
    source.run_id = None


def _mine(session: Session, begun: Begun) -> SyncRun:
    """The run, as long as nobody has taken it over (`page.TakenOver`)."""
    run = session.get_one(SyncRun, begun.run_id, with_for_update=True)
    if run.state != "running" or run.resumed != begun.term:
        raise page.TakenOver(run.id)
    return run


def _held(session: Session, run_id: int) -> SyncRun:
    run = session.get(SyncRun, run_id, with_for_update=True)
    if run is None or run.state != "held":
        state = "does not exist" if run is None else f"is {run.state}"
        raise RunError(f"Run {run_id} {state}; only a held run can be released or refused.")
    return run


def _me() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"
