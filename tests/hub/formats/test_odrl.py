"""Policies of Schulconnex' licence extension: what they permit, and what is refused."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.formats import odrl
from hub.formats.odrl import NotOdrl, Reach

AREA = "https://www.wikidata.org/wiki/Q5956"


def condition(left: str, operator: str, right: Any) -> dict[str, Any]:
    return {"leftOperand": left, "operator": operator, "rightOperand": right}


def policy(**permission: Any) -> dict[str, Any]:
    return {
        "uid": "https://lizenzen.example/1",
        "target": {"uid": "urn:example:medium:FWU-05511494", "partOf": "urn:example:catalogue"},
        "permission": [{"action": ["execute"], **permission}],
    }


def for_school(school: str, role: str = "") -> dict[str, Any]:
    who: dict[str, Any] = {"partOf": {"refinement": [condition(odrl.ORGANISATION, "eq", school)]}}
    if role:
        who["refinement"] = [condition(odrl.ROLE, "eq", role)]
    return who


def only(data: Any) -> odrl.Policy:
    (found,) = odrl.read(json.dumps(data))
    return found


def test_a_licence_of_a_kreis_with_its_term_and_comments() -> None:
    text = """{
      // a licence of one Kreis
      "uid": "https://lizenzen.example/1", /* where it is kept: https://x.example */
      "target": {"uid": "urn:example:medium:5511494"},
      "permission": [{
        "action": ["execute"],
        "constraint": [
          {"leftOperand": "spatial", "operator": "eq",
           "rightOperand": "https://www.wikidata.org/wiki/Q5956"}, // Kreis
          {"leftOperand": "dateTime", "operator": "gteq", "rightOperand": "2023-08-01T00:00+0200"},
          {"leftOperand": "dateTime", "operator": "lt", "rightOperand": "2024-08-01T00:00+0200"},
          {"leftOperand": "concurrentUses", "operator": "lteq", "rightOperand": "100"}
        ]
      }]
    }"""
    (found,) = odrl.read(text)
    assert not found.problems
    assert (found.uid, found.target) == ("https://lizenzen.example/1", "urn:example:medium:5511494")
    assert found.reaches == (
        Reach(AREA, "", "", date(2023, 8, 1), date(2024, 8, 1), concurrent=100),
    )


def test_a_school_with_or_without_a_role() -> None:
    assert only(policy(assignee=for_school("NI_12345"))).reaches == (Reach(school="NI_12345"),)
    both = only(policy(assignee=for_school("NI_12345", "Lehr")))
    assert both.reaches == (Reach(school="NI_12345", role="lehr"),)


def test_any_of_several_schools() -> None:
    schools = condition(odrl.ORGANISATION, "isAnyOf", ["1", "2"])
    found = only(policy(assignee={"partOf": {"refinement": [schools]}}))
    assert [reach.school for reach in found.reaches] == ["1", "2"]


@pytest.mark.parametrize(
    ("operator", "text", "until"),
    [
        ("lt", "2024-08-01T00:00+02:00", date(2024, 8, 1)),
        ("lt", "2024-07-31T22:00Z", date(2024, 8, 1)),
        ("lteq", "2024-07-31", date(2024, 8, 1)),
        ("lteq", "2024-07-31T23:59:59+02:00", date(2024, 8, 1)),
        ("lt", "2024-07-31T12:00+02:00", date(2024, 7, 31)),
    ],
)
def test_ends_in_days_by_german_time(operator: str, text: str, until: date) -> None:
    rules = [condition("spatial", "eq", AREA), condition("dateTime", operator, text)]
    (reach,) = only(policy(constraint=rules)).reaches
    assert reach.valid_until == until


@pytest.mark.parametrize(
    ("permission", "why"),
    [
        ({}, "whom it reaches"),
        ({"constraint": condition("spatial", "neq", AREA)}, "not understood"),
        ({"constraint": condition("weekday", "eq", "1")}, "not understood"),
        ({"constraint": condition("dateTime", "lt", "soon")}, "no time"),
        ({"constraint": condition("dateTime", "eq", "2024-01-01")}, "not understood"),
        ({"assignee": {"uid": "urn:person:1"}}, "named person"),
        ({"assignee": "urn:person:1"}, "named assignee"),
        ({"assignee": for_school(""), "duty": [{}]}, "duty"),
        ({"assignee": for_school("")}, "which organisation"),
        ({"action": "print", "assignee": for_school("1")}, "does not permit to open"),
        (
            {"assignee": for_school("1"), "constraint": condition("spatial", "eq", AREA)},
            "together",
        ),
        (
            {
                "assignee": for_school("1"),
                "constraint": [
                    condition("dateTime", "gteq", "2024-08-01T00:00Z"),
                    condition("dateTime", "lt", "2023-08-01T00:00Z"),
                ],
            },
            "before it begins",
        ),
    ],
)
def test_what_is_not_understood_permits_nothing(permission: dict[str, Any], why: str) -> None:
    found = only(policy(**permission))
    assert not found.reaches
    assert why in " ".join(found.problems)


def test_one_bad_policy_costs_the_others_nothing() -> None:
    good = policy(assignee=for_school("1"))
    found = odrl.read(json.dumps([good, 7, {**good, "prohibition": [{}]}, {"uid": "x"}, good]))
    assert [bool(one.reaches) for one in found] == [True, False, False, False, True]
    assert [one.number for one in found if one.problems] == [2, 3, 4]


@pytest.mark.parametrize("text", ["", "{", "7", '"x"', "{}", "[" * 100_000, "// only a comment"])
def test_what_is_no_document_of_policies_says_so(text: str) -> None:
    with pytest.raises(NotOdrl):
        odrl.read(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)
COMMENT = st.text(st.characters(exclude_characters='\n*"\\'), max_size=12).map(
    lambda text: f"// {text}\n"
) | st.text(st.characters(exclude_characters="*"), max_size=12).map(lambda text: f"/*{text}*/")


@given(st.lists(JSON, min_size=1, max_size=5), st.lists(COMMENT, min_size=6, max_size=6))
def test_comments_change_nothing(items: list[Any], comments: list[str]) -> None:
    items = [*items, "a // b", "/* c */ \\"][-6:]
    noted = "[" + "".join(
        f"{comment}{json.dumps(item)}," for item, comment in zip(items, comments, strict=False)
    )
    plain = odrl.without_comments(noted[:-1] + "]" + comments[-1])
    assert json.loads(plain) == items


@given(st.text(max_size=200) | JSON.map(json.dumps))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(NotOdrl):
        odrl.read(text)


KEYS = st.sampled_from(
    ["uid", "target", "permission", "prohibition", "action", "constraint", "assignee", "partOf",
     "refinement", "leftOperand", "operator", "rightOperand", "@id"]
)  # fmt: skip
VALUES = st.sampled_from(
    ["execute", "spatial", "dateTime", odrl.ROLE, odrl.ORGANISATION, "eq", "lt", "gteq", "lteq",
     "concurrentUses", "2024-02-30", "9999-12-31T23:59:59-12:00", "0001-01-01", AREA, "", 5, None]
)  # fmt: skip
POLICY = st.recursive(
    VALUES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=25,
)


@given(st.lists(POLICY, max_size=3))
def test_no_policy_permits_without_saying_whom(data: Any) -> None:
    for found in odrl.read(json.dumps(data)):
        assert found.reaches or found.problems
        for reach in found.reaches:
            assert reach.area or reach.school or reach.role
            if reach.valid_from and reach.valid_until:
                assert reach.valid_from < reach.valid_until
