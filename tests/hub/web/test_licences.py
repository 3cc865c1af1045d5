"""What somebody who is logged in gets at: badges, the filter, and the way to a licensed medium."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from hub import hookimpl, models
from hub.app import create_app
from hub.errors import Denied
from hub.identity.actor import Role
from hub.records import Access, Offer, Person
from tests.hub.web.test_pages import text_of
from tests.identities import log_in
from tests.pages import built_anew, offer_id
from tests.sources import Network

PLAYER = "https://spool.example/play?token=geheim"


def answering(net: Network, answer: Callable[[Offer, Person | None], Any]) -> FlaskClient:
    def catalogue_access(self: Any, offer: Offer, person: Person | None) -> Any:
        return answer(offer, person)

    net.plugin.catalogue_access = hookimpl(catalogue_access)  # type: ignore[attr-defined]
    built_anew(net, {})
    return create_app(net.hub).test_client()


def test_a_teacher_opens_what_their_centre_has_licensed(net: Network) -> None:
    asked: list[Person | None] = []

    def answer(_: Offer, person: Person | None) -> Access:
        asked.append(person)
        return Access(PLAYER)

    client = answering(net, answer)
    log_in(client, net.hub, Role.TEACHER, "borken")
    number = offer_id(net, "water")
    page = text_of(client.get(f"/angebot/{number}").text)
    assert "Für Sie freigeschaltet" in page
    assert "So kommen Sie daran" not in page
    assert "Für Sie freigeschaltet" in text_of(client.get("/suche?q=Wasserkreislauf").text)
    before = client.get(f"/oeffnen/{number}")
    assert before.status_code == 200
    assert "Sie verlassen das Angebot" in text_of(before.text)
    assert not asked, "looking at the page asks no source"
    onward = client.get(f"/oeffnen/{number}/weiter")
    assert (onward.status_code, onward.headers["Location"]) == (303, PLAYER)
    assert onward.headers["Cache-Control"] == "no-store"
    (person,) = asked
    assert person is not None
    assert (person.roles, person.sites) == (("teacher",), ("borken",))
    assert "Muster" not in repr(person)
    with net.hub.db.read() as session:
        (use,) = session.scalars(sa.select(models.OfferUse))
    assert (use.offer_id, use.count) == (number, 1)


@pytest.mark.parametrize(
    ("role", "site"), [(Role.TEACHER, "coesfeld"), (Role.CITIZEN, "borken"), (None, None)]
)
def test_whom_no_licence_reaches_is_told_so(
    net: Network, client: FlaskClient, role: Role | None, site: str | None
) -> None:
    log_in(client, net.hub, role, site)
    number = offer_id(net, "water")
    for way in ("", "/weiter"):
        answer = client.get(f"/oeffnen/{number}{way}")
        assert answer.status_code == 403
        page = text_of(answer.text)
        assert "Für Sie nicht lizenziert" in page
        assert "Kreislizenz Kreis Borken" in page
        assert "Jetzt anmelden" not in page
    assert "Für Sie freigeschaltet" not in text_of(client.get(f"/angebot/{number}").text)


def test_who_is_not_logged_in_is_led_to_the_login_and_back(
    net: Network, client: FlaskClient
) -> None:
    number = offer_id(net, "water")
    html = client.get(f"/oeffnen/{number}").text
    assert f'href="/anmelden?weiter=/oeffnen/{number}"' in html


def test_the_source_has_the_last_word(net: Network) -> None:
    def answer(offer: Offer, person: Person | None) -> Access:
        raise Denied("Neither the Land nor Borken has a licence.")

    client = answering(net, answer)
    log_in(client, net.hub, Role.TEACHER, "borken")
    refused = client.get(f"/oeffnen/{offer_id(net, 'water')}/weiter")
    assert refused.status_code == 403
    assert "Die Quelle öffnet dies nicht" in text_of(refused.text)
    assert "Location" not in refused.headers


def test_the_land_s_licence_reaches_teachers_of_every_centre(net: Network) -> None:
    client = answering(net, lambda offer, person: Access(PLAYER))
    log_in(client, net.hub, Role.TEACHER, "coesfeld")
    assert client.get(f"/oeffnen/{offer_id(net, 'history')}/weiter").status_code == 303


def test_the_search_shows_only_what_is_usable(net: Network, client: FlaskClient) -> None:
    assert "Für mich nutzbar" not in text_of(client.get("/suche?q=Wasser").text)
    everything = text_of(client.get("/suche?q=Wasser&nutzbar=ja").text)
    assert everything == text_of(client.get("/suche?q=Wasser").text), "nobody has no such filter"
    log_in(client, net.hub, Role.TEACHER, "borken")
    page = client.get("/suche?q=Wasser&nutzbar=ja")
    shown = text_of(page.text)
    assert "Für mich nutzbar" in shown
    assert "Wasserkreislauf" in shown
    assert "Wasser in der Wüste" not in shown, "expired"
    assert "Wasser in der Wüste" in text_of(client.get("/suche?q=Wasser").text)
    assert 'name="nutzbar" value="ja" checked' in " ".join(page.text.split())
    assert 'href="/suche?q=Wasser"' in page.text, "the tag takes the filter off"


def test_badges_cost_no_statement_per_card(net: Network, client: FlaskClient) -> None:
    log_in(client, net.hub, Role.TEACHER, "borken")
    client.get("/suche?q=Tiere&nutzbar=ja")
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    numbers = []
    sa.event.listen(net.hub.db.engine, "before_cursor_execute", note)
    for words in ("Tiere", "Podcast"):
        seen.clear()
        client.get(f"/suche?q={words}&nutzbar=ja")
        numbers.append(len([one for one in seen if "offer_grant" in one]))
    sa.event.remove(net.hub.db.engine, "before_cursor_execute", note)
    assert numbers == [1, 1]
