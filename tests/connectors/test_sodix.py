"""SODIX's client: which readings of a list that keeps changing may be believed."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.errors import Malformed, Refused, Unreachable
from connectors.http import Response
from connectors.json_answers import decode, patiently
from connectors.sodix import READINGS, Reading, Sodix, settle
from connectors.standins import sodix_server


def reading(ids: str, rows: int | None = None) -> Reading:
    return Reading(set(ids), len(ids) if rows is None else rows)


@pytest.mark.parametrize(
    ("readings", "settled"),
    [
        ([reading("abc"), reading("abc")], "abc"),
        ([reading(""), reading("")], ""),
        ([reading("aab", 3), reading("bcc", 3)], "abc"),  # two places each held twice
        ([reading("ab", 3), reading("ab", 3), reading("bc", 3)], "abc"),
        ([reading("abd"), reading("abcd"), reading("abcd")], "abcd"),  # one slipped through
        ([reading("abc"), reading("bcd"), reading("bcd")], "bcd"),  # a gone, and c unseen at first
        ([reading("abc"), reading("ab"), reading("ab")], "ab"),
    ],
)
def test_settle(readings: list[Reading], settled: str) -> None:
    *before, found = settle(readings)
    assert found == set(settled)
    assert before == [None] * (len(readings) - 1)


@pytest.mark.parametrize(
    "readings",
    [
        [],
        [reading("abc")],
        [reading("ab", 3)] * READINGS,
        [reading("abcdefghijkl"[:number]) for number in range(1, 12)],
    ],
)
def test_what_never_keeps_still_is_not_believed(readings: list[Reading]) -> None:
    with pytest.raises(Unreachable, match="kept changing"):
        list(settle(readings))


@settings(deadline=None)
@given(seed=st.integers(0, 10_000), size=st.integers(1, 40), page=st.integers(1, 9))
def test_a_list_that_is_edited_while_it_is_read(seed: int, size: int, page: int) -> None:
    """Edits, additions and removals between pages for a while, then it keeps still."""
    chance = random.Random(seed)
    source = [str(number) for number in range(size)]

    def readings() -> Iterator[Reading]:
        for number in range(READINGS):
            ids: set[str] = set()
            rows = place = 0
            while got := source[place : place + page]:
                ids.update(got)
                rows += len(got)
                place += page
                if number < 3 and source and chance.random() < 0.5:
                    match chance.randrange(3):
                        case 0:
                            source.insert(0, source.pop(chance.randrange(len(source))))
                        case 1:
                            source.insert(0, f"new {number} {place}")
                        case _:
                            source.pop(chance.randrange(len(source)))
            last[0] = number
            yield Reading(ids, rows)

    last = [0]
    *_, found = settle(readings())
    if last[0] >= 3:  # else it was believed while it was edited, and may be overtaken already
        assert found == set(source)


def answer(content: bytes) -> Response:
    return Response("http://a.example/x?secret=1", 200, {}, content)


def test_decode() -> None:
    assert decode(answer(b'{"a": [1]}')) == {"a": [1]}
    with pytest.raises(Unreachable, match="page for people"):
        decode(answer(b" <!doctype HTML><p>Wartung"))
    for content in (b"", b'{"a": ', b"[" * 200_000, b"\xff\xfe\x00", b"1" * 5000):
        with pytest.raises(Malformed) as caught:
            decode(answer(content))
        assert "secret" not in str(caught.value)


def test_patience_ends() -> None:
    pauses: list[float] = []
    asked = 0

    def attempt() -> int:
        nonlocal asked
        asked += 1
        raise Unreachable("busy", retry_after=7 if asked == 1 else None)

    with pytest.raises(Unreachable):
        patiently(attempt, 3, pauses.append)
    assert (asked, pauses) == (3, [7, 2])


def test_a_pause_that_is_too_long_is_not_made() -> None:
    def attempt() -> int:
        raise Unreachable("busy", retry_after=4000)

    with pytest.raises(Unreachable) as caught:
        patiently(attempt, 3, pytest.fail)
    assert caught.value.retry_after == 4000


class Client:
    """Gives one answer to the login and another to every query."""

    def __init__(self, login: Any, answer: Any, status: int = 200) -> None:
        self.answers = {"auth/login": (200, login), "graphql": (status, answer)}

    def post(self, url: str, **_: Any) -> Response:
        status, answer = self.answers[url.partition("/gql/")[2]]
        return Response(url, status, {}, json.dumps(answer).encode())


LOGIN = {"access_token": "a.b.c"}


@pytest.mark.parametrize(
    ("login", "answer", "status", "error", "message"),
    [
        (LOGIN, [], 200, Malformed, "something else than GraphQL"),
        (LOGIN, {"data": None}, 200, Malformed, "without data"),
        (LOGIN, {"data": {"findAllMetadata": {}}}, 200, Malformed, "without a list"),
        (LOGIN, {"errors": {"message": "old way"}}, 200, Malformed, "old way"),
        (LOGIN, {"errors": ["only words"]}, 200, Malformed, "only words"),
        (LOGIN, {"errors": [{"message": None}]}, 400, Malformed, "no reason given"),
        (LOGIN, {"errors": [{"message": "x" * 5000}]}, 200, Malformed, "x{200}$"),
        (LOGIN, {"errors": [{"message": "a.b.c s3cret\n\x00"}]}, 200, Malformed, ": … …$"),
        (LOGIN, {"errors": [{"message": "Unexpected token"}]}, 200, Malformed, "Unexpected"),
        (LOGIN, {"errors": [{"message": "token has expired"}]}, 200, Refused, "does not accept"),
        (
            LOGIN,
            {"errors": [{"message": "no", "extensions": {"code": "UNAUTHENTICATED"}}]},
            200,
            Refused,
            "does not accept",
        ),
        (LOGIN, {"data": {}}, 400, Refused, "answered 400"),
        ({}, {}, 200, Malformed, "without a token"),
        ([], {}, 200, Malformed, "without a token"),
        ({"access_token": "a\r\nX: b"}, {}, 200, Malformed, "without a token"),
    ],
)
def test_what_is_no_answer(
    login: Any, answer: Any, status: int, error: type[Exception], message: str
) -> None:
    client: Any = Client(login, answer, status)
    with pytest.raises(error, match=message) as caught:
        Sodix(client, "http://a.example/gql", "hub", "s3cret", attempts=1).check()
    assert "s3cret" not in str(caught.value)


def test_a_status_is_a_word() -> None:
    client: Any = None
    with pytest.raises(ValueError, match="word in capitals"):
        Sodix(client, "http://a.example/gql", "hub", "x", status="A) { id } }")


# The stand-in answers as GraphQL does.


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("{ findAllMetadata(page: 0) { nonsense } }", 'Cannot query field "nonsense"'),
        ("{ findAllMetadata(page: 0) { media } }", 'Field "media" must have a selection'),
        ("{ findAllMetadata(page: 0) { id { x } } }", 'Field "id" must not have a selection'),
        ("{ findAllMetadata(page: 0) { id }", "Syntax Error"),
        ("{ findAllMetadata(recordStatus: NEW) { id } }", "does not exist"),
        ("{ findAllMetadata(pages: 0) { id } }", "Unknown argument"),
        ("{ findAllMetadata(page: 0, pageSize: 0) { id } }", "must be numbers"),
        ("mutation { drop }", "Syntax Error"),
    ],
)
def test_the_stand_in_refuses_what_graphql_refuses(query: str, message: str) -> None:
    with pytest.raises(sodix_server.QueryError, match=message):
        sodix_server.parse(query)


def test_the_stand_in_gives_what_was_asked_for() -> None:
    page, size, status, selection = sodix_server.parse(
        "{ findAllMetadata(page: 2, pageSize: 5, recordStatus: ACTIVATED) { id media { url } } }"
    )
    assert (page, size, status) == (2, 5, "ACTIVATED")
    document = {"id": "1", "title": "T", "media": {"url": None, "size": 1}}
    assert sodix_server.chosen(document, selection) == {"id": "1", "media": {"url": None}}
