"""Rooms whose bookings stand in calendars on a CalDAV server (Nextcloud, SOGo, Radicale, …).

The server checks no overlaps, so it is done here. An event is put down as tentative first, then the
calendar is looked at once more: of two who were at it at the same time, at least one sees the other
and gives way. Only what stands there alone is confirmed. The event has an id that follows from the
booking, so whatever dies in between, saying it again leads to the same one event.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import marshmallow as ma

from connectors.caldav import Calendar, Changed, Credentials, Entry
from connectors.errors import Malformed
from connectors.http import Client
from hub import Config, PersonalData, Plugin, Secret, SiteInfo, hookimpl
from hub.booking import elsewhere
from hub.booking.progress import HOLDING
from hub.errors import Denied, Rejected, Unavailable
from hub.formats import vevent
from hub.formats.vevent import Occurrence
from hub.records import (
    AccessMode,
    Booking,
    BookingRequest,
    Change,
    Checkpoint,
    Kind,
    Offer,
    Person,
    Record,
    Slot,
    Upsert,
)
from plugins.common import about, translated

IDS = UUID("5e1c6a0b-3f0e-4a53-9a0c-6d4b8a1c2f10")
"""Never changed: the ids of all events follow from it."""
OURS = "@medienzentren-hub"
TENTATIVE, CONFIRMED = "TENTATIVE", "CONFIRMED"
AHEAD = timedelta(days=62)
"""How far ahead a calendar must be readable to be called sound."""
LARGEST_ANSWER = 20_000_000


class RoomConfig(Config):
    """One room and the calendar in which its bookings stand."""

    name = ma.fields.String(
        required=True,
        validate=ma.validate.Regexp(r"^[a-z0-9][a-z0-9_-]{0,39}$"),
        metadata=about(
            "Kurzname",
            "Short name",
            "Kleinbuchstaben und Ziffern; bleibt fest, auch wenn der Raum anders heißt",
            "small letters and digits; never changes, even when the room gets another title",
        ),
    )
    title = ma.fields.String(
        required=True,
        validate=ma.validate.Length(1, 200),
        metadata=about("Name des Raums", "Title of the room", "etwa MediaLab", "MediaLab say"),
    )
    address = ma.fields.Url(
        required=True,
        schemes={"http", "https"},
        require_tld=False,
        validate=ma.validate.Regexp(r"^[^?#@]*$", error="Without a password, ? and #."),
        metadata=about(
            "Adresse des Kalenders",
            "Address of the calendar",
            "die CalDAV-Adresse genau dieses Kalenders, wie sie sein Programm zum Abonnieren nennt",
            "the CalDAV address of just this calendar, as its program gives it to subscribe",
        ),
    )
    persons = ma.fields.Integer(
        validate=ma.validate.Range(1, 5_000),
        metadata=about("Für wie viele Personen", "For how many persons"),
    )
    place = ma.fields.String(
        load_default="",
        validate=ma.validate.Length(max=300),
        metadata=about("Ort", "Place", "Gebäude, Stockwerk, Straße", "building, floor, street"),
    )
    description = ma.fields.String(
        load_default="",
        validate=ma.validate.Length(max=2_000),
        metadata=about(
            "Beschreibung", "Description", "was dort steht und wofür", "what is there and for what"
        ),
    )


class CaldavConfig(Config):
    """The calendars of the rooms, and who may write into them."""

    rooms = ma.fields.List(
        ma.fields.Nested(RoomConfig),
        required=True,
        validate=ma.validate.Length(1, 50),
        metadata=about(
            "Räume",
            "Rooms",
            "je Raum ein Kalender; was darin steht, belegt den Raum",
            "a calendar for each room; what stands in it occupies the room",
        ),
    )
    user = ma.fields.String(
        load_default="",
        validate=ma.validate.Regexp(r"^[^:\x00-\x1f]{0,200}$"),
        metadata=about(
            "Benutzer",
            "User",
            "ein eigenes Konto des Hubs, das in alle diese Kalender schreiben darf",
            "an account of the hub's own that may write into all of these calendars",
        ),
    )
    password = Secret(
        metadata=about(
            "Passwort",
            "Password",
            "das des Kontos im Kalenderserver, besser ein App-Passwort nur für den Hub",
            "that of the account at the calendar server, better an app password for the hub alone",
        )
    )
    timeout = ma.fields.Float(
        load_default=4.0,
        validate=ma.validate.Range(0.1, 30),
        metadata=about("Wartezeit in Sekunden je Anfrage", "Seconds to wait for each request"),
    )

    @ma.validates_schema
    def _rooms_differ(self, data: dict[str, Any], **_: Any) -> None:
        for field, told in (("name", "short name"), ("address", "calendar")):
            values = [room[field].rstrip("/") for room in data.get("rooms", [])]
            twice = sorted({one for one in values if values.count(one) > 1})
            if twice:
                raise ma.ValidationError(f"Two rooms have the same {told}: {twice[0]}.", "rooms")

    @ma.validates_schema
    def _user_needs_a_password(self, data: dict[str, Any], **_: Any) -> None:
        if bool(data.get("user")) != (data.get("password") is not None):
            raise ma.ValidationError("A user needs a password, and a password a user.", "password")


class Caldav(Plugin):
    """The rooms of one site that are booked in calendars."""

    name = "caldav"
    title = {"de": "Raumkalender (CalDAV)", "en": "Room calendars (CalDAV)"}
    description = {
        "de": "Räume, deren Belegung in Kalendern auf einem CalDAV-Server steht: Termine dort "
        "sperren hier, Buchungen hier stehen dort.",
        "en": "Rooms whose bookings stand in calendars on a CalDAV server: events there block "
        "here, bookings here stand there.",
    }
    category = "booking"
    Config = CaldavConfig
    personal_data = (
        PersonalData(
            what={
                "de": "Einrichtung, Zeit und Zweck einer Raumbuchung, ohne Namen der Person",
                "en": "institution, time and purpose of a booking of a room, without the "
                "person's name",
            },
            purpose={
                "de": "Belegungsplan des Raums im Kalender des Medienzentrums",
                "en": "plan of the room in the centre's calendar",
            },
            retention={
                "de": "im Hub keine; im Kalender nach dessen Regeln",
                "en": "none in the hub; in the calendar by its rules",
            },
        ),
    )

    def __init__(self, site: SiteInfo, config: dict[str, Any]) -> None:
        super().__init__(site, config)
        self._rooms = {room["name"]: room for room in config["rooms"]}
        self._zone = ZoneInfo(site.time_zone)

    @hookimpl
    def catalogue_changes(self, cursor: str | None) -> Iterator[Change]:
        """The rooms as they are configured."""
        for room in self.config["rooms"]:
            yield Upsert(
                Record(
                    source_id=room["name"],
                    kind=Kind.ROOM,
                    title=room["title"],
                    description=room["description"],
                    access=AccessMode.BOOKING,
                    quantity=room.get("persons"),
                    place=room["place"],
                )
            )
        yield Checkpoint(None, complete=True)

    @hookimpl
    def booking_slots(
        self, offer: Offer, start: datetime, end: datetime, person: Person | None
    ) -> Sequence[Slot]:
        """Free is what no event in the calendar takes up."""
        if offer.record.source_id not in self._rooms or not start < end:
            return []
        with self._calendar(offer) as calendar:
            taken = self._taken(calendar, start, end)
        edges = {start, end}
        for one in taken:
            edges |= {max(one.start, start), min(one.end, end)}
        return [
            Slot(begin, finish, 0 if any(_overlap(one, begin, finish) for one in taken) else 1)
            for begin, finish in pairwise(sorted(edges))
        ]

    @hookimpl
    def booking_create(self, request: BookingRequest, key: str) -> Booking:
        wanted = Occurrence(self._uid(key), request.start, request.end, TENTATIVE)
        made = Booking(wanted.uid, request.offer, "confirmed", request.start, request.end)
        _refuse(request)
        with self._calendar(request.offer) as calendar:
            entry = calendar.get(_name(wanted.uid))
            if entry is None:
                if self._taken(calendar, wanted.start, wanted.end):
                    raise Rejected("In dieser Zeit ist der Raum schon belegt.")
                entry = self._put(calendar, wanted, _summary(request), _description(request, key))
            elif (stands := self._read(entry)) is None or stands.status not in (TENTATIVE, ""):
                # Asked again: what became of it since is for `booking_state` to say.
                return made
            self._contend(calendar, entry, wanted)
            confirmed = replace(wanted, status=CONFIRMED)
            calendar.replace(entry, vevent.changed(entry.content, confirmed, datetime.now(UTC)))
        return made

    @hookimpl
    def booking_cancel(self, booking: Booking, key: str) -> Booking:
        with self._calendar(booking.offer) as calendar:
            self._let_go(calendar, booking.id)
            self._let_go(calendar, self._held(booking))  # a move may have broken off
        return replace(booking, state="cancelled")

    @hookimpl
    def booking_move(
        self, booking: Booking, start: datetime, end: datetime, quantity: int, key: str
    ) -> Booking:
        """The new time is held by an event of its own until the booking's stands there."""
        moved = replace(booking, start=start, end=end, quantity=quantity)
        if quantity != 1:
            raise Rejected("Diesen Raum gibt es nur einmal.")
        place = Occurrence(self._held(booking), start, end, TENTATIVE)
        with self._calendar(booking.offer) as calendar:
            entry = calendar.get(_name(booking.id))
            stands = self._read(entry) if entry is not None else None
            if entry is None or stands is None or stands.status == "CANCELLED":
                raise Rejected("Der Termin steht nicht mehr im Kalender.")
            if (stands.start, stands.end) != (start, end):
                if self._taken(calendar, start, end, place.uid, booking.id):
                    self._let_go(calendar, place.uid)
                    raise Rejected("In dieser Zeit ist der Raum schon belegt.")
                if self._stands(calendar, place.uid) not in (None, place):
                    self._let_go(calendar, place.uid)  # for another time, by a wish before
                held = self._put(calendar, place, "Wird verschoben", "")
                self._contend(calendar, held, place, booking.id)
                confirmed = Occurrence(booking.id, start, end, CONFIRMED)
                calendar.replace(entry, vevent.changed(entry.content, confirmed, datetime.now(UTC)))
            self._let_go(calendar, place.uid)
        return moved

    @hookimpl
    def booking_state(self, booking: Booking) -> Booking:
        """The booking with the time that the calendar has now; removed there is cancelled."""
        with self._calendar(booking.offer) as calendar:
            stands = self._stands(calendar, booking.id)
        if stands is None or stands.status == "CANCELLED" or not stands.start < stands.end:
            return replace(booking, state="cancelled")
        return replace(booking, state="confirmed", start=stands.start, end=stands.end)

    @hookimpl
    def health(self) -> None:
        """Every calendar is there, may be written to, and can be read for the weeks to come."""
        moment = datetime.now(UTC)
        for room in self.config["rooms"]:
            with self._open(room) as calendar:
                calendar.probe()
                self._taken(calendar, moment, moment + AHEAD)

    @hookimpl
    def personal_data_export(self, person: Person) -> dict[str, Any]:
        return {}  # it keeps nothing, and the calendar names nobody

    @hookimpl
    def personal_data_erase(self, person: Person) -> None:
        """The calendar names nobody; what is still to come is given up there."""
        if self.site.database is None:
            return
        for booking in elsewhere.of_person(self.site.database, self.site.key, self.name, person.id):
            if booking.state in HOLDING:
                self.booking_cancel(booking, "")

    def _uid(self, key: str) -> str:
        return f"{uuid5(IDS, f'{self.site.key}/{key}')}{OURS}"

    def _held(self, booking: Booking) -> str:
        """Names the event that holds another time for a booking while it is moved; one only, so
        that none stays, whatever breaks off."""
        return self._uid(f"{booking.id}/move")

    def _stands(self, calendar: Calendar, uid: str) -> Occurrence | None:
        """The event of that name as it stands there, if it does."""
        entry = calendar.get(_name(uid))
        return self._read(entry) if entry is not None else None

    def _put(self, calendar: Calendar, wanted: Occurrence, summary: str, description: str) -> Entry:
        """Put the event down, or find that another attempt of ours has; and read it back."""
        content = vevent.write(wanted, summary, description, datetime.now(UTC))
        with suppress(Changed):  # the same booking, said twice at the same time
            calendar.add(_name(wanted.uid), content)
        entry = calendar.get(_name(wanted.uid))
        if entry is None:
            raise Unavailable("Der Kalender hat den Termin nicht behalten.")
        stands = self._read(entry)
        if stands is None or (stands.uid, stands.start, stands.end) != (
            wanted.uid,
            wanted.start,
            wanted.end,
        ):
            calendar.remove(entry)
            raise Denied("Der Kalender hat einen anderen Termin behalten als den gewünschten.")
        return entry

    def _let_go(self, calendar: Calendar, uid: str) -> None:
        """Remove the event, if it is there."""
        entry = calendar.get(_name(uid))
        if entry is not None:
            calendar.remove(entry)

    def _contend(self, calendar: Calendar, entry: Entry, wanted: Occurrence, *own: str) -> None:
        """Return where the event stands alone, or beside others of our own; else give way, or wait
        until the others have."""
        others = self._taken(calendar, wanted.start, wanted.end, wanted.uid, *own)
        if not others:
            return
        if all(
            one.status == TENTATIVE and one.uid.endswith(OURS) and one.uid > wanted.uid
            for one in others
        ):
            raise Unavailable("Zur selben Zeit wird der Raum auch von anderen angefragt.")
        calendar.remove(entry)
        raise Rejected("In dieser Zeit ist der Raum inzwischen belegt.")

    def _taken(
        self, calendar: Calendar, start: datetime, end: datetime, *but: str
    ) -> list[Occurrence]:
        """What takes up the room in [start, end), other than the events `but`."""
        day = timedelta(days=1)  # servers read whole days by a zone of their own
        found = []
        for entry in calendar.between(start - day, end + day):
            try:
                found += vevent.occurrences(entry.content, start, end, self._zone)
            except vevent.Unreadable as error:
                raise Malformed(f"the calendar's entry {entry.name[:100]}: {error}") from None
        return [one for one in found if one.uid not in but]

    def _read(self, entry: Entry) -> Occurrence | None:
        try:
            return vevent.single(entry.content, self._zone)
        except vevent.Unreadable as error:
            raise Malformed(f"the booking's entry {entry.name[:100]}: {error}") from None

    @contextmanager
    def _calendar(self, offer: Offer) -> Iterator[Calendar]:
        room = self._rooms.get(offer.record.source_id)
        if room is None:
            raise Denied(
                f"The room {offer.record.source_id} no longer stands in the plugin's settings."
            )
        with self._open(room) as calendar:
            yield calendar

    @contextmanager
    def _open(self, room: dict[str, Any]) -> Iterator[Calendar]:
        with (
            translated(room["title"]),
            Client(
                internal_hosts=self.site.internal_hosts,
                timeout=self.config["timeout"],
                deadline=self.config["timeout"],
                max_bytes=LARGEST_ANSWER,
                # What is moved must be told: a body goes to no address that nobody typed.
                max_redirects=0,
            ) as client,
        ):
            password = self.config.get("password")
            user = Credentials(self.config["user"], password.reveal()) if password else None
            yield Calendar(client, room["address"], user)


def _refuse(request: BookingRequest) -> None:
    if not request.start < request.end:
        raise Rejected("Das Ende liegt nicht nach dem Anfang.")
    if request.quantity != 1:
        raise Rejected("Diesen Raum gibt es nur einmal.")


def _name(uid: str) -> str:
    return f"{uid.removesuffix(OURS)}.ics"


def _overlap(one: Occurrence, start: datetime, end: datetime) -> bool:
    return one.start < end and one.end > start


def _summary(request: BookingRequest) -> str:
    return f"Gebucht: {request.institution_name or 'privat'}"


def _description(request: BookingRequest, key: str) -> str:
    """What the staff need at the door; who booked is looked up by the reference."""
    answers = request.answers
    lines = [f"Kennung: {key}"]
    if answers.get("purpose"):
        lines.append(f"Zweck: {answers['purpose']}")
    if answers.get("group"):
        lines.append(f"Personen: {answers['group']}")
    if answers.get("support") == "yes":
        lines.append("Betreuung gewünscht")
    return "\n".join(lines)
