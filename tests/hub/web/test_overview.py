"""The page of a centre's staff: what waits, and the way to everything they may open."""

from __future__ import annotations

import re
import tomllib
from datetime import time, timedelta
from html import unescape
from pathlib import Path

import sqlalchemy as sa
from flask.testing import FlaskClient

from hub.booking import progress
from hub.booking.intervals import Stretch
from hub.identity.actor import Role
from hub.models import Bookable, Booking
from hub.models.base import now
from hub.web.places import places
from tests.bookings import SITE, calendar, offer
from tests.hub.web.test_pages import text_of
from tests.identities import log_in
from tests.sources import Network

PAGE = "/borken/verwaltung"
ROUTES = Path(__file__).with_name("routes.toml")


def links(client: FlaskClient) -> list[str]:
    main = client.get(PAGE).text.partition("<main")[2].partition("</main>")[0]
    return [unescape(found) for found in re.findall(r'href="([^"]+)"', main)]


def test_every_place_is_listed_for_who_may_open_it(client: FlaskClient, net: Network) -> None:
    permission = tomllib.loads(ROUTES.read_text())["permission"]
    with client.application.test_request_context():
        listed = [one for _, group in places() for one in group]
    named = {one.endpoint: one.action for one in listed if one.endpoint in permission}
    assert named == {name: permission[name] for name in named}
    assert len(named) >= len(listed) - 1, "all but the page for embedding, which is public"
    opened: dict[Role, list[str]] = {}
    for role in (Role.STAFF, Role.SITE_ADMIN):
        log_in(client, net.hub, role, "borken")
        opened[role] = links(client)
        assert {client.get(one).status_code for one in opened[role]} == {200}
    more = {*opened[Role.SITE_ADMIN]} - {*opened[Role.STAFF]}
    assert "/borken/verwaltung/protokoll" in more
    assert "/borken/verwaltung/lizenzen" in more
    assert not {*opened[Role.STAFF]} - {*opened[Role.SITE_ADMIN]}
    assert client.get("/coesfeld/verwaltung").status_code == 404


def test_it_counts_what_waits(client: FlaskClient, net: Network) -> None:
    who = log_in(client, net.hub, Role.STAFF, SITE)
    assert "Nichts wartet" in text_of(client.get(PAGE).text)
    offer(net, capacity=99)
    the = calendar(net)
    noon = the.at(the.day(now()), time(12))
    day = timedelta(days=1)
    with net.hub.db.write() as session:
        one = session.scalars(sa.select(Bookable)).one()
        for number, (first, last, states) in enumerate([
            (-9 * day, -2 * day, ("confirmed", "handed_out")),
            (-8 * day, -1 * day, ("confirmed", "handed_out")),
            (-3 * day, 0 * day, ("confirmed", "handed_out")),
            (-3 * day, 1 * day, ("confirmed", "handed_out")),
            (0 * day, 5 * day, ("confirmed",)),
            (1 * day, 5 * day, ("confirmed",)),
            (2 * day, 5 * day, ()),
        ]):  # fmt: skip
            time_ = Stretch(noon + first, noon + last)
            entry = progress.Entry(
                SITE, "lending", one.id, one.kind, one.title, time_, person_id=who
            )
            made, _ = progress.enter(session, entry, f"k{number}", "", time_.start - day)
            for state in states:
                progress.advance(session, session.get_one(Booking, made), state, "", time_.start)
    shown = text_of(client.get(PAGE).text)
    for told in (
        "1 Buchung zu entscheiden",
        "2 Ausleihen überfällig",
        "1 Rückgabe heute fällig",
        "1 Buchung auszugeben oder heute",
    ):
        assert told in shown
    assert "Verbindung" not in shown
