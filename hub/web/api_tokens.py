"""A person's tokens for the API: made, shown once, and taken back."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from hub.identity import api_tokens
from hub.identity.api_tokens import DAYS, LONGEST_NAME, MOST, TokenRefused
from hub.identity.permissions import can
from hub.web import context, login
from hub.web.page import Crumb

pages = Blueprint("api_tokens", __name__, url_prefix="/konto/api")


@pages.get("")
def listing() -> str:
    login.demand("token.manage")
    return _page({})


@pages.post("")
def create() -> ResponseReturnValue:
    """Whoever made a token knows who they are since a few minutes at most."""
    actor = login.demand("token.manage")
    if actor.person_id is None:
        abort(404)
    if not actor.proven_lately:
        return redirect(url_for("login.choose", weiter=url_for("api_tokens.listing")), 303)
    site, days = request.form.get("site", ""), request.form.get("days", "")
    name = " ".join(request.form.get("name", "").split())
    number = int(days) if days in {str(one) for one in DAYS} else 0
    try:
        with context.the_hub().db.write() as session:
            token = api_tokens.create(
                session, actor, site, name, number, request.form.getlist("scopes")
            )
    except TokenRefused as refused:
        if refused.reason in ("site", "days", "scopes"):
            abort(400)
        problem = {
            "name": gettext(
                "Please write for what it is, in at most %(number)s characters.",
                number=LONGEST_NAME,
            ),
            "many": gettext(
                "You have %(number)s tokens. Take one back that you no longer need.", number=MOST
            ),
        }[refused.reason]
        return _page({"name": problem}, typed=name), 400
    return _page({}, token=token), 201


@pages.post("/<int:number>/zuruecknehmen")
def revoke(number: int) -> ResponseReturnValue:
    actor = login.demand("token.manage")
    with context.the_hub().db.write() as session:
        if not api_tokens.revoke(session, actor, number):
            abort(404)
    return redirect(url_for("api_tokens.listing"), 303)


def _page(problem: dict[str, str], *, typed: str = "", token: str = "") -> str:
    actor = login.actor()
    if actor.person_id is None:
        abort(404)
    names = {key: row.name for key, row in context.sites().items()}
    with context.the_hub().db.read() as session:
        mine = api_tokens.of_person(session, actor.person_id)
        sites = api_tokens.sites_of(session, actor)
    return render_template(
        "api_tokens.html",
        tokens=mine,
        scopes=[
            (api_tokens.BOOK, gettext("Book, change and cancel in my name")),
            *(
                [(api_tokens.DESK, gettext("Hand out and take back at the desk"))]
                if can(actor, "desk.use")
                else []
            ),
        ],
        names=names,
        sites=[(key, names[key]) for key in sites if key in names],
        days=[(str(one), gettext("%(number)s days", number=one)) for one in DAYS],
        typed=typed,
        token=token,
        example=context.public_address("api.show_me"),
        problem=problem,
        problems=list(problem.items()),
        crumbs=[
            Crumb(gettext("My account"), url_for("account.overview")),
            Crumb(gettext("Tokens for programs")),
        ],
    )
