"""Words that found nothing are counted without anybody behind them, and shown once many."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from hub.identity import retention
from hub.identity.actor import Role
from hub.models import EmptySearch
from hub.models.base import now
from hub.network import missed
from tests.hub.web.test_pages import text_of
from tests.identities import log_in
from tests.sources import Network


def search(client: FlaskClient, text: str, times: int, days: int) -> None:
    for number in range(times):
        with time_machine.travel(now() - timedelta(days=number % days)):
            assert client.get("/suche", query_string={"q": text}).status_code == 200


def test_what_many_days_ask_for_in_vain_is_told(
    net: Network, app: Flask, client: FlaskClient
) -> None:
    anybody = app.test_client()
    log_in(client, net.hub, Role.TEACHER, "borken")
    search(client, " Quanten  VERSCHRÄNKUNG", missed.SMALLEST, missed.LEAST_DAYS)
    search(anybody, "quanten verschränkung", 2, 1)
    search(anybody, "xylophonbau", missed.SMALLEST, missed.LEAST_DAYS - 1)
    search(anybody, "xylophonkurs", missed.SMALLEST - 1, missed.LEAST_DAYS)
    search(client, "wasser", missed.SMALLEST, missed.LEAST_DAYS)
    client.get("/suche?q=xylophon&art=device")
    log_in(client, net.hub, Role.STAFF, "borken")
    page = "/borken/verwaltung/vergeblich"
    shown = text_of(client.get(page).text)
    assert "quanten verschränkung 5 3" in shown
    assert client.get(f"{page}.csv").text.count("quanten verschränkung") == 1
    assert client.get(f"{page}.exe").status_code == 404
    assert client.get("/netz/vergeblich").status_code == 404
    log_in(client, net.hub, Role.STATE_ANALYST)
    shown = text_of(client.get("/netz/vergeblich").text)
    assert "quanten verschränkung 7 3" in shown
    assert "xylophon" not in shown
    assert "wasser " not in shown
    with net.hub.db.read() as session:
        assert not session.scalar(
            sa.select(sa.func.count()).where(EmptySearch.words.in_(("wasser", "xylophon")))
        )
        kept = {*session.scalars(sa.select(EmptySearch.id))}
        late = now() + missed.KEPT + timedelta(days=1)
        assert {*session.scalars(dict(retention.old(late))[EmptySearch])} == kept
        assert session.scalars(dict(retention.old(now()))[EmptySearch]).all() == []


@pytest.mark.parametrize(
    "text", ["ada@schule.example", "0281 47110815", "0171 234-56", "0281/4 7 1", "xy", "ä" * 81]
)
def test_what_may_mean_a_person_is_not_kept(net: Network, client: FlaskClient, text: str) -> None:
    search(client, text, 1, 1)
    with net.hub.db.read() as session:
        assert session.scalars(sa.select(EmptySearch.words)).all() == []
