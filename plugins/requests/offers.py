"""Where the staff look after what people can ask for."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from flask import abort, g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from hub import permission
from hub.booking import follow, requests, stock
from hub.booking.keeping import find_any
from plugins.requests.pages import HANDLE, crumbs, form_key, language, pages


@pages.get("/angebote")
@permission(HANDLE)
def offers() -> str:
    """All that people can ask for here."""
    with g.plugin.db.read() as session:
        rows = stock.of_site(session, g.site.key, [g.plugin.name])
        gone = stock.retired(session, g.site.key, g.plugin.name)
    kinds, audiences = dict(requests.kinds(language())), dict(requests.audiences(language()))
    return render_template(
        "requests/offers.html",
        centre=g.site.row,
        rows=[
            (row, kinds[row.kind], [audiences[one] for one in row.details.get("audiences", ())])
            for row in rows
        ],
        gone=gone,
        crumbs=crumbs({"label": gettext("What can be asked for"), "url": ""}),
    )


@pages.get("/angebote/neu")
@permission(HANDLE)
def new_offer() -> ResponseReturnValue:
    return _page(None, {"kind": requests.KINDS[0], "audiences": ()})


@pages.post("/angebote/neu")
@permission(HANDLE)
def create_offer() -> ResponseReturnValue:
    return _save(None)


@pages.get("/angebote/<source_id>")
@permission(HANDLE)
def show_offer(source_id: str) -> ResponseReturnValue:
    return _page(source_id)


@pages.post("/angebote/<source_id>")
@permission(HANDLE)
def change_offer(source_id: str) -> ResponseReturnValue:
    return _save(source_id)


@pages.post("/angebote/<source_id>/ausmustern")
@permission(HANDLE)
def retire_offer(source_id: str) -> ResponseReturnValue:
    """Offers it no longer; requests that exist go on, and saving it offers it again."""
    with g.plugin.db.write(queued=True) as session:
        row = _row(session, source_id)
        if row.retired_at is None:
            stock.retire(session, row)
            follow.changed(session, g.site.key, g.plugin.name)
    return redirect(url_for(".offers"), 303)


def _save(source_id: str | None) -> ResponseReturnValue:
    given = {name: request.form.get(name, "") for name in (*requests.LONGEST, "kind")}
    chosen = request.form.getlist("audiences")
    with g.plugin.db.write(queued=True) as session:
        row = _row(session, source_id) if source_id is not None else None
        if row is not None:
            given["kind"] = row.kind
        told, errors = requests.read(given, chosen)
        if told is not None:
            saved = requests.save(session, g.site.key, g.plugin.name, row, told, key=form_key())
            follow.changed(session, g.site.key, g.plugin.name)
            source_id = saved.source_id
    if told is None:
        return _page(source_id, {**given, "audiences": chosen}, errors, 400)
    return redirect(url_for(".show_offer", source_id=source_id, gespeichert=1), 303)


def _page(
    source_id: str | None,
    typed: Mapping[str, Any] | None = None,
    errors: Mapping[str, str] | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    with g.plugin.db.read() as session:
        row = _row(session, source_id) if source_id is not None else None
    page = render_template(
        "requests/offer.html",
        centre=g.site.row,
        row=row,
        typed=typed if typed is not None or row is None else requests.service(row),
        kinds=requests.kinds(language()),
        audiences=requests.audiences(language()),
        errors=errors or {},
        key=uuid.uuid4().hex,
        saved="gespeichert" in request.args,
        crumbs=crumbs(
            {"label": gettext("What can be asked for"), "url": url_for(".offers")},
            {"label": row.title if row is not None else gettext("New offer"), "url": ""},
        ),
    )
    return make_response(page, status)


def _row(session: Session, source_id: str) -> Any:
    row = find_any(session, g.site.key, g.plugin.name, source_id)
    if row is None:
        abort(404)
    return row
