"""EDMOND NRW against the stand-in ARIX server: the contract, licences, opening, bad days."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import marshmallow as ma
import pytest

from hub.errors import Denied, Unavailable
from hub.records import (
    AccessMode,
    Change,
    Checkpoint,
    Grant,
    Offer,
    Record,
    Reject,
    Scope,
    Upsert,
)
from hub.site import Site
from hub.testing import CatalogueContract, site_row, site_with
from plugins.edmond import Edmond
from tests.servers import arix as stand_in

PASSWORD = "schlüssel zum Film"
LAND = Grant(Scope.LAND, "NRW")
OWN = Grant(Scope.SITE, "teststadt")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("arix") / "demo.xml"
    file.write_text(stand_in.RECORDS, "utf-8")
    return file


@pytest.fixture(scope="module")
def server(data: Path) -> Iterator[str]:
    with stand_in.running("--data", data, "--password", PASSWORD) as address:
        yield address


class TestContractBySearch(CatalogueContract):
    plugin = Edmond

    @pytest.fixture
    def plugin_config(self, server: str) -> Mapping[str, Any]:
        return {"address": server, "password": PASSWORD, "page_size": 2}


class TestContractByHarvest(CatalogueContract):
    plugin = Edmond

    @pytest.fixture
    def plugin_config(self, server: str) -> Mapping[str, Any]:
        return {"address": server, "password": PASSWORD, "listing": "harvest", "page_size": 4}


Connect = Callable[..., Site]


@pytest.fixture
def connect(server: str, tmp_path: Path) -> Connect:
    def connect(trap: str = "", standort: str = "TST", **config: Any) -> Site:
        address = server.replace("/arix", f"/trap/{trap}/arix") if trap else server
        config = {"address": address, "password": PASSWORD, **config}
        config = {name: value for name, value in config.items() if value is not None}
        return site_with(Edmond, config, tmp_path, replace(site_row(), standort=standort))

    return connect


def changes(site: Site, cursor: str | None = None) -> list[Change]:
    return list(site.one("edmond", "catalogue_changes", cursor=cursor))


def records(found: list[Change]) -> dict[str, Record]:
    return {one.record.source_id: one.record for one in found if isinstance(one, Upsert)}


def opened(site: Site, record: Record) -> Any:
    offer = Offer(1, site.key, "edmond", record)
    return site.one("edmond", "catalogue_access", offer=offer, person=None)


def test_centre_marks_what_the_land_has_licensed(connect: Connect) -> None:
    found = records(changes(connect()))
    assert {key: record.grants[0].scope for key, record in found.items()} == {
        "DEMO-4900001": Scope.LAND,
        "DEMO-5500002": Scope.SITE,
        "DEMO-5800004": Scope.LAND,
        "DEMO-4900005": Scope.LAND,
        "DEMO-4600007": Scope.SITE,
    }
    assert found["DEMO-4900001"].grants == (LAND,)
    assert found["DEMO-5500002"].grants == (OWN,)
    assert found["DEMO-4900005"].grants[0].valid_until is not None


def test_landesmedienzentrum_has_the_land_licences(connect: Connect) -> None:
    found = records(changes(connect(standort="")))
    assert set(found) == {"DEMO-4900001", "DEMO-5800004", "DEMO-4900005"}
    assert {record.grants[0].scope for record in found.values()} == {Scope.LAND}


def test_configuration_names_another_context(connect: Connect) -> None:
    found = records(changes(connect(land="nrw")))
    assert len(found) == 5
    viersen = connect(standort="VIE", context_in_form=True)
    assert "DEMO-4900003" in records(changes(viersen))


def test_fields_are_read(connect: Connect) -> None:
    record = records(changes(connect()))["DEMO-4900001"]
    assert record.subjects == ("080", "28010")
    assert (record.grades, record.duration) == ((3, 6), 720)
    assert record.description == "Wolken, Regen & Flüsse.\nMit Arbeitsblättern."
    assert record.keywords == ("Wasser", "Wetter")


def test_website_is_open_and_its_session_is_gone(connect: Connect) -> None:
    record = records(changes(connect()))["DEMO-5800004"]
    assert (record.access, record.url) == (AccessMode.OPEN, "https://wasser.example/portal")


def test_what_cannot_be_read_is_kept_with_its_reason(connect: Connect) -> None:
    (reject,) = [one for one in changes(connect()) if isinstance(one, Reject)]
    assert reject.source_id == "DEMO-4600006"
    assert reject.reason == "the record DEMO-4600006 has no titel"
    assert "ohne Titel" in reject.excerpt


def test_run_ends_complete_and_resumes(connect: Connect) -> None:
    site = connect(page_size=2)
    found = changes(site)
    checkpoints = [one for one in found if isinstance(one, Checkpoint)]
    assert checkpoints == [Checkpoint("2"), Checkpoint("4"), Checkpoint(None, complete=True)]
    assert found[-1] == checkpoints[-1]
    assert changes(site, "4") == found[-3:]
    assert changes(site, "nonsense") == found


def test_stock_that_may_not_be_read_is_only_searched(connect: Connect) -> None:
    site = connect(listing="none", live_search=True)
    assert changes(site) == [Checkpoint(None, complete=True)]
    hits = site.one("edmond", "catalogue_search", query="Wasser", limit=5)
    assert "Wasserkreislauf" in [record.title for record in hits]


@pytest.mark.parametrize("trap", ["control", "mojibake", "break", "latin1"])
def test_spoilt_text_is_mended(connect: Connect, trap: str) -> None:
    assert records(changes(connect(trap=trap))) == records(changes(connect()))


@pytest.mark.parametrize("listing", ["search", "harvest"])
@pytest.mark.parametrize("trap", ["html", "cut", "doctype", "error"])
def test_bad_days_end_visibly_and_never_complete(connect: Connect, trap: str, listing: str) -> None:
    assert_fails_before_the_end(connect(trap=trap, standort="", listing=listing))


@pytest.mark.parametrize("trap", ["repeat", "empty"])
def test_endless_pages_end_visibly(connect: Connect, trap: str) -> None:
    assert_fails_before_the_end(connect(trap=trap, standort="", page_size=1))


def test_list_that_ends_too_early_is_noticed(connect: Connect) -> None:
    assert_fails_before_the_end(connect(trap="stop", page_size=2))


def assert_fails_before_the_end(site: Site) -> None:
    seen: list[Change] = []
    with pytest.raises(Unavailable):
        seen.extend(site.one("edmond", "catalogue_changes", cursor=None))
    assert not any(isinstance(one, Checkpoint) and one.complete for one in seen)


def test_pause_that_the_server_asks_for_reaches_the_hub(connect: Connect) -> None:
    with pytest.raises(Unavailable) as caught:
        connect(trap="busy").one("edmond", "health")
    assert caught.value.retry_after == 1


# Live search


def test_live_search(connect: Connect) -> None:
    results, failures = connect().each("catalogue_search", query="wasser wolken", limit=5)
    assert failures == {}
    (hit,) = results["edmond"]
    assert (hit.source_id, hit.grants) == ("DEMO-4900001", (LAND,))
    results, _ = connect().each("catalogue_search", query="mittelalter", limit=5)
    assert [hit.grants for hit in results["edmond"]] == [(OWN,)]
    results, _ = connect().each("catalogue_search", query="e", limit=2)
    assert len(results["edmond"]) == 2
    results, _ = connect().each("catalogue_search", query="ohne titel <&", limit=2)
    assert results["edmond"] == []


# Opening


def test_opening(connect: Connect) -> None:
    site = connect()
    for key in ("DEMO-4900001", "DEMO-5500002"):
        access = opened(site, records(changes(site))[key])
        assert f"/{key}/index.html".lower() in access.url.lower()
        assert timedelta() < access.expires - datetime.now(UTC) <= timedelta(minutes=30)


def test_each_opening_gets_a_link_of_its_own(connect: Connect) -> None:
    site = connect()
    record = records(changes(site))["DEMO-4900001"]
    assert opened(site, record).url != opened(site, record).url


def test_website_opens_without_asking(connect: Connect) -> None:
    record = records(changes(connect()))["DEMO-5800004"]
    assert opened(connect(trap="error"), record).url == "https://wasser.example/portal"


def test_no_licence_is_denied(connect: Connect) -> None:
    site = connect(landing_template="https://edupool.example/home?standort={standort}")
    expired = records(changes(site))["DEMO-4900005"]
    foreign = records(changes(connect(standort="VIE")))["DEMO-4900003"]
    for record in (expired, foreign):
        with pytest.raises(Denied, match="Medienzentrum Teststadt has a valid licence"):
            opened(site, record)


def test_wrong_password_is_denied_and_does_not_show(connect: Connect) -> None:
    site = connect(password="verplappert")
    with pytest.raises(Denied, match="wrong passphrase") as caught:
        opened(site, records(changes(site))["DEMO-4900001"])
    assert "verplappert" not in str(caught.value)


def test_fallback_address(connect: Connect) -> None:
    template = "https://edupool.example/{land}/home?standort={standort}&id={identifier}"
    expected = "https://edupool.example/NRW/home?standort=TST&id=DEMO-4900001"
    record = records(changes(connect()))["DEMO-4900001"]
    for config in ({"password": None}, {"password": "wrong"}, {"trap": "error"}, {"trap": "html"}):
        access = opened(connect(landing_template=template, **config), record)
        assert (access.url, access.expires) == (expected, None)


def test_without_password_and_fallback_it_says_why(connect: Connect) -> None:
    site = connect(password=None)
    with pytest.raises(Denied, match="password"):
        opened(site, records(changes(site))["DEMO-4900001"])


def test_newer_sign_in(data: Path, tmp_path: Path) -> None:
    with stand_in.running("--data", data, "--client", f"hub={PASSWORD}") as address:
        config = {"address": address, "client": "hub", "password": PASSWORD}
        site = site_with(Edmond, config, tmp_path)
        found = records(changes(site))
        assert len(found) == 5
        assert "index.html" in opened(site, found["DEMO-5500002"]).url
        site.one("edmond", "health")
        with pytest.raises(Denied):
            site_with(Edmond, {**config, "password": "wrong"}, tmp_path).one("edmond", "health")


def test_private_server_is_denied_unless_the_site_allows_it(server: str, tmp_path: Path) -> None:
    site = site_with(Edmond, {"address": server}, tmp_path, site_row(internal_hosts=()))
    with pytest.raises(Denied, match="not on the open internet"):
        site.one("edmond", "health")
    with pytest.raises(Denied):
        changes(site)


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({}, "address"),
        ({"address": "ftp://a.example"}, "address"),
        ({"address": "http://a.example", "client": "hub"}, "password"),
        ({"address": "http://a.example", "standort": "B/OR"}, "standort"),
        ({"address": "http://a.example", "page_size": 0}, "page_size"),
        ({"address": "http://a.example", "listing": "guess"}, "listing"),
        ({"address": "http://a.example", "landing_template": "javascript:x"}, "landing_template"),
        ({"address": "http://a.example", "landing_template": "/home"}, "landing_template"),
        (
            {"address": "http://a.example", "landing_template": "https://a.example/{other}"},
            "landing_template",
        ),
        (
            {"address": "http://a.example", "landing_template": "https://a.example/{land"},
            "landing_template",
        ),
        (
            {"address": "http://a.example", "landing_template": "https://{land}.example/"},
            "landing_template",
        ),
        (
            {"address": "http://a.example", "landing_template": "https://a.example/{land.x}"},
            "landing_template",
        ),
        (
            {"address": "http://a.example", "landing_template": "https://a.example/{land!r:>99}"},
            "landing_template",
        ),
    ],
)
def test_bad_configuration_is_refused(config: dict[str, Any], field: str) -> None:
    with pytest.raises(ma.ValidationError) as caught:
        Edmond.Config().load(config)
    assert field in caught.value.messages_dict


def test_real_records(shared_data: Path, tmp_path: Path) -> None:
    names = ("arix_search_result_hh_einstein.xml", "arix_record_xmedienlb-5552796.xml")
    arguments = [part for n in names for part in ("--data", shared_data / "records" / n)]
    with stand_in.running(*arguments, "--contexts", "NRW/TST") as address:
        config = {"address": address, "page_size": 5}
        found = changes(site_with(Edmond, config, tmp_path))
    assert len(records(found)) == 11
    assert records(found)["SF-52292"].title == "Der Photoeffekt"
    assert found[-1] == Checkpoint(None, complete=True)
    assert not any(isinstance(one, Reject) for one in found)
