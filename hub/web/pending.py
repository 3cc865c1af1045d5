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
LINK_LIFE = 5 * 60
"""Seconds in which a login that shall be added is to be made."""
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


def keep_link(response: Response, session_id: int) -> Response:
    """The next login in this browser is added to the account of this session."""
    value = _serializer("link").dumps(session_id)
    response.set_cookie(_name("link"), value, max_age=LINK_LIFE, **_options())
    return response


def linking() -> bool:
    """Whether the next login is to be added to the account that is logged in here."""
    number = login.actor().session_id
    try:
        asked = _serializer("link").loads(request.cookies.get(_name("link"), ""), max_age=LINK_LIFE)
    except BadData:
        return False
    return number is not None and asked == number


def forget_link(response: Response) -> Response:
    response.delete_cookie(_name("link"), **_options())
    return response


def _name(what: str = "login") -> str:
    return f"{login.cookie_name()}-{what}"


def _options() -> dict[str, Any]:
    return {"secure": login.is_secure(), "httponly": True, "samesite": "Lax", "path": "/"}


def _serializer(what: str = "login") -> URLSafeTimedSerializer:
    key = current_app.secret_key
    assert key is not None
    return URLSafeTimedSerializer(key, salt=what)
