"""“Meine Buchungen”: another time or number for what is booked, and back again."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from hub.booking import making, moving
from hub.booking.errors import BookingError, NotNow
from hub.booking.intervals import Stretch
from hub.models import Booking
from hub.site import Site
from hub.web import changing, context, login, my_bookings
from hub.web.page import Crumb

pages = Blueprint("moving", __name__, url_prefix="/meine-buchungen")


@pages.route("/<reference>/aendern", methods=["GET", "POST"])
def change(reference: str) -> ResponseReturnValue:
    """The form, and what it says; the old time is let go only when the new one is had."""
    login.demand("booking.cancel")
    with context.the_hub().db.read() as session:
        row = my_bookings.mine(session, reference)
        if not making.may_move(_site(row), row, context.now()):
            return my_bookings.refuse(reference, NotNow(row.state))
        approved = row.bookable_id is not None and moving.needs_approval(session, row)
    page = changing.form(
        lambda session: my_bookings.mine(session, reference),
        lambda row, asked: _move(row, asked.time, asked.quantity),
        url_for("moving.change", reference=reference),
        [Crumb(gettext("My bookings"), url_for("my_bookings.listing"))],
        gettext("Whoever confirms it is asked again; until then the new time is reserved for you.")
        if approved
        else "",
    )
    return page or redirect(url_for("my_bookings.show", reference=reference, verschoben=1), 303)


@pages.post("/<reference>/zurueckverschieben")
def undo(reference: str) -> ResponseReturnValue:
    """Takes the change back, where the old time is still free."""
    who = login.demand("booking.cancel")
    with context.the_hub().db.read() as session:
        row = my_bookings.mine(session, reference)
        last = moving.last_move(session, row, who.key)
    if row.bookable_id is not None:
        return my_bookings.change(
            reference, lambda session, row, actor: moving.undo(session, row, actor, context.now())
        )
    if last is None or last.before is None:
        return my_bookings.refuse(reference, NotNow(row.state))
    before = last.before
    time = Stretch(*(datetime.fromisoformat(before[one]) for one in ("starts_at", "ends_at")))
    try:
        _move(row, time, before["quantity"])
    except BookingError as error:
        return my_bookings.refuse(reference, error, context.zone_of(row.site_key))
    return redirect(url_for("my_bookings.show", reference=reference), 303)


def _move(row: Booking, time: Stretch, quantity: int) -> None:
    actor = login.demand("booking.cancel").key
    hub = context.the_hub()
    making.move(hub.db, _site(row), row.id, time, quantity, actor, context.now())


def _site(row: Booking) -> Site:
    return context.the_hub().sites.site(row.site_key)
