"""What the centres of the demonstration lend and book in the hub itself, and a few bookings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.booking import contacts, house, items, progress, stock
from hub.booking.intervals import Stretch
from hub.booking.opening import Calendar
from hub.booking.progress import Entry
from hub.db import Database
from hub.demo.inventories import AUDIENCES, Holder, Row, rows
from hub.demo.sources import Sources
from hub.institutions import borrowers
from hub.models import Bookable, Booking, Institution, InstitutionSite, OpeningHours, Person
from hub.models.base import now
from hub.records import Carrier, Contact, Kind, MediumType, Record

ACTOR = "hub demo"
KINDS: Mapping[str, tuple[Kind, ...]] = {
    "lending": (Kind.DEVICE, Kind.MEDIUM),
    "rooms": (Kind.ROOM,),
    "trainings": (Kind.TRAINING,),
    "requests": (Kind.CONSULTING, Kind.PROJECT, Kind.PARENTS_EVENING, Kind.SCOUTS),
}
"""What the plugins offer that keep their bookings in the hub."""
WEEK = [[["08:00", "16:00"]]] * 4 + [[["08:00", "14:00"]]] + [[], []]
WITH_PIECES = 12
"""Up to so many of a device have an inventory code each."""


def put_in(database: Database, sources: Sources) -> None:
    """Offer what the sites have that enable one of the plugins; doing it again changes nothing."""
    for key, plugins in sources.plugins.items():
        kept = [name for name in KINDS if name in plugins]
        if not kept:
            continue
        site = next(one for one in sources.network if one["key"] == key)
        holder = Holder(key, site["name"], site["contact"].get("email", ""), sources.day)
        with database.write() as session:
            calendar = house.calendar(session, key)
            if session.get(OpeningHours, key) is None:
                session.add(OpeningHours(site_key=key, week=WEEK, closures=[]))
            for name in kept:
                _offer(session, sources, holder, calendar, name)


def book_some(database: Database, site: str, login_email: str) -> None:
    """A few bookings of the teacher, so that no desk is empty; only where there are none."""
    moment = now()
    with database.write() as session:
        person = session.scalar(sa.select(Person).where(Person.email == login_email))
        if person is None or session.scalar(
            sa.select(Booking.id).where(Booking.site_key == site).limit(1)
        ):
            return
        contacts.keep(
            session, person.id, site, Contact(person.name, person.email, "02861 555-0142")
        )
        school = _register(session, person.id, site)
        calendar = house.calendar(session, site)
        for number, (kind, first, length, states) in enumerate(_PLAN):
            bookable = session.scalars(
                sa.select(Bookable)
                .where(Bookable.site_key == site, Bookable.kind == kind)
                .order_by(Bookable.id)
                .offset(number)
                .limit(1)
            ).one_or_none()
            if bookable is not None:
                time_ = _time(calendar, bookable, calendar.day(moment), first, length)
                _book(session, bookable, person, school, time_, states, f"demo-{number}")


_PLAN: tuple[tuple[Kind, int, int, tuple[str, ...]], ...] = (
    (Kind.DEVICE, -9, 5, ("confirmed", "handed_out")),
    (Kind.DEVICE, -4, 4, ("confirmed", "handed_out")),
    (Kind.DEVICE, 0, 5, ("confirmed",)),
    (Kind.DEVICE, 3, 7, ("confirmed",)),
    (Kind.MEDIUM, 1, 7, ()),
    (Kind.ROOM, 6, 0, ()),
    (Kind.TRAINING, 0, 0, ("confirmed",)),
    (Kind.CONSULTING, 12, 0, ()),
)
"""Kind, first day from today, days, and the steps after the request."""


def _offer(
    session: Session, sources: Sources, holder: Holder, calendar: Calendar, plugin: str
) -> None:
    offered = set()
    for kind in KINDS[plugin]:
        for row in rows(sources.stock, kind, holder):
            record, capacity, stretch = _record(kind, row, calendar)
            offered.add(record.source_id)
            made = stock.put(
                session,
                holder.key,
                plugin,
                record,
                capacity,
                starts_at=stretch[0] if stretch else None,
                ends_at=stretch[1] if stretch else None,
                buffers=(15, 15) if kind is Kind.ROOM else (0, 0),
                more={"persons": int(str(row["seats"]))} if kind is Kind.ROOM else {},
            )
            if kind is Kind.DEVICE and capacity is not None and capacity <= WITH_PIECES:
                _pieces(session, made, row, capacity)
    for gone in session.scalars(
        sa.select(Bookable).where(
            Bookable.site_key == holder.key,
            Bookable.plugin == plugin,
            Bookable.retired_at.is_(None),
            Bookable.source_id.not_in(offered),
        )
    ):
        stock.retire(session, gone)


def _record(
    kind: Kind, row: Row, calendar: Calendar
) -> tuple[Record, int | None, tuple[datetime, datetime] | None]:
    common: dict[str, Any] = {
        "kind": kind,
        "title": str(row["title"]),
        "subtitle": str(row.get("subtitle", "")),
        "description": str(row.get("description", "")),
        "place": str(row.get("place", "")),
        "contact": str(row.get("contact", "")),
        "keywords": tuple(_split(row.get("keywords"), ",")),
        "competences": tuple(_split(row.get("competences"), ",")),
    }
    if kind is Kind.DEVICE:
        contents = {"Lieferumfang": str(row["contents"])}
        made = Record(
            source_id=str(row["id"]),
            details=contents,
            audiences=("school", "kita"),
            **common,
        )
        return made, int(str(row["quantity"])), None
    if kind is Kind.MEDIUM:
        carriers = {"DVD": Carrier.DVD, "VHS": Carrier.VHS, "CD-ROM": Carrier.CD_ROM}
        made = Record(
            source_id=str(row["number"]),
            carrier=carriers.get(str(row["carrier"]), Carrier.OTHER),
            medium_type=MediumType.VIDEO,
            subjects=tuple(_split(row.get("subjects"), ";")),
            year=int(str(row["year"])),
            **common,
        )
        return made, int(str(row["quantity"])), None
    if kind is Kind.ROOM:
        details = {"Ausstattung": str(row["equipment"])}
        return Record(source_id=str(row["id"]), details=details, **common), 1, None
    if kind is Kind.TRAINING:
        day = datetime.strptime(str(row["date"]), "%d.%m.%Y").date()
        stretch = (
            calendar.at(day, _clock(row["begin"])),
            calendar.at(day, _clock(row["end"])),
        )
        # Another week is another course: who booked the one that was, booked that one.
        made = Record(source_id=f"{row['id']}-{day:%Y%m%d}", **common)
        return made, int(str(row["seats"])), stretch
    names = {label: code for code, label in AUDIENCES.items()}
    audiences = tuple(names[label] for label in _split(row["audiences"], ";"))
    details = {"Umfang": str(row["effort"])}
    made = Record(source_id=str(row["id"]), audiences=audiences, details=details, **common)
    return made, None, None


def _pieces(session: Session, made: Bookable, row: Row, capacity: int) -> None:
    for number in range(1, capacity + 1):
        code = f"{row['id']}-{number}"
        if items.find(session, made.site_key, code) is None:
            parts = [part.strip() for part in str(row["contents"]).split(",")]
            items.add(session, made.site_key, made.id, code, accessories=parts)


def _register(session: Session, person_id: int, site: str) -> Institution | None:
    """Name the teacher as a borrower of a school of the centre."""
    school = session.scalars(
        sa.select(Institution)
        .join(InstitutionSite, InstitutionSite.institution_id == Institution.id)
        .where(InstitutionSite.site_key == site, Institution.closed_on.is_(None))
        .order_by(Institution.id)
        .limit(1)
    ).one_or_none()
    if school is not None:
        asked = borrowers.register(session, person_id, school.id, site, date.today())
        if asked.state == borrowers.OPEN:
            borrowers.approve(session, asked, by=ACTOR)
    return school


def _book(
    session: Session,
    bookable: Bookable,
    person: Person,
    school: Institution | None,
    stretch: Stretch,
    states: tuple[str, ...],
    key: str,
) -> None:
    asked_at = min(stretch.start - timedelta(days=3), now())
    number, _ = progress.enter(
        session,
        Entry(
            site=bookable.site_key,
            plugin=bookable.plugin,
            bookable_id=bookable.id,
            kind=bookable.kind,
            title=bookable.title,
            time=stretch,
            person_id=person.id,
            institution_id=school.id if school else None,
            borrower=school.kind if school else house.PRIVATE,
            answers={"purpose": "Projekttag Trickfilm", "group": "24"}
            if bookable.kind == Kind.ROOM
            else {},
        ),
        key,
        person.key,
        asked_at,
    )
    row = session.get_one(Booking, number)
    for state in states:
        if state == "handed_out":
            codes = [piece.label for piece in items.of(session, bookable.id)[: row.quantity]]
            items.hand_out(session, row, codes, ACTOR, stretch.start)
        else:
            progress.advance(session, row, state, ACTOR, asked_at)


def _time(calendar: Calendar, bookable: Bookable, today: date, first: int, length: int) -> Stretch:
    if bookable.starts_at is not None and bookable.ends_at is not None:
        return Stretch(bookable.starts_at, bookable.ends_at)
    begin = calendar.next_open(today + timedelta(days=first)) or today
    if bookable.kind in house.BY_DAY:
        end = calendar.next_open(begin + timedelta(days=length), back=length < 5) or begin
        return calendar.loan(begin, max(begin, end))
    return Stretch(calendar.at(begin, time(9)), calendar.at(begin, time(12)))


def _clock(text: object) -> time:
    return datetime.strptime(str(text), "%H:%M").time()


def _split(text: object, separator: str) -> Iterator[str]:
    return (part.strip() for part in str(text or "").split(separator) if part.strip())
