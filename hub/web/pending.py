"""A login that is under way: this browser went to a login service and has not come back yet.

What comes back counts only in the browser that went, and for the login that it went for. So the
hub remembers, in a cookie that lives for minutes, signed, the address to which it sent the browser;
the plugin finds in it what it must compare (state, nonce, the id of a request).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from flask import Response, current_app, request
from itsdangerous import BadData, URLSafeTimedSerializer

from hub.web import login

LIFE = 15 * 60
"""Seconds that a person may take at the login service."""
LONGEST_URL = 3_000
"""Characters; browsers keep 4 KB of a cookie."""


@dataclass(frozen=True, slots=True)
class Pending:
    """Where the browser went, for which way of which site, and where it goes afterwards."""

    site: str
    plugin: str
    method: str
    url: str
    back: str
    link: int = 0
    """The session to whose person the login shall be added; 0: an ordinary login."""


def keep(response: Response, pending: Pending) -> Response:
    response.set_cookie(_name(), _serializer().dumps(asdict(pending)), max_age=LIFE, **_options())
    return response


def find() -> Pending | None:
    """The login that this browser began, if it did and not too long ago."""
    try:
        return Pending(**_serializer().loads(request.cookies.get(_name(), ""), max_age=LIFE))
    except (BadData, TypeError):
        return None


def forget(response: Response) -> Response:
    """Each login comes back once."""
    response.delete_cookie(_name(), **_options())
    return response


def _name() -> str:
    return f"{login.cookie_name()}-login"


def _options() -> dict[str, Any]:
    return {"secure": login.is_secure(), "httponly": True, "samesite": "Lax", "path": "/"}


def _serializer() -> URLSafeTimedSerializer:
    key = current_app.secret_key
    assert key is not None
    return URLSafeTimedSerializer(key, salt="login")
