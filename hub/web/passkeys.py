"""Security keys and passkeys: added and taken away in one's account."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext

from hub.identity import audit, passkeys
from hub.web import context, second_factor

pages = Blueprint("passkeys", __name__)

_REFUSED = {
    "invalid": lazy_gettext("This key was not taken: what it sent is not right. Try again."),
    "known": lazy_gettext("This key is in use already."),
    "many": lazy_gettext("You have as many keys as an account can have. Remove one first."),
}


@pages.post("/konto/zweiter-faktor/schluessel")
def add() -> ResponseReturnValue:
    actor, person = second_factor.proven()
    where = second_factor.ceremony("add")
    if where is None:
        abort(404)
    try:
        with context.the_hub().db.write() as session:
            row = passkeys.add(
                session,
                where,
                person,
                request.form.get("answer", ""),
                request.form.get("name", "") or gettext("Security key"),
            )
            audit.note(
                session, actor.key, None, "passkey.add", f"person:{person}", after={"key": row.id}
            )
    except passkeys.KeyRefused as refused:
        return second_factor.page(actor, key_problem=str(_REFUSED[refused.reason])), 400
    return redirect(url_for("second_factor.show"), 303)


@pages.post("/konto/zweiter-faktor/schluessel/<int:number>/entfernen")
def remove(number: int) -> ResponseReturnValue:
    actor, person = second_factor.proven()
    with context.the_hub().db.write() as session:
        if not passkeys.remove(session, person, number):
            abort(404)
        audit.note(
            session, actor.key, None, "passkey.remove", f"person:{person}", before={"key": number}
        )
    return redirect(url_for("second_factor.show"), 303)
