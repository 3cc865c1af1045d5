"""Mails about a request are answered by mail: out over SMTP, back in, into the conversation."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask.testing import FlaskClient

from hub import activations
from hub.booking import cases, mailbox, replies
from hub.booking.replies import Outcome
from hub.cli import main
from hub.identity import privacy
from hub.mail import inbox, reading, sending
from hub.models import Booking, CaseNote, Mail, Person, ReplyAddress, Site
from hub.models.base import now
from hub.records import Kind
from hub.runtime import Hub
from plugins.requests import Requests
from tests.hub.web.test_pages import text_of
from tests.identities import send
from tests.plugins.test_requests import ada, ask, client_of, look_after, move, note, staff
from tests.servers import imap, smtp
from tests.servers.imap import Box
from tests.servers.smtp import Post
from tests.sources import Point, network

__all__ = ["ada", "staff"]


@pytest.fixture
def post() -> Iterator[Post]:
    with smtp.served() as post:
        yield post


@pytest.fixture
def hub(database_url: str, tmp_path: Path, post: Post) -> Iterator[Hub]:
    with network(database_url, tmp_path, ("borken",)) as net:
        settings = dataclasses.replace(
            net.hub.settings,
            mail_url=f"smtp://127.0.0.1:{post.port}",
            mail_from="hub@nrw.example",
            reply_address="anfragen@nrw.example",
        )
        points = [Point("scripted", net.plugin), Point("requests", Requests)]
        with Hub.open(settings, points) as opened:
            activations.enable(opened, "borken", "requests", {}, actor="test")
            with opened.db.write() as session:
                session.get_one(Site, "borken").contact = {"email": "mz@borken.example"}
            yield opened


def mailed(hub: Hub, post: Post) -> EmailMessage:
    """The mail that goes out now."""
    post.taken.clear()
    sending.send_due(hub, lambda: None)
    (message,) = post.taken
    return message


def answer(to: EmailMessage, text: str, sender: str, **headers: str) -> EmailMessage:
    """What a mail program makes of an answer to this mail."""
    reply = EmailMessage()
    reply["From"], reply["To"] = sender, to["Reply-To"]
    reply["Subject"] = f"AW: {to['Subject']}"
    reply["In-Reply-To"] = to["Message-ID"]
    reply["Message-ID"] = f"<{abs(hash((text, sender)))}@schule.example>"
    for name, value in headers.items():
        reply[name.replace("_", "-")] = value
    quoted = "\n".join(f"> {line}" for line in to.get_content().splitlines())
    reply.set_content(f"{text}\n\nAm 12.05.2027 um 10:04 schrieb Medienzentrum:\n{quoted}\n")
    return reply


def receive(hub: Hub, message: EmailMessage) -> Outcome:
    return replies.receive(hub, message.as_bytes())


def notes(hub: Hub) -> list[tuple[str, str, str]]:
    with hub.db.read() as session:
        rows = session.scalars(
            sa.select(CaseNote).where(CaseNote.kind != cases.STAGE).order_by(CaseNote.id)
        )
        return [(row.kind, row.text, row.sender) for row in rows]


def test_answers_go_back_and_forth_between_person_and_staff(
    hub: Hub, post: Post, staff: FlaskClient, ada: int
) -> None:
    reference = ask(hub, staff, ada, Kind.PROJECT)
    with hub.db.write() as session:
        jens = session.scalars(sa.select(Person).where(Person.name == "Jens Wolters")).one()
        jens.email, key = "jens@borken.example", jens.key
    look_after(staff, reference, wer=key)
    note(staff, reference, "Passt der 12. Mai?", "person")
    asked = mailed(hub, post)
    assert re.fullmatch(r".*<anfragen\+[a-z2-7]{26}@nrw\.example>", str(asked["Reply-To"]))
    assert "Sie können auf diese E-Mail antworten" in asked.get_content()
    reply = answer(asked, "Ja, größte Freude!", "Ada Muster <ADA@schule.example>")
    for _ in range(3):
        assert receive(hub, reply) is Outcome.TAKEN
    told = mailed(hub, post)
    assert told["To"] == "jens@borken.example"
    assert "Ja, größte Freude!" in told.get_content()
    assert "Passt der 12. Mai" not in told.get_content(), "what is quoted is cut off"
    assert told["References"] == asked["References"] == asked["In-Reply-To"]
    assert told["Reply-To"] != asked["Reply-To"]
    assert receive(hub, answer(told, "Dann um 10 Uhr.", "jens@borken.example")) is Outcome.TAKEN
    assert mailed(hub, post)["Reply-To"] == asked["Reply-To"]
    assert notes(hub) == [
        ("answer", "Passt der 12. Mai?", ""),
        ("message", "Ja, größte Freude!", "ADA@schule.example"),
        ("answer", "Dann um 10 Uhr.", "jens@borken.example"),
    ]
    inside = text_of(staff.get(f"/borken/requests/fall/{reference}").text)
    assert "Per E-Mail von ADA@schule.example" in inside
    assert "nicht die Adresse" not in inside
    assert "Was die E-Mail sonst noch enthält" in inside
    mine = text_of(client_of(hub, ada).get(f"/meine-buchungen/{reference}").text)
    assert mine.index("Ja, größte Freude!") < mine.index("Dann um 10 Uhr.")
    assert "jens@borken.example" not in mine


def test_who_writes_from_another_address_is_nobody_we_know(
    hub: Hub, post: Post, staff: FlaskClient, ada: int
) -> None:
    reference = ask(hub, staff, ada, Kind.PROJECT)
    note(staff, reference, "Passt das?", "person")
    asked = mailed(hub, post)
    receive(hub, answer(asked, "Ja.", "privat@web.example"))
    told = mailed(hub, post)
    assert told["To"] == "mz@borken.example", "nobody looks after it yet"
    inside = text_of(staff.get(f"/borken/requests/fall/{reference}").text)
    assert "privat@web.example – nicht die Adresse, an die wir geschrieben hatten" in inside
    receive(hub, answer(told, "Von zu Hause.", "jens@web.example"))
    back = mailed(hub, post)
    assert back["To"] == "mz@borken.example", "never to an address that a mail names"
    assert "nur eine interne Notiz" in back.get_content()
    assert [kind for kind, _, _ in notes(hub)] == ["answer", "message", "note"]
    mine = text_of(client_of(hub, ada).get(f"/meine-buchungen/{reference}").text)
    assert "Von zu Hause" not in mine


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto-Submitted": "auto-replied"},
        {"Precedence": "bulk"},
        {"Return-Path": "<>"},
        {"X-Autoreply": "yes"},
        {"From": "MAILER-DAEMON@mx.example"},
    ],
)
def test_what_programs_write_is_dropped(
    hub: Hub, post: Post, staff: FlaskClient, ada: int, headers: dict[str, str]
) -> None:
    reference = ask(hub, staff, ada, Kind.PROJECT)
    note(staff, reference, "Passt das?", "person")
    reply = answer(mailed(hub, post), "Ich bin bis Montag nicht da.", "ada@schule.example")
    for name, value in headers.items():
        del reply[name]
        reply[name] = value
    assert receive(hub, reply) is Outcome.DROPPED
    assert len(notes(hub)) == 1
    assert "0 sent" in sending.send_due(hub, lambda: None)


def test_attachments_and_too_much_are_told_to_the_writer_once_a_day(
    hub: Hub, post: Post, staff: FlaskClient, ada: int
) -> None:
    reference = ask(hub, staff, ada, Kind.PROJECT)
    note(staff, reference, "Passt das?", "person")
    asked = mailed(hub, post)
    for text in ("Anbei der Plan.", "Und noch einer."):
        reply = answer(asked, text, "ada@schule.example")
        reply.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="Plan.pdf")
        receive(hub, reply)
    post.taken.clear()
    sending.send_due(hub, lambda: None)
    back = [one for one in post.taken if one["To"] == "ada@schule.example"]
    assert len(back) == 1
    assert "Diese fehlen: Plan.pdf" in back[0].get_content()
    assert "mz@borken.example" in back[0].get_content()
    assert "nicht übernommen: Plan.pdf" in text_of(
        staff.get(f"/borken/requests/fall/{reference}").text
    )
    for number in range(cases.PER_DAY + 3):
        receive(hub, answer(asked, f"Noch eine {number}", "ada@schule.example"))
    assert len(notes(hub)) == 1 + cases.PER_DAY
    with hub.db.read() as session:
        told = session.scalars(sa.select(Mail.body).where(Mail.recipient == "ada@schule.example"))
        assert sum("sehr viele Nachrichten" in body for body in told) == 1


def test_only_who_has_the_secret_gets_in(
    hub: Hub, post: Post, staff: FlaskClient, ada: int
) -> None:
    reference = ask(hub, staff, ada, Kind.PROJECT)
    note(staff, reference, "Passt das?", "person")
    asked = mailed(hub, post)
    forged = answer(asked, "Hallo", "ada@schule.example")
    real = str(asked["Reply-To"])
    for wrong in ("anfragen@nrw.example", "anfragen+" + "a" * 26 + "@nrw.example", "x"):
        forged.replace_header("To", wrong)
        assert receive(hub, forged) is Outcome.UNKNOWN
    move(staff, reference, "done")
    late = answer(asked, "Vielen Dank!", "ada@schule.example")
    assert receive(hub, late) is Outcome.TAKEN, "a thank-you after the end"
    with hub.db.write() as session:
        session.execute(sa.update(Booking).values(changed_at=now() - replies.ANSWERABLE))
    later = answer(asked, "Noch einmal!", "ada@schule.example")
    assert receive(hub, later) is Outcome.UNKNOWN
    with hub.db.write() as session:
        session.execute(sa.update(Booking).values(changed_at=now()))
    held = str(privacy.held(hub, ada).document())
    assert "Vielen Dank!" in held
    assert real.partition("+")[2].partition("@")[0] not in held, "it is a way in"
    privacy.erase(hub, ada, by="test")
    with hub.db.read() as session:
        assert session.scalars(sa.select(ReplyAddress)).all() == []
    assert receive(hub, later) is Outcome.UNKNOWN


def test_a_site_has_an_address_of_its_own_and_without_any_all_is_as_before(
    hub: Hub, post: Post, staff: FlaskClient, ada: int
) -> None:
    reference = ask(hub, staff, ada, Kind.PROJECT)
    with pytest.raises(activations.ActivationError):
        activations.configure(hub, "borken", "requests", {"reply_address": "a+b@c"}, actor="test")
    own = {"reply_address": "fragen@borken.example"}
    activations.configure(hub, "borken", "requests", own, actor="test")
    note(staff, reference, "Eins", "person")
    assert "<fragen+" in str(mailed(hub, post)["Reply-To"])
    activations.configure(hub, "borken", "requests", {}, actor="test")
    hub.settings = dataclasses.replace(hub.settings, reply_address="")
    mine = f"/meine-buchungen/{reference}"
    send(client_of(hub, ada), mine, f"{mine}/nachricht", text="Zwei")
    told = mailed(hub, post)
    assert told["Reply-To"].addresses[0].addr_spec == "mz@borken.example"
    assert "Wenn Sie auf diese E-Mail antworten" not in told.get_content()


def test_the_pipe_of_a_mail_server_is_told_by_exit_codes(
    hub: Hub, post: Post, staff: FlaskClient, ada: int
) -> None:
    reference = ask(hub, staff, ada, Kind.PROJECT)
    note(staff, reference, "Passt das?", "person")
    reply = answer(mailed(hub, post), "Ja.", "ada@schule.example")
    settings = hub.settings
    environment: dict[str, Any] = {
        "HUB_DATABASE_URL": settings.database_url,
        "HUB_CONFIG": str(settings.config),
        "HUB_VAR": str(settings.var),
        "HUB_SECRET_KEY": settings.secret_key,
    }

    def piped(raw: bytes, **more: str) -> Any:
        return CliRunner().invoke(main, ["mail", "receive"], raw, env={**environment, **more})

    lost = {"HUB_DATABASE_URL": "sqlite:////nowhere/at/all.sqlite3"}
    assert piped(reply.as_bytes(), **lost).exit_code == os.EX_TEMPFAIL
    assert piped(reply.as_bytes(), HUB_BASE_URL="x").exit_code == os.EX_TEMPFAIL
    assert len(notes(hub)) == 1
    for _ in range(2):
        assert piped(reply.as_bytes()).exit_code == os.EX_OK
    assert len(notes(hub)) == 2
    reply.replace_header("To", "anfragen+" + "b" * 26 + "@nrw.example")
    unknown = piped(reply.as_bytes())
    assert unknown.exit_code == os.EX_NOUSER
    assert "Please write to the media centre itself" in unknown.output
    for raw in (b"", b"\0" * 100, b"x" * 10_000_001):
        assert piped(raw).exit_code == os.EX_DATAERR


@pytest.fixture
def box(hub: Hub) -> Iterator[Box]:
    with imap.served() as box:
        password = quote(imap.PASSWORD, safe="")
        url = f"imap://hub:{password}@127.0.0.1:{box.port}/INBOX"
        hub.settings = dataclasses.replace(hub.settings, inbox_url=url)
        yield box


def test_a_mailbox_is_emptied_of_what_has_its_place(
    hub: Hub, post: Post, box: Box, staff: FlaskClient, ada: int
) -> None:
    reference = ask(hub, staff, ada, Kind.PROJECT)
    note(staff, reference, "Passt das?", "person")
    asked = mailed(hub, post)
    stranger = answer(asked, "Guten Tag", "ada@schule.example")
    stranger.replace_header("To", "anfragen@nrw.example")
    for raw in (b"rubbish\r\n", b"x" * (reading.MOST_BYTES + 9), stranger.as_bytes()):
        box.put(raw)
    box.put(answer(asked, "Ja.", "ada@schule.example").as_bytes())
    looked = mailbox.fetch(hub)
    assert (looked.taken, looked.left) == (1, 3)
    assert box.flags() == [["\\Flagged"]] * 3
    for command in ("FETCH", "STORE", "EXPUNGE", "LOGOUT"):
        box.put(answer(asked, f"Bis {command}.", "ada@schule.example").as_bytes())
        box.die_before = command
        with suppress(inbox.Trouble):
            mailbox.fetch(hub)
        mailbox.fetch(hub)
        assert box.flags() == [["\\Flagged"]] * 3, command
    told = [text for kind, text, _ in notes(hub) if kind == cases.MESSAGE]
    assert told == ["Ja.", "Bis FETCH.", "Bis STORE.", "Bis EXPUNGE.", "Bis LOGOUT."]
    page = text_of(staff.get("/borken/verwaltung/mails").text)
    assert "3 E-Mails gehören zu keiner Anfrage" in page
    with hub.db.read() as session:
        assert "3 messages in the mailbox" in mailbox.problems(session)[0]


def test_a_mailbox_that_cannot_be_read_says_why(hub: Hub, box: Box, staff: FlaskClient) -> None:
    assert "noch nicht gelesen" in text_of(staff.get("/borken/verwaltung/mails").text)
    right = hub.settings.inbox_url
    for url, said in (
        (right.replace("hub:", "hub:x"), "wrong password"),
        (right.replace("INBOX", "Anderswo"), "no such folder"),
        (right.replace("imap:", "imaps:"), "SSL"),
        (right.replace(str(box.port), str(smtp.free_port())), "refused"),
    ):
        hub.settings = dataclasses.replace(hub.settings, inbox_url=url)
        with pytest.raises(inbox.Trouble, match=said):
            mailbox.fetch(hub)
        assert imap.PASSWORD not in text_of(staff.get("/borken/verwaltung/mails").text)
    box.silent = True
    hub.settings = dataclasses.replace(hub.settings, inbox_url=right)
    with pytest.raises(inbox.Trouble, match="in time"):
        mailbox.fetch(hub, timeout=0.3)
    assert "kann nicht gelesen werden" in text_of(staff.get("/borken/verwaltung/mails").text)
