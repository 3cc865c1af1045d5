"""“Noch einmal buchen”, and templates of the cart that are put into it for other days."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date
from typing import Any

from flask import Blueprint, abort, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext

from hub.booking import again, cart, dates, house, making, wording
from hub.booking.again import Thing
from hub.booking.errors import BookingError, Unbookable
from hub.errors import PluginError
from hub.identity.actor import Actor
from hub.identity.permissions import can
from hub.records import Kind
from hub.web import bookable, booking_check, context, login, my_bookings, wishes
from hub.web.page import Crumb
from hub.web.wishes import Asked

pages = Blueprint("again", __name__)


@pages.get("/meine-buchungen/<reference>/noch-einmal")
def book(reference: str) -> ResponseReturnValue:
    """To the first page of a booking, with the next time at which the same can be had."""
    actor = login.demand("booking.read")
    with context.the_hub().db.read() as session:
        row = my_bookings.mine(session, reference)
        if row.offer_id is None:
            abort(404)
        found = again.following(session, row, actor.person_id or 0, context.now())
        calendar = house.calendar(session, row.site_key)
    typed: dict[str, Any] = {"anzahl": row.quantity}
    if found is not None:
        typed = wishes.of(Kind(row.kind), found, row.quantity, calendar).parameters()
    return redirect(url_for("booking.choose", offer_id=row.offer_id, **typed), 303)


@pages.get("/korb/vorlagen")
def templates() -> ResponseReturnValue:
    """The person's templates."""
    return _page(login.demand("booking.read"))


@pages.post("/korb/vorlagen")
def save() -> ResponseReturnValue:
    """Keeps what lies in the cart under a name; one of the same name is replaced."""
    actor = login.demand("booking.read")
    if actor.person_id is None:
        abort(404)
    typed = " ".join(request.form.get("vorlage", "").split())
    name = "".join(c for c in typed if c.isprintable())[: again.LONGEST_NAME]
    if not name:
        return _page(actor, [("", gettext("Please enter a name for the template."))], status=422)
    now = context.now()
    try:
        with context.the_hub().db.write() as session:
            rows = [one.row for one in cart.lines(session, actor.person_id, now)]
            kept = again.save(session, actor.person_id, name, rows, now)
    except BookingError as error:
        told = wording.explain(error, context.NETWORK_TIME)
        return _page(actor, [("", told)], status=409)
    if not kept:
        told = gettext("There is nothing in your cart that can be kept.")
        return _page(actor, [("", told)], status=409)
    return redirect(url_for("again.templates", gespeichert=1), 303)


@pages.post("/korb/vorlagen/<int:number>")
def put(number: int) -> ResponseReturnValue:
    """Puts everything of a template into the cart, beginning on a day; what cannot be is said."""
    actor = login.demand("booking.create")
    with context.the_hub().db.read() as session:
        template = again.find(session, actor.person_id or 0, number)
        if template is None:
            abort(404)
        found = again.things(template)
    day = dates.typed(request.form, f"beginn{number}").value
    if day is None:
        wrong = gettext("Please enter a day, for example 12 3 2027.")
        return _page(actor, [(f"beginn{number}", wrong)], status=422)
    key = booking_check.text("schluessel", 64)
    refused = []
    for position, thing in enumerate(found):
        told = _put(actor, thing, day, f"template-{actor.person_id}-{key}-{position}")
        if told:
            refused.append((thing.title, told))
    if not refused:
        return redirect(url_for("cart.show"), 303)
    return _page(actor, refused=refused, done=len(found) - len(refused), status=409)


@pages.post("/korb/vorlagen/<int:number>/loeschen")
def remove(number: int) -> ResponseReturnValue:
    """Forgets a template; pressed twice it is forgotten once."""
    actor = login.demand("booking.read")
    with context.the_hub().db.write() as session:
        template = again.find(session, actor.person_id or 0, number)
        if template is not None:
            session.delete(template)
    return redirect(url_for("again.templates"), 303)


def _put(actor: Actor, thing: Thing, day: date, key: str) -> str:
    """Put one thing into the cart, or say why it cannot be."""
    hub, zone = context.the_hub(), context.zone_of(thing.site)
    with hub.db.read() as session:
        offer_id = again.offer(session, thing)
        calendar = house.calendar(session, thing.site)
    if offer_id is None or thing.plugin not in hub.sites.site(thing.site).plugins:
        return wording.explain(Unbookable("gone"), zone)
    if not can(actor, "booking.create", thing.site):
        return bookable.not_here(context.sites()[thing.site].name)
    view, site = bookable.find(offer_id)
    asked = Asked(thing.time(day, calendar), thing.quantity)
    wanted = booking_check.plain(view, asked, actor, thing.note, dict(thing.answers))
    try:
        making.put_into_cart(hub.db, site, wanted, key, context.now())
    except BookingError as error:
        return wording.explain(error, zone)
    except PluginError as error:
        return str(error)
    return ""


def _page(
    actor: Actor,
    errors: Sequence[tuple[str, str]] = (),
    *,
    refused: Sequence[tuple[str, str]] = (),
    done: int = 0,
    status: int = 200,
) -> ResponseReturnValue:
    if actor.person_id is None:
        abort(404)
    with context.the_hub().db.read() as session:
        rows = [(row, again.things(row)) for row in again.of(session, actor.person_id)]
    page = render_template(
        "templates.html",
        rows=[
            (
                row,
                [
                    f"{one.title}, {context.sites()[one.site].name}"
                    + (f" ({one.quantity})" if one.quantity > 1 else "")
                    for one in found
                ],
                dates.typed(request.form, f"beginn{row.id}"),
                1 + max(one.last for one in found),
            )
            for row, found in rows
        ],
        errors=errors,
        error=dict(errors),
        refused=refused,
        done=ngettext(
            "%(num)d thing lies in your cart now.", "%(num)d things lie in your cart now.", done
        )
        if done
        else "",
        saved="gespeichert" in request.args,
        key=uuid.uuid4().hex,
        crumbs=[Crumb(gettext("Cart"), url_for("cart.show")), Crumb(gettext("Templates"))],
    )
    return make_response(page, status)
