"""Mails that follow from what people do on the pages, taken from the folder where they end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from hub import models
from hub.app import create_app
from hub.identity.actor import Role
from hub.mail import outbox, sending
from tests.hub.web.test_pages import text_of
from tests.identities import log_in, send
from tests.mails import Mailbox
from tests.sources import Network, network

STAFF = "/borken/verwaltung/personal"
LINK = re.compile(r"http://127\.0\.0\.1:8000(/\S+)")


@pytest.fixture
def net(database_url: str, tmp_path: Path) -> Iterator[Network]:
    with network(database_url, tmp_path, ("borken", "coesfeld")) as made:
        yield made


@pytest.fixture
def mailbox(net: Network, tmp_path: Path) -> Mailbox:
    return Mailbox(net.hub, tmp_path / "mailbox")


@pytest.fixture
def client(net: Network) -> FlaskClient:
    return create_app(net.hub).test_client()


def test_an_invitation_reaches_the_colleague(
    client: FlaskClient, net: Network, mailbox: Mailbox
) -> None:
    log_in(client, net.hub, Role.SITE_ADMIN, "borken")
    done = send(client, STAFF, name="Kim Neu", email="kim@kreis.example", role="staff")
    assert "Er ist auch an kim@kreis.example unterwegs" in text_of(done.text)
    (mail,) = mailbox.take()
    assert mail.to == "kim@kreis.example"
    assert mail.body.startswith("Guten Tag Kim Neu,")
    link = LINK.search(mail.body)
    assert link
    new = client.application.test_client()
    assert send(new, f"{link[1]}?lang=en", link[1] + "?lang=en").status_code == 303
    with net.hub.db.read() as session:
        kim = session.scalars(sa.select(models.Person).filter_by(name="Kim Neu")).one()
        assert kim.language == "en", "that of the page on which she logged in"
    send(client, STAFF, f"{STAFF}/{kim.id}/einladen")
    (second,) = mailbox.take()
    assert second.body.startswith("Hello Kim Neu,")


def test_without_a_mail_server_nothing_is_promised(client: FlaskClient, net: Network) -> None:
    log_in(client, net.hub, Role.SITE_ADMIN, "borken")
    done = send(client, STAFF, name="Kim Neu", email="kim@kreis.example", role="staff")
    assert "unterwegs" not in text_of(done.text)
    assert sending.send_due(net.hub, lambda: None).startswith("0 sent, ")


MAILS = "/borken/verwaltung/mails"


def queue(net: Network, key: str, to: str, **values: Any) -> None:
    with net.hub.db.write() as session:
        outbox.queue_mail(
            session,
            **{
                "key": key,
                "recipient": to,
                "subject": f"Betreff {key}",
                "body": "Geheimer Text",
                "site_key": "borken",
                **values,
            },
        )


def test_the_staff_see_what_did_not_go_out_and_send_it_again(
    client: FlaskClient, net: Network, mailbox: Mailbox
) -> None:
    queue(net, "gut", "ada@schule.example")
    mailbox.take()
    queue(net, "falsch", "keine Adresse")
    queue(net, "voll", "bea@schule.example")
    queue(net, "fremd", "cem@schule.example", site_key="coesfeld")
    queue(net, "passwort", "dora@schule.example", confidential=True)
    with net.hub.db.write() as session:
        rows = {mail.key: mail for mail in outbox.listing(session)}
        numbers = {key: mail.id for key, mail in rows.items()}
        for key in ("voll", "fremd", "passwort"):
            rows[key].confidential = False
            outbox.give_up(rows[key], "550 Mailbox <full>")
        rows["passwort"].confidential = True
    log_in(client, net.hub, Role.STAFF, "borken")
    page = client.get(MAILS)
    text = text_of(page.text)
    assert "ada@schule.example" in text
    assert "An diese Adresse kann keine E-Mail geschickt werden" in text
    assert "550 Mailbox <full>" in text
    for hidden in ("cem@schule.example", "dora@schule.example", "Geheimer Text"):
        assert hidden not in text
    assert page.text.count("/nochmal") == 1
    for key in ("fremd", "passwort"):
        assert send(client, MAILS, f"{MAILS}/{numbers[key]}/nochmal").status_code == 404
    for key in ("gut", "voll"):
        assert send(client, MAILS, f"{MAILS}/{numbers[key]}/nochmal").status_code == 303
    assert [mail.to for mail in mailbox.take()] == ["bea@schule.example"]
    assert send(client, "/konto", f"{MAILS}/{2**40}/nochmal").status_code == 404
