"""Where the staff look after the rooms: what they are, how they are divided, when they are shut."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, abort, g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from hub import permission
from hub.booking import blocks, dates, follow, house, rooms, stock, wording
from hub.booking.dates import Typed
from hub.booking.errors import BookingError, Full
from hub.booking.intervals import Stretch
from hub.booking.keeping import find_any

pages = Blueprint("rooms", __name__, template_folder="templates")

MANAGE = "item.manage"
LONGEST_REASON = 200


@pages.get("/")
@permission(MANAGE)
def listing() -> str:
    """All rooms, with what they are divided into."""
    with g.plugin.db.read() as session:
        rows = stock.of_site(session, g.site.key, [g.plugin.name])
        shown = [(row, rooms.room(session, row)) for row in rows]
        gone = stock.retired(session, g.site.key, g.plugin.name)
    names = {row.id: row.title for row in rows}
    return render_template(
        "rooms/list.html",
        centre=g.site.row,
        rooms=[
            (row, room, sorted(names[one] for one in room.parts if one in names))
            for row, room in shown
        ],
        gone=gone,
        crumbs=_crumbs(),
    )


@pages.get("/neu")
@permission(MANAGE)
def new() -> ResponseReturnValue:
    return _page(None, asdict(rooms.Room("")))


@pages.post("/neu")
@permission(MANAGE)
def create() -> ResponseReturnValue:
    """Puts a room in; the form has a key of its own, so that sent twice it makes one room."""
    return _save(None)


@pages.get("/<source_id>")
@permission(MANAGE)
def show(source_id: str) -> ResponseReturnValue:
    return _page(source_id)


@pages.post("/<source_id>")
@permission(MANAGE)
def change(source_id: str) -> ResponseReturnValue:
    return _save(source_id)


@pages.post("/<source_id>/ausmustern")
@permission(MANAGE)
def retire(source_id: str) -> ResponseReturnValue:
    """Offers it no longer; a second click changes nothing, saving it offers it again."""
    with g.plugin.db.write(queued=True) as session:
        row = _row(session, source_id)
        if row.retired_at is None:
            stock.retire(session, row)
            follow.changed(session, g.site.key, g.plugin.name)
    return redirect(url_for(".listing"), 303)


@pages.post("/<source_id>/sperren")
@permission(MANAGE)
def block(source_id: str) -> ResponseReturnValue:
    """Shuts the room for a time, unless somebody has booked it then."""
    with g.plugin.db.read() as session:
        row = _row(session, source_id)
        calendar = house.calendar(session, g.site.key)
    given = request.form
    first, last = dates.typed(given, "beginn"), dates.typed(given, "ende")
    begin, end = dates.clock(given.get("von", "")), dates.clock(given.get("bis", ""))
    last = first if last.empty else last
    errors = {}
    if first.value is None:
        errors["beginn"] = gettext("Please enter a day, for example 12 5 2027.")
    if last.value is None:
        errors["ende"] = gettext("Please enter a day, for example 12 5 2027.")
    if begin is None:
        errors["von"] = gettext("Please enter a time of day, for example 14:30.")
    if end is None:
        errors["bis"] = gettext("Please enter a time of day, for example 14:30.")
    reason = "".join(c for c in given.get("grund", "") if c.isprintable()).strip()
    if not reason:
        errors["grund"] = gettext("Please enter a reason.")
    if errors or not (first.value and last.value and begin is not None and end is not None):
        return _page(source_id, errors=errors, status=400)
    moment = datetime.now(UTC)
    try:
        time = Stretch(calendar.at(first.value, begin), calendar.at(last.value, end))
        text = reason[:LONGEST_REASON]
        blocks.block(g.plugin.db, row, time, text, _key(), g.person.id, moment)
    except Full:
        told = gettext("The room, or a part of it, is booked in this time. Nothing was blocked.")
        return _page(source_id, problem=told, status=409)
    except BookingError as error:
        return _page(source_id, problem=wording.explain(error, calendar.zone), status=409)
    return redirect(url_for(".show", source_id=source_id, _anchor="gesperrt"), 303)


@pages.post("/<source_id>/sperren/<reference>/aufheben")
@permission(MANAGE)
def lift(source_id: str, reference: str) -> ResponseReturnValue:
    with g.plugin.db.write(queued=True) as session:
        row = _row(session, source_id)
        if not blocks.lift(session, row, reference, g.person.id, datetime.now(UTC)):
            abort(404)
    return redirect(url_for(".show", source_id=source_id, _anchor="gesperrt"), 303)


def _save(source_id: str | None) -> ResponseReturnValue:
    told, errors = rooms.read(request.form, request.form.getlist("parts"))
    if told is None:
        return _page(source_id, _typed(), errors, status=400)
    key = _key()
    try:
        with g.plugin.db.write(queued=True) as session:
            row = _row(session, source_id) if source_id is not None else None
            saved = rooms.save(session, g.site.key, g.plugin.name, row, told, key=key)
            follow.changed(session, g.site.key, g.plugin.name)
            address = saved.source_id
    except Full:
        problem = gettext(
            "The room cannot be divided like this: a part is booked in the time of a booking of "
            "the whole room."
        )
        return _page(source_id, _typed(), problem=problem, status=409)
    except ValueError:
        problem = gettext("A room that is divided itself, or a part of this one, cannot be a part.")
        return _page(source_id, _typed(), problem=problem, status=409)
    return redirect(url_for(".show", source_id=address, gespeichert=1), 303)


def _page(
    source_id: str | None,
    typed: Mapping[str, Any] | None = None,
    errors: Mapping[str, str] | None = None,
    *,
    problem: str = "",
    status: int = 200,
) -> ResponseReturnValue:
    with g.plugin.db.read() as session:
        row = _row(session, source_id) if source_id is not None else None
        calendar = house.calendar(session, g.site.key)
        blocked = blocks.coming(session, row, datetime.now(UTC)) if row is not None else []
        division = rooms.divisible(session, g.site.key, g.plugin.name, row)
        values = typed
        if values is None and row is not None:
            values = asdict(rooms.room(session, row))
    blocking = "beginn_tag" in request.form
    page = render_template(
        "rooms/room.html",
        centre=g.site.row,
        row=row,
        typed=values,
        division=division,
        blocked=[
            (one.reference, wording.time(one.starts_at, one.ends_at, calendar.zone), one.note)
            for one in blocked
        ],
        first=dates.typed(request.form, "beginn") if blocking else Typed(),
        last=dates.typed(request.form, "ende") if blocking else Typed(),
        block_typed={name: request.form.get(name, "") for name in ("von", "bis", "grund")},
        errors=errors or {},
        problem=problem,
        key=uuid.uuid4().hex,
        saved="gespeichert" in request.args,
        crumbs=_crumbs(row.title if row is not None else gettext("New room")),
    )
    return make_response(page, status)


def _typed() -> dict[str, Any]:
    """The form as it was sent, to be shown again."""
    parts = {int(one) for one in request.form.getlist("parts") if one.isascii() and one.isdigit()}
    names = (*rooms.LONGEST, "persons", "before", "after")
    return {**{name: request.form.get(name, "") for name in names}, "parts": parts}


def _key() -> str:
    """Of the form that was sent: sent twice, it does its work once."""
    key = request.form.get("schluessel", "")[: rooms.LONGEST_KEY]
    return key if key.isascii() and key.isalnum() else uuid.uuid4().hex


def _row(session: Session, source_id: str) -> Any:
    row = find_any(session, g.site.key, g.plugin.name, source_id)
    if row is None:
        abort(404)
    return row


def _crumbs(last: str = "") -> list[dict[str, str]]:
    here = [{"label": g.site.row.name, "url": url_for("centres.profile", site=g.site.key)}]
    if not last:
        return [*here, {"label": gettext("Rooms"), "url": ""}]
    rooms_page = {"label": gettext("Rooms"), "url": url_for(".listing")}
    return [*here, rooms_page, {"label": last, "url": ""}]
