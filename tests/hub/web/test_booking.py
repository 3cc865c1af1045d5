"""A teacher books each kind of thing in the browser, and the staff carry it to its end."""

from __future__ import annotations

import re
from datetime import date, timedelta
from html import unescape
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from icalendar import Calendar

from hub import activations
from hub.booking import house, items, progress
from hub.booking.intervals import Stretch
from hub.catalogue.sync import sync
from hub.identity.actor import Role
from hub.institutions import borrowers
from hub.models import Bookable, Booking, BookingContact, BookingRules, Institution, OpeningHours
from hub.models.base import now
from hub.records import Kind
from tests.bookings import SITE, bookings, offer, open_day, wish
from tests.hub.web.test_pages import text_of
from tests.identities import log_in, person, send
from tests.pages import WATER, offer_id
from tests.sources import Network

CONTACT = {"name": "Svenja Ackermann", "email": "ackermann@schule.example", "telefon": "02861 1"}


@pytest.fixture
def teacher(net: Network, client: FlaskClient) -> FlaskClient:
    log_in(client, net.hub, Role.TEACHER, SITE)
    return client


@pytest.fixture
def staff(net: Network, app: Flask) -> FlaskClient:
    client = app.test_client()
    log_in(client, net.hub, Role.STAFF, SITE)
    return client


def allow(net: Network, **rules: Any) -> None:
    """Rules of Borken for everybody and everything."""
    with net.hub.db.write() as session:
        session.merge(BookingRules(site_key=SITE, kind="", borrower="private", overrides=rules))


def page(client: FlaskClient, number: int, typed: dict[str, Any]) -> Any:
    return client.get(f"/angebot/{number}/buchen", query_string=typed)


def book(client: FlaskClient, number: int, typed: dict[str, Any], **answers: Any) -> Any:
    """Fill in both pages; returns the answer to the second form."""
    second = page(client, number, typed)
    assert second.status_code == 200, text_of(second.text)
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', second.text))
    return client.post(f"/angebot/{number}/buchen", data={**hidden, **CONTACT, **answers})


def do(staff: FlaskClient, reference: str, what: str, **fields: Any) -> Any:
    """Press a button of the booking's page at the desk."""
    shown = f"/{SITE}/verwaltung/buchung/{reference}"
    return send(staff, shown, f"{shown}/{what}", **fields)


def clocks_change() -> date:
    """The next day that leaves an hour out, and can be booked."""
    ahead = (now().date() + timedelta(days=one) for one in range(30, 400))
    return next(day for day in ahead if day.month == 3 and day.weekday() == 6 and day.day > 24)


def begins_now(net: Network, reference: str) -> None:
    """A booking by the hour has come to its time."""
    with net.hub.db.write() as session:
        row = session.scalars(sa.select(Booking).where(Booking.reference == reference)).one()
        row.starts_at, row.ends_at = now() - timedelta(hours=1), now() + timedelta(hours=1)


ANSWERS: dict[Kind, dict[str, str]] = {
    Kind.ROOM: {"frage_purpose": "Trickfilm", "frage_group": "24"},
    Kind.CONSULTING: {"frage_occasion": "Fortschreibung", "frage_stage": "3"},
    Kind.PROJECT: {"frage_topic": "Podcast", "frage_pupils": "26"},
    Kind.PARENTS_EVENING: {"frage_topic": "Soziale Medien", "frage_audience": "60"},
    Kind.SCOUTS: {"frage_pupils": "4", "frage_teachers": "2"},
}


@pytest.mark.parametrize("kind", list(Kind))
def test_one_of_each_kind_is_booked_and_carried_to_its_end(
    net: Network, teacher: FlaskClient, staff: FlaskClient, kind: Kind
) -> None:
    by_day = kind in house.BY_DAY
    limited = by_day or kind in (Kind.ROOM, Kind.TRAINING)
    codes = ("BOR-1", "BOR-2") if kind is Kind.DEVICE else ()
    number = offer(net, kind, 2 if limited else None, codes=codes)
    assert f'href="/angebot/{number}/buchen"' in teacher.get(f"/angebot/{number}").text
    first, last = open_day(net, 30), open_day(net, 33)
    if by_day:
        typed = wish(first, last)
    elif kind is Kind.TRAINING:
        typed = {"anzahl": "2", "weiter": "1"}
    else:
        typed = wish(first, von="9:00", bis="12")
    answer = book(teacher, number, typed, nachricht="Bitte mit Adapter", **ANSWERS.get(kind, {}))
    assert answer.status_code == 303, text_of(answer.text)
    (made,) = bookings(net)
    assert made.state == "requested", "private persons wait for the staff"
    shown = text_of(teacher.get(answer.headers["Location"]).text)
    assert "Ihre Anfrage ist abgeschickt" in shown
    for said in (made.reference, "Bitte mit Adapter", *ANSWERS.get(kind, {}).values()):
        assert said in shown or said in ("3",)
    assert made.title in text_of(staff.get(f"/{SITE}/verwaltung/theke").text)
    assert do(staff, made.reference, "schritt", zustand="confirmed").status_code == 303
    if by_day:
        typed_codes = "bor 1" if codes else ""
        assert do(staff, made.reference, "ausgeben", codes=typed_codes).status_code == 303
        back = {"stueck_1": "1"} if codes else {}
        assert do(staff, made.reference, "zuruecknehmen", **back).status_code == 303
    else:
        if kind in (Kind.ROOM, Kind.TRAINING):
            begins_now(net, made.reference)
        assert do(staff, made.reference, "schritt", zustand="returned").status_code == 303
    (made,) = bookings(net)
    assert made.state == "returned"
    assert "abgeschlossen" in text_of(teacher.get("/meine-buchungen").text)


def test_the_first_page_is_for_everybody_and_the_second_asks_to_log_in(
    net: Network, client: FlaskClient
) -> None:
    number = offer(net)
    first = open_day(net, 30)
    shown = page(client, number, {"monat": f"{first:%Y-%m}"})
    assert shown.status_code == 200
    assert "2 frei" in text_of(shown.text)
    assert "Set-Cookie" not in shown.headers
    answer = page(client, number, wish(first, first))
    assert answer.status_code == 303
    assert "beginn_tag" in answer.headers["Location"], "what was typed is kept"


def test_a_work_of_many_centres_is_booked_at_ones_own(net: Network, client: FlaskClient) -> None:
    """The page of another centre's offer leads to booking where one may."""
    log_in(client, net.hub, Role.TEACHER, SITE)
    number = offer(net, Kind.MEDIUM, title="Verdauung", identifiers=WATER)
    other = offer_id(net, "w")
    shown = client.get(f"/angebot/{other}").text
    assert f'href="/angebot/{number}/buchen"' in shown
    holders = shown[shown.index('class="hub-holders"') :]
    assert holders.index("/zentren/coesfeld") < holders.index("/zentren/borken"), "what is shown"
    assert holders.count(">Ausleihen<span") == 1, "only where the person may"
    log_in(client, net.hub, Role.TEACHER, "coesfeld")
    assert f'href="/angebot/{number}/buchen"' not in client.get(f"/angebot/{other}").text


def test_somebody_of_another_centre_is_told_so(net: Network, client: FlaskClient) -> None:
    log_in(client, net.hub, Role.TEACHER, "coesfeld")
    number = offer(net)
    day = open_day(net, 30)
    told = page(client, number, wish(day, day))
    assert told.status_code == 422
    assert "nur mit einer Rolle bei Medienzentrum Kreis Borken" in text_of(told.text)
    sent = send(client, "/meine-buchungen", f"/angebot/{number}/buchen", **wish(day, day))
    assert sent.status_code == 404
    assert not bookings(net)


def test_the_calendar_says_what_is_taken(net: Network, teacher: FlaskClient) -> None:
    number = offer(net, capacity=2)
    day = open_day(net, 30)
    book(teacher, number, wish(day, day))
    month = {"monat": f"{day:%Y-%m}"}
    assert "1 von 2" in text_of(page(teacher, number, month).text)
    book(teacher, number, wish(day, day))
    shown = text_of(page(teacher, number, month).text)
    assert f"{day.day}. belegt" in shown
    told = page(teacher, number, wish(day, day))
    assert told.status_code == 422
    assert "In dieser Zeit ist nichts frei" in text_of(told.text)


def test_all_that_is_wrong_is_said_at_its_field(net: Network, teacher: FlaskClient) -> None:
    number = offer(net)
    day = open_day(net, 30)
    told = page(
        teacher, number, {**wish(day), "ende_tag": "31", "ende_monat": "2", "ende_jahr": "x"}
    )
    assert told.status_code == 422
    assert 'id="ende-error"' in told.text
    assert 'href="#ende"' in told.text
    backwards = page(teacher, number, wish(day, open_day(net, 20)))
    assert "darf nicht vor dem ersten liegen" in text_of(backwards.text)
    for year in ("1970", "9999"):
        strange = page(teacher, number, {**wish(day, day), "beginn_jahr": year, "ende_jahr": year})
        assert strange.status_code == 422, year
    for count in ("0", "-1", "99999", "viele"):
        assert page(teacher, number, wish(day, day, anzahl=count)).status_code == 422, count


@pytest.mark.parametrize("kind", [Kind.ROOM, Kind.PARENTS_EVENING])
def test_the_hour_that_the_clocks_leave_out_is_no_hour(
    net: Network, teacher: FlaskClient, kind: Kind
) -> None:
    """Not taken for another hour in silence, and never a booking that ends before it begins."""
    with net.hub.db.write() as session:
        always = [[["00:00", "23:59"]]] * 7
        session.merge(OpeningHours(site_key=SITE, week=always, closures=[]))
    number = offer(net, kind, 1)
    typed = wish(clocks_change(), von="2:30", bis="3:00")
    told = page(teacher, number, typed)
    assert told.status_code == 422
    assert "Diese Uhrzeit gibt es an diesem Tag nicht" in text_of(told.text)
    assert 'id="von-error"' in told.text
    assert 'value="2:30"' in told.text, "what was typed stays"
    assert page(teacher, number, {**typed, "von": "3:00", "bis": "4:00"}).status_code == 200


def test_what_was_typed_goes_along_from_month_to_month(net: Network, teacher: FlaskClient) -> None:
    number, day = offer(net), open_day(net, 40)
    typed = {**wish(day, day, anzahl="2"), "ende_jahr": "x"}
    shown = page(teacher, number, typed).text
    links = [unescape(one) for one in re.findall(r'href="([^"]*\bmonat=[^"]*)"', shown)]
    assert links
    assert all("anzahl=2" in one and "ende_jahr=x" in one for one in links)


def test_words_fit_what_is_asked_for(net: Network, teacher: FlaskClient) -> None:
    """Asking for advice reserves nothing, seats are no pieces, and a request has no number."""
    course = offer(net, Kind.TRAINING, 10, title="Trickfilm")
    assert "10 Plätze" in text_of(teacher.get(f"/angebot/{course}").text)
    assert "Andere Anzahl wählen" in page(teacher, course, {"anzahl": "1", "weiter": "1"}).text
    number = offer(net, Kind.CONSULTING, None, title="Beratung")
    typed = wish(open_day(net, 30), von="9", bis="10")
    shown = text_of(page(teacher, number, typed).text)
    assert "vereinbart die Zeit mit Ihnen" in shown
    assert "reserviert" not in shown
    made = book(teacher, number, typed, **ANSWERS[Kind.CONSULTING])
    assert "Anzahl" not in text_of(teacher.get(made.headers["Location"]).text)


def test_a_room_is_not_booked_for_more_than_it_holds(net: Network, teacher: FlaskClient) -> None:
    number = offer(net, Kind.ROOM, 1, title="MediaLab")
    with net.hub.db.write() as session:
        room = session.scalars(sa.select(Bookable)).one()
        room.details = {**room.details, "persons": 20}
    sync(net.hub.db, net.site(SITE), "rooms")
    typed, answers = wish(open_day(net, 30), von="9", bis="12"), ANSWERS[Kind.ROOM]
    told = book(teacher, number, typed, **answers)
    assert told.status_code == 422
    assert "passen höchstens 20 Personen" in text_of(told.text)
    assert 'value="24"' in told.text, "what was typed stays"
    assert book(teacher, number, typed, **{**answers, "frage_group": "20"}).status_code == 303


def test_contact_is_asked_once_and_kept_for_this_centre(net: Network, teacher: FlaskClient) -> None:
    number = offer(net)
    day = open_day(net, 30)
    wrong = book(teacher, number, wish(day, day), name="", email="nirgends")
    assert wrong.status_code == 422
    assert 'href="#name"' in wrong.text
    assert 'href="#email"' in wrong.text
    assert not bookings(net)
    book(teacher, number, wish(day, day))
    again = page(teacher, number, wish(day, day)).text
    assert 'value="Svenja Ackermann"' in again
    assert 'value="ackermann@schule.example"' in again


def test_a_double_click_books_once(net: Network, teacher: FlaskClient) -> None:
    number = offer(net)
    day = open_day(net, 30)
    second = page(teacher, number, wish(day, day)).text
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', second))
    answers = [
        teacher.post(f"/angebot/{number}/buchen", data={**hidden, **CONTACT}) for _ in range(2)
    ]
    assert [one.status_code for one in answers] == [303, 303]
    assert answers[0].headers["Location"] == answers[1].headers["Location"]
    assert len(bookings(net)) == 1
    other = teacher.post(f"/angebot/{number}/buchen", data={**hidden, **CONTACT, "anzahl": "2"})
    assert other.status_code == 409
    assert "schon gesendet" in text_of(other.text)


def test_who_comes_second_is_told_when_it_is_free(net: Network, teacher: FlaskClient) -> None:
    number = offer(net, capacity=1)
    day = open_day(net, 30)
    second = page(teacher, number, wish(day, day)).text
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', second))
    book(teacher, number, wish(day, day))  # somebody else was faster
    late = teacher.post(f"/angebot/{number}/buchen", data={**hidden, **CONTACT})
    assert late.status_code == 409
    assert "Frei wäre:" in text_of(late.text)
    assert len(bookings(net)) == 1


def test_in_the_name_of_a_school_it_is_confirmed_at_once(net: Network, client: FlaskClient) -> None:
    who = log_in(client, net.hub, Role.TEACHER, SITE)
    with net.hub.db.write() as session:
        school = session.scalars(
            sa.select(Institution).where(Institution.name.contains("Kranichteich"))
        ).one()
        asked = borrowers.register(session, who, school.id, SITE, open_day(net, 0))
        borrowers.approve(session, asked, by="test")
    number = offer(net)
    day = open_day(net, 30)
    second = page(client, number, wish(day, day)).text
    assert "Grundschule Am Kranichteich" in second
    answer = book(client, number, wish(day, day), einrichtung=str(school.id))
    assert answer.status_code == 303
    (made,) = bookings(net)
    assert (made.state, made.institution_id, made.borrower) == ("confirmed", school.id, "school")
    foreign = book(client, number, wish(day, day), einrichtung="4711")
    assert foreign.status_code == 404


def test_cancel_undo_and_extend(net: Network, teacher: FlaskClient, staff: FlaskClient) -> None:
    allow(net, approval=False)
    number = offer(net, capacity=1)
    first, last = open_day(net, 30), open_day(net, 32)
    book(teacher, number, wish(first, last))
    (made,) = bookings(net)
    mine = f"/meine-buchungen/{made.reference}"
    assert send(teacher, mine, f"{mine}/verlaengern").status_code == 303
    (longer,) = bookings(net)
    assert longer.ends_at > made.ends_at
    again = send(teacher, mine, f"{mine}/verlaengern")
    assert again.status_code == 409
    assert "so oft verlängert wie möglich" in text_of(again.text)
    assert send(teacher, mine, f"{mine}/stornieren").status_code == 303
    assert send(teacher, mine, f"{mine}/zuruecknehmen").status_code == 303
    assert bookings(net)[0].state == "confirmed"
    send(teacher, mine, f"{mine}/stornieren")
    book(teacher, number, wish(first, last))
    gone = send(teacher, mine, f"{mine}/zuruecknehmen")
    assert gone.status_code == 409
    assert "nichts frei" in text_of(gone.text)
    other = f"/meine-buchungen/{bookings(net)[1].reference}"
    assert do(staff, bookings(net)[1].reference, "ausgeben").status_code == 303
    late = send(teacher, other, f"{other}/stornieren")
    assert late.status_code == 409
    assert "inzwischen „ausgegeben“" in text_of(late.text)


def test_an_extension_gives_way_to_the_next_who_has_it(net: Network, teacher: FlaskClient) -> None:
    allow(net, approval=False)
    number = offer(net, capacity=1)
    book(teacher, number, wish(open_day(net, 30), open_day(net, 32)))
    next_day = open_day(net, 35)
    book(teacher, number, wish(next_day, next_day))
    mine = f"/meine-buchungen/{bookings(net)[0].reference}"
    told = send(teacher, mine, f"{mine}/verlaengern")
    assert told.status_code == 409
    assert "für jemand anderen reserviert" in text_of(told.text)


def test_a_foreign_booking_is_not_there(net: Network, app: Flask, teacher: FlaskClient) -> None:
    number = offer(net)
    day = open_day(net, 30)
    book(teacher, number, wish(day, day))
    (made,) = bookings(net)
    other = app.test_client()
    log_in(other, net.hub, Role.TEACHER, SITE)
    assert other.get(f"/meine-buchungen/{made.reference}").status_code == 404
    assert other.get(f"/meine-buchungen/{made.reference}/termin.ics").status_code == 404
    elsewhere = app.test_client()
    log_in(elsewhere, net.hub, Role.STAFF, "coesfeld")
    assert elsewhere.get(f"/{SITE}/verwaltung/buchung/{made.reference}").status_code == 404
    assert elsewhere.get(f"/coesfeld/verwaltung/buchung/{made.reference}").status_code == 404


def test_the_calendar_entry_is_at_the_right_hour(net: Network, teacher: FlaskClient) -> None:
    number = offer(net)
    day = open_day(net, 30)
    book(teacher, number, wish(day, day))
    (made,) = bookings(net)
    answer = teacher.get(f"/meine-buchungen/{made.reference}/termin.ics")
    assert answer.mimetype == "text/calendar"
    document = Calendar.from_ical(answer.data)
    (event,) = document.walk("VEVENT")
    assert event["dtstart"].dt == made.starts_at
    assert event["dtstart"].params["TZID"] == "Europe/Berlin"
    assert [zone["TZID"] for zone in document.walk("VTIMEZONE")] == ["Europe/Berlin"]
    assert event["status"] == "TENTATIVE"


def test_two_pieces_come_back_one_by_one(
    net: Network, teacher: FlaskClient, staff: FlaskClient
) -> None:
    allow(net, approval=False)
    number = offer(net, codes=("BOR-1", "BOR-2"), accessories=("Netzkabel",))
    first, last = open_day(net, 30), open_day(net, 33)
    book(teacher, number, wish(first, last, anzahl="2"))
    (made,) = bookings(net)
    missing = do(staff, made.reference, "ausgeben", codes="BOR-1")
    assert missing.status_code == 409
    assert "gehören 2 Stücke" in text_of(missing.text)
    unknown = do(staff, made.reference, "ausgeben", codes="BOR-1\nXX-9")
    assert "kein Stück mit dem Code XX-9" in text_of(unknown.text)
    assert do(staff, made.reference, "ausgeben", codes="BOR-1\nbor2").status_code == 303
    found = staff.get(f"/{SITE}/verwaltung/theke?code=bor-2")
    assert found.headers["Location"].endswith(f"/{made.reference}?stueck=BOR-2")
    assert do(staff, made.reference, "zuruecknehmen").status_code == 409
    part = do(staff, made.reference, "zuruecknehmen", stueck_1="1", da_1_0="1")
    assert part.status_code == 303
    assert bookings(net)[0].state == "handed_out"
    month = {"monat": f"{first:%Y-%m}"}
    assert "1 von 2" in text_of(page(teacher, number, month).text)
    end = do(
        staff, made.reference, "zuruecknehmen",
        stueck_2="1", schaden_2="Display gesprungen", reparatur_2="1",
    )  # fmt: skip
    assert end.status_code == 303
    assert bookings(net)[0].state == "returned"
    shown = text_of(page(teacher, number, month).text)
    assert "2 frei" not in shown, "what is in repair cannot be lent"


def test_only_what_is_scanned_comes_back(
    net: Network, teacher: FlaskClient, staff: FlaskClient
) -> None:
    allow(net, approval=False)
    number = offer(net, capacity=3, codes=("BOR-1", "BOR-2", "BOR-3"))
    book(teacher, number, wish(open_day(net, 30), open_day(net, 33), anzahl="3"))
    (made,) = bookings(net)
    do(staff, made.reference, "ausgeben", codes="BOR-1\nBOR-2\nBOR-3\nbor 3")
    found = staff.get(f"/{SITE}/verwaltung/theke?code=bor2", follow_redirects=True)
    assert re.search(r'<textarea[^>]*name="zurueck"[^>]*>BOR-2</textarea>', found.text)
    ticked = {f"stueck_{one}": "1" for one in (1, 2, 3)}
    assert do(
        staff, made.reference, "zuruecknehmen", zurueck="bor2", **ticked
    ).status_code == 303  # fmt: skip
    shown = text_of(staff.get(f"/{SITE}/verwaltung/buchung/{made.reference}").text)
    assert "teilweise zurückgebracht: BOR-2" in shown
    wrong = do(
        staff, made.reference, "zuruecknehmen",
        zuruecknehmen="1", zurueck="XX-9", schaden_1="Riss", stueck_1="1",
    )  # fmt: skip
    assert wrong.status_code == 409
    assert "XX-9 ist auf diese Buchung nicht ausgegeben" in text_of(wrong.text)
    assert 'value="Riss"' in wrong.text, "what was typed stays"
    assert 'id="stueck-1" name="stueck_1" value="1" checked' in wrong.text
    assert 'id="stueck-3" name="stueck_3" value="1">' in wrong.text


def test_a_piece_that_is_here_leads_to_who_gets_it(
    net: Network, teacher: FlaskClient, staff: FlaskClient
) -> None:
    """Thirty pick-ups a day: scan what lies there, and the booking is open with the code in it."""
    allow(net, approval=False, lead=0)
    number = offer(net, codes=("BOR-1", "BOR-2"))
    desk = f"/{SITE}/verwaltung/theke?code=bor1"
    assert "niemand hat eins für die nächsten 7 Tage gebucht" in text_of(staff.get(desk).text)
    day = open_day(net, 1)
    book(teacher, number, wish(day, day))
    shown = staff.get(desk, follow_redirects=True)
    assert re.search(r'<textarea[^>]*name="codes"[^>]*>BOR-1</textarea>', shown.text)
    book(teacher, number, wish(day, day))
    choice = staff.get(desk)
    assert choice.status_code == 200
    first, second = bookings(net)
    for one in (first, second):
        assert f"/buchung/{one.reference}?stueck=BOR-1" in choice.text
    done = do(staff, first.reference, "ausgeben", codes="BOR-1")
    after = staff.get(done.headers["Location"])
    assert re.search(r'<input[^>]*name="code"[^>]*autofocus', after.text), "ready for the next"
    with net.hub.db.write() as session:
        piece = items.find(session, SITE, "BOR-2")
        assert piece is not None
        items.set_state(session, piece, items.REPAIR, now())
    broken = text_of(staff.get(desk.replace("bor1", "bor2")).text)
    assert "wird nicht ausgegeben" in broken
    out = staff.get(desk, follow_redirects=True).text
    assert re.search(r'<h2 id="ruecknahme"[^>]* autofocus', out), "one key away from its boxes"


@pytest.mark.parametrize("state", ["returned", "no_show"])
def test_nobody_took_part_in_what_has_not_begun(
    net: Network, teacher: FlaskClient, staff: FlaskClient, state: str
) -> None:
    """One press at the desk must not end a room of next month, nor print a certificate."""
    allow(net, approval=False)
    number = offer(net, Kind.TRAINING, 10, title="Trickfilm")
    book(teacher, number, {"anzahl": "1", "weiter": "1"})
    (made,) = bookings(net)
    shown = staff.get(f"/{SITE}/verwaltung/buchung/{made.reference}").text
    assert "Hat stattgefunden" not in shown
    early = do(staff, made.reference, "schritt", zustand=state)
    assert early.status_code == 409
    assert "sobald es begonnen hat" in text_of(early.text)
    assert bookings(net)[0].state == "confirmed"
    begins_now(net, made.reference)
    assert do(staff, made.reference, "schritt", zustand=state).status_code == 303


def test_a_piece_is_handed_out_once(net: Network, teacher: FlaskClient, staff: FlaskClient) -> None:
    allow(net, approval=False)
    number = offer(net, codes=("BOR-1", "BOR-2"))
    day = open_day(net, 30)
    for _ in range(2):
        book(teacher, number, wish(day, day))
    first, second = bookings(net)
    assert do(staff, first.reference, "ausgeben", codes="BOR-1").status_code == 303
    twice = do(staff, second.reference, "ausgeben", codes="BOR-1")
    assert twice.status_code == 409
    assert "BOR-1 ist schon ausgegeben" in text_of(twice.text)
    again = do(staff, first.reference, "ausgeben", codes="BOR-2")
    assert again.status_code == 409, "a booking that is out is not handed out again"


def test_the_staff_refuse_with_a_reason_and_take_it_back(
    net: Network, teacher: FlaskClient, staff: FlaskClient
) -> None:
    number = offer(net)
    day = open_day(net, 30)
    book(teacher, number, wish(day, day))
    (made,) = bookings(net)
    do(staff, made.reference, "schritt", zustand="refused", grund="Im Umbau")
    shown = text_of(teacher.get(f"/meine-buchungen/{made.reference}").text)
    assert "abgelehnt" in shown
    assert "Im Umbau" in shown
    assert do(staff, made.reference, "rueckgaengig").status_code == 303
    assert bookings(net)[0].state == "requested"
    assert do(staff, made.reference, "schritt", zustand="nonsense").status_code == 400


def test_the_slip_names_what_was_handed_out(
    net: Network, teacher: FlaskClient, staff: FlaskClient
) -> None:
    allow(net, approval=False)
    number = offer(net, codes=("BOR-1",), accessories=("Netzkabel", "Tasche"))
    day = open_day(net, 30)
    book(teacher, number, wish(day, day))
    (made,) = bookings(net)
    do(staff, made.reference, "ausgeben", codes="BOR-1")
    slip = text_of(staff.get(f"/{SITE}/verwaltung/buchung/{made.reference}/beleg").text)
    for said in ("Svenja Ackermann", "BOR-1", "Netzkabel, Tasche", made.reference):
        assert said in slip


def test_what_is_overdue_is_seen_at_the_desk(
    net: Network, teacher: FlaskClient, staff: FlaskClient
) -> None:
    offer(net, capacity=1)
    who = person(net.hub, Role.TEACHER, SITE)
    with net.hub.db.write() as session:
        one = session.scalars(sa.select(Bookable)).one()
        long_ago = Stretch(now() - timedelta(days=9), now() - timedelta(days=2))
        entry = progress.Entry(
            SITE, "lending", one.id, one.kind, one.title, long_ago, person_id=who
        )
        made, _ = progress.enter(session, entry, "k", "", long_ago.start)
        row = session.get_one(Booking, made)
        progress.advance(session, row, "confirmed", "", long_ago.start)
        progress.advance(session, row, "handed_out", "", long_ago.start)
        soon = Stretch(now() + timedelta(hours=1), now() + timedelta(days=1))
        progress.enter(
            session,
            progress.Entry(SITE, "lending", one.id, one.kind, one.title, soon),
            "k2",
            "",
            long_ago.start,
        )
    shown = text_of(staff.get(f"/{SITE}/verwaltung/theke").text)
    assert "Überfällig (1)" in shown
    assert "1 zu viel" in shown


def test_whoever_has_something_at_home_is_not_erased_even_where_the_plugin_is_off(
    net: Network, teacher: FlaskClient, staff: FlaskClient
) -> None:
    allow(net, approval=False)
    number = offer(net, capacity=2)
    for days in (30, 60):
        book(teacher, number, wish(open_day(net, days), open_day(net, days)), nachricht="geheim")
    out, _ = bookings(net)
    do(staff, out.reference, "ausgeben")
    activations.disable(net.hub, SITE, "lending", actor="test")
    sure = {"sure": "yes"}
    refused = send(teacher, "/konto/daten", "/konto/daten/loeschen", **sure)
    assert refused.status_code == 409
    assert f"„Tablet-Koffer“ ({out.reference}) ist noch nicht zurück" in text_of(refused.text)
    do(staff, out.reference, "zuruecknehmen")
    assert send(teacher, "/konto/daten", "/konto/daten/loeschen", **sure).status_code == 200
    assert [(one.state, one.person_id, one.note) for one in bookings(net)] == [
        ("returned", None, ""),
        ("cancelled", None, ""),
    ]
    with net.hub.db.read() as session:
        assert session.scalars(sa.select(BookingContact)).all() == []
