"""A new password by mail and an account of one's own: what people do, and what others try."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask.testing import FlaskClient

from hub import activations, models
from hub.app import create_app
from hub.identity import accounts, people
from hub.identity.actor import Role
from hub.identity.people import LOCAL
from hub.jobs.tasks import Context, clean_up
from hub.models.base import now
from hub.runtime import Hub
from tests.hub.web.test_pages import text_of
from tests.identities import COOKIE, person, send, token
from tests.mails import Mailbox
from tests.sources import network

OLD, NEW = "korrekt pferd batterie", "ganz anderes langes wort"
WAY = "/anmelden/borken/accounts/password"
LINK = re.compile(r"http://127\.0\.0\.1:8000(/\S+)")
SENT = "Wenn es hier ein solches Konto gibt"


@pytest.fixture
def hub(database_url: str, tmp_path: Path) -> Iterator[Hub]:
    with network(database_url, tmp_path, ("borken", "coesfeld")) as net:
        for site in ("borken", "coesfeld"):
            activations.enable(net.hub, site, "accounts", {"registration": True}, actor="test")
        with net.hub.db.write() as session:
            ada = people.add(session, name="Ada Muster", email="Ada@schule.example")
            accounts.put(session, "borken", ada, "ada.m", OLD)
            people.grant(session, ada.id, Role.TEACHER, "borken", by="test")
        yield net.hub


@pytest.fixture
def mailbox(hub: Hub, tmp_path: Path) -> Mailbox:
    return Mailbox(hub, tmp_path / "mailbox")


@pytest.fixture
def client(hub: Hub, mailbox: Mailbox) -> FlaskClient:
    return create_app(hub).test_client()


def link_in(mailbox: Mailbox) -> str:
    (mail,) = mailbox.take()
    found = LINK.search(mail.body)
    assert found, mail.body
    return found[1]


def ask(client: FlaskClient, typed: str = "ada.m", **fields: Any) -> Any:
    return send(client, f"{WAY}/vergessen", login=typed, **fields)


def ada(hub: Hub) -> int:
    with hub.db.read() as session:
        return session.scalars(
            sa.select(models.Person.id).where(models.Person.name == "Ada Muster")
        ).one()


# A new password


@pytest.mark.parametrize("typed", ["ada.m", " ADA.M ", "ada@schule.example"])
def test_a_forgotten_password_is_replaced_by_mail(
    client: FlaskClient, hub: Hub, mailbox: Mailbox, typed: str
) -> None:
    elsewhere = client.application.test_client()
    elsewhere.set_cookie(COOKIE, token(hub, ada(hub)))
    assert elsewhere.get("/konto").status_code == 200
    assert f"{WAY}/vergessen" in client.get(WAY).text
    assert SENT in text_of(ask(client, typed).text)
    (mail,) = mailbox.take()
    assert mail.to == "Ada@schule.example"
    assert "ada.m" in mail.body, "who forgot the login name reads it here"
    link = LINK.search(mail.body)
    assert link
    weak = send(client, link[1], new="kurz")
    assert weak.status_code == 400
    assert "zu kurz" in text_of(weak.text)
    done = send(client, link[1], new=NEW)
    assert "Ihr Passwort ist geändert" in text_of(done.text)
    assert accounts.check(hub.db, "borken", "ada.m", NEW)
    assert not accounts.check(hub.db, "borken", "ada.m", OLD)
    assert elsewhere.get("/konto").status_code == 303, "all sessions end"
    assert client.get("/konto").status_code == 303, "the link itself logs nobody in"
    (told,) = mailbox.take()
    assert told.subject.startswith("Ihr Passwort wurde geändert")
    with hub.db.read() as session:
        actions = session.scalars(sa.select(models.AuditEntry.action)).all()
    assert "password.reset" in actions


def test_a_link_works_once_and_not_by_looking(
    client: FlaskClient, hub: Hub, mailbox: Mailbox
) -> None:
    ask(client)
    link = link_in(mailbox)
    for _ in range(3):
        assert client.get(link).status_code == 200
    assert send(client, link, new=NEW).status_code == 200
    mailbox.take()
    again = client.get(link)
    assert again.status_code == 410
    assert "schon verwendet oder ist zu alt" in text_of(again.text)
    used = send(client, f"{WAY}/vergessen", link, new=OLD)
    assert used.status_code == 410
    assert not accounts.check(hub.db, "borken", "ada.m", OLD)


def test_a_link_is_worth_nothing_after_an_hour(
    client: FlaskClient, hub: Hub, mailbox: Mailbox
) -> None:
    ask(client)
    link = link_in(mailbox)
    with time_machine.travel(now() + timedelta(minutes=59)):
        assert client.get(link).status_code == 200
    with time_machine.travel(now() + timedelta(minutes=61)):
        assert client.get(link).status_code == 410
        assert send(client, f"{WAY}/vergessen", link, new=NEW).status_code == 410
    assert accounts.check(hub.db, "borken", "ada.m", OLD)


def test_one_new_password_ends_all_links(client: FlaskClient, mailbox: Mailbox) -> None:
    ask(client)
    first = link_in(mailbox)
    ask(client)
    second = link_in(mailbox)
    assert send(client, first, new=NEW).status_code == 200, "a later question harms nobody"
    assert client.get(second).status_code == 410


def test_a_link_of_one_centre_is_none_of_another(client: FlaskClient, mailbox: Mailbox) -> None:
    ask(client)
    link = link_in(mailbox)
    assert client.get(link.replace("/borken/", "/coesfeld/")).status_code == 410
    assert client.get(link.replace("neues-passwort", "registrieren")).status_code == 410


def test_nobody_learns_who_has_an_account(client: FlaskClient, hub: Hub, mailbox: Mailbox) -> None:
    with hub.db.write() as session:
        nameless = people.add(session, name="Ohne", email="")
        accounts.put(session, "borken", nameless, "ohne", OLD)

    def answer(typed: str) -> tuple[int, str]:
        asked = ask(client, typed)
        return asked.status_code, asked.text.replace(typed, "")

    answers = {answer(typed) for typed in ("ada.m", "niemand", "ohne", "ada@elsewhere.example")}
    assert len(answers) == 1
    assert len(mailbox.take()) == 1
    tokens = [re.sub(r'csrf_token" value="[^"]+"', "", text) for _, text in answers]
    assert SENT in text_of(tokens[0])


def test_a_centre_writes_to_nobody_of_another(client: FlaskClient, mailbox: Mailbox) -> None:
    asked = send(client, f"{WAY.replace('borken', 'coesfeld')}/vergessen", login="ada.m")
    assert asked.status_code == 200
    assert mailbox.take() == []


def test_asking_again_and_again_fills_no_mailbox(
    client: FlaskClient, hub: Hub, mailbox: Mailbox
) -> None:
    codes = [ask(client).status_code for _ in range(8)]
    assert codes[:5] == [200] * 5
    assert 429 in codes
    assert len(mailbox.take()) == 3
    unknown = [ask(client, "niemand").status_code for _ in range(8)]
    assert unknown[:5] == [200] * 5
    assert 429 in unknown, "the brake tells nobody either"
    login = send(client, WAY, login="ada.m", password=OLD)
    assert login.status_code == 303, "asking locks nobody out"


def test_too_many_failures_are_forgiven_with_the_new_password(
    client: FlaskClient, mailbox: Mailbox
) -> None:
    for _ in range(7):
        failed = send(client, WAY, login="ada.m", password="falsch")
    assert failed.status_code == 429
    ask(client)
    send(client, link_in(mailbox), new=NEW)
    assert send(client, WAY, login="ada.m", password=NEW).status_code == 303


def test_a_second_factor_is_still_asked_for(
    client: FlaskClient, hub: Hub, mailbox: Mailbox
) -> None:
    with hub.db.write() as session:
        session.add(
            models.SecondFactor(
                person_id=ada(hub), secret="x", confirmed_at=now(), last_step=0, recovery=[]
            )
        )
    ask(client)
    send(client, link_in(mailbox), new=NEW)
    answer = send(client, WAY, login="ada.m", password=NEW)
    assert "/anmelden/code" in answer.headers["Location"]
    assert client.get("/konto").status_code == 303


@pytest.mark.parametrize(
    "typed", ["", "   ", "a\0b", "x" * 5000, "%' OR 1=1 --", "ada.m\r\nBcc: x"]
)
def test_nonsense_is_answered_like_any_name(
    client: FlaskClient, mailbox: Mailbox, typed: str
) -> None:
    assert ask(client, typed).status_code == (200 if typed.strip() else 400)
    assert mailbox.take() == []


def test_without_mail_the_centre_helps(hub: Hub) -> None:
    client = create_app(hub).test_client()
    page = client.get(WAY).text
    assert "Forgotten?" not in page
    assert "Ihr Medienzentrum" in text_of(page)
    for path in ("vergessen", "registrieren", "neues-passwort/x", "registrieren/x"):
        assert client.get(f"{WAY}/{path}").status_code == 404


def test_a_code_is_kept_as_a_hash(client: FlaskClient, hub: Hub, mailbox: Mailbox) -> None:
    ask(client)
    code = link_in(mailbox).rpartition("/")[2]
    with hub.db.read() as session:
        for table in (models.MailedCode, models.Mail, models.AuditEntry, models.Job):
            rows = session.execute(sa.select(table.__table__)).all()
            assert rows or table is models.Job
            assert code not in str(rows), "not even in the mail that was sent"


# An account of one's own


def register(client: FlaskClient, email: str = "neu@verein.example", language: str = "") -> Any:
    return send(client, f"{WAY}/registrieren{language}", email=email)


def test_a_citizen_registers_and_is_in(client: FlaskClient, hub: Hub, mailbox: Mailbox) -> None:
    assert f"{WAY}/registrieren" in client.get(WAY).text
    assert "unterwegs" in text_of(register(client).text)
    with hub.db.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(models.Person)) == 1
    link = link_in(mailbox)
    page = client.get(link)
    assert "neu@verein.example" in page.text
    nobody = send(client, link, name="", new="kurz")
    assert nobody.status_code == 400
    assert "Bitte geben Sie Ihren Namen ein" in text_of(nobody.text)
    weak = send(client, link, name="Noor Neu", new="neu@verein.example")
    assert "nicht enthalten" in text_of(weak.text)
    done = send(client, link, name=" Noor  Neu ", new=NEW)
    assert done.headers["Location"] == "/konto"
    account = text_of(client.get("/konto").text)
    assert "Noor Neu" in account
    assert client.get(link).status_code == 410
    client.delete_cookie(COOKIE)
    again = send(client, WAY, login="Neu@Verein.example", password=NEW)
    assert again.status_code == 303
    with hub.db.read() as session:
        (row,) = session.scalars(
            sa.select(models.Membership).where(models.Membership.role == Role.CITIZEN.value)
        )
    assert (row.site_key, row.source) == ("borken", "accounts:borken")
    assert row.source != LOCAL, "nobody of the staff"


def test_who_has_an_account_learns_it_by_mail_only(
    client: FlaskClient, hub: Hub, mailbox: Mailbox
) -> None:
    first = register(client, "ada@schule.example").text.replace("ada@schule.example", "")
    other = register(client, "neu@verein.example").text.replace("neu@verein.example", "")
    assert first == other
    mails = {mail.to: mail for mail in mailbox.take()}
    assert "ada.m" in mails["ada@schule.example"].body
    assert "/registrieren/" not in mails["ada@schule.example"].body
    assert mails["ada@schule.example"].body.startswith("Guten Tag,")


def test_two_links_make_one_account(client: FlaskClient, hub: Hub, mailbox: Mailbox) -> None:
    register(client)
    first = link_in(mailbox)
    register(client)
    second = link_in(mailbox)
    assert send(client, first, name="Noor", new=NEW).status_code == 303
    other = client.application.test_client()
    assert send(other, f"{WAY}/registrieren", second, name="Böse", new=NEW).status_code == 410
    with hub.db.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(models.Person)) == 2


def test_the_mail_comes_in_the_language_of_the_page(client: FlaskClient, mailbox: Mailbox) -> None:
    register(client, language="?lang=en")
    (mail,) = mailbox.take()
    assert mail.subject.startswith("Your registration")


@pytest.mark.parametrize(
    "email",
    ["", "neu", "neu@verein", "a@b.example, c@d.example", "a@b.example\r\nBcc: c@d.example"],
)
def test_what_is_no_address_gets_no_mail(client: FlaskClient, mailbox: Mailbox, email: str) -> None:
    assert register(client, email).status_code == 400
    assert mailbox.take() == []


def test_registration_has_to_be_switched_on(
    client: FlaskClient, hub: Hub, mailbox: Mailbox
) -> None:
    register(client)
    link = link_in(mailbox)
    activations.enable(hub, "borken", "accounts", {"registration": False}, actor="test")
    assert client.get(f"{WAY}/registrieren").status_code == 404
    assert client.get(link).status_code == 404
    assert "registrieren" not in client.get(WAY).text
    assert client.get(f"{WAY}/vergessen").status_code == 200


def test_registering_fills_no_mailbox(client: FlaskClient, mailbox: Mailbox) -> None:
    for email in ("neu@verein.example", "ada@schule.example"):
        codes = [register(client, email).status_code for _ in range(7)]
        assert 429 in codes
        assert len(mailbox.take()) == 3


def test_unproved_addresses_are_forgotten(client: FlaskClient, hub: Hub, mailbox: Mailbox) -> None:
    register(client)
    mailbox.take()
    with time_machine.travel(now() + timedelta(days=8)):
        clean_up(Context(hub, lambda: None), {})
    with hub.db.read() as session:
        for model in (models.MailedCode, models.Mail):
            assert "neu@verein" not in str(session.execute(sa.select(model.__table__)).all())


# Who was invited


def test_an_invited_colleague_chooses_a_password(client: FlaskClient, hub: Hub) -> None:
    number = person(hub, Role.STAFF, "borken", "Kim Neu")
    client.set_cookie(COOKIE, token(hub, number))
    assert "Benutzernamen und ein Passwort" in text_of(client.get("/konto").text)

    def choose(login: str, new: str, site: str = "borken") -> Any:
        fields = {"site": site, f"login-{site}": login, f"new-{site}": new}
        return send(client, "/konto", "/konto/zugang", **fields)

    assert choose("", NEW).status_code == 400
    assert choose("kim", "kurz").status_code == 400
    taken = choose("ADA.M", NEW)
    assert taken.status_code == 409
    assert "gibt es schon" in text_of(taken.text)
    assert choose("kim", NEW, "coesfeld").status_code == 404, "no colleague there"
    assert choose("Kim", NEW).status_code == 303
    assert choose("kim2", NEW).status_code == 404, "one is enough"
    client.delete_cookie(COOKIE)
    assert send(client, WAY, login="kim", password=NEW).status_code == 303
    assert "Kim Neu" in text_of(client.get("/konto").text)


def test_a_teacher_needs_no_second_way_in(client: FlaskClient, hub: Hub) -> None:
    client.set_cookie(COOKIE, token(hub, person(hub, Role.TEACHER, "borken")))
    assert "/konto/zugang" not in client.get("/konto").text
