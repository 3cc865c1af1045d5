"""The offer that is booked: whose it is, when it takes place, and what one does to have it."""

from __future__ import annotations

from dataclasses import dataclass

from flask import abort, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session

from hub.booking import house
from hub.booking.intervals import Stretch
from hub.booking.opening import Calendar
from hub.catalogue import offers
from hub.catalogue.offers import OfferView
from hub.identity.actor import Actor
from hub.institutions import borrowers
from hub.records import Kind
from hub.site import Site
from hub.sites import UnknownSite
from hub.web import context
from hub.web.page import Crumb


@dataclass(frozen=True, slots=True)
class Way:
    """How an offer is booked, for its own page."""

    label: str
    url: str


def way(view: OfferView) -> Way | None:
    """The button to book; None where this cannot be booked here."""
    if view.withdrawn_at or owner(view) is None:
        return None
    return Way(verb(view.kind), url_for("booking.choose", offer_id=view.id))


def find(offer_id: int) -> tuple[OfferView, Site]:
    """The offer and its site; what cannot be booked is not found."""
    hub = context.the_hub()
    with hub.db.read() as session:
        view = offers.by_ids(session, [offer_id]).get(offer_id)
    if view is None:
        abort(404)
    if view.withdrawn_at:
        abort(410)
    site = owner(view)
    if site is None:
        abort(404)
    return view, site


def owner(view: OfferView) -> Site | None:
    """The site, where the plugin that offers this books; None also for a site so new that this
    process does not know it yet, and for what another hub passed on without its being booked."""
    if view.record.origin is not None and not view.record.origin.bookable:
        return None
    try:
        site = context.the_hub().sites.site(view.site)
    except UnknownSite:
        return None
    return site if site.implements(view.plugin, "booking_create") else None


def fixed_time(view: OfferView) -> Stretch | None:
    """When it takes place, where the offer itself says so."""
    return house.fixed_time(view.record)


def calendar_of(site: str) -> Calendar:
    with context.the_hub().db.read() as session:
        return house.calendar(session, site)


def verb(kind: Kind) -> str:
    """What one does with it, as the label of a button."""
    if kind in house.BY_DAY:
        return gettext("Borrow")
    if kind is Kind.ROOM:
        return gettext("Book the room")
    if kind is Kind.TRAINING:
        return gettext("Book a seat")
    return gettext("Send a request")


def not_here(centre: str) -> str:
    """Why somebody without a role at this centre cannot book there."""
    return gettext(
        "You can book this only with a role at %(centre)s. Your own centre may offer the same.",
        centre=centre,
    )


def crumbs(view: OfferView) -> list[Crumb]:
    return [
        Crumb(gettext("Search"), url_for("search.results")),
        Crumb(view.record.title, url_for("offer.show", offer_id=view.id)),
        Crumb(verb(view.kind)),
    ]


def waits() -> bool:
    """Whether the person wants to wait where it is full."""
    return request.args.get("weiter") == "warten" or "warten" in request.form


def chosen_institution() -> int | None:
    """In whose name, as it was chosen in the form."""
    return request.values.get("einrichtung", type=int) or None


def first_institution(session: Session, actor: Actor, site: str) -> int | None:
    """In whose name, where nothing was chosen yet."""
    assert actor.person_id is not None
    found = borrowers.may_borrow_for(session, actor.person_id, site, context.today())
    return found[0].id if found else None
