"""Whoever lets a source be read sees how far it is, from the queue to the end."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from hub import models
from hub.catalogue import runs
from hub.catalogue.sync import sync
from hub.identity.actor import Role
from hub.jobs.worker import Worker
from hub.models.base import now
from hub.records import Change, Checkpoint, Upsert
from tests.hub.web.test_pages import text_of
from tests.identities import log_in, send
from tests.pages import medium
from tests.sources import Network

RUNS = "/borken/verwaltung/laeufe"
ASK = f"{RUNS}/stand?plugin=scripted"
READ = "/borken/verwaltung/plugins/scripted"


@pytest.fixture
def staff(client: FlaskClient, net: Network) -> FlaskClient:
    log_in(client, net.hub, Role.STAFF, "borken")
    return client


def ask(client: FlaskClient) -> Any:
    return client.get(ASK, headers={"HX-Request": "true"})


def change_run(net: Network, **values: object) -> int:
    """The latest run of Borken's source, with other values."""
    with net.hub.db.write() as session:
        number = session.scalar(
            sa.select(sa.func.max(models.SyncRun.id)).where(models.SyncRun.site_key == "borken")
        )
        assert number is not None
        for name, value in values.items():
            setattr(session.get_one(models.SyncRun, number), name, value)
        return number


def test_from_the_queue_to_the_end(staff: FlaskClient, net: Network) -> None:
    page = staff.get(send(staff, READ, f"{READ}/einlesen").headers["Location"])
    assert 'aria-live="polite"' in page.text
    assert 'data-hx-trigger="every 3s"' in page.text
    assert re.search(r'href="[^"]*plugin=scripted">Stand neu laden', page.text), "without script"
    waiting = ask(staff)
    assert waiting.status_code == 200
    assert "Wartet in der Schlange." in text_of(waiting.text)

    seen = []

    def source(cursor: str | None) -> Iterator[Change]:
        seen.append(ask(staff))
        yield Upsert(medium("a", "Neu"))
        yield Checkpoint(None)

    net.play("borken", source)
    Worker(net.hub, schedules=lambda _: []).run(once=True)
    assert "Die Quelle wird gefragt" in text_of(seen[0].text)
    assert seen[0].status_code == 200
    over = ask(staff)
    assert over.status_code == 286, "htmx asks no more"
    assert "Beendet: Erfolgreich." in text_of(over.text)
    assert re.search(rf'href="{RUNS}/\d+">Was der Lauf getan hat', over.text)
    assert "Stand neu laden" not in over.text
    assert "Wie weit es ist" not in staff.get(f"{RUNS}?plugin=scripted").text


def test_counts_rate_and_rest(staff: FlaskClient, net: Network) -> None:
    begun = now() - timedelta(seconds=100)
    number = change_run(net, state="running", owner=runs._me(), started_at=begun, added=1000,
                        changed=0, unchanged=0, rejected=0, total=4000,
                        heartbeat_at=begun + timedelta(seconds=100))  # fmt: skip
    said = text_of(ask(staff).text)
    assert "Bisher 1.000 von 4.000 Einträgen." in said
    assert "10 Einträge in der Sekunde." in said
    assert "Noch etwa 5 Minuten." in said
    page = staff.get(f"{RUNS}/{number}").text
    assert 'data-hx-trigger="every 3s"' in page
    assert 'value="1000" max="4000"' in page
    change_run(net, resumed=1)
    assert "in der Sekunde" not in ask(staff).text, "the break was no work"


def test_a_run_whose_process_was_killed_is_shown_as_such(staff: FlaskClient, net: Network) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    owner = runs._me().rpartition(":")[0]
    number = change_run(net, state="running", owner=f"{owner}:{gone.pid}")
    for page in (ask(staff), staff.get(f"{RUNS}/{number}")):
        assert "Der Lauf wurde abgebrochen" in text_of(page.text)
        assert "Lesen Sie die Quelle neu ein" in text_of(page.text)
    assert "Abgebrochen" in text_of(staff.get(RUNS).text)
    assert ask(staff).status_code == 286
    send(staff, READ, f"{READ}/einlesen")
    assert "wieder aufgenommen" in text_of(ask(staff).text)
    assert ask(staff).status_code == 200
    sync(net.hub.db, net.site("borken"), "scripted")
    assert "abgebrochen" not in staff.get(f"{RUNS}/{number}").text


def test_what_is_tried_again_and_what_was_given_up(staff: FlaskClient, net: Network) -> None:
    send(staff, READ, f"{READ}/einlesen")

    def broken(cursor: str | None) -> Iterator[Change]:
        raise RuntimeError
        yield

    net.play("borken", broken)
    Worker(net.hub, schedules=lambda _: []).run(once=True)
    again = ask(staff)
    assert "wird wieder versucht:" in text_of(again.text)
    assert again.status_code == 286
    with net.hub.db.write() as session:
        session.execute(sa.update(models.Job).values(state="parked"))
    assert "Es wurde aufgegeben" in text_of(ask(staff).text)


def test_an_address_without_its_page_leads_to_it(staff: FlaskClient) -> None:
    assert staff.get(ASK).headers["Location"] == f"{RUNS}?plugin=scripted"
    nothing = staff.get(f"{RUNS}/stand?plugin=gibtesnicht", headers={"HX-Request": "true"})
    assert "Es wurde noch nichts eingelesen." in text_of(nothing.text)
    assert nothing.status_code == 286
