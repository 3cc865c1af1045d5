"""Rooms of a centre, booked by the hour, kept in the hub's own ledger."""

from __future__ import annotations

from pathlib import Path

from hub.booking.keeping import LedgerPlugin
from plugins.rooms.pages import pages


class Rooms(LedgerPlugin):
    """MediaLabs, LearnLabs, Makerspaces, digital classrooms, training rooms."""

    name = "rooms"
    title = {"de": "Räume", "en": "Rooms"}
    description = {
        "de": "MediaLab, LearnLab, Makerspace und Schulungsräume stundenweise buchen.",
        "en": "Book MediaLab, LearnLab, Makerspace and training rooms by the hour.",
    }
    blueprint = pages
    translations = Path(__file__).parent / "translations"
