"""What the catalogue knows, as plain data for the schemas."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import islice
from typing import Any

from sqlalchemy.orm import Session

from hub import profile
from hub.api.links import link
from hub.catalogue import entitlement, offers
from hub.catalogue.entitlement import Holding
from hub.catalogue.offers import OfferView, WorkView
from hub.models import TeamMember
from hub.network.coverage import Coverage
from hub.records import Kind, Record
from hub.site import SiteRow
from hub.web import bookable, context, presenting

Data = dict[str, Any]

_AS_THEY_ARE = tuple(
    field.name
    for field in fields(Record)
    if field.name not in ("source_id", "kind", "grades", "details", "modified", "origin")
)


def dated(session: Session, views: Collection[OfferView]) -> list[OfferView]:
    """The same offers with the moment at which their sources were last read: one statement."""
    as_of = offers.last_read(session, {view.site for view in views})
    return [replace(view, as_of=as_of.get((view.site, view.plugin))) for view in views]


def dated_works(session: Session, works: Collection[WorkView]) -> list[WorkView]:
    """As `dated`, for all offers of these works."""
    views = iter(dated(session, [view for one in works for view in one.offers]))
    return [replace(one, offers=tuple(islice(views, len(one.offers)))) for one in works]


def offer(view: OfferView) -> Data:
    """A live offer."""
    record = view.record
    return {
        **{name: getattr(record, name) for name in _AS_THEY_ARE},
        "id": view.id,
        "work_id": view.work_id,
        "kind": view.kind,
        "grades": _grades(record),
        "details": [{"label": label, "text": text} for label, text in record.details.items()],
        "badge": badge([entitlement.holding(view)]),
        "provenance": {
            "site": _site_name(view),
            "plugin": view.plugin,
            "as_of": view.as_of,
            "created_at": view.created_at,
            "changed_at": view.changed_at,
            "modified": record.modified,
            "origin": origin(view),
        },
        "links": {
            "self": link("api.get_offer", offer_id=view.id),
            "page": link("offer.show", offer_id=view.id),
            "work": link("api.get_work", work_id=view.work_id),
            "availability": _availability(view),
        },
    }


def origin(view: OfferView) -> Data:
    """Where the offer was first taken in: here, or in the hub from which it came."""
    first = view.record.origin
    if first is not None:
        return {
            "hub": first.hub,
            "site": {"key": first.site, "name": first.site_name},
            "offer_id": first.offer_id,
        }
    return {
        "hub": context.the_hub().settings.base_url,
        "site": _site_name(view),
        "offer_id": view.id,
    }


def _availability(view: OfferView) -> str | None:
    if view.withdrawn_at or bookable.owner(view) is None:
        return None
    return link("api.show_availability", offer_id=view.id)


def tombstone(view: OfferView) -> Data:
    """A withdrawn offer: that it was there, no longer what it was."""
    return {
        "id": view.id,
        "work_id": view.work_id,
        "kind": view.kind,
        "title": view.record.title,
        "site": _site_name(view),
        "created_at": view.created_at,
        "withdrawn_at": view.withdrawn_at,
        "links": {"work": link("api.get_work", work_id=view.work_id)},
    }


def change(view: OfferView) -> Data:
    gone = view.withdrawn_at is not None
    return {
        "id": view.id,
        "changed_at": view.changed_at,
        "withdrawn": gone,
        "origin": origin(view),
        "offer": None if gone else offer(view),
        "tombstone": tombstone(view) if gone else None,
    }


def work(view: WorkView) -> Data:
    """A work; its oldest offer stands for it, as it does in the search."""
    first = min(view.offers, key=lambda one: one.id)
    return {
        "id": view.id,
        "kind": view.kind,
        "title": first.record.title,
        "badge": badge([entitlement.holding(one) for one in view.offers]),
        "offer": offer(first),
        "holdings": [_holding(one) for one in view.offers],
        "links": {"self": link("api.get_work", work_id=view.id)},
    }


def hit(view: OfferView, holdings: Sequence[Holding], site: str | None) -> Data:
    """A work found; `site` is the one whose users it is asked for."""
    return {
        "work_id": view.work_id,
        "sites": list(dict.fromkeys(one.site for one in holdings)),
        "badge": badge(holdings, site),
        "offer": offer(view),
        "links": {"self": link("api.get_work", work_id=view.work_id)},
    }


def badge(holdings: Iterable[Holding], site: str | None = None) -> Data | None:
    found = entitlement.badge(list(holdings), context.today(), site)
    if found is None:
        return None
    return {"status": found.status, "sites": found.sites, "day": found.day}


@dataclass(frozen=True, slots=True)
class People:
    """What the database knows of sites beside their rows: two statements for however many."""

    hours: Mapping[str, str]
    team: Mapping[str, Sequence[TeamMember]]


def people(session: Session, sites: Collection[str]) -> People:
    found: dict[str, list[TeamMember]] = {}
    for member in profile.members(session, sites, context.today()):
        found.setdefault(member.site_key, []).append(member)
    return People(presenting.opening(session, sites), found)


def site(row: SiteRow, covered: Coverage, known: People) -> Data:
    """A site, without what is only its administrators' business."""
    hours = known.hours.get(row.key)
    contact = {**row.contact, "opening_hours": hours} if hours else row.contact
    return {
        "key": row.key,
        "name": row.name,
        "kind": row.kind,
        "association": row.association,
        "region": row.region,
        "ags": row.ags,
        "standort": row.standort,
        "time_zone": row.time_zone,
        "contact": _told(contact, _CONTACT),
        "branches": [_told(branch, ("name", *_CONTACT)) for branch in row.branches],
        "profile": {
            **_told(row.profile, _PROFILE),
            "target_groups": row.profile.get("target_groups", []),
            "services": row.profile.get("services", {}),
        },
        "team": [
            {name: getattr(one, name) for name in ("name", "task", "adviser", "email", "phone")}
            for one in known.team.get(row.key, ())
        ],
        "offers": [{"kind": kind, "count": covered.counts.get(kind, 0)} for kind in Kind],
        "sources": covered.sources,
        "links": {
            "self": link("api.get_site", key=row.key),
            "page": link("centres.profile", site=row.key),
            "offers": link("api.list_offers", site=row.key),
        },
    }


_CONTACT = ("street", "postcode", "town", "phone", "email", "website", "opening_hours")
_PROFILE = (
    "task", "status", "offers", "team", "rooms", "equipment", "cost", "consulting",
    "competence_team", "area", "carrier", "financing", "cooperation", "imprint", "accessibility",
)  # fmt: skip


def _told(texts: Mapping[str, Any], names: Iterable[str]) -> Data:
    return {name: texts.get(name, "") for name in names}


def _holding(view: OfferView) -> Data:
    return {
        "offer_id": view.id,
        "site": _site_name(view),
        "access": view.record.access,
        "grants": view.record.grants,
        "badge": badge([entitlement.holding(view)]),
        "links": {
            "self": link("api.get_offer", offer_id=view.id),
            "page": link("offer.show", offer_id=view.id),
        },
    }


def _site_name(view: OfferView) -> Data:
    return {"key": view.site, "name": view.site_name}


def _grades(record: Record) -> Data | None:
    return {"first": record.grades[0], "last": record.grades[1]} if record.grades else None
