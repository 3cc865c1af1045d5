"""The second factor: asked for at the login, set up and removed in one's account."""

from __future__ import annotations

import segno
from flask import Blueprint, abort, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from markupsafe import Markup

from hub.identity import audit, second_factor, sessions, throttle
from hub.identity.actor import Actor
from hub.identity.sessions import network_of
from hub.secrets import SecretError
from hub.web import account, context, login
from hub.web.page import Crumb, asked_text

pages = Blueprint("second_factor", __name__)


@pages.get("/anmelden/code")
def ask() -> ResponseReturnValue:
    return _ask("")


@pages.post("/anmelden/code")
def check() -> ResponseReturnValue:
    """The code of the app, or one for recovery, completes the login that was begun."""
    hub = context.the_hub()
    with hub.db.read() as session:
        row = second_factor.waiting(session, login.token())
    if row is None or row.person_id is None:
        return redirect(url_for("login.choose"), 303)
    names = throttle.keys(
        hub.settings.secret_key, f"code/{row.person_id}", network_of(request.remote_addr or "")
    )
    with hub.db.read() as session:
        pause = throttle.wait(session, names)
    if pause.total_seconds() > 0:
        return _ask(gettext("Too many attempts failed. Wait a few minutes and try again.")), 429
    with hub.db.write() as session:
        right = second_factor.check(
            session, hub.keyring, row.person_id, request.form.get("code", "")
        )
        if right:
            throttle.succeeded(session, names)
            token = sessions.complete(session, row.id)
        else:
            throttle.failed(session, names)
    if not right:
        return _ask(gettext("This code is wrong, or was used already. Take the next one.")), 403
    back = login.safe_return(request.form.get("weiter", ""))
    return login.keep(make_response(redirect(back, 303)), token)


def _ask(problem: str) -> str:
    return render_template(
        "second_factor_ask.html",
        problem=problem,
        problems=[("code", problem)] if problem else [],
        back=_back(),
        crumbs=[Crumb(gettext("Log in"))],
    )


def _back() -> str:
    """Where the person was going; nothing for who came for the second factor itself."""
    return request.form.get("weiter") or asked_text("weiter", login.LONGEST_RETURN)


@pages.get("/konto/zweiter-faktor")
def show() -> str:
    return _page(login.demand("account.read"))


@pages.post("/konto/zweiter-faktor")
def begin() -> ResponseReturnValue:
    actor, number = _proven()
    hub = context.the_hub()
    try:
        with hub.db.write() as session:
            second_factor.begin(session, hub.keyring, number)
    except ValueError:
        abort(409)
    except SecretError:
        abort(503)
    return _page(actor)


@pages.post("/konto/zweiter-faktor/bestaetigen")
def confirm() -> ResponseReturnValue:
    actor, number = _proven()
    hub = context.the_hub()
    with hub.db.write() as session:
        codes = second_factor.confirm(session, hub.keyring, number, request.form.get("code", ""))
        if codes is not None:
            sessions.end_others(session, number, actor.session_id)
            audit.note(session, actor.key, None, "second_factor.set", f"person:{number}")
    if codes is None:
        return _page(
            actor, gettext("This code is wrong. Look at the app and take the next one.")
        ), 400
    return _page(actor, codes=codes)


@pages.post("/konto/zweiter-faktor/entfernen")
def remove() -> ResponseReturnValue:
    actor, number = _proven()
    with context.the_hub().db.write() as session:
        if second_factor.remove(session, number):
            audit.note(session, actor.key, None, "second_factor.remove", f"person:{number}")
    return redirect(url_for("second_factor.show"), 303)


def _proven() -> tuple[Actor, int]:
    """The actor, who logged in just now: what protects the account is not changed by others."""
    actor = login.demand("account.edit")
    assert actor.person_id is not None
    if not actor.proven_lately:
        here = url_for("second_factor.show", weiter=_back() or None)
        abort(redirect(url_for("login.choose", weiter=here), 303))
    return actor, actor.person_id


def _page(actor: Actor, problem: str = "", codes: list[str] | None = None) -> str:
    hub = context.the_hub()
    assert actor.person_id is not None
    with hub.db.read() as session:
        in_force = second_factor.is_set(session, actor.person_id)
        secret = second_factor.begun(session, hub.keyring, actor.person_id)
    shown = secret if actor.proven_lately else None
    return render_template(
        "second_factor.html",
        in_force=in_force,
        secret=" ".join(shown[i : i + 4] for i in range(0, len(shown), 4)) if shown else "",
        picture=_picture(second_factor.address(shown, actor.name)) if shown else "",
        codes=codes or [],
        fresh=actor.proven_lately,
        back=login.safe_return(_back()) if _back() else "",
        withheld=[] if in_force else [account.role_text(one) for one in actor.withheld],
        problem=problem,
        problems=[("code", problem)] if problem else [],
        crumbs=[
            Crumb(gettext("My account"), url_for("account.overview")),
            Crumb(gettext("Second factor")),
        ],
    )


def _picture(text: str) -> Markup:
    code = segno.make(text, error="m")
    return Markup(  # nosec B704: segno draws it, the text is in the modules only
        code.svg_inline(scale=4, svgclass="hub-qr", lineclass=None, omitsize=True)
    )
