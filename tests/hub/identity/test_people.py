"""Persons, roles, codes, accounts and sessions, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from hub import models
from hub.identity import accounts, people, sessions, throttle
from hub.identity.actor import ANONYMOUS, Held, Role
from hub.identity.people import RoleError
from hub.models.base import now
from hub.records import Claims
from tests.identities import person, token
from tests.sources import Network, network

PASSWORD = "korrekt pferd batterie"


@pytest.fixture
def net(database_url: str, tmp_path: Path) -> Iterator[Network]:
    with network(database_url, tmp_path, ["borken", "coesfeld"]) as made:
        yield made


def roles(net: Network, secret: str) -> tuple[Held, ...]:
    with net.hub.db.read() as session:
        return sessions.actor(session, secret)[0].roles


# Identities


def recognise(net: Network, **claims: object) -> int:
    told = {"issuer": "https://idp.example", "subject": "4711", **claims}
    with net.hub.db.write() as session:
        return people.recognise(session, "borken", Claims(**told)).id  # type: ignore[arg-type]


def test_the_same_identity_is_the_same_person(net: Network) -> None:
    first = recognise(net, name="Ada Muster", email="ada@schule.example")
    assert recognise(net, name="", email="") == first
    with net.hub.db.read() as session:
        known = session.get_one(models.Person, first)
        assert (known.name, known.email) == ("Ada Muster", "ada@schule.example")


def test_the_same_address_makes_nobody_the_same_person(net: Network) -> None:
    first = recognise(net, email="ada@schule.example")
    assert recognise(net, subject="4712", email="ada@schule.example") != first
    assert recognise(net, issuer="https://other.example", email="ada@schule.example") != first


def test_a_login_gives_no_role_of_the_staff(net: Network) -> None:
    number = recognise(net, roles=("teacher", "staff", "site_admin", "network_admin", "pupil"))
    assert roles(net, token(net.hub, number)) == (Held(Role.TEACHER, "borken"),)


def test_roles_of_a_login_follow_it_and_granted_ones_stay(net: Network) -> None:
    number = recognise(net, roles=("teacher",))
    with net.hub.db.write() as session:
        people.grant(session, number, Role.STAFF, "borken", by="test")
    recognise(net, roles=("educator",))
    assert {held.role for held in roles(net, token(net.hub, number))} == {
        Role.EDUCATOR, Role.STAFF,
    }  # fmt: skip


# Roles


@pytest.mark.parametrize(
    ("role", "site"),
    [(Role.STAFF, None), (Role.NETWORK_ADMIN, "borken"), (Role.STAFF, "nirgends")],
)
def test_a_role_stands_where_it_belongs(net: Network, role: Role, site: str | None) -> None:
    number = person(net.hub, None)
    with pytest.raises(RoleError), net.hub.db.write() as session:
        people.grant(session, number, role, site, by="test")


def test_a_role_has_an_end(net: Network) -> None:
    number = person(net.hub, None)
    with net.hub.db.write() as session:
        soon = now() + timedelta(minutes=5)
        people.grant(session, number, Role.STAFF, "borken", by="test", until=soon)
    secret = token(net.hub, number)
    assert roles(net, secret)
    with time_machine.travel(now() + timedelta(minutes=6), tick=False):
        assert roles(net, secret) == ()
    with net.hub.db.write() as session:
        people.grant(session, number, Role.STAFF, "borken", by="test")
    with time_machine.travel(now() + timedelta(minutes=6), tick=False):
        assert roles(net, secret) == (Held(Role.STAFF, "borken"),)


def test_taking_a_role_back_ends_the_sessions_and_is_noted(net: Network) -> None:
    number = person(net.hub, Role.STAFF, "borken")
    secret = token(net.hub, number)
    with net.hub.db.write() as session:
        assert people.revoke(session, number, Role.STAFF, "borken", by="admin")
        assert not people.revoke(session, number, Role.STAFF, "borken", by="admin")
    with net.hub.db.read() as session:
        assert sessions.actor(session, secret) == (ANONYMOUS, False)
        entry = session.scalars(
            sa.select(models.AuditEntry).where(models.AuditEntry.action == "role.revoke")
        ).one()
        assert (entry.actor, entry.site_key, entry.after) == ("admin", "borken", {"role": "staff"})


def test_the_last_admin_of_a_site_stays(net: Network) -> None:
    number = person(net.hub, Role.SITE_ADMIN, "borken")
    person(net.hub, Role.SITE_ADMIN, "coesfeld")
    with pytest.raises(RoleError, match="last admin"), net.hub.db.write() as session:
        people.revoke(session, number, Role.SITE_ADMIN, "borken", by="test")
    person(net.hub, Role.SITE_ADMIN, "borken")
    with net.hub.db.write() as session:
        assert people.revoke(session, number, Role.SITE_ADMIN, "borken", by="test")


# Codes


def test_a_code_lets_in_once(net: Network) -> None:
    number = person(net.hub, None)
    with net.hub.db.write() as session:
        old = people.invite(session, number, by="test")
        code = people.invite(session, number, by="test")
    with net.hub.db.write() as session:
        assert people.redeem(session, old) is None, "a newer one takes its place"
        assert people.redeem(session, "no code") is None
        assert people.redeem(session, code) == number
        assert people.redeem(session, code) is None


def test_a_code_ends(net: Network) -> None:
    number = person(net.hub, None)
    with net.hub.db.write() as session:
        code = people.invite(session, number, by="test")
    with (
        time_machine.travel(now() + people.CODE_LIFE + timedelta(seconds=1), tick=False),
        net.hub.db.write() as session,
    ):
        assert people.redeem(session, code) is None


# Accounts


def account(
    net: Network, login: str = "ada", password: str = PASSWORD, site: str = "borken"
) -> int:
    number = person(net.hub, None)
    with net.hub.db.write() as session:
        accounts.put(session, site, session.get_one(models.Person, number), login, password)
    return number


def test_an_account_belongs_to_its_site(net: Network) -> None:
    number = account(net)
    claims = accounts.check(net.hub.db, "borken", " ADA ", PASSWORD)
    assert claims is not None
    with net.hub.db.write() as session:
        assert people.recognise(session, "borken", claims).id == number
    assert accounts.check(net.hub.db, "coesfeld", "ada", PASSWORD) is None
    assert accounts.check(net.hub.db, "borken", "ada", PASSWORD + "x") is None
    assert accounts.check(net.hub.db, "borken", "nobody", PASSWORD) is None
    assert accounts.check(net.hub.db, "borken", "", "") is None


def test_passwords_are_stored_as_hashes_only(net: Network) -> None:
    account(net)
    with net.hub.db.read() as session:
        stored = session.scalars(sa.select(models.Account)).one()
        assert stored.password.startswith("$argon2id$")


def test_a_login_name_is_given_once(net: Network) -> None:
    account(net)
    with pytest.raises(LookupError):
        account(net, "Ada")
    account(net, site="coesfeld")


@pytest.mark.parametrize(
    ("password", "reason"),
    [("kurz", "short"), ("x" * 201, "long"), ("ich bin ada muster", "name"), ("", "short")],
)
def test_weak_passwords_are_refused(net: Network, password: str, reason: str) -> None:
    with pytest.raises(accounts.PasswordRefused, match=reason):
        account(net, password=password)


# Sessions


def test_a_session_ends_by_itself(net: Network) -> None:
    number = person(net.hub, Role.STAFF, "borken")
    secret = token(net.hub, number)
    begun = now()
    with time_machine.travel(begun + sessions.IDLE + timedelta(seconds=5), tick=False):
        assert roles(net, secret) == ()
    moment = begun
    while moment < begun + sessions.ABSOLUTE:
        with time_machine.travel(moment, tick=False), net.hub.db.write() as session:
            found, _ = sessions.actor(session, secret)
            assert found.session_id is not None
            sessions.note_use(session, found.session_id)
        moment += timedelta(hours=1)
    with time_machine.travel(begun + sessions.ABSOLUTE + timedelta(minutes=1), tick=False):
        assert roles(net, secret) == (), "however often it is used"


def test_nobody_ends_the_session_of_another(net: Network) -> None:
    one, other = person(net.hub, None), person(net.hub, None)
    token(net.hub, one)
    with net.hub.db.write() as session:
        (mine,) = sessions.of_person(session, one)
        assert sessions.end(session, other, mine.id) == 0
        assert sessions.end(session, one, mine.id) == 1


def test_tokens_and_addresses_are_not_stored(net: Network) -> None:
    secret = token(net.hub, person(net.hub, None))
    with net.hub.db.read() as session:
        row = session.scalars(sa.select(models.LoginSession)).one()
        assert secret not in (row.token_hash, row.agent)
        assert row.address == "203.0.113.0/24"


@given(st.one_of(st.ip_addresses().map(str), st.text(max_size=40)))
def test_an_address_keeps_its_network_only(address: str) -> None:
    network_ = sessions.network_of(address)
    assert network_ == "" or network_.endswith(("/24", "/48"))
    assert sessions.network_of("2001:db8:1:2:3:4:5:6") == "2001:db8:1::/48"


# Throttle


def test_guessing_slows_down_and_a_success_forgets_it(net: Network) -> None:
    names = throttle.keys("secret", "borken/ada", "203.0.113.0/24")
    begun = now()
    with time_machine.travel(begun, tick=False):
        for attempt in range(throttle.FREE + 4):
            with net.hub.db.write() as session:
                pause = throttle.wait(session, names)
                assert (pause > timedelta(0)) == (attempt >= throttle.FREE)
                throttle.failed(session, names)
        with net.hub.db.write() as session:
            assert throttle.wait(session, names) == timedelta(seconds=16)
            other = throttle.keys("secret", "borken/bob", "203.0.113.0/24")
            assert throttle.wait(session, other) <= timedelta(0), "the school goes on working"
            throttle.succeeded(session, names)
            assert throttle.wait(session, names) <= timedelta(0)


def test_a_network_that_guesses_everywhere_is_slowed_down(net: Network) -> None:
    with time_machine.travel(now(), tick=False), net.hub.db.write() as session:
        for attempt in range(throttle.FREE * throttle.NETWORK_FACTOR):
            names = throttle.keys("secret", f"borken/{attempt}", "203.0.113.0/24")
            throttle.failed(session, names)
        fresh = throttle.keys("secret", "borken/fresh", "203.0.113.0/24")
        assert throttle.wait(session, fresh) > timedelta(0)
        elsewhere = throttle.keys("secret", "borken/fresh", "198.51.100.0/24")
        assert throttle.wait(session, elsewhere) <= timedelta(0)


def test_no_wait_is_longer_than_its_limit(net: Network) -> None:
    names = throttle.keys("secret", "borken/ada", "203.0.113.0/24")
    with time_machine.travel(now(), tick=False), net.hub.db.write() as session:
        for _ in range(60):
            throttle.failed(session, names)
        assert throttle.wait(session, names) == throttle.LONGEST
        stored = session.scalars(sa.select(models.LoginThrottle.key_hash)).all()
        assert not any("ada" in key or "203.0" in key for key in stored)
