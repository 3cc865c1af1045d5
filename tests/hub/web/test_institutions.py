"""Institutions and borrowers: what the staff do, what a person does, what nobody else may."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import sqlalchemy as sa
import time_machine
from flask.testing import FlaskClient

from hub import models
from hub.identity import privacy
from hub.identity.actor import Role
from hub.institutions import borrowers
from hub.models.base import now
from tests.hub.web.test_pages import text_of
from tests.identities import log_in, send
from tests.mails import Mailbox
from tests.sources import Network

MINE, STAFF = "/konto/einrichtungen", "/borken/verwaltung/einrichtungen"
DESK = "/borken/verwaltung/entleihende"


def school(net: Network, number: int) -> int:
    with net.hub.db.read() as session:
        row = models.Institution
        found = session.scalar(sa.select(row.id).where(row.school_id == f"DE-NW-{number}"))
    assert found is not None
    return found


def states(net: Network) -> list[tuple[str, str]]:
    with net.hub.db.read() as session:
        rows = session.scalars(sa.select(models.Borrower).order_by(models.Borrower.id))
        return [(row.state, row.verified) for row in rows]


@pytest.fixture
def teacher(client: FlaskClient, net: Network) -> int:
    """Logged in, and registered for a school of Borken."""
    number = log_in(client, net.hub, Role.TEACHER, "borken")
    page = f"{MINE}?q=kranichteich"
    assert "Kranichteich" in client.get(page).text
    done = send(client, page, MINE, institution=school(net, 900001), site="borken")
    assert done.status_code == 303
    return number


def test_a_person_registers_and_the_desk_approves(
    client: FlaskClient, net: Network, teacher: int
) -> None:
    assert "wartet auf das Medienzentrum" in text_of(client.get(MINE).text)
    send(client, f"{MINE}?q=furt", MINE, institution=school(net, 900001), site="borken")
    assert states(net) == [("open", "")], "once is enough"
    log_in(client, net.hub, Role.STAFF, "borken")
    assert "1 Anmeldung wartet" in text_of(client.get(STAFF).text)
    page = f"{STAFF}/{school(net, 900001)}"
    assert "Erika Muster" in client.get(page).text
    assert send(client, page, f"{DESK}/1/freischalten").status_code == 303
    assert states(net) == [("approved", "desk")]
    with net.hub.db.read() as session:
        allowed = borrowers.may_borrow_for(session, teacher, "borken", now().date())
        assert [row.school_id for row in allowed] == ["DE-NW-900001"]
        assert borrowers.may_borrow_for(session, teacher, "coesfeld", now().date()) == []
    assert send(client, page, f"{DESK}/1/sperren", reason="").status_code == 400
    send(client, page, f"{DESK}/1/sperren", reason="Tablet fehlt")
    assert states(net)[0][0] == "suspended"
    assert "gesperrt: Tablet fehlt" in text_of(client.get(page).text)


def test_the_code_goes_to_the_school_by_mail(
    client: FlaskClient, net: Network, teacher: int, tmp_path: Path
) -> None:
    mailbox = Mailbox(net.hub, tmp_path / "mailbox")
    staff = client.application.test_client()
    log_in(staff, net.hub, Role.STAFF, "borken")
    told = send(staff, f"{STAFF}/{school(net, 900001)}", f"{DESK}/1/code").text
    assert "Er ist auch an 900001@schule.nrw.de unterwegs" in text_of(told)
    assert "mailto:" not in told
    held = str(privacy.held(net.hub, teacher).document())
    (mail,) = mailbox.take()
    assert mail.to == "900001@schule.nrw.de"
    assert "Erika Muster möchte" in mail.body
    found = re.search(r"^[A-Z2-9]{10}$", mail.body, re.MULTILINE)
    assert found
    assert found[0] not in held, "who asked must not find it among their own data"
    assert send(client, MINE, f"{MINE}/1/code", code=found[0]).status_code == 303
    assert states(net) == [("approved", "mail")]


def test_the_code_that_went_to_the_school_approves(
    client: FlaskClient, net: Network, teacher: int
) -> None:
    staff = client.application.test_client()
    log_in(staff, net.hub, Role.STAFF, "borken")
    page = f"{STAFF}/{school(net, 900001)}"

    def code() -> str:
        told = send(staff, page, f"{DESK}/1/code").text
        assert "900001@schule.nrw.de" in told
        found = re.search(r"<strong>([A-Z2-9]{10})</strong>", told)
        assert found
        assert found[1] not in staff.get(page).text, "shown once"
        return found[1]

    first = code()
    wrong = send(client, MINE, f"{MINE}/1/code", code="FALSCHFALS")
    assert wrong.status_code == 400
    assert "Dieser Code passt nicht" in text_of(wrong.text)
    assert send(client, MINE, f"{MINE}/1/code", code=first).status_code == 400, "used up"
    second = code()
    with time_machine.travel(now() + borrowers.CODE_LIFE, tick=False), net.hub.db.write() as late:
        row = late.get_one(models.Borrower, 1)
        with pytest.raises(borrowers.BorrowerError):
            borrowers.redeem(late, row, second, by="test")
    third = code().lower()
    assert send(client, MINE, f"{MINE}/1/code", code=f" {third} ").status_code == 303
    assert states(net) == [("approved", "mail")]
    assert "freigeschaltet" in text_of(client.get(MINE).text)


def test_what_belongs_to_others_does_not_exist(
    client: FlaskClient, net: Network, teacher: int
) -> None:
    page = f"{STAFF}/{school(net, 900001)}"
    assert client.get(page).status_code == 404, "a teacher is none of the staff"
    log_in(client, net.hub, Role.TEACHER, "borken")
    assert "Kranichteich" not in client.get(MINE).text
    assert send(client, MINE, f"{MINE}/1/code", code="X").status_code == 404
    log_in(client, net.hub, Role.SITE_ADMIN, "coesfeld")
    for address in (STAFF, page, f"/coesfeld/verwaltung/einrichtungen/{school(net, 900001)}"):
        assert client.get(address).status_code == 404
    for act in ("freischalten", "sperren", "code"):
        answer = send(client, MINE, f"/coesfeld/verwaltung/entleihende/1/{act}", reason="x")
        assert answer.status_code == 404
    assert states(net) == [("open", "")]
    assert "wartet" not in client.get("/coesfeld/verwaltung/einrichtungen").text


@pytest.mark.parametrize(
    ("number", "site"),
    [(900004, "borken"), (900003, "borken"), (900001, "nirgends"), (900005, "borken")],
)
def test_nobody_registers_where_it_is_not_served_or_closed(
    client: FlaskClient, net: Network, number: int, site: str
) -> None:
    log_in(client, net.hub, Role.TEACHER, "borken")
    done = send(client, f"{MINE}?q=x", MINE, institution=school(net, number), site=site)
    assert done.status_code == 400
    assert states(net) == []
    for wrong in ("", "x", "-1", str(2**40)):
        done = send(client, f"{MINE}?q=kranich", MINE, institution=wrong, site="borken")
        assert done.status_code == 400


def test_the_list_of_a_site_is_searched_and_holds_its_own_only(
    client: FlaskClient, net: Network
) -> None:
    log_in(client, net.hub, Role.STAFF, "borken")
    page = client.get(STAFF).text
    assert "Kranichteich" in page
    assert "Windrad" not in page
    assert "Windrad" not in client.get(f"{STAFF}?q=gesamtschule").text
    assert "<script>alert" not in client.get(f"{STAFF}/{school(net, 900002)}").text
    assert client.get(f"{STAFF}/{2**40}").status_code == 404
    assert client.get(f"{STAFF}?nummer=9999999999999999999999&nach=z").status_code == 200


def test_a_kita_without_an_address_gets_no_code(
    client: FlaskClient, net: Network, teacher: int
) -> None:
    with net.hub.db.write() as session:
        row = session.get_one(models.Institution, school(net, 900001))
        row.school_id, row.email = None, ""
        number = row.id
    log_in(client, net.hub, Role.STAFF, "borken")
    answer = send(client, f"{STAFF}/{number}", f"{DESK}/1/code")
    assert answer.status_code == 409
    assert "keine Adresse bekannt" in text_of(answer.text)
