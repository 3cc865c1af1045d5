"""Telling of what became of bookings, once that is committed: the plugins of the centre, mails.

Each event of a booking waits (`BookingEvent.announced_at` is None) until it was told. Its mails
are queued in the transaction that notes so, hence once. The plugins are asked before: after a
crash in between they may hear of an event twice, but never of none. A plugin that cannot take it
now gets a job of its own, which tells it again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from hub.booking import keeping, letters
from hub.booking.letters import Sender
from hub.catalogue import offers
from hub.containment import Failure, FailureKind
from hub.db import Database
from hub.jobs import queue
from hub.models import Bookable, Booking, BookingEvent
from hub.models.base import now
from hub.records import Booking as BookingRecord
from hub.records import Kind, Offer, Record
from hub.runtime import Hub

TASK = "announce"
AGAIN = "announce again"
HOOK = "booking_changed"
DEADLINE = 5.0
"""Seconds that the plugins of a centre may take over one event."""
BATCH = 200
FIRST, LONGEST = timedelta(minutes=1), timedelta(hours=6)
"""Before a plugin is told again: as long as the event is old, between these."""
GIVE_UP = timedelta(days=3)
_FOR_NOW = frozenset({FailureKind.UNAVAILABLE, FailureKind.TIMEOUT})
"""Failures that may pass by themselves."""

log = structlog.get_logger(__name__)

_waiting = sa.select(BookingEvent.id).where(BookingEvent.announced_at.is_(None))


class Untold(Exception):
    """Some events could not be told; all others were. The message says why."""


class NotYet(Exception):
    """The plugin could not take it again; it is told once more at `until`."""

    def __init__(self, until: datetime, message: str) -> None:
        super().__init__(message)
        self.until = until


def is_due(session: Session) -> bool:
    """Whether an event waits."""
    return session.scalar(sa.select(_waiting.exists())) or False


def announce(hub: Hub, check: Callable[[], None]) -> str:
    """Tell of all events that wait, in their order; returns how it went.

    `check` raises when the work must be left. Raises `Untold` at the end where some could not be
    told: they wait for the next time, and keep no other from being told.
    """
    told, reached, failures = 0, 0, []
    while numbers := _after(hub.db, reached):
        for number in numbers:
            check()
            try:
                told += _settle(hub, number, _tell_plugins(hub, number))
            except sa.exc.DBAPIError:
                raise
            except Exception as error:
                log.error("booking.untold", event_id=number, exc_info=True)
                failures.append(f"{number}: {type(error).__name__}: {error}")
        reached = numbers[-1]
    if failures:
        raise Untold(f"{told} told; {len(failures)} could not be: {failures[0]}")
    return f"{told} told."


def again(hub: Hub, number: int, plugin: str) -> str:
    """Tell one plugin once more of an event; returns how it went, or raises `NotYet`."""
    moment = now()
    with hub.db.read() as session:
        event = session.get(BookingEvent, number)
    if event is None:
        return "The booking is gone."
    failure = _tell_plugins(hub, number, only=plugin).get(plugin)
    if failure is None:
        return "Told."
    age = moment - event.at
    if failure.kind not in _FOR_NOW or age > GIVE_UP:
        log.error("booking.plugin_given_up", event_id=number, plugin=plugin)
        return f"Given up: {failure.message}"
    raise NotYet(moment + min(max(age, FIRST), LONGEST), failure.message)


def as_told(session: Session, booking: Booking) -> BookingRecord:
    """The booking as plugins see it, with its offer as far as that still exists."""
    view = (
        offers.by_ids(session, [booking.offer_id]).get(booking.offer_id)
        if booking.offer_id is not None
        else None
    )
    if view is not None:
        offer = Offer(view.id, view.site, view.plugin, view.record)
        return keeping.as_record(booking, offer)
    row = session.get(Bookable, booking.bookable_id) if booking.bookable_id else None
    record = (
        keeping.record(row)
        if row is not None
        else Record(
            source_id=booking.external_id or booking.reference,
            kind=Kind(booking.kind),
            title=booking.title,
        )
    )
    return keeping.as_record(booking, Offer(0, booking.site_key, booking.plugin, record))


def _after(db: Database, reached: int) -> list[int]:
    with db.read() as session:
        return list(
            session.scalars(
                _waiting.where(BookingEvent.id > reached).order_by(BookingEvent.id).limit(BATCH)
            )
        )


def _tell_plugins(hub: Hub, number: int, only: str | None = None) -> Mapping[str, Failure]:
    """Tell all plugins of the centre, or this one; those that failed."""
    with hub.db.read() as session:
        found = session.execute(
            sa.select(Booking, BookingEvent.event)
            .join(BookingEvent)
            .where(BookingEvent.id == number)
        ).one_or_none()
        if found is None:
            return {}
        booking, event = found
        site = hub.sites.site(booking.site_key)
        if not any(site.implements(plugin, HOOK) for plugin in site.plugins):
            return {}
        record = as_told(session, booking)
    _, failures = site.each(
        HOOK,
        deadline=DEADLINE,
        only=None if only is None else [only],
        booking=record,
        event=event.partition(":")[0],
        key=f"event-{number}",
    )
    for plugin, failure in failures.items():
        log.warning(
            "booking.plugin_not_told",
            site=site.key,
            plugin=plugin,
            booking=record.id,
            kind=failure.kind,
            message=failure.message,
        )
    return failures


def _settle(hub: Hub, number: int, failures: Mapping[str, Failure]) -> bool:
    """Queue what there is to say and note that it was told; False where that was done before.

    A plugin that could not take it now is told again by a job of its own.
    """
    with hub.db.write() as session:
        event = session.scalars(
            _waiting.with_only_columns(BookingEvent)
            .where(BookingEvent.id == number)
            .with_for_update()
        ).one_or_none()
        if event is None:
            return False
        sender = Sender(hub.settings.base_url, hub.settings.mail_from, hub.settings.reply_address)
        booking = session.get_one(Booking, event.booking_id)
        letters.tell(session, sender, event, booking)
        for plugin, failure in failures.items():
            if failure.kind in _FOR_NOW:
                queue.enqueue(
                    session,
                    AGAIN,
                    {"number": number, "plugin": plugin},
                    key=f"{AGAIN}:{number}/{plugin}",
                    lanes=[f"{HOOK}:{booking.site_key}/{plugin}"],
                    run_at=now() + FIRST,
                )
        event.announced_at = now()
    return True
