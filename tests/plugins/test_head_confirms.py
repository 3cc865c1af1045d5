"""A course for which the head of the school is asked: by a link in a mail, or by a paper."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from hub.app import create_app
from hub.booking import announce, retention, saying, waiting
from hub.booking.heads import LIFE
from hub.catalogue.sync import sync
from hub.identity import privacy
from hub.identity.actor import Role
from hub.identity.mailed_codes import MOST
from hub.models import Booking, Borrower, Institution, MailedCode, Offer, Site
from hub.models.base import now
from hub.runtime import Hub
from tests.identities import log_in, send
from tests.mails import Mailbox, Received
from tests.plugins.test_trainings import hub, plan, staff
from tests.plugins.test_waiting_for_a_course import book

__all__ = ["hub", "staff"]

SCHOOL, CENTRE = "900123@schule.nrw.de", "info@borken.example"


@pytest.fixture
def mails(hub: Hub, tmp_path: Path) -> Mailbox:
    folder = tmp_path / "mails"
    folder.mkdir()
    return Mailbox(hub, folder)


@pytest.fixture
def page(hub: Hub, staff: FlaskClient) -> str:
    """The booking page of a course with two seats, for which heads are asked."""
    plan(staff)
    sync(hub.db, hub.sites.site("borken"), "trainings")
    admin = create_app(hub).test_client()
    log_in(admin, hub, Role.SITE_ADMIN, "borken")
    rules = "/borken/verwaltung/buchungsregeln"
    saved = send(admin, f"{rules}?art=training", rules, art="training", fuer="", head="yes")
    assert saved.status_code == 303
    with hub.db.write() as session:
        session.get_one(Site, "borken").contact = {"email": CENTRE}
        return f"/angebot/{session.scalars(sa.select(Offer.id)).one()}/buchen"


def teacher(hub: Hub, school_id: str | None = "DE-NW-900123") -> FlaskClient:
    """Somebody who may book for an institution."""
    client = create_app(hub).test_client()
    who = log_in(client, hub, Role.TEACHER, "borken")
    with hub.db.write() as session:
        school = session.scalar(
            sa.select(Institution).where(Institution.school_id == school_id)
        ) or Institution(
            kind="school", school_id=school_id, listed=False, name="Schule am Ring", search_text=""
        )
        session.add(school)
        session.flush()
        session.add(
            Borrower(site_key="borken", institution_id=school.id, person_id=who, state="approved")
        )
    return client


def tell(hub: Hub, mails: Mailbox) -> dict[str, Received]:
    announce.announce(hub, lambda: None)
    return {one.to: one for one in mails.take()}


def link(mail: Received) -> str:
    found = re.search(r"/bestaetigung/\S+", mail.body)
    assert found
    return found[0]


def row(hub: Hub) -> Booking:
    with hub.db.read() as session:
        found = session.scalars(sa.select(Booking).order_by(Booking.id.desc())).first()
        assert found
        session.expunge(found)
        return found


def test_the_head_confirms_by_a_link_without_login_once(
    hub: Hub, page: str, mails: Mailbox
) -> None:
    client = teacher(hub)
    assert "Die Leitung Ihrer Einrichtung muss zustimmen" in client.get(f"{page}?weiter=1").text
    mine = book(client, page)
    assert "hat noch nicht zugestimmt" in client.get(mine).text
    found = tell(hub, mails)
    assert set(found) == {SCHOOL, "muster@schule.example"}, "the staff need not decide"
    assert SCHOOL in found["muster@schule.example"].body
    address = link(found[SCHOOL])
    head = create_app(hub).test_client()
    shown = head.get(address)
    for told in ("Erika Muster", "Schule am Ring", "Trickfilm mit Tablets", "14:30 bis 17:30"):
        assert told in shown.text
        assert told in found[SCHOOL].body
    assert "muster@schule.example" not in shown.text + found[SCHOOL].body
    assert head.get(address).status_code == 200, "looking uses nothing up"
    assert shown.headers["Cache-Control"] == "no-store"
    again = shown.text
    assert send(head, address, antwort="nein", grund=" ").status_code == 422
    assert send(head, address, antwort="vielleicht").status_code == 200
    assert row(hub).state == "requested"
    token = re.search(r'name="csrf_token" value="([^"]+)"', again)
    assert token
    answers = [head.post(address, data={"csrf_token": token[1], "antwort": "ja"}) for _ in range(2)]
    assert [one.status_code for one in answers] == [200, 410]
    assert "Danke" in answers[0].text
    assert row(hub).state == "confirmed"
    assert "hat zugestimmt" in client.get(mine).text
    told = tell(hub, mails)
    assert list(told) == ["muster@schule.example"]
    assert told["muster@schule.example"].subject.startswith("Bestätigt")
    with hub.db.read() as session:
        person_id = session.scalars(sa.select(Booking.person_id)).one()
    held = str(privacy.held(hub, person_id or 0).document())
    assert address.rpartition("/")[2] not in held, "nobody confirms for themselves"


def test_the_head_refuses_and_the_seat_is_free_at_once(
    hub: Hub, page: str, mails: Mailbox, staff: FlaskClient
) -> None:
    client = teacher(hub)
    mine = book(client, page)
    address = link(tell(hub, mails)[SCHOOL])
    head = create_app(hub).test_client()
    wrong = f"{address[:-4]}XXXX"
    foreign = address.replace(mine.rpartition("/")[2], "NICHTDA2")
    for one in (wrong, foreign):
        assert head.get(one).status_code == 410
    assert "abgelehnt" in send(head, address, antwort="nein", grund="Keine Vertretung").text
    assert row(hub).state == "refused"
    assert "0 von 2 belegt" in staff.get("/borken/trainings/").text
    told = tell(hub, mails)["muster@schule.example"].body
    assert "Die Leitung Ihrer Einrichtung hat nicht zugestimmt" in told
    assert "Keine Vertretung" in told
    assert "Keine Vertretung" in client.get(mine).text


def test_the_desk_waits_for_the_head_or_takes_the_paper(
    hub: Hub, page: str, mails: Mailbox, staff: FlaskClient
) -> None:
    client = teacher(hub)
    mine = book(client, page)
    tell(hub, mails)
    desk = f"/borken/verwaltung/buchung/{mine.rpartition('/')[2]}"
    shown = staff.get(desk).text
    assert SCHOOL in shown
    assert 'value="confirmed"' not in shown
    early = send(staff, desk, f"{desk}/schritt", zustand="confirmed")
    assert early.status_code == 409
    assert "noch nicht zugestimmt" in early.text
    for _ in range(MOST - 1):
        assert send(staff, desk, f"{desk}/leitung", leitung="fragen").status_code == 303
    assert send(staff, desk, f"{desk}/leitung", leitung="fragen").status_code == 409
    with hub.db.write() as session:
        session.execute(sa.update(MailedCode).values(expires_at=now() - timedelta(days=1)))
    assert "gilt kein Link" in staff.get(desk).text
    form = staff.get(desk).text
    token = re.search(r'name="csrf_token" value="([^"]+)"', form)
    assert token
    for _ in range(2):
        handed = staff.post(f"{desk}/leitung", data={"csrf_token": token[1], "leitung": "da"})
        assert handed.status_code == 303
    assert row(hub).state == "confirmed"
    old = [link(one) for one in mails.take() if one.to == SCHOOL]
    assert len(old) == MOST - 1
    assert create_app(hub).test_client().get(old[-1]).status_code == 410
    foreign = create_app(hub).test_client()
    log_in(foreign, hub, Role.STAFF, "coesfeld")
    assert foreign.post(f"{desk}/leitung").status_code in (400, 403, 404)


def test_where_the_staff_decide_too_they_are_told_after_the_head(
    hub: Hub, page: str, mails: Mailbox
) -> None:
    with hub.db.write() as session:
        saying.keep_rules(
            session, "borken", "training", "", {"head": True, "approval": True}, "test"
        )
    book(teacher(hub), page)
    address = link(tell(hub, mails)[SCHOOL])
    send(create_app(hub).test_client(), address, antwort="ja")
    assert row(hub).state == "requested"
    assert list(tell(hub, mails)) == [CENTRE]


def test_without_an_address_or_an_institution_the_staff_are_asked(
    hub: Hub, page: str, mails: Mailbox, staff: FlaskClient
) -> None:
    mine = book(teacher(hub, None), page)
    found = tell(hub, mails)
    assert set(found) == {CENTRE, "muster@schule.example"}
    assert "geben Sie ihre" in found["muster@schule.example"].body
    desk = f"/borken/verwaltung/buchung/{mine.rpartition('/')[2]}"
    assert "vorlegen" in staff.get(desk).text
    private = create_app(hub).test_client()
    log_in(private, hub, Role.TEACHER, "borken")
    other = book(private, page)
    assert row(hub).state == "requested", "nobody gets around the head by booking privately"
    assert row(hub).head == ""
    assert "Leitung der Einrichtung" not in private.get(other).text


def test_whoever_waited_is_asked_about_when_they_take_it(
    hub: Hub, page: str, mails: Mailbox
) -> None:
    first, second = teacher(hub), teacher(hub)
    taken = book(first, page)
    with hub.db.write() as session:
        session.execute(sa.text("UPDATE bookable SET capacity = 1"))
    waits = book(second, page, "warten")
    tell(hub, mails)
    send(first, taken, f"{taken}/stornieren")
    assert row(hub).state == "offered"
    send(second, waits, f"{waits}/annehmen")
    assert row(hub).state == "requested"
    found = tell(hub, mails)
    assert SCHOOL in found
    send(create_app(hub).test_client(), link(found[SCHOOL]), antwort="ja")
    assert row(hub).state == "confirmed"


def test_a_link_ends_with_the_booking(hub: Hub, page: str, mails: Mailbox) -> None:
    client = teacher(hub)
    mine = book(client, page)
    address = link(tell(hub, mails)[SCHOOL])
    with hub.db.read() as session:
        until = session.scalars(sa.select(MailedCode.expires_at)).one()
    assert timedelta(0) < until - now() <= LIFE
    send(client, mine, f"{mine}/stornieren")
    head = create_app(hub).test_client()
    assert head.get(address).status_code == 410
    with hub.db.write() as session:
        retention.forget_person(session, row(hub).person_id or 0, now())
    assert head.get(address).status_code == 410
    waiting.run(hub.db, now(), lambda: None)
