"""Tokens for the API: made and taken back on the page, and all that they open."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask, url_for
from flask.testing import FlaskClient

from hub import models
from hub.app import create_app
from hub.identity import (
    accounts,
    api_tokens,
    mailed_codes,
    password_reset,
    people,
    privacy,
    sessions,
)
from hub.identity.actor import Actor, Held, Role
from hub.jobs.tasks import Context, clean_up
from hub.models.base import now
from hub.runtime import Hub
from tests.hub.web.test_pages import text_of
from tests.identities import COOKIE, log_in, person, send, token
from tests.sources import network

PAGE = "/konto/api"
ME, BOOKINGS = "/api/v1/me", "/api/v1/bookings"
NEEDS_TOKEN = tomllib.loads((Path(__file__).parent / "routes.toml").read_text("utf-8"))["token"]


@pytest.fixture
def hub(database_url: str, tmp_path: Path) -> Iterator[Hub]:
    with network(database_url, tmp_path, ("borken", "coesfeld")) as net:
        yield net.hub


@pytest.fixture
def app(hub: Hub) -> Flask:
    return create_app(hub)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def make(hub: Hub) -> Callable[..., str]:
    """A token of this person for a site."""

    def make(number: int, site: str = "borken", days: int = 30) -> str:
        with hub.db.write() as session:
            row = session.get_one(models.Person, number)
            actor = Actor(number, row.key, row.name, sessions.roles_of(session, number))
            return api_tokens.create(session, actor, site, "Statistik", days)

    return make


def ask(client: FlaskClient, path: str, bearer: str = "", **options: Any) -> Any:
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    return client.get(path, headers=headers, **options)


def book(hub: Hub, reference: str, site: str, person_id: int | None, **values: Any) -> None:
    with hub.db.write() as session:
        session.add(
            models.Booking(
                **{
                    "reference": reference,
                    "site_key": site,
                    "plugin": "lending",
                    "kind": "device",
                    "title": "iPad-Koffer",
                    "state": "confirmed",
                    "starts_at": now(),
                    "ends_at": now() + timedelta(days=2),
                    "quantity": 1,
                    "person_id": person_id,
                    **values,
                }
            )
        )


def references(client: FlaskClient, bearer: str, query: str = "") -> list[str]:
    answer = ask(client, BOOKINGS + query, bearer)
    assert answer.status_code == 200, answer.text
    return [one["reference"] for one in answer.json["items"]]


def test_a_token_is_made_shown_once_and_taken_back(client: FlaskClient, hub: Hub) -> None:
    log_in(client, hub, Role.STAFF, "borken")
    assert PAGE in client.get("/konto").text
    fields = {"name": "Ausleihstatistik", "site": "borken", "days": "90", "scopes": ["desk"]}
    made = send(client, PAGE, **fields)
    assert made.status_code == 201
    found = re.search(r"hub_[\w-]{43}", made.text)
    assert found
    secret = found[0]
    listing = client.get(PAGE).text
    assert "Ausleihstatistik" in listing
    assert secret not in listing
    program = client.application.test_client()
    answer = ask(program, ME, secret)
    assert answer.status_code == 200
    assert answer.json["site"]["key"] == "borken"
    assert answer.json["roles"] == ["staff"]
    assert answer.json["token"]["name"] == "Ausleihstatistik"
    assert answer.json["token"]["scopes"] == ["desk"]
    assert not program.get_cookie(COOKIE)
    assert "nie" not in text_of(client.get(PAGE).text).split("Endet")[1], "its use is noted"
    number = re.search(rf"{PAGE}/(\d+)/zuruecknehmen", listing)
    assert number
    assert send(client, PAGE, number[0]).status_code == 303
    assert ask(program, ME, secret).status_code == 401
    assert send(client, PAGE, number[0]).status_code == 404
    with hub.db.read() as session:
        actions = session.scalars(
            sa.select(models.AuditEntry.action).where(models.AuditEntry.site_key == "borken")
        ).all()
    assert {"token.create", "token.revoke"} <= set(actions)


def test_only_a_hash_is_stored(hub: Hub, make: Callable[..., str]) -> None:
    secret = make(person(hub, Role.STAFF, "borken"))
    with hub.db.read() as session:
        for table in (models.ApiToken, models.AuditEntry):
            assert secret not in str(session.execute(sa.select(table.__table__)).all())


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "", "site": "borken", "days": "30"},
        {"name": "x" * 61, "site": "borken", "days": "30"},
        {"name": "a\0b", "site": "borken", "days": "30"},
        {"name": "x", "site": "coesfeld", "days": "30"},
        {"name": "x", "site": "", "days": "30"},
        {"name": "x", "site": "borken", "days": "36500"},
        {"name": "x", "site": "borken", "days": "²"},
        {},
    ],
)
def test_what_makes_no_sense_makes_no_token(
    client: FlaskClient, hub: Hub, fields: dict[str, str]
) -> None:
    log_in(client, hub, Role.STAFF, "borken")
    assert send(client, PAGE, **fields).status_code == 400
    assert "Sie haben kein Token" in text_of(client.get(PAGE).text)


def test_making_one_needs_a_fresh_proof(client: FlaskClient, hub: Hub) -> None:
    log_in(client, hub, Role.STAFF, "borken")
    with hub.db.write() as session:
        session.execute(sa.update(models.LoginSession).values(proven_at=now() - timedelta(hours=1)))
    answer = send(client, PAGE, name="x", site="borken", days="30")
    assert answer.headers["Location"].startswith("/anmelden")


def test_nobody_has_countless_tokens(
    client: FlaskClient, hub: Hub, make: Callable[..., str]
) -> None:
    number = log_in(client, hub, Role.STAFF, "borken")
    for _ in range(api_tokens.MOST):
        make(number)
    answer = send(client, PAGE, name="x", site="borken", days="30")
    assert answer.status_code == 400
    assert "20 Token" in text_of(answer.text)


def test_nobody_takes_back_what_is_anothers(
    client: FlaskClient, hub: Hub, make: Callable[..., str]
) -> None:
    secret = make(person(hub, Role.STAFF, "borken"))
    log_in(client, hub, Role.SITE_ADMIN, "borken")
    make(log_in(client, hub, Role.STAFF, "borken"))
    with hub.db.read() as session:
        foreign = session.scalars(sa.select(sa.func.min(models.ApiToken.id))).one()
    assert send(client, PAGE, f"{PAGE}/{foreign}/zuruecknehmen").status_code == 404
    assert ask(client, ME, secret).status_code == 200


def test_a_pupil_has_none(client: FlaskClient, hub: Hub) -> None:
    with hub.db.write() as session:
        guest = [Held(Role.PUPIL, "borken", "100012")]
        value = sessions.begin(session, None, agent="", address="", guest=guest)
    client.set_cookie(COOKIE, value)
    assert client.get(PAGE).status_code == 404


# What a token opens, and what not


@pytest.mark.parametrize("endpoint", NEEDS_TOKEN)
def test_without_a_token_nothing_is_told(
    client: FlaskClient, hub: Hub, app: Flask, endpoint: str
) -> None:
    log_in(client, hub, Role.SITE_ADMIN, "borken")
    with app.test_request_context():
        (rule,) = app.url_map.iter_rules(endpoint)
        path = url_for(endpoint, **dict.fromkeys(rule.arguments, "borken"))
    (method,) = set(rule.methods or ()) - {"HEAD", "OPTIONS"}
    answer = client.open(path, method=method, json=None if method == "GET" else {})
    assert answer.status_code == 401, "a browser's cookie is no token"
    assert answer.mimetype == "application/problem+json"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
    assert "invalid_token" not in answer.headers["WWW-Authenticate"]


def test_the_list_of_what_needs_a_token_is_whole(app: Flask, client: FlaskClient) -> None:
    document = client.get("/api/v1/openapi.json").json
    secured = {
        f"api.{one['operationId']}"
        for methods in document["paths"].values()
        for method, one in methods.items()
        if method != "parameters" and "security" in one
    }
    assert secured == set(NEEDS_TOKEN)
    assert document["components"]["securitySchemes"]["token"]["scheme"] == "bearer"


@pytest.mark.parametrize(
    "header",
    ["Bearer", "Bearer ", "Bearer hub_x", "Bearer " + "x" * 5000, "Bearer ä", "BEARER 1"],
)
@pytest.mark.parametrize("path", [ME, "/api/v1/sites"])
def test_a_token_that_does_not_work_is_refused_everywhere(
    client: FlaskClient, header: str, path: str
) -> None:
    answer = client.get(path, headers={"Authorization": header})
    assert answer.status_code == 401
    assert "invalid_token" in answer.headers["WWW-Authenticate"]


def test_another_kind_of_authorization_is_none_of_ours(client: FlaskClient) -> None:
    """A proxy in front of the hub may ask for a password of its own."""
    headers = {"Authorization": "Basic aHViOmh1Yg=="}
    assert client.get("/api/v1/sites", headers=headers).status_code == 200
    assert client.get(ME, headers=headers).status_code == 401


def test_a_token_opens_no_page(client: FlaskClient, hub: Hub, make: Callable[..., str]) -> None:
    secret = make(person(hub, Role.SITE_ADMIN, "borken"))
    for page in ("/konto", "/konto/api", "/borken/verwaltung/personal"):
        assert ask(client, page, secret).status_code == 303


def test_a_token_ends(client: FlaskClient, hub: Hub, make: Callable[..., str]) -> None:
    secret = make(person(hub, Role.STAFF, "borken"))
    with time_machine.travel(now() + timedelta(days=29)):
        assert ask(client, ME, secret).status_code == 200
    with time_machine.travel(now() + timedelta(days=31)):
        assert ask(client, ME, secret).status_code == 401
        clean_up(Context(hub, lambda: None), {})
    with hub.db.read() as session:
        assert session.scalars(sa.select(models.ApiToken)).all() == []


def test_a_role_that_is_taken_back_is_gone_from_the_token(
    client: FlaskClient, hub: Hub, make: Callable[..., str]
) -> None:
    number = person(hub, Role.STAFF, "borken")
    with hub.db.write() as session:
        people.grant(session, number, Role.CITIZEN, "borken", by="test")
    secret = make(number)
    assert ask(client, ME, secret).json["roles"] == ["citizen", "staff"]
    with hub.db.write() as session:
        people.revoke(session, number, Role.STAFF, "borken", by="test")
    assert ask(client, ME, secret).json["roles"] == ["citizen"]
    with hub.db.write() as session:
        people.revoke(session, number, Role.CITIZEN, "borken", by="test")
    assert ask(client, ME, secret).status_code == 401


def test_who_is_erased_asks_no_more(
    client: FlaskClient, hub: Hub, make: Callable[..., str]
) -> None:
    number = person(hub, Role.STAFF, "borken")
    secret = make(number)
    held = str(privacy.held(hub, number).document())
    assert "Statistik" in held
    assert "token_hash" not in held
    privacy.erase(hub, number, by="test")
    assert ask(client, ME, secret).status_code == 401


def test_a_token_reaches_one_site_only(
    client: FlaskClient, hub: Hub, make: Callable[..., str]
) -> None:
    """Whatever else its owner is: staff elsewhere, admin of the network, borrower elsewhere."""
    number = person(hub, Role.TEACHER, "borken")
    with hub.db.write() as session:
        people.grant(session, number, Role.STAFF, "coesfeld", by="test")
        people.grant(session, number, Role.NETWORK_ADMIN, None, by="test")
    other = person(hub, Role.TEACHER, "borken")
    book(hub, "MEINEIN1", "borken", number)
    book(hub, "FREMDES1", "borken", other)
    book(hub, "MEINEIN2", "coesfeld", number)
    book(hub, "FREMDES2", "coesfeld", other)
    here, there = make(number), make(number, "coesfeld")
    assert references(client, here) == ["MEINEIN1"], "a teacher sees what is theirs"
    assert references(client, there) == ["MEINEIN2", "FREMDES2"], "the staff see all"
    assert ask(client, ME, here).json["roles"] == ["teacher"]


def test_bookings_are_told_without_names(
    client: FlaskClient, hub: Hub, make: Callable[..., str]
) -> None:
    secret = make(person(hub, Role.STAFF, "borken"))
    guest = person(hub, Role.TEACHER, "borken", "Geheim Geheimer")
    book(hub, "FREMDES1", "borken", guest, note="Geheime Notiz")
    answer = ask(client, BOOKINGS, secret)
    (one,) = answer.json["items"]
    assert one["kind"] == {"code": "device", "label": "Gerät"}
    assert (one["state"], one["own"]) == ("confirmed", False)
    assert "Geheim" not in answer.text


def test_bookings_come_page_by_page(
    client: FlaskClient, hub: Hub, make: Callable[..., str]
) -> None:
    secret = make(person(hub, Role.STAFF, "borken"))
    for number in range(5):
        state = "returned" if number == 2 else "confirmed"
        book(hub, f"BUCHUNG{number}", "borken", None, state=state)
    found, path = [], f"{BOOKINGS}?limit=2"
    while path:
        answer = ask(client, path, secret).json
        found += [one["reference"] for one in answer["items"]]
        path = (answer["next"] or "").removeprefix("http://127.0.0.1:8000")
    assert found == [f"BUCHUNG{number}" for number in range(5)]
    assert references(client, secret, "?state=returned") == ["BUCHUNG2"]
    assert ask(client, f"{BOOKINGS}?state=lost", secret).status_code == 400


def test_what_a_token_brought_is_for_no_shared_cache(
    client: FlaskClient, hub: Hub, make: Callable[..., str]
) -> None:
    secret = make(person(hub, Role.STAFF, "borken"))
    answer = ask(client, ME, secret)
    assert "private" in answer.headers["Cache-Control"]
    assert "Authorization" in answer.headers["Vary"]
    again = client.get(
        ME,
        headers={"Authorization": f"Bearer {secret}", "If-None-Match": answer.headers["ETag"]},
    )
    assert again.status_code == 304
    assert "private" not in client.get("/api/v1/sites").headers["Cache-Control"]


def test_a_new_password_by_mail_ends_all_tokens(
    client: FlaskClient, hub: Hub, make: Callable[..., str]
) -> None:
    number = person(hub, Role.STAFF, "borken")
    secret = make(number)
    with hub.db.write() as session:
        row = session.get_one(models.Person, number)
        account = accounts.put(session, "borken", row, "ada", "korrekt pferd batterie")
        code = mailed_codes.new(
            session, "reset", "borken", "a@b.example", person_id=number, account_id=account.id
        )
    assert code
    with hub.db.write() as session:
        assert password_reset.reset(session, "borken", code, "ganz anderes langes wort")
    assert ask(client, ME, secret).status_code == 401


def test_a_session_is_no_token(client: FlaskClient, hub: Hub) -> None:
    assert ask(client, ME, token(hub, person(hub, Role.STAFF, "borken"))).status_code == 401
