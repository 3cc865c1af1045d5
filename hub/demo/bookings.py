"""A few bookings and requests of the teacher of the demonstration, so that no desk is empty."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.booking import cases, contacts, house, items, progress
from hub.booking.intervals import Stretch
from hub.booking.opening import Calendar
from hub.booking.progress import Entry
from hub.db import Database
from hub.institutions import borrowers
from hub.models import Bookable, Booking, Institution, InstitutionSite, Person
from hub.models.base import now
from hub.records import Contact, Kind

ACTOR = "hub demo"


@dataclass(frozen=True, slots=True)
class Planned:
    """A booking of the next offer of its kind, counted in days from today."""

    kind: Kind
    first: int = 0
    length: int = 0
    states: tuple[str, ...] = ()
    """The steps after the request."""
    answers: Mapping[str, str] = field(default_factory=dict)
    due: int | None = None
    """In how many days the next step of a request is due."""
    stage: str = ""
    """To which a request was brought."""
    details: Mapping[str, str] = field(default_factory=dict)
    note: str = ""


PLAN = (
    Planned(Kind.DEVICE, -9, 5, ("confirmed", "handed_out")),
    Planned(Kind.DEVICE, -4, 4, ("confirmed", "handed_out")),
    Planned(Kind.DEVICE, 0, 5, ("confirmed",)),
    Planned(Kind.DEVICE, 3, 7, ("confirmed",)),
    Planned(Kind.MEDIUM, 1, 7),
    Planned(
        Kind.ROOM, 6, answers={"purpose": "Projekttag Trickfilm", "group": "18", "support": "yes"}
    ),
    Planned(Kind.TRAINING, states=("confirmed",)),
    Planned(Kind.TRAINING, states=("confirmed",)),
    Planned(
        Kind.CONSULTING,
        12,
        answers={"occasion": "Fortschreibung unseres Medienkonzepts", "stage": "4"},
        due=9,
        stage="step4",
        note="Am Telefon mit der Schulleitung: Die Liste der Ausstattung kommt bis nächste Woche.",
    ),
    Planned(
        Kind.PARENTS_EVENING,
        30,
        answers={
            "topic": "Bildschirmzeit im ersten Schuljahr",
            "audience": "60",
            "equipment": "Aula mit Beamer und Ton",
            "other_dates": "jeder Dienstag oder Donnerstag ab 19 Uhr",
        },
        due=-1,
    ),
    Planned(
        Kind.PROJECT,
        20,
        answers={"topic": "Trickfilm zum Wasserkreislauf", "grade": "4b", "pupils": "24"},
        due=5,
        stage="agreed",
    ),
    Planned(
        Kind.SCOUTS,
        25,
        answers={"pupils": "4", "teachers": "2"},
        due=14,
        stage="round",
        details={"round": "Frühjahr"},
    ),
)


def load(database: Database, site: str, login_email: str) -> None:
    """What is planned, where the site has no bookings at all."""
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
        colleagues = cases.staff(session, site)
        staff = colleagues[-1][0] if colleagues else ACTOR
        seen = Counter[Kind]()
        for number, planned in enumerate(PLAN):
            bookable = session.scalars(
                sa.select(Bookable)
                .where(
                    Bookable.site_key == site,
                    Bookable.kind == planned.kind,
                    Bookable.retired_at.is_(None),
                )
                .order_by(Bookable.id)
                .offset(seen[planned.kind])
                .limit(1)
            ).one_or_none()
            seen[planned.kind] += 1
            if bookable is not None:
                time_ = _time(calendar, bookable, calendar.day(moment), planned)
                row = _book(session, bookable, person, school, time_, planned, f"demo-{number}")
                _handle(session, row, planned, staff)
                if planned.due is not None:
                    due_on = calendar.day(moment) + timedelta(days=planned.due)
                    _look_after(session, row, planned, due_on, staff, moment)


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
    time_: Stretch,
    planned: Planned,
    key: str,
) -> Booking:
    number, _ = progress.enter(
        session,
        Entry(
            site=bookable.site_key,
            plugin=bookable.plugin,
            bookable_id=bookable.id,
            kind=bookable.kind,
            title=bookable.title,
            time=time_,
            person_id=person.id,
            institution_id=school.id if school else None,
            borrower=school.kind if school else house.PRIVATE,
            answers=dict(planned.answers),
        ),
        key,
        person.key,
        _asked_at(time_),
    )
    return session.get_one(Booking, number)


def _handle(session: Session, row: Booking, planned: Planned, staff: str) -> None:
    """The steps of the booking that were taken at the desk."""
    time_ = Stretch(row.starts_at, row.ends_at)
    for state in planned.states:
        if state == "handed_out" and row.bookable_id is not None:
            codes = [piece.label for piece in items.of(session, row.bookable_id)[: row.quantity]]
            items.hand_out(session, row, codes, staff, time_.start)
        else:
            progress.advance(session, row, state, staff, _asked_at(time_))


def _look_after(
    session: Session, row: Booking, planned: Planned, due_on: date, staff: str, moment: datetime
) -> None:
    """What was done about a request."""
    cases.look_after(
        session,
        row,
        due_on=due_on,
        assigned=staff if planned.stage else "",
        details=planned.details,
        competences=(),
        now=moment,
    )
    if planned.stage:
        at = cases.standing(session, row).code
        cases.move(session, row, planned.stage, at, f"stage-{row.id}", staff, moment)
    if planned.note:
        cases.say(session, row, cases.NOTE, planned.note, f"note-{row.id}", staff, moment)


def _asked_at(time_: Stretch) -> datetime:
    return min(time_.start - timedelta(days=3), now())


def _time(calendar: Calendar, bookable: Bookable, today: date, planned: Planned) -> Stretch:
    if bookable.starts_at is not None and bookable.ends_at is not None:
        return Stretch(bookable.starts_at, bookable.ends_at)
    begin = calendar.next_open(today + timedelta(days=planned.first)) or today
    if bookable.kind in house.BY_DAY:
        back = planned.length < 5
        end = calendar.next_open(begin + timedelta(days=planned.length), back=back) or begin
        return calendar.loan(begin, max(begin, end))
    return Stretch(calendar.at(begin, time(9)), calendar.at(begin, time(12)))
