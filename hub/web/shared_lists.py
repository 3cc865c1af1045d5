"""Lists at a secret address: what readers see, also on paper, and how it is made and ended."""

from __future__ import annotations

from flask import Blueprint, abort, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from werkzeug.wrappers import Response

from hub.catalogue import lists, sharing
from hub.catalogue.collected import collect
from hub.catalogue.sharing import Shared
from hub.web import collected, context, login, qr, reading
from hub.web.lists import found, page, too_many_lists
from hub.web.page import Crumb

pages = Blueprint("shared_lists", __name__)


@pages.get("/liste/<token>")
def show(token: str) -> Response:
    """For whoever knows the address, as somebody who is not logged in sees it."""
    return _shown("list_shared.html", token, _read(token))


@pages.get("/liste/<token>/druck")
def on_paper(token: str) -> Response:
    """The same with QR codes, to print."""
    return _shown("list_paper.html", token, _read(token))


@pages.post("/liste/<token>/uebernehmen")
def adopt(token: str) -> ResponseReturnValue:
    """Copies the list into one of one's own."""
    person = login.demand("list.edit").person_id
    assert person is not None
    with context.the_hub().db.read() as session:
        shared = sharing.read(session, token)
    if shared is None:
        abort(404)
    return take_over(
        person, shared.title, shared.description, [(one.named, one.note) for one in shared.items]
    ) or _shown("list_shared.html", token, shared, problem=too_many_lists())


def take_over(
    person: int, title: str, description: str, entries: list[tuple[int, str]]
) -> Response | None:
    """Make a list of one's own with these entries and lead there; None: there are too many."""
    try:
        with context.the_hub().db.write() as session:
            row = lists.create(session, person, title, description)
            lists.fill(session, row, entries)
            number = row.id
    except lists.Full:
        return None
    return redirect(url_for("lists.show", number=number, fertig="uebernommen"), 303)


@pages.get("/meine-listen/<int:number>/druck")
def own_on_paper(number: int) -> ResponseReturnValue:
    """One's own list to print; the code of the list itself stands on the shared page only, whose
    address is not kept."""
    person = login.demand("list.edit").person_id
    assert person is not None
    with context.the_hub().db.read() as session:
        row = found(session, person, number)
        items = collect(session, [(e.offer_id, e.note) for e in lists.entries(session, row)])
    shown = collected.lines(items, reading.reader())
    return render_template(
        "list_paper.html",
        title=row.title,
        description=row.description,
        who="",
        entries=[(one, qr.picture(one.address)) for one in shown],
        address="",
        today=context.today(),
        crumbs=[
            Crumb(gettext("My media lists"), url_for("lists.listing")),
            Crumb(row.title, url_for("lists.show", number=number)),
            Crumb(gettext("To print")),
        ],
    )


@pages.post("/meine-listen/<int:number>/teilen")
def share(number: int) -> ResponseReturnValue:
    """Makes a new address and shows it, this once; or changes what readers are shown."""
    person = login.demand("list.edit").person_id
    assert person is not None
    wanted = {"show_name": "name" in request.form, "show_notes": "notizen" in request.form}
    with context.the_hub().db.write() as session:
        row = found(session, person, number, to_change=True)
        if row.token_hash is not None and request.form.get("tun") != "neu":
            sharing.show(row, **wanted)
            return redirect(url_for("lists.show", number=number, _anchor="teilen"), 303)
        token = sharing.share(row, **wanted)
        session.flush()
        return page(session, row, address=context.public_address("shared_lists.show", token=token))


@pages.post("/meine-listen/<int:number>/teilen/aus")
def switch_off(number: int) -> ResponseReturnValue:
    """The address works no longer."""
    person = login.demand("list.edit").person_id
    assert person is not None
    with context.the_hub().db.write() as session:
        sharing.switch_off(found(session, person, number, to_change=True))
    return redirect(url_for("lists.show", number=number, _anchor="teilen"), 303)


def _read(token: str) -> Shared:
    with context.the_hub().db.read() as session:
        return sharing.read(session, token) or abort(404)


def _shown(template: str, token: str, shared: Shared, problem: str = "") -> Response:
    address = context.public_address("shared_lists.show", token=token)
    shown = collected.lines(shared.items, None)
    paper = template == "list_paper.html"
    response = make_response(
        render_template(
            template,
            title=shared.title,
            description=shared.description,
            who=shared.who,
            token=token,
            entries=[(one, qr.picture(one.address) if paper else "") for one in shown],
            address=address,
            picture=qr.picture(address) if paper else "",
            today=context.today(),
            problem=problem,
            crumbs=[],
        ),
        409 if problem else 200,
    )
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    # The address is the secret: no page that is linked from here learns it.
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
