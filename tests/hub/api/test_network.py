"""The network over REST says what its pages say, to whom the pages say it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from hub import models
from hub.identity import api_tokens, sessions
from hub.identity.actor import Actor, Role
from hub.network import demand
from tests.hub.api.test_answers import follow
from tests.hub.web.test_statistics import YEAR, let_flow, rooms
from tests.identities import person
from tests.pages import offer_id
from tests.sources import Network

ROOT = "/api/v1"


def test_the_matrix_equals_the_page(net: Network, client: FlaskClient) -> None:
    answer = client.get(f"{ROOT}/network/matrix?facet=level&kind=medium")
    told = answer.get_json()
    text = client.get("/netz/matrix.csv?nach=level&art=medium").data.decode("utf-8-sig")
    header, *rows = csv.reader(io.StringIO(text), delimiter=";")
    assert [one["value"]["label"] for one in told["columns"]] == header[3:]
    codes = [one["value"]["code"] for one in told["columns"]]
    for row, one in zip(rows, told["rows"], strict=True):
        counts = {cell["code"]: cell["count"] for cell in one["counts"]}
        numbers = [str(counts.get(code, 0)) for code in codes]
        assert [one["site"]["key"], one["site"]["name"], str(one["total"]), *numbers] == row
    again = client.get(
        f"{ROOT}/network/matrix?facet=level&kind=medium",
        headers={"If-None-Match": answer.headers["ETag"]},
    )
    assert again.status_code == 304
    few = client.get(f"{ROOT}/network/matrix?site=borken&site=leer").get_json()
    assert [one["site"]["key"] for one in few["rows"]] == ["borken", "leer"]
    assert few["rows"][1]["counts"] == []
    assert client.get(f"{ROOT}/network/matrix?site=nirgends").status_code == 404
    assert client.get(f"{ROOT}/network/matrix?facet=colour").status_code == 400


def test_the_course_of_time_goes_on_at_next(net: Network, client: FlaskClient) -> None:
    with net.hub.db.write() as session:
        first = session.scalars(sa.select(sa.func.min(models.OfferDay.day))).one()
        session.execute(
            sa.update(models.OfferDay)
            .where(models.OfferDay.site_key == "borken")
            .values(day=first.replace(year=first.year - 1))
        )
    start = first.replace(year=first.year - 1)
    path = f"/network/trend?first={start}&last={first}&limit=100"
    days = [one for page in follow(client, path) for one in page["items"]]
    assert [days[0]["day"], days[-1]["day"]] == [str(start), str(first)]
    assert len({one["day"] for one in days}) == len(days) == (first - start).days + 1
    assert days[0]["sites"] == 1
    assert days[-1]["sites"] == 3
    for wrong in ("first=2026-05-02&last=2026-05-01", "first=0001-01-01", "last=9999-12-31"):
        assert client.get(f"{ROOT}/network/trend?{wrong}").status_code == 400, wrong


def test_sources_are_paged_and_those_without_any_named(net: Network, client: FlaskClient) -> None:
    pages = list(follow(client, "/network/sources?limit=2"))
    assert [len(page["items"]) for page in pages] == [2, 1]
    found = [(one["site"]["key"], one["state"]["code"]) for page in pages for one in page["items"]]
    assert found == [("borken", "current"), ("coesfeld", "current"), ("lvr", "current")]
    assert pages[0]["absent"] == ["leer"]


@pytest.fixture
def bearer(net: Network) -> Callable[..., dict[str, str]]:
    """The header of a new person with this role, whose token is for a site."""

    def make(role: Role, at: str | None, site: str) -> dict[str, str]:
        number = person(net.hub, role, at)
        with net.hub.db.write() as session:
            row = session.get_one(models.Person, number)
            actor = Actor(number, row.key, row.name, sessions.roles_of(session, number))
            token = api_tokens.create(session, actor, site, "Statistik", 30)
        return {"Authorization": f"Bearer {token}"}

    return make


def number(told: Any, figure: str = "rooms") -> int | None:
    (found,) = [one["number"] for one in told["totals"] if one["figure"]["code"] == figure]
    assert isinstance(found, int | None)
    return found


def test_what_enough_persons_ask_for_is_told_to_who_evaluates(
    net: Network, client: FlaskClient, bearer: Callable[..., dict[str, str]]
) -> None:
    people = [person(net.hub, Role.TEACHER, "borken", "Wer") for _ in range(demand.SMALLEST)]
    with net.hub.db.write() as session:
        for one in people:
            demand.report(session, one, offer_id(net, "water"), "borken")
        demand.report(session, people[0], offer_id(net, "expired"), "borken")
    asked = f"{ROOT}/network/demand"
    assert client.get(asked).status_code == 401
    assert client.get(asked, headers=bearer(Role.STAFF, "borken", "borken")).status_code == 404
    told = client.get(asked, headers=bearer(Role.STATE_ANALYST, None, "lvr")).get_json()
    (only,) = told["items"]
    assert (only["persons"], only["centres"], told["withheld"]) == (demand.SMALLEST, 1, 1)
    path = only["links"]["offer"].partition("/api/")[2]
    assert client.get(f"/api/{path}").get_json()["title"] == only["title"]


def test_statistics_are_told_as_far_as_on_the_pages(
    net: Network, app: Flask, client: FlaskClient, bearer: Callable[..., dict[str, str]]
) -> None:
    rooms(net, "borken", 2)
    rooms(net, "coesfeld", 8)
    let_flow(net, "coesfeld")
    staff = bearer(Role.STAFF, "borken", "borken")
    own = client.get(f"{ROOT}/sites/borken/statistics?year={YEAR}", headers=staff)
    assert number(own.get_json()) == 2
    again = {**staff, "If-None-Match": own.headers["ETag"]}
    assert (
        client.get(f"{ROOT}/sites/borken/statistics?year={YEAR}", headers=again).status_code == 304
    )
    (month,) = [one for one in own.get_json()["splits"] if one["split"]["code"] == "month"]
    assert month["parts"][2]["part"]["label"] == f"März {YEAR}"
    english = client.get(
        f"{ROOT}/sites/borken/statistics?year={YEAR}", headers={**staff, "Accept-Language": "en"}
    ).get_json()
    assert english["totals"][0]["figure"]["label"] == "Loans of media"
    for foreign in ("/sites/coesfeld/statistics", "/network/statistics", "/sites/x/statistics"):
        assert client.get(ROOT + foreign, headers=staff).status_code == 404
    analyst = bearer(Role.STATE_ANALYST, None, "lvr")
    told = client.get(f"{ROOT}/network/statistics?year={YEAR}", headers=analyst).get_json()
    assert told["sites"] == ["coesfeld"]
    assert number(told) == 8
    let_flow(net, "borken")
    told = client.get(f"{ROOT}/network/statistics?year={YEAR}", headers=analyst).get_json()
    assert number(told) == 10
    (sites,) = [one for one in told["splits"] if one["split"]["code"] == "site"]
    borken = {one["part"]["code"]: one["figures"] for one in sites["parts"]}["borken"]
    assert [one["number"] for one in borken if one["figure"]["code"] == "rooms"] == [None]
    assert client.get(f"{ROOT}/sites/borken/statistics", headers=analyst).status_code == 404
    assert client.get(f"{ROOT}/network/statistics?year=1", headers=analyst).status_code == 400
    # Who may do everything may with a token only evaluate, and only from a Landesmedienzentrum.
    admin = bearer(Role.NETWORK_ADMIN, None, "lvr")
    assert client.get(f"{ROOT}/network/statistics", headers=admin).status_code == 200
    assert client.get(f"{ROOT}/sites/borken/statistics", headers=admin).status_code == 404
    assert client.get(f"{ROOT}/bookings", headers=admin).get_json()["items"] == []
    with pytest.raises(api_tokens.TokenRefused):
        bearer(Role.STATE_ANALYST, None, "borken")
