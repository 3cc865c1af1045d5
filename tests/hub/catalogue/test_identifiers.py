"""One spelling for the names by which a medium is known."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.catalogue import identifiers
from hub.records import Identifier


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("FWU-05511494", "nr:5511494"),
        ("fwu 5511494", "nr:5511494"),
        ("55 11494", "nr:5511494"),
        ("xmedienlb-5552796", "nr:5552796"),
        ("XMEDIENLB-5552796", "nr:5552796"),
        ("BWS-04983086", "nr:4983086"),
        ("edmond-4611234", "nr:4611234"),
        ("SF-56395", "sf-56395"),
        ("sf-056395", "sf-56395"),
        ("SHPOOL-22580", "shpool-22580"),
        ("12345", None),
        ("9911494", None),
        ("FWU-", None),
        ("", None),
    ],
)
def test_medium_numbers(typed: str, key: str | None) -> None:
    assert identifiers.medium_key(typed) == key


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("3-16-148410-0", None),
        ("3-16-148410-X", "ean:9783161484100"),
        ("978-3-16-148410-0", "ean:9783161484100"),
        ("ISBN 978 3 16 148410 0", "ean:9783161484100"),
        ("0-8044-2957-X", "ean:9780804429573"),
        ("4006381333931", "ean:4006381333931"),
        ("4006381333932", None),
        ("978316148410", None),
    ],
)
def test_isbn_and_ean(typed: str, key: str | None) -> None:
    assert identifiers.ean_key(typed) == key


@pytest.mark.parametrize(
    "typed", ["10.1000/XYZ.5", "doi:10.1000/xyz.5", "https://doi.org/10.1000/xyz.5."]
)
def test_doi(typed: str) -> None:
    assert identifiers.doi_key(typed) == "doi:10.1000/xyz.5"


@pytest.mark.parametrize(
    "typed",
    [
        "https://www.example.org/film/1/",
        "http://example.org/film/1",
        "https://EXAMPLE.org:443/film/1?pid=fnodv5er6v9hfjr0cefjtiicm7&utm_source=x#teil",
    ],
)
def test_address_of_the_same_thing(typed: str) -> None:
    assert identifiers.url_key(typed) == "url:example.org/film/1"


@pytest.mark.parametrize(
    "typed",
    [
        "https://example.org/",
        "https://example.org?pid=fnodv5er6v9hfjr0cefjtiicm7",
        "javascript:alert(1)",
        "http://[",
    ],
)
def test_address_that_identifies_nothing(typed: str) -> None:
    assert identifiers.url_key(typed) is None


def test_query_parameters_identify_in_any_order() -> None:
    one = identifiers.url_key("https://example.org/?b=2&a=1")
    assert one == identifiers.url_key("https://example.org/?a=1&b=2")
    assert one != identifiers.url_key("https://example.org/?a=1&b=3")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://example.org/film?pid=1", "https://example.org/film?pid=2"),
        ("https://example.org/film?4711", "https://example.org/film?4712"),
        ("https://example.org/app/#/film/1", "https://example.org/app/#/film/2"),
        ("https://example.org/app#!film=1", "https://example.org/app#!film=2"),
    ],
)
def test_different_things_keep_different_keys(one: str, other: str) -> None:
    assert identifiers.url_key(one) != identifiers.url_key(other)


@given(st.sampled_from(["medium", "parallel", "isbn", "ean", "doi", "url", "local"]), st.text())
def test_any_text_gives_a_key_without_spaces_or_nothing(scheme: str, value: str) -> None:
    key = identifiers.key(Identifier(scheme, value))
    assert key is None or (key and not any(c.isspace() for c in key))


@given(st.integers(1, 10**6), st.text("ABCDEFxyz", min_size=1, max_size=6))
def test_case_padding_and_separator_do_not_matter(number: int, provider: str) -> None:
    spellings = {
        identifiers.medium_key(text)
        for text in (
            f"{provider}-{number}",
            f"{provider.lower()}-{number:08d}",
            f" {provider.upper()} {number} ",
            f"{provider}_{number}",
        )
    }
    assert len(spellings) == 1
