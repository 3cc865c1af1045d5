"""What is agreed upon rather than lent: consulting, projects, parents' evenings, media scouts."""

from __future__ import annotations

from hub.booking.keeping import LedgerPlugin


class Requests(LedgerPlugin):
    """Requests with wished dates; nothing limits their number but the staff."""

    name = "requests"
    title = {"de": "Anfragen", "en": "Requests"}
    description = {
        "de": "Medienkonzept-Beratung, Projekte, Elternabende und Medienscouts anfragen.",
        "en": "Ask for consulting, projects, parents' evenings and media scouts.",
    }
