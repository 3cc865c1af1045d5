"""Invented schools, Kitas and Vereine for every centre, in the form of the state's list.

Their numbers begin with 9, which the state gives to no school; the addresses end in `.example`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path

import sqlalchemy as sa

from hub import models
from hub.db import Database
from hub.demo import dice
from hub.directory import read_toml
from hub.institutions import intake, register, school_list

LIST, OTHERS = "schools/schuldaten.csv", "schools/einrichtungen.csv"
FIRST_NUMBER = 900_001

_HEADER = (
    "Schulnummer;Schulform;Schulbezeichnung_1;Schulbezeichnung_2;Schulbezeichnung_3;"
    "Kurzbezeichnung;PLZ;Ort;Strasse;Telefonvorwahl;Telefon;E-Mail;Homepage;Rechtsform;"
    "Gemeindeschluessel;Schulbetriebsschluessel;Schulbetriebsdatum"
).split(";")
_PLACES = (
    "Am Wiesengrund", "An der Lohmühle", "Am Kranichteich", "Im Birkenhain", "Am Silbersee",
    "An der Wacholderheide", "Im Erlengrund", "Am Windrad", "An der Furt", "Am Apfelgarten",
    "Im Haselwinkel", "Am Steinbruchsee", "An der Ziegelei", "Am Mondscheinweg",
)  # fmt: skip
_FORMS = (
    ("02", "GG", "Grundschule"),
    ("02", "GG", "Gemeinschaftsgrundschule"),
    ("15", "GE", "Gesamtschule"),
    ("20", "Gym", "Gymnasium"),
    ("30", "BK", "Berufskolleg"),
    ("08", "FÖ", "Förderschule"),
    ("10", "RS", "Realschule"),
    ("14", "SK", "Sekundarschule"),
)
_EVERYWHERE = 5
"""The first of the forms, which every town has."""
CLOSED = "31.07.2025"

_foreign = (
    sa.select(models.SchoolList.id).where(models.SchoolList.actor != sa.bindparam("actor")).limit(1)
)


def documents(base: Path) -> dict[str, bytes]:
    """The list of schools and the table of other institutions, by path."""
    towns: dict[str, list[str]] = read_toml(base / "demo" / "schools.toml")["towns"]
    schools = _table(_HEADER, _schools(towns), "sep=;\n")
    others = ("art", "name", "strasse", "plz", "ort", "zentrum")
    return {LIST: schools, OTHERS: _table(others, _others(towns), "")}


def take_in(db: Database, folder: Path, day: date, actor: str) -> None:
    """Take both files in by the roads that `hub schools` and `hub institutions` use.

    The list's invented schools are few, so a change of the demonstration may close many. Where
    somebody has taken in a list of their own, that one stays.
    """
    with db.read() as session:
        if session.scalar(_foreign, {"actor": actor}) is not None:
            return
    edition = school_list.read(folder / LIST)
    intake.take_in(db, edition, day, actor=actor, accept_closures=True)
    with db.write() as session:
        register.take_in(session, folder / OTHERS, actor=actor)


def _schools(towns: dict[str, list[str]]) -> Iterator[Sequence[str]]:
    number = FIRST_NUMBER
    for _, postcode, town, municipality in _towns(towns):
        start = dice.number(town, "places")
        more = [_FORMS[_EVERYWHERE + dice.number(town) % (len(_FORMS) - _EVERYWHERE)]]
        for index, (form, short, title) in enumerate((*_FORMS[:_EVERYWHERE], *more)):
            place = _PLACES[(start + index * 3) % len(_PLACES)]
            closed = form == "02" and index == 1 and dice.chance(10, town, "closed")
            yield (
                str(number), form, f"{title} {place}", "", "", f"{town}, {short} {place}",
                postcode, town, f"{place} {dice.between(1, 60, number)}", "", "",
                f"{number}@schule.example", "", "1", municipality,
                "9" if closed else "1", CLOSED if closed else "01.08.1998",
            )  # fmt: skip
            number += 1


def _others(towns: dict[str, list[str]]) -> Iterator[Sequence[str]]:
    for site, postcode, town, _ in _towns(towns):
        place = dice.one(_PLACES, town, "kita")
        yield ("kita", f"Familienzentrum {place} {town}", f"{place} 2", postcode, town, site)
        if dice.chance(40, town, "club"):
            yield ("club", f"Filmklub Lichtspur {town} e. V.", "", postcode, town, site)
        if dice.chance(25, town, "zfsl"):
            yield ("zfsl", f"ZfsL {town}", "", postcode, town, site)


def _towns(towns: dict[str, list[str]]) -> Iterator[tuple[str, str, str, str]]:
    """Site, postcode, town and municipality."""
    for site, places in towns.items():
        for place in places:
            postcode, rest = place.split(" ", 1)
            town, municipality = rest.rsplit(" ", 1)
            yield site, postcode, town, municipality


def _table(header: Sequence[str], rows: Iterable[Sequence[str]], first: str) -> bytes:
    text = io.StringIO(first, newline="")
    text.seek(0, io.SEEK_END)
    writer = csv.writer(text, delimiter=";", lineterminator="\n")
    writer.writerows([header, *rows])
    return text.getvalue().encode()
