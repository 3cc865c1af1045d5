"""Who asks: the person behind the session cookie, and what is demanded of them.

There is one cookie, and only after a login: a random token whose hash names a session in the
database. `demand` is what every view says that is not for everybody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, abort, g, make_response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from hub.identity import second_factor, sessions, throttle
from hub.identity.actor import ANONYMOUS, Actor, Held
from hub.identity.permissions import can
from hub.web import context
from hub.web.language import language

LONGEST_RETURN = 2_000


def actor() -> Actor:
    """Whoever sent this request."""
    if "actor" not in g:
        g.actor = _find()
    found: Actor = g.actor
    return found


def demand(action: str, thing: Any = None) -> Actor:
    """The actor, if they may do this; nobody in particular is asked to log in, and to everybody
    else what they may not touch does not exist."""
    somebody = actor()
    if not somebody.logged_in:
        abort(ask())
    if not can(somebody, action, thing):
        if can(replace(somebody, roles=somebody.withheld), action, thing):
            abort(redirect(url_for("second_factor.show", weiter=_asked_for()), 303))
        abort(404)
    return somebody


def ask() -> BaseResponse:
    """The way to the login page, and from there back to what was asked for."""
    return redirect(url_for("login.choose", weiter=_asked_for()), 303)


def _asked_for() -> str | None:
    """The address that was asked for, where asking for it again does no harm."""
    return request.full_path.rstrip("?") if request.method == "GET" else None


def begin(
    person_id: int | None, via: sessions.Via = sessions.NO_PROVIDER, guest: Sequence[Held] = ()
) -> str:
    """Log a person in; the token is for `keep`. A session that this browser had ends.

    Only for who gave the second factor before, or has none; others go through `arrive`.
    """
    return _begin(person_id, via, guest, waits=False)


def arrive(
    back: str,
    person_id: int | None,
    via: sessions.Via = sessions.NO_PROVIDER,
    guest: Sequence[Held] = (),
) -> Response:
    """Log a person in and lead them to `back`, by way of the second factor where there is one, or
    where their roles rest without one."""
    target = safe_return(back)
    with context.the_hub().db.read() as session:
        waits = person_id is not None and second_factor.is_set(session, person_id)
        if person_id is not None and sessions.withheld_from(session, person_id):
            target = url_for("second_factor.show", weiter=target)
    if waits:
        target = url_for("second_factor.ask", weiter=target)
    made = _begin(person_id, via, guest, waits=waits)
    return keep(make_response(redirect(target, 303)), made)


def throttle_keys(site: str, plugin: str, name: str) -> tuple[str, str]:
    """The names under which failed logins with this login name, from this network, are counted."""
    return throttle.keys(
        context.the_hub().settings.secret_key,
        f"{site}/{plugin}/{name.strip().casefold()}",
        sessions.network_of(request.remote_addr or ""),
    )


def token() -> str:
    """The token that this browser's cookie holds, whatever it is worth."""
    found = request.cookies.get(cookie_name(), "")
    return found if len(found) <= 100 else ""


def _begin(person_id: int | None, via: sessions.Via, guest: Sequence[Held], *, waits: bool) -> str:
    with context.the_hub().db.write() as session:
        before = actor().session_id
        if before is not None:
            sessions.leave(session, before)
        return sessions.begin(
            session,
            person_id,
            via=via,
            guest=guest,
            waits=waits,
            language=language(),
            agent=request.user_agent.string,
            address=request.remote_addr or "",
        )


def keep(response: Response, value: str) -> Response:
    """Hand the token of a session to the browser."""
    response.set_cookie(
        cookie_name(), value, secure=is_secure(), httponly=True, samesite="Lax", path="/"
    )
    return response


def forget(response: Response) -> Response:
    response.delete_cookie(
        cookie_name(), secure=is_secure(), httponly=True, samesite="Lax", path="/"
    )
    return response


def cookie_name() -> str:
    """`__Host-` binds the cookie to this host; without TLS (on one's own machine) there is none."""
    return "__Host-hub" if is_secure() else "hub"


def safe_return(address: str) -> str:
    """An address within the hub, or that of the account page."""
    parts = urlsplit(address)
    harmless = (
        address.startswith("/")
        and not address.startswith(("//", "/\\"))
        and not parts.scheme
        and not parts.netloc
        and address.isprintable()
        and "\\" not in address
        and len(address) <= LONGEST_RETURN
    )
    return address if harmless else url_for("account.overview")


def is_secure() -> bool:
    return context.the_hub().settings.base_url.startswith("https:")


def _find() -> Actor:
    if not token():
        return ANONYMOUS
    hub = context.the_hub()
    with hub.db.read() as session:
        found, unnoted = sessions.actor(session, token())
    if unnoted and found.session_id is not None:
        with hub.db.write() as session:
            sessions.note_use(session, found.session_id)
    return found


def init_app(app: Flask) -> None:
    @app.context_processor
    def who() -> dict[str, Any]:
        found = actor()
        return {"actor": found, "may": lambda action, thing=None: can(found, action, thing)}

    @app.after_request
    def keep_personal_pages_out_of_caches(response: Response) -> Response:
        if "actor" in g and g.actor.logged_in and not request.path.startswith("/static/"):
            response.headers["Cache-Control"] = "no-store"
        return response
