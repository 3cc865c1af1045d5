"""SODIX: every field and every name of it, whatever else may come, there and back."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.catalogue.normalise import normalise
from hub.formats import sodix
from hub.records import (
    AccessMode,
    Carrier,
    Grant,
    Identifier,
    Kind,
    MediumType,
    Record,
    Reject,
    Scope,
)

LAND = Grant(Scope.LAND, "NRW")
CC = "https://creativecommons.org/"


def record(grant: Grant | None = LAND, **fields: Any) -> Record:
    found = sodix.read({"id": "1", "title": "T", **fields}, grant)
    assert isinstance(found, Record)
    return found


def test_every_field() -> None:
    found = record(
        identifier="BY-00012345",
        title=" Der  Wald ",
        description="Bäume<br>&amp; Tiere",
        keywords=["Wald", None, "Wald", " "],
        language=["DE", "en", None],
        creationDate="2020-02-01T00:00:00",
        publishedTime="2019",
        updated="2022-10-17T11:42:49.198",
        author="Redaktion",
        authorWebsite="https://redaktion.example/",
        producer="Studio",
        publishers=[{"title": "Verlag"}, None],
        source={"name": "Portal", "imageUrl": "https://portal.example/logo.png"},
        media={
            "size": "2400000",
            "dataType": "video/mp4",
            "duration": 95.5,
            "thumbPreview": "https://portal.example/1.jpg",
            "url": "https://portal.example/1",
            "originalUrl": "https://origin.example/1",
        },
        targetAudience=["teacher", "pupils", "parent"],
        learnResourceType=["ARBEITSBLATT", "VIDEO"],
        educationalLevels=["Primarbereich", "Sekundarstufe I", "Fort- und Weiterbildung"],
        classLevel="3 - 6",
        schoolTypes=["Grundschule"],
        eafCode=["080", "4003", None, "x"],
        subject=[{"id": "28010", "name": "Sachkunde"}],
        competencies=[
            {"id": "a", "name": "3.4 Cybergewalt", "path": "Medienkompetenzrahmen NRW/3"},
            {"id": "b", "name": "1.1 Browsen, Suchen und Filtern", "path": "KMK"},
        ],
        license={"name": "CC BY-SA", "url": f"{CC}licenses/by-sa/3.0/deed.de", "text": "Nur so."},
        downloadRight=True,
        cost="FREEMIUM",
        linkedObjects=["2", "3"],
    )
    assert found == Record(
        source_id="1",
        kind=Kind.MEDIUM,
        title="Der Wald",
        description="Bäume\n& Tiere",
        languages=("de", "en"),
        identifiers=(
            Identifier("url", "https://portal.example/1"),
            Identifier("url", "https://origin.example/1"),
            Identifier("medium", "BY-00012345"),
        ),
        url="https://portal.example/1",
        image_url="https://portal.example/1.jpg",
        medium_type=MediumType.VIDEO,
        carrier=Carrier.ONLINE,
        subjects=("080", "04003", "28010"),
        levels=("grundschule", "sekundarstufe_1", "fortbildung"),
        grades=(3, 6),
        competences=("3.4",),
        audiences=("school", "parents"),
        keywords=("Wald",),
        creators=("Redaktion", "Studio"),
        publishers=("Verlag",),
        year=2019,
        duration=95,
        licence=f"{CC}licenses/by-sa/3.0/",
        access=AccessMode.OPEN,
        cost="teilweise kostenpflichtig",
        details={
            "Quelle": "Portal",
            "Schularten": "Grundschule",
            "Kompetenzen": "1.1 Browsen, Suchen und Filtern",
            "Lizenzhinweis": "Nur so.",
            "Größe": "2 MB",
            "Download": "erlaubt",
            "Website des Urhebers": "https://redaktion.example/",
            "Verknüpfte Einträge": "2, 3",
        },
        modified=datetime(2022, 10, 17, 11, 42, 49, 198000, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("name", "more", "licence", "access"),
    [
        ("CC BY", {"version": "4.0"}, f"{CC}licenses/by/4.0/", AccessMode.OPEN),
        ("CC BY-NC", {"version": "3.0"}, f"{CC}licenses/by-nc/3.0/", AccessMode.OPEN),
        (
            "CC BY-NC-ND",
            {"version": "3.0", "country": "DE"},
            f"{CC}licenses/by-nc-nd/3.0/de/",
            AccessMode.OPEN,
        ),
        (
            "CC BY-NC-SA",
            {"version": "4.0", "country": "DE"},
            f"{CC}licenses/by-nc-sa/4.0/",
            AccessMode.OPEN,
        ),
        ("CC BY-ND", {}, "CC BY-ND", AccessMode.OPEN),
        (
            "CC BY-SA",
            {"version": "4.0", "url": f"{CC}licenses/by-sa/2.0/deed.de"},
            f"{CC}licenses/by-sa/2.0/",
            AccessMode.OPEN,
        ),
        ("CC0", {"version": "1.0"}, f"{CC}publicdomain/zero/1.0/", AccessMode.OPEN),
        ("Copyright, freier Zugang", {}, "Copyright, freier Zugang", AccessMode.OPEN),
        ("Copyright, lizenzpflichtig", {}, "Copyright, lizenzpflichtig", AccessMode.LICENSED),
        (
            "Copyright, lizenzpflichtig",
            {"url": f"{CC}licenses/by/4.0/"},
            "Copyright, lizenzpflichtig",
            AccessMode.LICENSED,
        ),
        ("Gemeinfrei / Public Domain", {}, f"{CC}publicdomain/mark/1.0/", AccessMode.OPEN),
        ("freie Lizenz", {}, "freie Lizenz", AccessMode.OPEN),
        (
            "freie Lizenz",
            {"url": "https://lizenz.example/frei"},
            "https://lizenz.example/frei",
            AccessMode.OPEN,
        ),
        (
            "keine Angaben (gesetzliche Regelung)",
            {},
            "keine Angaben (gesetzliche Regelung)",
            AccessMode.OPEN,
        ),
        ("Schulfunk (§47)", {}, "Schulfunk (§47)", AccessMode.LOGIN),
        (None, {}, "", AccessMode.OPEN),
    ],
)
def test_licences(name: str | None, more: dict[str, str], licence: str, access: AccessMode) -> None:
    found = record(license={"name": name, **more})
    assert (found.licence, found.access) == (licence, access)
    assert found.grants == ((LAND,) if access is AccessMode.LICENSED else ())


@pytest.mark.parametrize(
    ("text", "until"),
    [
        ("2026-07-31", date(2026, 8, 1)),
        ("2026-07-31T12:00:00", date(2026, 8, 1)),
        ("2026-08-01T00:00:00", date(2026, 8, 1)),
        ("2026-07-31T22:00:00Z", date(2026, 8, 1)),
        ("2026-07-31T22:30:00Z", date(2026, 8, 2)),
        ("9999-12-31", None),
        ("bald", None),
        ("", None),
        (None, None),
    ],
)
def test_the_end_of_availability(text: str | None, until: date | None) -> None:
    licensed = {"license": {"name": "Copyright, lizenzpflichtig"}}
    assert record(availableTo=text, **licensed).grants == (Grant(Scope.LAND, "NRW", None, until),)
    # What is open ends too; without an end it needs no grant.
    ends = (Grant(Scope.LAND, "NRW", None, until),) if until else ()
    assert record(availableTo=text).grants == ends


def test_a_term_of_the_site_goes_before_a_later_end() -> None:
    term = Grant(Scope.SITE, "borken", date(2024, 1, 1), date(2025, 1, 1))
    licensed = record(
        term, license={"name": "Copyright, lizenzpflichtig"}, availableTo="2030-01-01"
    )
    assert licensed.grants == (term,)


def test_every_resource_type_is_known() -> None:
    tokens = (
        "APP ARBEITSBLATT AUDIO AUDIOVISUELLES BILD BROSCHUERE DATEN ENTDECKENDES EXPERIMENT "
        "FALLSTUDIE GLOSSAR HANDBUCH KARTE KURS LERNKONTROLLE LERNSPIEL MODELL OFFENE PRESENTATION "
        "PROJECT QUELLE RADIO RECHERCHE RESSOURCENTYP ROLLENSPIEL SIMULATION SOFTWARE SONSTIGES "
        "TEST TEXT UBUNG UNTERRICHTSBAUSTEIN UNTERRICHTSPLANUNG VERANSCHAULICHUNG VIDEO WEBSEITE "
        "WEBTOOL"
    ).split()
    assert set(tokens) == sodix.RESOURCE_TYPES
    kinds = {token: record(learnResourceType=[token]).medium_type for token in tokens}
    assert None not in kinds.values()
    assert kinds["UBUNG"] is MediumType.INTERACTIVE
    assert kinds["RADIO"] is MediumType.AUDIO
    assert kinds["SONSTIGES"] is MediumType.OTHER


def test_the_file_says_what_the_type_leaves_open() -> None:
    pdf = {"dataType": "application/pdf"}
    assert record(media=pdf).medium_type is MediumType.DOCUMENT
    assert record(media=pdf, learnResourceType=["SONSTIGES"]).medium_type is MediumType.DOCUMENT
    assert record(media=pdf, learnResourceType=["KARTE"]).medium_type is MediumType.IMAGE


@pytest.mark.parametrize(
    ("school", "levels"),
    [
        ("Berufsschule", ("berufliche_bildung",)),
        ("Fachoberschule", ("sekundarstufe_2",)),
        ("Gesamtschule", ("sekundarstufe_1", "sekundarstufe_2")),
        ("Grundschule", ("grundschule",)),
        ("Gymnasium", ("sekundarstufe_1", "sekundarstufe_2")),
        ("Kindergarten", ("elementarbereich",)),
        ("Mittel- / Hauptschule", ("sekundarstufe_1",)),
        ("Realschule", ("sekundarstufe_1",)),
    ],
)
def test_school_types_stand_for_levels(school: str, levels: tuple[str, ...]) -> None:
    assert record(schoolTypes=[school]).levels == levels
    said = record(schoolTypes=[school], educationalLevels=["Sekundarstufe II"])
    assert said.levels == ("sekundarstufe_2",)


@pytest.mark.parametrize(
    ("text", "grades"),
    [("5-10", (5, 10)), ("7", (7, 7)), ("5, 6", (5, 6)), ("13-11", (11, 13)), ("2021", None)],
)
def test_class_levels(text: str, grades: tuple[int, int] | None) -> None:
    assert record(classLevel=text).grades == grades


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({"id": "1"}, "title: missing"),
        ({"title": "T"}, "id: missing"),
        ({"id": "1", "title": " \u200b"}, "title: missing"),
        ({"id": {}, "title": ["T"]}, "id: missing"),
        (None, "an object was expected, not NoneType"),
        ([], "an object was expected, not list"),
    ],
)
def test_what_is_no_record(document: Any, reason: str) -> None:
    found = sodix.read(document)
    assert isinstance(found, Reject)
    assert found.reason == reason


def test_deleted() -> None:
    assert sodix.is_deleted({"recordStatus": "deleted"})
    assert not sodix.is_deleted({"recordStatus": "ACTIVATED"})
    assert not sodix.is_deleted({"recordStatus": None})


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "name", "title", "url", "path"]), inner)
    ),
    max_leaves=6,
)
NAMES = list(sodix.write(Record("1", Kind.MEDIUM, "T")))


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(NAMES), JSON))
def test_any_json_gives_a_fit_record_or_a_reason(document: dict[str, Any]) -> None:
    found = sodix.read({"id": "1", "title": "T", **document}, LAND)
    if isinstance(found, Record):
        normalise(found)
    else:
        assert found.reason


WORDS = st.text("abcdefgABCDEFGäöüßÄÖÜ0123456789", min_size=1, max_size=12)
RECORDS = st.builds(
    Record,
    source_id=WORDS,
    kind=st.just(Kind.MEDIUM),
    title=WORDS,
    description=WORDS,
    languages=st.sampled_from([(), ("de",), ("de", "en")]),
    url=st.sampled_from(["", "https://a.example/x"]),
    image_url=st.sampled_from(["", "https://a.example/x.png"]),
    medium_type=st.none() | st.sampled_from(MediumType),
    carrier=st.just(Carrier.ONLINE),
    subjects=st.sampled_from([(), ("080",), ("04003", "20001")]),
    levels=st.sampled_from([(), ("grundschule", "sekundarstufe_1"), ("fortbildung",)]),
    grades=st.none() | st.sampled_from([(1, 4), (5, 5), (11, 13)]),
    competences=st.sampled_from([(), ("3.4",), ("1.1", "6.2")]),
    audiences=st.sampled_from([(), ("school",), ("school", "parents")]),
    keywords=st.lists(WORDS, max_size=3, unique=True).map(tuple),
    creators=st.lists(WORDS, max_size=2, unique=True).map(tuple),
    publishers=st.lists(WORDS, max_size=2, unique=True).map(tuple),
    year=st.none() | st.integers(1900, 2030),
    duration=st.none() | st.integers(1, 90_000),
    licence=st.sampled_from(["", f"{CC}licenses/by/4.0/", "Copyright, freier Zugang"]),
    cost=st.sampled_from(["", "kostenpflichtig"]),
    details=st.sampled_from([{}, {"Quelle": "Portal", "Lizenzhinweis": "Nur so."}]),
    modified=st.none() | st.just(datetime(2024, 5, 1, 12, 30, tzinfo=UTC)),
)


@settings(deadline=None)
@given(RECORDS)
def test_there_and_back(before: Record) -> None:
    after = sodix.read(sodix.write(before))
    assert isinstance(after, Record)
    named = (Identifier("url", before.url),) if before.url else ()
    assert normalise(after) == normalise(_with_identifiers(before, named))


def _with_identifiers(record: Record, named: tuple[Identifier, ...]) -> Record:
    from dataclasses import replace

    return replace(record, identifiers=named)


@pytest.mark.parametrize("until", [None, date(2031, 8, 1)])
def test_licensed_there_and_back(until: date | None) -> None:
    before = record(
        Grant(Scope.LAND, "NRW", None, until), license={"name": "Copyright, lizenzpflichtig"}
    )
    after = sodix.read(sodix.write(before), LAND)
    assert after == before
