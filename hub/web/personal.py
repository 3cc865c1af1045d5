"""One's own data: what is held, as a file to take along, and gone for good."""

from __future__ import annotations

import orjson
from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext

from hub.identity import privacy
from hub.identity.actor import Actor
from hub.web import context, login
from hub.web.offer import source_title
from hub.web.page import Crumb

pages = Blueprint("personal", __name__, url_prefix="/konto/daten")

TABLES = {
    "person": lazy_gettext("Your account"),
    "identity": lazy_gettext("Logins"),
    "membership": lazy_gettext("Roles"),
    "account": lazy_gettext("Login names"),
    "login_session": lazy_gettext("Browsers in which you are logged in"),
    "audit": lazy_gettext("Entries of the log of changes"),
    "media_list": lazy_gettext("Media lists"),
    "media_list_entry": lazy_gettext("Entries of media lists"),
}


@pages.get("")
def show() -> str:
    return _page(login.demand("account.read"), [])


@pages.get("/meine-daten.json")
def download() -> ResponseReturnValue:
    """Everything as JSON: readable by programs, for another service too (Art. 20)."""
    actor = login.demand("account.read")
    if not actor.proven_lately:
        return _prove()
    assert actor.person_id is not None
    document = privacy.held(context.the_hub(), actor.person_id).document()
    options = orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS
    answer = Response(orjson.dumps(document, str, options), mimetype="application/json")
    answer.headers["Content-Disposition"] = 'attachment; filename="meine-daten.json"'
    return answer


@pages.post("/loeschen")
def erase() -> ResponseReturnValue:
    """Erase the account and everything about the person, after a fresh proof of who it is."""
    actor = login.demand("account.edit")
    if not actor.proven_lately:
        return _prove()
    if request.form.get("sure") != "yes":
        return _page(actor, [("sure", gettext("Please confirm that you want this."))]), 400
    assert actor.person_id is not None
    try:
        privacy.erase(context.the_hub(), actor.person_id, by=actor.key)
    except privacy.Refused as refused:
        return _page(actor, [("sure", _reason(*one)) for one in refused.reasons]), 409
    answer = make_response(render_template("personal_gone.html", crumbs=[]))
    return login.forget(answer)


def _prove() -> ResponseReturnValue:
    """A login that is some minutes old may be somebody else's browser by now."""
    return redirect(url_for("login.choose", weiter=url_for("personal.show")), 303)


def _reason(where: str, why: str) -> str:
    if why == "last_admin":
        return gettext("You are the last admin of your centre. Name another one first.")
    if why == "broken":
        return gettext(
            "%(centre)s: a connection there is out of order, so nobody can say what it holds. Ask "
            "the centre to repair it or to switch it off; then try again.",
            centre=where,
        )
    if why == "unavailable":
        return gettext(
            "%(centre)s: a service there could not be reached. Try again in a few minutes.",
            centre=where,
        )
    return f"{where}: {why}"


def _page(actor: Actor, problems: list[tuple[str, str]]) -> str:
    assert actor.person_id is not None
    found = privacy.held(context.the_hub(), actor.person_id)
    names = {key: row.name for key, row in context.sites().items()}
    return render_template(
        "personal.html",
        tables=[(TABLES.get(name, name), len(rows)) for name, rows in found.tables.items()],
        plugins=[
            (names[site], source_title(plugin))
            for site, data in found.plugins.items()
            for plugin in data
        ],
        failed=[(names[site], source_title(plugin)) for site, plugin in found.failed],
        fresh=actor.proven_lately,
        problems=problems,
        crumbs=[
            Crumb(gettext("My account"), url_for("account.overview")),
            Crumb(gettext("My data")),
        ],
    )
