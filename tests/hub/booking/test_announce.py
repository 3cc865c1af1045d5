"""What becomes of a booking is told to borrower, centre and plugins, each mail once."""

from __future__ import annotations

import dataclasses
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from icalendar import Calendar

from hub import Plugin, hookimpl, models
from hub.booking import announce, items, letters, moving, progress
from hub.booking.intervals import Stretch
from hub.booking.items import Back
from hub.errors import Unavailable
from hub.jobs import tasks
from hub.jobs.worker import Worker
from hub.models import Booking, BookingEvent, Mail
from hub.models.base import now
from hub.records import Booking as BookingRecord
from hub.runtime import Hub
from hub.settings import Settings
from hub.testing import Entry
from tests.hub.booking.circulation import BORROWER, CENTRE, Centre, text
from tests.servers import smtp
from tests.servers.smtp import Post

NOW = datetime(2027, 3, 1, 8, tzinfo=UTC)
WEEK = Stretch(datetime(2027, 3, 24, 7, tzinfo=UTC), datetime(2027, 3, 31, 14, tzinfo=UTC))
"""Over the change to summer time: from 08:00 to 16:00 in Borken."""


class Listener(Plugin):
    """Writes down what it is told."""

    name = "listener"
    title = {"de": "Zuhörer", "en": "Listener"}
    heard: list[tuple[str, str, str]] = []

    @hookimpl
    def booking_changed(self, booking: BookingRecord) -> None:
        self.heard.append((booking.id, booking.state, booking.offer.record.title))


class Breaks(Plugin):
    name = "breaks"
    title = {"de": "Kaputt", "en": "Broken"}

    @hookimpl
    def booking_changed(self, booking: BookingRecord) -> None:
        raise SystemExit("never mind")


class Away(Plugin):
    """Is away until `back`; then it takes what it is told."""

    name = "away"
    title = {"de": "Weg", "en": "Away"}
    back = False
    heard: list[tuple[str, str]] = []

    @hookimpl
    def booking_changed(self, booking: BookingRecord, event: str, key: str) -> None:
        if not self.back:
            raise Unavailable("It is away.")
        self.heard.append((event, key))


class Hangs(Plugin):
    name = "hangs"
    title = {"de": "Hängt", "en": "Hangs"}
    release = threading.Event()

    @hookimpl
    def booking_changed(self, booking: BookingRecord) -> None:
        self.release.wait(20)


class Kills(Plugin):
    """Kills its process when it is told for the third time."""

    name = "kills"
    title = {"de": "Tödlich", "en": "Deadly"}
    count = 0

    @hookimpl
    def booking_changed(self, booking: BookingRecord) -> None:
        type(self).count += 1
        if self.count == 3:
            os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture
def post() -> Iterator[Post]:
    with smtp.served() as post:
        yield post


@pytest.fixture
def centre(make_hub: Callable[..., Hub], post: Post) -> Centre:
    Listener.heard.clear()
    Away.heard.clear()
    Away.back = False
    return Centre(make_hub(Listener, Breaks, Hangs, Kills, Away), post)


def enable(hub: Hub, *plugins: type[Plugin]) -> None:
    with hub.db.write() as session:
        from hub.activations import announce as change

        change(session)
        for plugin in plugins:
            session.add(
                models.Activation(site_key="borken", plugin=plugin.name, enabled=True, config={})
            )
    hub.sites.refresh()


def calendar_of(message: Any) -> Calendar:
    (part,) = message.iter_attachments()
    assert part.get_content_type() == "text/calendar"
    found = Calendar.from_ical(part.get_payload(decode=True))
    assert part["Content-Type"].params["method"] == found["method"]
    return found


def waiting(hub: Hub) -> int:
    with hub.db.read() as session:
        return (
            session.scalar(sa.select(sa.func.count()).where(BookingEvent.announced_at.is_(None)))
            or 0
        )


def test_a_request_reaches_borrower_and_centre_and_its_answer_the_borrower(centre: Centre) -> None:
    number = centre.book(WEEK, NOW, "requested", note="Für die Projektwoche")
    mails = {str(mail["To"]): mail for mail in centre.told()}
    assert mails.keys() == {BORROWER, CENTRE}
    assert mails[BORROWER]["Subject"] == "Anfrage angekommen: Laptop"
    body = text(mails[BORROWER])
    assert body.startswith("Guten Tag Ada Muster,\n\nIhre Anfrage ist angekommen.")
    assert "Laptop\n24. März 2027, 08:00 bis 31. März 2027, 16:00\nKennung: " in body
    reference = centre.reference(number)
    assert f"/meine-buchungen/{reference}" in body
    assert list(mails[BORROWER].iter_attachments()) == [], "nothing is promised yet"
    told = text(mails[CENTRE])
    assert "Ada Muster hat angefragt" in told
    assert "Nachricht: Für die Projektwoche" in told
    assert f"/borken/verwaltung/buchung/{reference}" in told
    centre.step(number, "confirmed", NOW)
    (mail,) = centre.told()
    assert mail["Subject"] == "Bestätigt: Laptop"
    assert mail["Reply-To"].addresses[0].addr_spec == CENTRE
    assert centre.told() == []
    assert waiting(centre.hub) == 0


def test_the_invitation_has_its_time_zone_and_the_cancellation_takes_it_back(
    centre: Centre,
) -> None:
    number = centre.book(WEEK, now(), "confirmed")
    (mail,) = centre.told()
    document = calendar_of(mail)
    assert document["method"] == "PUBLISH"
    (zone,) = document.walk("VTIMEZONE")
    assert zone["tzid"] == "Europe/Berlin"
    assert {str(part.name) for part in zone.subcomponents} == {"STANDARD", "DAYLIGHT"}
    (entry,) = document.walk("VEVENT")
    assert entry["dtstart"].params["tzid"] == "Europe/Berlin"
    assert entry.decoded("dtstart") == WEEK.start
    assert entry.decoded("dtend") == WEEK.end
    assert entry["organizer"] == f"mailto:{CENTRE}"
    longer = Stretch(WEEK.start, WEEK.end + timedelta(days=7))
    with centre.hub.db.write() as session:
        booking = session.get_one(Booking, number)
        later = now() + timedelta(seconds=5)
        progress.move(session, booking, longer, 1, "x", later, event="extended")
    (mail,) = centre.told()
    assert mail["Subject"] == "Verlängert: Laptop"
    assert "verlängert bis Mittwoch, 7. April 2027" in text(mail)
    (longer_entry,) = calendar_of(mail).walk("VEVENT")
    assert longer_entry.decoded("dtend") == longer.end
    centre.step(number, "cancelled", now() + timedelta(seconds=9), actor=centre.person_key)
    (mail,) = centre.told()
    assert "Sie haben diese Buchung storniert." in text(mail)
    document = calendar_of(mail)
    assert document["method"] == "CANCEL"
    (cancelled,) = document.walk("VEVENT")
    assert cancelled["status"] == "CANCELLED"
    assert entry["uid"] == longer_entry["uid"] == cancelled["uid"]
    assert entry["sequence"] < longer_entry["sequence"] < cancelled["sequence"]


def test_what_was_handed_out_is_listed_with_the_day_it_is_due(centre: Centre) -> None:
    number = centre.book(WEEK, NOW)
    centre.told()
    centre.hand_out(number, "B-3", WEEK.start)
    (mail,) = centre.told()
    assert mail["Subject"] == "Ausgegeben: Laptop"
    assert "zurück bis Mittwoch, 31. März 2027.\n\n- B-3, Netzteil\n\nLaptop\n" in text(mail)
    with centre.hub.db.write() as session:
        booking = session.get_one(Booking, number)
        items.take_back(session, booking, [Back("b-3", ["Netzteil"], "")], "desk", WEEK.end)
    (mail,) = centre.told()
    assert mail["Subject"] == "Zurückgegeben: Laptop"
    assert "Es fehlt noch:\n\n- B-3: Netzteil\n" in text(mail)
    with centre.hub.db.write() as session:
        progress.undo(session, session.get_one(Booking, number), "desk", WEEK.end)
    (mail,) = centre.told()
    assert "Ihre Buchung ist jetzt: ausgegeben." in text(mail)


@pytest.mark.parametrize(
    ("state", "subject", "told"),
    [
        ("refused", "Nicht möglich: Laptop", "Grund: Alle sind in Reparatur."),
        ("cancelled", "Storniert: Laptop", "diese Buchung wurde storniert.\n\nGrund: Alle"),
    ],
)
def test_the_reason_is_told(centre: Centre, state: str, subject: str, told: str) -> None:
    number = centre.book(WEEK, NOW, "requested")
    centre.told()
    centre.step(number, state, NOW, reason="Alle sind in Reparatur.")
    (mail,) = centre.told()
    assert mail["Subject"] == subject
    assert told in text(mail)


def test_english_is_written_to_who_reads_it(centre: Centre) -> None:
    with centre.hub.db.write() as session:
        session.get_one(models.Person, centre.person).language = "en"
    centre.step(centre.book(WEEK, NOW), "no_show", WEEK.end)
    subjects = {str(mail["Subject"]): text(mail) for mail in centre.told()}
    assert subjects.keys() == {"Confirmed: Laptop", "Not picked up: Laptop"}
    assert "24 March 2027, 08:00 to 31 March 2027, 16:00" in subjects["Confirmed: Laptop"]


def test_who_left_no_address_or_is_gone_gets_none_and_nothing_waits(centre: Centre) -> None:
    centre.book(WEEK, NOW, "requested", person_id=None)
    with centre.hub.db.write() as session:
        session.execute(sa.delete(models.BookingContact))
    centre.book(WEEK, NOW)
    assert centre.told() == []
    assert waiting(centre.hub) == 0


def test_what_another_system_keeps_waits_for_no_decision_of_the_centre(centre: Centre) -> None:
    number = centre.book(WEEK, NOW, "requested")
    with centre.hub.db.write() as session:
        session.get_one(Booking, number).bookable_id = None
    assert centre.told() == []
    centre.step(number, "confirmed", NOW)
    assert [str(mail["Subject"]) for mail in centre.told()] == ["Bestätigt: Laptop"]


def test_plugins_hear_of_each_event_and_one_that_breaks_costs_nobody_else(
    centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(announce, "DEADLINE", 0.2)
    Hangs.release.clear()
    enable(centre.hub, Listener, Breaks, Hangs)
    number = centre.book(WEEK, NOW, "requested")
    centre.step(number, "confirmed", NOW)
    assert len(centre.told()) == 2, "the centre need not decide what is decided"
    Hangs.release.set()
    heard = (centre.reference(number), "confirmed", "Laptop")
    assert Listener.heard == [heard, heard]


def test_a_plugin_that_is_away_is_told_again_later_under_the_same_key(centre: Centre) -> None:
    enable(centre.hub, Away)
    begin = now()
    number = centre.book(WEEK, begin, "requested")
    centre.step(number, "confirmed", begin)
    assert len(centre.told()) == 2, "the mails do not wait for it"
    tries = []
    for minute in range(60):
        with time_machine.travel(begin + timedelta(minutes=minute, seconds=30), tick=False):
            before = attempts(centre.hub)
            Worker(centre.hub, poll=0.02, schedules=lambda _: []).run(once=True)
            if attempts(centre.hub) != before:
                tries.append(minute)
        if minute == 20:
            Away.back = True
    assert len(tries) == len({*tries}) <= 8, "it waits longer each time"
    assert [event for event, _ in Away.heard] == ["requested", "confirmed"]
    assert len({key for _, key in Away.heard}) == 2
    with centre.hub.db.read() as session:
        jobs = session.scalars(sa.select(models.Job).where(models.Job.task == announce.AGAIN))
        assert {(job.state, job.message) for job in jobs} == {("finished", "Told.")}


def test_a_plugin_that_stays_away_is_given_up_after_some_days(centre: Centre) -> None:
    enable(centre.hub, Away)
    begin = now()
    centre.book(WEEK, begin)
    centre.told()
    with centre.hub.db.read() as session:
        event = session.scalars(sa.select(BookingEvent.id)).one()
    with pytest.raises(announce.NotYet, match="It is away"):
        announce.again(centre.hub, event, "away")
    with time_machine.travel(begin + timedelta(days=4)):
        assert announce.again(centre.hub, event, "away") == "Given up: It is away."


def attempts(hub: Hub) -> int:
    """How often a plugin was told again: each time its job gets another token."""
    begun = sa.select(sa.func.sum(models.Job.token)).where(models.Job.task == announce.AGAIN)
    with hub.db.read() as session:
        return session.scalar(begun) or 0


def test_an_event_that_cannot_be_told_keeps_no_other_from_it(
    centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = centre.book(WEEK, NOW), centre.book(WEEK, NOW)
    really = letters.tell

    def breaks(session: Any, sender: Any, event: Any, booking: Booking) -> None:
        really(session, sender, event, booking)
        if booking.id == first:
            raise RuntimeError("no such letter")

    with monkeypatch.context() as patch:
        patch.setattr(letters, "tell", breaks)
        with pytest.raises(tasks.Failed, match="1 told; 1 could not be"):
            tasks.tell_of_bookings(tasks.Context(centre.hub, lambda: None), {})
    (mail,) = centre.arrived()
    assert centre.reference(second) in text(mail)
    (mail,) = centre.told()
    assert centre.reference(first) in text(mail)


def test_a_worker_tells_by_itself(centre: Centre) -> None:
    centre.book(WEEK, NOW)
    Worker(centre.hub, poll=0.02, schedules=tasks.while_due).run(once=True)
    assert [str(mail["To"]) for mail in centre.post.taken] == [BORROWER]
    assert tasks.while_due(centre.hub) == []


def test_killed_in_between_each_mail_is_sent_once(centre: Centre, settings: Settings) -> None:
    enable(centre.hub, Kills)
    for _ in range(5):
        centre.book(WEEK, NOW)
    victim = multiprocessing.get_context("spawn").Process(target=_announce, args=(settings,))
    victim.start()
    victim.join(60)
    assert victim.exitcode == -signal.SIGKILL
    assert waiting(centre.hub) == 3
    Kills.count = 10
    assert len(centre.told()) == 5
    with centre.hub.db.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Mail)) == 5


def _announce(settings: Settings) -> None:
    hub = Hub.open(dataclasses.replace(settings), [Entry(Kills)])
    announce.announce(hub, lambda: None)


def test_a_move_by_the_borrower_is_told_and_asked_for_again(centre: Centre) -> None:
    enable(centre.hub, Listener)
    number = centre.book(WEEK, NOW)
    centre.told()
    Listener.heard.clear()
    later = Stretch(WEEK.start + timedelta(days=14), WEEK.end + timedelta(days=14))
    with centre.hub.db.write() as session:
        booking = session.get_one(Booking, number)
        moving.move(session, booking, later, 1, centre.person_key, NOW)
    assert centre.states() == ["requested"], "private persons wait for the staff"
    told, asked = centre.told()
    assert (told["To"], asked["To"]) == (BORROWER, CENTRE)
    assert "muss darum neu bestätigt werden" in text(told)
    assert "7. April 2027" in text(told)
    assert [(state, title) for _, state, title in Listener.heard] == [("requested", "Laptop")]
    with centre.hub.db.write() as session:
        moving.undo(session, session.get_one(Booking, number), centre.person_key, NOW)
    (back,) = centre.told()
    assert "Ihre Buchung ist jetzt: bestätigt" in text(back)
    assert "24. März 2027" in text(back)
