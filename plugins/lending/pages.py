"""The pages on which the staff of a centre look after what it lends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, abort, g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from sqlalchemy.orm import Session

from hub import permission
from hub.booking import follow, inventory, items, stock, wording
from hub.booking.errors import BookingError
from hub.booking.keeping import record
from hub.records import Carrier, Kind
from plugins.lending import typed
from plugins.lending.typed import Typed

pages = Blueprint("lending", __name__, template_folder="templates")
staff = permission("item.manage")

LONGEST_QUERY = 100
KINDS = {Kind.DEVICE: lazy_gettext("Device"), Kind.MEDIUM: lazy_gettext("Medium on a carrier")}
STATES = {
    items.USABLE: lazy_gettext("usable"),
    items.REPAIR: lazy_gettext("in repair"),
    items.MISSING: lazy_gettext("missing"),
    items.RETIRED: lazy_gettext("retired"),
}
"""State of a piece → its word."""
AUDIENCES = {
    "school": lazy_gettext("Schools"),
    "kita": lazy_gettext("Day-care centres"),
    "zfsl": lazy_gettext("Teacher training (ZfsL)"),
    "education": lazy_gettext("Bodies of education"),
    "youth": lazy_gettext("Youth work"),
    "culture": lazy_gettext("Culture"),
    "parents": lazy_gettext("Parents"),
    "club": lazy_gettext("Clubs"),
    "citizen": lazy_gettext("Everybody"),
}
CARRIERS = {
    Carrier.DVD: "DVD",
    Carrier.VHS: "VHS",
    Carrier.CD_ROM: "CD-ROM",
    Carrier.FILM: lazy_gettext("16 mm film"),
    Carrier.SLIDES: lazy_gettext("Slides"),
    Carrier.TRANSPARENCIES: lazy_gettext("Transparencies"),
    Carrier.PRINT: lazy_gettext("Book or print"),
    Carrier.OTHER: lazy_gettext("Other"),
}
DONE = {
    "neu": lazy_gettext("The model is in the inventory. Now put its pieces in."),
    "gespeichert": lazy_gettext("Saved."),
    "ausgesondert": lazy_gettext("The model is no longer offered."),
    "angeboten": lazy_gettext("The model is offered again."),
    "stuecke": lazy_gettext("The pieces are in the inventory."),
    "stueck": lazy_gettext("The piece was changed."),
    "teile": lazy_gettext("The set was changed."),
}


@pages.get("/")
@staff
def listing() -> str:
    """The models of the centre, 50 at a time."""
    text = _asked("q")
    retired = "ausgesondert" in request.args
    after = min(request.args.get("nach", 0, type=int) or 0, 2**31 - 1)
    with g.plugin.db.read() as session:
        found = inventory.listing(
            session,
            g.site.key,
            g.plugin.name,
            text=text,
            retired=retired,
            after=max(after, 0),
            limit=inventory.PER_PAGE + 1,
        )
    shown = found[: inventory.PER_PAGE]
    return render_template(
        "lending/listing.html",
        centre=g.site.row,
        found=shown,
        more=shown[-1].row.id if len(found) > len(shown) else None,
        text=text,
        retired=retired,
        later=after > 0,
        kinds=KINDS,
        crumbs=crumbs(),
    )


@pages.get("/neu")
@staff
def new() -> ResponseReturnValue:
    return _form(typed.blank(), None)


@pages.post("/neu")
@staff
def create() -> ResponseReturnValue:
    """Puts a model in; a form that is sent twice does so once."""
    asked = request.form.get("kennung", "")
    before = typed.blank().record
    if typed.SOURCE_ID.fullmatch(asked):
        before = replace(before, source_id=asked)
    read = typed.model(request.form, before)
    if read.errors:
        return _form(read, None, 400)
    with g.plugin.db.write(queued=True) as session:
        row = inventory.by_source_id(session, g.site.key, g.plugin.name, read.record.source_id)
        if row is None:
            row = _save(session, read)
        number = row.id
    return _to_model(number, "neu")


@pages.get("/modell/<int:number>")
@staff
def show(number: int) -> ResponseReturnValue:
    return _model(number)


@pages.get("/modell/<int:number>/bearbeiten")
@staff
def edit(number: int) -> ResponseReturnValue:
    with g.plugin.db.read() as session:
        row = _row(session, number)
        hours = (row.buffer_before // 60, row.buffer_after // 60)
        return _form(Typed(record(row), row.capacity or 0, hours, {}), row)


@pages.post("/modell/<int:number>/bearbeiten")
@staff
def change(number: int) -> ResponseReturnValue:
    """Saves a model, unless somebody else has since the form was shown."""
    with g.plugin.db.write(queued=True) as session:
        row = _row(session, number)
        read = typed.model(request.form, record(row))
        if not read.errors and request.form.get("stand", "") != row.changed_at.isoformat():
            told = gettext("Somebody else has changed this meanwhile. Load the page again.")
            read = replace(read, errors={"titel": told})
        if not read.errors:
            _save(session, read)
    if read.errors:
        return _form(read, row, 400)
    return _to_model(number, "gespeichert")


@pages.post("/modell/<int:number>/aussondern")
@staff
def retire(number: int) -> ResponseReturnValue:
    return _change(number, stock.retire, "ausgesondert")


@pages.post("/modell/<int:number>/wieder-anbieten")
@staff
def restore(number: int) -> ResponseReturnValue:
    return _change(number, lambda _, row: stock.restore(row), "angeboten")


@pages.post("/modell/<int:number>/stuecke")
@staff
def add_pieces(number: int) -> ResponseReturnValue:
    """Puts pieces in, all whose codes were typed or none."""
    codes = typed.lines(request.form.get("codes", ""), inventory.MOST_CODES)
    if len(codes) > inventory.MOST_CODES:
        told = gettext("At most %(most)s pieces at once, please.", most=inventory.MOST_CODES)
        return _model(number, told, 400)

    def do(session: Session, row: Any) -> None:
        inventory.add_pieces(session, row, codes, **_about_piece(session))

    return _change(number, do, "stuecke")


@pages.post("/modell/<int:number>/teile")
@staff
def set_part(number: int) -> ResponseReturnValue:
    """Lets a class set hold so many of another model; 0 takes it out."""
    part = min(request.form.get("teil", 0, type=int) or 0, 2**31 - 1)
    text = request.form.get("anzahl", "").strip()
    if not (text.isascii() and text.isdigit() and len(text) < 6):
        return _model(number, gettext("Please enter a whole number; 0 takes it out."), 400)
    nested = gettext("A set consists of models that are no sets themselves.")
    try:
        return _change(
            number, lambda session, row: _set_part(session, row, part, int(text)), "teile"
        )
    except ValueError:
        return _model(number, nested, 409)


@pages.get("/stueck/<int:number>")
@staff
def piece(number: int) -> ResponseReturnValue:
    return _piece(number)


@pages.post("/stueck/<int:number>")
@staff
def change_piece(number: int) -> ResponseReturnValue:
    """Says how a piece is: usable, in repair, missing or retired; its condition and its parts."""
    state = request.form.get("zustand", "")
    if state not in STATES:
        abort(400)
    try:
        with g.plugin.db.write(queued=True) as session:
            item = _item(session, number)
            about = _about_piece(session)
            inventory.change_piece(session, item, state, datetime.now(UTC), **about)
            follow.changed(session, g.site.key, g.plugin.name)
            model = item.bookable_id
    except BookingError as error:
        return _piece(number, _told(error), 409)
    return _to_model(model, "stueck")


def _change(number: int, do: Callable[[Session, Any], None], done: str) -> ResponseReturnValue:
    try:
        with g.plugin.db.write(queued=True) as session:
            do(session, _row(session, number))
            follow.changed(session, g.site.key, g.plugin.name)
    except BookingError as error:
        return _model(number, _told(error), 409)
    return _to_model(number, done)


def _save(session: Session, read: Typed) -> Any:
    buffers = (read.hours[0] * 60, read.hours[1] * 60)
    row = inventory.save(session, g.site.key, g.plugin.name, read.record, read.number, buffers)
    follow.changed(session, g.site.key, g.plugin.name)
    return row


def _set_part(session: Session, row: Any, part: int, quantity: int) -> None:
    inventory.set_part(session, row, _row(session, part).id, quantity)


def _form(read: Typed, row: Any, status: int = 200) -> ResponseReturnValue:
    with g.plugin.db.read() as session:
        counted = row is not None and inventory.models(session, [row])[0].has_pieces
    record = read.record
    unknown = [one for one in record.audiences if one not in AUDIENCES]
    page = render_template(
        "lending/form.html",
        centre=g.site.row,
        row=row,
        read=read,
        record=record,
        counted=counted,
        keywords=", ".join(record.keywords),
        kinds=[(kind.value, label) for kind, label in KINDS.items()],
        carriers=[("", "–"), *((one.value, label) for one, label in CARRIERS.items())],
        audiences=[*AUDIENCES.items(), *((one, one) for one in unknown)],
        crumbs=crumbs(row or gettext("New model")),
    )
    return make_response(page, status)


def _model(number: int, problem: str = "", status: int = 200) -> ResponseReturnValue:
    text = _asked("teil")
    with g.plugin.db.read() as session:
        row = _row(session, number)
        (model,) = inventory.models(session, [row])
        parts = inventory.parts(session, row.id)
        candidates = _candidates(session, row, text) if text else []
        page = render_template(
            "lending/model.html",
            centre=g.site.row,
            row=row,
            model=model,
            facts=_facts(row, model),
            pieces=inventory.pieces(session, row.id),
            parts=parts,
            sets=inventory.sets_with(session, row.id),
            owners=[("", g.site.row.name), *inventory.owners(session, g.site.key)],
            names=dict(inventory.owners(session, g.site.key)),
            states=STATES,
            text=text,
            candidates=candidates,
            problem=problem,
            done=DONE.get(request.args.get("fertig", "")),
            undo=row.retired_at and request.args.get("fertig") == "ausgesondert",
            typed=request.form,
            crumbs=crumbs(row),
        )
    return make_response(page, status)


def _piece(number: int, problem: str = "", status: int = 200) -> ResponseReturnValue:
    with g.plugin.db.read() as session:
        item = _item(session, number)
        row = _row(session, item.bookable_id)
        page = render_template(
            "lending/piece.html",
            centre=g.site.row,
            row=row,
            item=item,
            holder=items.holder(session, item.id),
            owners=[("", g.site.row.name), *inventory.owners(session, g.site.key)],
            states=list(STATES.items()),
            problem=problem,
            crumbs=crumbs(row, item.label),
        )
    return make_response(page, status)


def _candidates(session: Session, row: Any, text: str) -> list[Any]:
    """Models that could be put into a set: no sets, and not the set itself."""
    found = inventory.listing(session, g.site.key, g.plugin.name, text=text, limit=20)
    return [one.row for one in found if one.row.id != row.id and not one.is_set]


def _facts(row: Any, model: inventory.Model) -> list[tuple[str, Any]]:
    shown = record(row)
    facts = [
        (gettext("Kind"), KINDS.get(shown.kind, shown.kind)),
        (gettext("Can be lent"), row.capacity),
        (gettext("Description"), shown.description),
        (gettext("For whom"), ", ".join(str(AUDIENCES.get(one, one)) for one in shown.audiences)),
        (gettext("Keywords"), ", ".join(shown.keywords)),
        (gettext("Place"), shown.place),
        (gettext("Cost"), shown.cost),
        (gettext("Carrier"), CARRIERS.get(shown.carrier, "") if shown.carrier else ""),
        (gettext("Hours kept free before"), row.buffer_before // 60 or ""),
        (gettext("Hours kept free after"), row.buffer_after // 60 or ""),
    ]
    return [(label, text) for label, text in facts if text or text == 0]


def _about_piece(session: Session) -> dict[str, Any]:
    owner = request.form.get("eigentuemer", "")
    known = {key for key, _ in inventory.owners(session, g.site.key)}
    return {
        "accessories": typed.listed(request.form.get("zubehoer", ""))[:50],
        "condition": typed.line(request.form.get("beschaffenheit", ""), 1_000),
        "owner": owner if owner in known else "",
    }


def _row(session: Session, number: int) -> Any:
    row = inventory.find(session, g.site.key, g.plugin.name, number)
    return row or abort(404)


def _item(session: Session, number: int) -> Any:
    item = inventory.piece(session, g.site.key, g.plugin.name, number)
    return item or abort(404)


def _told(error: BookingError) -> str:
    return wording.explain(error, ZoneInfo(g.site.info.time_zone))


def _to_model(number: int, done: str) -> ResponseReturnValue:
    return redirect(url_for(".show", number=number, fertig=done), 303)


def _asked(name: str) -> str:
    return typed.line(request.args.get(name, ""), LONGEST_QUERY)


def crumbs(*steps: Any) -> list[dict[str, str]]:
    """The way here: the centre, the desk, the models, a model (its row) and what is below."""
    way = [
        (g.site.row.name, url_for("centres.profile", site=g.site.key)),
        (gettext("Desk"), url_for("desk.today", site=g.site.key)),
        (gettext("Inventory"), url_for(".listing")),
        *(
            (one, "") if isinstance(one, str) else (one.title, url_for(".show", number=one.id))
            for one in steps
        ),
    ]
    way[-1] = (way[-1][0], "")
    return [{"label": label, "url": url} for label, url in way]
