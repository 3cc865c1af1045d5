"""The second factor: set up, asked for, used once, lost."""

from __future__ import annotations

import re
from datetime import timedelta

import pyotp
import pytest
import sqlalchemy as sa
import time_machine
from flask.testing import FlaskClient

from hub import activations, models
from hub.app import create_app
from hub.identity import accounts, api_tokens, people, second_factor, sessions
from hub.identity.actor import Role
from hub.models.base import now
from hub.runtime import Hub
from tests.hub.web.test_pages import text_of
from tests.identities import COOKIE, log_in, person, send
from tests.sources import Network

PAGE = "/anmelden/borken/accounts/password"
SETUP = "/konto/zweiter-faktor"
LOGIN = {"login": "ada", "password": "korrekt pferd batterie"}


@pytest.fixture
def hub(net: Network) -> Hub:
    key = "a key that is long enough"
    net.hub.keyring._keys = (key,)
    activations.enable(net.hub, "borken", "accounts", {}, actor="test")
    with net.hub.db.write() as session:
        made = people.add(session, name="Ada Muster", email="")
        accounts.put(session, "borken", made, LOGIN["login"], LOGIN["password"])
        people.grant(session, made.id, Role.STAFF, "borken", by="test")
    return net.hub


@pytest.fixture
def client(hub: Hub) -> FlaskClient:
    client = create_app(hub).test_client()
    send(client, PAGE, **LOGIN)
    return client


def set_up(client: FlaskClient) -> tuple[str, list[str]]:
    """Set a second factor up as a person does: the secret, and the recovery codes."""
    page = send(client, SETUP).text
    assert "<svg" in page
    found = re.search(r"<dd>([A-Z2-7 ]{20,})</dd>", page)
    assert found, "the key stands there in letters too"
    secret = found[1].replace(" ", "")
    wrong = send(client, SETUP, f"{SETUP}/bestaetigen", code="000000")
    assert wrong.status_code == 400
    done = send(client, SETUP, f"{SETUP}/bestaetigen", code=pyotp.TOTP(secret).now())
    codes = re.findall(r"<code>([a-z0-9-]+)</code>", done.text)
    assert len(codes) == second_factor.RECOVERY_CODES
    return secret, codes


def logs_in(hub: Hub) -> FlaskClient:
    """Another browser with the right password, which is asked for the code."""
    other = create_app(hub).test_client()
    answer = send(other, f"{PAGE}?weiter=/netz", weiter="/netz", **LOGIN)
    assert answer.headers["Location"] == "/anmelden/code?weiter=/netz"
    return other


def test_each_login_needs_the_code(hub: Hub, client: FlaskClient) -> None:
    secret, _ = set_up(client)
    other = logs_in(hub)
    assert other.get("/konto").status_code == 303, "the password alone lets nobody in"
    assert other.get("/borken/verwaltung/personal").status_code == 303
    asked = other.get("/anmelden/code?weiter=/netz").text
    assert "sechs Ziffern" in text_of(asked)
    used = pyotp.TOTP(secret).at(now())
    again = send(other, "/anmelden/code", code=used)
    assert again.status_code == 403, "the code that set it up does not count again"
    with time_machine.travel(now() + timedelta(seconds=60)):
        before = other.get_cookie("hub")
        answer = send(other, "/anmelden/code", code=pyotp.TOTP(secret).now(), weiter="/netz")
        assert answer.headers["Location"] == "/netz"
        assert other.get_cookie("hub") != before, "a new token"
        assert "Ada Muster" in other.get("/konto").text


def test_a_recovery_code_works_once(hub: Hub, client: FlaskClient) -> None:
    _, codes = set_up(client)
    other = logs_in(hub)
    typed = codes[0].upper().replace("-", " ")
    assert send(other, "/anmelden/code", code=typed).status_code == 303
    assert other.get("/konto").status_code == 200
    assert send(logs_in(hub), "/anmelden/code", code=codes[0]).status_code == 403


def test_guessing_codes_is_slowed_down(hub: Hub, client: FlaskClient) -> None:
    set_up(client)
    other = logs_in(hub)
    answers = [send(other, "/anmelden/code", code=f"{n:06}").status_code for n in range(9)]
    assert 429 in answers
    assert other.get("/konto").status_code == 303


def test_it_is_removed_after_a_fresh_login_only(hub: Hub, client: FlaskClient) -> None:
    set_up(client)
    with hub.db.write() as session:
        session.execute(sa.update(models.LoginSession).values(proven_at=now() - timedelta(hours=1)))
    answer = send(client, SETUP, f"{SETUP}/entfernen")
    assert answer.headers["Location"].startswith("/anmelden?weiter=")
    with hub.db.write() as session:
        session.execute(sa.update(models.LoginSession).values(proven_at=now()))
    assert send(client, SETUP, f"{SETUP}/entfernen").status_code == 303
    other = create_app(hub).test_client()
    assert send(other, PAGE, **LOGIN).headers["Location"] == "/konto"


def test_nothing_of_it_is_stored_readably(hub: Hub, client: FlaskClient) -> None:
    secret, codes = set_up(client)
    with hub.db.read() as session:
        row = session.scalars(sa.select(models.SecondFactor)).one()
        assert secret not in row.secret
        assert not any(code in str(row.recovery) for code in codes)


def test_a_browser_without_a_login_has_no_code_to_give(hub: Hub) -> None:
    stranger = create_app(hub).test_client()
    assert send(stranger, "/anmelden/code", code="123456").headers["Location"] == "/anmelden"


def demanded(hub: Hub) -> None:
    with hub.db.write() as session:
        session.get_one(models.Site, "borken").second_factor = True


STAFF = "/borken/verwaltung/personal"


def test_the_rights_of_staff_rest_until_they_have_a_second_factor(hub: Hub) -> None:
    demanded(hub)
    client = create_app(hub).test_client()
    done = send(client, f"{PAGE}?weiter={STAFF}", PAGE, weiter=STAFF, **LOGIN)
    assert done.headers["Location"] == f"{SETUP}?weiter={STAFF}"
    page = client.get(done.headers["Location"])
    assert "Ihre Rolle verlangt einen zweiten Faktor" in page.text
    assert re.search(r": Medienzentrum [^<]*Borken</strong>", page.text)
    # Nothing of the role works, on pages or with a token of before; each leads to the set-up.
    for path in (STAFF, "/borken/verwaltung/theke"):
        led = client.get(path)
        assert (led.status_code, led.headers["Location"]) == (303, f"{SETUP}?weiter={path}")
    assert client.get("/coesfeld/verwaltung/personal").status_code == 404
    account = client.get("/konto").text
    assert "Diese Rollen ruhen" in account
    assert "/borken/verwaltung" not in account
    page = send(client, done.headers["Location"], SETUP, weiter=STAFF).text
    found = re.search(r"<dd>([A-Z2-7 ]{20,})</dd>", page)
    assert found
    code = pyotp.TOTP(found[1].replace(" ", "")).now()
    ready = send(client, SETUP, f"{SETUP}/bestaetigen", code=code, weiter=STAFF)
    assert len(re.findall(r"<code>([a-z0-9-]+)</code>", ready.text)) == 10
    assert f'href="{STAFF}"' in ready.text
    assert "eingerichtet" in client.get(STAFF).text
    send(client, SETUP, f"{SETUP}/entfernen")
    assert client.get(STAFF).status_code == 303


def test_a_token_of_a_role_that_rests_opens_nothing(hub: Hub, client: FlaskClient) -> None:
    with hub.db.write() as session:
        cookie = client.get_cookie(COOKIE)
        assert cookie
        actor, _ = sessions.actor(session, cookie.value)
        token = api_tokens.create(session, actor, "borken", "Skript", 30)
        assert api_tokens.bearer(session, token)
    demanded(hub)
    with hub.db.read() as session:
        assert api_tokens.bearer(session, token) is None


def test_roles_of_the_network_rest_when_one_site_demands_it(hub: Hub) -> None:
    number = person(hub, Role.NETWORK_ADMIN)
    with hub.db.read() as session:
        assert len(sessions.roles_of(session, number)) == 1
    demanded(hub)
    with hub.db.read() as session:
        assert sessions.roles_of(session, number) == ()
        assert [one.role for one in sessions.withheld_from(session, number)] == ["network_admin"]


def test_an_admin_says_whether_it_is_demanded(hub: Hub) -> None:
    client = create_app(hub).test_client()
    log_in(client, hub, Role.SITE_ADMIN, "borken")
    assert "Wird nicht verlangt" in client.get(STAFF).text
    send(client, STAFF, f"{STAFF}/zweiter-faktor", demanded="yes")
    assert client.get(STAFF).headers["Location"] == f"{SETUP}?weiter={STAFF}"
    with hub.db.read() as session:
        (entry,) = session.scalars(
            sa.select(models.AuditEntry).where(models.AuditEntry.action == "second_factor.demand")
        )
    assert (entry.site_key, entry.after) == ("borken", {"demanded": True})
