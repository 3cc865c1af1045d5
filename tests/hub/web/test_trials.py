"""A dry run on its page: everything that a run would do is said, and nothing is done."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from hub import models
from hub.catalogue.sync import sync
from hub.errors import Unavailable
from hub.identity.actor import Role
from hub.jobs.worker import Worker
from hub.records import Change, Checkpoint, Reject, Upsert
from tests.hub.web.test_pages import text_of
from tests.identities import log_in, send
from tests.pages import borken, complete, medium
from tests.sources import Network

PAGE = "/borken/verwaltung/plugins/scripted/probelauf"


@pytest.fixture
def staff(client: FlaskClient, net: Network) -> FlaskClient:
    log_in(client, net.hub, Role.STAFF, "borken")
    return client


def tables(net: Network) -> list[list[object]]:
    """All rows that a run may write."""
    with net.hub.db.read() as session:
        return [
            [tuple(row) for row in session.execute(sa.select(model.__table__))]
            for model in (models.Offer, models.SyncRun, models.SyncSource, models.SyncPage,
                          models.SyncChange, models.SyncReject, models.SearchDoc)
        ]  # fmt: skip


def work(net: Network) -> None:
    Worker(net.hub, schedules=lambda _: []).run(once=True)


def test_what_would_happen_is_told_and_nothing_happens(staff: FlaskClient, net: Network) -> None:
    assert "Es gab noch keinen Probelauf." in text_of(staff.get(PAGE).text)
    records = [one for one in borken(datetime.now(UTC).date()) if one.source_id != "expired"]
    records = [
        medium("open", "Wasser ist alles") if one.source_id == "open" else one for one in records
    ]
    changes: list[Change] = [Reject("zeile 7", "Die Spalte Titel ist leer"), *complete(records)]
    changes.insert(0, Upsert(medium("neu", "Ganz neu")))
    net.play("borken", changes)
    before = tables(net)
    for _ in range(2):  # a second click changes nothing
        assert send(staff, "/konto", PAGE).status_code == 303
    waiting = staff.get(PAGE)
    assert 'data-hx-trigger="every 3s"' in waiting.text
    assert "Probelauf starten" not in waiting.text
    with net.hub.db.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(models.Job)) == 1
    work(net)
    page = staff.get(PAGE)
    said = text_of(page.text)
    assert "every 3s" not in page.text
    for number, word in ((1, "neu"), (1, "geändert"), (1, "zurückgenommen"), (1, "abgelehnt")):
        assert f"{word} {number}" in said or f"{number} {word}" in said, word
    assert "<del>Wasser ist Leben</del>" in page.text
    assert "<ins>Wasser ist alles</ins>" in page.text
    assert "Titel" in said
    assert "Ganz neu (neu)" in said
    assert "Wasser in der Wüste (expired)" in said
    assert "Die Spalte Titel ist leer 1 Eintrag zum Beispiel: zeile 7" in said
    assert tables(net) == before
    report = sync(net.hub.db, net.site("borken"), "scripted")
    assert (report.added, report.changed, report.withdrawn, report.rejected) == (1, 1, 1, 1)


def test_a_run_that_would_wait_for_a_person_is_foretold(staff: FlaskClient, net: Network) -> None:
    net.play("borken", [Upsert(medium("many-1", "Noch da")), Checkpoint(None, complete=True)])
    send(staff, PAGE)
    work(net)
    said = text_of(staff.get(PAGE).text)
    assert "Es würde so viel zurückgenommen" in said
    assert "Was zurückgenommen würde (52)" in said


def test_a_source_that_breaks_off_says_why(staff: FlaskClient, net: Network) -> None:
    def broken(cursor: str | None) -> Iterator[Change]:
        yield Upsert(medium("neu", "Ganz neu"))
        raise Unavailable("Die Quelle macht Pause.")

    net.play("borken", broken)
    send(staff, PAGE)
    work(net)
    said = text_of(staff.get(PAGE).text)
    assert "Die Quelle konnte nicht bis zum Ende gelesen werden" in said
    assert "Die Quelle macht Pause." in said
    assert "Probelauf starten" in said


def test_only_sources_have_dry_runs(staff: FlaskClient) -> None:
    assert staff.get("/borken/verwaltung/plugins/edmond/probelauf").status_code == 404
    assert staff.get("/coesfeld/verwaltung/plugins/scripted/probelauf").status_code == 404
