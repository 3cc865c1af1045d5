"""The calendar of one's bookings at its secret address, and the buttons that make and end it."""

from __future__ import annotations

from flask import Blueprint, abort, make_response, redirect, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from hub.booking import feed
from hub.web import context, login, my_bookings

pages = Blueprint("calendar_feed", __name__)


@pages.get("/kalender/<token>.ics")
def show(token: str) -> Response:
    """For calendar programs, which cannot log in."""
    hub = context.the_hub()
    with hub.db.read() as session:
        document = feed.document(session, token, hub.settings.base_url)
    if document is None:
        abort(404)
    response = make_response(document)
    response.headers["Content-Type"] = "text/calendar; charset=utf-8"
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


@pages.post("/meine-buchungen/kalender")
def renew() -> Response:
    """Makes a new address and shows it, this once."""
    person = _mine()
    with context.the_hub().db.write() as session:
        token = feed.renew(session, person)
    address = context.public_address("calendar_feed.show", token=token)
    return make_response(my_bookings.overview(person, address))


@pages.post("/meine-buchungen/kalender/aus")
def switch_off() -> ResponseReturnValue:
    """The address works no longer."""
    person = _mine()
    with context.the_hub().db.write() as session:
        feed.switch_off(session, person)
    return redirect(url_for("my_bookings.listing"), 303)


def _mine() -> int:
    person = login.demand("booking.read").person_id
    if person is None:
        abort(404)
    return person
