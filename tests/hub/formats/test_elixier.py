"""ELIXIER: the real records, and every field there and back."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from hub.catalogue.normalise import normalise
from hub.formats import elixier
from hub.records import AccessMode, Identifier, Kind, MediumType, Record, Reject

WORDS = st.text("abcdefgABCDEFGäöüßÄÖÜéñ0123456789", min_size=1, max_size=12)


def record(**fields: str) -> Record:
    element = etree.Element("datensatz")
    for name, text in {"id_local": "1", "titel": "T", **fields}.items():
        etree.SubElement(element, name).text = text
    found = elixier.read(element)
    assert isinstance(found, Record)
    return found


def test_the_real_records(shared_data: Path) -> None:
    parser = etree.XMLParser(load_dtd=False, no_network=True)
    root = etree.parse(shared_data / "records" / "elixier_example.xml", parser).getroot()
    found = [elixier.read(entry) for entry in root.iter("datensatz")]
    records = [one for one in found if isinstance(one, Record)]
    assert len(records) == 5
    birds, _, lists, _, chemistry = records
    assert birds.source_id == "DE:SODIS:AT.CONTAKE.1237"
    assert birds.url == "http://www.ausgabe.natur-lexikon.com/Voegel.php"
    assert birds.subjects == ("080", "28010")
    assert birds.levels == ("grundschule", "sekundarstufe_1")
    assert birds.grades == (1, 9)
    assert birds.keywords.count("Zoologie") == 1
    assert birds.licence.count("frei eingesetzt") == 1
    assert birds.year == 2004
    assert birds.modified == datetime(2013, 3, 5, 12, 50, 6, tzinfo=UTC)
    assert lists.languages == ("de",)
    assert lists.creators == ()  # only a mail address is given
    assert chemistry.creators == ("Rüdiger Blume",)
    assert chemistry.medium_type is MediumType.DOCUMENT
    assert chemistry.details["Geprüft bis"] == "2026-08-31"
    for one in records:
        assert "@" not in repr(one)
        fit = normalise(one)
        back = elixier.read(elixier.write(fit))
        assert isinstance(back, Record)
        assert normalise(back) == fit


@pytest.mark.parametrize("missing", ["id_local", "titel"])
def test_without_id_or_title_it_is_rejected(missing: str) -> None:
    element = etree.Element("datensatz")
    etree.SubElement(element, "titel" if missing == "id_local" else "id_local").text = "x"
    found = elixier.read(element)
    assert isinstance(found, Reject)
    assert found.reason == f"{missing}: missing"


def test_access_and_cost() -> None:
    assert record(frei_zugaenglich="nein").access is AccessMode.LOGIN
    assert record(frei_zugaenglich="ja").access is AccessMode.OPEN
    assert record(kostenpflichtig="ja").cost == "kostenpflichtig"
    assert record(kostenpflichtig="nein").cost == ""


def test_the_last_known_step_of_a_path_is_the_subject() -> None:
    found = record(systematikpfad="Schule; Sprachen und Literatur; Deutsch; Literatur")
    assert (found.subjects, found.keywords) == (("120",), ("Literatur",))
    found = record(systematikpfad="Schule; fachunabhängige Bildungsthemen; Lesen")
    assert (found.subjects, found.keywords) == ((), ("Lesen",))


@settings(deadline=None)
@given(
    st.builds(
        lambda number, **fields: Record(
            source_id=f"DE:X:{number}",
            kind=Kind.MEDIUM,
            url=f"https://x.example/{number}",
            identifiers=(Identifier("url", f"https://x.example/{number}"),),
            **fields,
        ),
        st.integers(1, 999),
        title=WORDS,
        description=WORDS,
        languages=st.sampled_from([("de",), ("en",), ("tr",)]),
        medium_type=st.none() | st.sampled_from(MediumType).filter(lambda t: t != "other"),
        subjects=st.sampled_from([(), ("080",), ("380", "460"), ("28010",)]),
        levels=st.sampled_from(
            [(), ("grundschule",), ("sekundarstufe_1", "foerderschule"), ("elementarbereich",)]
        ),
        grades=st.sampled_from([None, (1, 4), (5, 10), (7, 7)]),
        audiences=st.sampled_from([(), ("school",), ("parents", "kita")]),
        keywords=st.lists(WORDS, max_size=3, unique=True).map(tuple),
        creators=st.lists(WORDS, max_size=2, unique=True).map(tuple),
        year=st.none() | st.integers(1950, 2030),
        licence=st.sampled_from(["", "https://creativecommons.org/licenses/by/4.0/", "frei"]),
        access=st.sampled_from([AccessMode.OPEN, AccessMode.LOGIN]),
        cost=st.sampled_from(["", "kostenpflichtig"]),
        modified=st.none()
        | st.datetimes(datetime(1971, 1, 1), datetime(2030, 1, 1)).map(
            lambda moment: moment.replace(microsecond=0, hour=12, tzinfo=UTC)
        ),
    )
)
def test_every_field_goes_there_and_back(one: Record) -> None:
    fit = normalise(one)
    back = elixier.read(etree.fromstring(etree.tostring(elixier.write(fit))))
    assert isinstance(back, Record)
    assert normalise(back) == fit
