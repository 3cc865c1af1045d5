"""Licences that allow so many uses at the same time: counted, also where many ask at once."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from hub import models
from hub.app import create_app
from hub.catalogue import access, grants, offers, seats
from hub.catalogue.reader import Reader
from hub.catalogue.seats import AllTaken
from hub.errors import Unavailable
from hub.formats import odrl
from hub.identity.actor import Role
from hub.models.base import now
from hub.records import AccessMode, Scope
from tests.hub.catalogue.test_grants import FILM, TODAY, policy
from tests.hub.formats.test_odrl import AREA, condition
from tests.hub.web.test_pages import text_of
from tests.identities import log_in
from tests.pages import borken, filled_network, medium, offer_id, take_in
from tests.sources import Network

TEACHER = Reader(sites=frozenset({"borken"}), members=frozenset({"borken"}))
ADDRESS = "https://medien.example/film"


@pytest.fixture
def net(database_url: str, tmp_path: Path) -> Iterator[Network]:
    with filled_network(database_url, tmp_path / "config") as filled:
        film = medium(
            "licensed",
            FILM.title,
            access=AccessMode.LICENSED,
            identifiers=FILM.identifiers,
            grants=FILM.grants,
            url=ADDRESS,
        )
        take_in(filled, "borken", [*borken(TODAY), film])
        yield filled


def allow(net: Network, places: str, operator: str = "lteq") -> None:
    """A policy by which the users of Borken may open the film, so many at the same time."""
    limits = [condition("spatial", "eq", AREA), condition("concurrentUses", operator, places)]
    document = json.dumps([policy(constraint=limits)])
    with net.hub.db.write() as session:
        (line,) = grants.take_in(
            session, odrl.read(document), {AREA: "borken"}, actor="test", origin="x.json"
        )
    assert (line.entered, line.problems) == (1, ())


def take(net: Network, mark: str = "", later: timedelta = timedelta()) -> str:
    with net.hub.db.write() as session:
        detail = offers.offer(session, offer_id(net, "licensed"))
        assert detail is not None
        place = seats.take(session, detail.offer, TEACHER, TODAY, now() + later, mark)
        return place.mark if place else ""


def test_of_many_at_once_as_many_open_it_as_may(net: Network) -> None:
    allow(net, "3")
    outcomes: list[str] = []

    def try_it() -> None:
        try:
            outcomes.append("opened" if take(net) else "free")
        except AllTaken as full:
            outcomes.append(f"of {full.places}, until {full.free_at and full.free_at > now()}")

    threads = [threading.Thread(target=try_it) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes) == ["of 3, until True"] * 7 + ["opened"] * 3


def test_a_place_is_kept_given_back_and_over_in_time(net: Network) -> None:
    allow(net, "2", "lt")
    mark = take(net)
    assert take(net, mark) == mark, "opened again, it is the same use"
    with pytest.raises(AllTaken):
        take(net, "another")
    allow(net, "1")  # the policy taken in again keeps the uses that run
    with pytest.raises(AllTaken):
        take(net)
    again = take(net, later=seats.HELD)
    assert again not in ("", mark)
    with net.hub.db.write() as session:
        assert session.scalar(sa.select(sa.func.count(models.RunningUse.id))) == 1, "none is left"
        seats.leave(session, again)
    columns = {column.name for column in models.RunningUse.__table__.columns}
    assert columns == {"id", "policy", "key", "pool", "mark", "until"}, "nothing of the person"
    with net.hub.db.write() as session:
        grants.enter(session, "FWU-05522333", Scope.SITE, "borken", actor="test")
    assert take(net) == "", "by a licence without a limit nothing is counted"


def test_the_next_one_is_told_when_a_place_becomes_free(net: Network) -> None:
    allow(net, "1")
    number = offer_id(net, "licensed")
    first, second = (create_app(net.hub).test_client() for _ in range(2))
    for client in (first, second):
        log_in(client, net.hub, Role.TEACHER, "borken")
    assert "eine Nutzung zur selben Zeit" in text_of(first.get(f"/angebot/{number}").text)
    for _ in range(2):
        assert first.get(f"/oeffnen/{number}").status_code == 200
        opened = first.get(f"/oeffnen/{number}/weiter")
        assert (opened.status_code, opened.headers["Location"]) == (303, ADDRESS)
        assert f"Path=/oeffnen/{number}" in opened.headers["Set-Cookie"]
        assert "HttpOnly" in opened.headers["Set-Cookie"]
    for page in (f"/oeffnen/{number}", f"/oeffnen/{number}/weiter"):
        told = second.get(page)
        assert told.status_code == 409
        assert "Location" not in told.headers
        assert 0 < int(told.headers["Retry-After"]) <= seats.HELD.total_seconds()
        assert "Der nächste Platz ist spätestens ab" in text_of(told.text)
    for page in (f"/angebot/{number}", "/suche?q=Film"):
        assert "Der einzige Platz ist belegt" in text_of(second.get(page).text), page
    with net.hub.db.write() as session:
        session.execute(sa.update(models.RunningUse).values(until=now()))
    assert second.get(f"/oeffnen/{number}/weiter").status_code == 303


def test_what_could_not_be_opened_takes_no_place(
    net: Network, monkeypatch: pytest.MonkeyPatch
) -> None:

    def broken(*_: object) -> str:
        raise Unavailable("down")

    allow(net, "1")
    client: FlaskClient = create_app(net.hub).test_client()
    log_in(client, net.hub, Role.TEACHER, "borken")
    monkeypatch.setattr(access, "resolve", broken)
    assert client.get(f"/oeffnen/{offer_id(net, 'licensed')}/weiter").status_code == 503
    assert take(net)
