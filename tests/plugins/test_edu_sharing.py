"""edu-sharing against its stand-in: both ways to read it, live search, bad days."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import marshmallow as ma
import pytest

from hub.errors import Denied, Unavailable
from hub.records import AccessMode, Change, Checkpoint, Grant, Record, Reject, Scope, Upsert
from hub.sites import Site
from hub.testing import CatalogueContract, read, site_row, site_with
from plugins.edu_sharing import EduSharing
from plugins.oai_pmh import OaiPmh
from tests.servers import edu_sharing_nodes, standins
from tests.servers.edu_sharing_nodes import node

PASSWORD = "streng geheim 48"
COUNT = 12
SPECIAL = [
    node(20, ccm__commonlicense_key=["COPYRIGHT_LICENSE"], cclom__title=["Vulkane"]),
    node(21, aspects=("ccm:collection_io_reference",)),
    {**node(22, cclom__title=[]), "title": None, "name": ""},
]
TOTAL = COUNT + len(SPECIAL)
READABLE = {*range(1, COUNT + 1), 20}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return edu_sharing_nodes.write(tmp_path_factory.mktemp("edu"), COUNT, *SPECIAL)


@pytest.fixture(scope="module")
def server(data: Path) -> Iterator[str]:
    with standins.running("edu_sharing", "--data", data, "--page-size", "5") as address:
        yield address


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were made, none of which takes its time."""
    made: list[float] = []
    for plugin in (EduSharing, OaiPmh):
        monkeypatch.setattr(plugin, "pause", staticmethod(made.append))
    return made


class TestContractBySearch(CatalogueContract):
    plugin = EduSharing

    @pytest.fixture
    def plugin_config(self, server: str) -> Mapping[str, Any]:
        return {"address": server, "page_size": 5, "user": "hub", "password": PASSWORD}


class TestContractByOai(CatalogueContract):
    plugin = EduSharing

    @pytest.fixture
    def plugin_config(self, server: str) -> Mapping[str, Any]:
        return {"address": server, "listing": "oai"}


Connect = Callable[..., Site]


@pytest.fixture
def connect(server: str, tmp_path: Path) -> Connect:
    def connect(trap: str = "", **config: Any) -> Site:
        address = server.replace("/edu-sharing", f"/trap/{trap}/edu-sharing") if trap else server
        return site_with(EduSharing, {"address": address, "page_size": 4, **config}, tmp_path)

    return connect


def changes(site: Site, cursor: str | None = None) -> list[Change]:
    return [read(one) for one in site.one("edu_sharing", "catalogue_changes", cursor=cursor)]


def records(found: list[Change]) -> dict[int, Record]:
    return {
        int(one.record.source_id.partition("-")[0]): one.record
        for one in found
        if isinstance(one, Upsert)
    }


def test_everything_comes_by_search(connect: Connect) -> None:
    found = changes(connect())
    assert set(records(found)) == READABLE  # what only refers to another node is none
    (reject,) = [one for one in found if isinstance(one, Reject)]
    assert (reject.source_id, reject.reason) == (SPECIAL[2]["ref"]["id"], "title: missing")
    assert Checkpoint(None, total=TOTAL) in found
    assert found[-1] == Checkpoint(None, complete=True, total=TOTAL - 1)


def test_both_ways_agree(connect: Connect) -> None:
    by_search, by_oai = (records(changes(connect(listing=way)))[1] for way in ("search", "oai"))
    for name in "source_id title description keywords subjects levels creators medium_type".split():
        assert getattr(by_search, name) == getattr(by_oai, name), name
    assert by_search.url == by_oai.url == "https://wasser.example/seite/1"
    assert by_search.image_url == by_oai.image_url == "https://repo.example/preview/1.png"
    assert by_search.licence == "https://creativecommons.org/licenses/by-sa/4.0/"
    assert by_oai.licence == "CC BY-SA"  # LOM tells no version


def test_everything_comes_by_oai(connect: Connect) -> None:
    found = changes(connect(listing="oai"))
    assert set(records(found)) == {*READABLE, 21}
    assert [one.source_id for one in found if isinstance(one, Reject)] == [SPECIAL[2]["ref"]["id"]]
    assert isinstance(found[-1], Checkpoint)
    assert found[-1].complete


@pytest.mark.parametrize("listing", ["search", "oai"])
def test_a_licence_reaches_whom_the_site_says(connect: Connect, listing: str) -> None:
    record = records(changes(connect(listing=listing, grant="site")))[20]
    assert record.access is AccessMode.LICENSED
    assert record.grants == (Grant(Scope.SITE, "teststadt"),)
    assert records(changes(connect(listing=listing)))[20].grants == ()
    land = records(changes(connect(listing=listing, grant="land")))
    assert land[20].grants == (Grant(Scope.LAND, "NRW"),)
    assert land[1].grants == ()


def test_search_is_narrowed(connect: Connect) -> None:
    assert set(records(changes(connect(query="vulkane regen")))) == {20}
    criteria = ["ccm:wwwurl=https://wasser.example/seite/3"]
    assert set(records(changes(connect(criteria=criteria)))) == {3}
    found = changes(connect(query="gibt es nicht"))
    assert found == [Checkpoint(None, total=0), Checkpoint(None, complete=True, total=0)]


@pytest.mark.parametrize("trap", ["vanish", "tied", "capped", "once"])
def test_nothing_is_missed_or_doubled_while_the_list_changes(connect: Connect, trap: str) -> None:
    for _ in range(3):
        found = changes(connect(trap))
        assert isinstance(found[-1], Checkpoint)
        assert found[-1].complete
        ids = [one.record.source_id for one in found if isinstance(one, Upsert)]
        assert len(ids) == len(set(ids))
        assert READABLE - {1} <= set(records(found)) <= READABLE


def test_a_node_without_id_is_kept_with_its_reason(connect: Connect) -> None:
    found = changes(connect("nameless"))
    reasons = [one.reason for one in found if isinstance(one, Reject)]
    assert sorted(reasons) == ["id: missing", "title: missing"]
    assert set(records(found)) == READABLE


def broken(site: Site, reason: str) -> list[Change]:
    seen: list[Change] = []
    with pytest.raises(Unavailable, match=reason):
        seen.extend(_iterated(site, seen))
    assert not any(isinstance(one, Checkpoint) and one.complete for one in seen)
    return seen


def _iterated(site: Site, seen: list[Change]) -> Iterator[Change]:
    for change in site.one("edu_sharing", "catalogue_changes", cursor=None):
        seen.append(change)
    yield from ()


@pytest.mark.parametrize(
    ("trap", "reason"),
    [
        ("html", "a page for people"),
        ("cut", "only the beginning"),
        ("deep", "JSON"),
        ("error", "500"),
        ("bare", "without nodes"),
        ("repeat", "does not end"),
        ("huge", "more than 1000000 bytes"),
    ],
)
def test_bad_days_end_visibly_and_never_complete(connect: Connect, trap: str, reason: str) -> None:
    seen = broken(connect(trap, max_megabytes=1), reason)
    assert len(records(seen)) == (4 if trap == "repeat" else 0)


@pytest.mark.parametrize(("trap", "reason"), [("error", "500"), ("cut", "XML")])
def test_bad_days_of_the_provider(connect: Connect, trap: str, reason: str) -> None:
    assert broken(connect(trap, listing="oai"), reason) == []


def test_a_slow_server_is_not_waited_for(connect: Connect) -> None:
    site = connect("slow", timeout=1)
    site.plugins["edu_sharing"].config["timeout"] = 0.1
    with pytest.raises(Unavailable, match="within"):
        site.one("edu_sharing", "health")


def test_the_pause_that_the_server_asks_for_is_made(connect: Connect, pauses: list[float]) -> None:
    with pytest.raises(Unavailable) as caught:
        changes(connect("busy"))
    assert (caught.value.retry_after, pauses) == (1, [1, 1])


def test_what_is_refused_is_denied(connect: Connect) -> None:
    with pytest.raises(Denied, match="403"):
        changes(connect("refused"))


def test_users_see_what_guests_do_not(data: Path, tmp_path: Path) -> None:
    with standins.running("edu_sharing", "--data", data, "--user", f"hub={PASSWORD}") as address:
        config = {"address": address, "user": "hub", "password": PASSWORD}
        assert set(records(changes(site_with(EduSharing, config, tmp_path)))) == READABLE
        wrong = site_with(EduSharing, {**config, "password": "verplappert"}, tmp_path)
        for site in (wrong, site_with(EduSharing, {"address": address}, tmp_path)):
            with pytest.raises(Denied, match="401") as caught:
                changes(site)
            assert "verplappert" not in str(caught.value)


def test_other_nodes_do_not_empty_the_catalogue(tmp_path: Path) -> None:
    file = tmp_path / "other.json"
    file.write_text('[{"ref": {"id": "1"}}, {"ref": {"id": "2"}}]')
    with standins.running("edu_sharing", "--data", file) as address:
        site = site_with(EduSharing, {"address": address}, tmp_path)
        seen = broken(site, "None of the 2 nodes")
    assert [type(one) for one in seen] == [Reject, Reject, Checkpoint]


def test_live_search(connect: Connect) -> None:
    site = connect(listing="none", live_search=True)
    assert changes(site) == [Checkpoint(None, complete=True)]
    results, failures = site.each("catalogue_search", query="Vulkane", limit=5)
    assert failures == {}
    (hit,) = results["edu_sharing"]
    assert hit.title == "Vulkane"
    results, _ = site.each("catalogue_search", query="wasser", limit=3)
    assert len(results["edu_sharing"]) == 3


def test_health(connect: Connect) -> None:
    for listing in ("search", "oai"):
        connect(listing=listing).one("edu_sharing", "health")
        with pytest.raises(Unavailable):
            connect("error", listing=listing).one("edu_sharing", "health")


def test_a_private_server_is_denied_unless_the_site_allows_it(server: str, tmp_path: Path) -> None:
    for listing in ("search", "oai"):
        config = {"address": server, "listing": listing}
        site = site_with(EduSharing, config, tmp_path, site_row(internal_hosts=()))
        with pytest.raises(Denied, match="not on the open internet"):
            changes(site)


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({}, "address"),
        ({"address": "https://a.example/"}, "address"),
        ({"address": "https://a.example/?x=/edu-sharing"}, "address"),
        ({"user": "hub"}, "password"),
        ({"user": "a:b"}, "user"),
        ({"metadata_set": "../admin"}, "metadata_set"),
        ({"criteria": ["no value"]}, "criteria"),
        ({"listing": "guess"}, "listing"),
        ({"grant": "role"}, "grant"),
    ],
)
def test_bad_configuration_is_refused(config: dict[str, Any], field: str) -> None:
    if field != "address":
        config = {"address": "https://a.example/edu-sharing", **config}
    with pytest.raises(ma.ValidationError) as caught:
        EduSharing.Config().load(config)
    assert field in caught.value.messages_dict
