"""The licences that a centre's admins enter, for its own area and schools, and those that end."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from hub import models
from hub.booking import dates
from hub.catalogue import grants
from hub.identity.actor import Role
from hub.records import AccessMode, Grant, Identifier, Record, Scope
from tests.hub.web.test_pages import text_of
from tests.identities import log_in, send
from tests.pages import borken, medium, offer_id, take_in
from tests.sources import Network

PAGE = "/borken/verwaltung/lizenzen"
NUMBER = "5511777"
TODAY = datetime.now(UTC).date()


@pytest.fixture
def admin(net: Network, client: FlaskClient) -> FlaskClient:
    log_in(client, net.hub, Role.SITE_ADMIN, "borken")
    return client


@pytest.fixture
def number(net: Network) -> int:
    """A medium that only Coesfeld has."""
    known = (Identifier("medium", NUMBER),)
    film = medium("film", "Moorfilm", access=AccessMode.LICENSED, identifiers=known)
    take_in(net, "coesfeld", [film])
    return offer_id(net, "film")


def entered(net: Network) -> list[tuple[str, str, str]]:
    with net.hub.db.read() as session:
        rows = session.scalars(sa.select(models.EnteredGrant).order_by(models.EnteredGrant.id))
        return [(row.scope, row.value, row.role) for row in rows]


def test_an_admin_licenses_a_medium_for_the_area(
    net: Network, admin: FlaskClient, app: Flask, number: int
) -> None:
    teacher = app.test_client()
    log_in(teacher, net.hub, Role.TEACHER, "borken")
    assert "Für Sie freigeschaltet" not in text_of(teacher.get(f"/angebot/{number}").text)
    assert "noch keine Lizenz eingetragen" in text_of(admin.get(PAGE).text)
    form = {"medium": NUMBER, "reichweite": "site", **dates.fields("bis", TODAY)}
    for _ in range(2):  # a double click
        answer = send(admin, PAGE, PAGE, **form)
        assert answer.status_code == 303
    shown = text_of(admin.get(answer.headers["Location"]).text)
    assert "Die Lizenz ist eingetragen" in shown
    assert re.search(r"Moorfilm Kreislizenz .* gilt ", shown)
    assert entered(net) == [("site", "borken", "")]
    assert "Für Sie freigeschaltet" in text_of(teacher.get(f"/angebot/{number}").text)
    with net.hub.db.read() as session:
        actions = sa.select(models.AuditEntry.action).filter_by(site_key="borken")
        assert "grants.add" in session.scalars(actions).all()


def test_what_was_removed_by_mistake_is_entered_again(
    net: Network, admin: FlaskClient, number: int
) -> None:
    send(admin, PAGE, PAGE, medium=NUMBER, reichweite="school", schule="900001", rolle="lehr")
    assert entered(net) == [("school", "DE-NW-900001", "lehr")]
    assert "Grundschule Am Kranichteich" in text_of(admin.get(PAGE).text)
    with net.hub.db.read() as session:
        (one,) = session.scalars(sa.select(models.EnteredGrant.id))
    answer = send(admin, PAGE, f"{PAGE}/{one}/entfernen")
    assert not entered(net)
    html = admin.get(answer.headers["Location"]).text
    assert "Die Lizenz ist entfernt" in text_of(html)
    assert f'value="{NUMBER}"' in html
    assert 'value="DE-NW-900001"' in html
    second_click = send(admin, PAGE, f"{PAGE}/{one}/entfernen")
    assert second_click.headers["Location"] == PAGE
    send(admin, PAGE, PAGE, medium=NUMBER, reichweite="school", schule="DE-NW-900001", rolle="lehr")
    assert entered(net) == [("school", "DE-NW-900001", "lehr")]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"medium": ""}, "Bitte geben Sie die Mediennummer ein"),
        ({"medium": "5599999"}, "Kein Zentrum bietet ein Medium mit dieser Nummer an"),
        ({"reichweite": "school", "schule": "900004"}, "betreut keine Schule mit dieser Nummer"),
        ({"reichweite": "school", "schule": "x" * 5000}, "betreut keine Schule"),
        ({"bis_tag": "31", "bis_monat": "2", "bis_jahr": "2030"}, "Bitte geben Sie einen Tag"),
        (
            {**dates.fields("von", TODAY), **dates.fields("bis", TODAY - timedelta(days=1))},
            "Der letzte Tag darf nicht vor dem ersten liegen",
        ),
    ],
)
def test_what_cannot_be_a_licence_is_said(
    net: Network, admin: FlaskClient, number: int, given: dict[str, str], told: str
) -> None:
    answer = send(admin, PAGE, PAGE, **{"medium": NUMBER, **given})
    assert answer.status_code == 422
    assert told in text_of(answer.text)
    assert not entered(net)


def test_a_centre_removes_only_what_is_its_own(
    net: Network, admin: FlaskClient, number: int
) -> None:
    with net.hub.db.write() as session:
        others = grants.enter(session, NUMBER, Scope.SITE, "coesfeld", actor="test")
        land = grants.enter(session, NUMBER, Scope.LAND, "NRW", actor="test")
    for one in (others, land, 2**31):
        assert send(admin, PAGE, f"{PAGE}/{one}/entfernen").status_code == 404
    assert len(entered(net)) == 2
    assert "Moorfilm" not in text_of(admin.get(PAGE).text)
    assert admin.get("/coesfeld/verwaltung/lizenzen").status_code == 404


def test_a_long_list_goes_on(
    net: Network, admin: FlaskClient, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.web.licences.PER_PAGE", 1)
    for role in ("lehr", "lern"):
        send(admin, PAGE, PAGE, medium=NUMBER, rolle=role)
    first = admin.get(PAGE).text
    assert "nur für Lernende" in text_of(first)
    assert "nur für Lehrkräfte" not in text_of(first)
    with net.hub.db.read() as session:
        latest = session.scalar(sa.select(sa.func.max(models.EnteredGrant.id)))
    assert f"{PAGE}?vor={latest}" in first
    assert "nur für Lehrkräfte" in text_of(admin.get(f"{PAGE}?vor={latest}").text)


def test_what_ends_soon_is_listed_with_its_use(net: Network, admin: FlaskClient) -> None:
    def ends(name: str, *days: int | None) -> Record:
        terms = tuple(
            Grant(
                Scope.SITE,
                "borken",
                TODAY - timedelta(days=100 + n),
                day and TODAY + timedelta(day),
            )
            for n, day in enumerate(days)
        )
        known = (Identifier("medium", f"551180{len(name)}"),)
        return medium(
            name, f"Film {name}", access=AccessMode.LICENSED, grants=terms, identifiers=known
        )

    take_in(
        net,
        "borken",
        [
            *borken(TODAY),
            ends("bald", 30),
            ends("spaet", 300),
            ends("weiter", 30, 900),
            ends("endlos", 30, None),
            ends("entered", 30),
            ends("vorbei", -3),
        ],
    )
    with net.hub.db.write() as session:
        session.add(models.OfferUse(day=TODAY, offer_id=offer_id(net, "bald"), count=17))
    send(admin, PAGE, PAGE, medium="5511807")
    soon = text_of(admin.get(f"{PAGE}/enden").text)
    assert re.search(r"Film bald .{5,20} 17 ", soon)
    for name in ("spaet", "weiter", "endlos", "entered", "vorbei"):
        assert f"Film {name}" not in soon
    later = admin.get(f"{PAGE}/enden?monate=12").text
    assert text_of(later).index("Film bald") < text_of(later).index("Film spaet")
    table = admin.get(f"{PAGE}/enden.csv?monate=12").text
    last = (TODAY + timedelta(days=29)).isoformat()
    assert f"Film bald;{last};17;" in table
    assert admin.get(f"{PAGE}/enden?monate=7").status_code == 404
    assert admin.get(f"{PAGE}/enden.exe").status_code == 404
