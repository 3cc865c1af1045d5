"""Open media: the stock's free works, and worksheets that go with every work."""

from __future__ import annotations

from dataclasses import replace

from hub.demo import dice
from hub.demo.stock import Medium, Stock

FREE = ("feed", "repository")
LICENCES = (
    "https://creativecommons.org/licenses/by/4.0/",
    "https://creativecommons.org/licenses/by-sa/4.0/",
    "https://creativecommons.org/publicdomain/zero/1.0/",
)
FORMS = (
    (
        "Arbeitsblätter: {title}",
        "Kopiervorlagen mit Lösungen",
        "Sechs Kopiervorlagen zu „{title}“: Begriffe klären, Abbildungen beschriften, Aufgaben "
        "auf zwei Niveaus. Schwerpunkte sind {first}, {second} und {third}.",
    ),
    (
        "Stationenlernen: {title}",
        "Acht Stationen mit Laufzettel",
        "Eine Doppelstunde an Stationen: lesen, ordnen, ausprobieren, erklären. Vertieft werden "
        "{first} und {second}; {third} dient als Zusatzaufgabe für Schnelle.",
    ),
    (
        "Unterrichtsreihe: {title}",
        "Vier Stunden mit Verlaufsplan",
        "Verlaufsplan, Tafelbild und Material für vier Stunden. Von {first} führt der Weg über "
        "{second} zu {third}; jede Stunde lässt sich auch einzeln halten.",
    ),
    (
        "Lernkarten: {title}",
        "Zum Ausdrucken und für das Tablet",
        "Vierundzwanzig Frage-Antwort-Karten, darunter {first}, {second} und {third}. Als "
        "Druckvorlage und als Stapel für die Lernkarten-App.",
    ),
)


def free(stock: Stock) -> list[Medium]:
    """The works of the stock that are open."""
    return [medium for medium in stock.media if medium.source in FREE]


def worksheets(stock: Stock) -> list[Medium]:
    """One open teaching aid for each work that is no relic of the shelves."""
    return [_worksheet(medium) for medium in stock.media if medium.source != "carrier"]


def licence(medium: Medium) -> str:
    """The open licence of the work: an address."""
    return dice.one(LICENCES, medium.number, "licence")


def _worksheet(medium: Medium) -> Medium:
    title, subtitle, description = dice.one(FORMS, medium.number, "worksheet")
    words = medium.keywords
    return replace(
        medium,
        number=f"79{50000 + int(medium.number[2:]) - 31000:05d}",
        title=title.format(title=medium.title),
        subtitle=subtitle,
        series="Freies Material der Medienberatung",
        description=description.format(
            title=medium.title, first=words[0], second=words[1], third=words[2]
        ),
        minutes=0,
        source="repository",
        dvd=False,
        producer="Materialwerkstatt der Medienzentren",
        provider="MWM",
    )
