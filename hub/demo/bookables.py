"""What the centres of the demonstration lend and let people book in the hub itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, time
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.booking import house, items, stock
from hub.booking.opening import Calendar
from hub.db import Database
from hub.demo.inventories import AUDIENCES, Holder, Row, rows
from hub.demo.sources import Sources
from hub.models import Bookable, OpeningHours
from hub.records import Carrier, Kind, MediumType, Record

ACTOR = "hub demo"
KINDS: Mapping[str, tuple[Kind, ...]] = {
    "lending": (Kind.DEVICE, Kind.MEDIUM),
    "rooms": (Kind.ROOM,),
    "trainings": (Kind.TRAINING,),
    "requests": (Kind.CONSULTING, Kind.PROJECT, Kind.PARENTS_EVENING, Kind.SCOUTS),
}
"""What the plugins offer that keep their bookings in the hub."""
WEEK = [[["08:00", "16:00"]]] * 4 + [[["08:00", "14:00"]]] + [[], []]
WITH_PIECES = 12
"""Up to so many of a device have an inventory code each."""


def put_in(database: Database, sources: Sources) -> None:
    """Offer what the sites have that enable one of the plugins; doing it again changes nothing."""
    for key, plugins in sources.plugins.items():
        kept = [name for name in KINDS if name in plugins]
        if not kept:
            continue
        site = next(one for one in sources.network if one["key"] == key)
        holder = Holder(key, site["name"], site["contact"].get("email", ""), sources.day)
        with database.write() as session:
            calendar = house.calendar(session, key)
            if session.get(OpeningHours, key) is None:
                session.add(OpeningHours(site_key=key, week=WEEK, closures=[]))
            for name in kept:
                _offer(session, sources, holder, calendar, name)


def _offer(
    session: Session, sources: Sources, holder: Holder, calendar: Calendar, plugin: str
) -> None:
    offered = set()
    for kind in KINDS[plugin]:
        for row in rows(sources.stock, kind, holder):
            record, capacity, stretch = _record(kind, row, calendar)
            offered.add(record.source_id)
            made = stock.put(
                session,
                holder.key,
                plugin,
                record,
                capacity,
                starts_at=stretch[0] if stretch else None,
                ends_at=stretch[1] if stretch else None,
                buffers=(15, 15) if kind is Kind.ROOM else (0, 0),
                more={"persons": int(str(row["seats"]))} if kind is Kind.ROOM else {},
            )
            if kind is Kind.DEVICE and capacity is not None and capacity <= WITH_PIECES:
                _pieces(session, made, row, capacity)
    for gone in session.scalars(
        sa.select(Bookable).where(
            Bookable.site_key == holder.key,
            Bookable.plugin == plugin,
            Bookable.retired_at.is_(None),
            Bookable.source_id.not_in(offered),
        )
    ):
        stock.retire(session, gone)


def _record(
    kind: Kind, row: Row, calendar: Calendar
) -> tuple[Record, int | None, tuple[datetime, datetime] | None]:
    common: dict[str, Any] = {
        "kind": kind,
        "title": str(row["title"]),
        "subtitle": str(row.get("subtitle", "")),
        "description": str(row.get("description", "")),
        "place": str(row.get("place", "")),
        "contact": str(row.get("contact", "")),
        "keywords": tuple(_split(row.get("keywords"), ",")),
        "competences": tuple(_split(row.get("competences"), ",")),
    }
    if kind is Kind.DEVICE:
        contents = {"Lieferumfang": str(row["contents"])}
        made = Record(
            source_id=str(row["id"]),
            details=contents,
            audiences=("school", "kita"),
            **common,
        )
        return made, int(str(row["quantity"])), None
    if kind is Kind.MEDIUM:
        carriers = {"DVD": Carrier.DVD, "VHS": Carrier.VHS, "CD-ROM": Carrier.CD_ROM}
        made = Record(
            source_id=str(row["number"]),
            carrier=carriers.get(str(row["carrier"]), Carrier.OTHER),
            medium_type=MediumType.VIDEO,
            subjects=tuple(_split(row.get("subjects"), ";")),
            year=int(str(row["year"])),
            **common,
        )
        return made, int(str(row["quantity"])), None
    if kind is Kind.ROOM:
        details = {"Ausstattung": str(row["equipment"])}
        return Record(source_id=str(row["id"]), details=details, **common), 1, None
    if kind is Kind.TRAINING:
        day = datetime.strptime(str(row["date"]), "%d.%m.%Y").date()
        stretch = (
            calendar.at(day, _clock(row["begin"])),
            calendar.at(day, _clock(row["end"])),
        )
        # Another week is another course: who booked the one that was, booked that one.
        made = Record(source_id=f"{row['id']}-{day:%Y%m%d}", **common)
        return made, int(str(row["seats"])), stretch
    names = {label: code for code, label in AUDIENCES.items()}
    audiences = tuple(names[label] for label in _split(row["audiences"], ";"))
    details = {"Umfang": str(row["effort"])}
    made = Record(source_id=str(row["id"]), audiences=audiences, details=details, **common)
    return made, None, None


def _pieces(session: Session, made: Bookable, row: Row, capacity: int) -> None:
    for number in range(1, capacity + 1):
        code = f"{row['id']}-{number}"
        if items.find(session, made.site_key, code) is None:
            parts = [part.strip() for part in str(row["contents"]).split(",")]
            items.add(session, made.site_key, made.id, code, accessories=parts)


def _clock(text: object) -> time:
    return datetime.strptime(str(text), "%H:%M").time()


def _split(text: object, separator: str) -> Iterator[str]:
    return (part.strip() for part in str(text or "").split(separator) if part.strip())
