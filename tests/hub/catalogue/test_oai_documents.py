"""Documents of the OAI-PMH provider: valid for any record, rendered once, never stale."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from hub import models
from hub.catalogue import normalise
from hub.catalogue.oai.answers import Repository
from hub.catalogue.oai.documents import FORMATS, Renderer
from hub.catalogue.sync import sync
from hub.formats import dublin_core, lom
from hub.records import AccessMode, Identifier, Kind, MediumType, Record
from tests.hub.catalogue.harvest import BASE, harvest, pages, repository
from tests.sources import Network, everything, medium, network
from tests.standards import lom as lom_standard
from tests.standards.oai import FOLDER, OAI, OAI_DC

FULL = Record(
    source_id="1",
    kind=Kind.MEDIUM,
    title="Wasser & <Wüste>",
    subtitle="Ein Tropfen",
    series="Klima; Folge 3",
    description="Erster Absatz.\nZweiter ]]> Absatz.",
    languages=("de", "en"),
    identifiers=(
        Identifier("medium", "5511494"),
        Identifier("isbn", "9783161484100"),
        Identifier("doi", "10.1000/182"),
        Identifier("url", "https://medien.example/wasser"),
    ),
    url="https://medien.example/wasser?a=1&b=2",
    image_url="https://medien.example/wasser.jpg",
    medium_type=MediumType.VIDEO,
    subjects=("080", "20001"),
    levels=("grundschule", "sekundarstufe_1"),
    grades=(3, 6),
    competences=("3.4",),
    audiences=("school", "kita", "parents", "citizen"),
    keywords=("Regen", "Grundwasser"),
    creators=("Ahlbrink, Oda", "B; C\\D"),
    publishers=("Verlag Lernpfad",),
    year=2019,
    duration=4230,
    age_rating="6",
    licence="https://creativecommons.org/licenses/by/4.0/",
    cost="5 Euro",
    details={"Mitwirkende": "Jorid Klostrup"},
    modified=datetime(2025, 1, 1, tzinfo=UTC),
)


@pytest.fixture
def net(database_url: str, tmp_path: Path) -> Iterator[Network]:
    with network(database_url, tmp_path, ["borken", "unna"]) as made:
        yield made


def run(net: Network, *records: Record) -> None:
    net.play("borken", everything(*records))
    assert sync(net.hub.db, net.site("borken"), "scripted").state == "succeeded"


def documents(repo: Repository, prefix: str) -> list[etree._Element]:
    return [
        metadata[0]
        for root in pages(repo, "ListRecords", prefix)
        for metadata in root.iter(f"{OAI}metadata")
    ]


def test_a_full_record_in_dublin_core(net: Network) -> None:
    run(net, FULL)
    [document] = documents(repository(net), "oai_dc")
    assert document.tag == OAI_DC
    back = dublin_core.read("1", "2026-01-01", document)
    for name in ("title", "subtitle", "subjects", "competences", "creators", "year", "duration"):
        assert getattr(back, name) == getattr(FULL, name), name
    assert back.url == FULL.url
    assert f"{BASE}/angebot/1" in [one.text for one in document]


def test_a_full_record_in_lom_with_eaf(net: Network) -> None:
    run(net, FULL)
    [document] = documents(repository(net), "lom")
    assert document.tag == f"{{{lom.LOM}}}lom"
    back = lom.read("1", "2026-01-01", document)
    for name in ("title", "subjects", "competences", "levels", "creators", "year", "duration"):
        assert getattr(back, name) == getattr(FULL, name), name
    sources = document.iter(f"{{{lom.LOM}}}source")
    assert [
        source[0].text
        for source in sources
        if len(source) and source[0].get("language") == "x-t-eaf"
    ] == ["EAF Thesaurus"] * 2
    entries = [one.text for one in document.iter(f"{{{lom.LOM}}}entry")]
    assert f"{BASE}/angebot/1" in entries


def test_offers_that_are_no_media(net: Network) -> None:
    run(
        net,
        Record("d", Kind.DEVICE, "Stativ", access=AccessMode.LOAN, quantity=3),
        Record("r", Kind.ROOM, "Studio", access=AccessMode.BOOKING, place="Hof 3"),
        Record("t", Kind.TRAINING, "Trickfilm", access=AccessMode.REQUEST),
    )
    for prefix in FORMATS:
        assert len(documents(repository(net), prefix)) == 3


def count_renderings(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    made: list[int] = []
    render = Renderer.render

    def note(self: Renderer, offer_id: int, record: Record) -> str:
        made.append(offer_id)
        return render(self, offer_id, record)

    monkeypatch.setattr(Renderer, "render", note)
    return made


def test_each_document_is_rendered_once(net: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    made = count_renderings(monkeypatch)
    run(net, *(medium(str(number)) for number in range(30)))
    assert made == []  # taking in costs nothing
    repo = repository(net, page=10)
    first = harvest(repo, "ListRecords", prefix="lom")
    assert sorted(made) == sorted(header.id for header in first)
    made.clear()
    harvest(repo, "ListRecords", prefix="lom")
    harvest(repository(net, "borken"), "ListRecords", prefix="lom")
    assert made == []
    run(net, medium("0", "Anders"), *(medium(str(number)) for number in range(1, 30)))
    titles = {document.findtext(".//{*}title/{*}string") for document in documents(repo, "lom")}
    assert len(made) == 1
    assert titles == {"Anders", "Vulkane"}


def test_documents_made_for_another_address_are_made_anew(net: Network) -> None:
    run(net, FULL)
    documents(repository(net), "oai_dc")
    moved = Repository(net.hub.db, "https://neu.example", "a@b.example")
    [document] = documents(moved, "oai_dc")
    assert "https://neu.example/angebot/1" in [one.text for one in document]


def test_a_stale_document_of_a_slower_process_is_not_given(net: Network) -> None:
    """Another process rendered the old record and kept its document after the change."""
    run(net, medium("1", "Alt"))
    harvest(repository(net), "ListRecords")
    with net.hub.db.read() as session:
        old = session.execute(sa.select(models.OaiDocument.source, models.OaiDocument.xml)).one()
    run(net, medium("1", "Neu"))
    harvest(repository(net), "ListRecords")
    with net.hub.db.write() as session:
        session.execute(sa.update(models.OaiDocument).values(source=old.source, xml=old.xml))
    [document] = documents(repository(net), "oai_dc")
    assert document[0].text == "Neu"


def test_a_database_busy_with_writing_delays_no_answer_for_ever(
    net: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(net, FULL)

    def busy(*_: Any) -> None:
        raise sa.exc.OperationalError("INSERT", {}, Exception("database is locked"))

    monkeypatch.setattr("hub.catalogue.oai.documents.keep", busy)
    assert len(documents(repository(net), "oai_dc")) == 1


TEXT = st.text(max_size=40)
RECORDS = st.builds(
    Record,
    source_id=st.just("1"),
    kind=st.sampled_from(Kind),
    title=st.text(min_size=1, max_size=40),
    subtitle=TEXT,
    series=TEXT,
    description=TEXT,
    languages=st.lists(st.one_of(TEXT, st.sampled_from(["de", "en-GB", "sr-Latn-RS"]))).map(tuple),
    identifiers=st.lists(
        st.builds(Identifier, st.sampled_from(["medium", "isbn", "doi", "url", "parallel"]), TEXT)
    ).map(tuple),
    url=st.one_of(TEXT, st.just("https://medien.example/ä b?c=<d>&e")),
    medium_type=st.one_of(st.none(), st.sampled_from(MediumType)),
    subjects=st.lists(TEXT).map(tuple),
    levels=st.lists(TEXT).map(tuple),
    grades=st.one_of(st.none(), st.tuples(st.integers(1, 13), st.integers(1, 13))),
    audiences=st.lists(TEXT).map(tuple),
    keywords=st.lists(TEXT).map(tuple),
    creators=st.lists(TEXT).map(tuple),
    publishers=st.lists(TEXT).map(tuple),
    year=st.one_of(st.none(), st.integers(900, 2300)),
    duration=st.one_of(st.none(), st.integers(-1, 10**6)),
    licence=TEXT,
    access=st.sampled_from(AccessMode),
    cost=TEXT,
)


@pytest.fixture(scope="module")
def dublin_core_schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(FOLDER / "oai_dc.xsd"))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(record=RECORDS)
def test_any_record_gives_valid_documents(
    record: Record, dublin_core_schema: etree.XMLSchema
) -> None:
    try:
        fit = normalise.normalise(record)
    except normalise.Unfit:
        return
    for prefix, form in FORMATS.items():
        document = etree.fromstring(Renderer(form, BASE).render(1, fit))
        if prefix == "oai_dc":
            # `xsi:schemaLocation` needs no declaration; everything else does.
            dublin_core_schema.assertValid(document)
        else:
            assert lom_standard.faults(document) == []
