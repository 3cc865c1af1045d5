"""“Meine Buchungen”: another time or number for what is booked, and back again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import structlog
from flask import Blueprint, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from hub.booking import making, moving
from hub.booking.errors import BookingError, NotNow
from hub.booking.intervals import Stretch
from hub.booking.moving_elsewhere import OtherDate, other_dates
from hub.errors import PluginError
from hub.models import Booking
from hub.site import Site
from hub.web import changing, context, login, my_bookings
from hub.web.page import Crumb

pages = Blueprint("moving", __name__, url_prefix="/meine-buchungen")

log = structlog.get_logger(__name__)


@pages.route("/<reference>/aendern", methods=["GET", "POST"])
def change(reference: str) -> ResponseReturnValue:
    """The form, and what it says; the old time is let go only when the new one is had."""
    login.demand("booking.cancel")
    with context.the_hub().db.read() as session:
        row = my_bookings.mine(session, reference)
        if not making.may_move(_site(row), row, context.now()):
            return my_bookings.refuse(reference, NotNow(row.state))
        approved = row.bookable_id is not None and moving.needs_approval(session, row)
    told = (
        gettext("Whoever confirms it is asked again; until then the new time is reserved for you.")
        if approved
        else ""
    )
    dates: Sequence[OtherDate] = ()
    if row.bookable_id is None:
        try:
            dates = other_dates(context.the_hub().db, _site(row), row.id, context.now())
        except PluginError as error:
            log.warning("booking.dates", plugin=row.plugin, kind=type(error).__name__)
            told = gettext(
                "Which other dates there are cannot be said just now, because the system that "
                "keeps this booking does not answer. Please try again later."
            )
    page = changing.form(
        lambda session: my_bookings.mine(session, reference),
        lambda row, asked, offer: _move(row, asked.time, asked.quantity, offer),
        url_for("moving.change", reference=reference),
        [Crumb(gettext("My bookings"), url_for("my_bookings.listing"))],
        told,
        dates,
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
        _move(row, time, before["quantity"], before.get("offer_id"))
    except BookingError as error:
        return my_bookings.refuse(reference, error, context.zone_of(row.site_key))
    return redirect(url_for("my_bookings.show", reference=reference), 303)


def _move(row: Booking, time: Stretch, quantity: int, offer_id: int | None) -> None:
    actor = login.demand("booking.cancel").key
    hub, now = context.the_hub(), context.now()
    making.move(hub.db, _site(row), row.id, time, quantity, actor, now, offer_id=offer_id)


def _site(row: Booking) -> Site:
    return context.the_hub().sites.site(row.site_key)
