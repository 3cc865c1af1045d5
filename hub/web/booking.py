"""Booking an offer: choose a time; `hub.web.booking_check` is the page after it.

This page says what is free and is for everybody; to go on one has to be somebody. What was typed
stands in the address until the booking is sent, so the way back loses nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from flask import Blueprint, make_response, render_template, request
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response

from hub.booking import dates, house, keeping, month, wording
from hub.booking.charges import charge
from hub.booking.errors import Refusal
from hub.booking.intervals import Stretch
from hub.booking.month import Day
from hub.booking.opening import Calendar
from hub.catalogue.offers import OfferView
from hub.errors import PluginError
from hub.identity.actor import Actor
from hub.identity.permissions import can
from hub.records import Kind, Offer, Slot
from hub.site import Site
from hub.web import bookable, booking_check, context, login, wishes
from hub.web.wishes import Asked, Wish

pages = Blueprint("booking", __name__)

log = structlog.get_logger(__name__)

DEADLINE = 10.0
"""Seconds that the plugin which owns the bookings may take to say what is free."""


@pages.get("/angebot/<int:offer_id>/buchen")
def choose(offer_id: int) -> Response:
    """The first page; with a time that is possible, the second."""
    view, site = bookable.find(offer_id)
    wish, calendar = wishes.typed(request.args), bookable.calendar_of(view.site)
    fixed = bookable.fixed_time(view)
    errors: list[tuple[str, str]] = []
    asked: Asked | None = None
    if "weiter" in request.args:
        asked, errors = wishes.read(view.kind, wish, calendar, fixed)
    if asked is not None:
        actor = login.demand("booking.create")
        if not can(actor, "booking.create", view.site):
            return _page(view, site, wish, calendar, [("", bookable.not_here(view.site_name))])
        errors = _check(view, asked, actor, bookable.chosen_institution(), calendar)
        if not errors and not bookable.waits():
            errors = _full(view, site, asked, actor)
            if errors:
                return _page(view, site, wish, calendar, errors, list_open=_has_list(view))
        if not errors:
            return booking_check.show(view, wish, asked, actor, calendar, [])
    return _page(view, site, wish, calendar, errors)


def _check(
    view: OfferView,
    asked: Asked,
    actor: Actor,
    institution: int | None,
    calendar: Calendar,
) -> list[tuple[str, str]]:
    """What the rules say; the plugin itself has the last word."""
    if actor.person_id is None:
        return [("", gettext("To book you need an account."))]
    with context.the_hub().db.read() as session:
        if institution is None:
            institution = bookable.first_institution(session, actor, view.site)
        *_, refusals = house.refusals(
            session,
            view.site,
            view.kind,
            actor.person_id,
            institution,
            asked.time,
            asked.quantity,
            context.now(),
            fixed=bookable.fixed_time(view) is not None,
        )
    return [(_field(one), wording.refusal(one, calendar.zone)) for one in refusals]


def _full(view: OfferView, site: Site, asked: Asked, actor: Actor) -> list[tuple[str, str]]:
    """What is to be said where less is free than was asked for."""
    slots = _slots(view, site, asked.time, actor)
    free = min((slot.free for slot in slots), default=None) if slots else None
    if free is None or free >= asked.quantity:
        return []
    told = (
        ngettext(
            "Only %(num)d is free in this time.",
            "Only %(num)d are free in this time.",
            free,
        )
        if free
        else gettext("Nothing is free in this time.")
    )
    return [("anzahl" if bookable.fixed_time(view) else "beginn", told)]


def _has_list(view: OfferView) -> bool:
    """Whether one can wait for it: for what is limited in the hub's own ledger, or where the system
    that keeps the books has a list."""
    if _waits_elsewhere(view):
        return True
    with context.the_hub().db.read() as session:
        row = keeping.find(session, view.site, view.plugin, view.record.source_id)
        return row is not None and row.capacity is not None


def _waits_elsewhere(view: OfferView) -> bool:
    site = bookable.owner(view)
    return site is not None and site.plugins[view.plugin].waiting_list


def _field(one: Refusal) -> str:
    """The field at which a refusal is shown."""
    if one.code in ("closed_last", "period", "back_by", "furthest"):
        return "ende"
    return "anzahl" if one.code == "most" else "beginn"


def _slots(view: OfferView, site: Site, stretch: Stretch, actor: Actor) -> Sequence[Slot] | None:
    """What the owner of the bookings says is free; None where it does not say now."""
    try:
        return list(
            site.one(
                view.plugin,
                "booking_slots",
                deadline=DEADLINE,
                offer=Offer(view.id, view.site, view.plugin, view.record),
                start=stretch.start,
                end=stretch.end,
                person=actor.record(),
            )
        )
    except PluginError as error:
        log.warning("booking.no_slots", offer=view.id, kind=type(error).__name__)
        return None


def _page(
    view: OfferView,
    site: Site,
    wish: Wish,
    calendar: Calendar,
    errors: Sequence[tuple[str, str]],
    *,
    list_open: bool = False,
) -> Response:
    today = calendar.day(context.now())
    with context.the_hub().db.read() as session:
        said = house.rules(session, view.site, view.kind, "")
    possible = calendar.after_open_days(today, said.lead) or today
    asked = dates.month(request.args.get("monat", "")) or wish.first.value or possible
    first = month.shown(asked, today)
    by_day = view.kind in house.BY_DAY
    shown: list[list[Day | None]] | None = None
    unlimited = view.kind not in (*house.BY_DAY, Kind.ROOM)
    if bookable.fixed_time(view) is None and not unlimited:
        slots = _slots(view, site, month.bounds(calendar, first), login.actor())
        if slots is not None:
            total = (view.record.quantity or 1) if by_day else 1
            shown = month.weeks(
                month.days(calendar, first, slots, context.now(), total=total, by_day=by_day)
            )
    seats: int | None = None
    if (fixed := bookable.fixed_time(view)) is not None and not errors:
        seats = min(
            (slot.free for slot in _slots(view, site, fixed, login.actor()) or ()), default=None
        )
    before, after = month.neighbours(first, today)
    page = render_template(
        "booking_choose.html",
        view=view,
        wish=wish,
        errors=errors,
        error=dict(reversed(errors)),
        by_day=by_day,
        fixed=bookable.fixed_time(view),
        zone=calendar.zone,
        weeks=shown,
        first=first,
        before=before,
        after=after,
        charge=charge(said, view.record.cost),
        total=view.record.quantity,
        seats=seats,
        list_open=list_open or (seats == 0 and _has_list(view)),
        list_elsewhere=_waits_elsewhere(view),
        verb=bookable.verb(view.kind),
        crumbs=bookable.crumbs(view),
    )
    return make_response(page, 422 if errors else 200)
