"""What a site has said about itself: its calendar, and the rules for each kind and borrower."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.booking.errors import Refusal
from hub.booking.intervals import Stretch
from hub.booking.opening import WORKDAYS, Calendar, Closure, Hours
from hub.booking.rules import Asked, Rules, check, merged
from hub.booking.states import HOLDING
from hub.institutions import borrowers, register
from hub.models import Booking, BookingRules, Borrower, Institution, OpeningHours, Site
from hub.records import Kind, Record

BY_DAY = frozenset({Kind.MEDIUM, Kind.DEVICE})
"""Lent by whole days; everything else takes place from one hour to another of one day."""
COUNTED = BY_DAY | {Kind.TRAINING}
"""Of these one can have several at a time; a room or a request is one."""
PRIVATE = "private"
"""The class of a borrower who speaks for no institution."""
DEFAULTS: Mapping[tuple[str, str], Mapping[str, Any]] = {
    (Kind.MEDIUM, ""): {"extensions": 2, "extension": 7},
    (Kind.ROOM, ""): {"approval": True, "lead": 2},
    (Kind.TRAINING, ""): {"lead": 0, "most": 4},
    (Kind.CONSULTING, ""): {"approval": True, "lead": 5, "open_days_only": False},
    (Kind.PROJECT, ""): {"approval": True, "lead": 10, "open_days_only": False},
    (Kind.PARENTS_EVENING, ""): {"approval": True, "lead": 15, "open_days_only": False},
    (Kind.SCOUTS, ""): {"approval": True, "lead": 5, "open_days_only": False},
    ("", PRIVATE): {"approval": True, "most_open": 5},
    ("", "club"): {"approval": True},
}
"""By kind and borrower, where a site has not said anything else. A later row says more."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Who borrows: the class whose rules hold, and whether they may."""

    borrower: str
    registered: bool
    suspended: str | None


def calendar(session: Session, site: str) -> Calendar:
    """Days and hours of a site; the usual week where it has not said anything."""
    zone = session.scalar(sa.select(Site.time_zone).where(Site.key == site))
    row = session.get(OpeningHours, site)
    if row is None:
        return Calendar(ZoneInfo(zone or "Europe/Berlin"))
    return Calendar(
        ZoneInfo(zone or "Europe/Berlin"),
        tuple(_hours(day) for day in row.week) if row.week else WORKDAYS,
        tuple(
            Closure(date.fromisoformat(first), date.fromisoformat(last), reason)
            for first, last, reason in row.closures
        ),
        row.school_holidays,
    )


def weeks(session: Session, sites: Collection[str]) -> dict[str, tuple[Hours, ...]]:
    """The usual week, Monday to Sunday, of those of these sites that said when they are open."""
    rows = session.execute(
        sa.select(OpeningHours.site_key, OpeningHours.week).where(
            OpeningHours.site_key.in_(sorted(sites))
        )
    )
    return {key: tuple(_hours(day) for day in week) for key, week in rows if week}


def rules(
    session: Session,
    site: str,
    kind: str,
    borrower: str,
    *,
    without: tuple[str, str] | None = None,
) -> Rules:
    """The rules for this kind of offer and class of borrower at a site; `without` is a row of the
    site's that is left out."""
    said = {
        (row.kind, row.borrower): row.overrides
        for row in session.scalars(
            sa.select(BookingRules).where(
                BookingRules.site_key == site,
                BookingRules.kind.in_(("", kind)),
                BookingRules.borrower.in_(("", borrower)),
            )
        )
        if (row.kind, row.borrower) != without
    }
    order = (("", ""), (kind, ""), ("", borrower), (kind, borrower))
    return merged(*(DEFAULTS.get(one, {}) for one in order), *(said.get(one, {}) for one in order))


def ranks(session: Session, site: str, kind: str) -> dict[str, int]:
    """The rank of each class of borrower on the waiting lists for this kind of offer."""
    return {one: rules(session, site, kind, one).rank for one in (*register.KINDS, PRIVATE)}


def standing(session: Session, site: str, person_id: int, institution_id: int | None) -> Standing:
    """As whom a person borrows at a site; whoever names an institution must be approved for it,
    or is told why not."""
    if institution_id is None:
        return Standing(PRIVATE, False, None)
    kind = session.scalar(sa.select(Institution.kind).where(Institution.id == institution_id))
    row = session.execute(
        sa.select(Borrower.state, Borrower.reason).where(
            Borrower.person_id == person_id,
            Borrower.site_key == site,
            Borrower.institution_id == institution_id,
        )
    ).one_or_none()
    state, reason = row or ("", "")
    return Standing(
        kind or PRIVATE,
        state == borrowers.APPROVED,
        reason if state == borrowers.SUSPENDED else None,
    )


def refusals(
    session: Session,
    site: str,
    kind: str,
    person_id: int,
    institution_id: int | None,
    time: Stretch,
    quantity: int,
    now: datetime,
    *,
    fixed: bool = False,
    changed: int = 0,
) -> tuple[Standing, Rules, list[Refusal]]:
    """As whom a person would book this, under which rules, and which of them say no.

    `fixed` is what takes place when it does, whatever hours the centre is open; `changed` is a
    booking that is about to be this one, and does not count besides.
    """
    who = standing(session, site, person_id, institution_id)
    said = rules(session, site, kind, who.borrower)
    asked = Asked(
        time,
        quantity,
        now,
        open_bookings=open_bookings(session, site, person_id, without=changed),
        registered=who.registered,
        suspended=who.suspended,
        by_day=kind in BY_DAY,
    )
    found = check(said, calendar(session, site), asked)
    return who, said, [one for one in found if not fixed or one.code not in _OPENING]


def fixed_time(record: Record) -> Stretch | None:
    """When it takes place, where the offer itself says so."""
    if record.kind is not Kind.TRAINING or not record.events:
        return None
    return Stretch(record.events[0].start, record.events[0].end)


def open_bookings(session: Session, site: str, person_id: int, *, without: int = 0) -> int:
    """How many bookings of a person at a site are open."""
    return (
        session.scalar(
            sa.select(sa.func.count()).where(
                Booking.site_key == site,
                Booking.person_id == person_id,
                Booking.state.in_(HOLDING),
                Booking.id != without,
            )
        )
        or 0
    )


_OPENING = frozenset({"closed_first", "closed_last", "hours", "period", "back_by", "unknown_year"})


def _hours(day: list[list[str]]) -> Hours:
    return tuple((time.fromisoformat(begin), time.fromisoformat(end)) for begin, end in day)
