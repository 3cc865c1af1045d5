"""Papers of the desk: the slip as PDF, the tours of the courier, what came by the letter box."""

from __future__ import annotations

import re
import zlib
from datetime import time as clock
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from hub import activations, models
from hub.booking import house, items, progress
from hub.booking.intervals import Stretch
from hub.booking.progress import Entry
from hub.identity.actor import Role
from hub.models.base import now
from tests.bookings import SITE, bookings, offer
from tests.hub.web.test_pages import text_of
from tests.identities import log_in, person, send
from tests.sources import Network

DESK = f"/{SITE}/verwaltung"


@pytest.fixture
def staff(app: Flask, net: Network) -> FlaskClient:
    client = app.test_client()
    log_in(client, net.hub, Role.STAFF, SITE)
    return client


def lend(
    net: Network, title: str, *, way: str = "courier", days: int = 0, out: str = "", school: int = 0
) -> str:
    """A booking of Svenja's that begins so many days from today, for two days; its reference."""
    offer(net, title=title, codes=(out,) if out else (), accessories=("Kabel – 3 m", "Łódź-Tasche"))
    who = person(net.hub, None, name="Svenja Ackermann")
    with net.hub.db.write() as session:
        calendar = house.calendar(session, SITE)
        begin = calendar.at(calendar.day(now()), clock(9)) + timedelta(days=days)
        session.add(
            models.BookingContact(
                person_id=who, site_key=SITE, name="Svenja Ackermann", email="s@schule.example"
            )
        )
        row = session.scalars(
            sa.select(models.Bookable).where(models.Bookable.title == title)
        ).one()
        institution = session.scalar(
            sa.select(models.Institution.id).where(
                models.Institution.school_id == f"DE-NW-{school}"
            )
        )
        time = Stretch(begin, begin + timedelta(days=2))
        entry = Entry(
            SITE, "lending", row.id, "device", title, time, state="confirmed", person_id=who,
            institution_id=institution, fulfilment=way,
        )  # fmt: skip
        number, _ = progress.enter(session, entry, title, "", begin - timedelta(days=1))
        booking = session.get_one(models.Booking, number)
        if out:
            items.hand_out(session, booking, [out], "", begin)
        return booking.reference


def test_the_slip_is_a_pdf_with_its_fonts_in_it(net: Network, staff: FlaskClient) -> None:
    reference = lend(net, "Koffer „Ü“ €", out="BOR-1", days=-1)
    answer = staff.get(f"{DESK}/buchung/{reference}/beleg.pdf")
    assert answer.content_type == "application/pdf"
    assert answer.headers["Content-Disposition"] == f"inline; filename=beleg-{reference}.pdf"
    assert answer.data.startswith(b"%PDF-1.")
    assert b"/Lang (de)" in answer.data
    # Every font is embedded, as TrueType; none is left to the reader's machine.
    fonts = re.findall(rb"/FontFile2 (\d+) 0 R", answer.data)
    assert len(fonts) == answer.data.count(b"/Type /FontDescriptor") >= 2
    for number in fonts:
        found = re.search(
            rb"\n" + number + rb" 0 obj.*?stream\n(.*?)\nendstream", answer.data, re.DOTALL
        )
        assert found
        assert zlib.decompress(found[1])[:4] == b"\0\1\0\0"
    # Its glyphs say what they mean, so that it can be searched and read out.
    said = b"".join(re.findall(rb"beginbfchar(.*?)endbfchar", answer.data, re.DOTALL))
    for character in "Ü„€–Łź":
        assert f"{ord(character):04X}".encode() in said.upper(), character
    assert "Leihschein als PDF" in staff.get(f"{DESK}/buchung/{reference}").text
    assert staff.get(f"{DESK}/buchung/NICHTDA2/beleg.pdf").status_code == 404


def test_the_tours_of_a_day_go_from_school_to_school(net: Network, staff: FlaskClient) -> None:
    bring = lend(net, "Beamer", school=900001)
    fetch = lend(net, "Kamera", school=900001, days=-2, out="K-1")
    late = lend(net, "Mikrofon", days=-5, out="M-1")
    other = lend(net, "Stativ", way="pickup", school=900001)
    tomorrow = lend(net, "Leinwand", days=1, school=900001)
    page = staff.get(f"{DESK}/touren").text
    shown = text_of(page)
    assert shown.count("Grundschule Am Kranichteich") == 1, "one stop for both"
    assert re.search(
        rf"1\. Grundschule Am Kranichteich 46325 Borken.*Bringen.*Beamer.*{bring}"
        rf".*Svenja Ackermann.*Abholen.*Kamera.*{fetch}.*2\. Ohne Einrichtung.*Abholen.*{late}",
        " ".join(shown.split()),
    ), shown
    assert other not in page
    assert tomorrow not in page
    following = re.search(r'rel="next" href="([^"]+)"', page)
    assert following
    page = staff.get(following[1]).text
    assert tomorrow in page
    assert bring not in page
    assert late not in page, "what is overdue is today's work"
    for day in ("1000-01-01", "morgen", "9999-12-31"):
        assert bring in staff.get(f"{DESK}/touren?tag={day}").text, "that is no day: today"
    assert "nichts zu fahren" in staff.get(f"{DESK}/touren?tag=2030-01-01").text
    assert "/touren" in staff.get(f"{DESK}/theke").text


def test_what_came_by_the_letter_box_is_noted(net: Network, staff: FlaskClient) -> None:
    reference = lend(net, "Beamer", way="pickup", days=-1, out="B-1")
    page = f"{DESK}/buchung/{reference}"
    with net.hub.db.read() as session:
        piece = session.scalars(sa.select(models.Item.id)).one()
    back = {f"stueck_{piece}": "1", "briefkasten": "1"}
    assert send(staff, page, f"{page}/zuruecknehmen", **back).status_code == 303
    (row,) = bookings(net)
    assert (row.state, row.fulfilment) == ("returned", "letter_box")
    assert "Briefkasten" in text_of(staff.get(page).text)
    send(staff, page, f"{page}/rueckgaengig")
    send(staff, page, f"{page}/zuruecknehmen", **{f"stueck_{piece}": "1"})
    (row,) = bookings(net)
    assert (row.state, row.fulfilment) == ("returned", "pickup")


def test_a_courier_stays_a_courier(net: Network, staff: FlaskClient) -> None:
    reference = lend(net, "Beamer", days=-1, out="B-1")
    page = f"{DESK}/buchung/{reference}"
    assert "Briefkasten" not in staff.get(page).text
    with net.hub.db.read() as session:
        piece = session.scalars(sa.select(models.Item.id)).one()
    send(staff, page, f"{page}/zuruecknehmen", **{f"stueck_{piece}": "1", "briefkasten": "1"})
    assert bookings(net)[0].fulfilment == "courier"


def test_the_records_of_processing_name_what_is_switched_on(
    client: FlaskClient, net: Network
) -> None:
    log_in(client, net.hub, Role.SITE_ADMIN, "borken")
    page = "/borken/verwaltung/verzeichnis"
    assert "Lokale Konten" not in client.get(page).text
    activations.enable(net.hub, "borken", "accounts", {}, actor="test")
    text = text_of(client.get(page).text)
    for part in ("Lokale Konten", "Passwort als Hash", "Datenschutzbeauftragte Person ___"):
        assert part in text
    assert "ein zweiter Faktor wird nicht verlangt" in text
    paper = client.get(f"{page}/verzeichnis.pdf")
    assert paper.data.startswith(b"%PDF-")
    assert "Records of processing" in client.get(f"{page}?lang=en").text
