"""“Meine Buchungen”: another time or number for what is booked, and back again."""

from __future__ import annotations

from flask import Blueprint, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from hub.booking import moving
from hub.booking.errors import NotNow
from hub.models import Booking
from hub.web import changing, context, login, my_bookings
from hub.web.page import Crumb
from hub.web.wishes import Asked

pages = Blueprint("moving", __name__, url_prefix="/meine-buchungen")


@pages.route("/<reference>/aendern", methods=["GET", "POST"])
def change(reference: str) -> ResponseReturnValue:
    """The form, and what it says; the old time is let go only when the new one is had."""
    who = login.demand("booking.cancel")

    def do(session: Session, row: Booking, asked: Asked) -> None:
        moving.move(session, row, asked.time, asked.quantity, who.key, context.now())

    with context.the_hub().db.read() as session:
        row = my_bookings.mine(session, reference)
        if not moving.may_move(row, context.now()):
            return my_bookings.refuse(reference, NotNow(row.state))
        approved = moving.needs_approval(session, row)
    page = changing.form(
        lambda session: my_bookings.mine(session, reference),
        do,
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
    return my_bookings.change(
        reference, lambda session, row, actor: moving.undo(session, row, actor, context.now())
    )
