"""SODIX against its stand-in: the contract, the order that changes, the login, bad days."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import marshmallow as ma
import pytest

from hub.errors import Denied, Unavailable
from hub.records import AccessMode, Change, Checkpoint, Delete, Grant, Record, Reject, Scope, Upsert
from hub.sites import Site
from hub.testing import CatalogueContract, site_row, site_with
from plugins.sodix import Sodix
from tests.servers import sodix_pool, standins
from tests.servers.sodix_pool import LOGIN, PASSWORD, document

LAND = Grant(Scope.LAND, "NRW")
COUNT = 12
SPECIAL = [
    document(
        20,
        media={"url": None, "originalUrl": "https://origin.example/20", "duration": None},
        license={"name": "Copyright, lizenzpflichtig"},
        availableTo="2031-07-31",
    ),
    document(21, recordStatus="DELETED"),
    document(22, title=None),
    document(23, media=None, license=None, recordStatus="DEACTIVATED"),
]
READABLE = COUNT + 2


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sodix_pool.write(tmp_path_factory.mktemp("sodix"), COUNT, *SPECIAL)


@pytest.fixture(scope="module")
def server(data: Path) -> Iterator[str]:
    with standins.running("sodix", "--data", data, "--login", f"{LOGIN}={PASSWORD}") as address:
        yield address


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were made, none of which takes its time."""
    made: list[float] = []
    monkeypatch.setattr(Sodix, "pause", staticmethod(made.append))
    return made


class TestContract(CatalogueContract):
    plugin = Sodix

    @pytest.fixture
    def plugin_config(self, server: str) -> Mapping[str, Any]:
        return {"address": server, "login": LOGIN, "password": PASSWORD, "page_size": 5}


Connect = Callable[..., Site]


@pytest.fixture
def connect(server: str, tmp_path: Path) -> Connect:
    def connect(trap: str = "", **config: Any) -> Site:
        address = server.replace("/gql", f"/trap/{trap}/gql") if trap else server
        basic = {"address": address, "login": LOGIN, "password": PASSWORD, "page_size": 3}
        return site_with(Sodix, {**basic, **config}, tmp_path)

    return connect


def changes(site: Site, cursor: str | None = None) -> list[Change]:
    return list(site.one("sodix", "catalogue_changes", cursor=cursor))


def records(found: list[Change]) -> dict[int, Record]:
    return {
        int(one.record.source_id.partition("-")[0]): one.record
        for one in found
        if isinstance(one, Upsert)
    }


def test_everything_comes_and_the_run_is_complete(connect: Connect) -> None:
    found = changes(connect())
    assert set(records(found)) == {*range(1, COUNT + 1), 20, 23}
    assert [one.source_id for one in found if isinstance(one, Delete)] == [SPECIAL[1]["id"]]
    (reject,) = [one for one in found if isinstance(one, Reject)]
    assert (reject.source_id, reject.reason) == (SPECIAL[2]["id"], "title: missing")
    assert "Wasser" in reject.excerpt
    assert found[-1] == Checkpoint(None, complete=True, total=COUNT + len(SPECIAL))
    assert Checkpoint(None, total=COUNT + len(SPECIAL)) in found


def test_fields_are_read(connect: Connect) -> None:
    found = records(changes(connect()))
    assert found[1].description == "Wolken, Regen & Flüsse.\nMit Arbeitsblättern."
    assert (found[1].subjects, found[1].grades) == (("22002", "080", "220"), (5, 7))
    assert found[1].licence == "https://creativecommons.org/licenses/by-sa/4.0/"
    assert (found[1].access, found[1].grants) == (AccessMode.OPEN, ())
    licensed = found[20]
    assert (licensed.access, licensed.url) == (AccessMode.LICENSED, "https://origin.example/20")
    assert licensed.grants == (Grant(Scope.LAND, "NRW", None, date(2031, 8, 1)),)


def test_a_licence_of_the_site(connect: Connect) -> None:
    licensed = records(changes(connect(grant="site")))[20]
    assert licensed.grants == (Grant(Scope.SITE, "teststadt", None, date(2031, 8, 1)),)


def test_selection_by_status(connect: Connect) -> None:
    found = changes(connect(status="ACTIVATED"))
    assert set(records(found)) == {*range(1, COUNT + 1), 20}


@pytest.mark.parametrize("trap", ["drift", "shuffle", "drift+shuffle", "vanish", "capped", "once"])
def test_nothing_is_missed_or_doubled_while_the_order_changes(connect: Connect, trap: str) -> None:
    expected = {*range(1, COUNT + 1), 20, 23}
    if trap == "vanish":
        expected -= {1}
    for _ in range(5):
        found = changes(connect(trap))
        assert found[-1] == Checkpoint(None, complete=True, total=len(expected) + 2)
        assert set(records(found)) == expected
        assert len([one for one in found if isinstance(one, Upsert)]) == len(expected)


def test_a_record_without_id_is_kept_with_its_reason(connect: Connect) -> None:
    found = changes(connect("nameless"))
    rejects = [one.reason for one in found if isinstance(one, Reject)]
    assert sorted(rejects) == ["id: missing", "title: missing"]
    assert len(records(found)) == READABLE
    assert found[-1].complete  # type: ignore[union-attr]


def test_a_document_that_never_comes_is_a_visible_failure(connect: Connect) -> None:
    found = broken(connect("gap"), "1 of them did not turn up")
    assert len(records(found)) == READABLE - 1  # what came is kept


def test_an_expired_token_is_renewed(connect: Connect) -> None:
    assert len(records(changes(connect("expired")))) == READABLE


def test_a_token_that_is_never_accepted_is_denied(connect: Connect) -> None:
    with pytest.raises(Denied, match="does not accept the token"):
        changes(connect("locked"))


def test_a_wrong_password_is_denied_and_does_not_show(connect: Connect) -> None:
    site = connect(password="verplappert")
    for ask in (lambda: changes(site), lambda: site.one("sodix", "health")):
        with pytest.raises(Denied, match="check name and password") as caught:
            ask()
        assert "verplappert" not in str(caught.value)


def test_what_a_server_repeats_of_our_secrets_is_cut_out(connect: Connect) -> None:
    with pytest.raises(Unavailable, match="bad header Bearer … in") as caught:
        changes(connect("echo"))
    assert PASSWORD not in str(caught.value)


def broken(site: Site, reason: str) -> list[Change]:
    seen: list[Change] = []
    with pytest.raises(Unavailable, match=reason):
        seen.extend(_iterated(site, seen))
    assert not any(isinstance(one, Checkpoint) and one.complete for one in seen)
    return seen


def _iterated(site: Site, seen: list[Change]) -> Iterator[Change]:
    for change in site.one("sodix", "catalogue_changes", cursor=None):
        seen.append(change)
    yield from ()


@pytest.mark.parametrize(
    ("trap", "reason"),
    [
        ("html", "a page for people"),
        ("cut", "only the beginning"),
        ("deep", "JSON"),
        ("error", "500"),
        ("errors", "timeout"),
        ("null", "without a list"),
        ("repeat", "does not end"),
        ("huge", "more than 1000000 bytes"),
    ],
)
def test_bad_days_end_visibly_and_never_complete(connect: Connect, trap: str, reason: str) -> None:
    assert broken(connect(trap, max_megabytes=1), reason) == []


def test_a_slow_server_is_not_waited_for(connect: Connect) -> None:
    site = connect("slow", timeout=1)
    site.plugins["sodix"].config["timeout"] = 0.1
    with pytest.raises(Unavailable, match="within"):
        site.one("sodix", "health")


def test_the_pause_that_the_server_asks_for_is_made(connect: Connect, pauses: list[float]) -> None:
    with pytest.raises(Unavailable) as caught:
        changes(connect("busy"))
    assert (caught.value.retry_after, pauses) == (1, [1, 1])


def test_other_documents_do_not_empty_the_catalogue(tmp_path: Path) -> None:
    file = tmp_path / "other.json"
    file.write_text('[{"id": "1", "name": "x"}, {"id": "2"}]')
    with standins.running("sodix", "--data", file) as address:
        config = {"address": address, "login": "a", "password": "b"}
        seen = broken(site_with(Sodix, config, tmp_path), "None of the 2 records")
    assert [one.source_id for one in seen if isinstance(one, Reject)] == ["1", "2"]


def test_a_private_server_is_denied_unless_the_site_allows_it(server: str, tmp_path: Path) -> None:
    config = {"address": server, "login": LOGIN, "password": PASSWORD}
    site = site_with(Sodix, config, tmp_path, site_row(internal_hosts=()))
    with pytest.raises(Denied, match="not on the open internet"):
        changes(site)


def test_health(connect: Connect) -> None:
    connect().one("sodix", "health")


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({"login": "hub"}, "password"),
        ({"password": "x"}, "login"),
        ({"login": "hub", "address": "ftp://a.example"}, "address"),
        ({"login": "hub", "status": "activated) { id } x("}, "status"),
        ({"login": "hub", "page_size": 0}, "page_size"),
        ({"login": "hub", "grant": "role"}, "grant"),
    ],
)
def test_bad_configuration_is_refused(config: dict[str, Any], field: str) -> None:
    with pytest.raises(ma.ValidationError) as caught:
        Sodix.Config().load(config)
    assert field in caught.value.messages_dict
