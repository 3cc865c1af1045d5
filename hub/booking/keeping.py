"""The base of plugins that keep their bookings in the hub's ledger.

Such a plugin says what it is about and brings the pages on which its bookables are looked after;
what the catalogue shows of them, what is free, booking and cancelling come from here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.booking import house, ledger, progress, wording
from hub.booking.errors import AgainstRules, BookingError, NotNow, Unbookable
from hub.booking.intervals import Stretch
from hub.booking.progress import MADE, OPEN, Entry
from hub.db import Database
from hub.errors import Rejected
from hub.hookspecs import hookimpl
from hub.models import Bookable, Booking, BookingContact, Person
from hub.models import Offer as OfferRow
from hub.models.base import now
from hub.plugin import PersonalData, Plugin
from hub.records import (
    AccessMode,
    Availability,
    BookingRequest,
    Carrier,
    Change,
    Checkpoint,
    Event,
    Identifier,
    Kind,
    MediumType,
    Offer,
    Record,
    Slot,
    Upsert,
)
from hub.records import Booking as BookingRecord
from hub.records import Person as Asker

SHOWN = frozenset(
    {
        "subtitle",
        "series",
        "description",
        "url",
        "image_url",
        "place",
        "cost",
        "contact",
        "age_rating",
        "year",
        "duration",
    }
)
"""Fields of `hub.records.Record` that `Bookable.details` may hold as they are; `LISTS` as lists."""
LISTS = frozenset(
    {
        "subjects",
        "levels",
        "grades",
        "competences",
        "audiences",
        "keywords",
        "languages",
        "creators",
        "publishers",
    }
)
ACCESS: Mapping[Kind, AccessMode] = {
    Kind.MEDIUM: AccessMode.LOAN,
    Kind.DEVICE: AccessMode.LOAN,
    Kind.ROOM: AccessMode.BOOKING,
    Kind.TRAINING: AccessMode.BOOKING,
}
"""All others are asked for."""


class LedgerPlugin(Plugin):
    """A plugin whose bookables and bookings are rows of the hub (`hub.models.booking`)."""

    category = "booking"
    personal_data = (
        PersonalData(
            what={
                "de": "Name, E-Mail-Adresse, Telefon, Einrichtung, gebuchte Dinge und Zeiten",
                "en": "name, e-mail address, phone, institution, what was booked and when",
            },
            purpose={
                "de": "Bereitstellung, Ausgabe und Rücknahme; Bestätigung durch die Leitung der "
                "Einrichtung, wo das Medienzentrum sie verlangt",
                "en": "preparing, handing out and taking back; confirmation by the head of the "
                "institution where the centre wants it",
            },
            retention={
                "de": "12 Monate nach dem Ende der Buchung, 30 Tage bei Anfragen und Plätzen auf "
                "der Warteliste, aus denen nichts wurde; danach ohne Bezug zur Person",
                "en": "12 months after the booking ended, 30 days for requests and places on a "
                "waiting list of which nothing came; then without reference to the person",
            },
        ),
    )

    @property
    def db(self) -> Database:
        """Where the ledger is; a plugin that was built without a hub has none."""
        if self.site.database is None:
            raise Rejected("There is no database here.")
        return self.site.database

    @hookimpl
    def catalogue_changes(self, cursor: str | None) -> Iterator[Change]:
        with self.db.read() as session:
            rows = session.scalars(
                _offered(self.site.key, self.name).where(
                    sa.or_(Bookable.ends_at.is_(None), Bookable.ends_at > now())
                )
            ).all()
        yield from (Upsert(record(row)) for row in rows)
        yield Checkpoint(None, complete=True, total=len(rows))

    @hookimpl
    def catalogue_availability(self, source_ids: Sequence[str]) -> Mapping[str, Availability]:
        moment = now()
        with self.db.read() as session:
            rows = session.scalars(
                _offered(self.site.key, self.name).where(Bookable.source_id.in_(source_ids))
            ).all()
            today = Stretch(moment, moment + ledger.LATE)
            free = ledger.free(session, [row.id for row in rows], today, moment)
        return {
            row.source_id: Availability(free=count, total=row.capacity or 0)
            for row in rows
            if (count := free.get(row.id)) is not None
        }

    @hookimpl
    def booking_slots(
        self, offer: Offer, start: datetime, end: datetime, person: Asker | None
    ) -> Sequence[Slot]:
        with self.db.read() as session:
            row = find(session, self.site.key, self.name, offer.record.source_id)
            if row is None or not start < end:
                return []
            if row.capacity is None:
                return [Slot(start, end, ledger.MOST)]
            found = ledger.course(session, row.id, Stretch(start, end), now())
        return [Slot(level.start, level.end, level.taken) for level in found]

    @hookimpl
    def booking_create(self, request: BookingRequest, key: str) -> BookingRecord:
        moment = now()
        with self.db.read() as session:
            zone = house.calendar(session, self.site.key).zone
        try:
            with self.db.read() as session:
                entry = self.entry(session, request, key, moment)
            number, _ = progress.create(self.db, entry, key, request.person.id, moment)
        except BookingError as error:
            raise Rejected(wording.explain(error, zone)) from None
        with self.db.read() as session:
            return as_record(session.get_one(Booking, number), request.offer)

    @hookimpl
    def booking_cancel(self, booking: BookingRecord, key: str) -> BookingRecord:
        with self.db.write() as session:
            row = self._row(session, booking.id)
            if row.state == "cancelled":
                return as_record(row, booking.offer)
            try:
                if "cancelled" not in progress.NEXT.get(row.state, ()):
                    raise NotNow(row.state)
                progress.advance(session, row, "cancelled", "", now())
            except NotNow as error:
                zone = house.calendar(session, self.site.key).zone
                raise Rejected(wording.explain(error, zone)) from None
            return as_record(row, booking.offer)

    @hookimpl
    def booking_state(self, booking: BookingRecord) -> BookingRecord:
        with self.db.read() as session:
            return as_record(self._row(session, booking.id), booking.offer)

    @hookimpl
    def personal_data_export(self, person: Asker) -> Mapping[str, Any]:
        return {}  # the hub hands its own tables over

    @hookimpl
    def personal_data_erase(self, person: Asker) -> None:
        """Whoever has something on loan is not forgotten yet; what is only reserved is given up."""
        moment = now()
        with self.db.write() as session:
            rows = session.scalars(
                sa.select(Booking)
                .join(Person, Person.id == Booking.person_id)
                .where(
                    Person.key == person.id,
                    Booking.site_key == self.site.key,
                    Booking.plugin == self.name,
                )
            ).all()
            for row in rows:
                if row.state == "handed_out":
                    raise Rejected(wording.not_back(row.title, row.reference))
            for row in rows:
                if row.state in OPEN:
                    progress.advance(session, row, "cancelled", "", moment)
                row.note, row.answers = "", {}

    def _row(self, session: Session, reference: str) -> Booking:
        row = session.scalar(
            sa.select(Booking).where(
                Booking.reference == reference,
                MADE,
                Booking.site_key == self.site.key,
                Booking.plugin == self.name,
            )
        )
        if row is None:
            raise Rejected("There is no such booking.")
        return row

    def entry(self, session: Session, request: BookingRequest, key: str, moment: datetime) -> Entry:
        """What is to be booked, with the state that the rules give it; raises `AgainstRules`."""
        site = self.site.key
        row = find(session, site, self.name, request.offer.record.source_id)
        person = session.scalar(sa.select(Person.id).where(Person.key == request.person.id))
        if row is None or person is None:
            raise Unbookable("gone")
        fixed = row.starts_at is not None and row.ends_at is not None
        time = (
            Stretch(row.starts_at, row.ends_at)
            if row.starts_at is not None and row.ends_at is not None
            else Stretch(request.start, request.end)
        )
        ledger.check(time, request.quantity)
        standing, rules, refusals = house.refusals(
            session,
            site,
            row.kind,
            person,
            request.institution,
            time,
            request.quantity,
            moment,
            fixed=fixed,
        )
        # Asked again, it gets the first answer, whatever the rules or the clock say by now.
        if refusals and not progress.is_known(session, site, key):
            raise AgainstRules(refusals)
        return Entry(
            site=site,
            plugin=self.name,
            bookable_id=row.id,
            kind=row.kind,
            title=row.title,
            time=time,
            quantity=request.quantity,
            state=rules.first_state,
            offer_id=session.scalar(sa.select(OfferRow.id).where(OfferRow.id == request.offer.id)),
            person_id=person,
            institution_id=request.institution if standing.registered else None,
            borrower=standing.borrower,
            fulfilment=request.fulfilment,
            note=request.note,
            answers=request.answers,
            wait=request.waiting,
            head=rules.head and standing.registered,
        )


def find(session: Session, site: str, plugin: str, source_id: str) -> Bookable | None:
    """What is offered under this id; None for what is not, or no longer."""
    return session.scalar(_offered(site, plugin).where(Bookable.source_id == source_id))


def find_any(session: Session, site: str, plugin: str, source_id: str) -> Bookable | None:
    """What the plugin has under this id, also where it is no longer offered."""
    return session.scalar(
        sa.select(Bookable).where(
            Bookable.site_key == site,
            Bookable.plugin == plugin,
            Bookable.source_id == source_id,
        )
    )


def record(row: Bookable) -> Record:
    """What the catalogue shows of a bookable."""
    details = row.details
    kind = Kind(row.kind)
    fixed = row.starts_at is not None and row.ends_at is not None
    made = Record(
        source_id=row.source_id,
        kind=kind,
        title=row.title,
        access=ACCESS.get(kind, AccessMode.REQUEST),
        quantity=details.get("persons") if kind is Kind.ROOM else row.capacity,
        medium_type=MediumType(details["medium_type"]) if details.get("medium_type") else None,
        carrier=Carrier(details["carrier"]) if details.get("carrier") else None,
        identifiers=tuple(Identifier(*one) for one in details.get("identifiers", ())),
        events=(
            (Event(row.starts_at, row.ends_at, details.get("place", ""), row.capacity),)
            if fixed and row.starts_at and row.ends_at
            else ()
        ),
        details=details.get("more", {}),
    )
    told: dict[str, Any] = {name: details[name] for name in SHOWN if details.get(name)}
    told |= {name: tuple(details[name]) for name in LISTS if details.get(name)}
    return replace(made, **told)


def as_record(row: Booking, offer: Offer) -> BookingRecord:
    """A booking as plugins and pages see it."""
    return BookingRecord(
        id=row.reference,
        offer=offer,
        state=row.state,
        start=row.starts_at,
        end=row.ends_at,
        quantity=row.quantity,
        note=row.note,
    )


def contact(session: Session, person_id: int, site: str) -> BookingContact | None:
    """How the site reaches the person, where that was asked before."""
    return session.get(BookingContact, (person_id, site))


def _offered(site: str, plugin: str) -> sa.Select[Bookable]:
    return (
        sa.select(Bookable)
        .where(
            Bookable.site_key == site,
            Bookable.plugin == plugin,
            Bookable.retired_at.is_(None),
        )
        .order_by(Bookable.id)
    )
