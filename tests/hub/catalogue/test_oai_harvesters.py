"""Harvesters that others wrote, and our own, each get exactly all records over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
import requests
import sqlalchemy as sa
from oaipmh.client import Client
from oaipmh.metadata import MetadataRegistry, oai_dc_reader
from oaipmh_scythe import HTTPConfig, Scythe
from sickle import Sickle
from sickle.oaiexceptions import NoRecordsMatch

from connectors import http
from connectors.oai_pmh import Repository
from hub import models
from hub.catalogue.oai import answers
from hub.catalogue.sync import sync
from hub.records import Checkpoint, Delete, Kind, Record
from tests.serving import served
from tests.sources import Network, everything, medium, network
from tests.standards.oai import parse

PAGE = 40


@dataclass(frozen=True)
class Provider:
    net: Network
    address: str

    def ids(self, **columns: str) -> set[str]:
        """The identifiers of all offers, withdrawn ones included."""
        with self.net.hub.db.read() as session:
            numbers = session.scalars(sa.select(models.Offer.id).filter_by(**columns))
            return {f"oai:127.0.0.1:{number}" for number in numbers}

    def gone(self) -> set[str]:
        with self.net.hub.db.read() as session:
            query = sa.select(models.Offer.id).where(models.Offer.withdrawn_at.is_not(None))
            return {f"oai:127.0.0.1:{number}" for number in session.scalars(query)}


@pytest.fixture
def provider(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Provider]:
    """Offers of two sites on several pages, some withdrawn."""
    monkeypatch.setattr("hub.web.oai.Repository", partial(answers.Repository, page=PAGE))
    media = [medium(str(number), f"Wüsten & Vulkane {number}") for number in range(120)]
    with network(database_url, tmp_path, ["borken", "unna"]) as net:
        for site, changes in (
            ("borken", everything(*media)),
            ("unna", everything(Record("room", Kind.ROOM, "Studio"), *media[:10])),
            ("borken", [*(Delete(str(number)) for number in range(7)), Checkpoint(None)]),
        ):
            net.play(site, changes)
            assert sync(net.hub.db, net.site(site), "scripted").state == "succeeded"
        with served(net) as address:
            yield Provider(net, f"{address}/oai")


def exactly(found: list[str], wanted: set[str]) -> None:
    assert sorted(found) == sorted(wanted)


@pytest.mark.parametrize("prefix", ["oai_dc", "lom"])
def test_sickle(provider: Provider, prefix: str) -> None:
    sickle = Sickle(provider.address)
    records = list(sickle.ListRecords(metadataPrefix=prefix))
    exactly([record.header.identifier for record in records], provider.ids())
    assert {one.header.identifier for one in records if one.deleted} == provider.gone()
    live = sickle.ListRecords(metadataPrefix=prefix, ignore_deleted=True)
    assert {record.header.identifier for record in live} == provider.ids() - provider.gone()
    headers = sickle.ListIdentifiers(metadataPrefix=prefix, set="site:unna")
    exactly([header.identifier for header in headers], provider.ids(site_key="unna"))
    assert [form.metadataPrefix for form in sickle.ListMetadataFormats()] == ["oai_dc", "lom"]
    assert "site:borken" in [one.setSpec for one in sickle.ListSets()]
    assert sickle.Identify().baseURL == provider.address
    with pytest.raises(NoRecordsMatch):
        sickle.ListRecords(metadataPrefix=prefix, until="1999-01-01")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_scythe(provider: Provider, method: str) -> None:
    with Scythe(provider.address, http_config=HTTPConfig(http_method=method)) as scythe:
        records = list(scythe.list_records(metadata_prefix="oai_dc"))
        exactly([record.header.identifier for record in records], provider.ids())
        headers = scythe.list_identifiers(metadata_prefix="lom", set_="kind:room")
        exactly([header.identifier for header in headers], provider.ids(kind="room"))
        assert scythe.identify().granularity == "YYYY-MM-DDThh:mm:ssZ"


def test_oaipmh(provider: Provider) -> None:
    registry = MetadataRegistry()
    registry.registerReader("oai_dc", oai_dc_reader)
    client = Client(provider.address, registry)
    client.updateGranularity()
    records = list(client.listRecords(metadataPrefix="oai_dc"))
    exactly([header.identifier() for header, *_ in records], provider.ids())
    assert {h.identifier() for h, *_ in records if h.isDeleted()} == provider.gone()
    titles = [metadata.getField("title") for _, metadata, _ in records if metadata is not None]
    assert ["Wüsten & Vulkane 7"] in titles
    since = max(header.datestamp() for header, *_ in records)
    assert list(client.listIdentifiers(metadataPrefix="oai_dc", from_=since))


@pytest.mark.parametrize("path", ["", "/borken"])
def test_our_own(provider: Provider, path: str) -> None:
    with_limits = http.Client(internal_hosts=("127.0.0.1",))
    repository = Repository(with_limits, provider.address + path)
    told = repository.identify()
    assert (told.deleted, told.granularity) == ("persistent", "second")
    items = [item for page in repository.records("lom") for item in page.items]
    wanted = provider.ids(site_key="borken") if path else provider.ids()
    exactly([item.identifier for item in items], wanted)
    assert {item.identifier for item in items if item.deleted} == provider.gone()
    assert {item.metadata is None for item in items if item.deleted} == {True}


def test_a_hub_takes_in_the_catalogue_of_another(provider: Provider) -> None:
    """What the plugin makes of our own LOM is what the first hub had."""
    from hub.formats import lom

    repository = Repository(http.Client(internal_hosts=("127.0.0.1",)), provider.address)
    titles = {
        lom.read(item.identifier, item.datestamp, item.metadata).title
        for page in repository.records("lom", set_spec="site:borken")
        for item in page.items
        if item.metadata is not None
    }
    assert titles == {f"Wüsten & Vulkane {number}" for number in range(7, 120)}


def test_every_page_over_http_is_valid(provider: Provider) -> None:
    query = {"verb": "ListRecords", "metadataPrefix": "lom"}
    pages = records = 0
    while query:
        answer = requests.get(provider.address, params=query, timeout=30)
        root = parse(answer.content)
        pages += 1
        records += len(root.findall(".//{*}record"))
        token = root.findtext(".//{*}resumptionToken")
        query = {"verb": "ListRecords", "resumptionToken": token} if token else {}
    assert (pages, records) == (4, len(provider.ids()))
