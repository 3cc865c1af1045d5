"""What jobs do: read a source, tell of bookings, send mails, clean up.

A task returns how it went, or raises.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from hub import attention
from hub.booking import announce, cart, elsewhere, mailbox, reminders, waiting
from hub.booking import retention as booking_retention
from hub.catalogue import linking, page, runs
from hub.catalogue.sync import Interrupted, sync
from hub.identity import privacy, retention
from hub.jobs import link_checks, samples, sources, trials
from hub.jobs.schedule import Schedule
from hub.mail import inbox, outbox, sending
from hub.models import Job, JobSlot, Recommendation, SourceReport, SyncChange, SyncReject, SyncRun
from hub.models.base import Base, now
from hub.network import recommendations
from hub.runtime import Hub
from hub.sites import UnknownSite

RETENTION = timedelta(days=90)
"""How long ended jobs, the fields that runs changed, and rejects are kept."""
BATCH = 5_000
"""Rows erased in one transaction, so that nobody waits long for it."""
BUSY = timedelta(minutes=1)


class Failed(Exception):
    """It could not be done now; the message is for people. It is tried again, a few times."""


class Later(Exception):
    """It may not be done before `until`; that is nobody's fault and does not count."""

    def __init__(self, until: datetime, message: str) -> None:
        super().__init__(message)
        self.until = until


@dataclass(frozen=True, slots=True)
class Context:
    """What a task works with."""

    hub: Hub
    check: Callable[[], None]
    """To be called wherever the work may be left: raises `Interrupted` when it must be."""


Task = Callable[[Context, Mapping[str, Any]], str]


def take_in(context: Context, arguments: Mapping[str, Any]) -> str:
    """Run one source, unless its quiet hours rule or somebody else runs it."""
    key, plugin = arguments["site"], arguments["plugin"]
    gone = _gone(context.hub, key, plugin)
    if gone:
        return gone
    try:
        site = context.hub.sites.site(key)
        report = sync(context.hub.db, site, plugin, progress=lambda _: context.check())
    except (runs.RunError, page.TakenOver) as busy:
        raise Later(now() + BUSY, str(busy)) from busy
    if report.state == "failed":
        raise Failed(report.error)
    return report.error or (
        f"{report.added} added, {report.changed} changed, {report.unchanged} unchanged, "
        f"{report.withdrawn} withdrawn, {report.rejected} rejected."
    )


def try_out(context: Context, arguments: Mapping[str, Any]) -> str:
    """Read one source without writing, for a report of what a run would do."""
    key, plugin = arguments["site"], arguments["plugin"]
    gone = _gone(context.hub, key, plugin)
    if gone:
        return gone
    report = trials.run(context.hub, key, plugin, context.check)
    return report.error or "The dry run reached the end of the source."


def check_links(context: Context, arguments: Mapping[str, Any]) -> str:
    """Look whether the addresses of a source still lead somewhere, a number of them."""
    key, plugin = arguments["site"], arguments["plugin"]
    gone = _gone(context.hub, key, plugin)
    if gone:
        return gone
    try:
        return link_checks.run(context.hub, key, plugin, context.check)
    except link_checks.Unchecked as reason:
        raise Failed(str(reason)) from reason


def take_sample(context: Context, arguments: Mapping[str, Any]) -> str:
    """Read the first records of one source for the page on which an admin maps them."""
    key, plugin = arguments["site"], arguments["plugin"]
    gone = _gone(context.hub, key, plugin)
    if gone:
        return gone
    found = samples.run(context.hub, key, plugin, context.check)
    return found.error or f"{found.seen} records."


def _gone(hub: Hub, key: str, plugin: str) -> str:
    """Why the source is not to be asked any more; empty where it is. Raises `Later` in its quiet
    hours and `Failed` where its plugin is off."""
    try:
        site = hub.sites.site(key)
    except UnknownSite as unknown:
        return str(unknown)
    if plugin in site.problems:
        raise Failed(f"The plugin {plugin} is off: {site.problems[plugin]}")
    source = sources.source(hub, key, plugin)
    if source is None:
        return f"The plugin {plugin} is no source of {key} any more."
    quiet = source.quiet.until(now(), source.zone) if source.quiet else None
    if quiet is not None:
        raise Later(quiet, f"Its quiet hours are {source.quiet}.")
    return ""


def send_mails(context: Context, _: Mapping[str, Any]) -> str:
    """Send the mails that are due."""
    return sending.send_due(context.hub, context.check)


def read_mailbox(context: Context, _: Mapping[str, Any]) -> str:
    """Take in answers to mails about requests."""
    try:
        looked = mailbox.fetch(context.hub, context.check)
    except inbox.Trouble as trouble:
        raise Failed(str(trouble)) from trouble
    return f"{looked.taken} taken in, {looked.left} lie flagged."


def match_works(context: Context, _: Mapping[str, Any]) -> str:
    """Look for the same works among the media that changed."""
    found = linking.run(context.hub.db, lambda _: context.check())
    return f"{found.offers} offers: {found.joined} joined, {found.review} for review."


def tell_of_bookings(context: Context, _: Mapping[str, Any]) -> str:
    """Tell of what became of bookings: mails, plugins."""
    try:
        return announce.announce(context.hub, context.check)
    except announce.Untold as untold:
        raise Failed(str(untold)) from untold


def tell_plugin_again(context: Context, arguments: Mapping[str, Any]) -> str:
    """Tell a plugin of a change of a booking that it could not take before."""
    try:
        return announce.again(context.hub, arguments["number"], arguments["plugin"])
    except announce.NotYet as later:
        raise Later(later.until, str(later)) from later


def remind(context: Context, _: Mapping[str, Any]) -> str:
    """Remind of what is to be brought back, and let requests expire that nobody answered."""
    return reminders.run(context.hub.db, now(), context.check)


def settle_bookings(context: Context, _: Mapping[str, Any]) -> str:
    """Say to other systems what they were not told yet, and ask them what became of bookings."""
    done = elsewhere.settle_due(context.hub.db, context.hub.sites.site, now())
    return f"{done} bookings looked at."


def serve_waiting(context: Context, _: Mapping[str, Any]) -> str:
    """Offer to the next what somebody did not accept in time."""
    return waiting.run(context.hub.db, now(), context.check)


def tidy_carts(context: Context, _: Mapping[str, Any]) -> str:
    """Offer to others what lay in a cart for too long."""
    return cart.tidy(context.hub.db, now(), context.check)


def look_after(context: Context, _: Mapping[str, Any]) -> str:
    """Write to the admins of sites about what has needed a person for a while."""
    return attention.look(context.hub, now(), context.check)


def clean_up(context: Context, _: Mapping[str, Any]) -> str:
    """Erase what is older than its retention: of runs and jobs, and of persons."""
    before = now() - RETENTION
    old_runs = sa.select(SyncRun.id).where(SyncRun.finished_at < before)
    # The latest slot of a schedule says that it is no new one, however old it is.
    newer = aliased(JobSlot)
    later = sa.exists().where(newer.schedule == JobSlot.schedule, newer.slot > JobSlot.slot)
    old_slots = sa.select(JobSlot.schedule, JobSlot.slot).where(JobSlot.slot < before, later)
    erased = 0
    everything: tuple[tuple[type[Base], sa.Select[*tuple[Any, ...]]], ...] = (
        (SyncChange, sa.select(SyncChange.id).where(SyncChange.run_id.in_(old_runs))),
        (SyncReject, sa.select(SyncReject.id).where(SyncReject.run_id.in_(old_runs))),
        (JobSlot, old_slots),
        (
            SourceReport,
            sa.select(SourceReport.site_key, SourceReport.plugin, SourceReport.kind).where(
                SourceReport.made_at < before
            ),
        ),
        (
            Job,
            sa.select(Job.id).where(
                Job.state.in_(("finished", "failed")), Job.finished_at < before
            ),
        ),
        (
            Recommendation,
            sa.select(Recommendation.id).where(
                Recommendation.state == recommendations.State.DELETED,
                Recommendation.changed_at < now() - recommendations.KEPT,
            ),
        ),
    )
    for model, old in (*everything, *retention.old(now())):
        erased += _erase(context, model, old)
    with context.hub.db.write() as session:
        for statement in retention.blank(now()):
            session.execute(statement)
    with context.hub.db.write() as session:
        booking_retention.forget_old(session, now())
    erased += privacy.erase_inactive(context.hub, now())
    return f"{erased} rows erased."


def _erase(context: Context, model: type[Base], old: sa.Select[*tuple[Any, ...]]) -> int:
    key = sa.tuple_(*sa.inspect(model).primary_key)
    erased = 0
    while True:
        context.check()
        with context.hub.db.write() as session:
            batch = session.execute(
                sa.delete(model)
                .where(key.in_(old.limit(BATCH)))
                .returning(*sa.inspect(model).primary_key)
                .execution_options(synchronize_session=False)
            ).all()
        erased += len(batch)
        if len(batch) < BATCH:
            return erased


__all__ = [
    "CLEANUP",
    "TASKS",
    "Context",
    "Failed",
    "Interrupted",
    "Later",
    "Task",
    "schedules",
    "while_due",
    "without_sources",
]

TASKS: Mapping[str, Task] = {
    "sync": take_in,
    trials.TASK: try_out,
    link_checks.TASK: check_links,
    samples.TASK: take_sample,
    "cleanup": clean_up,
    "works": match_works,
    announce.TASK: tell_of_bookings,
    announce.AGAIN: tell_plugin_again,
    reminders.TASK: remind,
    waiting.TASK: serve_waiting,
    cart.TASK: tidy_carts,
    outbox.TASK: send_mails,
    mailbox.TASK: read_mailbox,
    elsewhere.TASK: settle_bookings,
    attention.TASK: look_after,
}

CLEANUP = Schedule("cleanup", "45 5 * * *", UTC, "cleanup")
REMINDERS = Schedule(reminders.TASK, "3 * * * *", UTC, reminders.TASK)
"""Each hour: it is morning at each site by its own clock."""
ATTENTION = Schedule(attention.TASK, "23 * * * *", UTC, attention.TASK)
ANNOUNCE = Schedule(announce.TASK, "* * * * *", UTC, announce.TASK, eager=True)
WAITING = Schedule(waiting.TASK, "* * * * *", UTC, waiting.TASK)
CARTS = Schedule(cart.TASK, "* * * * *", UTC, cart.TASK)
MAILS = Schedule(outbox.TASK, "* * * * *", UTC, outbox.TASK, eager=True)
INBOX = Schedule(mailbox.TASK, "*/5 * * * *", UTC, mailbox.TASK, eager=True)
ELSEWHERE = Schedule(elsewhere.TASK, "* * * * *", UTC, elsewhere.TASK, eager=True)

WORKS = Schedule("works", "*/10 * * * *", UTC, "works")


def schedules(hub: Hub) -> list[Schedule]:
    """All schedules: each source's that has one, and the hub's own."""
    own = (one.schedule() for one in sources.sources(hub) if one.cron)
    return [CLEANUP, REMINDERS, ATTENTION, *without_sources(hub), *own]


def without_sources(hub: Hub) -> list[Schedule]:
    """The schedules of a hub whose sources are read by hand, such as the demonstration."""
    return [*while_due(hub), *works(hub)]


def works(hub: Hub) -> list[Schedule]:
    """The schedule of the search for same works, while media have changed since the last one."""
    with hub.db.read() as session:
        return [WORKS] if linking.is_due(session) else []


def while_due(hub: Hub) -> list[Schedule]:
    """The schedules of what is looked after each minute, while there is something: events of
    bookings, offers and carts that lapsed, bookings that other systems keep, and mails that were
    put off or queued while a job was about to end. They would fill the list of jobs if they came
    every minute."""
    with hub.db.read() as session:
        return [
            *([ANNOUNCE] if announce.is_due(session) else []),
            *([WAITING] if waiting.is_due(session, now()) else []),
            *([CARTS] if cart.is_due(session, now()) else []),
            *([INBOX] if hub.settings.inbox_url else []),
            *([MAILS] if outbox.is_due(session) else []),
            *([ELSEWHERE] if elsewhere.is_due(session, now()) else []),
        ]
