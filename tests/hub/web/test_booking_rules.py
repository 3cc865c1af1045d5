"""An admin says the rules and hours of the centre, and they hold for the next booking."""

from __future__ import annotations

import re
from datetime import date, time
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from hub.booking import announce, house, saying
from hub.booking.opening import Closure
from hub.booking.rules import Unit
from hub.identity.actor import Role
from hub.models import AuditEntry, BookingRules, Mail
from tests.bookings import SITE, offer, open_day, wish
from tests.hub.web.test_booking import book, page
from tests.hub.web.test_pages import text_of
from tests.identities import log_in, send
from tests.sources import Network

RULES = f"/{SITE}/verwaltung/buchungsregeln"
HOURS = f"/{SITE}/verwaltung/oeffnungszeiten"


@pytest.fixture
def admin(net: Network, app: Flask) -> FlaskClient:
    client = app.test_client()
    log_in(client, net.hub, Role.SITE_ADMIN, SITE)
    return client


def rules(net: Network, kind: str = "device", borrower: str = "private") -> Any:
    with net.hub.db.read() as session:
        return house.rules(session, SITE, kind, borrower)


def test_a_rule_holds_for_the_next_booking(
    net: Network, admin: FlaskClient, client: FlaskClient
) -> None:
    number = offer(net)
    log_in(client, net.hub, Role.TEACHER, SITE)
    first, last = open_day(net, 30), open_day(net, 37)
    assert page(client, number, wish(first, last)).status_code == 200
    saved = send(
        admin, f"{RULES}?art=device&fuer=private", RULES,
        art="device", fuer="private", period="3", unit="working_days", back_by="16.07.2027",
        fee="2 € je Woche", funding="Förderverein der Schule", approval="no", courier="yes",
    )  # fmt: skip
    assert saved.status_code == 303
    assert "Gespeichert" in text_of(admin.get(saved.headers["Location"]).text)
    now = rules(net)
    assert (now.period, now.unit, now.back_by) == (3, Unit.WORKING_DAYS, date(2027, 7, 16))
    assert (now.approval, now.courier, now.fee) == (False, True, "2 € je Woche")
    assert rules(net, "room").period != 3
    allowed = text_of(page(client, number, wish(first, open_day(net, 31))).text)
    assert "Kosten 2 € je Woche Förderung Förderverein der Schule" in allowed
    told = page(client, number, wish(first, last))
    assert told.status_code == 422
    assert "Die Ausleihe ist zu lang" in text_of(told.text)
    shown = admin.get(f"{RULES}?art=device&fuer=private").text
    assert 'value="16.07.2027"' in shown
    assert "Geräte, Privatpersonen" in text_of(shown)


def test_what_is_to_be_paid_is_said_before_and_after_the_booking(
    net: Network, admin: FlaskClient, client: FlaskClient
) -> None:
    number = offer(net)
    offered = f"/angebot/{number}"
    assert "Kosten kostenfrei" in text_of(client.get(offered).text)
    send(admin, RULES, RULES, art="", fuer="", fee="20 € für den Referenten")
    told = "Kosten 20 € für den Referenten Förderung Fragen Sie das Zentrum"
    assert told in text_of(client.get(offered).text)
    log_in(client, net.hub, Role.TEACHER, SITE)
    booked = book(client, number, wish(open_day(net, 30), open_day(net, 31)))
    assert told in text_of(client.get(booked.headers["Location"]).text)
    announce.announce(net.hub, lambda: None)
    with net.hub.db.read() as session:
        (mail,) = session.scalars(sa.select(Mail.body).where(Mail.recipient != "")).all()[:1]
    assert "Kosten: 20 € für den Referenten\nFörderung: Fragen Sie" in mail


def test_empty_fields_take_the_rules_away_and_the_log_keeps_both(
    net: Network, admin: FlaskClient
) -> None:
    for most in ("2", ""):
        send(admin, RULES, RULES, art="", fuer="", most=most)
    assert rules(net).most is None
    with net.hub.db.read() as session:
        assert session.scalars(sa.select(BookingRules)).all() == []
        entries = session.scalars(
            sa.select(AuditEntry).where(AuditEntry.action == "booking.rules")
        ).all()
    assert [(one.before, one.after) for one in entries] == [
        (None, {"most": 2}),
        ({"most": 2}, None),
    ]


def test_what_cannot_be_read_is_said_at_its_field_and_nothing_is_kept(
    net: Network, admin: FlaskClient
) -> None:
    wrong = send(admin, RULES, RULES, art="", fuer="", period="-1", back_by="31.2.2027", most="0")
    assert wrong.status_code == 422
    for field in ("period", "back_by", "most"):
        assert f'href="#{field}"' in wrong.text
    assert 'value="31.2.2027"' in wrong.text, "what was typed is still there"
    with net.hub.db.read() as session:
        assert session.scalars(sa.select(BookingRules)).all() == []
    assert send(admin, RULES, RULES, art="spaceship", fuer="").status_code == 404


def test_opening_hours_and_closures(net: Network, admin: FlaskClient) -> None:
    week = {"tag0": "8:00-12.30, 13:00–16:00", "tag5": "10:00-12:00"}
    closures = "24.12.2026 - 1.1.2027 Weihnachten\n14.5.2027 Brückentag\n2027-06-04"
    saved = send(admin, HOURS, HOURS, **week, closures=closures, school_holidays="1")
    assert saved.status_code == 303
    with net.hub.db.read() as session:
        calendar = house.calendar(session, SITE)
    assert calendar.week[0] == ((time(8), time(12, 30)), (time(13), time(16)))
    assert calendar.week[1] == ()
    assert calendar.week[5] == ((time(10), time(12)),)
    assert calendar.closures == (
        Closure(date(2026, 12, 24), date(2027, 1, 1), "Weihnachten"),
        Closure(date(2027, 5, 14), date(2027, 5, 14), "Brückentag"),
        Closure(date(2027, 6, 4), date(2027, 6, 4)),
    )
    assert calendar.closed_in_school_holidays
    shown = admin.get(HOURS).text
    assert 'value="08:00-12:30, 13:00-16:00"' in shown
    assert "24.12.2026 - 01.01.2027 Weihnachten" in shown
    again = send(admin, HOURS, HOURS, tag0="25:00-26:00", tag1="16:00-8:00", closures="morgen")
    assert again.status_code == 422
    for field in ("tag0", "tag1", "closures"):
        assert f'id="{field}-error"' in again.text


@pytest.mark.parametrize(
    ("line", "reason"),
    [("8-12", "hours"), ("12:00-14:00, 8:00-9:00", "order"), ("8:00-10:00, 10:00-12:00", "order")],
)
def test_hours_that_cannot_be(line: str, reason: str) -> None:
    _, problems = saying.read_week([line])
    assert [one.reason for one in problems] == [reason]


def test_a_centre_says_who_comes_first_on_waiting_lists(net: Network, admin: FlaskClient) -> None:
    assert "kommen nacheinander an die Reihe" not in text_of(admin.get(RULES).text)
    said = {"rank": "2", "furthest": "30"}
    assert send(admin, RULES, RULES, art="", fuer="club", **said).status_code == 303
    assert send(admin, RULES, RULES, art="", fuer="", offer_hours="24").status_code == 303
    assert (rules(net, "room", "club").rank, rules(net, "room", "school").rank) == (2, 1)
    assert rules(net).offer_hours == 24
    shown = admin.get(f"{RULES}?art=room").text
    order = re.findall(r"<li>([^<]+)</li>", shown.partition("nacheinander")[2])
    assert order[1:2] == ["Verein"], "after all others"
    for wrong in ({"rank": "0"}, {"rank": "10"}, {"offer_hours": "0"}, {"offer_hours": "1.5"}):
        assert send(admin, RULES, RULES, art="", fuer="", **wrong).status_code == 422


def test_a_centre_says_when_it_reminds(net: Network, admin: FlaskClient) -> None:
    said = {"remind_before": "0", "remind_after": "5, 12", "suspend_after_reminders": "yes"}
    assert send(admin, RULES, RULES, art="", fuer="", **said).status_code == 303
    now = rules(net)
    assert (now.remind_before, now.remind_after, now.suspend_after_reminders) == (0, (5, 12), True)
    assert 'value="5, 12"' in admin.get(RULES).text
    assert send(admin, RULES, RULES, art="", fuer="", remind_after="0").status_code == 303
    assert rules(net).remind_after == ()
    for wrong in ("12, 5", "3, 3", "0, 3", "366", "drei", "-3", "1 2 3 4 5 6 7 8 9 10 11"):
        answer = send(admin, RULES, RULES, art="", fuer="", remind_after=wrong)
        assert answer.status_code == 422, wrong
        assert "nacheinander" in text_of(answer.text)
    assert rules(net).remind_after == ()
