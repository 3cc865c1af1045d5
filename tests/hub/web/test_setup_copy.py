"""Another centre's set-up as a starting point, and credentials that are renewed by themselves."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from hub import activations, connections, models, setup_copy
from hub.connections import Check
from hub.identity import people
from hub.identity.actor import Role
from hub.secrets import Keyring
from tests.hub.web.test_pages import text_of
from tests.identities import log_in, send
from tests.sources import Network

SECRET = "sehr-geheim-4711"
COPY = "/borken/verwaltung/uebernehmen"
RENEW = "/borken/verwaltung/plugins/edmond/zugangsdaten"


@pytest.fixture(autouse=True)
def key(net: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(net.hub, "keyring", Keyring("k" * 32))
    monkeypatch.setattr(net.hub.sites, "_keyring", net.hub.keyring)


def edmond(net: Network, site: str, **config: object) -> None:
    config = {"address": "https://arix.example/", "password": SECRET, **config}
    activations.enable(net.hub, site, "edmond", config, actor="test")


def row_of(net: Network, site: str, plugin: str = "edmond") -> models.Activation | None:
    return activations.configured(net.hub, site, plugin)


def test_a_set_up_is_taken_over_without_secrets_and_switched_off(
    client: FlaskClient, net: Network
) -> None:
    edmond(net, "coesfeld")
    who = log_in(client, net.hub, Role.SITE_ADMIN, "borken")
    assert "Sie dürfen bei keinem anderen Zentrum" in text_of(client.get(COPY).text)
    assert client.get(f"{COPY}?von=coesfeld").status_code == 404, "no rights there"
    assert send(client, "/konto", COPY, von="coesfeld", plugin="edmond").status_code == 404
    with net.hub.db.write() as session:
        people.grant(session, who, Role.SITE_ADMIN, "coesfeld", by="test")
    page = text_of(client.get(f"{COPY}?von=coesfeld").text)
    assert "Ein Geheimnis wird nicht übernommen: password." in page
    assert "Nach Drehbuch: war hier schon eingerichtet" in page
    done = send(client, f"{COPY}?von=coesfeld", COPY, von="coesfeld",
                plugin=["edmond", "scripted"])  # fmt: skip
    assert "Ergänzen und einschalten" in text_of(done.text)
    row = row_of(net, "borken")
    assert row is not None
    assert not row.enabled
    assert row.config == {"address": "https://arix.example/"}
    settings = client.get("/borken/verwaltung/plugins/edmond")
    assert 'value="https://arix.example/"' in settings.text
    assert SECRET not in settings.text
    again = send(client, f"{COPY}?von=coesfeld", COPY, von="coesfeld", plugin=["edmond"])
    assert "war hier schon eingerichtet" in text_of(again.text)
    for odd in ("borken", "nirgends"):
        assert client.get(f"{COPY}?von={odd}").status_code == 404
    with net.hub.db.read() as session:
        entry = session.scalars(
            sa.select(models.AuditEntry).where(models.AuditEntry.action == "plugin.copy")
        ).one()
    assert entry.after == {
        "enabled": False, "config": {"address": "https://arix.example/"}, "from": "coesfeld"
    }  # fmt: skip


def test_secrets_stay_behind_wherever_they_are() -> None:
    config = {
        "address": "https://a.example",
        "password": {"encrypted": "gAAAA"},
        "feeds": [{"name": "x", "token": {"env": "COESFELD_TOKEN"}}, {"name": "y"}],
        "inner": {"key": {"file": "key"}, "size": 3},
        "keys": [{"env": "A_KEY"}],
    }
    left, missing = setup_copy.without_secrets(config)
    assert left == {
        "address": "https://a.example", "feeds": [{"name": "x"}, {"name": "y"}],
        "inner": {"size": 3}, "keys": [],
    }  # fmt: skip
    assert missing == ("password", "feeds.0.token", "inner.key", "keys.0")


@pytest.fixture
def admin(client: FlaskClient, net: Network) -> FlaskClient:
    edmond(net, "borken")
    log_in(client, net.hub, Role.SITE_ADMIN, "borken")
    return client


def answer(monkeypatch: pytest.MonkeyPatch, problem: str) -> list[Any]:
    asked: list[Any] = []

    def try_out(hub: object, site: str, plugin: str, config: object) -> list[Check]:
        asked.append(config)
        return [Check("construct", 0.1, ""), Check("health", 0.1, problem)]

    monkeypatch.setattr(connections, "try_out", try_out)
    return asked


def test_credentials_are_renewed_when_the_other_system_takes_them(
    admin: FlaskClient, net: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = row_of(net, "borken")
    assert before is not None
    assert "Zugangsdaten erneuern" in text_of(admin.get("/borken/verwaltung/plugins/edmond").text)
    page = admin.get(RENEW)
    assert 'name="password"' in page.text
    assert 'name="address"' not in page.text
    assert SECRET not in page.text
    version = str(before.version)
    assert send(admin, RENEW, version=version).status_code == 400

    answer(monkeypatch, "Das Passwort ist falsch.")
    wrong = send(admin, RENEW, version=version, password="neu-0815")
    assert wrong.status_code == 422
    assert "Das Passwort ist falsch." in text_of(wrong.text)
    assert "neu-0815" not in wrong.text
    assert row_of(net, "borken").config == before.config  # type: ignore[union-attr]

    asked = answer(monkeypatch, "")
    assert send(admin, RENEW, version=version, password="neu-0815").status_code == 303
    assert asked == [{"address": "https://arix.example/", "password": "neu-0815"}]
    after = row_of(net, "borken")
    assert after is not None
    assert after.enabled
    assert after.config["address"] == "https://arix.example/"
    assert net.hub.keyring.decrypt(after.config["password"]["encrypted"]) == "neu-0815"

    late = send(admin, RENEW, version=version, password="zu-spät")
    assert late.status_code == 409
    answer(monkeypatch, "Das Passwort ist falsch.")
    forced = send(admin, RENEW, version=str(after.version), password="blind", unchecked="1")
    assert forced.status_code == 303


def test_only_what_has_secrets_and_is_set_up_can_be_renewed(admin: FlaskClient) -> None:
    for plugin in ("scripted", "rooms", "gibtesnicht"):
        assert admin.get(RENEW.replace("edmond", plugin)).status_code == 404
