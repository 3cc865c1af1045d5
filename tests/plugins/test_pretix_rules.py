"""The rules of a centre hold for what pretix keeps too: when it is booked and when it is moved."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from connectors.standins.pretix_server import Books
from hub.app import create_app
from hub.booking import announce
from hub.identity.actor import Role
from hub.institutions import borrowers
from hub.models import BookingRules, Borrower, Institution, Person
from tests.bookings import SITE, bookings
from tests.hub.web.test_booking import CONTACT, book, page
from tests.hub.web.test_pages import text_of
from tests.identities import log_in, send
from tests.mails import Mailbox, Received
from tests.plugins.test_pretix_moves import (
    HERE,
    THERE,
    books,
    change,
    later,
    net,
    number,
    server,
    taken,
)
from tests.sources import Network

__all__ = ["books", "net", "server"]

SCHOOL = "900123@schule.nrw.de"


@pytest.fixture
def client(net: Network) -> FlaskClient:
    """A teacher who may book for a school."""
    made = create_app(net.hub).test_client()
    who = log_in(made, net.hub, Role.TEACHER, SITE)
    with net.hub.db.write() as session:
        school = Institution(
            kind="school",
            school_id="DE-NW-900123",
            listed=False,
            name="Schule am Ring",
            search_text="",
        )
        session.add(school)
        session.flush()
        session.add(
            Borrower(site_key=SITE, institution_id=school.id, person_id=who, state="approved")
        )
    return made


def rule(net: Network, borrower: str = "", **said: Any) -> None:
    """What the centre says about trainings from now on."""
    with net.hub.db.write() as session:
        session.merge(
            BookingRules(site_key=SITE, kind="training", borrower=borrower, overrides=said)
        )


def suspend(net: Network) -> None:
    with net.hub.db.write() as session:
        row = session.scalars(sa.select(Borrower)).one()
        borrowers.suspend(session, row, "Zwei Geräte fehlen noch.", by="test")


def school(net: Network) -> str:
    with net.hub.db.read() as session:
        return str(session.scalars(sa.select(Institution.id)).one())


def try_to_book(net: Network, client: FlaskClient, seats: int = 1, source_id: str = HERE) -> str:
    """Both pages, in the name of the school; returns what is read at the end."""
    typed = {"anzahl": str(seats), "weiter": "1", "einrichtung": school(net)}
    first = page(client, number(net, source_id), typed)
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', first.text))
    entries = {**hidden, **CONTACT, "einrichtung": school(net), "anzahl": str(seats)}
    answer = client.post(f"/angebot/{number(net, source_id)}/buchen", data=entries)
    return text_of(answer.text)


def booked(net: Network, client: FlaskClient) -> str:
    typed = {"anzahl": "1", "weiter": "1", "einrichtung": school(net)}
    answer = book(client, number(net, HERE), typed, einrichtung=school(net))
    assert answer.status_code == 303, text_of(answer.text)
    return str(answer.headers["Location"].partition("?")[0])


RULES = [
    ({"most": 1}, "", 2, "nur eins ausgeliehen"),
    ({"lead": 200}, "", 1, "200 Öffnungstage"),
    ({"furthest": 20}, "", 1, "20 Tage im Voraus"),
    ({"allowed": False}, "school", 1, "nicht"),
    ({"most_open": 0}, "", 1, "offene Buchungen"),
]


@pytest.mark.parametrize(("said", "borrower", "seats", "told"), RULES)
def test_a_rule_says_no_when_it_is_booked(
    net: Network,
    client: FlaskClient,
    books: Books,
    said: dict[str, Any],
    borrower: str,
    seats: int,
    told: str,
) -> None:
    rule(net, borrower, **said)
    assert told in try_to_book(net, client, seats)
    assert taken(books) == {}
    assert bookings(net) == []


@pytest.mark.parametrize(("said", "borrower", "seats", "told"), RULES)
def test_a_rule_says_no_when_it_is_moved(
    net: Network,
    client: FlaskClient,
    books: Books,
    said: dict[str, Any],
    borrower: str,
    seats: int,
    told: str,
) -> None:
    mine = booked(net, client)
    rule(net, borrower, **said)
    answer = change(net, client, mine, THERE, seats)
    assert answer.status_code == 422
    assert told in text_of(answer.text)
    assert taken(books) == {11: 1}


def test_who_is_suspended_neither_books_nor_moves_but_may_take_fewer(
    net: Network, client: FlaskClient, books: Books
) -> None:
    mine = booked(net, client)
    assert change(net, client, mine, HERE, 2).status_code == 303
    suspend(net)
    assert "Zwei Geräte fehlen noch" in text_of(change(net, client, mine, THERE, 2).text)
    assert taken(books) == {11: 2}
    assert change(net, client, mine, HERE, 1).status_code == 303
    assert taken(books) == {11: 1}
    typed = {"anzahl": "1", "weiter": "1", "einrichtung": school(net)}
    refused = client.post(f"/angebot/{number(net, THERE)}/buchen", data={**typed, **CONTACT})
    assert refused.status_code != 303
    assert taken(books) == {11: 1}


def test_another_time_than_that_of_the_course_is_not_taken_for_it(
    net: Network, client: FlaskClient, books: Books
) -> None:
    """By a form made by hand: the time is that of the date, whatever was typed."""
    mine = booked(net, client)
    before = bookings(net)[0].starts_at
    send(client, f"{mine}/aendern", f"{mine}/aendern", anzahl="1", von="9:00", bis="10:00")
    assert bookings(net)[0].starts_at == before


# The head of the school


@pytest.fixture
def mails(net: Network, tmp_path: Path) -> Mailbox:
    folder = tmp_path / "mails"
    folder.mkdir()
    return Mailbox(net.hub, folder)


def tell(net: Network, mails: Mailbox) -> dict[str, Received]:
    announce.announce(net.hub, lambda: None)
    return {one.to: one for one in mails.take()}


def test_while_the_head_is_asked_nothing_is_said_to_be_reserved(
    net: Network, client: FlaskClient, books: Books, mails: Mailbox
) -> None:
    rule(net, head=True)
    mine = booked(net, client)
    assert taken(books) == {}
    assert "Vorgemerkt ist noch nichts" in text_of(client.get(mine).text)
    found = tell(net, mails)
    assert "Vorgemerkt ist bis dahin nichts" in found[SCHOOL].body
    (own,) = (one for to, one in found.items() if to != SCHOOL)
    assert "Vorgemerkt ist auch nichts" in own.body
    address = re.search(r"/bestaetigung/\S+", found[SCHOOL].body)
    assert address
    head = create_app(net.hub).test_client()
    assert "Vorgemerkt ist noch nichts" in text_of(head.get(address[0]).text)
    send(head, address[0], address[0], antwort="ja")
    later(net)
    assert taken(books) == {11: 1}
    shown = text_of(client.get(mine).text)
    assert "Vorgemerkt" not in shown
    assert bookings(net)[0].state == "confirmed"
    told = text_of(change(net, client, mine, THERE, 1).text)
    assert "bestätigt jeden Termin neu" in told
    assert taken(books) == {11: 1}


def test_a_seat_that_is_gone_when_the_head_agrees_is_refused_with_the_reason(
    net: Network, client: FlaskClient, books: Books, mails: Mailbox
) -> None:
    rule(net, head=True)
    mine = booked(net, client)
    address = re.search(r"/bestaetigung/\S+", tell(net, mails)[SCHOOL].body)
    assert address
    books.events["kurse"]["quotas"][0]["size"] = 0
    send(create_app(net.hub).test_client(), address[0], address[0], antwort="ja")
    later(net)
    assert bookings(net)[0].state == "refused"
    shown = text_of(client.get(mine).text)
    assert "So viele Plätze sind nicht mehr frei." in shown
    assert "Vorgemerkt" not in shown
    (letter,) = tell(net, mails).values()
    assert "So viele Plätze sind nicht mehr frei." in letter.body
    with net.hub.db.read() as session:
        assert session.scalars(sa.select(Person.id)).one() == bookings(net)[0].person_id
