"""Reporting a barrier: without login, cookie or scripts; read and settled by the operators."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from hub import barriers
from hub.cli import main
from hub.db import Database
from tests.hub.web.test_pages import text_of

FORM = "/barriere-melden"


@pytest.fixture
def token(empty_client: FlaskClient) -> str:
    found = re.search(r'name="token" value="([^"]+)"', empty_client.get(FORM).text)
    assert found
    return found[1]


def test_a_report_is_stored_and_confirmed(
    empty_client: FlaskClient, token: str, db: Database
) -> None:
    entered = {"text": "Kontrast <b>zu</b> schwach", "page": "/netz", "contact": "a@b.example"}
    answer = empty_client.post(FORM, data={**entered, "token": token})
    assert answer.status_code == 200
    assert "Ihre Meldung ist angekommen. Sie hat die Nummer 1." in text_of(answer.text)
    assert "spätestens nach sechs Wochen" in answer.text
    assert "Ombudsstelle" in answer.text
    assert "Set-Cookie" not in answer.headers
    with db.read() as session:
        (stored,) = barriers.waiting(session)
    assert (stored.text, stored.page, stored.contact) == tuple(entered.values())
    assert (stored.due - stored.at).days == 14


def test_what_is_wrong_is_said_and_what_was_entered_stays(
    empty_client: FlaskClient, token: str, db: Database
) -> None:
    for data, message in (
        ({"token": token, "page": "/netz"}, "Bitte schreiben Sie, worin die Barriere besteht."),
        ({"token": token, "page": "/netz", "text": "x" * 5001}, "Bitte höchstens 5.000 Zeichen."),
        ({"token": token, "page": "/netz", "text": "a\x00b"}, "nicht speichern lassen"),
        ({"token": "forged", "page": "/netz", "text": "x"}, "zu lange geöffnet"),
        ({"page": "/netz", "text": "x"}, "zu lange geöffnet"),
    ):
        answer = empty_client.post(FORM, data=data)
        assert answer.status_code == 400
        assert message in text_of(answer.text)
        assert 'role="alert"' in answer.text
        assert 'value="/netz"' in answer.text
        assert 'aria-invalid="true"' in answer.text
    with db.read() as session:
        assert barriers.waiting(session) == []


def test_a_flood_is_stopped(
    empty_client: FlaskClient, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(barriers, "MOST_PER_HOUR", 1)
    assert empty_client.post(FORM, data={"text": "x", "token": token}).status_code == 200
    stopped = empty_client.post(FORM, data={"text": "x", "token": token})
    assert stopped.status_code == 429
    assert "Zu viele Anfragen" in stopped.text


def test_operators_list_and_settle_reports(
    db: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_DATABASE_URL", database_url)
    with db.write() as session:
        number = barriers.take_in(session, page="/netz", text="Fokus fehlt", contact="")
    run = CliRunner().invoke
    listed = run(main, ["barriers"])
    assert listed.exit_code == 0, listed.output
    assert "Fokus fehlt" in listed.output
    assert '"page": "/netz"' in run(main, ["barriers", "--json"]).output
    assert run(main, ["barriers", "settle", str(number)]).exit_code == 0
    gone = run(main, ["barriers", "settle", str(number)])
    assert gone.exit_code == 1
    assert "There is no report" in gone.output
    assert "Fokus fehlt" not in run(main, ["barriers"]).output
