"""What is agreed upon rather than lent: consulting, projects, parents' evenings, media scouts."""

from __future__ import annotations

from pathlib import Path

from hub import PersonalData
from hub.booking.keeping import LedgerPlugin
from plugins.requests import offers, stage_pages  # noqa: F401 - their pages
from plugins.requests.pages import pages


class Requests(LedgerPlugin):
    """Requests with wished dates; nothing limits their number but the staff."""

    name = "requests"
    title = {"de": "Anfragen", "en": "Requests"}
    description = {
        "de": "Medienkonzept-Beratung, Projekte, Elternabende und Medienscouts anfragen.",
        "en": "Ask for consulting, projects, parents' evenings and media scouts.",
    }
    personal_data = (
        *LedgerPlugin.personal_data,
        PersonalData(
            what={
                "de": "Nachrichten zu Anfragen, Notizen und Antworten des Teams",
                "en": "messages about requests, notes and answers of the staff",
            },
            purpose={"de": "Bearbeitung der Anfrage", "en": "handling the request"},
            retention={
                "de": "12 Monate nach dem Ende der Anfrage",
                "en": "12 months after the request ended",
            },
        ),
    )
    blueprint = pages
    translations = Path(__file__).parent / "translations"
