"""A Landesmedienzentrum buys with its centres: asked, answered, bought, entered, taken back."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from hub.booking import dates
from hub.identity.actor import Role
from hub.models import (
    AuditEntry,
    EnteredGrant,
    JointPurchase,
    Offer,
    PurchaseAnswer,
    WorkKey,
)
from hub.models.base import now
from hub.network import purchases
from tests.hub.web.test_pages import text_of
from tests.identities import log_in, send
from tests.pages import offer_id
from tests.sources import Network

LIST = "/netz/einkauf"


@pytest.fixture
def network(net: Network, app: Flask) -> FlaskClient:
    client = app.test_client()
    log_in(client, net.hub, Role.NETWORK_ADMIN)
    return client


def typed(**more: Any) -> dict[str, Any]:
    day = now().date()
    return {
        "medium": "5511494", "anbieter": "Filmverlag", "preis": "1.200,50 €",
        "rabatt": "2: 10\n5: 25 %", **dates.fields("frist", day + timedelta(days=9)),
        **dates.fields("von", day), **dates.fields("bis", day + timedelta(days=364)), **more,
    }  # fmt: skip


def admin(net: Network, app: Flask, site: str) -> FlaskClient:
    client = app.test_client()
    log_in(client, net.hub, Role.SITE_ADMIN, site)
    return client


def step(client: FlaskClient, page: str, what: str) -> Any:
    return send(client, page, f"{page}/schritt", schritt=what)


def granted(net: Network) -> list[tuple[str, str]]:
    with net.hub.db.read() as session:
        rows = session.scalars(sa.select(EnteredGrant).order_by(EnteredGrant.value))
        return [(row.key, row.value) for row in rows]


def test_from_the_list_to_the_licences_and_back(
    net: Network, app: Flask, network: FlaskClient
) -> None:
    with net.hub.db.read() as session:
        of_water = sa.select(Offer.work_id).where(Offer.id == offer_id(net, "water"))
        key = session.scalars(
            sa.select(WorkKey.key).where(
                WorkKey.work_id == of_water.scalar_subquery(), WorkKey.key.startswith("nr:")
            )
        ).one()
    made = send(network, LIST, LIST, **typed(medium=key.removeprefix("nr:")))
    assert made.status_code == 303, text_of(made.text)
    page = made.headers["Location"]
    shown = text_of(network.get(page).text)
    assert "Wasserkreislauf" in shown
    assert "1.200,50" in shown
    assert step(network, page, "buy").status_code == 409, "nobody was asked"
    borken, coesfeld = admin(net, app, "borken"), admin(net, app, "coesfeld")
    asked = "/borken/verwaltung/einkauf"
    assert "Zurzeit wird nichts gefragt" in text_of(borken.get(asked).text)
    step(network, page, "ask")
    number = page.rpartition("/")[2]
    assert "Filmverlag" in text_of(borken.get(asked).text)
    assert "1 gemeinsamer Kauf zu beantworten" in text_of(borken.get("/borken/verwaltung").text)
    assert send(borken, asked, f"{asked}/{number}", dabei="").status_code == 422
    for client, site in ((borken, "borken"), (coesfeld, "coesfeld")):
        where = f"/{site}/verwaltung/einkauf"
        done = send(client, where, f"{where}/{number}", dabei="ja", notiz="ab <Sommer>")
        assert "Ihre Antwort ist vermerkt" in text_of(client.get(done.headers["Location"]).text)
    assert "gemeinsamer Kauf" not in text_of(borken.get("/borken/verwaltung").text)
    assert "2 Zentren machen mit: 1.080,45" in text_of(network.get(page).text)
    assert "ab &lt;Sommer&gt;" in network.get(page).text
    assert "2160.9" in network.get(f"{LIST}.csv").text.replace(",", ".")
    for _ in range(2):  # a double click
        assert step(network, page, "buy").status_code == 303
    assert granted(net) == [(key, "borken"), (key, "coesfeld")]
    assert "gekauft" in text_of(network.get(LIST).text)
    assert "Wasserkreislauf" in text_of(borken.get("/borken/verwaltung/lizenzen").text)
    late = send(borken, "/konto", f"{asked}/{number}", dabei="nein")
    assert "kann nicht mehr geantwortet werden" in text_of(late.text) or late.status_code == 422
    with net.hub.db.read() as session:
        told = session.scalars(
            sa.select(AuditEntry.action).where(AuditEntry.site_key == "borken")
        ).all()
        assert told.count("grants.add") == 1
        last = session.scalars(sa.select(EnteredGrant.valid_until)).first()
        assert last == now().date() + timedelta(days=365), "half open"
    step(network, page, "undo")
    assert granted(net) == []
    assert "Zentren werden gefragt" in text_of(network.get(page).text)


def test_what_is_typed_wrongly_is_said_and_nothing_is_kept(
    net: Network, network: FlaskClient
) -> None:
    wrong = send(
        network, LIST, LIST,
        **typed(medium="123", anbieter=" ", preis="12,345", rabatt="viel", bis_jahr="2020"),
    )  # fmt: skip
    assert wrong.status_code == 422
    for field in ("medium", "anbieter", "preis", "rabatt", "bis"):
        assert f'href="#{field}"' in wrong.text, field
    assert 'value="12,345"' in wrong.text
    with net.hub.db.read() as session:
        assert session.scalars(sa.select(JointPurchase)).all() == []


@pytest.mark.parametrize("price", ["120.50", "99.9", "1.2.3", "12.34,5", "0", "100.000,01", "1,"])
def test_a_price_that_may_mean_two_things_is_refused(network: FlaskClient, price: str) -> None:
    wrong = send(network, LIST, LIST, **typed(preis=price, rabatt="0: 10"))
    assert 'href="#preis"' in wrong.text
    assert 'href="#rabatt"' in wrong.text, "from no centre on"


def asked_for(net: Network) -> int:
    with net.hub.db.write() as session:
        row = JointPurchase(
            key="nr:1", title="Film", supplier="x", cents=100, steps=[], state="asked",
            answer_by=now().date() + timedelta(days=9),
        )  # fmt: skip
        session.add(row)
        session.flush()
        purchases.answer(session, row, "borken", True, "", now().date())
        return row.id


def test_two_who_buy_at_once_and_one_who_answers_meanwhile(net: Network) -> None:
    number, together = asked_for(net), threading.Barrier(3, timeout=10)

    def buy() -> str:
        together.wait()
        with net.hub.db.write() as session:
            row = purchases.find(session, number, to_change=True)
            assert row is not None
            purchases.take(session, row, purchases.Step.BUY, "test", now())
        return "bought"

    def answer() -> str:
        together.wait()
        try:
            with net.hub.db.write() as session:
                row = purchases.find(session, number, to_change=True)
                assert row is not None
                purchases.answer(session, row, "coesfeld", True, "", now().date())
        except purchases.NotNow:
            return "too late"
        return "answered"

    with ThreadPoolExecutor(3) as threads:
        done = [threads.submit(one) for one in (buy, buy, answer)]
        told = [one.result() for one in done]
    assert told[:2] == ["bought", "bought"]
    with net.hub.db.read() as session:
        part = purchases.taking_part(session)[number]
    assert [site for _, site in granted(net)] == part, "who takes part has the licence"
    assert ("coesfeld" in part) is (told[2] == "answered")


def test_a_number_that_can_be_none_is_not_found(network: FlaskClient) -> None:
    for number in (0, 2**31, 2**63):
        assert network.get(f"{LIST}/{number}").status_code == 404


def test_only_centres_that_are_asked_answer_in_time(net: Network, app: Flask) -> None:
    today = now().date()
    with net.hub.db.write() as session:
        row = JointPurchase(
            key="nr:1", title="Film", supplier="x", cents=100, steps=[], state="asked",
            answer_by=today - timedelta(days=1),
        )  # fmt: skip
        session.add(row)
        session.flush()
        for site, day in (("borken", today), ("lvr", today - timedelta(days=1))):
            with pytest.raises(purchases.NotNow):
                purchases.answer(session, row, site, True, "", day)
        assert session.scalars(sa.select(PurchaseAnswer)).all() == []
        number = row.id
    foreign = admin(net, app, "borken")
    assert foreign.get("/coesfeld/verwaltung/einkauf").status_code == 404
    assert foreign.get(f"{LIST}/{number}").status_code == 404


@given(
    st.integers(1, 10_000_000),
    st.lists(st.tuples(st.integers(1, 53), st.integers(0, 99)), max_size=5),
    st.integers(0, 53),
)
def test_prices_are_whole_cents_and_never_above_the_list(
    cents: int, steps: list[tuple[int, int]], centres: int
) -> None:
    found = purchases.price(cents, steps, centres)
    assert found.total == found.each * centres
    assert abs(found.each * 100 - cents * (100 - found.percent)) <= 50
    more = purchases.price(cents, steps, centres + 1)
    assert more.each <= found.each <= cents
