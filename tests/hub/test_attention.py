"""Admins hear of what needs them: after a while, once per cause, with the way to its fix."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from hub import activations, attention, models
from hub.catalogue.sync import sync
from hub.errors import Unavailable
from hub.identity import people
from hub.identity.actor import Role
from hub.records import Change
from tests.mails import Mailbox, Received
from tests.sources import Network, everything, medium, network

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def net(database_url: str, tmp_path: Path) -> Iterator[Network]:
    with network(database_url, tmp_path, ["borken", "coesfeld"]) as net:
        for key in ("borken", "coesfeld"):
            net.play(key, everything(medium("a")))
            sync(net.hub.db, net.site(key), "scripted")
        yield net


@pytest.fixture
def box(net: Network, tmp_path: Path) -> Mailbox:
    folder = tmp_path / "mails"
    folder.mkdir()
    with net.hub.db.write() as session:
        for name, role, site, language in (
            ("Ada", Role.SITE_ADMIN, "borken", "de"),
            ("Bob", Role.SITE_ADMIN, "borken", "en"),
            ("Cem", Role.STAFF, "borken", "de"),
            ("Dora", Role.SITE_ADMIN, "coesfeld", "de"),
        ):
            person = people.add(session, name=name, email=f"{name}@mz.example")
            person.language = language
            people.grant(session, person.id, role, site, by="test")
    return Mailbox(net.hub, folder)


def after(net: Network, box: Mailbox, hours: float) -> list[Received]:
    attention.look(net.hub, NOW + hours * HOUR, lambda: None)
    return box.take()


def fail(net: Network, message: str = "Das Passwort ist abgelaufen.") -> int | None:
    def broken(cursor: str | None) -> Iterator[Change]:
        raise Unavailable(message)
        yield

    net.play("borken", broken)
    return sync(net.hub.db, net.site("borken"), "scripted").run_id


def test_admins_hear_of_it_after_a_day_and_once(net: Network, box: Mailbox) -> None:
    run = fail(net)
    assert after(net, box, 0) == []
    assert after(net, box, 23) == []
    german, english = sorted(after(net, box, 24), key=lambda one: one.to)
    assert german.to == "Ada@mz.example"
    assert german.subject == "Braucht Ihre Aufmerksamkeit: Nach Drehbuch"
    assert "Nach Drehbuch (seit 02.03.2026, 13:00 Uhr)" in german.body
    assert "Ursache: Der letzte Lauf ist fehlgeschlagen" in german.body
    assert "Meldung: Das Passwort ist abgelaufen." in german.body
    assert "Zugangsdaten geben Sie neu ein" in german.body
    assert f"http://127.0.0.1:8000/borken/verwaltung/laeufe/{run}\n" in german.body
    assert english.subject == "Needs your attention: Scripted"
    assert "What helps: Look for the cause" in english.body
    fail(net, "Das Passwort ist noch immer abgelaufen.")
    assert after(net, box, 48) == [], "the cause is the same"


def test_another_cause_and_one_that_came_back_are_told_anew(net: Network, box: Mailbox) -> None:
    fail(net)
    for hours in (0, 24):
        told = after(net, box, hours)
    assert len(told) == 2
    net.play("borken", everything(medium("a")))
    sync(net.hub.db, net.site("borken"), "scripted")
    assert after(net, box, 25) == [], "nothing is said when it is over"
    fail(net)
    assert after(net, box, 26) == []
    with net.hub.db.write() as session:
        row = session.get_one(models.Activation, ("borken", "scripted"))
        row.config, row.version = {"nonsense": 1}, row.version + 1
        activations.announce(session)
    net.hub.sites.refresh()
    assert after(net, box, 30) == []
    (german,) = [one for one in after(net, box, 54) if one.to.startswith("Ada")]
    assert "nonsense" in german.body
    assert "/borken/verwaltung/plugins/scripted\n" in german.body
    activations.disable(net.hub, "borken", "scripted", actor="test")
    net.hub.sites.refresh()
    assert after(net, box, 55) == []
    with net.hub.db.read() as session:
        assert not session.scalar(sa.select(sa.func.count()).select_from(models.Attention))


def test_a_run_that_is_under_way_is_no_news(net: Network, box: Mailbox) -> None:
    number = fail(net)
    assert after(net, box, 0) == []
    with net.hub.db.write() as session:
        session.get_one(models.SyncRun, number).state = "running"
    assert after(net, box, 12) == []
    fail(net)
    assert len(after(net, box, 24)) == 2


def test_nobody_is_forgotten_where_nobody_can_be_written_to(net: Network, box: Mailbox) -> None:
    with net.hub.db.write() as session:
        session.execute(sa.update(models.Person).values(email=""))
    fail(net)
    assert after(net, box, 0) == after(net, box, 24) == []
    with net.hub.db.write() as session:
        session.execute(
            sa.update(models.Person).where(models.Person.name == "Ada").values(email="a@mz.example")
        )
    assert [one.to for one in after(net, box, 25)] == ["a@mz.example"]
