"""The rules of a centre hold for rooms in a calendar too: when they are booked and when moved."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from hub.identity.actor import Role
from hub.models import BookingRules
from hub.records import Kind
from tests.bookings import SITE, bookings, open_day, wish
from tests.hub.web.test_booking import ANSWERS, book, page
from tests.hub.web.test_pages import text_of
from tests.identities import log_in, send
from tests.plugins.test_caldav import client, folder, net, number, server
from tests.servers.caldav import events
from tests.sources import Network

__all__ = ["client", "folder", "net", "number", "server"]

ROOM = ANSWERS[Kind.ROOM] | {"frage_group": "18"}
"""The MediaLab holds 20."""


def rule(net: Network, **said: Any) -> None:
    with net.hub.db.write() as session:
        session.merge(BookingRules(site_key=SITE, kind="room", borrower="", overrides=said))


def typed(day: date, **hours: str) -> dict[str, Any]:
    return {**wish(day), "anzahl": "1", "weiter": "1", "von": "9:00", "bis": "12", **hours}


RULES: list[tuple[dict[str, Any], dict[str, str], str]] = [
    ({"lead": 200}, {}, "200 Öffnungstage"),
    ({"furthest": 20}, {}, "20 Tage im Voraus"),
    ({"allowed": False}, {}, "nicht"),
    ({"most_open": 0}, {}, "offene Buchungen"),
    ({}, {"von": "3:00", "bis": "4:00"}, "geöffnet"),
]


@pytest.mark.parametrize(("said", "hours", "told"), RULES)
def test_a_rule_says_no_to_a_room_that_is_booked_or_moved(
    net: Network,
    client: FlaskClient,
    number: int,
    folder: Path,
    said: dict[str, Any],
    hours: dict[str, str],
    told: str,
) -> None:
    log_in(client, net.hub, Role.TEACHER, SITE)
    answer = book(client, number, typed(open_day(net, 30)), **ROOM)
    assert answer.status_code == 303, text_of(answer.text)
    (made,) = bookings(net)
    mine = f"/meine-buchungen/{made.reference}"
    rule(net, **said)
    refused = send(client, f"{mine}/aendern", **typed(open_day(net, 33), **hours))
    assert refused.status_code == 422
    assert told in text_of(refused.text)
    assert told in text_of(page(client, number, typed(open_day(net, 34), **hours)).text)
    assert bookings(net)[0].starts_at == made.starts_at
    assert len(events(folder)) == 1
