"""The form in which something gets another time or number: in the cart, or what is booked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from zoneinfo import ZoneInfo

from flask import make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from sqlalchemy.orm import Session

from hub.booking import house, moving_elsewhere, wording
from hub.booking.errors import BookingError
from hub.booking.intervals import Stretch
from hub.booking.moving_elsewhere import OtherDate
from hub.models import Bookable, Booking
from hub.records import Kind
from hub.web import context, texts, wishes
from hub.web.page import Crumb
from hub.web.wishes import Asked


def form(
    find: Callable[[Session], Booking],
    do: Callable[[Booking, Asked, int | None], None],
    action: str,
    crumbs: Sequence[Crumb],
    told: str = "",
    dates: Sequence[OtherDate] = (),
) -> ResponseReturnValue | None:
    """The page with the form; None where it was sent and `do` has done it.

    `find` finds the row, or aborts; `do` is given the row, what is asked for and the offer of
    another date, and raises `BookingError`; `action` is where the form goes, `told` what is to be
    known, `dates` the other dates that can be chosen.
    """
    with context.the_hub().db.read() as session:
        row = find(session)
        calendar = house.calendar(session, row.site_key)
        fixed = _fixed(session, row)
    kind, time = Kind(row.kind), Stretch(row.starts_at, row.ends_at)
    errors: list[tuple[str, str]] = []
    chosen = request.form.get("termin", type=int) if dates else None
    wish = wishes.of(kind, time, row.quantity, calendar)
    if request.method == "POST":
        wish = wishes.typed(request.form)
        asked, errors = wishes.read(kind, wish, calendar, fixed)
        if asked is not None:
            try:
                do(row, asked, chosen)
            except BookingError as error:
                errors = [("", wording.explain(error, calendar.zone))]
            else:
                return None
    page = render_template(
        "change_time.html",
        row=row,
        wish=wish,
        errors=errors,
        error=dict(errors),
        by_day=kind in house.BY_DAY,
        fixed=fixed,
        zone=calendar.zone,
        action=action,
        told=told,
        dates=_options(row, dates, calendar.zone),
        chosen=str(chosen or row.offer_id),
        now=", ".join(
            (
                wording.time(*time, calendar.zone),
                *([texts.number(row.quantity)] if row.quantity > 1 else ()),
            )
        ),
        centre=context.sites()[row.site_key].name,
        crumbs=[*crumbs, Crumb(row.title)],
    )
    return make_response(page, 422 if errors else 200)


def _fixed(session: Session, row: Booking) -> Stretch | None:
    if row.bookable_id is None:
        own = moving_elsewhere.fixed_time(session, row)
        return Stretch(row.starts_at, row.ends_at) if own is not None else None
    one = session.get(Bookable, row.bookable_id)
    if one is None or one.starts_at is None or one.ends_at is None:
        return None
    return Stretch(one.starts_at, one.ends_at)


def _options(row: Booking, dates: Sequence[OtherDate], zone: ZoneInfo) -> list[tuple[str, str]]:
    """The booking's own date, then the others, for a select."""
    if not dates:
        return []
    own = gettext("%(time)s (as now)", time=wording.time(row.starts_at, row.ends_at, zone))
    return [(str(row.offer_id), own), *((str(one.offer_id), _said(one, zone)) for one in dates)]


def _said(one: OtherDate, zone: ZoneInfo) -> str:
    free = (
        ngettext("%(num)d seat is free", "%(num)d seats are free", one.free)
        if one.free
        else gettext("no seat is free")
    )
    return f"{one.title}: {wording.time(*one.time, zone)}, {free}"
