"""What a centre's tables hold, kind by kind, with the headers that this centre happens to use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from hub.demo import dice
from hub.demo.sheets import Cell
from hub.demo.stock import SERVICES, Device, Medium, Room, Service, Stock, Training
from hub.records import Kind

Row = Mapping[str, Cell]

HEADERS: Mapping[Kind, tuple[Mapping[str, str], ...]] = {
    Kind.DEVICE: (
        {
            "id": "Inventarnummer",
            "title": "Bezeichnung",
            "subtitle": "Modell",
            "description": "Beschreibung",
            "quantity": "Anzahl",
            "place": "Standort",
            "keywords": "Schlagwörter",
            "competences": "MKR",
            "contents": "Lieferumfang",
            "contact": "Kontakt",
        },
        {
            "id": "Inv-Nr",
            "title": "Gerät",
            "subtitle": "Untertitel",
            "quantity": "Stück",
            "description": "Erläuterung",
            "contents": "Lieferumfang",
            "series": "Reihe",
            "keywords": "Stichwörter",
            "place": "Ort",
        },
        {
            "title": "Artikel",
            "id": "Barcode",
            "subtitle": "Zusatztitel",
            "description": "Kurzbeschreibung",
            "quantity": "Bestand",
            "contents": "Lieferumfang",
            "keywords": "Kategorie",
            "contact": "Ansprechperson",
            "place": "Standort",
        },
    ),
    Kind.ROOM: (
        {
            "id": "Raumnummer",
            "title": "Raumname",
            "description": "Beschreibung",
            "seats": "Personen",
            "equipment": "Ausstattung",
            "place": "Gebäude",
            "keywords": "Stichwörter",
            "contact": "Kontakt",
        },
        {
            "id": "Kennung",
            "title": "Raum",
            "description": "Inhalt",
            "equipment": "Ausstattung",
            "seats": "Kapazität",
            "place": "Adresse",
            "keywords": "Kategorie",
        },
    ),
    Kind.TRAINING: (
        {
            "id": "Kursnummer",
            "title": "Titel",
            "description": "Inhalt",
            "date": "Datum",
            "time": "Uhrzeit",
            "seats": "Plätze",
            "place": "Ort",
            "levels": "Schulformen",
            "keywords": "Stichwörter",
            "competences": "Medienkompetenzrahmen",
            "contact": "Kontakt",
        },
        {
            "id": "Veranstaltungsnummer",
            "title": "Veranstaltung",
            "date": "Termin",
            "begin": "Beginn",
            "end": "Ende",
            "place": "Veranstaltungsort",
            "seats": "Max. Teilnehmende",
            "description": "Beschreibung",
            "levels": "Schulstufen",
            "keywords": "Schlagwörter",
        },
    ),
    Kind.MEDIUM: (
        {
            "number": "Signatur",
            "title": "Titel",
            "subtitle": "Untertitel",
            "series": "Reihe",
            "description": "Kurzinhalt",
            "carrier": "Medienträger",
            "minutes": "Laufzeit",
            "year": "Produktionsjahr",
            "subjects": "Sachgebiete",
            "grades": "Klassen",
            "keywords": "Schlagworte",
            "producer": "Verlag",
            "quantity": "Anzahl",
        },
    ),
} | {
    kind: (
        {
            "id": "Angebotsnummer",
            "title": "Angebot",
            "description": "Beschreibung",
            "audiences": "Zielgruppe",
            "effort": "Umfang",
            "keywords": "Stichwörter",
            "competences": "MKR",
            "contact": "Ansprechperson",
        },
        {
            "id": "Kennung",
            "title": "Thema",
            "description": "Inhalt",
            "effort": "Umfang",
            "audiences": "Adressaten",
            "keywords": "Schlagwörter",
        },
    )
    for kind in SERVICES
}

LEVELS = {
    "elementarbereich": "Elementarbereich",
    "grundschule": "Grundschule",
    "sekundarstufe_1": "Sekundarstufe I",
    "sekundarstufe_2": "Sekundarstufe II",
    "berufliche_bildung": "Berufliche Bildung",
    "foerderschule": "Förderschule",
}
AUDIENCES = {
    "school": "Schulen",
    "kita": "Kitas",
    "zfsl": "ZfsL",
    "youth": "Jugendarbeit",
    "parents": "Eltern",
}
CARRIERS = {
    "10": "Diareihe",
    "12": "Arbeitstransparente",
    "32": "16-mm-Film",
    "42": "VHS",
    "66": "CD-ROM",
}
PLACES = ("Ausleihe", "Lager 1", "Lager 2", "Geräteraum", "Medienwerkstatt")
FLOORS = ("Erdgeschoss", "1. Obergeschoss", "2. Obergeschoss", "Nebengebäude", "Gartenhaus")
HANDOVER = (
    "Abholung nach Vereinbarung.",
    "Auf Wunsch bringt der Medientransport das Gerät zur Schule.",
    "Einweisung bei der Abholung, etwa eine Viertelstunde.",
    "Leihfrist eine Woche, Verlängerung auf Anfrage.",
    "Für Projektwochen bitte frühzeitig reservieren.",
)
TIMES = (("14:30", "17:30"), ("14:00", "17:00"), ("15:00", "18:00"), ("9:00", "12:30"))


@dataclass(frozen=True, slots=True)
class Holder:
    """The centre whose tables are written; `day` is the Monday from which dates are counted."""

    key: str
    name: str
    email: str
    day: date


def table(
    stock: Stock, kind: Kind, holder: Holder, name: str
) -> tuple[Sequence[str], list[list[Cell]]]:
    """Headers and rows of the centre's table of this kind."""
    dialects = HEADERS[kind]
    dialect = dice.one(dialects, holder.key, kind, "headers")
    lines = [[row.get(field, "") for field in dialect] for row in rows(stock, kind, holder)]
    if name.endswith("-ungeprueft"):
        _neglect(dialect, lines)
    return list(dialect.values()), lines


def rows(stock: Stock, kind: Kind, holder: Holder) -> Iterator[Row]:
    """What the centre has of this kind, by the names of the fields."""
    if kind is Kind.DEVICE:
        return _devices(stock, holder)
    if kind is Kind.ROOM:
        return _rooms(stock, holder)
    if kind is Kind.TRAINING:
        return _trainings(stock, holder)
    if kind is Kind.MEDIUM:
        return _media(stock, holder)
    return _services(stock, kind, holder)


def _devices(stock: Stock, holder: Holder) -> Iterator[Row]:
    size = dice.between(14, 34, holder.key, "devices")
    for device in dice.some(stock.devices, size, holder.key, "devices"):
        at = stock.devices.index(device)
        yield {
            "id": f"{holder.key.upper()[:3]}-{1000 + 17 * at}",
            "title": _title(device, holder),
            "subtitle": device.subtitle,
            "series": device.series,
            "description": f"{device.description} {dice.one(HANDOVER, holder.key, at)}",
            "quantity": max(1, device.quantity * dice.between(5, 18, holder.key, at) // 10),
            "place": dice.one(PLACES, holder.key, at, "place"),
            "keywords": ", ".join(device.keywords),
            "competences": ", ".join(device.competences),
            "contents": device.contents,
            "contact": holder.email,
        }


def _rooms(stock: Stock, holder: Holder) -> Iterator[Row]:
    for room in dice.some(stock.rooms, dice.between(2, 5, holder.key, "rooms"), holder.key, "room"):
        at = stock.rooms.index(room)
        yield {
            "id": f"R {dice.between(0, 3, holder.key, at, 'floor')}.{at + 1:02d}",
            "title": _title(room, holder),
            "description": room.description,
            "seats": max(6, room.seats + 2 * dice.between(-3, 3, holder.key, at)),
            "equipment": room.equipment,
            "place": f"{holder.name}, {dice.one(FLOORS, holder.key, at)}",
            "keywords": ", ".join(room.keywords),
            "contact": holder.email,
        }


def _trainings(stock: Stock, holder: Holder) -> Iterator[Row]:
    size = dice.between(7, 16, holder.key, "trainings")
    for training in dice.some(stock.trainings, size, holder.key, "trainings"):
        at = stock.trainings.index(training)
        for turn in range(1 + dice.chance(25, holder.key, at, "again")):
            weeks = dice.between(2, 26, holder.key, at, turn)
            day = holder.day + timedelta(weeks=weeks, days=dice.between(0, 3, holder.key, at, turn))
            begin, end = dice.one(TIMES, holder.key, at, turn)
            yield {
                "id": f"F{100 + at}{'ab'[turn]}",
                "title": _title(training, holder),
                "description": training.description,
                "date": f"{day:%d.%m.%Y}",
                "time": f"{begin}–{end} Uhr",
                "begin": begin,
                "end": end,
                "seats": training.seats + 2 * dice.between(-2, 3, holder.key, at),
                "place": f"{holder.name}, Schulungsraum",
                "levels": "; ".join(LEVELS[level] for level in training.levels),
                "keywords": ", ".join(training.keywords),
                "competences": ", ".join(training.competences),
                "contact": holder.email,
            }


def _services(stock: Stock, kind: Kind, holder: Holder) -> Iterator[Row]:
    services = stock.of(kind)
    size = dice.between(2, max(3, len(services) * 2 // 3), holder.key, kind)
    for service in dice.some(services, size, holder.key, kind):
        yield {
            "id": f"{kind.value[:2].upper()}{10 + services.index(service)}",
            "title": _title(service, holder),
            "description": service.description,
            "audiences": "; ".join(AUDIENCES[audience] for audience in service.audiences),
            "effort": service.effort,
            "keywords": ", ".join(service.keywords),
            "competences": ", ".join(service.competences),
            "contact": holder.email,
        }


def _media(stock: Stock, holder: Holder) -> Iterator[Row]:
    """What lies on the shelves: DVDs of works that are also online, and old carriers."""
    shelf = [medium for medium in stock.media if medium.dvd or medium.source == "carrier"]
    for medium in dice.some(shelf, dice.between(18, 40, holder.key, "shelf"), holder.key, "shelf"):
        grades = medium.grades
        yield {
            "number": _shelf_number(medium),
            "title": medium.title,
            "subtitle": medium.subtitle,
            "series": medium.series,
            "description": medium.description,
            "carrier": "DVD" if medium.dvd else CARRIERS[medium.type],
            "minutes": f"{medium.minutes} min" if medium.minutes else "",
            "year": medium.year,
            "subjects": "; ".join(medium.subjects),
            "grades": f"{grades[0]}-{grades[1]}" if grades else "",
            "keywords": ", ".join(medium.keywords),
            "producer": medium.producer,
            "quantity": dice.between(1, 3, holder.key, medium.number),
        }


def _shelf_number(medium: Medium) -> str:
    return medium.dvd_number if medium.dvd else medium.number


def _title(thing: Device | Room | Training | Service, holder: Holder) -> str:
    """What this centre calls it."""
    return dice.one((thing.title, *thing.also), holder.key, thing.title)


def _neglect(dialect: Mapping[str, str], lines: list[list[Cell]]) -> None:
    """Put in what creeps into a table that nobody checks: gaps, words for numbers, a double."""
    fields = list(dialect)
    title, quantity = fields.index("title"), fields.index("quantity")
    lines[2][title] = ""
    lines[5][quantity] = "viele"
    lines[8][quantity] = "-3"
    lines[11] = list(lines[10])
