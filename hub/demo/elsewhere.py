"""What stands in the systems that keep bookings for a centre: a room's calendar and a shop of
courses, served by the stand-ins for CalDAV and pretix."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event

ZONE = ZoneInfo("Europe/Berlin")
ROOM = "videostudio"
TOKEN = "demonstration-of-the-hub"  # nosec B105: opens the stand-in of the demonstration only
SERIES = "ki-werkstatt"
_TAKEN = (
    (1, 9, 12, "Schulradio der Gesamtschule"),
    (3, 13, 16, "Wartung der Lichtanlage"),
    (8, 9, 15, "Erklärvideo-Tag der Realschule"),
    (15, 10, 13, "Dreh der Video-AG"),
)
"""Days after the Monday, first and last hour, and what is entered in the calendar there."""
_COURSES = (
    (11, 22, "Texte prüfen, die eine KI geschrieben hat", 14),
    (12, 36, "Bilder erzeugen und erkennen", 14),
    (13, 57, "Eigene Aufgaben mit KI entwerfen", 2),
)
"""Number, days after the Monday, title and seats."""


def calendar(monday: date) -> dict[str, bytes]:
    """What is entered in the calendar of the room by other hands, by file."""
    return {
        f"calendars/{ROOM}/belegung-{number}.ics": _entry(
            number, monday + timedelta(days), first, last, title
        )
        for number, (days, first, last, title) in enumerate(_TAKEN, 1)
    }


def _entry(number: int, day: date, first: int, last: int, title: str) -> bytes:
    event = Event()
    event.add("uid", f"belegung-{number}@demo")
    event.add("dtstamp", datetime.combine(day, time(0), UTC))
    event.add("dtstart", datetime.combine(day, time(first), ZONE).astimezone(UTC))
    event.add("dtend", datetime.combine(day, time(last), ZONE).astimezone(UTC))
    event.add("summary", title)
    document = Calendar()
    document.add("prodid", "-//Medienverbund NRW//Demo//DE")
    document.add("version", "2.0")
    document.add_component(event)
    return bytes(document.to_ical())


def shop(monday: date) -> bytes:
    """A series of courses as pretix has it, with seats for each date."""
    series = {
        "slug": SERIES,
        "name": {"de": "KI-Werkstatt"},
        "live": True,
        "currency": "EUR",
        "has_subevents": True,
    }
    item = {
        "id": 1,
        "name": {"de": "Teilnahme"},
        "default_price": "0.00",
        "description": None,
        "active": True,
        "admission": True,
        "has_variations": False,
    }
    quotas = [
        {
            "id": number,
            "name": "Plätze",
            "size": seats,
            "items": [1],
            "variations": [],
            "subevent": number,
        }
        for number, _, _, seats in _COURSES
    ]
    dates = list(_dates(monday))
    events = [{"event": series, "items": [item], "subevents": dates, "quotas": quotas}]
    return json.dumps({"events": events}, ensure_ascii=False, indent=1).encode()


def _dates(monday: date) -> Iterator[dict[str, Any]]:
    for number, days, title, _ in _COURSES:
        begin = datetime.combine(monday + timedelta(days), time(14, 30), ZONE)
        yield {
            "id": number,
            "name": {"de": f"KI-Werkstatt: {title}"},
            "date_from": begin.isoformat(),
            "date_to": (begin + timedelta(hours=3)).isoformat(),
            "active": True,
            "is_public": True,
            "location": {"de": "Medienzentrum, Kursraum 2"},
            "frontpage_text": {
                "de": "<p>Ein Nachmittag zum Ausprobieren, mit Beispielen für <b>zwei Fächer</b>. "
                "Bringen Sie Ihr Dienstgerät mit.</p>"
            },
        }
