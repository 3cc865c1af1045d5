"""“Buchen”: what is free in a time, across the centres."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from hub.booking import dates
from hub.identity.actor import Role
from hub.models import BookingRules
from hub.records import Kind
from tests.bookings import SITE, offer, open_day, wish
from tests.hub.web.test_booking import book
from tests.hub.web.test_pages import text_of
from tests.identities import log_in
from tests.sources import Network


def ask(client: FlaskClient, first: date, last: date | None = None, **more: Any) -> Any:
    typed = {"art": "device", "suchen": "1", **dates.fields("beginn", first), **more}
    if last is not None:
        typed |= dates.fields("ende", last)
    return client.get("/buchen", query_string=typed)


def test_what_is_taken_is_not_shown_and_the_way_to_book_keeps_the_time(
    net: Network, client: FlaskClient
) -> None:
    cases = offer(net, capacity=1, title="Tablet-Koffer")
    offer(net, capacity=3, title="Beamer")
    first, last = open_day(net, 30), open_day(net, 33)
    shown = ask(client, first, last)
    assert "2 Angebote sind frei" in text_of(shown.text)
    assert "00:00" not in shown.text, "whole days are told as days"
    assert "3 von 3 frei" in text_of(shown.text)
    assert "Set-Cookie" not in shown.headers
    log_in(client, net.hub, Role.TEACHER, SITE)
    with net.hub.db.write() as session:
        rules = {"approval": False}
        session.add(BookingRules(site_key=SITE, kind="", borrower="private", overrides=rules))
    book(client, cases, wish(last, last))
    shown = ask(client, first, last)
    assert "1 Angebot ist frei" in text_of(shown.text)
    assert "Tablet-Koffer" not in shown.text
    link = shown.text.split('href="/angebot/')[1].split('"')[0].replace("&amp;", "&")
    booking = client.get("/angebot/" + link)
    assert f'name="ende_tag" value="{last.day}"' in booking.text
    assert "2 Angebote sind frei" in text_of(ask(client, first, first).text)


def test_word_number_and_centre_narrow_it(net: Network, client: FlaskClient) -> None:
    for title, capacity in (("Tablet-Koffer", 2), ("Tablet 100 %", 9), ("Beamer", 1)):
        offer(net, capacity=capacity, title=title)
    day = open_day(net, 30)
    assert "2 Angebote" in text_of(ask(client, day, day, q="tablet").text)
    assert "1 Angebot ist" in text_of(ask(client, day, day, q="100 %").text)
    assert "1 Angebot ist" in text_of(ask(client, day, day, anzahl="3").text)
    assert "3 Angebote" in text_of(ask(client, day, day, zentrum=SITE).text)
    nothing = text_of(ask(client, day, day, zentrum="coesfeld").text)
    assert "0 Angebote" in nothing
    assert "Versuchen Sie eine andere Zeit" in nothing


def test_rooms_are_free_by_the_hour(net: Network, client: FlaskClient) -> None:
    offer(net, Kind.ROOM, 1, "MediaLab")
    day = open_day(net, 30)
    shown = ask(client, day, art="room", von="9:00", bis="11:00")
    assert "1 Angebot ist frei" in text_of(shown.text)


def test_a_centre_that_is_closed_then_is_named_last(net: Network, client: FlaskClient) -> None:
    offer(net, capacity=1)
    day = open_day(net, 30)
    saturday = day + timedelta(days=(5 - day.weekday()) % 7)
    told = text_of(ask(client, saturday, saturday).text)
    assert "am ersten oder letzten Tag geschlossen" in told


@pytest.mark.parametrize(
    "typed",
    [
        {"ende_jahr": "9999", "ende_monat": "12", "ende_tag": "31"},
        {"beginn_jahr": "1970"},
        {"beginn_jahr": "2020", "ende_jahr": "2020"},
        {"anzahl": "0"},
        {"anzahl": "x"},
        {"beginn_tag": ""},
    ],
)
def test_what_cannot_be_is_said_at_its_field(
    net: Network, client: FlaskClient, typed: dict[str, str]
) -> None:
    day = open_day(net, 30)
    right = {"suchen": "1", **dates.fields("beginn", day), **dates.fields("ende", day)}
    answer = client.get("/buchen", query_string={**right, **typed})
    assert answer.status_code == 422
    assert "-error" in answer.text


def test_the_number_of_statements_does_not_grow(net: Network, client: FlaskClient) -> None:
    day = open_day(net, 30)

    def statements() -> int:
        count = 0

        def seen(*_: Any) -> None:
            nonlocal count
            count += 1

        sa.event.listen(net.hub.db.engine, "before_cursor_execute", seen)
        try:
            assert ask(client, day, day).status_code == 200
        finally:
            sa.event.remove(net.hub.db.engine, "before_cursor_execute", seen)
        return count

    def fewest() -> int:
        """Now and then a request also looks whether the sites have changed."""
        return min(statements() for _ in range(3))

    offer(net, title="Gerät 0")
    before = fewest()
    for number in range(1, 12):
        offer(net, title=f"Gerät {number}")
    assert fewest() == before
