"""Errors: problems under /api/, pages elsewhere, and each says what is wrong."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from hub.catalogue import offers
from hub.db import Database
from tests.sources import Network

ROOT = "/api/v1"


def problem(response: Any, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.mimetype == "application/problem+json"
    body: dict[str, Any] = response.json
    assert body["status"] == status
    assert all(body[member] for member in ("type", "title", "detail"))
    assert "Set-Cookie" not in response.headers
    return body


NOT_THERE = (
    "/api",
    "/api/nix",
    "/api/v2/offers",
    "/api/v1/nix",
    "/api/v1/offers/",
    "/api/v1/offers/x",
    "/api/v1/offers/-1",
    "/api/v1/offers/999",
    "/api/v1/offers/2147483648",
    "/api/v1/offers/99999999999999999999",
    "/api/v1/offers/" + "9" * 5000,
    "/api/v1/works/999",
    "/api/v1/sites/nirgends",
    "/api/v1/sites/%00",
    "/api/v1/offers?site=nirgends",
    "/api/v1/works?site=nirgends",
    "/api/v1/changes?site=%00",
    "/api/v1/search?site=borken&site=nirgends",
)


def test_what_is_not_there(client: FlaskClient) -> None:
    for path in NOT_THERE:
        body = problem(client.get(path), 404)
        if "nirgends" in path:
            assert "nirgends" in body["detail"]
        head = client.head(path)
        assert head.status_code == 404
        assert head.data == b""


def test_what_cannot_be_done(client: FlaskClient) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE", "TRACE"):
        for path in ("/", "/offers", "/offers/1", "/search", "/openapi.json"):
            response = client.open(ROOT + path, method=method, data=b"x" * 100)
            problem(response, 405)
            assert set(response.allow) == {"GET", "HEAD", "OPTIONS"}, (method, path)


def test_errors_elsewhere_stay_pages(client: FlaskClient) -> None:
    for path, method, status in (
        ("/nix", "GET", 404),
        ("/apinix", "GET", 404),
        ("/suche", "POST", 405),
        ("/angebot/999", "GET", 404),
    ):
        response = client.open(path, method=method)
        assert response.status_code == status
        assert response.mimetype == "text/html", path
        assert "<html" in response.text
    assert client.post("/suche").allow


WRONG: tuple[tuple[str, set[str]], ...] = (
    ("/offers?colour=red", {"colour"}),
    ("/offers?colour=red&size=1&kind=medium", {"colour", "size"}),
    ("/offers?limit=1&limit=2", {"limit"}),
    ("/offers?kind=medium&kind=device", {"kind"}),
    ("/offers?kind=Medium", {"kind"}),
    ("/offers?kind=", {"kind"}),
    ("/offers?site=", {"site"}),
    ("/offers?limit=0", {"limit"}),
    ("/offers?limit=201&after=-1", {"limit", "after"}),
    ("/offers?limit=1_0", {"limit"}),
    ("/offers?limit=%205", {"limit"}),
    ("/offers?limit=%D9%A3", {"limit"}),
    ("/offers?limit=" + "9" * 5000, {"limit"}),
    ("/offers?after=2147483648", {"after"}),
    ("/offers?after=", {"after"}),
    ("/offers?lang=en", {"lang"}),
    ("/offers/1?lang=en", {"lang"}),
    ("/works?limit=101", {"limit"}),
    ("/works/1?x", {"x"}),
    ("/sites?kind=school", {"kind"}),
    ("/sites?association=lwl", {"association"}),
    ("/sites/borken?x=1", {"x"}),
    ("/?x=1", {"x"}),
    ("/search?q=" + "w" * 301, {"q"}),
    ("/search?q=a&q=b", {"q"}),
    ("/search?page=0", {"page"}),
    ("/search?page=10001", {"page"}),
    ("/search?sort=best", {"sort"}),
    ("/search?kind=medium&kind=nix", {"kind"}),
    ("/search?subject=" + "8" * 101, {"subject"}),
    ("/search?" + "subject=080&" * 51, {"subject"}),
    ("/suggest", {"q"}),
    ("/suggest?q=w&limit=21", {"limit"}),
    ("/changes?since=yesterday", {"since"}),
    ("/changes?since=2026-03-04T04:12:00+01:00", {"since"}),
    ("/changes?since=0001-01-01T00:00:00%2B01:00", {"since"}),
    ("/changes?cursor=1", {"cursor"}),
    ("/changes?cursor=999999999999999999-1", {"cursor"}),
    ("/changes?cursor=1-99999999999", {"cursor"}),
    ("/changes?cursor=1-%D9%A3", {"cursor"}),
    ("/changes?until=2026-01-01", {"until"}),
)


def test_parameters_are_checked_and_named(client: FlaskClient) -> None:
    for question, wrong in WRONG:
        body = problem(client.get(ROOT + question), 400)
        assert {one["parameter"] for one in body["errors"]} == wrong, question
        assert all(one["detail"] for one in body["errors"]), question
        assert all(name in body["detail"] for name in wrong), question
        assert body["type"] == (
            "http://127.0.0.1:8000/api/v1/openapi.json#/components/schemas/ParametersProblem"
        )


def test_a_thousand_wrong_parameters_give_a_short_answer(client: FlaskClient) -> None:
    question = "&".join(f"{'x' * 500}{n}=1" for n in range(100))
    response = client.get(f"{ROOT}/offers?{question}")
    assert len(problem(response, 400)["errors"]) == 20
    assert len(response.data) < 10_000


ODD = (
    "/search?q=%00",
    "/search?q=%FF%FE",
    "/search?q=%22",
    "/search?q=-",
    "/search?q=%27%3B--&region=%00",
    "/search?q=" + "%F0%9F%8E%AC" * 300,
    "/suggest?q=%00",
    "/suggest?q=%25",
    "/sites?region=%00",
    "/changes?cursor=99999999999999999-2147483648",
    "/changes?cursor=0-0&since=1600-01-01",
    "/changes?since=2016-12-31T23:59:60Z",
)


def test_odd_questions_get_an_answer(client: FlaskClient) -> None:
    for question in ODD:
        assert client.get(ROOT + question).status_code == 200, question


def test_a_mistake_of_ours_tells_nothing(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("the secret reason")

    monkeypatch.setattr(offers, "listing", broken)
    response = client.get(f"{ROOT}/offers")
    problem(response, 500)
    assert "secret" not in response.text


def test_a_database_that_is_gone(net: Network, app: Flask, client: FlaskClient) -> None:
    working = net.hub.db
    net.hub.db = Database("postgresql://nobody@127.0.0.1:1/nothing")
    try:
        response = client.get(f"{ROOT}/offers")
        problem(response, 503)
        assert int(response.headers["Retry-After"]) > 0
        assert client.get("/suche").mimetype == "text/html"
    finally:
        net.hub.db.close()
        net.hub.db = working
    assert client.get(f"{ROOT}/offers").status_code == 200
