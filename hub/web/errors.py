"""Error pages: what happened, why, and what can be done, in the visitor's language."""

from __future__ import annotations

from typing import Any

from flask import Flask, render_template
from flask_babel import lazy_gettext
from werkzeug.exceptions import HTTPException, InternalServerError
from werkzeug.wrappers import Response

from hub.web.language import language

TEXTS: dict[int, tuple[Any, Any]] = {
    400: (
        lazy_gettext("This request could not be understood"),
        lazy_gettext("Part of the address or of the form is wrong. Go back and try it again."),
    ),
    401: (
        lazy_gettext("Login needed"),
        lazy_gettext("This page is only for people who are logged in at its centre."),
    ),
    404: (
        lazy_gettext("Page not found"),
        lazy_gettext(
            "There is no page at this address. It may be mistyped, or the page has moved. "
            "Search for what you need, or begin at the start page."
        ),
    ),
    405: (
        lazy_gettext("This page cannot be used like that"),
        lazy_gettext("The address does not accept this kind of request. Begin at the start page."),
    ),
    410: (
        lazy_gettext("This is no longer offered"),
        lazy_gettext("Its centre has withdrawn it. Search for something similar."),
    ),
    413: (
        lazy_gettext("That was too much at once"),
        lazy_gettext("What you sent is larger than the hub accepts. Send less."),
    ),
    429: (
        lazy_gettext("Too many requests"),
        lazy_gettext("From your connection came too many requests. Wait a minute and try again."),
    ),
    500: (
        lazy_gettext("Something went wrong here"),
        lazy_gettext(
            "The mistake is ours and has been noted. Try again in a few minutes; "
            "if it happens again, tell us."
        ),
    ),
    503: (
        lazy_gettext("Not available at present"),
        lazy_gettext("This part of the hub is being repaired. Try again later."),
    ),
}


def init_app(app: Flask) -> None:
    @app.errorhandler(HTTPException)
    def show(error: HTTPException) -> Response | tuple[str, int, list[tuple[str, str]]]:
        status = error.code or 500
        if status < 400 or error.response is not None:
            return error.get_response()
        nearest = status if status in TEXTS else 500 if status >= 500 else 400
        title, advice = TEXTS[nearest]
        headers = [(name, value) for name, value in error.get_headers() if name != "Content-Type"]
        values = {"title": title, "advice": advice, "status": status}
        if status < 500:
            return render_template("error.html", **values), status, headers
        # Perhaps the database is gone: render without what surrounds other pages.
        bare = app.jinja_env.get_template("error_bare.html").render(**values, language=language())
        return bare, status, headers

    @app.errorhandler(InternalServerError)
    def fail(error: InternalServerError) -> Any:
        return show(InternalServerError())
