"""Records are cleaned, or refused with a reason; nothing else comes out."""

from __future__ import annotations

import dataclasses
import itertools
import string
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.catalogue import normalise
from hub.records import AccessMode, Event, Grant, Identifier, Kind, MediumType, Record, Scope


def record(**values: Any) -> Record:
    return Record(**{"source_id": "1", "kind": Kind.MEDIUM, "title": "Vulkane", **values})


anything = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(max_size=5),
    st.lists(st.text(), max_size=3), st.dictionaries(st.text(), st.text(), max_size=2),
    st.tuples(st.integers(), st.integers()), st.just(object()),
)  # fmt: skip
texts = st.text(max_size=40)
days = st.dates(date(1990, 1, 1), date(2090, 1, 1))
moments = st.datetimes(timezones=st.just(UTC))
records = st.builds(
    Record,
    source_id=texts,
    kind=st.sampled_from(Kind),
    title=texts,
    description=texts,
    languages=st.lists(texts, max_size=3).map(tuple),
    identifiers=st.lists(st.builds(Identifier, texts, texts), max_size=3).map(tuple),
    url=texts,
    subjects=st.lists(st.text(string.digits, max_size=6), max_size=3).map(tuple),
    grades=st.none() | st.tuples(st.integers(-3, 20), st.integers(-3, 20)),
    keywords=st.lists(texts, max_size=3).map(tuple),
    year=st.none() | st.integers(),
    grants=st.lists(
        st.builds(Grant, st.sampled_from(Scope), texts, st.none() | days, st.none() | days),
        max_size=2,
    ).map(tuple),
    events=st.lists(st.builds(Event, moments, moments), max_size=2).map(tuple),
    details=st.dictionaries(texts, texts, max_size=2),
    modified=st.none() | moments,
)


def normalised(given: Record) -> Record | None:
    try:
        return normalise.normalise(given)
    except normalise.Unfit:
        return None


@given(records)
def test_normalising_twice_changes_nothing(given: Record) -> None:
    once = normalised(given)
    if once is not None:
        assert normalise.normalise(once) == once


@given(records)
def test_what_is_dumped_is_loaded_again(given: Record) -> None:
    once = normalised(given)
    if once is not None:
        assert normalise.load(normalise.dump(once)) == once


@given(records)
def test_no_control_character_survives(given: Record) -> None:
    once = normalised(given)
    if once is not None:
        text = normalise.dump(once)
        assert "\\u0000" not in text
        assert once.title == " ".join(once.title.split())
        assert all(c.isprintable() or c.isspace() for c in once.title) or not once.title.isascii()


@given(st.sampled_from([f.name for f in dataclasses.fields(Record)]), anything)
def test_a_lying_plugin_gets_a_reason(name: str, value: object) -> None:
    normalised(record(**{name: value}))


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"title": " \x00 "}, "title: missing"),
        ({"source_id": ""}, "source_id: missing"),
        ({"source_id": "x" * 501}, "longer than 500"),
        ({"kind": "film"}, "“film” is none of medium"),
        ({"title": 5}, "text was expected, not int"),
        ({"keywords": "Wasser"}, "a list was expected, not str"),
        ({"year": "2020"}, "a whole number was expected"),
        (
            {"grants": (Grant(Scope.LAND, "NRW", date(2027, 1, 1), date(2026, 1, 1)),)},
            "ends (2026-01-01) before it begins (2027-01-01)",
        ),
        ({"modified": datetime(2026, 1, 1)}, "with its time zone"),
        ({"subjects": (80,)}, "text was expected, not int"),
    ],
)
def test_what_cannot_be_guessed_is_refused(values: dict[str, Any], reason: str) -> None:
    with pytest.raises(normalise.Unfit) as refused:
        normalise.normalise(record(**values))
    assert reason in str(refused.value)


def test_what_can_be_repaired_is() -> None:
    repaired = normalise.normalise(
        record(
            title="  Vulkane\x01 \t der  Erde ",
            description="Eins\r\n\r\n\r\nzwei\x06  drei",
            url="javascript:alert(1)",
            image_url="https://example.org/bild.png",
            subjects=("220", "220", ""),
            grades=(10, 5),
            year=0,
            keywords=("Lava", "Lava", " "),
            modified=datetime(2026, 7, 1, 12, tzinfo=timezone(timedelta(hours=2))),
        )
    )
    assert repaired.title == "Vulkane der Erde"
    assert repaired.description == "Eins\nzwei drei"
    assert repaired.url == ""
    assert repaired.image_url == "https://example.org/bild.png"
    assert repaired.subjects == ("220",)
    assert repaired.grades == (5, 10)
    assert repaired.year is None
    assert repaired.keywords == ("Lava",)
    assert repaired.modified == datetime(2026, 7, 1, 10, tzinfo=UTC)


def test_a_list_that_may_never_end_is_refused() -> None:
    with pytest.raises(normalise.Unfit, match="keywords: a list was expected, not count"):
        normalise.normalise(record(keywords=itertools.count()))


def test_a_record_has_a_largest_size() -> None:
    many = {f"{number}": "x" for number in range(10_000)}
    kept = normalise.normalise(record(details=many, keywords=tuple(many)))
    assert len(kept.details) == len(kept.keywords) == normalise.MAX_LIST


def test_a_time_beyond_the_calendar_says_nothing() -> None:
    far = datetime.max.replace(tzinfo=timezone(timedelta(hours=-14)))
    assert normalise.normalise(record(modified=far)).modified is None


def test_a_session_never_stays_in_an_address() -> None:
    address = "https://nrw.example/home?standort=BOR&pid=fnodv5er6v9hfjr0cefjtiicm7"
    assert normalise.normalise(record(url=address)).url == "https://nrw.example/home?standort=BOR"
    address = "https://nrw.example/home;jsessionid=0123456789ABCDEF01"
    assert normalise.normalise(record(url=address)).url == "https://nrw.example/home"


@pytest.mark.parametrize(
    ("address", "stored"),
    [
        ("https://shop.example/?pid=4711", "https://shop.example/?pid=4711"),
        ("https://a.example/x?a&b=%20c#/d", "https://a.example/x?a&b=%20c#/d"),
        ("https://anna:geheim@a.example/", ""),
        ("https://a.example\\@b.example/", ""),
    ],
)
def test_an_address_stays_as_it_was_or_is_none(address: str, stored: str) -> None:
    assert normalise.normalise(record(url=address)).url == stored


def test_differences_name_the_field() -> None:
    old = normalise.dump(normalise.normalise(record(year=2020)))
    new = normalise.dump(normalise.normalise(record(title="Vulkan", year=2020, keywords=("Lava",))))
    assert normalise.differences(old, new) == [
        ("title", "Vulkane", "Vulkan"),
        ("keywords", "", '["Lava"]'),
    ]


def test_only_media_are_matched() -> None:
    identifiers = (Identifier("medium", "FWU-5511494"), Identifier("parallel", "4611494"))
    assert normalise.match_keys(record(identifiers=identifiers)) == ("nr:4611494", "nr:5511494")
    assert normalise.match_keys(record(identifiers=identifiers, kind=Kind.DEVICE)) == ()


def test_an_address_matches_only_what_is_open() -> None:
    address = "https://example.org/film"
    assert normalise.match_keys(record(url=address)) == ("url:example.org/film",)
    assert normalise.match_keys(record(url=address, access=AccessMode.LICENSED)) == ()


def test_strings_stand_for_their_codes() -> None:
    given = normalise.normalise(record(kind="medium", medium_type="video"))
    assert (given.kind, given.medium_type) == (Kind.MEDIUM, MediumType.VIDEO)
