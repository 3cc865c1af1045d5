"""What an operator sees: settings that cannot work, mails that did not go out."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from click.testing import CliRunner, Result

from hub.cli import main
from hub.mail import outbox
from hub.models.base import now
from hub.runtime import Hub
from hub.settings import Settings, SettingsError, load
from tests.servers import smtp


@pytest.fixture
def hub(make_hub: Callable[..., Hub]) -> Hub:
    hub = make_hub()
    with hub.db.write() as session:
        for key, to in (("one", "ada@schule.example"), ("two", "nobody")):
            outbox.queue_mail(session, key=key, recipient=to, subject=f"S {key}", body="Text")
    return hub


@pytest.fixture
def run(settings: Settings) -> Callable[..., Result]:
    def run(*arguments: str, **more: str) -> Result:
        environment = {
            "HUB_DATABASE_URL": settings.database_url,
            "HUB_CONFIG": str(settings.config),
            "HUB_VAR": str(settings.var),
            "HUB_SECRET_KEY": settings.secret_key,
            **more,
        }
        return CliRunner().invoke(main, arguments, env=environment)

    return run


def test_mails_are_listed_without_their_texts(hub: Hub, run: Callable[..., Result]) -> None:
    shown = run("mail", "list")
    assert "ada@schule.example" in shown.output
    assert "Text" not in shown.output
    assert "No mail server is set up" in shown.output
    found = json.loads(run("mail", "list", "--state", "given up", "--json").output)
    assert [one["key"] for one in found] == ["two"]
    assert run("mail", "list", "--site", "atlantis").exit_code == 1


def test_a_mail_that_was_given_up_is_sent_after_all(hub: Hub, run: Callable[..., Result]) -> None:
    with hub.db.write() as session:
        mail = outbox.listing(session)[-1]
        outbox.give_up(mail, "550 Full")
        number = mail.id
    assert run("mail", "retry", str(number)).exit_code == 0
    with hub.db.read() as session:
        assert outbox.is_due(session)
    for what, said in ((number, "is waiting"), (number + 1, "no address"), (99, "does not exist")):
        again = run("mail", "retry", str(what))
        assert again.exit_code == 1
        assert said in again.output


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mail.example", "Write smtp://"),
        ("http://mail.example", "Write smtp://"),
        ("smtp://", "nothing more"),
        ("smtp://mail.example/inbox", "nothing more"),
        ("smtp://mail.example:abc", "cannot be read"),
        ("smtp://hub:hunter2/x@mail.example", "cannot be read"),
        ("smtp://hub@mail.example", "belong together"),
        ("smtp://hub:w%C3%B6rt@mail.example", "ASCII"),
        ("file://folder", "three slashes"),
    ],
)
def test_check_names_a_setting_that_cannot_be_read(
    run: Callable[..., Result], url: str, said: str
) -> None:
    checked = run("check", HUB_MAIL_URL=url)
    assert checked.exit_code == 1
    assert "HUB_MAIL_URL" in checked.output
    assert said in checked.output
    assert "hunter2" not in checked.output


def test_check_names_an_unusable_sender(run: Callable[..., Result]) -> None:
    assert "HUB_MAIL_FROM" in run("check", HUB_MAIL_FROM="hub").output
    admin = {"HUB_ADMIN_EMAIL": "root@localhost", "HUB_MAIL_URL": "smtp://mail.example"}
    with pytest.raises(SettingsError, match="HUB_MAIL_FROM"):
        load(admin)
    assert load({"HUB_ADMIN_EMAIL": "it@kreis.example"}).mail_from == "it@kreis.example"


def test_check_asks_the_mail_server_when_live(hub: Hub, run: Callable[..., Result]) -> None:
    url = f"smtp://127.0.0.1:{smtp.free_port()}"
    assert "HUB_MAIL_URL" not in run("check", HUB_MAIL_URL=url).output
    assert "HUB_MAIL_URL: 127.0.0.1" in run("check", "--live", HUB_MAIL_URL=url).output
    with smtp.served() as post:
        url = f"smtp://127.0.0.1:{post.port}"
        assert "HUB_MAIL_URL" not in run("check", "--live", HUB_MAIL_URL=url).output


def test_check_tells_of_mails_that_did_not_go_out(hub: Hub, run: Callable[..., Result]) -> None:
    checked = run("check").output
    assert "1 mails were given up; the last one: This is no address" in checked
    assert "mails wait" not in checked
    with time_machine.travel(now() + timedelta(hours=2)):
        assert "1 mails wait" in run("check").output
