"""Trainings of a centre: courses with a date and seats, kept in the hub's own ledger."""

from __future__ import annotations

from pathlib import Path

from hub.booking.keeping import LedgerPlugin
from plugins.trainings.pages import pages


class Trainings(LedgerPlugin):
    """Courses whose seats are booked; the time is the course's."""

    name = "trainings"
    title = {"de": "Fortbildungen", "en": "Trainings"}
    description = {
        "de": "Termine mit Plätzen, Anmeldung und Teilnahme.",
        "en": "Dates with seats, registration and attendance.",
    }
    blueprint = pages
    translations = Path(__file__).parent / "translations"
