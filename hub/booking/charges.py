"""What a booking costs who books, and where they find the money.

For schools it is free as a rule; where a third party is paid, that is said before the booking,
with the centre's own words on funding.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from sqlalchemy.orm import Session

from hub.booking import house
from hub.booking.rules import Rules
from hub.catalogue import offers
from hub.models import Bookable, Booking

_FREE = re.compile(r"\s*(?:kostenlos|kostenfrei|unentgeltlich|gebührenfrei|free\b)", re.IGNORECASE)


class Charge(NamedTuple):
    """Both in words; `cost` is empty where nothing is to be paid, and then so is `funding`."""

    cost: str
    funding: str


def charge(said: Rules, cost: str) -> Charge:
    """By the rules of the site, else by the `cost` that the offer names."""
    told = said.fee or cost
    return Charge("", "") if not told or _FREE.match(told) else Charge(told, said.funding)


def of_booking(session: Session, booking: Booking) -> Charge:
    """That of a booking, for its class of borrower."""
    said = house.rules(session, booking.site_key, booking.kind, booking.borrower)
    return charge(said, _named(session, booking))


def _named(session: Session, booking: Booking) -> str:
    """The cost that its offer names."""
    row = session.get(Bookable, booking.bookable_id) if booking.bookable_id else None
    if row is not None:
        return str(row.details.get("cost", ""))
    known = offers.by_ids(session, [booking.offer_id]) if booking.offer_id is not None else {}
    return next((view.record.cost for view in known.values()), "")
