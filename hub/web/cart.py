"""“Korb”: things of several centres with their times, held for a while and booked in one go."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from flask import Blueprint, abort, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from sqlalchemy.orm import Session

from hub.booking import cart, contacts, house, making, questions, wording
from hub.booking.cart import Refused, Terms
from hub.booking.errors import BookingError, Unbookable
from hub.booking.intervals import Stretch
from hub.identity.actor import Actor
from hub.identity.permissions import can
from hub.models import Booking
from hub.records import Contact, Kind
from hub.web import bookable, booking_check, changing, context, login, my_bookings, texts, wishes
from hub.web.booking_check import Who
from hub.web.page import Crumb
from hub.web.wishes import Asked, Wish

pages = Blueprint("cart", __name__, url_prefix="/korb")


@dataclass(frozen=True, slots=True)
class Thing:
    """One line of the cart."""

    row: Booking
    kind: str
    time: str
    held: str
    """How long it is still held, in words."""
    problem: str


@dataclass(frozen=True, slots=True)
class Centre:
    """What lies in the cart of one centre, and what its booking asks."""

    key: str
    name: str
    things: Sequence[Thing]
    problem: str
    institutions: Sequence[tuple[int | str, str]]
    institution: int | str
    courier: bool
    way: str
    note: str


@pages.get("")
def show() -> ResponseReturnValue:
    """All that lies in the cart, by centre."""
    actor = login.demand("booking.read")
    return _page(actor, booked=request.args.getlist("gebucht")[: cart.MOST])


@pages.post("/dazu/<int:offer_id>")
def put(offer_id: int) -> ResponseReturnValue:
    """Puts something in, once per form however often it is sent: from the second page of a
    booking with all its entries, from a list with time and number only."""
    actor = login.demand("booking.create")
    view, site = bookable.find(offer_id)
    if actor.person_id is None or not can(actor, "booking.create", view.site):
        abort(404)
    wish, calendar = wishes.typed(request.form), bookable.calendar_of(view.site)
    asked, _ = wishes.read(view.kind, wish, calendar, bookable.fixed_time(view))
    if asked is None:
        return booking_check.to_first(view, wish)
    whole_form = "name" in request.form
    errors: booking_check.Errors = []
    if whole_form:
        wanted, errors = booking_check.read(view, asked, actor)
        if wanted is None:
            return booking_check.show(view, wish, asked, actor, calendar, errors, 422)
    elif questions.of(view.kind):
        return booking_check.to_first(view, wish)
    else:
        wanted = booking_check.plain(view, asked, actor)
    key = f"cart-{actor.person_id}-{offer_id}-{booking_check.text('schluessel', 64)}"
    try:
        making.put_into_cart(context.the_hub().db, site, wanted, key, context.now())
    except BookingError as error:
        if not whole_form:  # the first page says the same, and what is possible, at its fields
            return booking_check.to_first(view, wish)
        told = wording.explain(error, calendar.zone)
        return booking_check.show(view, wish, asked, actor, calendar, [("", told)], 409)
    return redirect(url_for("cart.show"), 303)


@pages.route("/<reference>", methods=["GET", "POST"])
def change(reference: str) -> ResponseReturnValue:
    """Gives something in the cart another time or number."""
    actor = login.demand("booking.read")

    def do(_: Booking, asked: Asked, __: int | None) -> None:
        with context.the_hub().db.write(queued=True) as session:
            row = _mine(session, actor, reference)
            cart.change(session, row, asked.time, asked.quantity, context.now())

    page = changing.form(
        lambda session: _mine(session, actor, reference),
        do,
        url_for("cart.change", reference=reference),
        [Crumb(gettext("Cart"), url_for("cart.show"))],
    )
    return page or redirect(url_for("cart.show"), 303)


@pages.post("/<reference>/entfernen")
def remove(reference: str) -> ResponseReturnValue:
    """Takes something out; pressed twice it is out once."""
    actor = login.demand("booking.read")
    with context.the_hub().db.write(queued=True) as session:
        row = cart.find(session, actor.person_id or 0, reference)
        if row is not None:
            cart.remove(session, row, context.now())
    return redirect(url_for("cart.show"), 303)


@pages.post("/verlaengern")
def hold_longer() -> ResponseReturnValue:
    """Holds everything for a while more, each thing once; what is held no more is held again."""
    actor = login.demand("booking.create")
    with context.the_hub().db.write(queued=True) as session:
        cart.hold_longer(session, actor.person_id or 0, context.now())
    return redirect(url_for("cart.show"), 303)


@pages.post("/buchen")
def book() -> ResponseReturnValue:
    """Books all of it, centre by centre: what one refuses keeps no other from booking.

    Sent twice it is booked once: what was booked lies in the cart no more.
    """
    actor = login.demand("booking.create")
    person = actor.person_id
    if person is None:
        abort(404)
    references = request.form.getlist("posten")[: cart.MOST]
    contact, complaints = contacts.read(
        *(request.form.get(name, "") for name in ("name", "email", "telefon"))
    )
    if contact is None:
        return _page(actor, errors=list(complaints.items()), status=422)
    with context.the_hub().db.read() as session:
        rows = [
            one.row
            for one in cart.lines(session, person, context.now())
            if one.row.reference in references
        ]
    problems: dict[str, str] = {}
    for site in dict.fromkeys(row.site_key for row in rows):
        here = [row for row in rows if row.site_key == site]
        problems |= _book_at(actor, site, here, contact)
    with context.the_hub().db.read() as session:
        booked = cart.bundles(session, person, references)
    if problems:
        return _page(actor, booked=booked, problems=problems, status=409)
    return redirect(url_for("cart.show", gebucht=booked), 303)


def _book_at(
    actor: Actor, site: str, rows: Sequence[Booking], contact: Contact
) -> Mapping[str, str]:
    """Book these at one centre, or by reference (or by the centre's key) why nothing of it was."""
    assert actor.person_id is not None
    if not can(actor, "booking.create", site):
        return {site: bookable.not_here(context.sites()[site].name)}
    institution = request.form.get(f"einrichtung_{site}", type=int) or None
    known = {one.id for one in booking_check.person(actor, site).institutions}
    if institution is not None and institution not in known:
        abort(404)
    zone = context.zone_of(site)
    gone = wording.explain(Unbookable("gone"), zone)
    if left := {row.reference: gone for row in rows if not _offered(row)}:
        return left
    terms = Terms(
        institution,
        booking_check.fulfilment(request.form.get(f"weg_{site}", "")),
        booking_check.text(f"nachricht_{site}", 2_000),
    )
    references = [row.reference for row in rows]
    try:
        with context.the_hub().db.write(queued=True) as session:
            contacts.keep(session, actor.person_id, site, contact)
            cart.book(session, actor.person_id, site, references, terms, actor.key, context.now())
    except Refused as refused:
        return {one: wording.explain(error, zone) for one, error in refused.reasons.items()}
    return {}


def _page(
    actor: Actor,
    *,
    booked: Collection[str] = (),
    errors: booking_check.Errors = (),
    problems: Mapping[str, str] | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    if actor.person_id is None:
        abort(404)
    now = context.now()
    with context.the_hub().db.read() as session:
        lying = cart.lines(session, actor.person_id, now)
    whos = {
        site: booking_check.person(actor, site)
        for site in dict.fromkeys(one.row.site_key for one in lying)
    }
    with context.the_hub().db.read() as session:
        found = {one.row.reference: _problem(session, one, now) for one in lying}
        found |= problems or {}
        made = session.scalars(
            sa.select(Booking)
            .where(
                Booking.person_id == actor.person_id, Booking.bundle.in_([b for b in booked if b])
            )
            .order_by(Booking.id)
        ).all()
        centres = [
            _centre(session, site, who, [one for one in lying if one.row.site_key == site], found)
            for site, who in whos.items()
        ]
    known = next((who.contact for who in whos.values() if who.contact), None)
    given = request.form
    newest = lying[-1].row if lying else None
    page = render_template(
        "cart.html",
        centres=centres,
        booked=[my_bookings.line(row) for row in made],
        errors=errors,
        error=dict(errors),
        refused=bool(problems),
        longer=any(one.until is None or not one.row.extensions for one in lying),
        name=given.get("name", known.name if known else actor.name),
        email=given.get("email", known.email if known else _address(whos.values())),
        phone=given.get("telefon", known.phone if known else ""),
        more=_search_more(newest),
        crumbs=[Crumb(gettext("Cart"))],
    )
    return make_response(page, status)


def _centre(
    session: Session,
    site: str,
    who: Who,
    lying: Sequence[cart.Line],
    problems: Mapping[str, str],
) -> Centre:
    zone, first = context.zone_of(site), lying[0].row
    chosen = request.form.get(f"einrichtung_{site}", first.institution_id or "")
    by_day = [one.row for one in lying if one.row.kind in house.BY_DAY]
    courier = any(
        house.rules(session, site, row.kind, _borrower(session, row)).courier for row in by_day
    )
    return Centre(
        key=site,
        name=context.sites()[site].name,
        things=[
            Thing(
                one.row,
                str(texts.KIND[Kind(one.row.kind)]),
                wording.time(one.row.starts_at, one.row.ends_at, zone),
                _held(one.until),
                problems.get(one.row.reference, ""),
            )
            for one in lying
        ],
        problem=problems.get(site, ""),
        institutions=booking_check.institution_options(who),
        institution=int(chosen) if str(chosen).isdigit() else "",
        courier=courier,
        way=request.form.get(f"weg_{site}", first.fulfilment),
        note=request.form.get(f"nachricht_{site}", ""),
    )


def _address(whos: Iterable[Who]) -> str:
    return next((who.email for who in whos), "")


def _borrower(session: Session, row: Booking) -> str:
    return house.standing(session, row.site_key, row.person_id or 0, row.institution_id).borrower


def _problem(session: Session, line: cart.Line, now: datetime) -> str:
    zone = context.zone_of(line.row.site_key)
    if not _offered(line.row):
        return wording.explain(Unbookable("gone"), zone)
    error = cart.problem(session, line, now)
    return wording.explain(error, zone) if error is not None else ""


def _offered(row: Booking) -> bool:
    """Whether the plugin that offers it is there."""
    return row.plugin in context.the_hub().sites.site(row.site_key).plugins


def _held(until: datetime | None) -> str:
    if until is None:
        return gettext("No longer held: others can have it until you book it.")
    minutes = math.ceil((until - context.now()).total_seconds() / 60)
    return ngettext(
        "Held for you for one more minute.", "Held for you for %(num)d more minutes.", minutes
    )


def _search_more(row: Booking | None) -> str:
    """The search for what else is free in the time of what was put in last."""
    if row is None:
        return url_for("free.show")
    time = Stretch(row.starts_at, row.ends_at)
    wish: Wish = wishes.of(Kind(row.kind), time, 1, bookable.calendar_of(row.site_key))
    return url_for("free.show", art=row.kind, **wish.parameters())


def _mine(session: Session, actor: Actor, reference: str) -> Booking:
    row = cart.find(session, actor.person_id or 0, reference)
    if row is None:
        abort(404)
    return row
