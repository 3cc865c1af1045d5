"""Dublin Core: what sources put into fifteen elements, and the way back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from hub.benchmarks import oai_pages
from hub.formats.dublin_core import DC, ELEMENTS, OAI_DC, read, write
from hub.records import AccessMode, Identifier, Kind, MediumType, Record


def document(*values: tuple[str, str], **languages: str) -> etree._Element:
    """An `oai_dc:dc` of (element or element@language, text)."""
    root = etree.Element(f"{{{OAI_DC}}}dc", nsmap={"oai_dc": OAI_DC, "dc": DC})
    for name, text in values:
        name, _, language = name.partition("@")
        child = etree.SubElement(root, f"{{{DC}}}{name}")
        child.text = text
        if language:
            child.set("{http://www.w3.org/XML/1998/namespace}lang", language)
    return root


def record(*values: tuple[str, str]) -> Record:
    return read("oai:x:1", "2024-05-06T07:08:09Z", document(("title", "Titel"), *values))


def test_a_full_record() -> None:
    found = read(
        "oai:x:1",
        "2024-05-06",
        document(
            ("title", "Tiere im  Wasser"),
            ("title", "Ein Film"),
            ("creator", "Wördemann, Meike"),
            ("subject", "EAF:080"),
            ("subject", "Teich; Fische"),
            ("description", "<p>Am Teich.</p><p>Im See.</p>"),
            ("publisher", "Verlag Lernpfad"),
            ("contributor", "Plöger, Oda"),
            ("date", "2019-03-01"),
            ("type", "MovingImage"),
            ("format", "video/mp4"),
            ("format", "ca. 12 min"),
            ("identifier", "https://medien.example.org/7"),
            ("identifier", "doi:10.1234/abc"),
            ("source", "Archiv des Hauses"),
            ("language", "ger"),
            ("relation", "https://medien.example.org/bild/7.jpg"),
            ("coverage", "Münsterland"),
            ("rights", "CC BY-SA 4.0"),
        ),
    )
    assert found == Record(
        source_id="oai:x:1",
        kind=Kind.MEDIUM,
        title="Tiere im Wasser",
        subtitle="Ein Film",
        description="Am Teich.\n\nIm See.",
        languages=("de",),
        identifiers=(
            Identifier("url", "https://medien.example.org/7"),
            Identifier("doi", "10.1234/abc"),
        ),
        url="https://medien.example.org/7",
        image_url="https://medien.example.org/bild/7.jpg",
        medium_type=MediumType.VIDEO,
        subjects=("080",),
        keywords=("Teich", "Fische"),
        creators=("Wördemann, Meike",),
        publishers=("Verlag Lernpfad",),
        year=2019,
        duration=720,
        licence="https://creativecommons.org/licenses/by-sa/4.0/",
        details={
            "Mitwirkende": "Plöger, Oda",
            "Quelle": "Archiv des Hauses",
            "Abdeckung": "Münsterland",
        },
        modified=datetime(2024, 5, 6, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10.1234/abc", Identifier("doi", "10.1234/abc")),
        ("https://doi.org/10.1234/abc", Identifier("doi", "10.1234/abc")),
        ("urn:isbn:978-3-12-732320-7", Identifier("isbn", "978-3-12-732320-7")),
        ("ISBN 3-12-732320-X", Identifier("isbn", "3-12-732320-X")),
        ("FWU-05511494", Identifier("medium", "FWU-05511494")),
        ("5511494", Identifier("medium", "5511494")),
        ("https://medien.example.org/a?b=1", Identifier("url", "https://medien.example.org/a?b=1")),
        ("urn:nbn:de:0111-opus-1", None),
        ("12", None),
        ("javascript:alert(1)", None),
    ],
)
def test_identifiers_are_told_apart(text: str, expected: Identifier | None) -> None:
    found = record(("identifier", text))
    assert found.identifiers == ((expected,) if expected else ())


def test_a_doi_is_where_a_record_without_an_address_is_found() -> None:
    assert record(("identifier", "doi:10.1234/abc")).url == "https://doi.org/10.1234/abc"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("ger", "de"), ("deu", "de"), ("Deutsch", "de"), ("DE", "de"), ("eng", "en"), ("tlh!", None)],
)
def test_languages(text: str, expected: str | None) -> None:
    assert record(("language", text)).languages == ((expected,) if expected else ())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("MovingImage", MediumType.VIDEO),
        ("Sound", MediumType.AUDIO),
        ("StillImage", MediumType.IMAGE),
        ("InteractiveResource", MediumType.INTERACTIVE),
        ("Collection", MediumType.PACKAGE),
        ("PhysicalObject", MediumType.OTHER),
        ("Lehrfilm", MediumType.VIDEO),
        ("Arbeitsblatt", MediumType.DOCUMENT),
        ("Lernvideo", MediumType.VIDEO),
        ("Hörspiel", MediumType.AUDIO),
        ("Medienpaket", MediumType.PACKAGE),
        ("https://w3id.org/kim/hcrt/simulation", MediumType.INTERACTIVE),
        ("etwas", None),
    ],
)
def test_types(text: str, expected: MediumType | None) -> None:
    assert record(("type", text)).medium_type is expected


def test_the_format_decides_where_the_type_says_nothing() -> None:
    found = record(("type", "Lernobjekt"), ("format", "audio/mpeg"), ("format", "PT1H2M"))
    assert (found.medium_type, found.duration) == (MediumType.AUDIO, 3720)


@pytest.mark.parametrize(
    ("text", "subjects", "keywords"),
    [
        ("EAF:080", ("080",), ()),
        ("http://w3id.org/openeduhub/vocabs/discipline/20001", ("20001",), ()),
        ("Biologie", ("080",), ("Biologie",)),
        ("100", (), ("100",)),
        ("Fotosynthese", (), ("Fotosynthese",)),
        ("http://example.org/vocab/1", (), ()),
    ],
)
def test_subjects_are_codes_or_words(
    text: str, subjects: tuple[str, ...], keywords: tuple[str, ...]
) -> None:
    found = record(("subject", text))
    assert (found.subjects, found.keywords) == (subjects, keywords)


def test_competences_among_the_subjects() -> None:
    address = "http://w3id.org/openeduhub/vocabs/medienkompetenzrahmenNRW/3.4"
    assert record(("subject", address)).competences == ("3.4",)


@pytest.mark.parametrize(
    ("texts", "licence", "access"),
    [
        (["CC BY 4.0"], "https://creativecommons.org/licenses/by/4.0/", AccessMode.OPEN),
        (["© Verlag", "http://creativecommons.org/licenses/by/3.0/de/"],
         "https://creativecommons.org/licenses/by/3.0/de/", AccessMode.OPEN),
        (["info:eu-repo/semantics/openAccess", "frei"], "frei", AccessMode.OPEN),
        (["info:eu-repo/semantics/closedAccess"], "", AccessMode.LICENSED),
        (["info:eu-repo/semantics/restrictedAccess"], "", AccessMode.LOGIN),
    ],
)  # fmt: skip
def test_rights(texts: list[str], licence: str, access: AccessMode) -> None:
    found = record(*(("rights", text) for text in texts))
    assert (found.licence, found.access) == (licence, access)


def test_german_is_preferred() -> None:
    found = read(
        "x",
        "",
        document(
            ("title@en", "Animals"), ("title@de", "Tiere"),
            ("description@en", "In water"), ("description@fr", "Dans l'eau"),
        ),
    )  # fmt: skip
    assert (found.title, found.subtitle, found.description) == ("Tiere", "", "In water")


@pytest.mark.parametrize("date", ["2019", "2019-03", "1.3.2019", "März 2019", "[2019?]"])
def test_years(date: str) -> None:
    assert record(("date", date)).year == 2019


def test_what_is_no_dublin_core_is_refused() -> None:
    with pytest.raises(ValueError, match="<lom> holds no Dublin Core"):
        read("x", "", etree.Element("{http://ltsc.ieee.org/xsd/LOM}lom"))
    with pytest.raises(ValueError, match="no title"):
        read("x", "", document(("description", "ohne"), ("title", "  ")))


def test_markup_inside_elements_and_comments_are_bearable() -> None:
    root = document(("title", "x"))
    root[0].text = None
    root[0].append(etree.fromstring("<b>Fett</b>"))
    root.append(etree.Comment("nichts"))
    assert read("x", "kein Datum", root).title == "Fett"


def test_made_up_records_are_read_whole() -> None:
    medium = oai_pages.medium(3)
    found = read("x", "", etree.fromstring(oai_pages.dublin_core(medium)))
    assert found.title == medium.title
    assert found.description == medium.description
    assert found.subjects == (medium.subject[1],)
    assert found.url == medium.address
    assert found.image_url == medium.image
    assert found.medium_type is not None
    assert Identifier("medium", medium.signature) in found.identifiers


# The way back.

_word = st.text("abcdefghijklmnopqrstuvwxyzäöüßABCÄÖÜ", min_size=3, max_size=12).map(
    "Wort{}".format
)
_line = st.lists(_word, min_size=1, max_size=6).map(" ".join)


def _subset(values: Any) -> Any:
    return st.lists(values, max_size=4, unique=True).map(tuple)


records = st.builds(
    Record,
    source_id=st.just("oai:x:1"),
    kind=st.just(Kind.MEDIUM),
    title=_line,
    subtitle=st.one_of(st.just(""), _line),
    description=st.one_of(st.just(""), _line),
    languages=_subset(st.sampled_from(["de", "en", "fr"])),
    identifiers=st.just((Identifier("url", "https://medien.example.org/1"),)).flatmap(
        lambda first: _subset(
            st.sampled_from(
                [
                    Identifier("doi", "10.1234/abc"),
                    Identifier("isbn", "978-3-12-732320-7"),
                    Identifier("medium", "FWU-05511494"),
                    Identifier("ean", "4006381333931"),
                ]
            )
        ).map(lambda others: first + others)
    ),
    url=st.just("https://medien.example.org/1"),
    image_url=st.sampled_from(["", "https://medien.example.org/bild/1.png"]),
    medium_type=st.one_of(st.none(), st.sampled_from(MediumType)),
    subjects=_subset(st.sampled_from(["080", "20001", "4600501"])),
    competences=_subset(st.sampled_from(["1.1", "3.4"])),
    keywords=_subset(_line),
    creators=_subset(_line),
    publishers=_subset(_line),
    year=st.one_of(st.none(), st.integers(1500, 2099)),
    duration=st.one_of(st.none(), st.integers(1, 90_000)),
    licence=st.sampled_from(["", "https://creativecommons.org/licenses/by/4.0/", "frei"]),
    access=st.sampled_from([AccessMode.OPEN, AccessMode.LOGIN, AccessMode.LICENSED]),
    details=st.dictionaries(st.sampled_from(["Mitwirkende", "Quelle", "Abdeckung"]), _line),
    modified=st.just(datetime(2024, 5, 6, tzinfo=UTC)),
)


@given(records)
def test_round_trip(original: Record) -> None:
    data = etree.tostring(write(original))
    assert read("oai:x:1", "2024-05-06", etree.fromstring(data)) == original


_any_text = st.text(st.characters(categories=["L", "N", "P", "S", "Z"]), max_size=60)


@given(st.lists(st.tuples(st.sampled_from(ELEMENTS), _any_text), max_size=20), _any_text)
def test_whatever_stands_there_it_is_read_or_refused(
    values: list[tuple[str, str]], stamp: str
) -> None:
    try:
        found = read("x", stamp, document(*values))
    except ValueError as error:
        reason = str(error)
    else:
        reason = ""
    if reason:
        assert "title" in reason or "Dublin Core" in reason
        return
    assert found.title
    assert found.title == " ".join(found.title.split())
    again = read("x", stamp, etree.fromstring(etree.tostring(write(found))))
    assert again.title == found.title
    assert again.subjects == found.subjects
