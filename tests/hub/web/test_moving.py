"""A person gives a booking another time or number, and takes that back."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient

from hub.booking import ledger
from hub.booking.intervals import Stretch
from hub.identity.actor import Role
from hub.models import Booking
from hub.models.base import now
from hub.records import Kind
from tests.bookings import SITE, bookings, offer, open_day, wish
from tests.hub.web.test_booking import ANSWERS, allow, book, do, staff, teacher
from tests.hub.web.test_pages import text_of
from tests.identities import log_in, send
from tests.sources import Network

__all__ = ["staff", "teacher"]


def free(net: Network, row: Booking, time: Stretch) -> int | None:
    assert row.bookable_id is not None
    with net.hub.db.read() as session:
        return ledger.free(session, [row.bookable_id], time, now())[row.bookable_id]


def time_of(row: Booking) -> Stretch:
    return Stretch(row.starts_at, row.ends_at)


def test_the_new_time_is_had_before_the_old_one_is_let_go(
    net: Network, app: Flask, teacher: FlaskClient
) -> None:
    allow(net, approval=False, most_open=1)
    number = offer(net, capacity=2)
    day, other, taken = open_day(net, 30), open_day(net, 33), open_day(net, 40)
    book(teacher, number, wish(day, day))
    (before,) = bookings(net)
    mine = f"/meine-buchungen/{before.reference}"
    assert "Zeit oder Anzahl ändern" in teacher.get(mine).text
    form = teacher.get(f"{mine}/aendern")
    assert f'value="{day.day}"' in form.text
    moved = send(teacher, f"{mine}/aendern", **{**wish(other, other), "anzahl": "2"})
    assert moved.status_code == 303, text_of(moved.text)
    shown = text_of(teacher.get(moved.headers["Location"]).text)
    assert "Ihre Buchung ist geändert" in shown
    assert "auf eine andere Zeit verlegt" in shown
    (after,) = bookings(net)
    assert (after.state, after.quantity) == ("confirmed", 2)
    assert free(net, after, time_of(before)) == 2
    assert free(net, after, time_of(after)) == 0
    again = send(teacher, f"{mine}/aendern", **{**wish(other, other), "anzahl": "2"})
    assert again.status_code == 303, "a second click changes nothing"
    too_many = send(teacher, f"{mine}/aendern", **{**wish(other, other), "anzahl": "3"})
    assert too_many.status_code == 422
    assert "In dieser Zeit sind nur 2 frei" in text_of(too_many.text)
    soon = send(teacher, f"{mine}/aendern", **wish(open_day(net, -10), open_day(net, -10)))
    assert "Möglich ab:" in text_of(soon.text)
    colleague = app.test_client()
    log_in(colleague, net.hub, Role.TEACHER, SITE)
    assert colleague.get(f"{mine}/aendern").status_code == 404
    assert book(colleague, number, wish(taken, taken), anzahl="2").status_code == 303
    full = send(teacher, f"{mine}/aendern", **wish(taken, taken))
    assert "Frei wäre:" in text_of(full.text)
    assert send(teacher, mine, f"{mine}/zurueckverschieben").status_code == 303
    (back, _) = bookings(net)
    assert (time_of(back), back.quantity) == (time_of(before), 1)
    assert "zurückgenommen: auf eine andere Zeit verlegt" in text_of(teacher.get(mine).text)
    late = send(teacher, mine, f"{mine}/zurueckverschieben")
    assert late.status_code == 409
    fewer = send(teacher, f"{mine}/aendern", **{**wish(day, day), "anzahl": "2"})
    assert fewer.status_code == 303
    allow(net, approval=False, lead=300)
    fewer = send(teacher, f"{mine}/aendern", **{**wish(day, day), "anzahl": "1"})
    assert fewer.status_code == 303, "fewer is always possible"


def test_what_was_approved_is_asked_for_again(
    net: Network, teacher: FlaskClient, staff: FlaskClient
) -> None:
    number = offer(net, Kind.ROOM, 1, "MediaLab")
    day, other = open_day(net, 30), open_day(net, 31)
    book(teacher, number, wish(day, von="9:00", bis="12"), **ANSWERS[Kind.ROOM])
    (before,) = bookings(net)
    mine = f"/meine-buchungen/{before.reference}"
    do(staff, before.reference, "schritt", zustand="confirmed")
    assert "wird neu gefragt" in text_of(teacher.get(f"{mine}/aendern").text)
    moved = send(teacher, f"{mine}/aendern", **wish(other, von="10:00", bis="12"))
    assert moved.status_code == 303
    assert "muss neu bestätigt werden" in text_of(teacher.get(moved.headers["Location"]).text)
    (after,) = bookings(net)
    assert after.state == "requested"
    assert after.starts_at - before.starts_at >= timedelta(hours=25)
    assert send(teacher, mine, f"{mine}/zurueckverschieben").status_code == 303
    (back,) = bookings(net)
    assert (back.state, time_of(back)) == ("confirmed", time_of(before))
    send(teacher, f"{mine}/aendern", **wish(other, von="10:00", bis="12"))
    do(staff, before.reference, "schritt", zustand="confirmed")
    assert "Die Änderung zurücknehmen" not in teacher.get(mine).text
    send(teacher, mine, f"{mine}/stornieren")
    assert send(teacher, mine, f"{mine}/zurueckverschieben").status_code == 409
    assert teacher.get(f"{mine}/aendern").status_code == 409
