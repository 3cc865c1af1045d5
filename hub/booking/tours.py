"""Where the courier (Medientransport) of a centre has to go on a day, and with what."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, time, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.booking.opening import Calendar
from hub.models import Booking, BookingContact, Institution

COURIER = "courier"


@dataclass(frozen=True, slots=True)
class Load:
    """A booking on the tour, and who it is for there."""

    booking: Booking
    contact: BookingContact | None


@dataclass(frozen=True, slots=True)
class Stop:
    """An institution on the tour; None: who borrowed spoke for nobody."""

    institution: Institution | None
    bring: list[Load] = field(default_factory=list)
    fetch: list[Load] = field(default_factory=list)

    @property
    def address(self) -> str:
        one = self.institution
        if one is None:
            return ""
        return ", ".join(filter(None, (one.street, f"{one.postcode} {one.town}".strip())))


def stops(session: Session, site: str, calendar: Calendar, day: date, *, today: bool) -> list[Stop]:
    """The stops of a day by postcode; `today` also has what was not done on the days before."""
    first = calendar.at(day, time(0))
    last = calendar.at(day + timedelta(days=1), time(0))
    begins = sa.and_(Booking.starts_at >= first, Booking.starts_at < last)
    ends = sa.and_(Booking.ends_at >= first, Booking.ends_at < last)
    bring = sa.and_(Booking.state.in_(("confirmed", "handed_out")), begins)
    if today:
        bring = sa.or_(bring, sa.and_(Booking.state == "confirmed", Booking.starts_at < first))
        ends = Booking.ends_at < last
    found: dict[int | None, Stop] = {}
    for condition, which in (
        (bring, "bring"),
        (sa.and_(Booking.state == "handed_out", ends), "fetch"),
    ):
        rows = session.execute(
            sa.select(Booking, BookingContact, Institution)
            .outerjoin(
                BookingContact,
                sa.and_(
                    BookingContact.person_id == Booking.person_id,
                    BookingContact.site_key == Booking.site_key,
                ),
            )
            .outerjoin(Institution, Institution.id == Booking.institution_id)
            .where(Booking.site_key == site, Booking.fulfilment == COURIER, condition)
            .order_by(Booking.starts_at, Booking.id)
        )
        for booking, contact, institution in rows:
            key = institution.id if institution else None
            stop = found.setdefault(key, Stop(institution))
            getattr(stop, which).append(Load(booking, contact))
    return sorted(found.values(), key=_way)


def _way(stop: Stop) -> tuple[bool, str, str]:
    one = stop.institution
    return (True, "", "") if one is None else (False, one.postcode, one.name)
