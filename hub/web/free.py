"""“Buchen”: what is free in my time, across the centres."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from flask import Blueprint, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from hub.booking import dates, free, house, ledger, wording
from hub.booking.dates import Typed
from hub.booking.free import Found
from hub.booking.intervals import Stretch
from hub.records import Kind
from hub.web import context, texts
from hub.web.page import Crumb, asked_text

pages = Blueprint("free", __name__)

KINDS = (Kind.DEVICE, Kind.MEDIUM, Kind.ROOM)


@dataclass(frozen=True, slots=True)
class Row:
    """Something that is free, with the way to book it."""

    found: Found
    url: str
    closed: bool
    """Whether its centre is closed on the first or the last day."""


@pages.get("/buchen")
def show() -> ResponseReturnValue:
    """The form; with a time, what is free then."""
    kind = Kind(asked) if (asked := request.args.get("art", "")) in set(Kind) else Kind.DEVICE
    kind = kind if kind in KINDS else Kind.DEVICE
    first, last = (dates.typed(request.args, name) for name in ("beginn", "ende"))
    begin, end = asked_text("von", 20), asked_text("bis", 20)
    count, words, centre = asked_text("anzahl", 5), asked_text("q", 100), asked_text("zentrum", 60)
    errors: list[tuple[str, str]] = []
    rows: list[Row] | None = None
    more = 0
    told = ""
    if "suchen" in request.args:
        quantity = int(count) if count.isascii() and count.isdigit() else 0 if count else 1
        if not 1 <= quantity <= ledger.MOST:
            errors.append(("anzahl", gettext("Please enter a number from 1.")))
        stretch = _time(kind, first, last, begin, end, errors)
        if stretch is not None and not errors:
            typed: dict[str, Any] = {
                **_fields("beginn", first),
                **(_fields("ende", last) if kind in house.BY_DAY else {"von": begin, "bis": end}),
                "anzahl": str(quantity),
            }
            rows, more = _find(kind, stretch, quantity, words, centre, typed)
            told = wording.time(*stretch, context.NETWORK_TIME)
    with context.the_hub().db.read() as session:
        centres = free.with_bookables(session)
    page = render_template(
        "free.html",
        kind=kind,
        kinds=[(one.value, texts.KINDS[one]) for one in KINDS],
        by_day=kind in house.BY_DAY,
        first=first,
        last=last,
        begin=begin,
        end=end,
        count=count or "1",
        words=words,
        centre=centre,
        centres=[("", gettext("all")), *centres],
        errors=errors,
        error=dict(reversed(errors)),
        rows=rows,
        more=more,
        told=told,
        crumbs=[Crumb(gettext("Book"))],
    )
    return make_response(page, 422 if errors else 200)


def _time(
    kind: Kind,
    first: Typed,
    last: Typed,
    begin: str,
    end: str,
    errors: list[tuple[str, str]],
) -> Stretch | None:
    """The time that was typed; whole days from midnight to midnight, since each centre opens when
    it opens."""
    wrong = gettext("Please enter a day, for example 12 3 2027.")
    day, until = first.value, last.value
    if day is None:
        errors.append(("beginn", wrong))
    if kind in house.BY_DAY:
        if until is None:
            errors.append(("ende", wrong))
        elif day is not None and until < day:
            errors.append(("ende", gettext("The last day must not be before the first.")))
        if errors or day is None or until is None:
            return None
        return _checked(Stretch(_at(day, time(0)), _at(until + timedelta(days=1), time(0))), errors)
    clocks = dates.clock(begin), dates.clock(end)
    hour = gettext("Please enter a time of day, for example 14:30.")
    errors += [(n, hour) for n, one in zip(("von", "bis"), clocks, strict=True) if one is None]
    if errors or day is None or clocks[0] is None or clocks[1] is None:
        return None
    if clocks[1] <= clocks[0]:
        errors.append(("bis", gettext("The end must be after the beginning.")))
        return None
    return _checked(Stretch(_at(day, clocks[0]), _at(day, clocks[1])), errors)


def _checked(stretch: Stretch, errors: list[tuple[str, str]]) -> Stretch:
    if stretch.end <= context.now():
        errors.append(("beginn", gettext("This time is over.")))
    return stretch


def _at(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, context.NETWORK_TIME)


def _fields(name: str, typed: Typed) -> dict[str, str]:
    return {f"{name}_tag": typed.day, f"{name}_monat": typed.month, f"{name}_jahr": typed.year}


def _find(
    kind: Kind,
    stretch: Stretch,
    quantity: int,
    words: str,
    centre: str,
    typed: dict[str, Any],
) -> tuple[list[Row], int]:
    with context.the_hub().db.read() as session:
        result = free.find(
            session,
            [kind],
            stretch,
            quantity,
            context.now(),
            words=words.split(),
            sites=[centre] if centre else [],
        )
        sites: Sequence[str] = sorted({one.site for one in result.found})
        calendars = {key: house.calendar(session, key) for key in sites}
    last = stretch.end - timedelta(microseconds=1)
    rows = [
        Row(
            one,
            url_for("booking.choose", offer_id=one.offer_id, **typed),
            not all(
                calendars[one.site].is_open(calendars[one.site].day(moment))
                for moment in (stretch.start, last)
            ),
        )
        for one in result.found
    ]
    return sorted(rows, key=lambda row: row.closed), result.more
