"""The hand-written stock of the demonstration: `config/demo/stock/*.csv`, typed.

Media, devices, rooms, trainings and services that media centres might hold; which centre holds
what is decided elsewhere.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path

from hub.records import Kind

SERVICES = (Kind.CONSULTING, Kind.PROJECT, Kind.PARENTS_EVENING, Kind.SCOUTS)


@dataclass(frozen=True, slots=True)
class Medium:
    """A media work. `source`: how it is held (land, district, feed, repository, carrier)."""

    number: str
    provider: str
    producer: str
    title: str
    subtitle: str
    series: str
    subjects: tuple[str, ...]
    audience: str
    """In the grammar of ARIX, `A(3-6); Q`."""
    minutes: int
    year: int
    source: str
    dvd: bool
    """Whether a DVD edition with a number of its own exists."""
    keywords: tuple[str, ...]
    description: str

    @property
    def identifier(self) -> str:
        return f"{self.provider}-{self.number}"

    @property
    def type(self) -> str:
        return self.number[:2]

    @property
    def dvd_number(self) -> str:
        return f"46{self.number[2:]}"

    @property
    def grades(self) -> tuple[int, int] | None:
        """First and last school year."""
        found = re.search(r"A\((\d+)-(\d+)\)", self.audience)
        return (int(found[1]), int(found[2])) if found else None

    @property
    def url(self) -> str:
        """Where an open medium is found; `.example` leads nowhere on purpose."""
        return f"https://medien.example/{self.number}"


@dataclass(frozen=True, slots=True)
class Device:
    title: str
    also: tuple[str, ...]
    """What other centres call it."""
    subtitle: str
    series: str
    description: str
    quantity: int
    """What a centre of middle size has."""
    keywords: tuple[str, ...]
    competences: tuple[str, ...]
    contents: str


@dataclass(frozen=True, slots=True)
class Room:
    title: str
    also: tuple[str, ...]
    description: str
    seats: int
    equipment: str
    keywords: tuple[str, ...]
    competences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Training:
    title: str
    also: tuple[str, ...]
    description: str
    hours: int
    seats: int
    levels: tuple[str, ...]
    keywords: tuple[str, ...]
    competences: tuple[str, ...]
    subjects: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Service:
    """Consulting, a project, a parents' evening or Medienscouts."""

    kind: Kind
    title: str
    also: tuple[str, ...]
    description: str
    audiences: tuple[str, ...]
    keywords: tuple[str, ...]
    competences: tuple[str, ...]
    effort: str


@dataclass(frozen=True, slots=True)
class Stock:
    media: tuple[Medium, ...]
    devices: tuple[Device, ...]
    rooms: tuple[Room, ...]
    trainings: tuple[Training, ...]
    services: tuple[Service, ...]

    def of(self, kind: Kind) -> tuple[Service, ...]:
        return tuple(service for service in self.services if service.kind is kind)


def read(folder: Path) -> Stock:
    """Read the five tables; a KeyError or ValueError names a table that was edited wrongly."""
    return Stock(
        media=tuple(
            Medium(
                number=row["number"],
                provider=row["provider"],
                producer=row["producer"],
                title=row["title"],
                subtitle=row["subtitle"],
                series=row["series"],
                subjects=_list(row["subjects"]),
                audience=row["audience"],
                minutes=int(row["minutes"]),
                year=int(row["year"]),
                source=row["source"],
                dvd=row["dvd"] == "yes",
                keywords=_list(row["keywords"]),
                description=row["description"],
            )
            for row in _rows(folder / "media.csv")
        ),
        devices=tuple(
            Device(
                row["title"],
                _titles(row["also"]),
                row["subtitle"],
                row["series"],
                row["description"],
                int(row["quantity"]),
                _list(row["keywords"]),
                _list(row["competences"]),
                row["contents"],
            )
            for row in _rows(folder / "devices.csv")
        ),
        rooms=tuple(
            Room(
                row["title"],
                _titles(row["also"]),
                row["description"],
                int(row["seats"]),
                row["equipment"],
                _list(row["keywords"]),
                _list(row["competences"]),
            )
            for row in _rows(folder / "rooms.csv")
        ),
        trainings=tuple(
            Training(
                row["title"],
                _titles(row["also"]),
                row["description"],
                int(row["hours"]),
                int(row["seats"]),
                _list(row["levels"]),
                _list(row["keywords"]),
                _list(row["competences"]),
                _list(row["subjects"]),
            )
            for row in _rows(folder / "trainings.csv")
        ),
        services=tuple(
            Service(
                Kind(row["kind"]),
                row["title"],
                _titles(row["also"]),
                row["description"],
                _list(row["audiences"]),
                _list(row["keywords"]),
                _list(row["competences"]),
                row["effort"],
            )
            for row in _rows(folder / "services.csv")
        ),
    )


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _titles(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split("|") if part.strip())
