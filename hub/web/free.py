"""“Buchen”: what is free in my time, across the centres."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from flask import Blueprint, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from hub.booking import free, house, wording
from hub.booking.free import Found
from hub.booking.opening import Calendar
from hub.identity.permissions import can
from hub.records import Kind
from hub.web import context, login, texts, wishes
from hub.web.page import Crumb, asked_text
from hub.web.wishes import Asked, Wish

pages = Blueprint("free", __name__)

ALL_DAY = Calendar(context.NETWORK_TIME, week=((),) * 7)
"""Whole days from midnight to midnight, since each centre opens when it opens."""
KINDS = (Kind.DEVICE, Kind.MEDIUM, Kind.ROOM)


@dataclass(frozen=True, slots=True)
class Row:
    """Something that is free, with the way to book it."""

    found: Found
    url: str
    closed: bool
    """Whether its centre is closed on the first or the last day."""
    into_cart: bool
    """Whether who looks may put it into their cart from here."""


@pages.get("/buchen")
def show() -> ResponseReturnValue:
    """The form; with a time, what is free then."""
    kind = Kind(art) if (art := request.args.get("art", "")) in set(Kind) else Kind.DEVICE
    kind = kind if kind in KINDS else Kind.DEVICE
    wish = wishes.typed(request.args)
    words, centre = asked_text("q", 100), asked_text("zentrum", 60)
    errors: list[tuple[str, str]] = []
    rows: list[Row] | None = None
    more = 0
    told = ""
    if "suchen" in request.args:
        asked, errors = wishes.read(kind, wish, ALL_DAY, None)
        if asked is not None and asked.time.end <= context.now():
            errors = [("beginn", gettext("This time is over."))]
        if asked is not None and not errors:
            rows, more = _find(kind, asked, words, centre, wish)
            told = _told(kind, asked, wish)
    with context.the_hub().db.read() as session:
        centres = free.with_bookables(session)
    page = render_template(
        "free.html",
        kind=kind,
        kinds=[(one.value, texts.KINDS[one]) for one in KINDS],
        by_day=kind in house.BY_DAY,
        wish=wish,
        words=words,
        centre=centre,
        centres=[("", gettext("all")), *centres],
        errors=errors,
        error=dict(reversed(errors)),
        rows=rows,
        more=more,
        told=told,
        key=uuid.uuid4().hex,
        crumbs=[Crumb(gettext("Book"))],
    )
    return make_response(page, 422 if errors else 200)


def _told(kind: Kind, asked: Asked, wish: Wish) -> str:
    """The time in words: days, or hours of one."""
    first, last = wish.first.value, wish.last.value
    if kind not in house.BY_DAY or first is None or last is None:
        return wording.time(*asked.time, context.NETWORK_TIME)
    return gettext("%(start)s to %(end)s", start=texts.day(first), end=texts.day(last))


def _find(kind: Kind, asked: Asked, words: str, centre: str, wish: Wish) -> tuple[list[Row], int]:
    with context.the_hub().db.read() as session:
        result = free.find(
            session,
            [kind],
            asked.time,
            asked.quantity,
            context.now(),
            words=words.split(),
            sites=[centre] if centre else [],
        )
        sites: Sequence[str] = sorted({one.site for one in result.found})
        calendars = {key: house.calendar(session, key) for key in sites}
    actor = login.actor()
    into_cart = {key: kind in house.BY_DAY and can(actor, "booking.create", key) for key in sites}
    last = asked.time.end - timedelta(microseconds=1)
    rows = [
        Row(
            one,
            url_for("booking.choose", offer_id=one.offer_id, **wish.parameters()),
            not all(
                calendars[one.site].is_open(calendars[one.site].day(moment))
                for moment in (asked.time.start, last)
            ),
            into_cart[one.site],
        )
        for one in result.found
    ]
    return sorted(rows, key=lambda row: row.closed), result.more
