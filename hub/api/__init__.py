"""REST under `/api/v1/`: thin views on the catalogue, described by OpenAPI 3.1.

Anonymous but for what needs a person's token; nothing is changed but with one that may. Answers
are JSON, what is read with an ETag, errors are problems (RFC 9457), lists go on by the address in
`next`, and a parameter that does not exist is refused, not ignored.
"""

from __future__ import annotations

from flask import Flask
from flask.json.provider import DefaultJSONProvider

from hub.api import (
    booking,
    desk,
    document,
    network,
    offers,
    own,
    problems,
    recommendations,
    schools,
    search,
    sites,
)

__all__ = ["init_app"]

_VIEWS = (document, search, offers, sites, network, recommendations, schools, own, booking, desk)
"""Modules whose import puts their views on the blueprint."""


class _Json(DefaultJSONProvider):
    """JSON for people as well: fields in the order of their schema, umlauts as they are."""

    sort_keys = False
    ensure_ascii = False


def init_app(app: Flask) -> None:
    """Add the API to an application whose own error pages are registered already."""
    app.json = _Json(app)
    document.init_app(app)
    problems.init_app(app)
