"""Nothing of a site's persons reaches anybody of another site, whatever is asked for.

Every private field of Coesfeld holds a mark of its own. People of Borken then walk through all
addresses of the hub, by any method, with any number, and no byte of an answer or of the log may
hold a mark. What must be so for the proof to be worth something is tested as well: marks do show
where they may, and taking the filter out is noticed.
"""

from __future__ import annotations

import itertools
import logging
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask, url_for
from flask.testing import FlaskClient
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy.orm import Session

from hub.identity import people
from hub.identity.actor import Actor, Held, Role
from hub.identity.permissions import visible
from hub.models import Base, LoginSession, Membership, Person
from hub.models.base import UtcDateTime, now
from hub.runtime import Hub
from hub.secrets import Keyring
from hub.web import context, csrf
from tests import scoping
from tests.identities import COOKIE, person, token
from tests.sources import Network

HERE, THERE = "borken", "coesfeld"
MARK = "kanarienvogel"
WHO = [None, *(role for role in Role if role is not Role.NETWORK_ADMIN)]
"""Whose walks are watched; the admin of the network may see everything."""

_numbers = itertools.count()


def plant(session: Session, table: sa.Table, given: dict[str, Any] | None = None) -> dict[str, Any]:
    """A row of Coesfeld in this table, with marks in every text; what it refers to comes along,
    and is the same person's."""
    row: dict[str, Any] = dict(given or {})
    for column in table.c:
        if column.name in row or (column.primary_key and column.autoincrement is True):
            continue
        if column.name == "site_key":
            row[column.name] = THERE
        elif column.foreign_keys:
            (key,) = column.foreign_keys
            if key.column.table is table or column.nullable:
                continue
            referred = key.column.table
            whose = {"person_id": row["person_id"]} if "person_id" in row else {}
            own = whose if "person_id" in referred.c else None
            row[column.name] = plant(session, referred, own)[key.column.name]
        elif isinstance(column.type, sa.Integer) and column.primary_key:
            continue
        else:
            row[column.name] = _value(column)
    done = session.execute(sa.insert(table).values(row).returning(*table.primary_key)).one()
    return {**row, **done._mapping}


def _value(column: sa.Column[Any]) -> Any:
    kind = column.type
    if isinstance(kind, sa.Text | sa.String):
        return f"{MARK}-{next(_numbers)}"
    if isinstance(kind, sa.JSON):
        return {MARK: f"{MARK}-{next(_numbers)}"}
    if isinstance(kind, sa.Boolean):
        return True
    if isinstance(kind, UtcDateTime):
        return now()
    if isinstance(kind, sa.Date):
        return date(2027, 1, 31)
    if isinstance(kind, sa.LargeBinary):
        return f"{MARK}-{next(_numbers)}".encode()
    return next(_numbers) + 1


def plant_everywhere(hub: Hub) -> int:
    """One row in each private table, all of one person of Coesfeld, who is staff there."""
    number = person(hub, Role.SITE_ADMIN, THERE, name=f"{MARK} Name")
    with hub.db.write() as session:
        session.execute(sa.update(Person).where(Person.id == number).values(email=f"{MARK}@x.test"))
        for name in sorted(scoping.private() - {"person"}):
            table = Base.metadata.tables[name]
            plant(session, table, {"person_id": number} if "person_id" in table.c else None)
    return number


def ask(client: FlaskClient, endpoint: str, values: dict[str, Any], method: str) -> Any:
    with client.application.test_request_context():
        address = url_for(endpoint, **values)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csrf, "_bound_to", lambda: 0)
        with client.application.test_request_context():
            fields = {csrf.FIELD: csrf.token()}
        return client.open(address, method=method, data=fields if method == "POST" else None)


@pytest.fixture(autouse=True)
def _key(net: Network) -> None:
    """Secrets can be stored: a refusal for want of a key would hide what is behind it."""
    net.hub.keyring = Keyring("a key for the tests of isolation")


def test_every_private_table_is_marked(app: Flask, net: Network) -> None:
    plant_everywhere(net.hub)
    with net.hub.db.read() as session:
        for name in scoping.private():
            table = Base.metadata.tables[name]
            rows = session.execute(sa.select(table)).all()
            assert rows, name
            own = [column.type for column in table.c if not column.foreign_keys]
            if any(isinstance(kind, sa.String | sa.JSON) for kind in own):
                assert any(MARK in str(tuple(row)) for row in rows), name


def test_marks_show_where_they_may(app: Flask, net: Network) -> None:
    plant_everywhere(net.hub)
    client = app.test_client()
    client.set_cookie(COOKIE, token(net.hub, person(net.hub, Role.SITE_ADMIN, THERE)))
    page = ask(client, "staff.listing", {"site": THERE}, "GET")
    assert f"{MARK} Name" in page.text


class Walk(RuleBasedStateMachine):
    """People of Borken, and strangers, try every door."""

    app: Flask
    net: Network
    number: int

    def __init__(self) -> None:
        super().__init__()
        self.clients: dict[Role | None, FlaskClient] = {}
        self.seen: list[bytes] = []
        self.rules = sorted(
            (one for one in self.app.url_map.iter_rules() if one.endpoint != "static"),
            key=lambda one: (one.endpoint, one.rule),
        )

    def client(self, role: Role | None) -> FlaskClient:
        if role not in self.clients:
            client = self.app.test_client()
            if role is not None:
                client.set_cookie(COOKIE, token(self.net.hub, person(self.net.hub, role, HERE)))
            self.clients[role] = client
        return self.clients[role]

    @rule(
        role=st.sampled_from(WHO),
        choice=st.integers(0, 10_000),
        site=st.sampled_from((HERE, THERE)),
        post=st.booleans(),
        foreign=st.booleans(),
    )
    def try_a_door(
        self, role: Role | None, choice: int, site: str, post: bool, foreign: bool
    ) -> None:
        one = self.rules[choice % len(self.rules)]
        number = self.number if foreign else 1
        values: dict[str, Any] = {
            name: site if name == "site" else number for name in one.arguments
        }
        method = "POST" if post and "POST" in (one.methods or ()) else "GET"
        self._look(ask(self.client(role), one.endpoint, values, method))

    @rule(role=st.sampled_from(WHO), letters=st.integers(4, len(MARK) - 1))
    def search_for_it(self, role: Role | None, letters: int) -> None:
        """By its beginning only: what was asked for is repeated, what it found must not be."""
        for address in ("/suche", "/api/v1/search", "/api/v1/suggest", "/vorschlaege", "/zentren"):
            self._look(self.client(role).get(address, query_string={"q": MARK[:letters]}))

    def _look(self, answer: Any) -> None:
        self.seen.append(answer.data + str(answer.headers).encode())

    @invariant()
    def no_mark_was_seen(self) -> None:
        for seen in self.seen:
            assert MARK.encode() not in seen, seen[:2000]
        self.seen.clear()


def test_nobody_of_one_site_sees_anything_of_another(
    app: Flask, net: Network, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    number = plant_everywhere(net.hub)
    machine = type("Walk", (Walk,), {"app": app, "net": net, "number": number})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=6,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert MARK not in caplog.text
    printed = capsys.readouterr()
    assert MARK not in printed.out + printed.err


@pytest.mark.parametrize("role", [role for role in WHO if role is not None])
def test_every_address_at_the_other_site_gives_nothing_away(
    app: Flask, net: Network, role: Role
) -> None:
    """Each door once, so that no luck is needed."""
    number = plant_everywhere(net.hub)
    client = app.test_client()
    client.set_cookie(COOKIE, token(net.hub, person(net.hub, role, HERE)))
    for one in app.url_map.iter_rules():
        if one.endpoint == "static":
            continue
        values = {name: THERE if name == "site" else number for name in one.arguments}
        for method in sorted({"GET", "POST"} & (one.methods or set())):
            answer = ask(client, one.endpoint, dict(values), method)
            assert answer.status_code < 500, (one.endpoint, method)
            assert MARK.encode() not in answer.data, (one.endpoint, method)
            if one.endpoint == "login.leave":
                client.set_cookie(COOKIE, token(net.hub, person(net.hub, role, HERE)))


# The proof is worth something: without the filter it fails.


def test_without_the_filter_the_marks_are_found(
    app: Flask, net: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant_everywhere(net.hub)
    monkeypatch.setattr("hub.web.login.can", lambda *_: True)
    monkeypatch.setattr(scoping, "check", lambda _: None)
    with pytest.raises(AssertionError, match=MARK):
        test_every_address_at_the_other_site_gives_nothing_away(app, net, Role.TEACHER)


def everybody(session: Session) -> object:
    return session.scalars(sa.select(Person)).all()


def by_raw_sql(session: Session) -> object:
    return session.execute(sa.text("SELECT name FROM person")).all()


def by_core(session: Session) -> object:
    return session.execute(sa.select(sa.column("name")).select_from(Person.__table__)).all()


def by_a_join(session: Session) -> object:
    query = sa.select(Person, Membership).join(Membership, Membership.person_id == Person.id)
    return session.execute(query).all()


def by_role_only(session: Session) -> object:
    return session.scalars(sa.select(Membership).where(Membership.role == "staff")).all()


def ended_for_all(session: Session) -> object:
    return session.execute(sa.delete(LoginSession))


@pytest.mark.parametrize(
    "unscoped", [everybody, by_raw_sql, by_core, by_a_join, by_role_only, ended_for_all]
)
def test_a_query_that_is_bound_to_nothing_is_an_error(
    app: Flask, net: Network, unscoped: Any
) -> None:
    with (
        app.test_request_context(),
        net.hub.db.write() as session,
        pytest.raises(scoping.Unscoped),
    ):
        unscoped(session)


def test_bound_queries_pass(app: Flask, net: Network) -> None:
    admin = Actor(1, "x", "", (Held(Role.NETWORK_ADMIN, None),))
    staff = Actor(1, "x", "", (Held(Role.STAFF, HERE),))
    with app.test_request_context(), net.hub.db.read() as session:
        people.colleagues(session, HERE)
        session.get(Person, 1)
        for actor in (admin, staff):
            session.scalars(
                sa.select(Membership).where(visible(actor, Membership, "staff.read"))
            ).all()
        assert context.sites()
