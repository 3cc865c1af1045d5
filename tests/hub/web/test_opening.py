"""From an offer to the thing itself: who may, where it leads, and what is said if nowhere."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from hub import hookimpl, models
from hub.app import create_app
from hub.catalogue import access
from hub.errors import Denied, Rejected, Unavailable
from hub.models.base import now
from hub.records import Access, AccessMode, Offer, Person
from tests.hub.web.test_pages import text_of
from tests.pages import borken, built_anew, medium, offer_id, take_in
from tests.sources import Network

SECRET = "https://spool.example/play?token=geheim"


def answering(net: Network, answer: Callable[[Offer], Any]) -> FlaskClient:
    """The application, with sources that are asked where their offers are found."""

    def catalogue_access(self: Any, offer: Offer, person: Person | None) -> Any:
        assert person is None
        return answer(offer)

    net.plugin.catalogue_access = hookimpl(catalogue_access)  # type: ignore[attr-defined]
    built_anew(net, {})
    return create_app(net.hub).test_client()


def uses(net: Network) -> dict[int, int]:
    with net.hub.db.read() as session:
        rows = session.scalars(sa.select(models.OfferUse))
        return {row.offer_id: row.count for row in rows}


def test_the_way_out_is_announced_then_taken_and_counted(net: Network, client: FlaskClient) -> None:
    number = offer_id(net, "open")
    assert f'href="/oeffnen/{number}"' in client.get(f"/angebot/{number}").text
    assert f'href="/oeffnen/{number}"' in client.get("/suche?q=Leben").text
    page = client.get(f"/oeffnen/{number}")
    assert page.headers["Cache-Control"] == "no-store"
    shown = text_of(page.text)
    assert "Sie verlassen das Angebot des Medienverbunds" in shown
    assert "Weiter zu medien.example" in shown
    assert not uses(net), "looking at the page is not opening"
    onward = re.search(rf'href="(/oeffnen/{number}/weiter)"', page.text)
    assert onward
    for _ in range(2):
        response = client.get(onward[1])
        assert response.status_code == 303
        assert response.headers["Location"] == "https://medien.example/wasser"
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert response.headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in response.headers
        assert response.data == b""
    client.head(onward[1])
    assert uses(net) == {number: 2}
    with net.hub.db.read() as session:
        row = session.scalars(sa.select(models.OfferUse)).one()
        assert row.day == now().date()
        columns = {column.name for column in models.OfferUse.__table__.columns}
    assert columns == {"day", "offer_id", "count"}, "nothing about the person"


def test_what_is_licensed_says_for_whom_until_when_and_whom_to_ask(
    net: Network, client: FlaskClient
) -> None:
    number = offer_id(net, "water")
    expired = client.get(f"/angebot/{offer_id(net, 'expired')}").text
    assert "So kommen Sie daran" in expired
    for url in (f"/oeffnen/{number}", f"/oeffnen/{number}/weiter"):
        response = client.get(url)
        assert response.status_code == 403
        assert response.headers["Cache-Control"] == "no-store"
        assert "Location" not in response.headers
        shown = text_of(response.text)
        for words in (
            "Lizenziert, aber nicht für alle offen",
            "Wo es lizenziert ist Medienzentrum Kreis Borken",
            "Kreislizenz Kreis Borken, bis ",
            "medienzentrum@borken.example",
            "Stattdessen ausleihen Medienzentrum Kreis Coesfeld",
            "Ihr Medienzentrum finden",
        ):
            assert words in shown, words
    assert not uses(net)


@pytest.mark.parametrize(
    ("source_id", "words"),
    [
        ("expired", "Lizenz abgelaufen"),
        ("tablets", "Das lässt sich nicht am Bildschirm öffnen"),
        ("history", "Landeslizenz NRW – für die Nutzerinnen und Nutzer aller Medienzentren"),
    ],
)
def test_each_reason_has_its_own_words(
    net: Network, client: FlaskClient, source_id: str, words: str
) -> None:
    response = client.get(f"/oeffnen/{offer_id(net, source_id)}")
    assert response.status_code == 403
    assert words in text_of(response.text)


def test_what_another_centre_opens_is_pointed_to(net: Network, client: FlaskClient) -> None:
    today = now().date()
    twin = medium(
        "w", "Wasserkreislauf", identifiers=borken(today)[0].identifiers, url="https://x.example/w"
    )
    take_in(net, "coesfeld", [twin])
    html = client.get(f"/oeffnen/{offer_id(net, 'water')}").text
    assert f'href="/oeffnen/{offer_id(net, "w")}"' in html
    assert "Bei Medienzentrum Kreis Coesfeld steht es allen offen" in text_of(html)


def test_withdrawn_and_unknown_offers_do_not_open(net: Network, client: FlaskClient) -> None:
    number = offer_id(net, "open")
    rest = [record for record in borken(now().date()) if record.source_id != "open"]
    take_in(net, "borken", rest)
    assert client.get(f"/oeffnen/{number}/weiter").status_code == 410
    assert "Sein Zentrum hat dieses Angebot zurückgezogen" in client.get(f"/oeffnen/{number}").text
    for wrong in ("999999", "99999999999999999999999", "-1", "abc"):
        assert client.get(f"/oeffnen/{wrong}").status_code == 404
        assert client.get(f"/oeffnen/{wrong}/weiter").status_code == 404


def test_open_without_an_address_is_said(net: Network, client: FlaskClient) -> None:
    response = client.get(f"/oeffnen/{offer_id(net, 'many-1')}")
    assert response.status_code == 404
    assert "Die Adresse ist nicht bekannt" in text_of(response.text)


def test_the_source_is_asked_at_the_click(net: Network, caplog: pytest.LogCaptureFixture) -> None:
    asked = []

    def answer(offer: Offer) -> Access:
        asked.append((offer.site, offer.plugin, offer.record.source_id))
        return Access(f"{SECRET}{len(asked)}")

    client = answering(net, answer)
    number = offer_id(net, "many-1")
    before = client.get(f"/oeffnen/{number}")
    assert before.status_code == 200
    assert "wird erst beim Weitergehen erfragt" in text_of(before.text)
    assert not asked
    for turn in (1, 2):
        assert client.get(f"/oeffnen/{number}/weiter").headers["Location"] == f"{SECRET}{turn}"
    assert asked == [("borken", "scripted", "many-1")] * 2
    assert uses(net) == {number: 2}
    with net.hub.db.read() as session:
        everything = [
            str(row)
            for table in models.Base.metadata.sorted_tables
            for row in session.execute(sa.select(table))
        ]
    assert everything
    assert "geheim" not in "".join(everything)
    assert "geheim" not in caplog.text


@pytest.mark.parametrize("locked", ["water", "expired", "history", "tablets"])
def test_the_source_is_not_asked_for_what_is_closed(net: Network, locked: str) -> None:
    def answer(_offer: Offer) -> Access:
        raise AssertionError("nobody may open this")

    response = answering(net, answer).get(f"/oeffnen/{offer_id(net, locked)}/weiter")
    assert response.status_code == 403


def refusing(error: Exception) -> Callable[[Offer], Any]:
    def answer(_offer: Offer) -> Any:
        raise error

    return answer


@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [
        (refusing(Denied("no licence")), 403, "Die Quelle öffnet dies nicht"),
        (refusing(Rejected("no")), 403, "Die Quelle öffnet dies nicht"),
        (refusing(Unavailable("down", retry_after=7)), 503, "Zurzeit nicht zu öffnen"),
        (refusing(RuntimeError(SECRET)), 502, "Bei der Quelle ist etwas schiefgegangen"),
        (lambda _: None, 502, "Bei der Quelle ist etwas schiefgegangen"),
        (lambda _: Access("javascript:alert(1)"), 502, "etwas schiefgegangen"),
        (lambda _: Access("https://x.example/\r\nSet-Cookie: a=b"), 502, "etwas schiefgegangen"),
        (lambda _: Access("//x.example/"), 502, "etwas schiefgegangen"),
        (lambda _: Access("https:///nowhere"), 502, "etwas schiefgegangen"),
        (lambda _: Access(b"https://x.example/"), 502, "etwas schiefgegangen"),  # type: ignore[arg-type]
    ],
)
def test_a_source_that_gives_no_address_gets_a_page(
    net: Network, answer: Callable[[Offer], Any], status: int, words: str
) -> None:
    response = answering(net, answer).get(f"/oeffnen/{offer_id(net, 'many-1')}/weiter")
    assert response.status_code == status
    assert "Location" not in response.headers
    assert words in text_of(response.text)
    assert "geheim" not in response.text
    assert "Wen Sie fragen können" in text_of(response.text)
    assert (response.headers.get("Retry-After") == "7") == (status == 503)
    assert not uses(net)


def test_a_source_that_hangs_costs_its_deadline(
    net: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "DEADLINE", 0.1)
    released = threading.Event()
    client = answering(net, lambda _: released.wait(60))
    began = time.monotonic()
    response = client.get(f"/oeffnen/{offer_id(net, 'many-1')}/weiter")
    assert response.status_code == 503
    assert "Noch einmal versuchen" in response.text
    assert time.monotonic() - began < 20, "it hangs for a minute"
    released.set()


def test_a_source_that_is_off_gets_a_page(net: Network) -> None:
    client = answering(net, lambda _: None)
    with net.hub.db.write() as session:
        session.execute(sa.update(models.Activation).values(enabled=False))
    built_anew(net, {})
    response = client.get(f"/oeffnen/{offer_id(net, 'many-1')}/weiter")
    assert response.status_code == 503


def test_sessions_of_others_are_not_passed_on(net: Network, client: FlaskClient) -> None:
    url = "https://medien.example/film?pid=fnodv5er6v9hfjr0cefjtiicm7&nr=5"
    take_in(net, "lvr", [medium("session", "Film mit Sitzung", url=url, access=AccessMode.OPEN)])
    response = client.get(f"/oeffnen/{offer_id(net, 'session')}/weiter")
    assert response.status_code == 303, text_of(response.text)
    assert response.headers["Location"] == "https://medien.example/film?nr=5"
