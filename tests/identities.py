"""People for tests: logged in with a role, without the way through a login page."""

from __future__ import annotations

import re
from typing import Any

from flask.testing import FlaskClient

from hub.identity import people, sessions
from hub.identity.actor import NETWORK_ROLES, Role
from hub.runtime import Hub

COOKIE = "hub"
"""The name of the session's cookie where the hub is served without TLS."""


def person(hub: Hub, role: Role | None, site: str | None = None, name: str = "Erika Muster") -> int:
    """A new person with a role; roles of the network need no site."""
    with hub.db.write() as session:
        made = people.add(session, name=name, email="")
        if role is not None:
            where = None if role in NETWORK_ROLES else site
            people.grant(session, made.id, role, where, by="test")
        return made.id


def log_in(client: FlaskClient, hub: Hub, role: Role | None, site: str | None = None) -> int:
    """Log a new person with this role in; returns their id."""
    number = person(hub, role, site)
    client.set_cookie(COOKIE, token(hub, number))
    return number


def token(hub: Hub, person_id: int) -> str:
    """The token of a new session."""
    with hub.db.write() as session:
        return sessions.begin(session, person_id, agent="Testbrowser", address="203.0.113.77")


def send(client: FlaskClient, page: str, to: str = "", **fields: Any) -> Any:
    """Fill in the form of a page and send it to `to`, or to the page itself."""
    html = client.get(page).text
    found = re.search(r'name="csrf_token" value="([^"]+)"', html)
    assert found, f"{page} has no form"
    return client.post(to or page, data={"csrf_token": found[1], **fields})
