"""edu-sharing's client: which readings of a list that changes may be believed."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.edu_sharing import READINGS, Credentials, EduSharing, oai_address
from connectors.errors import Malformed, Unreachable
from connectors.http import Response
from connectors.standins.edu_sharing_server import Repository


class Client:
    """Answers from a list that a test changes between pages."""

    def __init__(self, total: int | None = None, chance: random.Random | None = None) -> None:
        self.ids = [str(number) for number in range(12)]
        self.total = total
        self.chance = chance
        self.asked: list[tuple[str, dict[str, Any], dict[str, str]]] = []
        self.changes_left = 8

    def post(self, url: str, *, data: bytes, headers: dict[str, str]) -> Response:
        self.asked.append((url, json.loads(data), headers))
        start = int(url.partition("skipCount=")[2].partition("&")[0])
        page = self.ids[start : start + 5]
        total = len(self.ids) if self.total is None else self.total
        if self.chance and self.changes_left and self.chance.random() < 0.5:
            self.changes_left -= 1
            if self.chance.random() < 0.5 and self.ids:
                self.ids.pop(self.chance.randrange(len(self.ids)))
            else:
                self.ids.append(f"new {len(self.asked)}")
        answer = {"nodes": [{"ref": {"id": one}} for one in page], "pagination": {"total": total}}
        return Response(url, 200, {}, json.dumps(answer).encode())


def repository(client: Any, **more: Any) -> EduSharing:
    return EduSharing(client, "http://a.example/edu-sharing/", page_size=5, attempts=1, **more)


def ids(found: EduSharing) -> list[str]:
    return [node["ref"]["id"] for page in found.nodes("wald") for node in page.nodes]


def test_what_is_asked() -> None:
    client = Client()
    criteria = [("ccm:taxonid", "080")]
    secret = Credentials("hub", "streng geheim")
    found = repository(client, metadata_set="mds_oeh", criteria=criteria, credentials=secret)
    assert ids(found) == client.ids
    url, body, headers = client.asked[1]
    assert url.startswith(
        "http://a.example/edu-sharing/rest/search/v1/queries/-home-/mds_oeh/ngsearch?"
        "contentType=FILES&maxItems=5&skipCount=5&"
    )
    assert body["criteria"] == [
        {"property": "ngsearchword", "values": ["wald"]},
        {"property": "ccm:taxonid", "values": ["080"]},
    ]
    assert headers["Authorization"] == "Basic aHViOnN0cmVuZyBnZWhlaW0="
    assert "geheim" not in repr(secret)


@pytest.mark.parametrize("total", [11, 13, 12_000])
def test_a_number_that_is_not_reached_is_not_believed(total: int) -> None:
    client = Client(total)
    with pytest.raises(Unreachable, match=f"announces {total} nodes"):
        ids(repository(client))
    assert len(client.asked) >= READINGS


@settings(deadline=None)
@given(st.integers(0, 10_000))
def test_a_list_that_changes_while_it_is_read(seed: int) -> None:
    """What stayed from beginning to end is never missed, and nothing comes twice."""
    client = Client(chance=random.Random(seed))
    before = set(client.ids)
    try:
        found = ids(repository(client))
    except Unreachable:
        return  # it said so
    assert len(found) == len(set(found))
    if not client.changes_left:
        assert before & set(client.ids) <= set(found)


@pytest.mark.parametrize(
    "answer",
    [
        [],
        {},
        {"nodes": None, "pagination": {"total": 1}},
        {"nodes": []},
        {"nodes": [], "pagination": {"total": "1"}},
        {"nodes": [], "pagination": {"total": True}},
    ],
)
def test_what_is_no_answer(answer: Any) -> None:
    class Fixed(Client):
        def post(self, url: str, **_: Any) -> Response:
            return Response(url, 200, {}, json.dumps(answer).encode())

    with pytest.raises(Malformed, match="without nodes"):
        repository(Fixed()).search("wald")


def test_oai_address() -> None:
    for address in ("https://a.example/edu-sharing", "https://a.example/edu-sharing/"):
        assert oai_address(address) == "https://a.example/edu-sharing/eduservlet/oai/provider"


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ({"verb": "Nonsense"}, "badVerb"),
        ({"verb": "ListRecords", "metadataPrefix": "oai_dc"}, "cannotDisseminateFormat"),
        ({"verb": "ListRecords", "resumptionToken": "x"}, "badResumptionToken"),
        ({"verb": "ListRecords", "metadataPrefix": "lom"}, "noRecordsMatch"),
    ],
)
def test_the_stand_in_knows_the_errors_of_oai_pmh(query: dict[str, str], error: str) -> None:
    assert f'<error code="{error}"/>' in Repository([]).oai(query, "http://a.example")


@pytest.mark.parametrize("form", [None, [], {}, {"criteria": "x"}])
def test_the_stand_in_refuses_what_is_no_search(form: Any) -> None:
    assert Repository([]).search(form, {}, frozenset()) is None
