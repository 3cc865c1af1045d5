"""“Bedarf melden”: once per person and work, to the centre without names, summed up."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from hub import models
from hub.identity.actor import Role
from hub.network import demand
from hub.records import AccessMode, Grant, Identifier, Scope
from tests.hub.web.test_pages import text_of
from tests.identities import COOKIE, log_in, person, send, token
from tests.pages import borken, medium, offer_id, take_in
from tests.sources import Network


@pytest.fixture
def teacher(net: Network, client: FlaskClient) -> FlaskClient:
    """A teacher of Coesfeld, for whom Borken's licences do not count."""
    log_in(client, net.hub, Role.TEACHER, "coesfeld")
    return client


def wishes(net: Network) -> list[tuple[int, str]]:
    with net.hub.db.read() as session:
        return [(row.offer_id, row.site_key) for row in session.scalars(sa.select(models.Wish))]


def lacking(net: Network) -> int:
    """A medium that only Borken has licensed and nobody lends."""
    only = medium("only", "Nur in Borken", access=AccessMode.LICENSED)
    take_in(net, "borken", [*borken(datetime.now(UTC).date()), only])
    return offer_id(net, "only")


def test_a_need_is_reported_once_and_taken_back(net: Network, teacher: FlaskClient) -> None:
    number = lacking(net)
    page = f"/angebot/{number}"
    assert "Bedarf melden" in text_of(teacher.get(page).text)
    action = f"/coesfeld/bedarf/{number}"
    assert f'action="{action}"' in teacher.get(page).text
    html = teacher.get(page).text
    answers = []
    for _ in range(2):  # a double click sends the same form twice
        found = re.search(r'name="csrf_token" value="([^"]+)"', html)
        assert found
        answers.append(teacher.post(action, data={"csrf_token": found[1]}))
    assert [one.status_code for one in answers] == [303, 303]
    assert answers[0].headers["Location"] == f"{page}#bedarf"
    assert wishes(net) == [(number, "coesfeld")]
    shown = text_of(teacher.get(page).text)
    assert "Ihr Bedarf ist gemeldet: Medienzentrum Kreis Coesfeld" in shown
    assert "Bedarf melden" not in shown
    assert "Nur in Borken" in text_of(teacher.get("/mein-bedarf").text)
    for _ in range(2):
        answer = send(teacher, page, f"/mein-bedarf/{number}/zuruecknehmen")
        assert answer.status_code == 303
    assert not wishes(net)
    assert "Sie haben keinen Bedarf gemeldet" in text_of(teacher.get("/mein-bedarf").text)


def test_without_login_the_way_leads_there_and_back(net: Network, client: FlaskClient) -> None:
    number = lacking(net)
    html = client.get(f"/angebot/{number}").text
    assert f'href="/anmelden?weiter=/angebot/{number}"' in html
    assert client.post(f"/coesfeld/bedarf/{number}").status_code == 400, "no token"
    assert not wishes(net)


def test_no_need_where_there_is_a_licence(net: Network, client: FlaskClient) -> None:
    number = lacking(net)
    log_in(client, net.hub, Role.TEACHER, "borken")
    assert "Bedarf melden" not in text_of(client.get(f"/angebot/{number}").text)
    assert 'id="bedarf"' not in client.get(f"/angebot/{offer_id(net, 'tablets')}").text


def test_a_need_is_for_a_work_whichever_offer_is_shown(net: Network, teacher: FlaskClient) -> None:
    number = (Identifier("medium", "5511999"),)
    own = (Grant(Scope.SITE, "borken"),)
    twin = medium("t", "Zwilling", access=AccessMode.LICENSED, identifiers=number, grants=own)
    take_in(net, "borken", [*borken(datetime.now(UTC).date()), twin])
    take_in(net, "lvr", [replace(twin, source_id="u")])
    first, second = offer_id(net, "t"), offer_id(net, "u")
    send(teacher, f"/angebot/{first}", f"/coesfeld/bedarf/{first}")
    assert "Ihr Bedarf ist gemeldet" in text_of(teacher.get(f"/angebot/{second}").text)
    with net.hub.db.read() as session:
        (who,) = session.scalars(sa.select(models.Wish.person_id))
    with net.hub.db.write() as session:
        assert not demand.report(session, who, second, "coesfeld")
        assert demand.withdraw(session, who, second)
    assert not wishes(net)


def test_the_centre_sees_numbers_and_no_names(net: Network, app: Flask) -> None:
    number = lacking(net)
    people = [person(net.hub, Role.TEACHER, "coesfeld", f"Geheim {n}") for n in range(3)]
    other = person(net.hub, Role.TEACHER, "lvr", "Geheim 4")
    with net.hub.db.write() as session:
        for one in people:
            assert demand.report(session, one, number, "coesfeld")
        assert demand.report(session, other, number, "lvr")
    client = app.test_client()
    log_in(client, net.hub, Role.STAFF, "coesfeld")
    html = client.get("/coesfeld/verwaltung/bedarf").text
    assert "Nur in Borken 3" in text_of(html)
    assert "Geheim" not in html
    table = client.get("/coesfeld/verwaltung/bedarf.csv").data.decode("utf-8-sig").splitlines()
    assert table[0].startswith("Medium;Personen;")
    assert table[1].startswith("Nur in Borken;3;1;")
    assert client.get("/coesfeld/verwaltung/bedarf.xlsx").data[:2] == b"PK"
    assert client.get("/lvr/verwaltung/bedarf").status_code == 404
    teacher = app.test_client()
    teacher.set_cookie(COOKIE, token(net.hub, people[0]))
    assert teacher.get("/coesfeld/verwaltung/bedarf").status_code == 404


def test_the_network_names_nothing_that_few_ask_for(net: Network, app: Flask) -> None:
    number, rare = lacking(net), offer_id(net, "water")
    with net.hub.db.read() as session:
        assert demand.sums(session, sa.true()) == demand.Sums((), 0)
    people = [person(net.hub, Role.TEACHER, site, "Wer") for site in ("borken", "coesfeld") * 3][
        : demand.SMALLEST
    ]
    with net.hub.db.write() as session:
        for n, one in enumerate(people):
            demand.report(session, one, number, ("borken", "coesfeld")[n % 2])
        for one in people[1:]:
            demand.report(session, one, rare, "borken")
    client = app.test_client()
    log_in(client, net.hub, Role.STATE_ANALYST)
    shown = text_of(client.get("/netz/bedarf").text)
    assert f"Nur in Borken {demand.SMALLEST} 2" in shown
    assert "Wasserkreislauf" not in shown
    assert "1 Medium wird von weniger Personen gewünscht." in shown
    assert "Wasserkreislauf" not in client.get("/netz/bedarf.csv").text
    assert app.test_client().get("/netz/bedarf").status_code == 303


def test_wishes_go_with_the_person(net: Network) -> None:
    number = lacking(net)
    who = person(net.hub, Role.TEACHER, "coesfeld")
    with net.hub.db.write() as session:
        demand.report(session, who, number, "coesfeld")
    with net.hub.db.write() as session:
        session.delete(session.get_one(models.Person, who))
    assert not wishes(net)


def test_one_person_cannot_fill_the_list(net: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demand, "MOST_OF_ONE", 1)
    who = person(net.hub, Role.TEACHER, "coesfeld")
    with net.hub.db.write() as session:
        assert demand.report(session, who, offer_id(net, "water"), "coesfeld")
        with pytest.raises(demand.TooMany):
            demand.report(session, who, offer_id(net, "expired"), "coesfeld")
