"""Mails reach a real mail server once, whatever it does; who waits knows why."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import sqlalchemy as sa
import time_machine

from hub import models
from hub.identity import people, privacy
from hub.jobs.tasks import Context, clean_up
from hub.jobs.worker import Worker
from hub.mail import address, outbox, sending, transport
from hub.mail.outbox import Attachment
from hub.models.base import now
from hub.runtime import Hub
from tests.servers import certificate, smtp
from tests.servers.smtp import PASSWORD, Post

EVENT = b"BEGIN:VCALENDAR\r\nSUMMARY:Abholung\r\nEND:VCALENDAR\r\n"


@pytest.fixture
def post() -> Iterator[Post]:
    with smtp.served() as post:
        yield post


@pytest.fixture
def hub(make_hub: Callable[..., Hub], post: Post) -> Hub:
    return at(make_hub(), f"smtp://127.0.0.1:{post.port}")


def at(hub: Hub, url: str) -> Hub:
    hub.settings = dataclasses.replace(hub.settings, mail_url=url, mail_from="hub@nrw.example")
    return hub


def queue(hub: Hub, key: str = "booking:1", to: str = "ada@schule.example", **values: Any) -> bool:
    with hub.db.write() as session:
        return outbox.queue_mail(
            session,
            **{
                "key": key,
                "recipient": to,
                "subject": "Ihre Buchung für Müllers Größe 3",
                "body": "Guten Tag,\n\nder Tablet-Koffer steht bereit: äöüß €.\n",
                **values,
            },
        )


def send(hub: Hub, timeout: float = 5.0) -> str:
    return sending.send_due(hub, lambda: None, timeout)


def mails(hub: Hub) -> dict[str, models.Mail]:
    with hub.db.read() as session:
        return {mail.key: mail for mail in session.scalars(sa.select(models.Mail))}


def test_a_mail_arrives_as_it_was_written(hub: Hub, post: Post) -> None:
    with hub.db.write() as session:
        site = session.get_one(models.Site, "borken")
        site.name, site.contact = "Medienzentrum Größe", {"email": "mz@kreis.example"}
    calendar = "text/calendar; charset=utf-8; method=PUBLISH"
    queue(hub, site_key="borken", attachments=[Attachment("Abholung für Sie.ics", calendar, EVENT)])
    assert send(hub) == "1 sent, 0 given up, 0 put off."
    (message,) = post.taken
    assert post.recipients == ["ada@schule.example"]
    assert message["To"] == "ada@schule.example"
    assert message["From"] == "Medienzentrum Größe <hub@nrw.example>"
    assert message["Reply-To"] == "Medienzentrum Größe <mz@kreis.example>"
    assert message["Subject"] == "Ihre Buchung für Müllers Größe 3"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"].datetime.utcoffset() is not None
    text, calendar_part = message.iter_parts()
    assert "der Tablet-Koffer steht bereit: äöüß €." in text.get_content()
    assert text.get_content_type() == "text/plain"
    assert calendar_part.get_content_type() == "text/calendar"
    assert calendar_part["Content-Type"].params["method"] == "PUBLISH"
    assert calendar_part.get_filename() == "Abholung für Sie.ics"
    assert calendar_part.get_payload(decode=True) == EVENT
    mail = mails(hub)["booking:1"]
    assert outbox.state(mail) == outbox.SENT
    assert mail.body, "kept for some days"


def test_the_same_mail_is_queued_and_sent_once(hub: Hub, post: Post) -> None:
    assert queue(hub)
    assert not queue(hub)
    assert send(hub).startswith("1 sent")
    assert not queue(hub)
    assert send(hub).startswith("0 sent")
    assert len(post.taken) == 1


def test_what_is_not_committed_is_not_sent(hub: Hub, post: Post) -> None:
    def breaks() -> None:
        with hub.db.write() as session:
            outbox.queue_mail(session, key="x", recipient="a@b.example", subject="s", body="b")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        breaks()
    send(hub)
    assert post.taken == []


def test_several_workers_send_each_mail_once(hub: Hub, post: Post) -> None:
    for number in range(20):
        queue(hub, key=f"k{number}", to=f"person{number}@schule.example")
    threads = [threading.Thread(target=send, args=(hub,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(post.recipients) == sorted(f"person{n}@schule.example" for n in range(20))


def test_the_worker_sends_at_once_and_comes_back(hub: Hub, post: Post) -> None:
    queue(hub)
    Worker(hub, poll=0.02).run(once=True)
    assert len(post.taken) == 1
    post.refuse = {"bea@schule.example": "451 4.7.1 Greylisted, come back later"}
    queue(hub, key="second", to="bea@schule.example")
    Worker(hub, poll=0.02).run(once=True)
    assert outbox.state(mails(hub)["second"]) == outbox.WAITING
    post.refuse = {}
    with time_machine.travel(now() + sending.FIRST + timedelta(seconds=1)):
        Worker(hub, poll=0.02).run(once=True)
    assert [message["To"] for message in post.taken] == ["ada@schule.example", "bea@schule.example"]


def test_one_refused_recipient_stops_no_other(hub: Hub, post: Post) -> None:
    post.refuse = {"gone@schule.example": "550 5.1.1 No such user"}
    queue(hub, key="first", to="gone@schule.example")
    queue(hub, key="second")
    assert send(hub) == "1 sent, 1 given up, 0 put off."
    gone = mails(hub)["first"]
    assert outbox.state(gone) == outbox.GIVEN_UP
    assert gone.error == "550 5.1.1 No such user"
    with hub.db.read() as session:
        (problem,) = outbox.problems(session)
    assert "1 mails were given up; the last one: 550" in problem


def test_a_mail_that_is_put_off_comes_later_each_time(hub: Hub, post: Post) -> None:
    post.refuse_content = "452 4.2.2 Mailbox full"
    queue(hub)
    pauses = []
    moment = now()
    for _ in range(9):
        with time_machine.travel(moment, tick=False):
            assert send(hub) == "0 sent, 0 given up, 1 put off."
        mail = mails(hub)["booking:1"]
        assert mail.next_at is not None
        pauses.append((mail.next_at - moment).total_seconds() / 60)
        moment = mail.next_at + timedelta(seconds=1)
    assert pauses == [2, 4, 8, 16, 32, 64, 128, 240, 240]
    assert mail.error == "452 4.2.2 Mailbox full"
    with time_machine.travel(mail.until + timedelta(minutes=1)):
        assert send(hub).startswith("0 sent")
    mail = mails(hub)["booking:1"]
    assert outbox.state(mail) == outbox.GIVEN_UP
    assert "452 4.2.2 Mailbox full" in mail.error


def test_refused_content_is_given_up(hub: Hub, post: Post) -> None:
    post.refuse_content = "554 5.7.1 Looks like spam"
    queue(hub)
    assert send(hub) == "0 sent, 1 given up, 0 put off."
    assert post.taken == []


def test_a_server_that_hangs_is_left(hub: Hub, post: Post) -> None:
    post.hang = True
    queue(hub)
    assert send(hub, timeout=0.3) == "0 sent, 0 given up, 1 put off."
    assert outbox.state(mails(hub)["booking:1"]) == outbox.WAITING


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_server_that_dies_in_the_middle_gets_the_mail_again(
    hub: Hub, post: Post, when: str
) -> None:
    post.die = when
    queue(hub)
    assert send(hub) == "0 sent, 0 given up, 1 put off."
    post.die = ""
    with time_machine.travel(now() + sending.FIRST + timedelta(seconds=1)):
        assert send(hub).startswith("1 sent")
    # Whether the first one was kept nobody can know; the receiver sees that it is the same.
    assert len({message["Message-ID"] for message in post.taken}) == 1


def test_a_mail_that_breaks_the_server_stops_no_other(hub: Hub, post: Post) -> None:
    post.die = "before"
    queue(hub, key="poison")
    queue(hub, key="other")
    real = transport._hand_over  # the server is well again for the second mail

    def heal(*arguments: Any) -> None:
        try:
            real(*arguments)
        finally:
            post.die = ""

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transport, "_hand_over", heal)
        assert send(hub) == "1 sent, 0 given up, 1 put off."


def test_a_server_that_breaks_each_time_is_left_alone(hub: Hub, post: Post) -> None:
    post.die = "before"
    for number in range(10):
        queue(hub, key=f"k{number}")
    assert send(hub).startswith("0 sent; 10 wait: ")
    assert sum(mail.attempts for mail in mails(hub).values()) == sending.MOST_BROKEN


def test_without_a_server_all_wait_with_the_reason(make_hub: Callable[..., Hub]) -> None:
    hub = make_hub()
    queue(hub)
    assert send(hub) == "0 sent; 1 wait: No mail server is set up (HUB_MAIL_URL)."
    mail = mails(hub)["booking:1"]
    assert (mail.error, mail.attempts) == (outbox.NO_SERVER, 0)
    assert send(hub) == "0 sent, 0 given up, 0 put off.", "it is not asked again at once"
    with time_machine.travel(now() + timedelta(hours=2)), hub.db.read() as session:
        assert "No mail server is set up" in outbox.problems(session)[0]


@pytest.mark.parametrize("kind", ["nobody", "silent", "sender"])
def test_a_server_that_takes_nothing_is_asked_once(hub: Hub, post: Post, kind: str) -> None:
    queue(hub)
    queue(hub, key="other")
    if kind == "sender":
        post.refuse_sender = "550 5.7.1 Sender refused"
        assert "Sender refused" in send(hub)
    elif kind == "nobody":
        assert "wait" in send(at(hub, f"smtp://127.0.0.1:{smtp.free_port()}"))
    else:
        with smtp.silent() as port:
            assert "2 wait: 127.0.0.1" in send(at(hub, f"smtp://127.0.0.1:{port}"), timeout=0.3)
    waiting = mails(hub).values()
    assert all(mail.error and mail.next_at and mail.next_at > now() for mail in waiting)
    at(hub, f"smtp://127.0.0.1:{post.port}")
    post.refuse_sender = ""
    with time_machine.travel(now() + sending.PAUSE + timedelta(seconds=1)):
        assert send(hub).startswith("2 sent")


def test_a_worker_that_died_over_a_mail_leaves_it_to_the_next(hub: Hub, post: Post) -> None:
    queue(hub)
    with hub.db.write() as session:
        sending._take(session, "hub@nrw.example")
    assert send(hub).startswith("0 sent"), "somebody has it in hand"
    with time_machine.travel(now() + sending.HELD + timedelta(seconds=1)):
        assert send(hub).startswith("1 sent")


def test_what_comes_too_late_is_not_sent(hub: Hub, post: Post) -> None:
    queue(hub, until=now() + timedelta(hours=1), confidential=True)
    with time_machine.travel(now() + timedelta(hours=2)):
        assert send(hub).startswith("0 sent")
    mail = mails(hub)["booking:1"]
    assert outbox.state(mail) == outbox.GIVEN_UP
    assert mail.error == outbox.NO_WORKER
    assert mail.body == "", "what lets somebody in is not kept"


def test_a_way_in_is_not_kept_after_sending(hub: Hub, post: Post) -> None:
    queue(hub, confidential=True)
    send(hub)
    assert "bereit" in post.taken[0].get_content()
    assert mails(hub)["booking:1"].body == ""


# Headers cannot be smuggled in

NASTY = "Hallo\r\nBcc: all@schule.example\r\n\r\nText\0\ud800"


def test_no_header_comes_from_a_subject_or_a_name(hub: Hub, post: Post) -> None:
    with hub.db.write() as session:
        session.get_one(models.Site, "borken").name = "Zentrum\r\nBcc: all@schule.example"
    queue(
        hub,
        subject=NASTY,
        body=NASTY,
        site_key="borken",
        attachments=[Attachment(NASTY, "text/plain", b"x")],
    )
    assert send(hub).startswith("1 sent")
    (message,) = post.taken
    assert post.recipients == ["ada@schule.example"]
    assert message["Bcc"] is None
    assert message["Subject"].startswith("Hallo Bcc: all@schule.example Text")


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "ada",
        "ada@",
        "@schule.example",
        "ada@localhost",
        "ada@schule..example",
        "ada@[127.0.0.1]",
        "a@b.example, c@d.example",
        "a@b.example\r\nBcc: c@d.example",
        "a@b.example>\nRCPT TO:<c@d.example",
        '"a b"@c.example',
        "ädä@schule.example",
        "-oX@x\0.example",
        f"{'a' * 65}@schule.example",
        f"a@{'a' * 64}.example",
        f"a@{'abc.' * 80}example",
    ],
)
def test_what_is_no_address_is_given_up(hub: Hub, post: Post, typed: str) -> None:
    assert queue(hub, to=typed)
    send(hub)
    mail = mails(hub)["booking:1"]
    assert (outbox.state(mail), mail.error) == (outbox.GIVEN_UP, outbox.NO_ADDRESS)
    assert post.recipients == []


@pytest.mark.parametrize(
    ("typed", "taken"),
    [
        (" Ada.Muster+hub@Schule.Example ", "Ada.Muster+hub@schule.example"),
        ("info@müller.example", "info@xn--mller-kva.example"),
        ("170124@schule.nrw.de", "170124@schule.nrw.de"),
        ("o'neil@schule.example", "o'neil@schule.example"),
    ],
)
def test_addresses_as_servers_take_them(typed: str, taken: str) -> None:
    assert address.recipient(typed) == taken


# Encryption and login


def test_a_password_goes_over_tls(
    make_hub: Callable[..., Hub], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pem, key = certificate.write(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    secret = quote(PASSWORD, safe="")
    with smtp.served(ssl_context=smtp.tls(pem, key), login=True, auth_require_tls=False) as post:
        hub = at(make_hub(), f"smtps://hub:{secret}@localhost:{post.port}")
        queue(hub)
        assert send(hub).startswith("1 sent")
        assert post.logins == ["hub"]
        queue(hub, key="wrong")
        at(hub, f"smtps://hub:wrong@localhost:{post.port}")
        assert "535" in send(hub)
    assert PASSWORD not in repr(hub.settings)
    assert secret not in repr(hub.settings)


def test_starttls_is_used_and_its_certificate_checked(
    make_hub: Callable[..., Hub], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "HERE", frozenset())
    pem, key = certificate.write(tmp_path)
    with smtp.served(tls_context=smtp.tls(pem, key), login=True, auth_require_tls=True) as post:
        hub = at(make_hub(), f"smtp://hub:{quote(PASSWORD, safe='')}@localhost:{post.port}")
        queue(hub)
        assert "certificate" in send(hub)
        monkeypatch.setenv("SSL_CERT_FILE", str(pem))
        with time_machine.travel(now() + sending.PAUSE + timedelta(seconds=1)):
            assert send(hub).startswith("1 sent")
        assert post.encrypted == [True]


def test_no_password_goes_unencrypted(
    hub: Hub, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "HERE", frozenset())
    at(hub, f"smtp://hub:{quote(PASSWORD, safe='')}@localhost:{post.port}")
    queue(hub)
    assert "no encryption" in send(hub)
    assert post.taken == []


# Into a folder


def test_into_a_folder(make_hub: Callable[..., Hub], tmp_path: Path) -> None:
    folder = tmp_path / "a folder" / "mail"
    hub = at(make_hub(), folder.as_uri())
    queue(hub)
    queue(hub, key="other", to="bea@schule.example")
    assert send(hub).startswith("2 sent")
    files = [message_from_bytes(path.read_bytes(), policy=default) for path in folder.iterdir()]
    assert {str(one["To"]) for one in files} == {"ada@schule.example", "bea@schule.example"}
    blocked = at(hub, (tmp_path / "file").as_uri())
    (tmp_path / "file").write_text("")
    queue(hub, key="third")
    assert "1 wait: " in send(blocked)


# Kept no longer than needed


def test_who_is_erased_gets_no_mail(hub: Hub, post: Post) -> None:
    with hub.db.write() as session:
        person = people.add(session, name="Ada", email="ada@schule.example")
    queue(hub, person_id=person.id)
    privacy.erase(hub, person.id, by="test")
    assert send(hub).startswith("0 sent")
    assert mails(hub) == {}


def test_texts_go_after_a_week_rows_after_a_quarter(hub: Hub, post: Post) -> None:
    post.refuse = {"bea@schule.example": "550 No"}
    with hub.db.write() as session:
        ada = people.add(session, name="Ada", email="ada@schule.example").id
    event = Attachment("a.ics", "text/calendar", EVENT)
    queue(hub, person_id=ada, attachments=[event])
    queue(hub, key="refused", to="bea@schule.example", person_id=ada)
    queue(hub, key="nobody", to="cem@schule.example")
    send(hub)
    queue(hub, key="waits", person_id=ada)

    def clean(days: int) -> dict[str, models.Mail]:
        with time_machine.travel(now() + timedelta(days=days)):
            clean_up(Context(hub, lambda: None), {})
        return mails(hub)

    assert all(mail.body for mail in clean(5).values())
    found = clean(12)
    assert [found[key].body for key in ("booking:1", "refused")] == ["", ""]
    assert found["booking:1"].attachments == []
    assert found["waits"].body
    assert "nobody" not in found, "of whom nothing else is held, no address is kept either"
    assert set(clean(91)) == {"waits"}
