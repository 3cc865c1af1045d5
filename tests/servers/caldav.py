"""Runs the stand-in for a CalDAV server within the test, and puts events into its calendars."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from icalendar import Calendar

from connectors.standins.caldav_server import Handler
from connectors.standins.serving import Listener

ROOM = "medialab"


@contextmanager
def running(folder: Path, **attributes: Any) -> Iterator[str]:
    """The base address of a server whose one calendar, `ROOM`, lies in the folder."""
    (folder / ROOM).mkdir(parents=True, exist_ok=True)
    handler = type("Calendars", (Handler,), {"folder": folder, **attributes})
    with Listener(("127.0.0.1", 0), handler) as listener:
        thread = threading.Thread(target=listener.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.server_port}/"
        finally:
            listener.shutdown()
            thread.join(10)


def put(folder: Path, name: str, *lines: str) -> Path:
    """An event that somebody made there, by the lines of its VEVENT without its UID."""
    return write(folder / ROOM / f"{name}.ics", f"UID:{name}", *lines)


def write(file: Path, *lines: str) -> Path:
    whole = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test", "BEGIN:VEVENT")
    end = ("END:VEVENT", "END:VCALENDAR", "")
    file.write_bytes("\r\n".join((*whole, "DTSTAMP:20270101T000000Z", *lines, *end)).encode())
    return file


def utc(name: str, moment: datetime) -> str:
    """A line with a moment."""
    return f"{name}:{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def events(folder: Path) -> list[Any]:
    """All events of the calendar."""
    files = sorted((folder / ROOM).glob("*.ics"))
    return [
        event for file in files for event in Calendar.from_ical(file.read_bytes()).walk("VEVENT")
    ]
