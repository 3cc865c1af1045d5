"""What a centre's profile shows: its own words, and what the hub knows from its plugins."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from flask import url_for
from flask_babel import gettext
from sqlalchemy.orm import Session

from hub import profile
from hub.booking import house
from hub.booking.opening import Hours
from hub.catalogue import figures
from hub.catalogue.access import is_address
from hub.catalogue.search import Query, Sort, search
from hub.models import TeamMember
from hub.network.tiles import read_tiles
from hub.records import Kind
from hub.site import SiteRow
from hub.web import context, texts
from hub.web.language import language

LISTED = 8
"""Rooms or devices that a profile names; a link leads to the rest."""


@dataclass(frozen=True, slots=True)
class Listing:
    """Offers of a kind that the plugins of a centre brought: the first ones, and how many."""

    kind: Kind
    first: Sequence[tuple[str, str]]
    """Title and address of the page."""
    total: int
    url: str
    """Where all of them are."""


@dataclass(frozen=True, slots=True)
class Presented:
    """All that a profile says; texts that nobody wrote are empty."""

    row: SiteRow
    counts: Mapping[Kind, int]
    services: Mapping[Kind, str]
    audiences: Sequence[str]
    contact: Mapping[str, Any]
    address: str
    website: str
    phone: str
    branches: Sequence[tuple[str, str, str]]
    """Name, address and opening hours of each."""
    rooms: Listing | None
    devices: Listing | None
    team: Sequence[TeamMember]
    districts: Sequence[str]
    competence_team: str

    def text(self, name: str) -> str:
        """The centre's own words."""
        return str(self.row.profile.get(name) or "")


def present(session: Session, row: SiteRow) -> Presented:
    counts = figures.counts(session, row.key).get(row.key, {})
    address = str(row.profile.get("competence_team") or "")
    return Presented(
        row=row,
        counts=counts,
        services=services(row.profile.get("services"), counts),
        audiences=texts.labels("audience", _strings(row.profile.get("target_groups"))),
        **contact(session, row),
        rooms=listing(session, row.key, Kind.ROOM, counts),
        devices=listing(session, row.key, Kind.DEVICE, counts),
        team=profile.members(session, [row.key], context.today()),
        districts=districts(row),
        competence_team=address if is_address(address) else "",
    )


def contact(session: Session, row: SiteRow) -> dict[str, Any]:
    """How to reach a centre; it is open when its opening times say so, else in its own words."""
    website = str(row.contact.get("website", ""))
    hours = opening(session, [row.key]).get(row.key)
    return {
        "contact": {**row.contact, "opening_hours": hours} if hours else row.contact,
        "address": _address(row.contact),
        "website": website if is_address(website) else "",
        "phone": "".join(c for c in str(row.contact.get("phone", "")) if c in "+0123456789"),
        "branches": [
            (str(one.get("name", "")), _address(one), str(one.get("opening_hours", "")))
            for one in row.branches
        ],
    }


def opening(session: Session, sites: Collection[str]) -> dict[str, str]:
    """The usual week in words, of those of these centres that said when they are open."""
    return {key: week_in_words(week) for key, week in house.weeks(session, sites).items()}


def week_in_words(week: Sequence[Hours]) -> str:
    """`Mo–Do 08:00–16:00, Fr 08:00–12:00`; days without hours are left out."""
    # The first day of the calendar was a Monday.
    days_of_week = [date.fromordinal(place + 1) for place in range(7)]
    names = [texts.weekday(day, short=True).removesuffix(".") for day in days_of_week]
    parts = []
    for hours, group in groupby(range(len(week)), key=lambda place: week[place]):
        days = list(group)
        if hours:
            span = names[days[0]] + (f"–{names[days[-1]]}" if len(days) > 1 else "")
            times = gettext(" and ").join(f"{b:%H:%M}–{e:%H:%M}" for b, e in hours)
            parts.append(f"{span} {times}")
    return ", ".join(parts)


def listing(session: Session, site: str, kind: Kind, counts: Mapping[Kind, int]) -> Listing | None:
    """None where the plugins brought nothing of this kind."""
    if not counts.get(kind):
        return None
    filters = {"site": frozenset([site]), "kind": frozenset([kind.value])}
    query = Query(filters=filters, sort=Sort.TITLE, per_page=LISTED, language=language())
    found = search(session, query)
    return Listing(
        kind,
        [(hit.title, url_for("offer.show", offer_id=hit.offer_id)) for hit in found.hits],
        counts[kind],
        url_for("search.results", art=kind.value, zentrum=site),
    )


def districts(row: SiteRow) -> list[str]:
    """What people call the districts that a centre serves; a municipality goes by its key."""
    names = {tile.ags: tile.short for tile in read_tiles(context.the_hub().settings.config)}
    return [names.get(ags, ags) for ags in row.ags]


def services(told: object, counts: Mapping[Kind, int]) -> dict[Kind, str]:
    """What the centre says of each kind beyond the number that it has in the network."""
    notes = {}
    for kind in Kind:
        word = str(told.get(kind.value, "")) if isinstance(told, Mapping) else ""
        if word == "planned" and not counts.get(kind):
            notes[kind] = gettext("planned")
        elif word == "yes" and not counts.get(kind):
            notes[kind] = gettext("offered; ask the centre")
        elif word not in ("", "yes", "no", "planned"):
            notes[kind] = word
    return notes


def _strings(values: object) -> tuple[str, ...]:
    return tuple(str(value) for value in values) if isinstance(values, list | tuple) else ()


def _address(place: Mapping[str, Any]) -> str:
    town = " ".join(str(place[key]) for key in ("postcode", "town") if place.get(key))
    return ", ".join(part for part in (str(place.get("street", "")), town) if part)
