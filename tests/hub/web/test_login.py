"""Logging in and out through the pages: what a person does, and what an intruder tries."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from hub import Plugin, activations, hookimpl, models
from hub.app import create_app
from hub.errors import Unavailable
from hub.identity import accounts, people, throttle
from hub.identity.actor import Role
from hub.records import Claims, LoginMethod
from hub.runtime import Hub
from plugins.accounts import Accounts
from tests.hub.web.test_pages import text_of
from tests.identities import COOKIE, log_in, person, send
from tests.sources import Network, Point

PASSWORD = "korrekt pferd batterie"
PAGE = "/anmelden/borken/accounts/password"


class Remote(Plugin):
    """A provider elsewhere; `answer` is what it says when the browser comes back."""

    name = "remote"
    title = {"de": "Landeslogin", "en": "State login"}
    asked: Mapping[str, str] = {}
    answer: Any = Claims("https://idp.example", "4711", "Ada Muster", roles=("teacher", "staff"))

    @hookimpl
    def identity_methods(self) -> list[LoginMethod]:
        return [LoginMethod("state", "Landeslogin")]

    @hookimpl
    def identity_begin(self, method: str, return_url: str) -> str:
        return f"https://idp.example/login?back={return_url}"

    @hookimpl
    def identity_complete(self, method: str, parameters: Mapping[str, str]) -> Claims:
        type(self).asked = parameters
        if isinstance(self.answer, Exception):
            raise self.answer
        answer: Claims = self.answer
        return answer


@pytest.fixture
def hub(net: Network) -> Iterator[Hub]:
    points = [Point("scripted", net.plugin), Point("accounts", Accounts), Point("remote", Remote)]
    with Hub.open(net.hub.settings, points) as opened:
        activations.enable(opened, "borken", "accounts", {}, actor="test")
        with opened.db.write() as session:
            made = people.add(session, name="Ada Muster", email="ada@schule.example")
            accounts.put(session, "borken", made, "ada", PASSWORD)
            people.grant(session, made.id, Role.STAFF, "borken", by="test")
        yield opened


@pytest.fixture
def client(hub: Hub) -> FlaskClient:
    return create_app(hub).test_client()


def cookie(client: FlaskClient) -> str | None:
    found = client.get_cookie(COOKIE)
    return found.value if found else None


def test_a_person_logs_in_looks_around_and_out(client: FlaskClient) -> None:
    assert "Anmelden" in text_of(client.get("/").text)
    wanted = client.get("/borken/verwaltung/personal")
    assert wanted.headers["Location"].startswith("/anmelden?weiter=")
    chosen = client.get(wanted.headers["Location"])
    form = chosen.headers["Location"]
    assert form.startswith(PAGE), "one centre with one way needs no choice"
    answer = send(client, form, PAGE, login="Ada", password=PASSWORD,
                  weiter="/borken/verwaltung/personal")  # fmt: skip
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/borken/verwaltung/personal"
    page = client.get(answer.headers["Location"])
    assert "Ada Muster" in text_of(page.text)
    assert page.headers["Cache-Control"] == "no-store"
    gone = send(client, "/konto", "/abmelden")
    assert gone.headers["Location"] == "/"
    assert cookie(client) is None
    assert client.get("/konto").headers["Location"].startswith("/anmelden")


def test_the_cookie_is_set_at_login_only_and_says_nothing(client: FlaskClient, hub: Hub) -> None:
    for address in ("/", "/anmelden", PAGE):
        assert "Set-Cookie" not in client.get(address).headers
    answer = send(client, PAGE, login="ada", password=PASSWORD)
    said = answer.headers["Set-Cookie"]
    assert "HttpOnly" in said
    assert "SameSite=Lax" in said
    assert "Path=/" in said
    with hub.db.read() as session:
        stored = session.scalars(sa.select(models.LoginSession.token_hash)).one()
    assert stored != cookie(client)


def test_over_https_the_cookie_is_bound_to_the_host(net: Network) -> None:
    import dataclasses

    settings = dataclasses.replace(net.hub.settings, base_url="https://hub.example")
    with Hub.open(settings, [Point("accounts", Accounts)]) as secure:
        activations.enable(secure, "borken", "accounts", {}, actor="test")
        with secure.db.write() as session:
            made = people.add(session, name="Ada", email="")
            accounts.put(session, "borken", made, "ada", PASSWORD)
        client = create_app(secure).test_client()
        html = client.get(PAGE, base_url="https://hub.example").text
        token = re.search(r'name="csrf_token" value="([^"]+)"', html)
        assert token
        answer = client.post(
            PAGE,
            data={"csrf_token": token[1], "login": "ada", "password": PASSWORD},
            base_url="https://hub.example",
        )
        said = answer.headers["Set-Cookie"]
        assert said.startswith("__Host-hub=")
        assert "Secure" in said
        assert "Domain" not in said


def test_a_wrong_password_and_an_unknown_name_look_the_same(client: FlaskClient) -> None:
    answers = [
        send(client, PAGE, login=name, password=word)
        for name, word in (("ada", "falsch falsch falsch"), ("niemand", PASSWORD))
    ]
    assert [answer.status_code for answer in answers] == [403, 403]
    one, other = (
        re.sub(r'value="[^"]*"', "", answer.text).replace("niemand", "ada") for answer in answers
    )
    assert one == other
    assert cookie(client) is None


def test_guessing_is_slowed_down_even_with_the_right_password(client: FlaskClient) -> None:
    for _ in range(throttle.FREE):
        assert send(client, PAGE, login="ada", password="falsch").status_code == 403
    blocked = send(client, PAGE, login="ada", password=PASSWORD)
    assert blocked.status_code == 429
    assert "Zu viele Versuche" in text_of(blocked.text)
    assert PASSWORD not in blocked.text
    assert cookie(client) is None


@pytest.mark.parametrize(
    "address",
    ["https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil", "javascript:alert(1)",
     "evil", "/x\r\nSet-Cookie: a=b", "/" + "x" * 3000, "http:/evil.example"],
)  # fmt: skip
def test_the_way_back_leads_nowhere_else(client: FlaskClient, address: str) -> None:
    answer = send(client, PAGE, login="ada", password=PASSWORD, weiter=address)
    assert answer.headers["Location"] == "/konto"


def test_a_new_login_replaces_the_session_of_this_browser(client: FlaskClient, hub: Hub) -> None:
    send(client, PAGE, login="ada", password=PASSWORD)
    first = cookie(client)
    send(client, PAGE, login="ada", password=PASSWORD)
    assert cookie(client) != first
    client.set_cookie(COOKIE, first or "")
    assert client.get("/konto").status_code == 303
    with hub.db.read() as session:
        assert len(session.scalars(sa.select(models.LoginSession)).all()) == 1


@pytest.mark.parametrize("value", ["", "x", "x" * 5000, "ü", "' OR 1=1 --", "\x00"])
def test_a_forged_cookie_is_nobody(client: FlaskClient, value: str) -> None:
    answer = client.get(
        "/konto", headers={"Cookie": f"{COOKIE}={value}".encode().decode("latin-1")}
    )
    assert answer.status_code == 303


# Forms


def test_no_form_is_taken_without_its_token(client: FlaskClient, hub: Hub) -> None:
    assert client.post(PAGE, data={"login": "ada", "password": PASSWORD}).status_code == 400
    log_in(client, hub, Role.SITE_ADMIN, "borken")
    for token in ("", "x", "x" * 5000):
        answer = client.post("/borken/verwaltung/personal", data={"csrf_token": token, "name": "X"})
        assert answer.status_code == 400
    with hub.db.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(models.LoginCode)) == 0


def test_the_token_of_another_session_is_none(client: FlaskClient, hub: Hub) -> None:
    other = client.application.test_client()
    log_in(other, hub, Role.SITE_ADMIN, "borken")
    html = other.get("/borken/verwaltung/personal").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', html)
    assert token
    log_in(client, hub, Role.SITE_ADMIN, "borken")
    data = {"csrf_token": token[1], "name": "X", "role": "staff"}
    assert client.post("/borken/verwaltung/personal", data=data).status_code == 400


def test_a_form_that_another_site_sends_is_refused(client: FlaskClient) -> None:
    html = client.get(PAGE).text
    token = re.search(r'name="csrf_token" value="([^"]+)"', html)
    assert token
    answer = client.post(
        PAGE,
        data={"csrf_token": token[1], "login": "ada", "password": PASSWORD},
        headers={"Sec-Fetch-Site": "cross-site"},
    )
    assert answer.status_code == 400


# Providers elsewhere


@pytest.fixture
def remote(hub: Hub) -> Iterator[type[Remote]]:
    activations.enable(hub, "coesfeld", "remote", {}, actor="test")
    before = Remote.answer
    yield Remote
    Remote.answer = before


AWAY = "/anmelden/coesfeld/remote/state"
BACK = f"{AWAY}/fertig"


def test_a_provider_vouches_for_a_person(client: FlaskClient, remote: type[Remote]) -> None:
    page = text_of(client.get("/anmelden").text)
    assert "Welches Medienzentrum ist Ihres?" in page
    away = client.get(AWAY).headers["Location"]
    assert away == f"https://idp.example/login?back=http://127.0.0.1:8000{BACK}"
    assert client.get(f"{BACK}?code=1").headers["Location"] == "/konto"
    mine = text_of(client.get("/konto").text)
    assert "Ada Muster" in mine
    assert "Lehrkraft" in mine
    assert "Personal" not in mine, "a login gives no power"
    assert client.get(f"{BACK}?code=1").status_code == 400, "each login is answered once"


def test_the_way_back_leads_to_where_one_was(client: FlaskClient, remote: type[Remote]) -> None:
    client.get(f"{AWAY}?weiter=/zentren/borken")
    assert client.get(f"{BACK}?code=1").headers["Location"] == "/zentren/borken"


def test_an_answer_counts_only_in_the_browser_that_asked(
    client: FlaskClient, remote: type[Remote]
) -> None:
    answer = client.get(f"{BACK}?code=1")
    assert answer.status_code == 400
    assert "Bitte beginnen Sie neu." in text_of(answer.text)
    assert cookie(client) is None
    client.get(AWAY)
    assert client.get("/anmelden/borken/accounts/password/fertig?code=1").status_code == 400


def test_the_plugin_gets_back_what_it_sent_away(client: FlaskClient, remote: type[Remote]) -> None:
    away = client.get(AWAY).headers["Location"]
    client.get(f"{BACK}?code=1&state=2")
    assert remote.asked == {
        "code": "1",
        "state": "2",
        "hub.begin_url": away,
        "hub.return_url": f"http://127.0.0.1:8000{BACK}",
    }
    client.get(AWAY)
    assert client.get(f"{BACK}?hub.begin_url=https://idp.example/forged").status_code == 400
    assert client.get(f"{BACK}?state=1&state=2").status_code == 400


def test_a_form_from_elsewhere_takes_one_more_step(
    client: FlaskClient, remote: type[Remote]
) -> None:
    """A browser sends such a form without our cookie (SameSite), so our own page sends it again."""
    client.get(AWAY)
    stranger = client.application.test_client()
    between = stranger.post(BACK, data={"SAMLResponse": 'x"><script>'})
    assert "Anmeldung abschließen" in text_of(between.text)
    assert "<script>" not in between.text
    assert "Set-Cookie" not in between.headers
    fields = {"SAMLResponse": 'x"><script>', "hub_again": "1"}
    assert client.post(BACK, data=fields).headers["Location"] == "/konto"
    assert remote.asked["SAMLResponse"] == 'x"><script>'
    assert stranger.post(BACK, data=fields).status_code == 400


def test_no_pupil_is_stored(client: FlaskClient, hub: Hub, remote: type[Remote]) -> None:
    def persons() -> int:
        with hub.db.read() as session:
            return session.scalar(sa.select(sa.func.count(models.Person.id))) or 0

    before = persons()
    remote.answer = Claims(
        "https://idp.example", "secret-pupil", "Kim Kind", roles=("pupil",), schools=("900004",)
    )
    client.get(AWAY)
    assert client.get(f"{BACK}?code=1").status_code == 303
    page = text_of(client.get("/konto").text)
    assert "Über Sie wird nichts gespeichert" in page
    assert client.get("/borken/verwaltung/personal").status_code == 404
    with hub.db.read() as session:
        row = session.scalars(sa.select(models.LoginSession)).one()
        assert (row.person_id, row.issuer, row.subject) == (None, "", "")
        assert row.guest == [["pupil", "coesfeld", "900004"]]
    assert persons() == before
    send(client, "/konto", "/abmelden")
    assert client.get("/konto").status_code == 303


def test_a_teacher_of_two_schools_chooses_in_whose_name_to_act(
    client: FlaskClient, hub: Hub, remote: type[Remote]
) -> None:
    remote.answer = Claims(
        "https://idp.example",
        "4711",
        "Ada Muster",
        roles=("teacher",),
        schools=("900004", "900006"),
    )
    client.get(AWAY)
    client.get(f"{BACK}?code=1")
    page = client.get("/konto")
    text = text_of(page.text)
    assert "Lehrkraft, Schule 900004: Medienzentrum Kreis Coesfeld – jetzt aktiv" in text
    numbers = re.findall(r'name="membership" value="(\d+)"', page.text)
    assert len(numbers) == 1, "the active one needs no button"
    send(client, "/konto", "/konto/kontext", membership=numbers[0])
    text = text_of(client.get("/konto").text)
    assert "Lehrkraft, Schule 900006: Medienzentrum Kreis Coesfeld – jetzt aktiv" in text
    for wrong, status in (("999999", 404), ("x", 400), ("", 400)):
        assert send(client, "/konto", "/konto/kontext", membership=wrong).status_code == status
    client.get(AWAY)
    client.get(f"{BACK}?code=1")
    with hub.db.read() as session:
        rows = session.scalars(sa.select(models.Membership).where(models.Membership.school != ""))
        assert {str(row.id) for row in rows} > set(numbers), "a later login keeps the memberships"


@pytest.mark.parametrize(
    "answer",
    [
        None,
        "ada",
        Claims("", "1"),
        Claims("i", ""),
        Claims("i", "x" * 6000),
        Claims("i", 7),
        Claims("i", "1", roles=["teacher"]),
        Claims("i", "1", schools=("x",) * 51),
        Claims("i", "\n"),
    ],  # type: ignore[arg-type]
)
def test_a_provider_that_does_not_say_who_lets_nobody_in(
    client: FlaskClient, remote: type[Remote], answer: object
) -> None:
    remote.answer = answer
    client.get(AWAY)
    page = client.get(BACK)
    assert page.status_code == 403
    assert "Die Anmeldung hat nicht geklappt" in text_of(page.text)
    assert cookie(client) is None


def test_a_provider_that_is_down_is_explained(
    client: FlaskClient, hub: Hub, remote: type[Remote]
) -> None:
    """To the person in plain words; to the admin with the reason, and not once per attempt."""
    for reason in ("idp.example answered 502 Bad Gateway", "idp.example has no valid certificate"):
        remote.answer = Unavailable(reason)
        client.get(AWAY)
        page = client.get(BACK)
        assert page.status_code == 503
        told = text_of(page.text)
        assert "Der Anmeldedienst „Landeslogin“ funktioniert gerade nicht." in told
        assert reason not in told
    with hub.db.read() as session:
        entry = models.AuditEntry
        (noted,) = session.scalars(sa.select(entry).where(entry.action == "login.fail"))
        assert (noted.site_key, noted.subject) == ("coesfeld", "remote")
        assert noted.after == {"reason": "idp.example answered 502 Bad Gateway"}
    remote.answer = RuntimeError("password=hunter2")
    client.get(AWAY)
    page = client.get(BACK)
    assert page.status_code == 503
    assert "hunter2" not in page.text
    assert client.get(f"{BACK}?x={'y' * 200_001}").status_code == 400


@pytest.mark.parametrize(
    "address",
    ["/anmelden/nirgends/accounts/password", "/anmelden/borken/accounts/other",
     "/anmelden/borken/nothing/password", "/anmelden/coesfeld/accounts/password"],
)  # fmt: skip
def test_a_way_that_does_not_exist_is_not_found(client: FlaskClient, address: str) -> None:
    assert client.get(address).status_code == 404


# Codes, account, staff


def test_an_invitation_works_once_and_not_by_looking_at_it(client: FlaskClient, hub: Hub) -> None:
    number = person(hub, Role.STAFF, "borken")
    with hub.db.write() as session:
        code = people.invite(session, number, by="test")
    address = f"/anmelden/einmal/{code}"
    for _ in range(3):
        assert client.get(address).status_code == 200
    assert send(client, address).headers["Location"] == "/konto"
    assert "Erika Muster" in text_of(client.get("/konto").text)
    again = send(client.application.test_client(), address)
    assert again.status_code == 410
    assert "schon benutzt" in text_of(again.text)


def test_a_password_is_changed_with_the_present_one(client: FlaskClient, hub: Hub) -> None:
    elsewhere = client.application.test_client()
    for one in (client, elsewhere):
        send(one, PAGE, login="ada", password=PASSWORD)
    with hub.db.read() as session:
        number = session.scalars(sa.select(models.Account.id)).one()

    def change(**typed: str) -> Any:
        return send(client, "/konto", "/konto/passwort", account=str(number), **typed)

    new = "ganz neues langes wort"
    assert change(present="falsch", new=new).status_code == 403
    short = change(present=PASSWORD, new="kurz")
    assert short.status_code == 400
    assert "zu kurz" in text_of(short.text)
    assert change(present=PASSWORD, new=new).status_code == 303
    assert client.get("/konto").status_code == 200
    assert elsewhere.get("/konto").status_code == 303, "all others are logged out"
    assert accounts.check(hub.db, "borken", "ada", new)
    assert not accounts.check(hub.db, "borken", "ada", PASSWORD)


def test_nobody_changes_the_password_of_another(client: FlaskClient, hub: Hub) -> None:
    with hub.db.read() as session:
        number = session.scalars(sa.select(models.Account.id)).one()
    log_in(client, hub, Role.NETWORK_ADMIN)
    typed = {"account": str(number), "present": PASSWORD, "new": "ganz neues langes wort"}
    assert send(client, "/konto", "/konto/passwort", **typed).status_code == 404


def test_a_person_ends_one_of_their_logins_and_nobody_elses(client: FlaskClient, hub: Hub) -> None:
    mine = log_in(client, hub, None)
    other = client.application.test_client()
    log_in(other, hub, None)
    with hub.db.read() as session:
        rows = {r.person_id: r.id for r in session.scalars(sa.select(models.LoginSession))}
    foreign = next(number for owner, number in rows.items() if owner != mine)
    assert send(client, "/konto", f"/konto/sitzungen/{foreign}/beenden").status_code == 404
    assert other.get("/konto").status_code == 200
    assert send(client, "/konto", f"/konto/sitzungen/{rows[mine]}/beenden").status_code == 303
    assert client.get("/konto").status_code == 303


STAFF = "/borken/verwaltung/personal"


def test_an_admin_invites_a_colleague_who_comes_in(client: FlaskClient, hub: Hub) -> None:
    log_in(client, hub, Role.SITE_ADMIN, "borken")
    wrong = send(client, STAFF, name="", email="ohne", role="network_admin")
    assert wrong.status_code == 400
    for text in ("Bitte schreiben Sie den Namen", "keine E-Mail-Adresse", "wählen Sie eine Rolle"):
        assert text in text_of(wrong.text)
    done = send(client, STAFF, name="Kim Neu", email="kim@example.org", role="staff")
    assert done.status_code == 201
    link = re.search(r"http://127\.0\.0\.1:8000(/anmelden/einmal/[\w-]+)", done.text)
    assert link
    new = client.application.test_client()
    assert send(new, link[1]).status_code == 303
    listing = new.get(STAFF)
    assert "Kim Neu" in text_of(listing.text)
    assert "Einladen" not in text_of(listing.text), "staff may look, not change"


def test_a_role_is_taken_back_at_once(client: FlaskClient, hub: Hub) -> None:
    log_in(client, hub, Role.SITE_ADMIN, "borken")
    colleague = client.application.test_client()
    number = log_in(colleague, hub, Role.STAFF, "borken")
    assert colleague.get(STAFF).status_code == 200
    assert send(client, STAFF, f"{STAFF}/{number}/entziehen", role="staff").status_code == 303
    assert colleague.get(STAFF).status_code == 303
    assert send(client, STAFF, f"{STAFF}/{number}/entziehen", role="staff").status_code == 404


def test_the_last_admin_cannot_leave(client: FlaskClient, hub: Hub) -> None:
    number = log_in(client, hub, Role.SITE_ADMIN, "borken")
    answer = send(client, STAFF, f"{STAFF}/{number}/entziehen", role="site_admin")
    assert answer.status_code == 409
    assert "letzte Administration" in text_of(answer.text)


def test_an_admin_has_no_say_over_the_staff_of_another_centre(
    client: FlaskClient, hub: Hub
) -> None:
    foreign = person(hub, Role.STAFF, "coesfeld", "Geheim Geheimer")
    log_in(client, hub, Role.SITE_ADMIN, "borken")
    for action in ("einladen", "entziehen"):
        answer = send(client, STAFF, f"{STAFF}/{foreign}/{action}", role="staff")
        assert answer.status_code == 404
    assert "Geheim" not in client.get(STAFF).text
    assert client.get("/coesfeld/verwaltung/personal").status_code == 404


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
         "Firefox, Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) AppleWebKit/605 Version/18 Safari/605",
         "Safari, macOS"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/130.0 Safari/537.36 Edg/130.0",
         "Edge, Windows"),
        ("curl/8.5", "unbekannter Browser"),
        ("", "unbekannter Browser"),
    ],
)  # fmt: skip
def test_a_login_is_named_as_people_name_their_browser(
    client: FlaskClient, agent: str, name: str
) -> None:
    send(client, PAGE, login="ada", password=PASSWORD)
    with client.application.test_request_context():
        from hub.web.texts import browser

        client.application.preprocess_request()
        assert browser(agent) == name
