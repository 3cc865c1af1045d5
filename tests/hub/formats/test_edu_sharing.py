"""edu-sharing: every property, whatever else may come, there and back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.catalogue.normalise import normalise
from hub.formats import edu_sharing
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
OEH = "http://w3id.org/openeduhub/vocabs"


def record(properties: dict[str, Any], **members: Any) -> Record:
    node = {"ref": {"id": "1"}, "title": "T", "properties": properties, **members}
    found = edu_sharing.read(node, LAND)
    assert isinstance(found, Record)
    return found


def test_every_property() -> None:
    found = record(
        {
            "cclom:title": ["Der  Wald"],
            "cclom:general_description": ["Bäume<br>&amp; Tiere", "Mehr"],
            "cclom:general_keyword": ["Wald; Baum", "Wald"],
            "cclom:general_language": ["de_DE", "en"],
            "cclom:general_identifier": ["ISBN 978-3-16-148410-0", "x"],
            "ccm:wwwurl": ["https://wald.example/1?pid=fnodv5er6v9hfjr0cefjtiicm7"],
            "ccm:taxonid": [f"{OEH}/discipline/080", "04003"],
            "ccm:taxonid_DISPLAYNAME": ["Biologie", "MINT"],
            "ccm:educationalcontext": [f"{OEH}/educationalContext/grundschule"],
            "ccm:educationaltypicalagerange_from": ["8"],
            "ccm:educationaltypicalagerange_to": ["12"],
            "ccm:oeh_lrt_aggregated": [
                "http://w3id.org/openeduhub/vocabs/new_lrt_aggregated/"
                "38774279-af36-4ec2-8e70-811d5a51a6a1"
            ],
            "ccm:educationallearningresourcetype": [f"{OEH}/learningResourceType/worksheet"],
            "ccm:competence": [f"{OEH}/medienkompetenzrahmenNRW/3.4", "1.1 Anderswo"],
            "ccm:educationalintendedenduserrole": [f"{OEH}/intendedEndUserRole/teacher"],
            "ccm:lifecyclecontributer_author": ["BEGIN:VCARD\nN:Beispiel;Bea\nEND:VCARD"],
            "ccm:author_freetext": ["Redaktion"],
            "ccm:lifecyclecontributer_publisher": ["BEGIN:VCARD\nORG:Verlag\nEND:VCARD"],
            "ccm:oeh_publisher_combined": ["Portal"],
            "ccm:published_date": ["2019-03-01"],
            "cclom:duration": ["95000"],
            "ccm:fskRating": [f"{OEH}/fskRating/12"],
            "ccm:price": [f"{OEH}/price/yes_for_additional"],
            "ccm:commonlicense_key": ["CC_BY"],
            "ccm:commonlicense_cc_version": ["3.0"],
            "ccm:commonlicense_cc_locale": ["DE"],
            "ccm:replicationsource_DISPLAYNAME": ["SODIX"],
            "cm:modified": ["1709287200000"],
        },
        preview={"url": "https://repo.example/1.png", "isIcon": False},
        content={"url": "https://repo.example/render/1"},
    )
    assert found == Record(
        source_id="1",
        kind=Kind.MEDIUM,
        title="Der Wald",
        description="Bäume\n& Tiere\nMehr",
        languages=("de-DE", "en"),
        identifiers=(
            Identifier("url", "https://wald.example/1"),
            Identifier("isbn", "978-3-16-148410-0"),
        ),
        url="https://wald.example/1",
        image_url="https://repo.example/1.png",
        medium_type=MediumType.VIDEO,
        carrier=Carrier.ONLINE,
        subjects=("080", "04003"),
        levels=("grundschule",),
        grades=(3, 6),
        competences=("3.4",),
        audiences=("school",),
        keywords=("Wald", "Baum"),
        creators=("Bea Beispiel", "Redaktion"),
        publishers=("Verlag", "Portal"),
        year=2019,
        duration=95,
        age_rating="12",
        licence=f"{CC}licenses/by/3.0/de/",
        access=AccessMode.OPEN,
        cost="teilweise kostenpflichtig",
        details={"Quelle": "SODIX"},
        modified=datetime(2024, 3, 1, 10, 0, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("key", "version", "licence", "access"),
    [
        ("CC_0", "", f"{CC}publicdomain/zero/1.0/", AccessMode.OPEN),
        ("PDM", "", f"{CC}publicdomain/mark/1.0/", AccessMode.OPEN),
        ("CC_BY", "4.0", f"{CC}licenses/by/4.0/", AccessMode.OPEN),
        ("CC_BY_SA", "2.5", f"{CC}licenses/by-sa/2.5/", AccessMode.OPEN),
        ("CC_BY_NC_ND", "4.0", f"{CC}licenses/by-nc-nd/4.0/", AccessMode.OPEN),
        ("CC_BY_NC", "", "CC BY-NC", AccessMode.OPEN),
        ("COPYRIGHT_FREE", "", "Copyright, freier Zugang", AccessMode.OPEN),
        ("COPYRIGHT_LICENSE", "", "Copyright, lizenzpflichtig", AccessMode.LICENSED),
        ("SCHULFUNK", "", "Schulfunk (§47)", AccessMode.LOGIN),
        (
            "UNTERRICHTS_UND_LEHRMEDIEN",
            "",
            "Unterrichts- und Lehrmedien (§60b)",
            AccessMode.LOGIN,
        ),
        ("CUSTOM", "", "Nur im Unterricht", AccessMode.OPEN),
        ("", "", "Nur im Unterricht", AccessMode.OPEN),
    ],
)
def test_licences(key: str, version: str, licence: str, access: AccessMode) -> None:
    found = record(
        {
            "ccm:commonlicense_key": [key],
            "ccm:commonlicense_cc_version": [version],
            "cclom:rights_description": ["Nur im Unterricht"],
        }
    )
    assert (found.licence, found.access) == (licence, access)
    assert found.grants == ((LAND,) if access is AccessMode.LICENSED else ())
    if not version and key not in ("CUSTOM", ""):
        by_lom = edu_sharing.judged(Record("1", Kind.MEDIUM, "T", licence=key), LAND)
        assert (by_lom.licence, by_lom.access, by_lom.grants) == (licence, access, found.grants)


def test_the_address_of_a_licence_completes_its_key() -> None:
    url = f"{CC}licenses/by-nc/2.0/deed.de"
    found = record({"ccm:commonlicense_key": ["CC_BY_NC"]}, license={"url": url})
    assert found.licence == f"{CC}licenses/by-nc/2.0/"


@pytest.mark.parametrize(
    ("condition", "access"),
    [
        ("login", AccessMode.LOGIN),
        ("login_for_additional_features", AccessMode.OPEN),
        ("no_login", AccessMode.OPEN),
    ],
)
def test_conditions_of_access(condition: str, access: AccessMode) -> None:
    found = record({"ccm:conditionsOfAccess": [f"{OEH}/conditionsOfAccess/{condition}"]})
    assert found.access is access


def test_an_icon_is_no_picture() -> None:
    preview = {"url": "https://repo.example/icon.png", "isIcon": True}
    assert record({}, preview=preview).image_url == ""


def test_without_an_address_of_its_own_the_page_of_the_repository_counts() -> None:
    found = record({}, content={"url": "https://repo.example/render/1"})
    assert (found.url, found.identifiers) == ("https://repo.example/render/1", ())


@pytest.mark.parametrize(
    ("node", "reason"),
    [
        ({"ref": {"id": "1"}, "properties": {}}, "title: missing"),
        ({"title": "T"}, "id: missing"),
        ({"ref": ["1"], "title": "T"}, "id: missing"),
        (None, "an object was expected, not NoneType"),
    ],
)
def test_what_is_no_record(node: Any, reason: str) -> None:
    found = edu_sharing.read(node)
    assert isinstance(found, Reject)
    assert found.reason == reason


def test_references() -> None:
    assert edu_sharing.is_reference({"aspects": ["cm:x", edu_sharing.REFERENCE]})
    assert not edu_sharing.is_reference({"aspects": None})


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "url"]), inner)
    ),
    max_leaves=6,
)
FULL = record(
    {
        "ccm:educationaltypicalagerange_from": ["8"],
        "cm:modified": ["1"],
        "ccm:conditionsOfAccess": ["x"],
        "ccm:commonlicense_cc_version": ["x"],
    }
)
NAMES = [
    *edu_sharing.write(replace(FULL, description="x", licence="x", duration=1))["properties"],
    *("cclom:duration", "cm:modified", "cm:modifiedISO8601", "ccm:conditionsOfAccess", "ccm:price"),
    *("ccm:commonlicense_cc_version", "ccm:lifecyclecontributer_author", "cclom:general_keyword"),
    *("ccm:oeh_lrt", "cclom:format", "ccm:fskRating", "cclom:location", "ccm:published_date"),
]
MEMBERS = ["name", "preview", "content", "license", "modifiedAt", "mimetype", "aspects"]


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(st.sampled_from(NAMES), JSON), st.dictionaries(st.sampled_from(MEMBERS), JSON)
)
def test_any_json_gives_a_fit_record_or_a_reason(
    properties: dict[str, Any], members: dict[str, Any]
) -> None:
    node = {"ref": {"id": "1"}, "title": "T", "properties": properties, **members}
    found = edu_sharing.read(node, LAND)
    edu_sharing.is_reference(node)
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
    medium_type=st.none() | st.sampled_from([kind for kind in MediumType if kind != "other"]),
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
    age_rating=st.sampled_from(["", "0", "12"]),
    licence=st.sampled_from(
        ["", f"{CC}licenses/by/4.0/", f"{CC}publicdomain/zero/1.0/", "Copyright, freier Zugang"]
    ),
    access=st.sampled_from([AccessMode.OPEN, AccessMode.LOGIN]),
    cost=st.sampled_from(["", "kostenpflichtig"]),
    details=st.sampled_from([{}, {"Quelle": "Portal"}]),
    modified=st.none() | st.just(datetime(2024, 5, 1, 12, 30, tzinfo=UTC)),
)


@settings(deadline=None)
@given(RECORDS)
def test_there_and_back(before: Record) -> None:
    after = edu_sharing.read(edu_sharing.write(before))
    assert isinstance(after, Record)
    named = (Identifier("url", before.url),) if before.url else ()
    assert normalise(after) == normalise(replace(before, identifiers=named))


def test_licensed_there_and_back() -> None:
    before = record({"ccm:commonlicense_key": ["COPYRIGHT_LICENSE"]})
    assert edu_sharing.read(edu_sharing.write(before), LAND) == before
