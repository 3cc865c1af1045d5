"""What the API answers, through HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from hub.activations import announce
from hub.records import Kind
from hub.runtime import Hub
from tests.pages import SCRIPT, borken, coesfeld, medium, offer_id, take_in
from tests.sources import Network, site_row

BASE = "http://127.0.0.1:8000"
ROOT = "/api/v1"
EVERY = (
    "/",
    "/sites",
    "/sites/borken",
    "/offers",
    "/offers/1",
    "/works",
    "/works/1",
    "/search?q=wasser",
    "/suggest?q=wass",
    "/changes",
    "/openapi.json",
)


def get(client: FlaskClient, path: str, **options: Any) -> Any:
    response = client.get(ROOT + path, **options)
    assert response.status_code == 200, (path, response.status_code, response.text)
    return response.json


def follow(client: FlaskClient, path: str, key: str = "next") -> Iterator[Any]:
    """The answers of a list, page by page."""
    address = BASE + ROOT + path
    for _ in range(1000):
        answer = get(client, address.removeprefix(BASE + ROOT))
        yield answer
        address = answer[key]
        if address is None:
            return
    raise AssertionError("the list does not end")


def test_the_index_leads_everywhere(client: FlaskClient) -> None:
    links = get(client, "/")["links"]
    for name, address in links.items():
        path = address.removeprefix(BASE)
        assert path.startswith(ROOT + "/"), name
        needs_token = name in (
            "me",
            "bookings",
            "statistics",
            "demand",
            "desk",
        )  # what is somebody's
        expected = 401 if needs_token else 200
        answer = client.get(path + "?q=w" * (name in ("suggest", "schools")))
        assert answer.status_code == expected, name
    assert client.get("/api/v1").headers["Location"].endswith("/api/v1/")


def test_an_offer_says_what_it_is_and_where_it_comes_from(
    net: Network, client: FlaskClient
) -> None:
    number = offer_id(net, "water")
    offer = get(client, f"/offers/{number}")
    assert offer["title"] == "Wasserkreislauf – vom Regen zum Grundwasser"
    assert offer["kind"] == {"code": "medium", "label": "Medium"}
    assert offer["subjects"] == [{"code": "080", "label": "Biologie"}]
    assert offer["grades"] == {"first": 3, "last": 6}
    assert offer["duration"] == 1380
    (grant,) = offer["grants"]
    assert grant["scope"] == {"code": "site", "label": "Kreislizenz"}
    assert grant["value"] == "borken"
    assert grant["valid_from"] is None
    assert datetime.fromisoformat(grant["valid_until"]) > datetime.now()
    assert offer["badge"]["status"]["code"] == "elsewhere"
    assert offer["badge"]["sites"] == ["borken"]
    provenance = offer["provenance"]
    assert provenance["site"] == {"key": "borken", "name": "Medienzentrum Kreis Borken"}
    assert provenance["plugin"] == "scripted"
    assert datetime.fromisoformat(provenance["as_of"]).tzinfo is not None
    assert client.get(offer["links"]["page"].removeprefix(BASE)).status_code == 200
    work = client.get(offer["links"]["work"].removeprefix(BASE)).json
    assert {one["site"]["key"] for one in work["holdings"]} == {"borken", "coesfeld"}


def test_a_work_names_everybody_who_offers_it(net: Network, client: FlaskClient) -> None:
    number = get(client, f"/offers/{offer_id(net, 'water')}")["work_id"]
    work = get(client, f"/works/{number}")
    assert work["badge"]["status"]["code"] == "loan"
    assert work["badge"]["sites"] == ["coesfeld"]
    first, second = work["holdings"]
    assert [first["access"]["code"], second["access"]["code"]] == ["licensed", "loan"]
    assert work["offer"]["id"] == first["offer_id"]
    listed = [one for page in follow(client, "/works?limit=7") for one in page["items"]]
    assert work in listed
    ids = [one["id"] for one in listed]
    assert ids == sorted(set(ids))
    only = [one for page in follow(client, "/works?site=coesfeld&limit=2") for one in page["items"]]
    assert len(only) == 4
    assert all("coesfeld" in [h["site"]["key"] for h in one["holdings"]] for one in only)


def test_sites_with_filters(client: FlaskClient) -> None:
    assert [one["key"] for one in get(client, "/sites")["items"]] == [
        "borken", "coesfeld", "lvr", "leer",
    ]  # fmt: skip
    assert [one["key"] for one in get(client, "/sites?kind=state")["items"]] == ["lvr"]
    centres = get(client, "/sites?kind=centre&association=LWL&region=Münster")["items"]
    assert [one["key"] for one in centres] == ["borken", "coesfeld", "leer"]
    assert get(client, "/sites?region=Nirgends")["items"] == []
    site = get(client, "/sites/borken")
    assert site["contact"]["town"] == "Borken"
    assert site["branches"][0]["name"] == "Zweigstelle Ahaus"
    assert site["profile"]["target_groups"][0] == {"code": "school", "label": "Schule"}
    counts = {one["kind"]["code"]: one["count"] for one in site["offers"]}
    assert counts["medium"] == 49
    assert counts["scouts"] == 0
    assert set(counts) == set(Kind)
    (source,) = site["sources"]
    assert source["state"]["code"] == "current"
    assert get(client, "/sites/leer")["sources"] == []


def test_a_new_site_is_there_as_soon_as_its_offers(
    net: Network, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another hub takes offers of a site that is not in the list for forged."""
    monkeypatch.setattr("hub.sites.FRESH", 3600.0)
    get(client, "/sites")
    with net.hub.db.write() as session:
        announce(session)
        session.add(site_row("ahaus", 9))
    assert "ahaus" in [one["key"] for one in get(client, "/sites")["items"]]
    with net.hub.db.write() as session:
        announce(session)
        session.add(site_row("vreden", 10))
    assert get(client, "/changes?site=vreden")["items"] == []


def test_nothing_internal_is_told(net: Network, client: FlaskClient) -> None:
    texts = "".join(client.get(ROOT + path).text for path in EVERY)
    for secret in ("internal_hosts", "source_id", "content_hash", "run_id", "match_keys"):
        assert secret not in texts, secret


def test_labels_follow_the_client_and_codes_do_not(client: FlaskClient) -> None:
    def kinds(wanted: str | None) -> tuple[Any, str | None]:
        headers = {} if wanted is None else {"Accept-Language": wanted}
        response = client.get(f"{ROOT}/offers?kind=device", headers=headers)
        assert "Accept-Language" in response.vary
        return response.json["items"][0]["kind"], response.headers["Content-Language"]

    german, english = {"code": "device", "label": "Gerät"}, {"code": "device", "label": "Device"}
    assert kinds(None) == (german, "de")
    assert kinds("en") == (english, "en")
    assert kinds("en-GB,de;q=0.5") == (english, "en")
    assert kinds("fr, de;q=0.5, en;q=0.3") == (german, "de")
    assert kinds(";;q=x,\x80") == (german, "de")
    facets = get(client, "/search", headers={"Accept-Language": "en"})["facets"]
    assert {one["name"]: one["label"] for one in facets}["subject"] == "Subject"


def test_search_as_the_page_does(client: FlaskClient) -> None:
    found = get(client, "/search?q=wasser")
    assert found["total"] == 4
    first = found["items"][0]
    assert "Wasser" in first["offer"]["title"]
    assert found["did_you_mean"] is None
    facets = {one["name"]: one["values"] for one in found["facets"]}
    assert list(facets) == [
        "kind", "site", "region", "subject", "level", "medium_type", "access", "competence",
    ]  # fmt: skip
    assert {"code": "licensed", "label": "Lizenziert", "count": 2, "selected": False} in (
        facets["access"]
    )
    both = get(client, "/search?kind=device&kind=room")
    assert {one["offer"]["kind"]["code"] for one in both["items"]} == {"device", "room"}
    none = get(client, "/search?q=wasser&kind=device")
    assert none["total"] == 0
    assert [one["keeps_filters"] for one in none["relaxed"]] == [False]
    again = none["relaxed"][0]["url"].removeprefix(BASE + ROOT)
    assert get(client, again)["total"] == none["relaxed"][0]["total"] == 4
    typo = get(client, "/search?q=wasserkreislauv&site=borken")["did_you_mean"]
    assert typo["q"] == "wasserkreislauf"
    assert get(client, typo["url"].removeprefix(BASE + ROOT))["total"] == typo["total"] == 1
    assert get(client, "/search?subject=gibtesnicht")["items"] == []


def test_badges_of_a_search_in_one_site_are_those_of_its_users(client: FlaskClient) -> None:
    def badge(path: str) -> str:
        items = get(client, path)["items"]
        (one,) = [one for one in items if one["offer"]["title"] == "Wasser in der Wüste"]
        return str(one["badge"]["status"]["code"])

    assert badge("/search?q=wüste") == badge("/search?q=wüste&site=borken") == "expired"
    hits = get(client, "/search?q=wasserkreislauf&site=borken")["items"]
    assert hits[0]["badge"]["sites"] == ["borken"]


def test_search_pages_meet_every_hit_once(client: FlaskClient) -> None:
    for sort in ("relevance", "title", "newest"):
        pages = list(follow(client, f"/search?q=tiere&limit=10&sort={sort}"))
        ids = [one["work_id"] for page in pages for one in page["items"]]
        assert len(ids) == len(set(ids)) == pages[0]["total"] == 45
        assert len(pages) == pages[0]["pages"] == 5
    beyond = get(client, "/search?q=tiere&limit=10&page=6")
    assert beyond["items"] == []
    assert beyond["next"] is None
    assert beyond["total"] == 45


def test_completions(client: FlaskClient) -> None:
    items = get(client, "/suggest?q=wasserk")["items"]
    assert items
    assert all(one.lower().startswith("wasserk") for one in items)
    assert len(get(client, "/suggest?q=wasser&limit=1")["items"]) == 1
    assert get(client, "/suggest?q=")["items"] == []


def test_harvested_markup_stays_text(client: FlaskClient) -> None:
    response = client.get(f"{ROOT}/search?q=alert")
    assert response.mimetype == "application/json"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    (hit,) = response.json["items"]
    assert hit["offer"]["details"][0]["label"] == SCRIPT or SCRIPT not in response.text


# Paging


def test_a_list_has_no_gap_and_nothing_twice_while_others_come_and_go(
    net: Network, client: FlaskClient
) -> None:
    there = {one["id"] for page in follow(client, "/offers?limit=200") for one in page["items"]}
    gone = {offer_id(net, "w")}
    seen: list[int] = []
    for number, page in enumerate(follow(client, "/offers?limit=5")):
        seen += [one["id"] for one in page["items"]]
        if number < 4:
            more = [medium(f"new-{n}", f"Neu {n}") for n in range(number + 1)]
            take_in(net, "coesfeld", [*coesfeld(datetime.now(UTC).date())[1:], *more])
    assert len(seen) == len(set(seen))
    assert there - set(seen) <= gone
    assert len(set(seen) - there) == 4


def test_filters_hold_on_every_page(client: FlaskClient) -> None:
    for question, number in (
        ("kind=medium", 51),
        ("site=coesfeld", 4),
        ("kind=medium&site=borken", 49),
        ("kind=device&site=coesfeld", 0),
        ("site=leer", 0),
    ):
        pages = list(follow(client, f"/offers?{question}&limit=4"))
        assert sum(len(page["items"]) for page in pages) == number, question
        assert all(len(page["items"]) == 4 for page in pages[:-1]), question


def test_changes_keep_a_copy_equal(net: Network, client: FlaskClient) -> None:
    """A client that follows `next`, then `later`, ends with what the hub has."""
    copy: dict[int, str] = {}
    address = "/changes?limit=7"

    def read_on() -> int:
        nonlocal address
        read = 0
        for page in follow(client, address):
            for change in page["items"]:
                read += 1
                if change["withdrawn"]:
                    assert change["offer"] is None
                    assert change["tombstone"]["withdrawn_at"] == change["changed_at"]
                    copy.pop(change["id"], None)
                else:
                    assert change["tombstone"] is None
                    copy[change["id"]] = change["offer"]["title"]
            address = page["later"].removeprefix(BASE + ROOT)
        return read

    def truth() -> dict[int, str]:
        return {
            one["id"]: one["title"]
            for page in follow(client, "/offers?limit=200")
            for one in page["items"]
        }

    assert read_on() == 58
    assert copy == truth()
    assert read_on() == 0
    today = datetime.now(UTC).date()
    kept = [one for one in borken(today) if one.source_id not in ("open", "many-7")]
    renamed = [
        replace(one, title="Neuer Koffer") if one.source_id == "tablets" else one for one in kept
    ]
    take_in(net, "borken", [*renamed, medium("late", "Nachzügler")])
    take_in(net, "coesfeld", coesfeld(today)[1:])
    assert read_on() == 5
    assert copy == truth()
    assert "Neuer Koffer" in copy.values()
    take_in(net, "coesfeld", coesfeld(today))
    assert read_on() == 1
    assert copy == truth()


def test_changes_since_a_moment(net: Network, client: FlaskClient) -> None:
    changes = get(client, "/changes?limit=200")["items"]
    moments = [one["changed_at"] for one in changes]
    assert moments == sorted(moments)
    last = moments[-1]
    written = last.replace("+00:00", "Z")
    expected = [one["id"] for one in changes if one["changed_at"] >= last]
    assert [one["id"] for one in get(client, f"/changes?since={written}")["items"]] == expected
    east = datetime.fromisoformat(last).astimezone(None).isoformat().replace("+", "%2B")
    assert [one["id"] for one in get(client, f"/changes?since={east}")["items"]] == expected
    assert len(get(client, f"/changes?since={last[:10]}&limit=200")["items"]) == 58
    assert get(client, "/changes?since=9999-12-31T23:59:59Z")["items"] == []
    assert get(client, "/changes?since=0001-01-01T00:00:00Z&limit=1")["next"] is not None


def test_withdrawn_offers_are_gone_with_what_is_known(net: Network, client: FlaskClient) -> None:
    number = offer_id(net, "w")
    take_in(net, "coesfeld", coesfeld(datetime.now(UTC).date())[1:])
    response = client.get(f"{ROOT}/offers/{number}")
    assert response.status_code == 410
    assert response.mimetype == "application/problem+json"
    problem = response.json
    assert problem["status"] == 410
    assert problem["offer"]["title"] == "Wasserkreislauf"
    assert problem["offer"]["site"]["key"] == "coesfeld"
    assert problem["offer"]["withdrawn_at"]
    work = client.get(problem["offer"]["links"]["work"].removeprefix(BASE)).json
    assert [one["site"]["key"] for one in work["holdings"]] == ["borken"]
    assert number not in {one["id"] for one in get(client, "/offers?limit=200")["items"]}


# HTTP


def test_an_unchanged_answer_costs_nothing(client: FlaskClient) -> None:
    for path in EVERY:
        _conditional(client, path)


def _conditional(client: FlaskClient, path: str) -> None:
    first = client.get(ROOT + path)
    etag = first.headers["ETag"]
    assert first.headers["Cache-Control"] == "no-cache"
    again = client.get(ROOT + path, headers={"If-None-Match": f'"other", W/{etag}'})
    assert again.status_code == 304
    assert again.data == b""
    assert again.headers["ETag"] == etag
    assert again.headers.get("Vary") == first.headers.get("Vary")
    other = client.get(ROOT + path, headers={"If-None-Match": '"other"'})
    assert other.status_code == 200
    assert other.data == first.data
    head = client.head(ROOT + path)
    assert head.status_code == 200
    assert head.data == b""
    assert head.headers["ETag"] == etag
    assert head.headers["Content-Length"] == first.headers["Content-Length"]
    options = client.options(ROOT + path)
    assert options.status_code == 200
    assert set(options.allow) == {"GET", "HEAD", "OPTIONS"}


def test_an_answer_that_changed_has_another_etag(net: Network, client: FlaskClient) -> None:
    def etag(**headers: str) -> str:
        return client.get(f"{ROOT}/offers?site=coesfeld", headers=headers).headers["ETag"]

    before = etag()
    assert etag(**{"Accept-Language": "en"}) != before
    take_in(net, "coesfeld", coesfeld(datetime.now(UTC).date())[1:])
    assert etag() != before


def test_no_cookie_and_the_headers_of_every_page(client: FlaskClient) -> None:
    page = client.get("/zentren")
    for path in EVERY:
        response = client.get(ROOT + path)
        assert "Set-Cookie" not in response.headers, path
        for name in ("Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy"):
            assert response.headers[name] == page.headers[name], path


def test_addresses_come_from_the_settings_not_from_the_client(client: FlaskClient) -> None:
    headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    assert "evil" not in client.get(f"{ROOT}/offers?limit=1", headers=headers).text


@contextmanager
def statements(hub: Hub) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    sa.event.listen(hub.db.engine, "before_cursor_execute", note)
    yield seen
    sa.event.remove(hub.db.engine, "before_cursor_execute", note)


def test_many_cost_as_many_statements_as_few(net: Network, client: FlaskClient) -> None:
    for path in ("/offers?", "/works?", "/changes?", "/search?q=tiere&"):
        numbers = []
        for limit in (40, 1, 40):
            net.hub.sites.refresh()
            with statements(net.hub) as seen:
                assert len(get(client, f"{path}limit={limit}")["items"]) == limit
            numbers.append(len(seen))
        assert numbers[1] == numbers[2] <= 12, (path, numbers)
