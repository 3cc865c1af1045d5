"""The inventory comes in and goes out as a table: more views of the plugin's blueprint."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from flask import Response, abort, g, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from connectors.errors import ConnectorError
from hub.booking import follow, intake, inventory, wording
from hub.formats import sheets
from hub.records import Kind
from plugins.lending import table
from plugins.lending.pages import KINDS, crumbs, pages, staff
from plugins.lending.table import Read

MOST_REJECTS = 200
"""Rows with a reason that are shown."""


class _NotAll(Exception):
    """Some rows cannot be taken in, so nothing is."""


@pages.get("/tabelle")
@staff
def table_form() -> ResponseReturnValue:
    return _page()


@pages.post("/tabelle")
@staff
def take_in() -> ResponseReturnValue:
    """Takes a table in: all of it, or, where that was chosen, all rows that can be."""
    file = request.files.get("datei")
    kind = request.form.get("art", "")
    partly = "teilweise" in request.form
    if file is None or not file.filename:
        return _page(problem=gettext("Please choose a file."), status=400)
    with g.plugin.db.read() as session:
        owners = [(g.site.key, g.site.row.name), *inventory.owners(session, g.site.key)]
    try:
        read = table.read(
            file.read(), Kind(kind) if kind in KINDS else Kind.DEVICE, g.site.key, owners
        )
    except ConnectorError as error:
        return _page(problem=str(error), status=400)
    if read.rejects and not partly:
        return _page(read, status=409)
    zone = ZoneInfo(g.site.info.time_zone)
    try:
        with g.plugin.db.write(queued=True) as session:
            moment = datetime.now(UTC)
            refused = intake.take_in(session, g.site.key, g.plugin.name, read.wanted, moment)
            read.rejects += [(row, wording.explain(error, zone)) for row, error in refused]
            if refused and not partly:
                raise _NotAll
            follow.changed(session, g.site.key, g.plugin.name)
    except _NotAll:
        return _page(read, status=409)
    count = sum(len(one.pieces) for one in read.wanted) - len(refused)
    return _page(read, pieces=count)


@pages.get("/bestand.<form>")
@staff
def download(form: str) -> Response:
    """The whole inventory, as it can be taken in again."""
    if form not in sheets.FORMATS:
        abort(404)
    with g.plugin.db.read() as session:
        found = inventory.listing(session, g.site.key, g.plugin.name, limit=None)
        pieces = inventory.all_pieces(session, g.site.key, g.plugin.name)
        lines = list(table.rows(found, pieces, g.site.key))
    response = Response(
        sheets.write(form, "bestand", table.header(), lines), content_type=sheets.TYPES[form]
    )
    response.headers["Content-Disposition"] = f"attachment; filename=bestand.{form}"
    return response


def _page(
    read: Read | None = None, *, pieces: int | None = None, problem: str = "", status: int = 200
) -> ResponseReturnValue:
    rejects = sorted(read.rejects) if read else []
    page = render_template(
        "lending/table.html",
        centre=g.site.row,
        read=read,
        done=pieces is not None,
        problem=problem,
        rejects=rejects[:MOST_REJECTS],
        count=len(rejects),
        models=len(read.wanted) if read else 0,
        pieces=pieces,
        kinds=[(kind.value, label) for kind, label in KINDS.items()],
        columns=table.header(),
        forms=sheets.FORMATS,
        crumbs=crumbs(gettext("Table")),
    )
    return make_response(page, status)
