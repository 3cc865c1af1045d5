"""Every address against every role: who is let in stands in `routes.toml` and nowhere else."""

from __future__ import annotations

import tomllib
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from hub.app import create_app
from hub.identity.actor import NETWORK_ROLES, Actor, Held, Role
from hub.identity.permissions import ACTIONS, can
from hub.web import csrf
from tests.hub.web.test_security import Paged
from tests.identities import log_in
from tests.sources import Network

ROUTES = tomllib.loads((Path(__file__).parent / "routes.toml").read_text("utf-8"))
PERMISSIONS: dict[str, str] = ROUTES["permission"]
LISTED = [*ROUTES["public"], *ROUTES["login"], *PERMISSIONS]
VALUES = {
    "site": "borken",
    "number": 999_999,
    "year": 2020,
    "offer_id": 999_999,
    "reference": "NICHTDA2",
    "token": "nichts",
    "plugin": "nothing",
    "form": "csv",
    "field": "subject",
}
ROLES: list[tuple[Role | None, str | None]] = [
    (None, None),
    *((role, "borken") for role in Role),
    (Role.SITE_ADMIN, "coesfeld"),
]


def rules(app: Flask) -> list[Rule]:
    return list(app.url_map.iter_rules())


def rule_of(app: Flask, endpoint: str) -> tuple[str, str]:
    """An address of the endpoint at Borken, and a method that it knows."""
    rule = next(rule for rule in rules(app) if rule.endpoint == endpoint)
    values = {name: VALUES[name] for name in rule.arguments}
    method = "POST" if "GET" not in (rule.methods or ()) else "GET"
    with app.test_request_context():
        from flask import url_for

        return url_for(endpoint, **values), method


def test_every_address_says_for_whom_it_is(app: Flask) -> None:
    endpoints = {one.endpoint for one in rules(app) if not one.endpoint.startswith("plugin_")}
    unlisted = {one for one in endpoints if not any(fnmatch(one, name) for name in LISTED)}
    assert not unlisted, "name them in routes.toml"
    stale = {name for name in LISTED if not any(fnmatch(one, name) for one in endpoints)}
    assert not stale, "these no longer exist"
    assert set(PERMISSIONS.values()) <= ACTIONS


def test_every_page_of_a_bundled_plugin_says_for_whom_it_is(app: Flask) -> None:
    views = {name: one for name, one in app.view_functions.items() if name.startswith("plugin_")}
    assert views
    for name, view in views.items():
        if not getattr(view, "hub_public", False):
            assert getattr(view, "hub_permission", None) in ACTIONS, name


def ask(client: FlaskClient, address: str, method: str) -> Any:
    with client.application.test_request_context():
        token = csrf.token()
    fields = {csrf.FIELD: token} if method == "POST" else None
    return client.open(address, method=method, data=fields)


def test_nobody_in_particular_is_asked_to_log_in(app: Flask) -> None:
    client = app.test_client()
    for endpoint in (*ROUTES["login"], *PERMISSIONS):
        address, method = rule_of(app, endpoint)
        answer = ask(client, address, method)
        assert answer.status_code == 303, endpoint
        assert answer.headers["Location"].startswith("/anmelden"), endpoint


@pytest.mark.parametrize("endpoint", PERMISSIONS)
def test_only_who_has_the_permission_there_is_let_in(
    app: Flask, net: Network, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hub.web import login

    address, method = rule_of(app, endpoint)
    # An address without a site is for everybody who has the permission anywhere; such a view
    # looks at the rows themselves.
    where = "borken" if address.startswith("/borken/") else None
    # Who passes the guard meets what the view itself says of an empty form or an unknown number.
    passed = []
    demand = login.demand

    def watch(action: str, thing: object = None) -> Actor:
        actor = demand(action, thing)
        assert action == PERMISSIONS[endpoint]
        passed.append(action)
        return actor

    monkeypatch.setattr(login, "demand", watch)
    if method == "POST":
        monkeypatch.setattr(csrf, "_bound_to", lambda: 0)
    for role, site in ROLES:
        client = app.test_client()
        log_in(client, net.hub, role, site)
        held = () if role is None else (Held(role, None if role in NETWORK_ROLES else site),)
        allowed = can(Actor(1, "x", "", held), PERMISSIONS[endpoint], where)
        passed.clear()
        answer = ask(client, address, method)
        assert bool(passed) == allowed, (role, site)
        if not allowed:
            assert answer.status_code == 404, "a foreign row does not exist"


def test_plugin_pages_demand_a_login(net: Network) -> None:
    from hub import activations
    from hub.runtime import Hub
    from tests.sources import Point

    entry_points = [Point("scripted", net.plugin), Point("paged", Paged)]
    with Hub.open(net.hub.settings, entry_points) as hub:
        activations.enable(hub, "borken", "paged", {}, actor="test")
        client = create_app(hub).test_client()
        answer = client.get("/borken/paged/intern")
        assert answer.headers["Location"].startswith("/anmelden?weiter=")
        log_in(client, hub, None)
        assert client.get("/borken/paged/intern").text == "secret"
