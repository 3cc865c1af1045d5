"""Yearly reports stay as issued; what flows to the network is shown before it is switched on."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from python_calamine import CalamineWorkbook

from hub import models
from hub.activations import announce
from hub.identity.actor import Role
from hub.network import report
from hub.network.statistics import Measure, Split
from hub.network.suppression import Shown
from tests.hub.web.test_pages import text_of
from tests.hub.web.test_statistics import BEGIN, YEAR, let_flow, rooms, table
from tests.identities import log_in, send
from tests.sources import Network

REPORT = f"/borken/verwaltung/bericht?jahr={YEAR}"
FLOW = "/borken/verwaltung/weitergabe"


@pytest.fixture
def admin(app: Flask, net: Network) -> FlaskClient:
    client = app.test_client()
    log_in(client, net.hub, Role.SITE_ADMIN, "borken")
    return client


@pytest.fixture
def analyst(app: Flask, net: Network) -> FlaskClient:
    client = app.test_client()
    log_in(client, net.hub, Role.STATE_ANALYST)
    return client


def more(net: Network, number: int, **values: Any) -> None:
    """Bookings that somebody enters late."""
    with net.hub.db.write() as session:
        for place in range(number):
            given = {"starts_at": BEGIN, "ends_at": BEGIN + timedelta(hours=2), **values}
            session.add(
                models.Booking(
                    **{
                        "reference": f"SPAET{place}", "site_key": "borken", "plugin": "rooms",
                        "kind": "room", "title": "MediaLab", "state": "returned", "quantity": 1,
                        "borrower": "private", "created_at": BEGIN, **given,
                    }
                )
            )  # fmt: skip


def test_a_report_stays_as_issued_and_the_next_says_what_changed(
    net: Network, app: Flask, admin: FlaskClient
) -> None:
    rooms(net, "borken", 6)
    draft = text_of(admin.get(REPORT).text)
    assert f"Jahresbericht {YEAR}: Medienzentrum Kreis Borken" in draft
    assert "Buchungen von Räumen 6 Eine Buchung, die bestätigt wurde" in draft
    assert f"Der Hub zählt seit dem 2. März {YEAR}; was davor war, fehlt." in draft
    assert "nicht über den Hub gebucht und darum nicht gezählt: Gerät, Raum" in draft
    assert "Noch keine. Ein ausgestellter Bericht" in draft
    answer = send(admin, REPORT, "/borken/verwaltung/bericht", jahr=YEAR)
    assert "Ausgabe 1 ist ausgestellt" in text_of(admin.get(answer.headers["Location"]).text)
    again = send(admin, "/konto", "/borken/verwaltung/bericht", jahr=YEAR)  # the second click
    assert "Nichts wurde ausgestellt" in text_of(admin.get(again.headers["Location"]).text)
    more(net, 5)  # entered late
    with net.hub.db.write() as session:
        row = session.scalars(
            sa.select(models.Booking).where(models.Booking.site_key == "borken").limit(1)
        ).one()
        row.fulfilment = "courier"
        site = session.get_one(models.Site, "borken")
        site.name = "Medienzentrum Westmünsterland"
        announce(session)
    net.hub.sites.refresh()
    now = text_of(admin.get(REPORT).text)
    assert "Was sich seit Ausgabe 1 geändert hat Buchungen von Räumen: 6 → 11" in now
    assert f"Buchungen von Räumen, Nach Monat, März {YEAR}: 6 → 11" in now
    assert f"Jahresbericht {YEAR}: Medienzentrum Westmünsterland" in now
    first = f"/borken/verwaltung/bericht/{YEAR}/1"
    kept = text_of(admin.get(first).text)
    assert f"Jahresbericht {YEAR}: Medienzentrum Kreis Borken" in kept, "as it was called then"
    assert "Buchungen von Räumen 6 Eine" in kept
    assert "Westmünsterland" not in kept.partition("Ausgabe 1")[2].partition("Das Jahr")[0]
    assert send(admin, REPORT, "/borken/verwaltung/bericht", jahr=YEAR).status_code == 303
    second = text_of(admin.get(f"/borken/verwaltung/bericht/{YEAR}/2").text)
    assert "Buchungen von Räumen: 6 → 11" in second
    book = CalamineWorkbook.from_filelike(io.BytesIO(admin.get(f"{first}.xlsx").data))
    rows = book.get_sheet_by_index(0).to_python()
    year_rows = {row[3]: row[4] for row in rows if row[1] == "Ganzes Jahr"}
    assert year_rows["Buchungen von Räumen"] == 6
    assert "Ausgabe 1, ausgestellt am" in str(book.get_sheet_by_index(1).to_python())
    answer = admin.get(f"/borken/verwaltung/bericht/{YEAR}/2.pdf")
    assert answer.content_type == "application/pdf"
    assert answer.data.startswith(b"%PDF-")
    assert admin.get(REPORT.replace("?", ".pdf?")).data.startswith(b"%PDF-")
    for gone in (f"{YEAR}/3", f"{YEAR - 1}/1", "99999/1", f"{YEAR}/99999999999"):
        assert admin.get(f"/borken/verwaltung/bericht/{gone}").status_code == 404
    staff = app.test_client()
    log_in(staff, net.hub, Role.STAFF, "borken")
    more(net, 1, reference="NOCHEINE")
    for who, may in ((staff, False), (admin, True)):
        assert (f"Bericht {YEAR} ausstellen" in text_of(who.get(REPORT).text)) == may
    assert staff.get(f"{first}.exe").status_code == 404


def test_a_report_withholds_what_is_too_small(net: Network, admin: FlaskClient) -> None:
    rooms(net, "borken", 2)
    text = text_of(admin.get(REPORT).text)
    assert "Buchungen von Räumen geheim" in text
    answer = admin.get(REPORT.replace("?", ".csv?"))
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig")), delimiter=";"))
    assert {row[4] for row in rows if row[3:4] == ["Buchungen von Räumen"]} == {"geheim"}


def test_what_would_flow_is_shown_before_it_does(
    net: Network, app: Flask, admin: FlaskClient, analyst: FlaskClient
) -> None:
    rooms(net, "borken", 7)
    rooms(net, "coesfeld", 8)
    let_flow(net, "coesfeld")
    network = f"/netz/statistik?jahr={YEAR}"
    before = text_of(analyst.get(network).text)
    assert "Zahlen von 1 von 4 Zentren" in before
    assert "Buchungen von Räumen 8 Eine" in before
    assert "Kreis Borken" not in before
    shown = text_of(admin.get(f"{FLOW}?jahr={YEAR}").text)
    assert "Die Zahlen der Nutzung fließen nicht. Unten steht, was fließen würde." in shown
    would = re.search(r"Buchungen von Räumen (\d+|geheim) Plätze", shown)
    assert would
    for answer in ("an", "an"):  # the second click changes nothing
        saved = send(admin, FLOW, an="1")
        assert saved.headers["Location"].endswith(f"fertig={answer}")
    found = table(analyst, "/netz/statistik")
    assert found["Nach Zentrum", "Kreis Borken", "Buchungen von Räumen"] == would[1] == "7"
    assert found["Ganzes Jahr", "Ganzes Jahr", "Buchungen von Räumen"] == "15"
    assert "Zahlen von 2 von 4 Zentren" in text_of(analyst.get(network).text)
    assert "Dies sind die Zahlen von 2 von 4 Zentren" in text_of(
        analyst.get(f"/netz/bericht?jahr={YEAR}").text
    )
    assert analyst.get(f"/netz/bericht.pdf?jahr={YEAR}").data.startswith(b"%PDF-")
    issued = send(analyst, f"/netz/bericht?jahr={YEAR}", "/netz/bericht", jahr=YEAR)
    assert issued.status_code == 303
    assert "fließen seit" in text_of(admin.get(FLOW).text)
    send(admin, FLOW, an="0")
    assert "Buchungen von Räumen 8 Eine" in text_of(analyst.get(network).text)
    kept = text_of(analyst.get(f"/netz/bericht/{YEAR}/1").text)
    assert "Buchungen von Räumen 15 Eine" in kept, "what was issued stays"
    staff = app.test_client()
    log_in(staff, net.hub, Role.STAFF, "borken")
    assert "eine Administratorin oder ein Administrator" in text_of(staff.get(FLOW).text)
    with net.hub.db.read() as session:
        log = session.scalars(
            sa.select(models.AuditEntry.action).where(
                models.AuditEntry.site_key == "borken", models.AuditEntry.action.like("flow.%")
            )
        ).all()
    assert sorted(log) == ["flow.off", "flow.on"]


def test_nobody_is_counted_until_a_centre_says_so(net: Network, analyst: FlaskClient) -> None:
    rooms(net, "borken", 9)
    with net.hub.db.write() as session:
        for number in session.scalars(sa.select(models.Offer.id).limit(3)):
            session.add(models.OfferUse(day=BEGIN.date(), offer_id=number, count=50))
    text = text_of(analyst.get(f"/netz/statistik?jahr={YEAR}").text)
    assert "Zahlen von 0 von 4 Zentren" in text
    assert "Davon wurde in diesem Jahr nichts gebucht oder geöffnet" in text
    assert set(table(analyst, "/netz/statistik").values()) == {"0"}


# What a report says of centres of which little is known


def test_a_year_without_loans_is_no_year_that_is_not_known(
    net: Network, admin: FlaskClient, app: Flask
) -> None:
    more(net, 1, starts_at=BEGIN - timedelta(days=1200), created_at=BEGIN - timedelta(days=1200))
    known = text_of(admin.get(REPORT).text)
    assert "In diesem Jahr wurde über den Hub nichts gebucht oder geöffnet." in known
    other = app.test_client()
    log_in(other, net.hub, Role.SITE_ADMIN, "leer")
    unknown = text_of(other.get("/leer/verwaltung/bericht").text)
    assert "Der Hub kennt aus diesem Jahr und davor keine Buchung und keinen Aufruf." in unknown
    assert "Das Jahr ist nicht vorbei; was noch kommt, fehlt." in unknown


def test_old_data_is_said_to_be_old(net: Network, admin: FlaskClient) -> None:
    with net.hub.db.write() as session:
        old = BEGIN - timedelta(days=900)
        for run in session.scalars(sa.select(models.SyncRun)):
            run.started_at = run.heartbeat_at = run.finished_at = old
    text = text_of(admin.get(REPORT).text)
    assert "Die Quelle Nach Drehbuch ist nicht aktuell: Stand" in text
    assert str(old.year) in text


def test_a_school_that_changes_its_kreis_leaves_its_loans_where_they_were(
    net: Network, admin: FlaskClient
) -> None:
    with net.hub.db.read() as session:
        number = session.scalars(
            sa.select(models.Institution.id).where(models.Institution.school_form == "02").limit(1)
        ).one()
    more(net, 6, institution_id=number, borrower="school")
    before = table(admin, "/borken/verwaltung/statistik")
    with net.hub.db.write() as session:
        row = session.get_one(models.Institution, number)
        row.municipality = "05558012"
    assert table(admin, "/borken/verwaltung/statistik") == before
    assert before["Schulen nach Schulform", "Grundschule", "Buchungen von Räumen"] == "6"


def test_what_a_later_version_counts_anew_shows_as_a_change(net: Network) -> None:
    """A code that only one of two reports knows is a change from or to nought."""
    one = Shown(YEAR, {Measure.ROOMS: 5}, {Split.SITE: {"alt": {Measure.ROOMS: 5}}})
    other = Shown(YEAR, {Measure.ROOMS: None}, {Split.SITE: {"neu": {Measure.ROOMS: 5}}})
    assert [(d.split, d.code, d.before, d.after) for d in report.differences(one, other)] == [
        (None, "", 5, None),
        (Split.SITE, "alt", 5, 0),
        (Split.SITE, "neu", 0, 5),
    ]
