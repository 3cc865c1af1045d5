"""What is agreed upon rather than lent: consulting, projects, parents' evenings, media scouts."""

from __future__ import annotations

from pathlib import Path

import marshmallow as ma

from hub import Config, PersonalData
from hub.booking.keeping import LedgerPlugin
from hub.booking.reply_addresses import check
from plugins.common import about
from plugins.requests import offers, stage_pages  # noqa: F401 - their pages
from plugins.requests.pages import pages


def _tagged(typed: str) -> None:
    problem = check(typed) if typed else ""
    if problem:
        raise ma.ValidationError(problem)


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

    class Config(Config):
        """Where answers to the mails of this site's requests go."""

        reply_address = ma.fields.String(
            load_default="",
            validate=_tagged,
            metadata=about(
                "Adresse für Antworten per E-Mail",
                "Address for answers by mail",
                "Leer: die Adresse des Hubs. Eine eigene muss Zusätze hinter + annehmen und an das "
                "Postfach des Hubs weiterleiten.",
                "Empty: the hub's address. One of your own has to take tags behind a + and to "
                "forward to the hub's mailbox.",
            ),
        )

    blueprint = pages
    translations = Path(__file__).parent / "translations"
