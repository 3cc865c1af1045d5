"""Live search: beside the index, without holding anything up, and kind to sources that fail."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask.testing import FlaskClient

from hub import breaker, models
from hub.app import create_app
from hub.catalogue import live
from hub.cli import main
from hub.db import Database
from hub.errors import Denied, Rejected, Unavailable
from hub.records import AccessMode, Grant, Identifier, Record, Scope
from tests.hub.web.test_pages import read, text_of
from tests.pages import WATER, medium, search_live
from tests.sources import Network

Answer = Callable[[str, str], Any]
"""Site and words in, whatever a plugin may answer out."""

NEW = medium("new", "Gewässer im Film", url="https://filme.example/gewaesser")
KNOWN = medium("other-id", "Der Wasserkreislauf, anders benannt", identifiers=WATER)


def searching(net: Network, answer: Answer, *sites: str) -> FlaskClient:
    """The application, with live search switched on at these sites."""
    search_live(net, answer, *sites)
    return create_app(net.hub).test_client()


def giving(*records: Record) -> Answer:
    return lambda site, query: list(records)


def breaking(error: BaseException) -> Answer:
    def answer(site: str, query: str) -> Any:
        raise error

    return answer


def region(html: str) -> str:
    """The address that the search page loads afterwards; empty where it loads none."""
    found = re.search(r'id="live-treffer" data-hx-get="([^"]*)"', html)
    return unescape(found[1]) if found else ""


def test_the_search_page_offers_it_and_does_not_wait(net: Network) -> None:
    def never(site: str, query: str) -> Any:
        raise AssertionError("the page itself asks nobody")

    client = searching(net, never, "lvr", "borken")
    html = client.get("/suche?q=wasser").text
    assert region(html) == "/suche/live?q=wasser"
    assert "Auch live suchen bei: LVR-Zentrum für Medien und Bildung" in text_of(html)
    assert '<p class="kern-body" id="live-stand" role="status">' in html
    chosen = client.get("/suche?q=wasser&zentrum=borken").text
    assert region(chosen) == "/suche/live?q=wasser&zentrum=borken"
    for url in ("/suche", "/suche?q=wasser&zentrum=coesfeld", "/suche?q=wasser&fach=080"):
        assert not region(client.get(url).text), url
    assert not region(client.get("/suche?q=Folge&seite=2").text)


def test_nobody_is_asked_who_is_not_switched_on(net: Network) -> None:
    client = searching(net, giving(NEW))
    assert not region(client.get("/suche?q=wasser").text)
    shown = read(client, "/suche/live?q=wasser&zentrum=borken")
    assert "Keine Quelle dieser Zentren lässt sich live durchsuchen" in shown
    assert "Gewässer im Film" not in shown


def test_new_hits_are_shown_with_their_source_and_known_ones_are_not(net: Network) -> None:
    asked = []

    def answer(site: str, query: str) -> Iterable[Record]:
        asked.append((site, query))
        licensed = medium(
            "elsewhere",
            "Wasser für die Stadt",
            access=AccessMode.LICENSED,
            grants=(Grant(Scope.LAND, "NRW"),),
        )
        return iter([NEW, KNOWN, licensed, "no record", Record("x", "medium", "")])  # type: ignore[list-item, arg-type]

    client = searching(net, answer, "lvr")
    shown = read(client, "/suche/live?q=wasser")
    assert asked == [("lvr", "wasser")]
    for words in (
        "Live-Suche nach „wasser“",
        "2 weitere Treffer, live gefunden.",
        "Gewässer im Film",
        "live aus: Nach Drehbuch (LVR-Zentrum für Medien und Bildung)",
        "Öffnen bei filme.example",
        "Wasser für die Stadt",
        "Mit Anmeldung",
        "Zurück zu allen Treffern",
    ):
        assert words in shown, words
    assert "anders benannt" not in shown
    with net.hub.db.read() as session:
        stored = session.scalar(
            sa.select(sa.func.count()).where(models.Offer.title == "Gewässer im Film")
        )
    assert stored == 0, "live hits are never stored"


def test_htmx_gets_hits_and_a_sentence_for_the_region(net: Network) -> None:
    client = searching(net, giving(NEW), "lvr")
    response = client.get("/suche/live?q=wasser", headers={"HX-Target": "live-treffer"})
    assert "<html" not in response.text
    assert '<div data-hx-swap-oob="innerHTML:#live-stand">1 weiterer Treffer' in response.text
    assert "<h3" in response.text
    assert "HX-Target" in response.headers["Vary"]


def test_the_same_from_two_sources_is_one_hit(net: Network) -> None:
    isbn = (Identifier("isbn", "978-3-12-732320-7"),)

    def answer(site: str, query: str) -> list[Record]:
        return [medium(f"{site}-1", f"Von {site}", identifiers=isbn)]

    client = searching(net, answer, "borken", "lvr")
    shown = read(client, "/suche/live?q=buch&zentrum=lvr&zentrum=borken")
    assert "1 weiterer Treffer" in shown
    assert "Nach Drehbuch (Kreis Borken), Nach Drehbuch (LVR-Zentrum" in shown
    assert "Von borken" in shown
    assert "Von lvr" not in shown


@pytest.mark.parametrize(
    "records",
    [[KNOWN], [medium("water", "Mit derselben Nummer der Quelle")]],
    ids=["by its identifier", "by its number at the source"],
)
def test_what_the_index_holds_is_said_to_be_known(net: Network, records: list[Record]) -> None:
    client = searching(net, giving(*records), "borken")
    shown = read(client, "/suche/live?q=wasser&zentrum=borken")
    assert "nichts, was nicht schon unter den Treffern ist" in shown


def test_nothing_found_and_nothing_asked(net: Network) -> None:
    client = searching(net, giving(), "lvr")
    assert "Die Live-Suche fand nichts." in read(client, "/suche/live?q=wasser")
    empty = client.get("/suche/live?zentrum=borken")
    assert empty.status_code == 303
    assert empty.headers["Location"] == "/suche?zentrum=borken"
    for wrong in (
        "q=%00",
        "q=wasser&zentrum=" + "x" * 900,
        "q=" + "w" * 9000,
        "q=<script>&lang=en",
    ):
        response = client.get(f"/suche/live?{wrong}")
        assert response.status_code in (200, 303)
        assert "<script>" not in response.text


@pytest.mark.parametrize(
    "answer",
    [
        breaking(Unavailable("secret address")),
        breaking(Denied("secret address")),
        breaking(RuntimeError("secret address")),
        lambda site, query: "secret address",
        lambda site, query: (NEW for _ in range(10_000)),
    ],
    ids=["unavailable", "denied", "defect", "no list", "endless"],
)
def test_a_source_that_fails_is_named_kindly(net: Network, answer: Answer) -> None:
    client = searching(net, answer, "lvr")
    shown = read(client, "/suche/live?q=wasser")
    assert "Gerade ließ sich keine Quelle live durchsuchen." in shown
    assert "Nach Drehbuch (LVR-Zentrum für Medien und Bildung) antwortet gerade nicht." in shown
    assert "secret" not in shown


def test_one_that_fails_leaves_the_others(net: Network) -> None:
    def answer(site: str, query: str) -> Any:
        if site == "lvr":
            raise Unavailable("down")
        return [NEW]

    client = searching(net, answer, "lvr", "borken")
    shown = read(client, "/suche/live?q=wasser&zentrum=lvr&zentrum=borken")
    assert "1 weiterer Treffer" in shown
    assert "antwortet gerade nicht" in shown


def test_a_hanging_source_costs_its_deadline(net: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "DEADLINE", 0.1)
    released = threading.Event()
    client = searching(net, lambda site, query: released.wait(60), "lvr")
    began = time.monotonic()
    assert "antwortet gerade nicht" in read(client, "/suche/live?q=wasser")
    assert time.monotonic() - began < 20, "it hangs for a minute"
    released.set()


def test_a_source_that_keeps_failing_is_paused_and_said_so(
    net: Network, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def answer(site: str, query: str) -> Any:
        asked.append(query)
        raise Unavailable("down")

    client = searching(net, answer, "lvr")
    for turn in range(breaker.PATIENCE):
        assert "antwortet gerade nicht" in read(client, f"/suche/live?q={turn}")
    shown = read(client, "/suche/live?q=wasser")
    assert re.search(r"war mehrmals nicht zu erreichen und wird ab .*\d\d:\d\d Uhr wieder", shown)
    assert asked == ["0", "1", "2"]
    monkeypatch.setenv("HUB_DATABASE_URL", database_url)
    checked = CliRunner().invoke(main, ["check"])
    assert checked.exit_code == 1
    assert re.search(r"lvr/scripted .*failed 3 times in a row", checked.output), checked.output


def test_a_question_that_a_source_refuses_is_no_failure_of_it(net: Network) -> None:
    client = searching(net, breaking(Rejected("too short")), "lvr")
    for _ in range(breaker.PATIENCE + 1):
        assert "antwortet gerade nicht" in read(client, "/suche/live?q=wasser")


def test_an_answer_ends_the_count(net: Network) -> None:
    down = [True]

    def answer(site: str, query: str) -> Any:
        if down[0]:
            raise Unavailable("down")
        return []

    client = searching(net, answer, "lvr")
    for _ in range(breaker.PATIENCE - 1):
        client.get("/suche/live?q=wasser")
    down[0] = False
    client.get("/suche/live?q=wasser")
    with net.hub.db.read() as session:
        assert not breaker.failing(session)


# The breaker itself

AT = datetime(2027, 3, 4, 9, 0, tzinfo=UTC)
SOURCE = ("lvr", "scripted")


def fail(db: Database, at: datetime) -> None:
    with db.write() as session:
        breaker.note(session, at, failed={SOURCE}, answered=set())


def until(db: Database, at: datetime) -> datetime | None:
    with db.read() as session:
        found = breaker.paused(session, at)
    return found[0].until if found else None


def test_pauses_double_up_to_half_an_hour(net: Network) -> None:
    db, at, pauses = net.hub.db, AT, []
    fail(db, at)
    fail(db, at)
    assert until(db, at) is None
    for _ in range(8):
        fail(db, at)
        end = until(db, at)
        assert end is not None
        fail(db, at)
        assert until(db, at) == end, "visitors at the same time do not prolong it"
        pauses.append((end - at) // timedelta(minutes=1))
        assert until(db, end) is None, "then it is tried again"
        at = end
    assert pauses == [1, 2, 4, 8, 16, 30, 30, 30]
    with db.write() as session:
        breaker.note(session, at, failed=set(), answered={SOURCE})
    fail(db, at)
    assert until(db, at) is None, "an answer begins anew"


def test_a_pause_by_a_clock_that_was_ahead_holds_nobody_back(net: Network) -> None:
    for _ in range(breaker.PATIENCE):
        fail(net.hub.db, AT + timedelta(days=365))
    assert until(net.hub.db, AT) is None
    with net.hub.db.read() as session:
        assert breaker.until(session, SOURCE, AT) is None
    fail(net.hub.db, AT)
    paused = until(net.hub.db, AT)
    assert paused is not None, "it fails still, by the right clock"
    assert paused - AT == timedelta(minutes=2)
    with net.hub.db.read() as session:
        assert breaker.until(session, SOURCE, AT) == paused
