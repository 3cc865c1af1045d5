"""Requests of OAI-PMH: verbs, arguments and every error of the protocol."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from hub import models
from hub.catalogue.oai.answers import Repository
from hub.catalogue.sync import sync
from hub.db import Database
from hub.records import Checkpoint, Delete
from tests.hub.catalogue.harvest import ask, repository
from tests.sources import Network, everything, medium, network
from tests.standards.oai import OAI, faults, parse

LIVE, GONE = "oai:127.0.0.1:1", "oai:127.0.0.1:2"


@pytest.fixture
def net(database_url: str, tmp_path: Path) -> Iterator[Network]:
    """A catalogue of a live and a withdrawn medium."""
    with network(database_url, tmp_path, ["borken", "unna"]) as made:
        for changes in (
            everything(medium("1", "Vulkane"), medium("2", "Wüsten")),
            [Delete("2"), Checkpoint(None)],
        ):
            made.play("borken", changes)
            assert sync(made.hub.db, made.site("borken"), "scripted").state == "succeeded"
        yield made


def query(text: str) -> list[tuple[str, str]]:
    """`a=1&b=2` as pairs; nothing is escaped."""
    return [(name, value) for name, _, value in (pair.partition("=") for pair in text.split("&"))]


LIST = "verb=ListRecords&metadataPrefix=oai_dc"
GET = "verb=GetRecord&metadataPrefix=oai_dc&identifier"


REQUESTS = [
    ("", "badVerb"),
    ("metadataPrefix=oai_dc", "badVerb"),
    ("verb=", "badVerb"),
    ("verb=identify", "badVerb"),
    ("verb=ListEverything", "badVerb"),
    ("verb=Identify&verb=Identify", "badVerb"),
    ("verb=Identify&verb=ListSets", "badVerb"),
    ("verb=Identify&identifier=x", "badArgument"),
    ("verb=Identify&lang=en", "badArgument"),
    ("verb=ListSets&set=kind:room", "badArgument"),
    ("verb=ListRecords", "badArgument"),
    ("verb=ListIdentifiers&from=2026-01-01", "badArgument"),
    ("verb=GetRecord&metadataPrefix=oai_dc", "badArgument"),
    (f"verb=GetRecord&identifier={LIVE}", "badArgument"),
    (f"{LIST}&metadataPrefix=oai_dc", "badArgument"),
    (f"{LIST}&from=2026-01-01&from=2026-01-01", "badArgument"),
    (f"{LIST}&identifier={LIVE}", "badArgument"),
    (f"{LIST}&resumptionToken=x", "badArgument"),
    ("verb=ListRecords&resumptionToken=x&resumptionToken=x", "badArgument"),
    ("verb=ListRecords&resumptionToken=", "badArgument"),
    (f"{LIST}&from=2026-01-01&until=2026-01-02T00:00:00Z", "badArgument"),
    (f"{LIST}&from=2026-01-01T00:00:00Z&until=2026-01-02", "badArgument"),
    (f"{LIST}&from=2026-01-02&until=2026-01-01", "badArgument"),
    (f"{LIST}&from=2026-01-02T00:00:01Z&until=2026-01-02T00:00:00Z", "badArgument"),
    (f"{LIST}&from=", "badArgument"),
    (f"{LIST}&from=2026", "badArgument"),
    (f"{LIST}&from=2026-1-1", "badArgument"),
    (f"{LIST}&from=2026-02-30", "badArgument"),
    (f"{LIST}&from=20260101", "badArgument"),
    (f"{LIST}&from=2026-01-01T00:00Z", "badArgument"),
    (f"{LIST}&from=2026-01-01T00:00:00", "badArgument"),
    (f"{LIST}&from=2026-01-01T00:00:00.5Z", "badArgument"),
    (f"{LIST}&from=2026-01-01T24:00:01Z", "badArgument"),
    (f"{LIST}&from=2026-01-01T00:00:00+01:00", "badArgument"),
    (f"{LIST}&from=٢٠٢٦-٠١-٠١", "badArgument"),
    (f"{LIST}&from=0000-01-01", "badArgument"),
    (f"{LIST}&until=yesterday", "badArgument"),
    (f"{LIST}&set=a b", "badArgument"),
    ("verb=ListRecords&metadataPrefix=oai dc", "badArgument"),
    ("verb=ListRecords&metadataPrefix=", "badArgument"),
    (f"{GET}=two words", "badArgument"),
    (f"{GET}=oai:x:%zz", "badArgument"),
    (f"{GET}={'x' * 2001}", "badArgument"),
    (f"{LIST}&<b>=\x00", "badArgument"),
    ("verb=ListRecords&metadataPrefix=marc21", "cannotDisseminateFormat"),
    ("verb=ListIdentifiers&metadataPrefix=OAI_DC", "cannotDisseminateFormat"),
    (f"verb=GetRecord&metadataPrefix=mods&identifier={LIVE}", "cannotDisseminateFormat"),
    (f"{GET}=really_wrong", "idDoesNotExist"),
    (f"{GET}=oai:127.0.0.1:3", "idDoesNotExist"),
    (f"{GET}=oai:127.0.0.1:01", "idDoesNotExist"),
    (f"{GET}=oai:127.0.0.1:-1", "idDoesNotExist"),
    (f"{GET}=oai:127.0.0.1:{'9' * 30}", "idDoesNotExist"),
    (f"{GET}=oai:elsewhere.example:1", "idDoesNotExist"),
    (f"{GET}=OAI:127.0.0.1:1", "idDoesNotExist"),
    ("verb=ListMetadataFormats&identifier=x", "idDoesNotExist"),
    (f"verb=ListMetadataFormats&identifier={GONE}", "noMetadataFormats"),
    ("verb=ListRecords&resumptionToken=x", "badResumptionToken"),
    ("verb=ListIdentifiers&resumptionToken=<>\"'", "badResumptionToken"),
    ("verb=ListSets&resumptionToken=x", "badResumptionToken"),
    (f"{LIST}&set=site:nowhere", "noRecordsMatch"),
    (f"{LIST}&from=2999-01-01", "noRecordsMatch"),
    (f"{LIST}&until=1999-01-01T00:00:00Z", "noRecordsMatch"),
    (f"{LIST}&until=2999-01-01", None),
    (f"{LIST}&from=2020-02-29&until=2999-01-01", None),
    (f"{GET}={LIVE}", None),
    (f"{GET}={GONE}", None),
    (f"verb=ListMetadataFormats&identifier={LIVE}", None),
    ("verb=ListMetadataFormats", None),
    ("verb=ListSets", None),
    ("verb=Identify", None),
]


def test_errors(net: Network) -> None:
    repo = repository(net)
    for text, code in REQUESTS:
        root = parse(repo.answer(query(text)).body)
        errors = [(error.get("code"), bool(error.text)) for error in root.iter(f"{OAI}error")]
        assert errors == ([(code, True)] if code else []), text
        request = root.find(f"{OAI}request")
        assert request.text == "http://127.0.0.1:8000/oai"
        refused = code in ("badVerb", "badArgument")
        assert dict(request.attrib) == ({} if refused else dict(query(text))), text


def test_no_sites_no_sets(db: Database) -> None:
    empty = Repository(db, "https://hub.example", "a@b.example")
    for text, code in [("verb=ListSets", "noSetHierarchy"), (LIST, "noRecordsMatch")]:
        root = parse(empty.answer(query(text)).body)
        assert root.find(f"{OAI}error").get("code") == code


def test_identify_says_what_is_configured(net: Network) -> None:
    hub = Repository(net.hub.db, "https://hub.example:8443/katalog", "a&b@hub.example")
    told = {
        etree.QName(child).localname: child.text
        for child in ask(hub, verb="Identify").find(f"{OAI}Identify")
    }
    assert told["baseURL"] == "https://hub.example:8443/katalog/oai"
    assert told["adminEmail"] == "a&b@hub.example"
    assert told["compression"] == "gzip"
    site = Repository(
        net.hub.db, "https://hub.example", "a@b.example", site="unna", name="Medienzentrum <Unna>"
    )
    told = ask(site, verb="Identify").find(f"{OAI}Identify")
    assert told.findtext(f"{OAI}baseURL") == "https://hub.example/oai/unna"
    assert told.findtext(f"{OAI}repositoryName") == "Medienzentrum <Unna>"
    record = ask(
        hub, verb="GetRecord", metadataPrefix="oai_dc", identifier="oai:hub.example:1"
    ).find(f".//{OAI}metadata")[0]
    links = [one.text for one in record if one.tag.endswith("}identifier")]
    assert links[-1] == "https://hub.example:8443/katalog/angebot/1"


def test_an_offer_of_another_site_is_no_item_of_this_one(net: Network) -> None:
    with net.hub.db.read() as session:
        assert session.get_one(models.Offer, 1).site_key == "borken"
    for site, code in [("borken", None), ("unna", "idDoesNotExist")]:
        root = parse(repository(net, site).answer(query(f"{GET}={LIVE}")).body)
        error = root.find(f"{OAI}error")
        assert (None if error is None else error.get("code")) == code


NAMES = st.sampled_from("verb metadataPrefix identifier from until set resumptionToken x".split())
VALUES = st.one_of(
    st.sampled_from(
        [*"Identify ListSets ListRecords ListIdentifiers GetRecord ListMetadataFormats".split(),
         "oai_dc", "lom", LIVE, GONE, "kind:medium", "site:borken", "2026-01-01",
         "2030-12-31T23:59:59Z", "WzFd"]
    ),
    st.text(max_size=30),
)  # fmt: skip


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(pairs=st.lists(st.tuples(NAMES, VALUES), max_size=5))
def test_whatever_is_asked_the_answer_is_valid(net: Network, pairs: list[tuple[str, str]]) -> None:
    parse(repository(net).answer([("verb", "ListRecords"), *pairs][-5:]).body)


def test_the_check_finds_faults(net: Network) -> None:
    """The schema and the checker that these tests trust refuse what is wrong."""
    good = repository(net).answer(query("verb=ListRecords&metadataPrefix=lom")).body
    assert faults(etree.fromstring(good)) == []
    for old, new in [
        (b"</responseDate>", b"</responseDate><responseDate>2026-01-01T00:00:00Z</responseDate>"),
        (b'verb="ListRecords"', b'verb="listRecords"'),
        (b'verb="ListRecords"', b'verb="ListSets"'),
        (b"<datestamp>20", b"<datestamp>x20"),
        (b"<setSpec>site:borken", b"<setSpec>site borken"),
        (b'status="deleted"', b'status="gone"'),
        (b"</general>", b"</general><general/>"),
        (b"<title>", b"<headline/><title>"),
        (b"<value>no</value>", b"<value>perhaps</value>"),
        (b'schemaLocation="http://ltsc.ieee.org', b'schemaLocation="http://ltsc.example'),
        (b"</metadata></record>", b"</metadata><metadata/></record>"),
    ]:
        assert old in good, old
        assert faults(etree.fromstring(good.replace(old, new))), new
