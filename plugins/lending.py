"""Lending of devices and of media on carriers, kept in the hub's own ledger."""

from __future__ import annotations

from hub.booking.keeping import LedgerPlugin


class Lending(LedgerPlugin):
    """Models with a number of pieces, lent for whole days."""

    name = "lending"
    title = {"de": "Verleih", "en": "Lending"}
    description = {
        "de": "Geräte, Klassensätze und Medien auf Datenträgern: buchen, ausgeben, zurücknehmen.",
        "en": "Devices, class sets and media on carriers: book, hand out, take back.",
    }
