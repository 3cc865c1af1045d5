"""A booking is made with whoever keeps the books: the hub's own ledger, or another system."""

from __future__ import annotations

from datetime import datetime

from hub.booking import elsewhere
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
