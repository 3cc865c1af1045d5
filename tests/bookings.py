"""Things to book for tests: at Borken, taken into the catalogue by the real sync."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa

from hub import activations, models
from hub.booking import dates, house, items, stock
from hub.booking.opening import Calendar
from hub.catalogue.sync import sync
from hub.models import Booking
from hub.records import Identifier, Kind, Record
from tests.sources import Network

SITE = "borken"
PLUGIN = {
    Kind.MEDIUM: "lending",
    Kind.DEVICE: "lending",
    Kind.ROOM: "rooms",
    Kind.TRAINING: "trainings",
}
"""All other kinds are requests."""


def plugin_of(kind: Kind) -> str:
    return PLUGIN.get(kind, "requests")


def calendar(net: Network) -> Calendar:
    with net.hub.db.read() as session:
        return house.calendar(session, SITE)


def open_day(net: Network, days: int) -> date:
    """The open day on or after so many days from today."""
    the = calendar(net)
    found = the.next_open(the.day(datetime.now(UTC)) + timedelta(days=days))
    assert found is not None
    return found


def offer(
    net: Network,
    kind: Kind = Kind.DEVICE,
    capacity: int | None = 2,
    title: str = "Tablet-Koffer",
    codes: tuple[str, ...] = (),
    accessories: tuple[str, ...] = (),
    identifiers: tuple[Identifier, ...] = (),
) -> int:
    """Something bookable at Borken; returns the number of its offer."""
    plugin = plugin_of(kind)
    source_id = f"{kind}-{title}"
    day, the = open_day(net, 40), calendar(net)
    fixed = kind is Kind.TRAINING
    with net.hub.db.write() as session:
        made = stock.put(
            session,
            SITE,
            plugin,
            Record(source_id=source_id, kind=kind, title=title, identifiers=identifiers),
            capacity,
            starts_at=the.at(day, time(14, 30)) if fixed else None,
            ends_at=the.at(day, time(17, 30)) if fixed else None,
        )
        for code in codes:
            items.add(session, SITE, made.id, code, accessories=accessories)
    if plugin not in net.site(SITE).plugins:
        activations.enable(net.hub, SITE, plugin, {}, actor="test")
    report = sync(net.hub.db, net.site(SITE), plugin)
    assert not report.error, report.error
    with net.hub.db.read() as session:
        return session.scalars(
            sa.select(models.Offer.id).where(models.Offer.source_id == source_id)
        ).one()


def wish(first: date, last: date | None = None, **more: Any) -> dict[str, Any]:
    """What is typed on the first page."""
    told: dict[str, Any] = {**dates.fields("beginn", first), "weiter": "1", **more}
    return told if last is None else {**told, **dates.fields("ende", last)}


def bookings(net: Network) -> list[Booking]:
    """All bookings, the oldest first."""
    with net.hub.db.read() as session:
        rows = session.scalars(sa.select(Booking).order_by(Booking.id)).all()
        session.expunge_all()
        return list(rows)
