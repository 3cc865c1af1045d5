"""Several logins of one person: added while logged in to both, and taken away again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from hub import activations, models
from hub.app import create_app
from hub.identity import accounts, people
from hub.identity.actor import Role
from hub.models.base import now
from hub.records import Claims
from hub.runtime import Hub
from plugins.accounts import Accounts
from tests.hub.identity.test_privacy import Shelf
from tests.hub.web.test_login import AWAY, BACK, PAGE, PASSWORD, Remote
from tests.hub.web.test_pages import text_of
from tests.identities import person, send
from tests.sources import Network, Point

SCHOOL = Claims(
    "https://idp.example", "4711", "Ada Muster", roles=("teacher",), schools=("900004",)
)


@pytest.fixture
def hub(net: Network) -> Iterator[Hub]:
    points = [
        Point("scripted", net.plugin),
        Point("accounts", Accounts),
        Point("remote", Remote),
        Point("shelf", Shelf),
    ]
    with Hub.open(net.hub.settings, points) as opened:
        activations.enable(opened, "borken", "accounts", {}, actor="test")
        activations.enable(opened, "coesfeld", "remote", {}, actor="test")
        activations.enable(opened, "coesfeld", "shelf", {}, actor="test")
        with opened.db.write() as session:
            made = people.add(session, name="Ada Muster", email="ada@schule.example")
            accounts.put(session, "borken", made, "ada", PASSWORD)
            people.grant(session, made.id, Role.STAFF, "borken", by="test")
        before, Remote.answer = Remote.answer, SCHOOL
        yield opened
        Remote.answer = before
    Shelf.held = {}


@pytest.fixture
def client(hub: Hub) -> FlaskClient:
    client = create_app(hub).test_client()
    send(client, PAGE, login="ada", password=PASSWORD)
    return client


def add_school_login(client: FlaskClient) -> str:
    """Add the login of the school as a person does; where that leads."""
    begun = send(client, "/konto", "/konto/anmeldungen")
    assert begun.headers["Location"] == "/anmelden"
    assert "wird dem Konto von Ada Muster hinzugefügt" in text_of(client.get("/anmelden").text)
    client.get(AWAY)
    return client.get(f"{BACK}?code=1").headers["Location"]


def persons(hub: Hub) -> int:
    with hub.db.read() as session:
        return session.scalar(sa.select(sa.func.count(models.Person.id))) or 0


def by_school(hub: Hub) -> FlaskClient:
    other = create_app(hub).test_client()
    other.get(AWAY)
    other.get(f"{BACK}?code=1")
    return other


def test_both_logins_lead_to_the_same_account(hub: Hub, client: FlaskClient) -> None:
    assert add_school_login(client) == "/konto"
    mine = text_of(client.get("/konto").text)
    assert "Lehrkraft, Schule 900004" in mine
    assert "idp.example" in mine
    theirs = text_of(by_school(hub).get("/konto").text)
    assert "Personal des Zentrums" in theirs or "Lokales Konto bei" in theirs
    assert persons(hub) == 1


def test_without_beginning_in_the_account_nothing_is_linked(hub: Hub, client: FlaskClient) -> None:
    client.get(AWAY)
    client.get(f"{BACK}?code=1")
    assert persons(hub) == 2, "an ordinary login replaces the one before"


def test_a_login_that_had_an_account_brings_it_along(hub: Hub, client: FlaskClient) -> None:
    by_school(hub)
    assert persons(hub) == 2
    with hub.db.write() as session:
        other = session.scalars(
            sa.select(models.Identity).where(models.Identity.subject == "4711")
        ).one()
        people.grant(session, other.person_id, Role.SITE_ADMIN, "lvr", by="test")
        people.grant(session, other.person_id, Role.STAFF, "borken", by="test")
    assert add_school_login(client) == "/konto"
    assert persons(hub) == 1
    with hub.db.read() as session:
        held = session.scalars(sa.select(models.Membership)).all()
        assert sorted((row.role, row.site_key) for row in held) == [
            ("site_admin", "lvr"),
            ("staff", "borken"),
            ("teacher", "coesfeld"),
        ]


def test_what_a_plugin_holds_is_not_lost(hub: Hub, client: FlaskClient) -> None:
    by_school(hub)
    with hub.db.read() as session:
        other = session.scalars(
            sa.select(models.Person).join(models.Identity).where(models.Identity.subject == "4711")
        ).one()
    Shelf.held = {other.key: ["Momo"]}
    send(client, "/konto", "/konto/anmeldungen")
    client.get(AWAY)
    answer = client.get(f"{BACK}?code=1")
    assert answer.status_code == 409
    assert "ist bei einem Zentrum noch etwas gespeichert" in text_of(answer.text)
    assert persons(hub) == 2


def test_adding_needs_a_fresh_login(hub: Hub, client: FlaskClient) -> None:
    with hub.db.write() as session:
        session.execute(sa.update(models.LoginSession).values(proven_at=now() - timedelta(hours=1)))
    answer = send(client, "/konto", "/konto/anmeldungen")
    assert answer.headers["Location"] == "/anmelden?weiter=/konto"


def test_a_login_is_removed_but_not_the_last(hub: Hub, client: FlaskClient) -> None:
    add_school_login(client)
    fields = {"issuer": SCHOOL.issuer, "subject": SCHOOL.subject}
    assert send(client, "/konto", "/konto/anmeldungen/entfernen", **fields).status_code == 303
    page = client.get("/konto").text
    assert "Lehrkraft" not in text_of(page), "the roles it brought are gone"
    found = re.search(r'name="subject" value="([^"]+)"', page)
    assert found is None, "the last one has no button"
    with hub.db.read() as session:
        (last,) = session.scalars(sa.select(models.Identity)).all()
    answer = send(
        client, "/konto", "/konto/anmeldungen/entfernen", issuer=last.issuer, subject=last.subject
    )
    assert answer.status_code == 409
    assert send(client, "/konto", "/konto/anmeldungen/entfernen", **fields).status_code == 404


def borrower(hub: Hub, number: int) -> str:
    """Let a person borrow for an institution of Borken; the page of its staff."""
    with hub.db.write() as session:
        school = session.scalars(
            sa.select(models.Institution).where(models.Institution.school_id == "DE-NW-900001")
        ).one()
        session.add(
            models.Borrower(
                site_key="borken", institution_id=school.id, person_id=number, state="approved"
            )
        )
        return f"/borken/verwaltung/einrichtungen/{school.id}"


def desk_code(client: FlaskClient, page: str, number: int = 1) -> str:
    """What the staff see when they ask for a code."""
    done = send(client, page, f"/borken/verwaltung/entleihende/{number}/anmeldung")
    found = re.search(r"<strong>(\w{4}-\w{4}-\w{4})</strong>", done.text)
    return found[1] if found else text_of(done.text)


JOIN = "/konto/anmeldungen/code"


def test_a_code_of_the_desk_joins_two_accounts(hub: Hub, client: FlaskClient) -> None:
    known = person(hub, Role.CITIZEN, "borken", "Bea Borg")
    page = borrower(hub, known)
    earlier, code = desk_code(client, page), desk_code(client, page)
    other = by_school(hub)
    for wrong in ("", "abcd-efgh-ijkl", earlier):
        refused = send(other, "/konto", JOIN, code=wrong)
        assert refused.status_code == 409
        assert "schon benutzt oder zu alt" in text_of(refused.text)
    before = persons(hub)
    joined = send(other, "/konto", JOIN, code=code.upper().replace("-", " "))
    assert (joined.status_code, joined.headers["Location"]) == (303, "/konto")
    assert persons(hub) == before - 1
    mine = text_of(other.get("/konto").text)
    assert "Bea Borg" in mine
    assert "Lehrkraft, Schule 900004" in mine
    assert "idp.example" in mine
    again = text_of(by_school(hub).get("/konto").text)
    assert re.search(r"Bürgerin[^:]*: Medienzentrum \w*\s*Borken", again), (
        "the role of the account that stayed"
    )
    assert persons(hub) == before - 1
    assert send(other, "/konto", JOIN, code=code).status_code == 409


def test_a_code_of_the_desk_gives_nobody_power(hub: Hub, client: FlaskClient) -> None:
    admin = person(hub, Role.SITE_ADMIN, "coesfeld")
    page = borrower(hub, admin)
    assert "im eigenen Konto" in desk_code(client, page), (
        "staff cannot make an admin's login theirs"
    )
    known = person(hub, Role.CITIZEN, "borken")
    page = borrower(hub, known)
    code = desk_code(client, page, 2)
    refused = send(client, "/konto", JOIN, code=code)
    assert (refused.status_code, persons(hub)) == (409, 3), "nor be talked out of their own"
    with hub.db.write() as session:
        session.execute(sa.update(models.DeskCode).values(expires_at=now()))
    assert send(by_school(hub), "/konto", JOIN, code=code).status_code == 409
