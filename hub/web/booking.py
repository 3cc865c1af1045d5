"""Booking an offer: choose a time, check the answers, done.

The first page says what is free and is for everybody; to go on one has to be somebody. What was
typed stands in the address until the booking is sent, so the way back loses nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from flask import Blueprint, abort, make_response, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from hub.booking import contacts, dates, house, keeping, making, month, questions, wording
from hub.booking.errors import BookingError, Refusal
from hub.booking.intervals import Stretch
from hub.booking.month import Day
from hub.booking.opening import Calendar
from hub.booking.rules import Rules
from hub.catalogue import offers
from hub.catalogue.offers import OfferView
from hub.errors import PluginError, Rejected
from hub.identity.actor import Actor
from hub.identity.permissions import can
from hub.institutions import borrowers
from hub.models import BookingContact, Institution, Person
from hub.records import BookingRequest, Kind, Offer, Slot
from hub.site import Site
from hub.sites import UnknownSite
from hub.web import context, login, texts, wishes
from hub.web.page import Crumb
from hub.web.wishes import Asked, Wish

pages = Blueprint("booking", __name__)

log = structlog.get_logger(__name__)

DEADLINE = 10.0
"""Seconds that the plugin which owns the bookings may take to say what is free."""
FULFILMENTS = ("pickup", "courier")


@dataclass(frozen=True, slots=True)
class Way:
    """How an offer is booked, for its own page."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Who:
    """What is known of who books, for the second page."""

    institutions: Sequence[Institution]
    contact: BookingContact | None
    name: str
    email: str


def way(view: OfferView) -> Way | None:
    """The button to book; None where this cannot be booked here."""
    if view.withdrawn_at or _owner(view) is None:
        return None
    return Way(_verb(view.kind), url_for("booking.choose", offer_id=view.id))


@pages.get("/angebot/<int:offer_id>/buchen")
def choose(offer_id: int) -> Response:
    """The first page; with a time that is possible, the second."""
    view, site = _bookable(offer_id)
    wish, calendar = wishes.typed(request.args), _calendar(view.site)
    fixed = fixed_time(view)
    errors: list[tuple[str, str]] = []
    asked: Asked | None = None
    if "weiter" in request.args:
        asked, errors = wishes.read(view.kind, wish, calendar, fixed)
    if asked is not None:
        actor = login.demand("booking.create")
        if not can(actor, "booking.create", view.site):
            return _page(view, site, wish, calendar, [("", _elsewhere(view))])
        errors = _check(view, asked, actor, _chosen_institution(), calendar)
        if not errors and not _waits():
            errors = _full(view, site, asked, actor)
            if errors:
                return _page(view, site, wish, calendar, errors, list_open=_has_list(view))
        if not errors:
            return _second(view, wish, asked, actor, calendar, [])
    return _page(view, site, wish, calendar, errors)


@pages.post("/angebot/<int:offer_id>/buchen")
def book(offer_id: int) -> Response:
    """Books, once per form however often it is sent."""
    actor = login.demand("booking.create")
    view, site = _bookable(offer_id)
    if actor.person_id is None or not can(actor, "booking.create", view.site):
        abort(404)
    wish, calendar = wishes.typed(request.form), _calendar(view.site)
    asked, errors = wishes.read(view.kind, wish, calendar, fixed_time(view))
    if asked is None:
        return _page(view, site, wish, calendar, errors)
    answers, wrong = questions.read(view.kind, _given())
    found = [(f"frage_{code}", text) for code, text in wrong.items()]
    contact, complaints = contacts.read(
        *(request.form.get(name, "") for name in ("name", "email", "telefon"))
    )
    found += list(complaints.items())
    institution = _chosen_institution()
    if institution is not None and institution not in {
        one.id for one in _person(actor, view.site).institutions
    }:
        abort(404)
    if found or contact is None:
        return _second(view, wish, asked, actor, calendar, found, 422)
    with context.the_hub().db.write() as session:
        contacts.keep(session, actor.person_id, view.site, contact)
        named = session.get(Institution, institution) if institution else None
    who = actor.record()
    assert who is not None
    wanted = BookingRequest(
        offer=Offer(view.id, view.site, view.plugin, view.record),
        person=who,
        start=asked.time.start,
        end=asked.time.end,
        quantity=asked.quantity,
        note=_text("nachricht", 2_000),
        institution=institution,
        institution_name=named.name if named else "",
        fulfilment=_fulfilment(),
        answers=answers,
        contact=contact,
        waiting=_waits(),
    )
    key = f"form-{actor.person_id}-{_text('schluessel', 64)}"
    try:
        reference = making.make(context.the_hub().db, site, wanted, key, context.now())
    except BookingError as error:
        told = wording.explain(error, calendar.zone)
        return _second(view, wish, asked, actor, calendar, [("", told)], 409)
    except Rejected as rejected:
        return _second(view, wish, asked, actor, calendar, [("", str(rejected))], 409)
    except PluginError as error:
        log.warning("booking.failed", offer=view.id, kind=type(error).__name__)
        told = gettext(
            "The booking could not be made, because the service behind it does not answer "
            "properly. Nothing was booked; please try again later."
        )
        return _second(view, wish, asked, actor, calendar, [("", told)], 503)
    return redirect(url_for("my_bookings.show", reference=reference, neu=1), 303)


def fixed_time(view: OfferView) -> Stretch | None:
    """When it takes place, where the offer itself says so."""
    if view.kind is not Kind.TRAINING or not view.record.events:
        return None
    event = view.record.events[0]
    return Stretch(event.start, event.end)


def _bookable(offer_id: int) -> tuple[OfferView, Site]:
    hub = context.the_hub()
    with hub.db.read() as session:
        view = offers.by_ids(session, [offer_id]).get(offer_id)
    if view is None:
        abort(404)
    if view.withdrawn_at:
        abort(410)
    site = _owner(view)
    if site is None:
        abort(404)
    return view, site


def _owner(view: OfferView) -> Site | None:
    """The site, where the plugin that offers this books; None also for a site so new that this
    process does not know it yet."""
    try:
        site = context.the_hub().sites.site(view.site)
    except UnknownSite:
        return None
    return site if site.implements(view.plugin, "booking_create") else None


def _calendar(site: str) -> Calendar:
    with context.the_hub().db.read() as session:
        return house.calendar(session, site)


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
            institution = _first_institution(session, actor, view.site)
        *_, refusals = house.refusals(
            session,
            view.site,
            view.kind,
            actor.person_id,
            institution,
            asked.time,
            asked.quantity,
            context.now(),
            fixed=fixed_time(view) is not None,
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
    return [("anzahl" if fixed_time(view) else "beginn", told)]


def _waits() -> bool:
    """Whether the person wants to wait where it is full."""
    return request.args.get("weiter") == "warten" or "warten" in request.form


def _has_list(view: OfferView) -> bool:
    """Whether one can wait for it: for what is limited and kept in the hub's own ledger."""
    with context.the_hub().db.read() as session:
        row = keeping.find(session, view.site, view.plugin, view.record.source_id)
        return row is not None and row.capacity is not None


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
    if fixed_time(view) is None and not unlimited:
        slots = _slots(view, site, month.bounds(calendar, first), login.actor())
        if slots is not None:
            total = (view.record.quantity or 1) if by_day else 1
            shown = month.weeks(
                month.days(calendar, first, slots, context.now(), total=total, by_day=by_day)
            )
    seats: int | None = None
    if (fixed := fixed_time(view)) is not None and not errors:
        seats = min(
            (slot.free for slot in _slots(view, site, fixed, login.actor()) or ()), default=None
        )
    before, after = month.neighbours(first, today)
    return _answer(
        "booking_choose.html",
        422 if errors else 200,
        view=view,
        wish=wish,
        errors=errors,
        error=dict(reversed(errors)),
        by_day=by_day,
        fixed=fixed_time(view),
        zone=calendar.zone,
        weeks=shown,
        first=first,
        before=before,
        after=after,
        said=said,
        total=view.record.quantity,
        seats=seats,
        list_open=list_open or (seats == 0 and _has_list(view)),
        chosen=wish.first.value,
        verb=_verb(view.kind),
        crumbs=_crumbs(view),
    )


def _second(
    view: OfferView,
    wish: Wish,
    asked: Asked,
    actor: Actor,
    calendar: Calendar,
    errors: Sequence[tuple[str, str]],
    status: int = 200,
) -> Response:
    who = _person(actor, view.site)
    institution = _chosen_institution()
    if institution is None and request.method == "GET" and who.institutions:
        institution = who.institutions[0].id
    with context.the_hub().db.read() as session:
        standing = house.standing(session, view.site, actor.person_id or 0, institution)
        said = house.rules(session, view.site, view.kind, standing.borrower)
    known = who.contact
    given = request.form if request.method == "POST" else {}
    return _answer(
        "booking_check.html",
        status,
        view=view,
        wish=wish,
        errors=errors,
        error=dict(errors),
        facts=_facts(view, asked, said, calendar),
        said=said,
        waits=_waits(),
        institutions=[
            *((one.id, one.name) for one in who.institutions),
            ("", gettext("private")),
        ]
        if who.institutions
        else [],
        institution=institution,
        questions=questions.of(view.kind),
        given=given,
        name=given.get("name", known.name if known else who.name),
        email=given.get("email", known.email if known else who.email),
        phone=given.get("telefon", known.phone if known else ""),
        key=given.get("schluessel") or uuid.uuid4().hex,
        back=url_for("booking.choose", offer_id=view.id, **wish.parameters()),
        verb=_verb(view.kind),
        courier=said.courier and view.kind in house.BY_DAY,
        crumbs=_crumbs(view),
    )


def _facts(view: OfferView, asked: Asked, said: Rules, calendar: Calendar) -> list[tuple[str, str]]:
    rows = [
        (gettext("What"), view.record.title),
        (gettext("Where"), view.site_name),
        (gettext("When"), wording.time(*asked.time, calendar.zone)),
    ]
    if view.kind in (*house.BY_DAY, Kind.TRAINING):
        rows.append((gettext("Number"), texts.number(asked.quantity)))
    rows.append((gettext("Cost"), said.fee or view.record.cost or gettext("free of charge")))
    return rows


def _person(actor: Actor, site: str) -> Who:
    assert actor.person_id is not None
    with context.the_hub().db.read() as session:
        person = session.get_one(Person, actor.person_id)
        return Who(
            borrowers.may_borrow_for(session, actor.person_id, site, context.today()),
            contacts.of(session, actor.person_id, site),
            person.name,
            person.email,
        )


def _first_institution(session: Session, actor: Actor, site: str) -> int | None:
    assert actor.person_id is not None
    found = borrowers.may_borrow_for(session, actor.person_id, site, context.today())
    return found[0].id if found else None


def _chosen_institution() -> int | None:
    return request.values.get("einrichtung", type=int) or None


def _fulfilment() -> str:
    chosen = request.form.get("weg", "")
    return chosen if chosen in FULFILMENTS else FULFILMENTS[0]


def _given() -> dict[str, str]:
    return {
        name.removeprefix("frage_"): value
        for name, value in request.form.items()
        if name.startswith("frage_")
    }


def _text(name: str, longest: int) -> str:
    return request.form.get(name, "")[:longest].strip()


def _verb(kind: Kind) -> str:
    if kind in house.BY_DAY:
        return gettext("Borrow")
    if kind is Kind.ROOM:
        return gettext("Book the room")
    if kind is Kind.TRAINING:
        return gettext("Book a seat")
    return gettext("Send a request")


def _elsewhere(view: OfferView) -> str:
    return gettext(
        "You can book this only with a role at %(centre)s. Your own centre may offer the same.",
        centre=view.site_name,
    )


def _crumbs(view: OfferView) -> list[Crumb]:
    return [
        Crumb(gettext("Search"), url_for("search.results")),
        Crumb(view.record.title, url_for("offer.show", offer_id=view.id)),
        Crumb(_verb(view.kind)),
    ]


def _answer(template: str, status: int, **values: Any) -> Response:
    return make_response(render_template(template, **values), status)
