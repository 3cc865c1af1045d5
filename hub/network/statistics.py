"""What was used in a year: counted from the bookings themselves, never estimated.

Each figure has its own definition and none is ever added to another: a yearly report of 2008 that
summed media, devices, extensions and downloads as "loans" had to admit that it counted wrongly.
Figures are counted anew whenever they are read, so what is entered late or corrected shows in the
month to which it belongs. Blocked times are nobody's bookings and do not count.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.booking.blocks import IS_BLOCK
from hub.booking.progress import MADE
from hub.models import Booking, BookingEvent, Institution, Offer, OfferUse
from hub.records import Kind


class Measure(StrEnum):
    """A figure. How each is counted is said to people by `hub.web.statistics.DEFINITIONS`."""

    LOANS_MEDIA = "loans_media"
    LOANS_DEVICES = "loans_devices"
    EXTENSIONS_MEDIA = "extensions_media"
    EXTENSIONS_DEVICES = "extensions_devices"
    ROOMS = "rooms"
    SEATS = "seats"
    CONSULTING = "consulting"
    PROJECTS = "projects"
    PARENTS_EVENINGS = "parents_evenings"
    SCOUTS = "scouts"
    OPENINGS = "openings"


class Split(StrEnum):
    """By what a figure is broken down; the parts of each add up to the figure of the year, those
    by school form to what schools have in that by borrower."""

    MONTH = "month"
    BORROWER = "borrower"
    SCHOOL_FORM = "school_form"
    FULFILMENT = "fulfilment"
    SITE = "site"


SCHOOL = "school"
MONTHS = tuple(str(month) for month in range(1, 13))
LOANS = {Kind.MEDIUM: Measure.LOANS_MEDIA, Kind.DEVICE: Measure.LOANS_DEVICES}
EXTENSIONS = {Kind.MEDIUM: Measure.EXTENSIONS_MEDIA, Kind.DEVICE: Measure.EXTENSIONS_DEVICES}
REQUESTS = {
    Kind.CONSULTING: Measure.CONSULTING,
    Kind.PROJECT: Measure.PROJECTS,
    Kind.PARENTS_EVENING: Measure.PARENTS_EVENINGS,
    Kind.SCOUTS: Measure.SCOUTS,
}
_BOOKED = tuple(measure for measure in Measure if measure is not Measure.OPENINGS)
MEASURES: Mapping[Split, Sequence[Measure]] = {
    Split.MONTH: tuple(Measure),
    Split.BORROWER: _BOOKED,
    Split.SCHOOL_FORM: _BOOKED,
    Split.FULFILMENT: tuple(LOANS.values()),
    Split.SITE: tuple(Measure),
}
"""What is broken down by what: nobody writes down who opened a medium, only loans are fetched."""
_TOOK_PLACE = ("confirmed", "handed_out", "returned")


@dataclass(frozen=True, slots=True)
class Count:
    """A number, and from how many it is: the smaller of institutions (or private persons) and
    persons. Private persons who are forgotten count as one, and openings each as somebody."""

    number: int = 0
    sources: int = 0


Cells = Mapping[Measure, Count]


@dataclass(frozen=True, slots=True)
class Counted:
    """All figures of a year. Every split holds every code that it knows with every measure."""

    year: int
    totals: Cells
    splits: Mapping[Split, Mapping[str, Cells]]


def first_day(session: Session, which: sa.ColumnElement[bool], site: str | None) -> date | None:
    """The day (UTC) of the first booking or opening; None where there was none. Arguments as of
    `count`."""
    booked = session.scalar(
        sa.select(sa.func.min(Booking.created_at)).where(which, MADE, ~IS_BLOCK)
    )
    opened_at = _of_sites(None if site is None else (site,))
    opened = session.scalar(sa.select(sa.func.min(OfferUse.day)).join(Offer).where(*opened_at))
    days = [found for found in (booked and booked.date(), opened) if found is not None]
    return min(days, default=None)


def count(
    session: Session,
    year: int,
    zone: ZoneInfo,
    now: datetime,
    which: sa.ColumnElement[bool],
    site: str | None = None,
    sites: Collection[str] | None = None,
) -> Counted:
    """The figures of a year, whose months are those of the clock `zone`.

    `which` bookings count says a condition of `Booking`; `site` whose openings do, None all. With
    `sites` only theirs do, and all is broken down by these too, also those without any. Two
    statements, whatever there is.
    """
    splits: dict[Split, dict[str, dict[Measure, _Tally]]] = {
        Split.MONTH: {month: {} for month in MONTHS},
        Split.BORROWER: {},
        Split.SCHOOL_FORM: {},
        Split.FULFILMENT: {},
    }
    if sites is not None:
        splits[Split.SITE] = {key: {} for key in sites}
    totals: dict[Measure, _Tally] = {}
    for row in session.execute(_facts(year, zone, now, which)):
        measure, (number, institution, person) = Measure(row.measure), row[-3:]
        for split, rows in splits.items():
            if measure not in MEASURES[split] or (
                split is Split.SCHOOL_FORM and row.borrower != SCHOOL
            ):
                continue
            cells = rows.setdefault(str(getattr(row, split)), {})
            cells.setdefault(measure, _Tally()).add(int(number), institution, person)
        totals.setdefault(measure, _Tally()).add(int(number), institution, person)
    opened_at = sites if site is None else (site,)
    for (month, key), number in _openings(session, year, opened_at).items():
        for split, code in ((Split.MONTH, month), (Split.SITE, key)):
            if split in splits:
                cells = splits[split].setdefault(code, {})
                cells.setdefault(Measure.OPENINGS, _Tally()).openings += number
        totals.setdefault(Measure.OPENINGS, _Tally()).openings += number
    return Counted(
        year,
        _complete(totals, tuple(Measure)),
        {
            split: {code: _complete(rows[code], MEASURES[split]) for code in _ordered(split, rows)}
            for split, rows in splits.items()
        },
    )


def _ordered(split: Split, codes: Iterable[str]) -> Iterable[str]:
    """Months and centres in their order, the rest by code."""
    return codes if split in (Split.MONTH, Split.SITE) else sorted(codes)


class _Tally:
    """A figure while it is counted: the number, and of whom it is."""

    __slots__ = ("bodies", "number", "openings", "persons")

    def __init__(self) -> None:
        self.number = self.openings = 0
        self.bodies: set[tuple[str, int]] = set()
        self.persons: set[tuple[str, int]] = set()

    def add(self, number: int, institution: int | None, person: int | None) -> None:
        self.number += number
        body = None if institution is None else ("institution", institution)
        somebody = None if person is None else ("person", person)
        self.bodies.add(body or somebody or _FORGOTTEN)
        self.persons.add(somebody or body or _FORGOTTEN)

    def count(self) -> Count:
        if self.openings:
            return Count(self.openings, self.openings)
        return Count(self.number, min(len(self.bodies), len(self.persons)))


_FORGOTTEN = ("", 0)


def _complete(cells: Mapping[Measure, _Tally], measures: Sequence[Measure]) -> Cells:
    return {one: cells[one].count() if one in cells else Count() for one in measures}


def _openings(
    session: Session, year: int, sites: Collection[str] | None
) -> dict[tuple[str, str], int]:
    """How often media were opened, by month and site."""
    month = sa.extract("month", OfferUse.day).label("month")
    rows = session.execute(
        sa.select(month, Offer.site_key, sa.func.sum(OfferUse.count))
        .join(Offer, Offer.id == OfferUse.offer_id)
        .where(
            OfferUse.day >= date(year, 1, 1),
            OfferUse.day <= date(year, 12, 31),
            Offer.kind == Kind.MEDIUM,
            *_of_sites(sites),
        )
        .group_by(month, Offer.site_key)
    )
    return {(str(int(month)), key): int(number) for month, key, number in rows}


def _of_sites(sites: Collection[str] | None) -> list[sa.ColumnElement[bool]]:
    return [] if sites is None else [Offer.site_key.in_(sorted(sites))]


def _facts(
    year: int, zone: ZoneInfo, now: datetime, which: sa.ColumnElement[bool]
) -> sa.Select[*tuple[Any, ...]]:
    """Everything that counts but openings: what, when and for whom, named as in `Split`, then how
    many, the institution and the person."""
    begins = [datetime(year, month, 1, tzinfo=zone) for month in range(1, 13)]
    begins.append(datetime(year + 1, 1, 1, tzinfo=zone))

    def fact(
        measures: Mapping[Kind, Measure],
        at: sa.SQLColumnExpression[datetime],
        number: sa.SQLColumnExpression[int],
    ) -> sa.Select[Any]:
        return (
            sa.select(
                _by_kind(measures).label("measure"),
                sa.case(
                    *((at < end, month) for month, end in zip(MONTHS, begins[1:], strict=True))
                ).label(Split.MONTH),
                Booking.site_key.label(Split.SITE),
                Booking.borrower.label(Split.BORROWER),
                sa.func.coalesce(Institution.school_form, "").label(Split.SCHOOL_FORM),
                Booking.fulfilment.label(Split.FULFILMENT),
                Booking.institution_id,
                Booking.person_id,
                number.label("number"),
            )
            .select_from(Booking)
            .outerjoin(Institution, Institution.id == Booking.institution_id)
            .where(
                which,
                ~IS_BLOCK,
                Booking.kind.in_([str(kind) for kind in measures]),
                at >= begins[0],
                at < begins[-1],
            )
        )

    one = sa.literal(1)
    handed = _handed_out(which)
    lent = (
        fact(LOANS, handed.c.at, one)
        .join(handed, handed.c.booking_id == Booking.id)
        .where(Booking.state.in_(("handed_out", "returned")))
    )
    extended = fact(EXTENSIONS, BookingEvent.at, one).join(
        BookingEvent,
        sa.and_(BookingEvent.booking_id == Booking.id, BookingEvent.event == "extended"),
    )
    over = sa.and_(Booking.state.in_(_TOOK_PLACE), Booking.ends_at <= now)
    rooms = fact({Kind.ROOM: Measure.ROOMS}, Booking.starts_at, one).where(over)
    seats = fact({Kind.TRAINING: Measure.SEATS}, Booking.starts_at, Booking.quantity).where(over)
    asked = fact(REQUESTS, Booking.created_at, one)
    every = sa.union_all(lent, extended, rooms, seats, asked).subquery().c
    alike = [every.measure, *(every[split] for split in Split)]
    whose = [every.institution_id, every.person_id]
    return sa.select(*alike, sa.func.sum(every.number), *whose).group_by(*alike, *whose)


def _by_kind(measures: Mapping[Kind, Measure]) -> sa.ColumnElement[str]:
    return sa.case(
        *((Booking.kind == str(kind), str(measure)) for kind, measure in measures.items())
    )


def _handed_out(which: sa.ColumnElement[bool]) -> sa.Subquery:
    """When each loan was handed out: a hand-out that was undone is none, and a return that was
    undone does not hand out again."""
    undone = (
        sa.select(BookingEvent.booking_id, sa.func.max(BookingEvent.id).label("last"))
        .join(Booking, Booking.id == BookingEvent.booking_id)
        .where(which, BookingEvent.event == "undone:handed_out")
        .group_by(BookingEvent.booking_id)
        .subquery()
    )
    return (
        sa.select(BookingEvent.booking_id, sa.func.min(BookingEvent.at).label("at"))
        .join(Booking, Booking.id == BookingEvent.booking_id)
        .outerjoin(undone, undone.c.booking_id == BookingEvent.booking_id)
        .where(
            which,
            BookingEvent.event == "handed_out",
            BookingEvent.id > sa.func.coalesce(undone.c.last, 0),
        )
        .group_by(BookingEvent.booking_id)
        .subquery()
    )
