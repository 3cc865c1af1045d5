"""What is held about somebody is handed over, and erased; unless a loan is open."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask.testing import FlaskClient

from hub import Plugin, activations, hookimpl, models
from hub.app import create_app
from hub.cli import main
from hub.errors import Rejected, Unavailable
from hub.identity import accounts, audit, people, privacy
from hub.identity.actor import Role
from hub.models.base import Base, now
from hub.records import Person
from hub.runtime import Hub
from plugins.accounts import Accounts
from tests import scoping
from tests.hub.web.test_isolation import MARK, plant_everywhere
from tests.hub.web.test_pages import text_of
from tests.identities import COOKIE, person, send, token
from tests.sources import Network, Point, network


class Shelf(Plugin):
    """A plugin that holds something about people."""

    name = "shelf"
    title = {"de": "Regal", "en": "Shelf"}
    held: dict[str, list[str]] = {}
    trouble: Exception | None = None

    @hookimpl
    def personal_data_export(self, person: Person) -> Mapping[str, Any]:
        return {"books": self.held[person.id]} if person.id in self.held else {}

    @hookimpl
    def personal_data_erase(self, person: Person) -> None:
        if self.trouble is not None:
            raise self.trouble
        self.held.pop(person.id, None)


@pytest.fixture
def net(database_url: str, tmp_path: Any) -> Iterator[Network]:
    with network(database_url, tmp_path, ("borken", "coesfeld")) as made:
        yield made


@pytest.fixture
def hub(net: Network) -> Iterator[Hub]:
    points = [Point("scripted", net.plugin), Point("accounts", Accounts), Point("shelf", Shelf)]
    with Hub.open(net.hub.settings, points) as opened:
        activations.enable(opened, "coesfeld", "shelf", {}, actor="test")
        yield opened
    Shelf.held, Shelf.trouble = {}, None


@pytest.fixture
def ada(hub: Hub) -> int:
    """A teacher with an account, a login, and a book on the shelf of another centre."""
    number = person(hub, Role.TEACHER, "borken", name="Ada Muster")
    with hub.db.write() as session:
        row = session.get_one(models.Person, number)
        row.email = "ada@schule.example"
        accounts.put(session, "borken", row, "ada", "korrekt pferd batterie")
        audit.note(session, row.key, "borken", "plugin.enable", "feed")
        Shelf.held = {row.key: ["Momo"]}
    return number


@pytest.fixture
def client(hub: Hub, ada: int) -> FlaskClient:
    client = create_app(hub).test_client()
    client.set_cookie(COOKIE, token(hub, ada))
    return client


def grow_old(hub: Hub, ada: int) -> None:
    """The proof of who the person is lies back too far for dangerous acts."""
    with hub.db.write() as session:
        session.execute(sa.update(models.LoginSession).values(proven_at=now() - timedelta(hours=1)))


def test_everything_held_is_handed_over_but_no_proof(hub: Hub, client: FlaskClient) -> None:
    page = text_of(client.get("/konto/daten").text)
    assert "Regal" in page
    answer = client.get("/konto/daten/meine-daten.json")
    assert "attachment" in answer.headers["Content-Disposition"]
    assert answer.headers["Cache-Control"] == "no-store"
    found = json.loads(answer.data)
    assert found["hub"]["person"][0]["email"] == "ada@schule.example"
    assert found["hub"]["account"][0]["login"] == "ada"
    assert found["hub"]["audit"][0]["action"] == "role.grant"
    assert found["centres"] == {"coesfeld": {"shelf": {"books": ["Momo"]}}}
    for proof in ("argon2", "token_hash", "code_hash"):
        assert proof not in answer.text


NOBODYS = {
    "booking": {
        "borrower", "external_id", "fulfilment", "head", "kind", "plugin", "reference", "state",
        "title",
    }
}  # fmt: skip
"""Columns that are kept without the person, and say nothing about them."""


def test_no_table_with_a_person_is_forgotten(hub: Hub, net: Network) -> None:
    number = plant_everywhere(hub)
    found = privacy.held(hub, number).tables
    assert set(found) >= scoping.private() - {"audit"}
    person(hub, Role.SITE_ADMIN, "coesfeld")  # so that it is not the last one who goes
    privacy.erase(hub, number, by="test")
    with hub.db.read() as session:
        for name in scoping.private() - {"audit"}:
            table = Base.metadata.tables[name]
            columns = [one for one in table.c if one.name not in NOBODYS.get(name, ())]
            rows = session.execute(sa.select(*columns)).all()
            assert not any(MARK in str(tuple(row)) for row in rows), name


def test_erased_is_erased(hub: Hub, client: FlaskClient, ada: int) -> None:
    page = send(client, "/konto/daten", "/konto/daten/loeschen")
    assert page.status_code == 400
    assert "Bitte bestätigen Sie" in text_of(page.text)
    page = send(client, "/konto/daten", "/konto/daten/loeschen", sure="yes")
    assert "Ihr Konto ist gelöscht" in text_of(page.text)
    assert client.get("/konto").status_code == 303, "logged out"
    assert Shelf.held == {}
    with hub.db.read() as session:
        assert session.get(models.Person, ada) is None
        for model in (models.Account, models.Identity, models.LoginSession, models.Membership):
            assert session.scalars(sa.select(model)).all() == []
        entries = session.scalars(sa.select(models.AuditEntry)).all()
        assert {"plugin.enable", "person.erase"} <= {entry.action for entry in entries}
        assert all(entry.actor in ("erased", "test") for entry in entries)
        assert not any(f"person:{ada}" == entry.subject for entry in entries)


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        (Rejected("„Momo“ ist noch ausgeliehen."), "„Momo“ ist noch ausgeliehen."),
        (Unavailable("secret host is down"), "war nicht erreichbar"),
        (RuntimeError("password=hunter2"), "war nicht erreichbar"),
    ],
)
def test_an_open_loan_keeps_the_account(
    hub: Hub, client: FlaskClient, ada: int, trouble: Exception, said: str
) -> None:
    Shelf.trouble = trouble
    page = send(client, "/konto/daten", "/konto/daten/loeschen", sure="yes")
    assert page.status_code == 409
    assert said in text_of(page.text)
    assert "secret" not in page.text
    assert "hunter2" not in page.text
    assert "Ada Muster" in client.get("/konto").text, "nothing is lost"


def test_a_login_of_an_hour_ago_is_not_enough(hub: Hub, client: FlaskClient, ada: int) -> None:
    grow_old(hub, ada)
    assert "melden Sie sich noch einmal an" in text_of(client.get("/konto/daten").text)
    for answer in (
        client.get("/konto/daten/meine-daten.json"),
        send(client, "/konto/daten", "/konto/daten/loeschen", sure="yes"),
    ):
        assert answer.headers["Location"].startswith("/anmelden?weiter=/konto/daten")
    with hub.db.read() as session:
        assert session.get(models.Person, ada) is not None


def test_the_last_admin_stays(hub: Hub, ada: int) -> None:
    with hub.db.write() as session:
        people.grant(session, ada, Role.SITE_ADMIN, "borken", by="test")
    with pytest.raises(privacy.Refused, match="last_admin"):
        privacy.erase(hub, ada, by="test")


def test_accounts_that_nobody_uses_are_erased_by_themselves(hub: Hub, ada: int) -> None:
    assert privacy.erase_inactive(hub, now()) == 0
    Shelf.trouble = Rejected("Ausgeliehen.")
    assert privacy.erase_inactive(hub, now() + timedelta(days=800)) == 0
    Shelf.trouble = None
    assert privacy.erase_inactive(hub, now() + timedelta(days=800)) == 1
    assert privacy.erase_inactive(hub, now() + timedelta(days=800)) == 0


def test_the_command_line_hands_over_and_erases(
    hub: Hub, ada: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = hub.settings
    monkeypatch.setenv("HUB_DATABASE_URL", hub.db.url.render_as_string(hide_password=False))
    monkeypatch.setenv("HUB_CONFIG", str(settings.config))
    monkeypatch.setenv("HUB_SECRET_KEY", settings.secret_key)
    shown = CliRunner().invoke(main, ["users", "export", str(ada)])
    assert json.loads(shown.output)["hub"]["person"][0]["name"] == "Ada Muster"
    assert CliRunner().invoke(main, ["users", "erase", str(ada)], input="n\n").exit_code == 1
    # What is enabled but not installed for the command may hold something: it waits.
    waits = CliRunner().invoke(main, ["users", "erase", str(ada), "--yes"])
    assert (waits.exit_code, "Medienzentrum Coesfeld: broken" in waits.output) == (1, True)
    for key in ("borken", "coesfeld"):
        for one in hub.sites.enabled(key):
            activations.disable(hub, key, one.name, actor="test")
    assert CliRunner().invoke(main, ["users", "erase", str(ada), "--yes"]).exit_code == 0
    for action in ("export", "erase"):
        again = CliRunner().invoke(
            main, ["users", action, str(ada), *["--yes"][: action == "erase"]]
        )
        assert "There is no person" in again.output


def test_a_plugin_that_is_broken_makes_the_erasure_wait(hub: Hub, ada: int) -> None:
    with hub.db.write() as session:
        row = session.scalars(
            sa.select(models.Activation).where(models.Activation.plugin == "shelf")
        ).one()
        row.config = {"unknown": 1}
        activations.announce(session)
    hub.sites.refresh()
    assert hub.sites.site("coesfeld").problems
    assert privacy.held(hub, ada).failed == (("coesfeld", "shelf"),)
    with pytest.raises(privacy.Refused) as refused:
        privacy.erase(hub, ada, by="test")
    assert refused.value.reasons == (("Medienzentrum Coesfeld", "broken"),)
    activations.disable(hub, "coesfeld", "shelf", actor="test")
    privacy.erase(hub, ada, by="test")
