"""Rooms of a centre, booked by the hour, kept in the hub's own ledger."""

from __future__ import annotations

from hub.booking.keeping import LedgerPlugin


class Rooms(LedgerPlugin):
    """MediaLabs, LearnLabs, Makerspaces, digital classrooms, training rooms."""

    name = "rooms"
    title = {"de": "Räume", "en": "Rooms"}
    description = {
        "de": "MediaLab, LearnLab, Makerspace und Schulungsräume stundenweise buchen.",
        "en": "Book MediaLab, LearnLab, Makerspace and training rooms by the hour.",
    }
