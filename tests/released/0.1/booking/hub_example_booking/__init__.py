"""Example booking: bookings in a table of the plugin's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import marshmallow as ma
import sqlalchemy as sa

from hub import Config, PersonalData, Plugin, hookimpl
from hub.errors import Rejected, Unavailable
from hub.records import Booking, BookingRequest, Offer, Person, Slot

bookings = sa.Table(
    "example_booking_booking",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("site", sa.String, nullable=False),
    sa.Column("key", sa.String, nullable=False),
    sa.Column("offer", sa.Integer, nullable=False),
    sa.Column("person", sa.String),
    sa.Column("starts", sa.DateTime, nullable=False),
    sa.Column("ends", sa.DateTime, nullable=False),
    sa.Column("quantity", sa.Integer, nullable=False),
    sa.Column("state", sa.String, nullable=False),
)


class ExampleBookingConfig(Config):
    """What a centre's admin sets."""

    most = ma.fields.Integer(
        load_default=30,
        validate=ma.validate.Range(1, 365),
        metadata={"label": {"de": "Längste Ausleihe in Tagen", "en": "Longest loan in days"}},
    )


class ExampleBooking(Plugin):
    """Example booking."""

    name = "example_booking"
    title = {"de": "Example booking", "en": "Example booking"}
    description = {"de": "Eigene Buchungen des Zentrums", "en": "The centre's own bookings"}
    category = "booking"
    migrations = Path(__file__).parent / "migrations"
    personal_data = (
        PersonalData(
            what={"de": "Wer gebucht hat, als Pseudonym", "en": "who booked, as a pseudonym"},
            purpose={"de": "Ausleihe", "en": "loans"},
            retention={"de": "bis zur Löschung der Person", "en": "until the person is erased"},
        ),
    )

    Config = ExampleBookingConfig

    @hookimpl
    def booking_slots(self, offer: Offer, start: datetime, end: datetime) -> Sequence[Slot]:
        with self._database.read() as session:
            return [Slot(start, end, self._free(session, offer, start, end))]

    @hookimpl
    def booking_create(self, request: BookingRequest, key: str) -> Booking:
        if request.start >= request.end:
            raise Rejected("Das Ende liegt vor dem Anfang. Bitte wählen Sie ein späteres Ende.")
        if (request.end - request.start).days > self.config["most"]:
            raise Rejected(f"Ausgeliehen wird für höchstens {self.config['most']} Tage.")
        with self._database.write() as session:
            self._lock(session, request.offer)
            known = bookings.c.site == self.site.key, bookings.c.key == key
            row = session.execute(sa.select(bookings).where(*known)).one_or_none()
            if row is None:
                free = self._free(session, request.offer, request.start, request.end)
                if request.quantity > free:
                    raise Rejected(f"In dieser Zeit sind nur noch {free} frei.")
                session.execute(
                    sa.insert(bookings).values(
                        site=self.site.key,
                        key=key,
                        offer=request.offer.id,
                        person=request.person.id,
                        starts=_stored(request.start),
                        ends=_stored(request.end),
                        quantity=request.quantity,
                        state="confirmed",
                    )
                )
                row = session.execute(sa.select(bookings).where(*known)).one()
            return Booking(
                str(row.id), request.offer, row.state, request.start, request.end, row.quantity
            )

    @hookimpl
    def booking_cancel(self, booking: Booking, key: str) -> Booking:
        with self._database.write() as session:
            session.execute(
                sa.update(bookings).where(*self._mine(booking)).values(state="cancelled")
            )
        return self.booking_state(booking)

    @hookimpl
    def booking_state(self, booking: Booking) -> Booking:
        with self._database.read() as session:
            query = sa.select(bookings.c.state).where(*self._mine(booking))
            state = session.scalar(query)
        if state is None:
            raise Rejected("Diese Buchung gibt es nicht mehr.")
        return replace(booking, state=state)

    @hookimpl
    def personal_data_export(self, person: Person) -> Mapping[str, Any]:
        query = sa.select(bookings.c.id, bookings.c.starts, bookings.c.ends, bookings.c.state)
        with self._database.read() as session:
            rows = session.execute(query.where(*self._of(person)).order_by(bookings.c.id)).all()
        return {
            "bookings": [
                {"id": id_, "start": start.isoformat(), "end": end.isoformat(), "state": state}
                for id_, start, end, state in rows
            ]
        }

    @hookimpl
    def personal_data_erase(self, person: Person) -> None:
        with self._database.write() as session:
            session.execute(sa.update(bookings).where(*self._of(person)).values(person=None))

    @property
    def _database(self) -> Any:
        if self.site.database is None:
            raise Unavailable("There is no database here.")
        return self.site.database

    def _mine(self, booking: Booking) -> tuple[Any, Any]:
        return bookings.c.site == self.site.key, bookings.c.id == int(booking.id)

    def _of(self, person: Person) -> tuple[Any, Any]:
        return bookings.c.site == self.site.key, bookings.c.person == person.id

    def _lock(self, session: Any, offer: Offer) -> None:
        """Two who book the same offer wait for each other; elsewhere nobody waits."""
        if session.bind.dialect.name == "postgresql":  # SQLite has one writer anyway
            session.execute(sa.select(sa.func.pg_advisory_xact_lock(offer.id)))

    def _free(self, session: Any, offer: Offer, start: datetime, end: datetime) -> int:
        """The fewest pieces that are free at any moment of [start, end)."""
        overlapping = sa.select(bookings).where(
            bookings.c.offer == offer.id,
            bookings.c.site == self.site.key,
            bookings.c.state == "confirmed",
            bookings.c.starts < _stored(end),
            bookings.c.ends > _stored(start),
        )
        steps = []
        for row in session.execute(overlapping):
            steps += [(row.starts, row.quantity), (row.ends, -row.quantity)]
        taken = most = 0
        for _, step in sorted(steps):
            taken += step
            most = max(most, taken)
        return max(0, (offer.record.quantity or 0) - most)


def _stored(moment: datetime) -> datetime:
    """In UTC and without a zone, so that both databases compare it alike."""
    return moment.astimezone(UTC).replace(tzinfo=None)
