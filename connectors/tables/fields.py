"""The fields that an inventory can fill, and the headers under which people keep them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rapidfuzz import fuzz

from connectors.tables import cells
from connectors.tables.model import Cell

SURE = 88
"""From this likeness (0 to 100) on a misspelt header is taken for the one it resembles."""


def _line(cell: Cell) -> str:
    return cells.text(cell)


def _list(cell: Cell) -> tuple[str, ...]:
    """Entries between semicolons or line ends, or, where neither is there, between commas."""
    parts = re.split(r"[;\n|]", cells.text(cell))
    if len(parts) == 1:
        parts = parts[0].split(",")
    return tuple(part for part in (part.strip() for part in parts) if part)


@dataclass(frozen=True, slots=True)
class Field:
    """How a field's cells are read, and its headers, the surest first."""

    read: Callable[[Cell], Any]
    headers: tuple[str, ...]
    plain: bool = False
    """Text in which `-` or `?` is text too, not a sign for nothing."""


def _field(read: Callable[[Cell], Any], headers: str, *, plain: bool = False) -> Field:
    return Field(read, tuple(header.strip() for header in headers.split(",")), plain)


FIELDS: Mapping[str, Field] = {
    "source_id": _field(
        _line,
        "Inventarnummer, Inventarnr, Inv-Nr, Inventar-Nr, Kennung, Schlüssel, Kursnummer, Kurs-Nr, "
        "Veranstaltungsnummer, Angebotsnummer, Gerätenummer, Raumnummer, Barcode, ID, Code, "
        "Identifier, Key, Asset tag, Nummer, Number",
    ),
    "title": _field(
        _line,
        "Titel, Bezeichnung, Title, Name, Gerätebezeichnung, Gerätename, Raumname, "
        "Raumbezeichnung, Kurstitel, Veranstaltungstitel, Medientitel, Haupttitel, Projekttitel, "
        "Artikelbezeichnung, Angebot, Thema, Veranstaltung, Kurs, Fortbildung, Workshop, Projekt, "
        "Gerät, Artikel, Gegenstand, Item, Device, Room, Course, Training, Topic, Raum",
        plain=True,
    ),
    "subtitle": _field(_line, "Untertitel, Zusatztitel, Modell, Subtitle, Model"),
    "series": _field(_line, "Reihe, Reihentitel, Serie, Serientitel, Series"),
    "description": _field(
        _line,
        "Beschreibung, Kurzbeschreibung, Inhaltsbeschreibung, Kurzinhalt, Inhalt, Inhalte, "
        "Erläuterung, Beschreibungstext, Description, Abstract, Summary",
    ),
    "quantity": _field(
        cells.count,
        "Anzahl, Stückzahl, Menge, Stück, Bestand, Anzahl Geräte, Quantity, Qty, Count, "
        "Kapazität, Personen, Personenzahl, Max. Personen, Capacity",
    ),
    "seats": _field(
        cells.count,
        "Plätze, Teilnehmerzahl, Max. Teilnehmer, Max. Teilnehmerzahl, Teilnehmende, "
        "Max. Teilnehmende, Maximale Teilnehmerzahl, Sitzplätze, TN-Zahl, Seats, Places",
    ),
    "place": _field(
        _line,
        "Ort, Veranstaltungsort, Standort, Kursort, Adresse, Anschrift, Raum, Gebäude, Place, "
        "Location, Venue",
    ),
    "contact": _field(
        _line, "Kontakt, Ansprechpartner, Ansprechpartnerin, Ansprechperson, Contact"
    ),
    "cost": _field(
        _line,
        "Kosten, Gebühr, Gebühren, Teilnahmegebühr, Teilnahmebeitrag, Kostenbeitrag, Leihgebühr, "
        "Entgelt, Cost, Fee",
    ),
    "url": _field(
        _line, "Link, URL, Internetadresse, Webseite, Website, Webadresse, Anmeldelink, Homepage"
    ),
    "image_url": _field(_line, "Bild, Bildadresse, Bild-URL, Foto, Vorschaubild, Image, Picture"),
    "number": _field(_line, "Mediennummer, Medien-Nr, Mediennr, Medium-Nr, Signatur, Media number"),
    "isbn": _field(_line, "ISBN, ISBN-13, ISBN13"),
    "ean": _field(_line, "EAN, GTIN, EAN-Code"),
    "date": _field(
        cells.span,
        "Datum, Termin, Tag, Kursdatum, Startdatum, Veranstaltungsdatum, Termine, Date, Start date",
    ),
    "begin": _field(
        cells.span, "Uhrzeit, Beginn, Zeit, Start, Startzeit, Anfang, Von, Uhrzeit von, Time, Begin"
    ),
    "end": _field(cells.span, "Ende, Bis, Endzeit, Enddatum, Uhrzeit bis, Schluss, End, End date"),
    "subjects": _field(
        _list, "Fach, Fächer, Sachgebiet, Sachgebiete, Unterrichtsfach, Subject, Subjects"
    ),
    "levels": _field(
        _list,
        "Bildungsstufe, Bildungsstufen, Schulstufe, Schulstufen, Schulform, Schulformen, Stufe, "
        "Bildungsbereich, Level, Levels",
    ),
    "grades": _field(
        _line,
        "Klasse, Klassen, Klassenstufe, Klassenstufen, Jahrgang, Jahrgangsstufe, Jahrgangsstufen, "
        "Grade, Grades",
    ),
    "audiences": _field(
        _list, "Zielgruppe, Zielgruppen, Adressaten, Adressatenkreis, Audience, Target group"
    ),
    "competences": _field(
        _list,
        "Medienkompetenzrahmen, MKR, MKR NRW, Kompetenz, Kompetenzen, Kompetenzbereich, "
        "Competences",
    ),
    "keywords": _field(
        _list,
        "Schlagwörter, Schlagworte, Schlagwort, Stichwörter, Stichworte, Kategorie, Kategorien, "
        "Keywords, Tags, Category",
    ),
    "creators": _field(
        _list, "Autor, Autorin, Autoren, Referent, Referentin, Referenten, Kursleitung, Author"
    ),
    "publishers": _field(
        _list, "Herausgeber, Verlag, Hersteller, Produzent, Anbieter, Publisher, Manufacturer"
    ),
    "year": _field(
        cells.count, "Produktionsjahr, Erscheinungsjahr, Jahr, Year, Year of production"
    ),
    "duration": _field(
        _line, "Dauer, Laufzeit, Länge, Spieldauer, Spielzeit, Dauer (min), Duration, Length"
    ),
    "languages": _field(_list, "Sprache, Sprachen, Language, Languages"),
    "age_rating": _field(_line, "FSK, Altersfreigabe, FSK-Freigabe, Age rating"),
    "licence": _field(_line, "Lizenz, Lizenzart, Nutzungsrechte, Licence, License"),
    "carrier": _field(_line, "Medienträger, Träger, Datenträger, Trägermedium, Carrier"),
    "medium_type": _field(_line, "Medienart, Medientyp, Materialart, Medium type, Media type"),
    "valid_from": _field(cells.span, "Lizenz von, Lizenzbeginn, Lizenz ab, Licence from"),
    "valid_until": _field(
        cells.span, "Lizenz bis, Lizenzende, Lizenz gültig bis, Licence until, Licence to"
    ),
    "offered": _field(
        cells.yes, "Verleihbar, Ausleihbar, Entleihbar, Buchbar, Angeboten, Aktiv, Bookable, Active"
    ),
    "modified": _field(
        cells.span, "Geändert am, Letzte Änderung, Zuletzt geändert, Änderungsdatum, Modified"
    ),
}


def propose(headers: Iterable[str]) -> dict[str, str]:
    """Field → header, each header once: the surest first, misspelt ones by likeness.

    A header that names nothing known is left out; nothing is guessed from the cells.
    """
    headers = list(headers)
    folded = {header: _folded(header) for header in headers}
    sure = sorted(
        (
            (-_likeness(folded[header], known) + rank / 100, at, name, header)
            for name, known in _KNOWN.items()
            for at, header in enumerate(headers)
            for rank in [_rank(folded[header], known)]
            if _likeness(folded[header], known) >= SURE
        ),
    )
    found: dict[str, str] = {}
    for _, _, name, header in sure:
        if name not in found and header not in found.values():
            found[name] = header
    if "title" not in found:
        # „Raum“ is the place of a training, but what a list of rooms is about.
        for name, header in found.items():
            if folded[header] in _KNOWN["title"]:
                del found[name]
                found["title"] = header
                break
    return {name: found[name] for name in FIELDS if name in found}


def score(cell: Cell) -> float:
    """How sure a cell is a header: 1 for a known one, 0 for anything else."""
    if not isinstance(cell, str) or not cell or len(cell) > 60:
        return 0.0
    word = _folded(cell)
    best = max((_likeness(word, known) for known in _KNOWN.values()), default=0.0)
    return best / 100 if best >= SURE else 0.0


def _folded(header: str) -> str:
    """For comparison: without case, units in brackets, signs, and with umlauts spelt out."""
    header = re.sub(r"[(\[].*?[)\]]", " ", header.casefold()).replace("nummer", "nr")
    for umlaut, spelt in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss")):
        header = header.replace(umlaut, spelt)
    return re.sub(r"[\W_]+", "", header)


_KNOWN: dict[str, tuple[str, ...]] = {
    name: tuple(dict.fromkeys(map(_folded, field.headers))) for name, field in FIELDS.items()
}


def _likeness(word: str, known: tuple[str, ...]) -> float:
    if word in known:
        return 100.0
    if len(word) < 5:  # short words resemble too much
        return 0.0
    return max(fuzz.ratio(word, other) if len(other) > 4 else 0.0 for other in known) - 1


def _rank(word: str, known: tuple[str, ...]) -> int:
    return known.index(word) if word in known else len(known)
