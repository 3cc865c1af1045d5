"""Runs the stand-in for pretix within the test, with a series of two trainings."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.standins.pretix_server import Books, Handler
from connectors.standins.serving import Listener

TOKEN = "geheimes token 51"
SERIES = "kurse"


def events(seats: int = 3) -> list[dict[str, Any]]:
    """A series with three dates, one of which has no end, and an event with two products."""
    start = datetime.now(UTC).replace(hour=13, minute=30, second=0, microsecond=0)

    def date(number: int, days: int, **more: Any) -> dict[str, Any]:
        begin = start + timedelta(days=days)
        end = (begin + timedelta(hours=3)).isoformat()
        return {
            "id": number,
            "name": {"de": f"Trickfilm {number}", "en": f"Stop motion {number}"},
            "date_from": begin.isoformat(),
            "date_to": end,
            "active": True,
            "is_public": True,
            "location": {"de": "Medienzentrum, Raum 2"},
            "frontpage_text": {"de": "<p>Mit dem <b>Tablet</b>.</p>"},
            **more,
        }

    def item(number: int, name: str, **more: Any) -> dict[str, Any]:
        plain = {"active": True, "admission": True, "has_variations": False}
        return {
            "id": number, "name": {"de": name}, "default_price": "0.00", "description": None,
            **plain, **more,
        }  # fmt: skip

    def quota(number: int, date: int | None, size: int | None, *items: int) -> dict[str, Any]:
        return {
            "id": number, "name": f"Plätze {number}", "size": size, "items": list(items),
            "variations": [], "subevent": date,
        }  # fmt: skip

    event = {
        "slug": SERIES,
        "name": {"de": "Kurse"},
        "live": True,
        "currency": "EUR",
        "has_subevents": True,
    }
    single = {**event, **date(0, 60), "slug": "tagung", "has_subevents": False}
    return [
        {
            "event": event,
            "items": [item(1, "Teilnahme"), item(2, "Mittagessen", admission=False)],
            "subevents": [date(11, 40), date(12, 47), date(13, 54, date_to=None)],
            "quotas": [quota(1, 11, seats, 1), quota(2, 12, seats, 1), quota(3, 11, None, 1)],
        },
        {
            "event": {**single, "name": {"de": "Medientagung"}},
            "items": [
                item(1, "Vor Ort", default_price="12.00"),
                item(2, "Online"),
                item(3, "Mit Größe", has_variations=True),
            ],
            "subevents": [],
            "quotas": [quota(1, None, 5, 1, 3), quota(2, None, None, 2)],
        },
    ]


@contextmanager
def running(books: Books) -> Iterator[str]:
    """The base address of a server with these books."""
    handler = type("Account", (Handler,), {"books": books})
    with Listener(("127.0.0.1", 0), handler) as listener:
        thread = threading.Thread(target=listener.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.server_port}/"
        finally:
            listener.shutdown()
            thread.join(10)
