"""Ids of schools: all spellings of a school are one, and nothing else ever is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.formats.school_ids import (
    LAENDER,
    LONGEST,
    NotASchoolId,
    SchoolId,
    known,
    mail_address,
    parse,
)

laender = st.sampled_from(sorted(LAENDER))
numbers = st.text("0123456789", min_size=3, max_size=12)


@pytest.mark.parametrize(
    ("spelling", "school"),
    [
        ("DE-NW-100012", SchoolId("NW", "100012")),
        ("100012", SchoolId("NW", "100012")),
        ("NW_100012", SchoolId("NW", "100012")),
        (" nrw/100012\n", SchoolId("NW", "100012")),
        ("１０００１２", SchoolId("NW", "100012")),
        ("DE–NW–100012", SchoolId("NW", "100012")),
        ("DE-MV-SN-51201", SchoolId("MV", "51201")),
        ("MV_51201", SchoolId("MV", "51201")),
        ("DE-SN-Schullogin.8171", SchoolId("SN", "8171", "schullogin")),
        ("de-sn-schullogin.8171", SchoolId("SN", "8171", "schullogin")),
        ("SN_8171", SchoolId("SN", "8171")),
        ("NI_12345", SchoolId("NI", "12345")),
        ("0972", SchoolId("", "0972")),
    ],
)
def test_every_spelling_is_read(spelling: str, school: SchoolId) -> None:
    assert parse(spelling) == school


@pytest.mark.parametrize(
    "text",
    ["", " ", "12", "DE-", "DE-NW-", "DE-XX-100012", "Schule", "DE-NW-100012-1", "1" * 13]
    + ["DE-NW-10 00 12x", "%", "0" * 10_000_000, None, 100012, ["100012"], {"id": "100012"}],
)
def test_what_is_none_is_refused(text: object) -> None:
    with pytest.raises(NotASchoolId):
        parse(text)
    assert known(text) is None


@given(laender, numbers)
def test_all_spellings_of_a_number_are_the_same_school(land: str, number: str) -> None:
    spellings = (
        f"DE-{land}-{number}",
        f"{land}_{number}",
        f"{land.lower()}-{number}",
        f"DE-{land}-SN-{number}",
        f" de_{land}_{number} ",
    )
    assert {parse(one) for one in spellings} == {SchoolId(land, number)}


@given(laender, numbers, st.sampled_from(["", "schullogin", "x1"]))
def test_what_is_written_is_read_again(land: str, number: str, system: str) -> None:
    school = SchoolId(land, number, system)
    assert parse(str(school)) == school


@given(st.text(max_size=LONGEST + 5))
def test_any_text_is_an_id_or_refused(text: str) -> None:
    school = known(text)
    if school is not None:
        assert parse(str(school)) == school
        assert str(school).isascii()


@given(laender, laender, numbers)
def test_the_same_number_in_two_laender_is_two_schools(one: str, two: str, number: str) -> None:
    same = parse(f"DE-{one}-{number}") == parse(f"DE-{two}-{number}")
    assert same == (one == two)


def test_only_schools_of_the_land_have_its_address() -> None:
    assert mail_address(parse("DE-NW-100012")) == "100012@schule.nrw.de"
    for other in ("DE-NI-100012", "0972", "DE-NW-1234", "DE-NW-Logineo.100012"):
        assert mail_address(parse(other)) == ""
