"""A booking is made with whoever keeps the books: the hub's own ledger, or another system."""

from __future__ import annotations

from datetime import datetime

from hub.booking import cart, elsewhere, moving, moving_elsewhere, progress
from hub.booking.errors import NotNow, Unbookable
from hub.booking.intervals import Stretch
from hub.booking.keeping import LedgerPlugin
from hub.db import Database
from hub.errors import Rejected
from hub.models import Booking
from hub.records import Booking as BookingRecord
from hub.records import BookingRequest
from hub.site import Site


def make(db: Database, site: Site, request: BookingRequest, key: str, now: datetime) -> str:
    """Book, once per key; returns the reference.

    What another system has not confirmed yet is a booking all the same, said to it again later.
    Raises `BookingError`, or what the plugin raises.
    """
    plugin = request.offer.plugin
    if isinstance(site.plugins[plugin], LedgerPlugin):
        made: BookingRecord = site.one(plugin, "booking_create", request=request, key=key)
        return made.id
    number = elsewhere.ask(db, request, key, now)
    elsewhere.settle(db, site, number)
    with db.read() as session:
        row = session.get_one(Booking, number)
    if row.state == "refused":
        raise Rejected(row.reason)
    return row.reference


def put_into_cart(
    db: Database, site: Site, request: BookingRequest, key: str, now: datetime
) -> str:
    """Put what is asked for into the cart of who asks, once per key; returns the reference.

    Raises `BookingError`: `Unbookable` also for what another system keeps.
    """
    plugin = site.plugins[request.offer.plugin]
    if not isinstance(plugin, LedgerPlugin):
        raise Unbookable("cart")
    with db.read() as session:
        entry = plugin.entry(session, request, key, now)
    return cart.put(db, entry, key, request.person.id, now)


def move(
    db: Database,
    site: Site,
    number: int,
    time: Stretch,
    quantity: int,
    actor: str,
    now: datetime,
    *,
    offer_id: int | None = None,
) -> None:
    """Give a booking another time or number for who made it. Raises `BookingError`.

    `offer_id` is another date of the same course, where another system keeps the booking.
    """
    with db.read() as session:
        kept_elsewhere = session.get_one(Booking, number).bookable_id is None
    if kept_elsewhere:
        with db.write(queued=True) as session:
            asked = moving_elsewhere.wish(
                session, site, number, time, quantity, actor, now, offer_id=offer_id
            )
        if asked:
            elsewhere.settle(db, site, number, lambda: now)
            with db.read() as session:
                moving_elsewhere.outcome(session, number)
        return
    with db.write(queued=True) as session:
        row = session.get_one(Booking, number)
        if offer_id not in (None, row.offer_id):
            raise Unbookable("other")
        moving.move(session, row, time, quantity, actor, now)


def may_move(site: Site, booking: Booking, now: datetime) -> bool:
    """Whether who made it can still give it another time or number."""
    return moving.may_move(booking, now) or moving_elsewhere.may_move(site, booking, now)


def cancel(db: Database, site: Site, number: int, actor: str, now: datetime) -> None:
    """Give a booking up for who made it; done twice it is given up once. Raises `BookingError`."""
    with db.read() as session:
        row = session.get_one(Booking, number)
    if row.bookable_id is None and row.state in ("waiting", "requested", "confirmed"):
        elsewhere.cancel(db, site, number, actor, now)
        return
    with db.write(queued=True) as session:
        row = session.get_one(Booking, number)
        if row.state == "handed_out":
            raise NotNow(row.state)
        if row.state != "cancelled":
            progress.advance(session, row, "cancelled", actor, now)
