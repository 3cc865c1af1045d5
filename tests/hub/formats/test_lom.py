"""LOM in its three dialects, and the way back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from hub.formats.lom import LOM, read, write
from hub.records import Identifier, Kind, MediumType, Record
from tests.hub.formats.test_dublin_core import records as dublin_core_records

EDU_SHARING = """
<lom xmlns="http://ltsc.ieee.org/xsd/LOM">
 <general>
  <identifier><catalog>EDU-SHARING</catalog><entry>0b1c-77</entry></identifier>
  <title><string language="de">Tiere im Wasser</string></title>
  <language>de_DE</language>
  <description><string language="de">Was im Teich lebt.</string></description>
  <keyword><string language="de">Teich</string></keyword>
  <keyword><string language="de">Fische</string></keyword>
 </general>
 <lifeCycle>
  <contribute>
   <role><source>LOMv1.0</source><value>author</value></role>
   <entity>BEGIN:VCARD
VERSION:3.0
N:Wördemann;Meike;;;
FN;CHARSET=UTF-8:Meike Wördemann
ORG:Schule Beispiel
END:VCARD</entity>
  </contribute>
  <contribute>
   <role><source>LOMv1.0</source><value>publisher</value></role>
   <entity>BEGIN:VCARD
VERSION:3.0
N:;;;;
FN:
ORG:Verlag Lernpfad;Abteilung Film
END:VCARD</entity>
   <date><dateTime>2019-03-01T00:00:00Z</dateTime></date>
  </contribute>
 </lifeCycle>
 <metaMetadata><contribute><role><value>creator</value></role>
  <entity>BEGIN:VCARD\nFN:Redaktion\nEND:VCARD</entity></contribute></metaMetadata>
 <technical>
  <format>video/mp4</format>
  <location>https://repo.example.org/render/0b1c-77</location>
  <duration><duration>PT12M30S</duration></duration>
 </technical>
 <educational>
  <learningResourceType><source>LREv3.0</source><value>video</value></learningResourceType>
  <intendedEndUserRole><source>LOMv1.0</source><value>teacher</value></intendedEndUserRole>
  <context><source>LREv3.0</source><value>primary education</value></context>
  <typicalAgeRange><string language="x-none">6-10</string></typicalAgeRange>
 </educational>
 <rights>
  <cost><source>LOMv1.0</source><value>no</value></cost>
  <description><string language="x-t-cc-url">https://creativecommons.org/licenses/by-sa/4.0/deed.de</string></description>
 </rights>
 <relation>
  <kind><source>LREv3.0</source><value>hasthumbnail</value></kind>
  <resource><description>
   <string>https://repo.example.org/preview?nodeId=0b1c-77</string></description></resource>
 </relation>
 <classification>
  <purpose><source>LOMv1.0</source><value>discipline</value></purpose>
  <taxonPath><source><string language="x-t-eaf">EAF Thesaurus</string></source>
   <taxon><id>080</id><entry><string language="de">Biologie</string></entry></taxon></taxonPath>
  <taxonPath><source><string language="x-t-eaf">EAF Thesaurus</string></source>
   <taxon><id>28010</id><entry><string language="de">Sachkunde</string></entry></taxon></taxonPath>
 </classification>
</lom>
"""

HS_OER = """
<metadata xmlns="https://www.oerbw.de/hsoerlom">
 <lom>
  <general>
   <identifier>77aa-01</identifier>
   <title><langstring xml:lang="de">Zeitreihen verstehen</langstring></title>
   <catalogentry><catalog>DOI</catalog><entry><langstring>10.1234/zr</langstring></entry></catalogentry>
   <catalogentry><catalog>HDL</catalog><entry><langstring>10900.3/OER_x</langstring></entry></catalogentry>
   <language>de</language>
   <description><langstring>Ein Kurs.</langstring></description>
   <keyword><langstring xml:lang="de">Statistik</langstring></keyword>
   <keyword><langstring xml:lang="en">statistics</langstring></keyword>
  </general>
  <lifecycle>
   <contribute>
    <role><source><langstring xml:lang="x-none">LOMv1.0</langstring></source>
     <value><langstring xml:lang="x-none">Author</langstring></value></role>
    <centity><vcard>
      BEGIN:VCARD
      VERSION:3.0
      N:Lohbeck;Tjark
      FN: Tjark Lohbeck
      END:VCARD
    </vcard></centity>
   </contribute>
  </lifecycle>
  <technical>
   <format>video/mp4</format>
   <location type="URI">https://oer.example.org/render/77aa-01</location>
   <duration><datetime>00:31:33</datetime></duration>
  </technical>
  <educational>
   <learningResourceType>
    <source><langstring xml:lang="x-none">https://w3id.org/kim/hcrt/scheme</langstring></source>
    <id>https://w3id.org/kim/hcrt/video</id>
    <entry><langstring xml:lang="de">Video</langstring></entry>
   </learningResourceType>
  </educational>
  <rights>
   <description><langstring xml:lang="x-t-cc-url">
     https://creativecommons.org/publicdomain/zero/1.0/legalcode </langstring></description>
  </rights>
  <classification>
   <purpose><value><langstring xml:lang="x-none">Discipline</langstring></value></purpose>
   <taxonpath>
    <source><langstring xml:lang="x-none">https://w3id.org/kim/hochschulfaechersystematik/scheme</langstring></source>
    <taxon><id>http://w3id.org/kim/hochschulfaechersystematik/n4</id>
     <entry><langstring>Mathematik, Naturwissenschaften</langstring></entry>
     <taxon><id>http://w3id.org/kim/hochschulfaechersystematik/n37</id>
      <entry><langstring>Mathematik</langstring></entry></taxon>
    </taxon>
   </taxonpath>
  </classification>
 </lom>
</metadata>
"""

PLAIN = """
<lom:lom xmlns:lom="http://ltsc.ieee.org/xsd/LOM"><!-- von Hand -->
 <lom:general>
  <lom:identifier><lom:catalog>ISBN</lom:catalog>
   <lom:entry>978-3-12-732320-7</lom:entry></lom:identifier>
  <lom:title><lom:string language="en">Water</lom:string>
   <lom:string language="de">Wasser</lom:string></lom:title>
  <lom:language>en</lom:language>
  <lom:description><lom:string language="en">About water.</lom:string></lom:description>
  <lom:keyword><lom:string language="en">pond</lom:string>
   <lom:string language="de">Teich</lom:string></lom:keyword>
 </lom:general>
 <lom:lifeCycle><lom:contribute><lom:role><lom:value>author</lom:value></lom:role>
  <lom:entity>Oda Plöger</lom:entity></lom:contribute></lom:lifeCycle>
 <lom:technical><lom:format>application/pdf</lom:format></lom:technical>
 <lom:educational>
  <lom:context><lom:source>LOMv1.0</lom:source><lom:value>higher education</lom:value></lom:context>
 </lom:educational>
 <lom:rights><lom:cost><lom:value>yes</lom:value></lom:cost>
  <lom:description><lom:string>Alle Rechte vorbehalten</lom:string></lom:description></lom:rights>
 <lom:relation><lom:kind><lom:value>ispartof</lom:value></lom:kind>
  <lom:resource><lom:description><lom:string>Reihe Natur</lom:string></lom:description>
  </lom:resource></lom:relation>
</lom:lom>
"""
STAMP = "2024-05-06T07:08:09Z"
MODIFIED = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)


def of(text: str) -> Record:
    return read("oai:x:1", STAMP, etree.fromstring(text))


def test_edu_sharing() -> None:
    assert of(EDU_SHARING) == Record(
        source_id="oai:x:1",
        kind=Kind.MEDIUM,
        title="Tiere im Wasser",
        description="Was im Teich lebt.",
        languages=("de-DE",),
        url="https://repo.example.org/render/0b1c-77",
        image_url="https://repo.example.org/preview?nodeId=0b1c-77",
        medium_type=MediumType.VIDEO,
        subjects=("080", "28010"),
        levels=("grundschule",),
        grades=(1, 4),
        audiences=("school",),
        keywords=("Teich", "Fische"),
        creators=("Meike Wördemann",),
        publishers=("Verlag Lernpfad",),
        year=2019,
        duration=750,
        licence="https://creativecommons.org/licenses/by-sa/4.0/",
        modified=MODIFIED,
    )


def test_hs_oer_lom() -> None:
    assert of(HS_OER) == Record(
        source_id="oai:x:1",
        kind=Kind.MEDIUM,
        title="Zeitreihen verstehen",
        description="Ein Kurs.",
        languages=("de",),
        identifiers=(
            Identifier("doi", "10.1234/zr"),
            Identifier("url", "https://hdl.handle.net/10900.3/OER_x"),
        ),
        url="https://oer.example.org/render/77aa-01",
        medium_type=MediumType.VIDEO,
        subjects=("380",),
        keywords=("Statistik", "statistics"),
        creators=("Tjark Lohbeck",),
        duration=1893,
        licence="https://creativecommons.org/publicdomain/zero/1.0/",
        modified=MODIFIED,
    )


def test_plain_ieee_lom() -> None:
    assert of(PLAIN) == Record(
        source_id="oai:x:1",
        kind=Kind.MEDIUM,
        title="Wasser",
        description="About water.",
        languages=("en",),
        identifiers=(Identifier("isbn", "978-3-12-732320-7"),),
        series="Reihe Natur",
        medium_type=MediumType.DOCUMENT,
        levels=("hochschule",),
        keywords=("Teich",),
        creators=("Oda Plöger",),
        licence="Alle Rechte vorbehalten",
        cost="kostenpflichtig",
        modified=MODIFIED,
    )


def test_what_is_no_lom_is_refused() -> None:
    with pytest.raises(ValueError, match="<dc> holds no LOM"):
        read("x", "", etree.Element("dc"))
    with pytest.raises(ValueError, match="no title"):
        read("x", "", etree.Element(f"{{{LOM}}}lom"))


@pytest.mark.parametrize(
    ("ages", "grades"),
    [
        ("6-10", (1, 4)),
        ("10 - 16", (5, 10)),
        ("ab 12", (7, 13)),
        ("16+", (11, 13)),
        ("8", (3, 3)),
        ("3-6", None),
        ("0-99", (1, 13)),
        ("alle", None),
        ("45-60", None),
    ],
)
def test_ages_give_school_years(ages: str, grades: tuple[int, int] | None) -> None:
    text = EDU_SHARING.replace("6-10", ages)
    assert of(text).grades == grades


def test_an_eaf_code_must_look_like_one() -> None:
    assert of(EDU_SHARING.replace("<id>080</id>", "<id>Biologie</id>")).subjects == (
        "080",  # by its label
        "28010",
    )


records = st.builds(
    replace,
    dublin_core_records,
    subtitle=st.just(""),
    details=st.just({}),
    access=st.just(Record("", Kind.MEDIUM, "").access),
    medium_type=st.one_of(
        st.none(), st.sampled_from([one for one in MediumType if one is not MediumType.OTHER])
    ),
    series=st.sampled_from(["", "Reihe Natur"]),
    levels=st.sampled_from([(), ("grundschule",), ("sekundarstufe_1", "hochschule")]),
    grades=st.one_of(
        st.none(), st.tuples(st.integers(1, 13), st.integers(1, 13)).map(sorted).map(tuple)
    ),
    audiences=st.sampled_from([(), ("school",), ("parents", "kita"), ("citizen",)]),
    cost=st.sampled_from(["", "kostenpflichtig"]),
)


@given(records)
def test_round_trip(original: Record) -> None:
    data = etree.tostring(write(original))
    assert read("oai:x:1", "2024-05-06", etree.fromstring(data)) == original


_names = st.sampled_from(
    "lom general lifeCycle technical educational rights relation classification title string "
    "keyword identifier catalog entry contribute role value entity date duration format location "
    "context typicalAgeRange taxonPath taxon id source kind resource description cost".split()
)
_texts = st.text(st.characters(categories=["L", "N", "P", "S", "Z"]), max_size=30)
_trees: Any = st.recursive(
    st.tuples(_names, _texts, st.just([])),
    lambda inner: st.tuples(_names, _texts, st.lists(inner, max_size=4)),
    max_leaves=25,
)


def _build(tree: Any, parent: etree._Element) -> None:
    name, text, children = tree
    element = etree.SubElement(parent, f"{{{LOM}}}{name}")
    element.text = text
    for child in children:
        _build(child, element)


@given(st.lists(_trees, max_size=6))
def test_whatever_stands_there_it_is_read_or_refused(trees: list[Any]) -> None:
    root = etree.Element(f"{{{LOM}}}lom")
    for tree in trees:
        _build(tree, root)
    try:
        found = read("x", "", root)
    except ValueError as error:
        outcome = str(error)
    else:
        outcome = found.title
    assert outcome
