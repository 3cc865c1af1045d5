"""A teacher puts things of two centres into the cart and books them in one go."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from hub import activations
from hub.booking import announce, cart, dates, progress, stock
from hub.catalogue.sync import sync
from hub.identity import people
from hub.identity.actor import Role
from hub.models import Booking, BookingRules, Hold, Mail, Offer
from hub.models.base import now
from hub.records import Kind, Record
from tests.bookings import SITE, bookings, calendar, offer, open_day, wish
from tests.hub.web.test_booking import ANSWERS, CONTACT, allow, book, page
from tests.hub.web.test_pages import text_of
from tests.identities import COOKIE, log_in, send, token
from tests.sources import Network

OTHER = "coesfeld"


@pytest.fixture
def teacher(net: Network, client: FlaskClient) -> FlaskClient:
    """Of two centres."""
    who = log_in(client, net.hub, Role.TEACHER, SITE)
    with net.hub.db.write() as session:
        people.grant(session, who, Role.TEACHER, OTHER, by="test")
    client.set_cookie(COOKIE, token(net.hub, who))
    return client


def beamer(net: Network) -> int:
    """Something that the other centre lends, once."""
    with net.hub.db.write() as session:
        record = Record(source_id="beamer", kind=Kind.DEVICE, title="Beamer")
        stock.put(session, OTHER, "lending", record, 1)
    activations.enable(net.hub, OTHER, "lending", {}, actor="test")
    assert not sync(net.hub.db, net.site(OTHER), "lending").error
    with net.hub.db.read() as session:
        return session.scalars(sa.select(Offer.id).where(Offer.source_id == "beamer")).one()


def put(client: FlaskClient, number: int, typed: dict[str, Any], **answers: Any) -> Any:
    """Through both pages of a booking into the cart; with the hidden fields that were sent."""
    second = page(client, number, typed)
    assert second.status_code == 200, text_of(second.text)
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', second.text))
    assert f'formaction="/korb/dazu/{number}"' in second.text
    return client.post(f"/korb/dazu/{number}", data={**hidden, **CONTACT, **answers})


def book_all(client: FlaskClient, **fields: Any) -> Any:
    """Press the button of the cart."""
    lying = re.findall(r'name="posten" value="([^"]+)"', client.get("/korb").text)
    return send(client, "/korb", "/korb/buchen", posten=lying, **{**CONTACT, **fields})


def test_things_of_two_centres_are_booked_in_one_go(net: Network, teacher: FlaskClient) -> None:
    day = open_day(net, 30)
    case, room, lent = offer(net), offer(net, Kind.ROOM, 1, "MediaLab"), beamer(net)
    shown = text_of(teacher.get("/korb").text)
    assert "In Ihrem Korb liegt nichts" in shown
    free = {"art": "device", "suchen": "1", **wish(day, day)}
    found = teacher.get("/buchen", query_string=free).text
    assert found.count("In den Korb") == 2
    hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', found)
    for _ in range(2):  # a double click
        answer = teacher.post(f"/korb/dazu/{lent}", data=dict(hidden))
        assert answer.headers["Location"] == "/korb"
    assert put(teacher, case, wish(day, day), nachricht="Mit Netzteil").status_code == 303
    hours = wish(day, von="9:00", bis="12")
    assert put(teacher, room, hours, **ANSWERS[Kind.ROOM]).status_code == 303
    shown = text_of(teacher.get("/korb").text)
    assert "Korb (3)" in shown
    assert shown.count("Noch 30 Minuten für Sie reserviert.") == 3
    assert "Medienzentrum Kreis Coesfeld" in shown
    assert [one.state for one in bookings(net)] == ["cart"] * 3
    assert "nichts gebucht" in text_of(teacher.get("/meine-buchungen").text)
    wrong = book_all(teacher, email="nirgends")
    assert wrong.status_code == 422
    assert 'href="#email"' in wrong.text
    answer = book_all(teacher, **{f"nachricht_{SITE}": "Danke!"})
    assert answer.status_code == 303, text_of(answer.text)
    shown = text_of(teacher.get(answer.headers["Location"]).text)
    assert "3 Angebote sind gebucht" in shown
    assert "Korb (" not in shown
    loan, tablets, lab = bookings(net)
    assert {one.state for one in (loan, tablets, lab)} == {"requested"}
    assert (tablets.bundle, lab.bundle, loan.bundle) == (
        tablets.reference, tablets.reference, loan.reference,
    )  # fmt: skip
    assert (tablets.note, lab.note, loan.note) == ("Mit Netzteil", "Danke!", "")
    assert lab.answers["purpose"] == "Trickfilm"
    mine = text_of(teacher.get(f"/meine-buchungen/{lab.reference}").text)
    assert "Zusammen gebucht mit" in mine
    assert "Tablet-Koffer" in mine
    announce.announce(net.hub, lambda: None)
    with net.hub.db.read() as session:
        mails = session.scalars(sa.select(Mail).where(Mail.recipient == CONTACT["email"])).all()
    one, both = sorted(mails, key=lambda mail: mail.site_key != "coesfeld")
    assert "weitere" not in one.subject
    assert both.subject == "Anfrage angekommen: Tablet-Koffer und 1 weitere"
    for told in (tablets, lab):
        assert both.body.count(f"Kennung: {told.reference}") == 1
        assert both.body.count(f"/meine-buchungen/{told.reference}\n") == 1
    with net.hub.db.write() as session:
        for row in session.scalars(sa.select(Booking).where(Booking.bundle == tablets.reference)):
            progress.advance(session, row, "confirmed", "", now())
    announce.announce(net.hub, lambda: None)
    with net.hub.db.read() as session:
        query = sa.select(Mail.subject).where(Mail.subject.contains("Bestätigt"))
        assert len(session.scalars(query).all()) == 2, "each by itself once they go their own ways"


def test_what_one_centre_refuses_keeps_no_other_from_booking(
    net: Network, app: Flask, teacher: FlaskClient
) -> None:
    day = open_day(net, 30)
    case, lent = offer(net, capacity=1), beamer(net)
    put(teacher, case, wish(day, day))
    put(teacher, lent, wish(day, day))
    with net.hub.db.write() as session:
        session.execute(sa.update(Hold).values(expires_at=now() - timedelta(minutes=1)))
    other = app.test_client()
    log_in(other, net.hub, Role.TEACHER, SITE)
    assert book(other, case, wish(day, day)).status_code == 303
    shown = text_of(teacher.get("/korb").text)
    assert shown.count("Nicht mehr reserviert") == 2
    assert "nichts frei" in shown
    answer = book_all(teacher)
    assert answer.status_code == 409
    told = text_of(answer.text)
    assert "1 Angebot ist gebucht" in told
    assert "Nicht alles konnte gebucht werden" in told
    assert "Frei wäre:" in told
    assert [one.state for one in bookings(net)] == ["cart", "requested", "requested"]
    assert send(teacher, "/korb", "/korb/verlaengern").status_code == 303
    (left,) = (one for one in bookings(net) if one.state == "cart")
    change = f"/korb/{left.reference}"
    assert f'value="{day.day}"' in teacher.get(change).text
    late = open_day(net, 33)
    taken = send(teacher, change, **wish(day, day))
    assert taken.status_code == 422
    assert "Frei wäre:" in text_of(taken.text)
    strange = send(teacher, change, **{**wish(late, late), "anzahl": "0"})
    assert 'href="#anzahl"' in strange.text
    assert send(teacher, change, **wish(late, late)).status_code == 303
    assert "Noch 30 Minuten" in text_of(teacher.get("/korb").text)
    assert other.get(change).status_code == 404
    send(other, "/meine-buchungen", f"{change}/entfernen")
    assert teacher.get(change).status_code == 200, "nobody else empties it"
    for _ in range(2):
        assert send(teacher, "/meine-buchungen", f"{change}/entfernen").status_code == 303
    assert teacher.get(change).status_code == 404


def test_a_cart_is_nobodys_business(net: Network, app: Flask, teacher: FlaskClient) -> None:
    day = open_day(net, 30)
    put(teacher, offer(net), wish(day, day))
    (lies,) = bookings(net)
    staff = app.test_client()
    log_in(staff, net.hub, Role.STAFF, SITE)
    assert staff.get(f"/{SITE}/verwaltung/buchung/{lies.reference}").status_code == 404
    assert "Tablet-Koffer" not in text_of(staff.get(f"/{SITE}/verwaltung/theke").text)
    assert teacher.get(f"/meine-buchungen/{lies.reference}").status_code == 404
    assert "Tablet-Koffer" not in text_of(teacher.get("/meine-buchungen").text)
    allow(net, allowed=False)
    refused = page(teacher, offer(net), wish(day, day))
    assert "verleiht dies nicht an Privatpersonen" in text_of(refused.text)
    assert "verleiht dies nicht an Privatpersonen" in text_of(teacher.get("/korb").text)
    with net.hub.db.write() as session:
        session.execute(sa.delete(BookingRules))
        session.execute(
            sa.update(Booking).values(changed_at=now() - cart.KEPT - timedelta(hours=1))
        )
    cart.tidy(net.hub.db, now(), lambda: None)
    assert not bookings(net)


def test_what_is_booked_again_and_again(net: Network, app: Flask, teacher: FlaskClient) -> None:
    first, last = open_day(net, 30), open_day(net, 33)
    case, room = offer(net), offer(net, Kind.ROOM, 1, "MediaLab")
    assert "Sie haben keine Vorlage" in text_of(teacher.get("/korb/vorlagen").text)
    nothing = send(teacher, "/meine-buchungen", "/korb/vorlagen", vorlage="Leer")
    assert nothing.status_code == 409
    put(teacher, case, wish(first, last, anzahl="2"), nachricht="Mit Netzteil")
    put(teacher, room, wish(last, von="9:00", bis="12"), **ANSWERS[Kind.ROOM])
    assert send(teacher, "/korb", "/korb/vorlagen", vorlage=" ").status_code == 422
    for _ in range(2):
        saved = send(teacher, "/korb", "/korb/vorlagen", vorlage="Projekt  woche")
        assert "Die Vorlage ist gespeichert" in teacher.get(saved.headers["Location"]).text
    assert book_all(teacher).status_code == 303
    shown = teacher.get("/korb/vorlagen").text
    assert shown.count("Projekt woche</h2>") == 1
    (number,) = re.findall(r"/korb/vorlagen/([0-9]+)/loeschen", shown)
    use = f"/korb/vorlagen/{number}"
    assert send(teacher, "/korb/vorlagen", use).status_code == 422
    the = calendar(net)
    day = next(
        day
        for day in (first + timedelta(weeks=weeks) for weeks in range(4, 20))
        if the.is_open(day) and the.is_open(day + (last - first))
    )
    begin = dates.fields(f"beginn{number}", day)
    again = send(teacher, "/korb/vorlagen", use, schluessel="einmal", **begin)
    assert again.status_code == 303, text_of(again.text)
    send(teacher, "/korb/vorlagen", use, schluessel="einmal", **begin)
    *booked, tablets, lab = bookings(net)
    assert len(booked) == 2, "a second click puts nothing in"
    assert (the.day(tablets.starts_at), tablets.quantity) == (day, 2)
    assert the.day(lab.starts_at) == day + (last - first)
    assert tablets.note == "Mit Netzteil"
    assert lab.answers == booked[1].answers
    full = send(teacher, "/korb/vorlagen", use, schluessel="nochmal", **begin)
    assert full.status_code == 409
    assert "nichts frei" in text_of(full.text)
    once_more = teacher.get(f"/meine-buchungen/{booked[0].reference}/noch-einmal")
    to = once_more.headers["Location"]
    assert to.startswith(f"/angebot/{case}/buchen?")
    assert teacher.get(f"{to}&weiter=1").status_code == 200, "it is possible"
    colleague = app.test_client()
    log_in(colleague, net.hub, Role.TEACHER, SITE)
    assert send(colleague, "/meine-buchungen", use, **begin).status_code == 404
    send(colleague, "/meine-buchungen", f"{use}/loeschen")
    for _ in range(2):
        assert send(teacher, "/korb/vorlagen", f"{use}/loeschen").status_code == 303
    assert "Sie haben keine Vorlage" in text_of(teacher.get("/korb/vorlagen").text)
