"""The form in which something gets another time or number: in the cart, or what is booked."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flask import make_response, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from hub.booking import house, wording
from hub.booking.errors import BookingError
from hub.booking.intervals import Stretch
from hub.models import Bookable, Booking
from hub.records import Kind
from hub.web import context, texts, wishes
from hub.web.page import Crumb
from hub.web.wishes import Asked


def form(
    find: Callable[[Session], Booking],
    do: Callable[[Booking, Asked], None],
    action: str,
    crumbs: Sequence[Crumb],
    told: str = "",
) -> ResponseReturnValue | None:
    """The page with the form; None where it was sent and `do` has done it.

    `find` finds the row, or aborts; `do` raises `BookingError`; `action` is where the form goes,
    `told` what is to be known.
    """
    with context.the_hub().db.read() as session:
        row = find(session)
        calendar = house.calendar(session, row.site_key)
        fixed = _fixed(session, row)
    kind, time = Kind(row.kind), Stretch(row.starts_at, row.ends_at)
    errors: list[tuple[str, str]] = []
    wish = wishes.of(kind, time, row.quantity, calendar)
    if request.method == "POST":
        wish = wishes.typed(request.form)
        asked, errors = wishes.read(kind, wish, calendar, fixed)
        if asked is not None:
            try:
                do(row, asked)
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
    one = session.get(Bookable, row.bookable_id) if row.bookable_id is not None else None
    if one is None or one.starts_at is None or one.ends_at is None:
        return None
    return Stretch(one.starts_at, one.ends_at)
