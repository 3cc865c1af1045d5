"""AMB: read leniently, written so that the schema accepts it."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator, FormatChecker
from referencing import Registry, Resource

from hub.catalogue.normalise import normalise
from hub.formats import amb
from hub.records import AccessMode, Grant, Identifier, Kind, MediumType, Record, Reject, Scope

WORDS = st.text("abcdefgABCDEFGäöüßÄÖÜéñ0123456789", min_size=1, max_size=12)


@pytest.fixture(scope="session")
def schema(shared_data: Path) -> Draft7Validator:
    """The schema, with a checker that knows the two formats of a date (they exclude each other)."""
    documents = [
        json.loads(path.read_text(encoding="utf-8"))
        for path in (shared_data / "schemas" / "amb").glob("*.json")
    ]
    registry = Registry().with_resources(
        [(document["$id"], Resource.from_contents(document)) for document in documents]
    )
    checker = FormatChecker(formats=())

    @checker.checks("date", raises=ValueError)
    def is_date(text: object) -> bool:
        return not isinstance(text, str) or bool(date.fromisoformat(text))

    @checker.checks("date-time", raises=ValueError)
    def is_date_time(text: object) -> bool:
        return not isinstance(text, str) or (
            "T" in text and datetime.fromisoformat(text).tzinfo is not None
        )

    return Draft7Validator(
        {"$ref": "https://w3id.org/kim/amb/draft/schemas/schema.json"},
        registry=registry,
        format_checker=checker,
    )


def record(**fields: Any) -> Record:
    found = amb.read({"id": "https://x.example/1", "name": "Wald", **fields})
    assert isinstance(found, Record), found
    return found


def errors(schema: Draft7Validator, document: dict[str, Any]) -> list[str]:
    return [error.message for error in schema.iter_errors(document)]


def test_the_real_export(shared_data: Path, schema: Draft7Validator) -> None:
    documents = json.loads((shared_data / "records" / "serlo_amb_sample.json").read_text())
    records = [found for d in documents if isinstance(found := amb.read(d), Record)]
    assert len(records) == 16
    first = records[0]
    assert (first.source_id, first.title) == ("https://serlo.org/1521", "Addition")
    assert first.url == "https://serlo.org/1521"
    assert first.subjects == ("380",)
    assert first.languages == ("de",)
    assert first.licence == "https://creativecommons.org/licenses/by-sa/4.0/"
    assert first.publishers == ("Serlo Education e.V.",)
    assert len(first.creators) == 23
    assert first.modified == datetime(2022, 2, 10, 11, 2, 1, tzinfo=UTC)
    assert [one.medium_type for one in records].count(MediumType.VIDEO) == 1
    assert {one.subjects for one in records} == {("380",), ("700",), ()}
    for document, one in zip(documents, records, strict=True):
        assert errors(schema, document)  # not one of them is valid as it comes
        fit = normalise(one)
        written = amb.write(fit)
        assert errors(schema, written) == []
        back = amb.read(written)
        assert isinstance(back, Record)
        if fit.licence.startswith("https://creativecommons.org/"):
            assert normalise(back) == fit


@pytest.mark.parametrize(
    ("fields", "name", "value"),
    [
        ({"name": {"en": "Forest", "de": "Wald"}}, "title", "Wald"),
        ({"name": [{"@language": "en", "@value": "Forest"}]}, "title", "Forest"),
        ({"name": "", "headline": "Wald"}, "title", "Wald"),
        ({"description": "<p>Ein <b>Film</b></p>"}, "description", "Ein Film"),
        ({"inLanguage": "Deutsch"}, "languages", ("de",)),
        ({"inLanguage": ["en", "de"]}, "languages", ("en", "de")),
        ({"creator": "Anna Alt"}, "creators", ("Anna Alt",)),
        ({"creator": {"name": "Anna Alt"}}, "creators", ("Anna Alt",)),
        ({"author": [{"name": "A"}, "B"]}, "creators", ("A", "B")),
        ({"publisher": {"type": "Organization", "name": "Haus"}}, "publishers", ("Haus",)),
        ({"keywords": "Wald, Tiere; Moos"}, "keywords", ("Wald", "Tiere", "Moos")),
        ({"keywords": ["Wald, tropisch"]}, "keywords", ("Wald, tropisch",)),
        ({"license": "CC BY 4.0"}, "licence", "https://creativecommons.org/licenses/by/4.0/"),
        (
            {"license": {"id": "http://creativecommons.org/licenses/by-sa/3.0/de/"}},
            "licence",
            "https://creativecommons.org/licenses/by-sa/3.0/de/",
        ),
        ({"image": {"url": "https://x.example/b.png"}}, "image_url", "https://x.example/b.png"),
        ({"image": "javascript:alert(1)"}, "image_url", ""),
        ({"thumbnailUrl": ["https://x.example/t.png"]}, "image_url", "https://x.example/t.png"),
        (
            {"about": "http://w3id.org/kim/schulfaecher/s1001"},
            "subjects",
            ("080",),
        ),
        (
            {"about": [{"id": "https://w3id.org/kim/hochschulfaechersystematik/n105"}]},
            "subjects",
            ("380",),
        ),
        ({"about": [{"prefLabel": {"de": "Chemie"}}]}, "subjects", ("100",)),
        ({"about": [{"prefLabel": {"de": "Alchemie"}}]}, "keywords", ("Alchemie",)),
        (
            {"educationalLevel": [{"id": "https://w3id.org/kim/educationalLevel/level_2"}]},
            "levels",
            ("sekundarstufe_1",),
        ),
        (
            {
                "educationalLevel": "http://w3id.org/openeduhub/vocabs/educationalContext/grundschule"
            },
            "levels",
            ("grundschule",),
        ),
        (
            {"teaches": [{"id": "http://w3id.org/openeduhub/vocabs/medienkompetenzrahmenNRW/3.4"}]},
            "competences",
            ("3.4",),
        ),
        (
            {
                "learningResourceType": [
                    {"id": "http://w3id.org/openeduhub/vocabs/learningResourceType/worksheet"}
                ]
            },
            "medium_type",
            MediumType.DOCUMENT,
        ),
        (
            {"learningResourceType": {"id": "https://w3id.org/kim/hcrt/video"}},
            "medium_type",
            MediumType.VIDEO,
        ),
        ({"type": "VideoObject"}, "medium_type", MediumType.VIDEO),
        ({"duration": "PT1H30M"}, "duration", 5400),
        ({"datePublished": "2021"}, "year", 2021),
        (
            {"dateModified": "2023-08-07T17:10:35.208666492+00:00"},
            "modified",
            datetime(2023, 8, 7, 17, 10, 35, 208666, tzinfo=UTC),
        ),
        (
            {"conditionsOfAccess": {"id": "http://w3id.org/kim/conditionsOfAccess/login"}},
            "access",
            AccessMode.LOGIN,
        ),
        ({"conditionsOfAccess": "no_login"}, "access", AccessMode.OPEN),
        ({"isAccessibleForFree": False}, "cost", "kostenpflichtig"),
        (
            {"id": "https://doi.org/10.5281/zenodo.1"},
            "identifiers",
            (Identifier("doi", "10.5281/zenodo.1"),),
        ),
    ],
)
def test_read_leniently(fields: dict[str, Any], name: str, value: Any) -> None:
    assert getattr(record(**fields), name) == value


@pytest.mark.parametrize(
    "document", [[], "x", None, 7, {}, {"id": "https://x.example/1"}, {"name": "Wald"}]
)
def test_what_is_no_resource_is_rejected(document: Any) -> None:
    found = amb.read(document)
    assert isinstance(found, Reject)
    assert found.reason


def test_a_licensed_medium_has_no_licence_in_amb(schema: Draft7Validator) -> None:
    written = amb.write(
        Record(
            "4970123",
            Kind.MEDIUM,
            "Film",
            licence="Kreis-Onlinelizenz",
            access=AccessMode.LICENSED,
            grants=(Grant(Scope.SITE, "borken"),),
        )
    )
    assert errors(schema, written) == []
    assert "license" not in written
    assert written["id"] == "urn:x-medienzentrum:4970123"
    assert written["conditionsOfAccess"]["id"].endswith("/login")
    back = amb.read(written)
    assert isinstance(back, Record)
    assert back.source_id == "4970123"


@settings(deadline=None)
@given(
    st.builds(
        Record,
        source_id=st.text(min_size=1, max_size=9),
        kind=st.sampled_from(Kind),
        title=st.text(min_size=1, max_size=20),
        description=st.text(max_size=20),
        url=st.sampled_from(["", "https://x.example/1"]),
        licence=st.text(max_size=9),
        languages=st.lists(st.sampled_from(["de", "en-GB", "gsw", "xx"]), max_size=3).map(tuple),
        subjects=st.lists(st.sampled_from(["080", "08007", "620", "oeh01"]), max_size=3).map(tuple),
        levels=st.lists(st.sampled_from(["grundschule", "foerderschule"]), max_size=2).map(tuple),
        competences=st.lists(st.sampled_from(["3.4", "9.9"]), max_size=2).map(tuple),
        audiences=st.lists(st.sampled_from(["school", "citizen", "club"]), max_size=2).map(tuple),
        keywords=st.lists(st.text(max_size=9), max_size=3).map(tuple),
        creators=st.lists(st.text(max_size=9), max_size=3).map(tuple),
        duration=st.none() | st.integers(1, 99_999),
        medium_type=st.none() | st.sampled_from(MediumType),
        access=st.sampled_from(AccessMode),
        modified=st.none() | st.datetimes(timezones=st.just(UTC)),
    )
)
def test_whatever_is_written_is_valid(schema: Draft7Validator, one: Record) -> None:
    assert errors(schema, amb.write(one)) == []


@settings(deadline=None)
@given(
    st.builds(
        lambda number, **fields: Record(
            source_id=f"https://x.example/{number}",
            kind=Kind.MEDIUM,
            url=f"https://x.example/{number}",
            identifiers=(Identifier("url", f"https://x.example/{number}"),),
            **fields,
        ),
        st.integers(1, 999),
        title=WORDS,
        description=WORDS,
        languages=st.sampled_from([("de",), ("en",), ("fr", "de")]),
        image_url=st.sampled_from(["", "https://x.example/b.png"]),
        medium_type=st.none() | st.sampled_from(MediumType),
        subjects=st.sampled_from([(), ("080",), ("380", "460")]),
        levels=st.sampled_from([(), ("grundschule",), ("sekundarstufe_1", "fortbildung")]),
        competences=st.sampled_from([(), ("3.4", "6.1")]),
        audiences=st.sampled_from([(), ("school",), ("citizen", "parents")]),
        keywords=st.lists(WORDS, max_size=3, unique=True).map(tuple),
        creators=st.lists(WORDS, max_size=2, unique=True).map(tuple),
        publishers=st.lists(WORDS, max_size=2, unique=True).map(tuple),
        duration=st.none() | st.integers(1, 9_999),
        licence=st.sampled_from(["", "https://creativecommons.org/licenses/by/4.0/"]),
        access=st.sampled_from([AccessMode.OPEN, AccessMode.LOGIN]),
        cost=st.sampled_from(["", "kostenpflichtig"]),
        modified=st.none()
        | st.datetimes(datetime(1971, 1, 1), datetime(2099, 1, 1)).map(
            lambda moment: moment.replace(tzinfo=UTC)
        ),
    )
)
def test_every_field_goes_there_and_back(one: Record) -> None:
    fit = normalise(one)
    back = amb.read(json.loads(json.dumps(amb.write(fit))))
    assert isinstance(back, Record)
    assert normalise(back) == fit


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["id", "name", "prefLabel", "de", "@value"]), inner)
    ),
    max_leaves=5,
)


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(
            "id name description about keywords license inLanguage creator publisher image type "
            "learningResourceType educationalLevel audience teaches duration dateModified "
            "conditionsOfAccess identifier url isbn".split()
        ),
        JSON,
    )
)
def test_any_object_is_a_record_or_a_reject(document: dict[str, Any]) -> None:
    found = amb.read(document)
    if isinstance(found, Record):
        normalise(found)
