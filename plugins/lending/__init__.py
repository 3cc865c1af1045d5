"""Lending of devices and of media on carriers, kept in the hub's own ledger."""

from __future__ import annotations

from pathlib import Path

from hub.booking.keeping import LedgerPlugin
from plugins.lending import label_pages, table_pages
from plugins.lending.pages import pages

MORE_VIEWS = (label_pages, table_pages)
"""Modules that put their views into the blueprint."""


class Lending(LedgerPlugin):
    """Models with a number of pieces, lent for whole days."""

    name = "lending"
    title = {"de": "Verleih", "en": "Lending"}
    description = {
        "de": "Geräte, Klassensätze und Medien auf Datenträgern: buchen, ausgeben, zurücknehmen.",
        "en": "Devices, class sets and media on carriers: book, hand out, take back.",
    }
    blueprint = pages
    translations = Path(__file__).parent / "translations"
