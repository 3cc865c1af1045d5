"""The second factor: asked for at the login, set up and removed in one's account."""

from __future__ import annotations

from flask import Blueprint, abort, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from hub.identity import audit, passkeys, second_factor, sessions, throttle
from hub.identity.actor import Actor
from hub.identity.sessions import network_of
from hub.secrets import SecretError
from hub.web import account, context, login, qr
from hub.web.page import Crumb, asked_text

pages = Blueprint("second_factor", __name__)


@pages.get("/anmelden/code")
def ask() -> ResponseReturnValue:
    return _ask("")


@pages.post("/anmelden/code")
def check() -> ResponseReturnValue:
    """A code of the app, one for recovery, or a key completes the login that was begun."""
    hub, key = context.the_hub(), ceremony("use")
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
        if key is not None and "answer" in request.form:
            right = passkeys.check(session, key, row.person_id, request.form["answer"])
        else:
            right = second_factor.check(
                session, hub.keyring, row.person_id, request.form.get("code", "")
            )
        if right:
            throttle.succeeded(session, names)
            token = sessions.complete(session, row.id)
        else:
            throttle.failed(session, names)
    if not right and "answer" in request.form:
        return _ask(gettext("This key does not belong to the account, or signed wrongly.")), 403
    if not right:
        return _ask(gettext("This code is wrong, or was used already. Take the next one.")), 403
    back = login.safe_return(request.form.get("weiter", ""))
    return login.keep(make_response(redirect(back, 303)), token)


def ceremony(purpose: str) -> passkeys.Ceremony | None:
    """Where a key of this browser signs to be added (`add`) or to log in (`use`)."""
    settings = context.the_hub().settings
    return passkeys.ceremony(settings.base_url, settings.secret_key, purpose, login.token())


def _ask(problem: str) -> str:
    key = ceremony("use")
    with context.the_hub().db.read() as session:
        row = second_factor.waiting(session, login.token())
        keys = passkeys.of_person(session, row.person_id) if row and row.person_id else ()
        options = passkeys.options_to_log_in(key, keys) if key is not None and keys else ""
    return render_template(
        "second_factor_ask.html",
        key_options=options,
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
    return page(login.demand("account.read"))


@pages.post("/konto/zweiter-faktor")
def begin() -> ResponseReturnValue:
    actor, number = proven()
    hub = context.the_hub()
    try:
        with hub.db.write() as session:
            second_factor.begin(session, hub.keyring, number)
    except ValueError:
        abort(409)
    except SecretError:
        abort(503)
    return page(actor)


@pages.post("/konto/zweiter-faktor/bestaetigen")
def confirm() -> ResponseReturnValue:
    actor, number = proven()
    hub = context.the_hub()
    with hub.db.write() as session:
        codes = second_factor.confirm(session, hub.keyring, number, request.form.get("code", ""))
        if codes is not None:
            sessions.end_others(session, number, actor.session_id)
            audit.note(session, actor.key, None, "second_factor.set", f"person:{number}")
    if codes is None:
        return page(
            actor, gettext("This code is wrong. Look at the app and take the next one.")
        ), 400
    return page(actor, codes=codes)


@pages.post("/konto/zweiter-faktor/entfernen")
def remove() -> ResponseReturnValue:
    actor, number = proven()
    with context.the_hub().db.write() as session:
        if second_factor.remove(session, number):
            audit.note(session, actor.key, None, "second_factor.remove", f"person:{number}")
    return redirect(url_for("second_factor.show"), 303)


def proven() -> tuple[Actor, int]:
    """The actor, who logged in just now: what protects the account is not changed by others."""
    actor = login.demand("account.edit")
    assert actor.person_id is not None
    if not actor.proven_lately:
        here = url_for("second_factor.show", weiter=_back() or None)
        abort(redirect(url_for("login.choose", weiter=here), 303))
    return actor, actor.person_id


def page(
    actor: Actor, problem: str = "", codes: list[str] | None = None, key_problem: str = ""
) -> str:
    """The page of the account, with what was just refused."""
    hub = context.the_hub()
    assert actor.person_id is not None
    with hub.db.read() as session:
        in_force = second_factor.is_set(session, actor.person_id)
        secret = second_factor.begun(session, hub.keyring, actor.person_id)
        keys = passkeys.of_person(session, actor.person_id)
        key = ceremony("add") if in_force and actor.proven_lately else None
        options = passkeys.options_to_add(session, key, actor.person_id, actor.name) if key else ""
        session.expunge_all()
    shown = secret if actor.proven_lately else None
    return render_template(
        "second_factor.html",
        in_force=in_force,
        secret=" ".join(shown[i : i + 4] for i in range(0, len(shown), 4)) if shown else "",
        picture=qr.picture(second_factor.address(shown, actor.name)) if shown else "",
        codes=codes or [],
        fresh=actor.proven_lately,
        back=login.safe_return(_back()) if _back() else "",
        withheld=[] if in_force else [account.role_text(one) for one in actor.withheld],
        problem=problem,
        keys=keys,
        key_options=options if len(keys) < passkeys.MOST else "",
        key_problem=key_problem,
        problems=[
            (field, text) for field, text in (("code", problem), ("name", key_problem)) if text
        ],
        crumbs=[
            Crumb(gettext("My account"), url_for("account.overview")),
            Crumb(gettext("Second factor")),
        ],
    )
