"""A diagnosis tells what helps, and no secret, wherever one was planted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import marshmallow as ma
import pytest

from hub import Config, Plugin, Secret, activations, hookimpl, models
from hub.app import create_app
from hub.catalogue.sync import sync
from hub.diagnostics import diagnostics
from hub.errors import Denied
from hub.identity.actor import Role
from hub.jobs import queue
from hub.models.base import now
from hub.records import Change, Checkpoint, Reject
from hub.secrets import Keyring
from tests.identities import log_in
from tests.sources import Network, Point, network

SECRETS = {
    name: f"GEHEIM-{name}-4711"
    for name in ("encrypted", "env", "file", "plain", "user", "query", "nested", "other", "person",
                 "said", "excerpt")
}  # fmt: skip


class Inner(Config):
    token = Secret()


class Leaky(Plugin):
    name = "leaky"
    title = {"de": "Undicht", "en": "Leaky"}

    class Config(Config):
        encrypted = Secret()
        env = Secret()
        file = Secret()
        api_key = ma.fields.String()
        address = ma.fields.String()
        contact = ma.fields.String()
        size = ma.fields.Integer()
        feeds = ma.fields.List(ma.fields.Nested(Inner))

    def words(self) -> str:
        known = [self.config[name].reveal() for name in ("encrypted", "env", "file")]
        return f"{' '.join(known)} password={SECRETS['said']} x://u:{SECRETS['user']}@h"

    @hookimpl
    def health(self) -> None:
        raise Denied(f"The licence has ended. {self.words()}")

    @hookimpl
    def catalogue_changes(self, cursor: str | None) -> Iterator[Change]:
        yield Reject("zeile 7", "Keine Zahl", SECRETS["excerpt"])
        yield Checkpoint("1")
        raise Denied(f"401 for https://h.example/a?key={SECRETS['query']} {self.words()}")


@pytest.fixture
def net(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Network]:
    with network(database_url, tmp_path, ["borken"], [Point("leaky", Leaky)]) as net:
        monkeypatch.setenv("BORKEN_LEAKY", SECRETS["env"])
        monkeypatch.setattr(net.hub, "keyring", Keyring("k" * 32))
        monkeypatch.setattr(net.hub.sites, "_keyring", net.hub.keyring)
        files = tmp_path / "sites" / "borken"
        files.mkdir(parents=True)
        (files / "key").write_text(SECRETS["file"])
        config = {
            "encrypted": SECRETS["encrypted"],
            "env": {"env": "BORKEN_LEAKY"},
            "file": {"file": "key"},
            "api_key": SECRETS["plain"],
            "address": f"https://h.example/oai?key={SECRETS['query']}",
            "contact": "",
            "size": 17,
            "feeds": [{"token": SECRETS["nested"]}],
        }
        activations.enable(net.hub, "borken", "leaky", config, actor=SECRETS["person"])
        edmond = {"address": "https://arix.example/", "password": SECRETS["other"]}
        activations.enable(net.hub, "borken", "edmond", edmond, actor="test")
        assert sync(net.hub.db, net.site("borken"), "leaky").state == "failed"
        with net.hub.db.write() as session:
            queue.enqueue(session, "sync", {}, key="sync:borken/leaky")
            row = session.get_one(models.Activation, ("borken", "leaky"))
            # As an earlier version of the hub would still have taken it.
            contact = f"{SECRETS['person']}@mz.example, see x://u:{SECRETS['user']}@h/a"
            row.config = {**row.config, "contact": contact}
            job = session.query(models.Job).one()
            job.message = f"{SECRETS['other']} {SECRETS['nested']} Bearer {SECRETS['said']}"
            run = session.query(models.SyncRun).one()
            run.error += f" {SECRETS['encrypted']} mailto {SECRETS['person']}@mz.example"
            session.add(
                models.Breaker(site_key="borken", plugin="leaky", failures=4, open_until=now())
            )
        yield net


def test_it_tells_what_helps_and_no_secret(net: Network) -> None:
    found = diagnostics(net.hub, "borken", "leaky")
    text = json.dumps(found)
    assert not [name for name, secret in SECRETS.items() if secret in text], text
    assert found["state"]["name"] == "failed"
    assert found["versions"]["medienzentren-hub"]
    config: Any = found["activation"]["config"]
    assert config["encrypted"] == {"encrypted": "***"}
    assert config["env"] == {"env": "***"}
    assert config["address"] == "https://h.example/oai?***"
    assert config["contact"] == "***, see x://***@h/a"
    assert config["size"] == 17
    assert found["runs"][0]["rejected"] == 1
    assert "401 for https://h.example/a?***" in found["runs"][0]["error"]
    assert found["rejects_of_last_run"] == [{"reason": "Keine Zahl", "count": 1}]
    assert found["pause"]["failures"] == 4
    assert found["jobs"][0]["state"] == "queued"
    assert found["changes"][0]["action"] == "plugin.enable"
    assert found["health"].startswith("Denied: The licence has ended.")


def test_it_is_downloaded_from_the_page(net: Network) -> None:
    client = create_app(net.hub).test_client()
    log_in(client, net.hub, Role.STAFF, "borken")
    page = "/borken/verwaltung/plugins"
    assert "Diagnose als Datei" in client.get(f"{page}/leaky").text
    file = client.get(f"{page}/leaky/diagnose.json")
    assert file.headers["Content-Disposition"] == "attachment; filename=diagnose-borken-leaky.json"
    assert file.json is not None
    assert file.json["plugin"] == "leaky"
    assert not [secret for secret in SECRETS.values() if secret in file.text]
    assert client.get(f"{page}/rooms/diagnose.json").json["activation"] is None  # type: ignore[index]
    assert client.get(f"{page}/gibtesnicht/diagnose.json").status_code == 404
