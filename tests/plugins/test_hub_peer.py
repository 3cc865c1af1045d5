"""Hubs that take in each other's catalogues: as processes on loopback, and a peer that lies."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from hub.cli import main
from hub.errors import Denied, Unavailable
from hub.formats import hub_api
from hub.installed import Unusable
from hub.records import Change, Checkpoint, Delete, Origin, Record, Reject, Upsert
from hub.testing import CatalogueContract, site_with
from plugins.hub_peer import HubPeer
from tests.hub.api.conftest import app, client, net
from tests.hub.test_serving import served
from tests.servers.peer import Peer, peer

__all__ = ["app", "client", "net"]


@dataclass
class OneHub:
    """A hub with one site, served by a process of its own."""

    key: str
    folder: Path
    address: str = ""

    @property
    def sites(self) -> Path:
        return self.folder / "config" / "sites"

    def offers(self, **titles: str) -> None:
        """What its own source has: title by id."""
        folder = self.sites / self.key
        folder.mkdir(parents=True, exist_ok=True)
        documents = [
            {
                "id": f"https://{self.key}.example/{name}",
                "name": title,
                "type": ["LearningResource"],
            }
            for name, title in titles.items()
        ]
        (folder / "feed.json").write_text(json.dumps(documents), encoding="utf-8")

    def set_up(self, *peers: Mapping[str, Any]) -> None:
        (self.folder / "config" / "network.toml").write_text(
            f'[[site]]\nkey = "{self.key}"\nname = "Zentrum {self.key.title()}"\nkind = "centre"\n'
            'ags = ["05554"]\nassociation = "LWL"\nregion = "Münster"\nstandort = "X"\n'
            'internal_hosts = ["127.0.0.1"]\n',
            encoding="utf-8",
        )
        config = '[plugins.feed]\nfile = "feed.json"\n'
        for one in peers:
            lines = "".join(f"{name} = {json.dumps(value)}\n" for name, value in one.items())
            config += f"[[plugins.hub_peer.peers]]\n{lines}"
        (self.sites / f"{self.key}.toml").write_text(config, encoding="utf-8")
        self.run("init")

    def sync(self) -> dict[str, dict[str, Any]]:
        reports = json.loads(self.run("sync", "--json"))
        assert all(one["state"] == "succeeded" and not one["rejected"] for one in reports), reports
        return {one["plugin"]: one for one in reports}

    def run(self, *arguments: str) -> str:
        environment = {
            "HUB_VAR": str(self.folder),
            "HUB_CONFIG": str(self.folder / "config"),
            "HUB_BASE_URL": self.address,
            "HUB_SECRET_KEY": "k" * 32,
        }
        result = CliRunner().invoke(main, arguments, env=environment, catch_exceptions=False)
        assert result.exit_code == 0, result.output + result.stderr
        return result.stdout

    def held(self) -> dict[str, tuple[str, str]]:
        """Title to hub and site of origin, over the API that it serves."""
        return {
            one["title"]: (
                one["provenance"]["origin"]["hub"],
                one["provenance"]["origin"]["site"]["name"],
            )
            for one in json.loads(self.get("/api/v1/offers?limit=200"))["items"]
        }

    def get(self, path: str) -> str:
        with urllib.request.urlopen(self.address + path, timeout=30) as answer:
            return str(answer.read().decode())


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[str], OneHub]]:
    with ExitStack() as stack:

        def begin(key: str) -> OneHub:
            hub = OneHub(key, tmp_path / key)
            hub.sites.mkdir(parents=True)
            config = str(hub.folder / "config")
            port = stack.enter_context(served(hub.folder, HUB_CONFIG=config))
            hub.address = f"http://127.0.0.1:{port}"
            return hub

        yield begin


def test_a_regional_hub_feeds_another(start: Callable[[str], OneHub]) -> None:
    region, land = start("region"), start("land")
    region.offers(one="Vulkane", two="Gletscher", three="Moore", four="Deiche", five="Dünen",
                  six="Seen")  # fmt: skip
    region.set_up()
    land.offers(own="Flüsse")
    land.set_up({"address": region.address})
    region.sync()
    assert land.sync()["hub_peer"]["added"] == 6
    from_there = (region.address, "Zentrum Region")
    assert land.held()["Vulkane"] == from_there
    assert land.held()["Flüsse"] == (land.address, "Zentrum Land")
    page = land.get("/suche?q=vulkane")
    found = re.search(r'href="(/angebot/\d+)"', page)
    assert found
    shown = land.get(found[1])
    assert f"ursprünglich von: Zentrum Region, über {region.address}" in shown
    assert land.sync()["hub_peer"]["unchanged"] == 0, "only what changed is read again"

    region.offers(one="Vulkane der Eifel", two="Gletscher", three="Moore", four="Deiche",
                  five="Dünen", seven="Inseln")  # fmt: skip
    region.sync()
    report = land.sync()["hub_peer"]
    assert (report["added"], report["changed"], report["withdrawn"]) == (1, 1, 1)
    assert land.held().keys() == {
        "Vulkane der Eifel", "Gletscher", "Moore", "Deiche", "Dünen", "Inseln", "Flüsse",
    }  # fmt: skip


def test_a_ring_of_three_ends(start: Callable[[str], OneHub]) -> None:
    """A -> B -> C -> A: each holds every offer once, under its true origin."""
    hubs = [start(key) for key in ("anton", "berta", "caesar")]
    titles = ("Ameisen", "Bienen", "Chamäleons")
    for hub, title in zip(hubs, titles, strict=True):
        hub.offers(one=title)
    for number, hub in enumerate(hubs):
        before, first = hubs[number - 1], hubs[number - 2]
        hub.set_up({"address": before.address, "passes_on": [first.address]})
    for _ in range(3):
        for hub in hubs:
            hub.sync()
    truth = {
        title: (hub.address, f"Zentrum {hub.key.title()}")
        for hub, title in zip(hubs, titles, strict=True)
    }
    for hub in hubs:
        assert hub.held() == truth, hub.key
        assert len(json.loads(hub.get("/api/v1/offers"))["items"]) == 3
    for hub in hubs:
        report = hub.sync()["hub_peer"]
        assert (report["added"], report["changed"], report["rejected"]) == (0, 0, 0)


def test_what_is_written_is_read_back(client: Any) -> None:
    for item in client.get("/api/v1/offers?limit=200").json["items"]:
        told = item["provenance"]["origin"]
        origin = Origin(told["hub"], told["site"]["key"], told["site"]["name"], told["offer_id"])
        record = hub_api.read(item, "x", origin)
        assert isinstance(record, Record), record
        assert record.title == item["title"]
        assert [one.value for one in record.identifiers] == [
            one["value"] for one in item["identifiers"]
        ]
        assert [one.valid_until and one.valid_until.isoformat() for one in record.grants] == [
            one["valid_until"] for one in item["grants"]
        ]
        assert [one.start.isoformat() for one in record.events] == [
            one["start"] for one in item["events"]
        ]
        assert list(record.subjects) == [one["code"] for one in item["subjects"]]


@pytest.fixture
def other() -> Iterator[Peer]:
    with peer() as running:
        yield running


class TestContract(CatalogueContract):
    plugin = HubPeer

    @pytest.fixture
    def plugin_config(self, other: Peer) -> Mapping[str, Any]:
        other.offer(1, "Vulkane")
        other.withdraw(2)
        return {"peers": [{"address": other.address}]}


def read(other: Peer, folder: Path, **config: Any) -> list[Change]:
    site = site_with(HubPeer, {"peers": [{"address": other.address, **config}]}, folder)
    return list(site.one("hub_peer", "catalogue_changes", cursor=None))


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HubPeer, "pause", staticmethod(lambda seconds: None))


def test_a_peer_under_a_false_name_is_refused(other: Peer, tmp_path: Path) -> None:
    other.identity = "https://landesmedienzentrum.example"
    other.offer(1, "Vulkane")
    with pytest.raises(Denied, match="calls itself https://landesmedienzentrum.example"):
        read(other, tmp_path)


def test_a_false_origin_is_rejected_and_the_rest_goes_on(other: Peer, tmp_path: Path) -> None:
    other.offer(1, "Vulkane", hub="https://elsewhere.example")
    other.offer(2, "Gletscher", site="nirgends")
    other.offer(3, "Moore", hub="javascript:alert(1)")
    other.offer(4, "Deiche", number=-4)
    other.offer(5, "Dünen", name="Landesmedienzentrum")
    other.withdraw(6, hub="https://elsewhere.example")
    *found, last = read(other, tmp_path)
    assert last == Checkpoint(last.cursor, complete=True)  # type: ignore[union-attr]
    rejects = {one.source_id: one.reason for one in found if isinstance(one, Reject)}
    assert "may not pass on" in rejects[f"https://elsewhere.example/angebot/1 ({other.address})"]
    assert "passes_on" in rejects[f"https://elsewhere.example/angebot/6 ({other.address})"]
    assert "does not have" in rejects[f"{other.address}/angebot/2"]
    assert len(rejects) == 5
    (kept,) = [one.record for one in found if isinstance(one, Upsert)]
    assert kept.title == "Dünen"
    assert kept.origin == Origin(other.address, "borken", "Medienzentrum Borken", 5)
    assert not [one for one in found if isinstance(one, Delete)]


def test_a_site_that_comes_while_its_hub_is_read_is_taken_in(other: Peer, tmp_path: Path) -> None:
    """What is rejected does not come again: the list of sites must be newer than the changes."""
    other.coming = {"ahaus": "Medienzentrum Ahaus"}
    other.offer(1, "Vulkane", site="ahaus")
    other.offer(2, "Gletscher")
    found = read(other, tmp_path)
    assert not [one for one in found if isinstance(one, Reject)]
    first, second = (one.record for one in found if isinstance(one, Upsert))
    assert first.origin == Origin(other.address, "ahaus", "Medienzentrum Ahaus", 1)
    assert second.title == "Gletscher"


def test_a_peer_is_asked_for_its_sites_once_more_for_a_page_at_most(
    other: Peer, tmp_path: Path
) -> None:
    for number in range(1, 6):
        other.offer(number, "Vulkane", site=f"nirgends-{number}")
    assert len([one for one in read(other, tmp_path) if isinstance(one, Reject)]) == 5
    assert other.asked.count("/api/v1/sites") == 2


def test_what_may_be_passed_on_keeps_its_origin(other: Peer, tmp_path: Path) -> None:
    other.offer(1, "Vulkane", hub="https://Elsewhere.example:443/")
    other.withdraw(2, hub="https://elsewhere.example")
    found = read(other, tmp_path, passes_on=["https://elsewhere.example/"])
    (kept,) = [one.record for one in found if isinstance(one, Upsert)]
    assert kept.source_id == kept.url == "https://elsewhere.example/angebot/1"
    assert Delete("https://elsewhere.example/angebot/2") in found


def test_no_hub_comes_by_two_ways(tmp_path: Path) -> None:
    for peers in (
        [{"address": "https://a.example"}, {"address": "https://A.example:443/"}],
        [{"address": "https://a.example"},
         {"address": "https://b.example", "passes_on": ["https://a.example"]}],
    ):  # fmt: skip
        with pytest.raises(Unusable, match="named twice"):
            site_with(HubPeer, {"peers": peers}, tmp_path)


@pytest.mark.parametrize("trap", ["loop", "html", "shape", "foreign"])
def test_bad_days_end_visibly(other: Peer, tmp_path: Path, trap: str) -> None:
    other.offer(1, "Vulkane")
    other.trap = trap
    with pytest.raises((Unavailable, Denied)):
        read(other, tmp_path)


def test_one_peer_that_fails_does_not_stop_the_others(other: Peer, tmp_path: Path) -> None:
    other.offer(1, "Vulkane")
    peers = [{"address": "http://127.0.0.1:9"}, {"address": other.address}]
    site = site_with(HubPeer, {"peers": peers}, tmp_path)
    found: list[Change] = []

    def read_all() -> None:
        for change in site.one("hub_peer", "catalogue_changes", cursor=None):
            found.append(change)

    with pytest.raises(Unavailable):
        read_all()
    assert [one.record.title for one in found if isinstance(one, Upsert)] == ["Vulkane"]
    assert not any(isinstance(one, Checkpoint) and one.complete for one in found)
