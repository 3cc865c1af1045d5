"""A whole login by OpenID Connect: browser, hub, provider; and what an intruder tries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from hub import activations, models
from hub.app import create_app
from hub.runtime import Hub
from plugins.oidc import Oidc
from tests.identities import COOKIE
from tests.pages import SCHOOLS, take_in_schools
from tests.servers import oidc_op
from tests.servers.oidc_op import CLIENT, SECRET, Provider
from tests.sources import Network, Point, network

BEGIN = "/anmelden/borken/oidc/oidc"
LOGOUT = "/borken/oidc/abmelden"


@pytest.fixture
def op() -> Iterator[Provider]:
    with oidc_op.running() as provider:
        provider.claims = {"rolle": "LEHR", "schulkennung": "DE-NW-900001"}
        yield provider


@pytest.fixture
def hub(op: Provider, database_url: str, tmp_path: Any) -> Iterator[Hub]:
    with network(database_url, tmp_path, ["borken", "coesfeld"]) as net:
        with net.hub.db.write() as session:
            for key, ags in (("borken", "05554"), ("coesfeld", "05558")):
                site = session.get_one(models.Site, key)
                site.ags, site.internal_hosts = [ags], ["127.0.0.1"]
        take_in_schools(Network(net.hub, net.plugin), SCHOOLS)
        points = [Point("scripted", net.plugin), Point("oidc", Oidc)]
        settings = replace(net.hub.settings, secret_key="a key for these tests alone")
        with Hub.open(settings, points) as opened:
            config = {
                "profile": "vidis",
                "issuer": op.issuer,
                "client_id": CLIENT,
                "client_secret": SECRET,
            }
            activations.enable(opened, "borken", "oidc", config, actor="test")
            yield opened


@pytest.fixture
def client(hub: Hub) -> FlaskClient:
    return create_app(hub).test_client()


def answer(client: FlaskClient, op: Provider, **changed: str) -> Any:
    began = client.get(f"{BEGIN}?weiter=/zentren")
    assert began.status_code == 303
    parameters = op.authorise(began.headers["Location"], **changed)
    return client.get(f"{BEGIN}/fertig", query_string=parameters)


def roles(hub: Hub) -> list[tuple[str, str]]:
    row = models.Membership
    with hub.db.read() as session:
        return [(one.role, one.school) for one in session.execute(sa.select(row.role, row.school))]


def people(hub: Hub) -> int:
    with hub.db.read() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(models.Person)) or 0


def reasons(hub: Hub) -> list[str]:
    entry = models.AuditEntry
    with hub.db.read() as session:
        rows = session.scalars(sa.select(entry.after).where(entry.action == "login.refuse"))
        return [row["reason"] for row in rows if row]


def is_in(client: FlaskClient) -> bool:
    return client.get("/konto").status_code == 200


def test_a_teacher_logs_in_and_comes_back_to_where_they_were(
    client: FlaskClient, op: Provider, hub: Hub
) -> None:
    done = answer(client, op)
    assert (done.status_code, done.headers["Location"]) == (303, "/zentren")
    assert is_in(client)
    assert roles(hub) == [("teacher", "900001")]
    client.delete_cookie(COOKIE)
    answer(client, op)
    assert people(hub) == 1


def test_a_pupil_leaves_no_trace(client: FlaskClient, op: Provider, hub: Hub) -> None:
    op.claims["rolle"] = "LERN"
    assert answer(client, op).status_code == 303
    assert people(hub) == 0
    with hub.db.read() as session:
        (row,) = session.scalars(sa.select(models.LoginSession))
        assert (row.subject, row.person_id) == ("", None)


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"schulkennung": "DE-NW-900004"}, "serves none of the schools"),
        ({"schulkennung": "DE-NW-900009"}, "serves none of the schools"),
        ({"schulkennung": "DE-NW-900003"}, "serves none of the schools"),
        ({"schulkennung": "DE-BY-900001"}, "no school of the Land NW"),
        ({"nonce": "other"}, "nonce"),
        ({"aud": "other"}, "aud"),
        ({"exp": 1}, "expired"),
    ],
)
def test_who_should_not_be_in_is_out_and_the_admin_knows_why(
    client: FlaskClient, op: Provider, hub: Hub, claims: dict[str, Any], reason: str
) -> None:
    op.claims |= claims
    done = answer(client, op)
    assert done.status_code == 403
    assert reason not in done.text
    assert reason in reasons(hub)[0]
    assert not is_in(client)
    assert people(hub) == 0


def test_of_several_schools_those_of_the_centre_count(
    client: FlaskClient, op: Provider, hub: Hub
) -> None:
    op.claims["schulkennung"] = ["DE-NW-900004", "NW_900002", "900001", "DE-NI-900001"]
    answer(client, op)
    assert sorted(roles(hub)) == [("teacher", "900001"), ("teacher", "900002")]


def test_an_answer_serves_the_browser_that_asked_and_once(
    client: FlaskClient, op: Provider, hub: Hub
) -> None:
    began = client.get(BEGIN)
    parameters = op.authorise(began.headers["Location"])
    victim = create_app(hub).test_client()
    assert victim.get(f"{BEGIN}/fertig", query_string=parameters).status_code == 400
    assert not is_in(victim)
    victim.get(BEGIN)
    assert victim.get(f"{BEGIN}/fertig", query_string=parameters).status_code == 403
    assert not is_in(victim)
    assert client.get(f"{BEGIN}/fertig", query_string=parameters).status_code == 303
    assert client.get(f"{BEGIN}/fertig", query_string=parameters).status_code == 400


def test_a_provider_that_is_down_stops_nobody_else(client: FlaskClient, op: Provider) -> None:
    op.answers["/token"] = lambda handler: handler.say({}, 500)  # type: ignore[attr-defined]
    done = answer(client, op)
    assert done.status_code == 503
    assert "Schul-Login" in done.text
    assert client.get("/zentren").status_code == 200


def test_the_provider_ends_what_it_began(client: FlaskClient, op: Provider, hub: Hub) -> None:
    answer(client, op)
    for wrong in ("", "x.y.z", "9" * 100_000, op.logout_token(aud="other")):
        refused = client.post(LOGOUT, data={"logout_token": wrong})
        assert refused.status_code == 400
    assert client.post(LOGOUT, data={"logout_token": op.logout_token(sub=None, sid="1")})
    assert client.post(LOGOUT, data={"logout_token": op.logout_token(sub="other")})
    assert is_in(client)
    told = client.post(LOGOUT, data={"logout_token": op.logout_token()})
    assert (told.status_code, told.headers["Cache-Control"]) == (200, "no-store")
    assert not is_in(client)
    assert client.get(LOGOUT).status_code == 405
    assert client.post("/coesfeld/oidc/abmelden").status_code == 404
