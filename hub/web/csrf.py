"""No other site can send a form in somebody's name.

Every request that may change something carries a signed token that belongs to the session (or to
nobody, before login) and must come from a page of the hub itself. No cookie is needed for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, abort, current_app, request
from itsdangerous import BadData, URLSafeTimedSerializer
from markupsafe import Markup

from hub.web import login

FIELD = "csrf_token"
LIFE = 12 * 3600
"""Seconds for which a form may stay open."""
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

View = TypeVar("View", bound=Callable[..., Any])


def exempt(view: View) -> View:
    """For a view that changes nothing by POST, or has a token of its own."""
    view.hub_csrf_exempt = True  # type: ignore[attr-defined]
    return view


def token() -> str:
    """The token for a form of this request."""
    return _serializer().dumps(_bound_to())


def field() -> Markup:
    """The hidden field of a form that is sent by POST."""
    return Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, token())


def init_app(app: Flask) -> None:
    app.jinja_env.globals.update(csrf_field=field)

    @app.before_request
    def check() -> None:
        if request.method in SAFE or request.endpoint is None:
            return
        view = current_app.view_functions[request.endpoint]
        if getattr(view, "hub_csrf_exempt", False):
            return
        if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
            abort(400)
        try:
            bound = _serializer().loads(request.form.get(FIELD, ""), max_age=LIFE)
        except BadData:
            abort(400)
        if bound != _bound_to():
            abort(400)


def _bound_to() -> int:
    """The session that a token belongs to; 0 for nobody's."""
    return login.actor().session_id or 0


def _serializer() -> URLSafeTimedSerializer:
    key = current_app.secret_key
    assert key is not None
    return URLSafeTimedSerializer(key, salt="csrf")
