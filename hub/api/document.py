"""The API's own description: `/api/v1/` and `/api/v1/openapi.json`."""

from __future__ import annotations

from functools import cache
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

import flask_smorest
from flask import Flask, Response, request

from hub.api import examples, schemas
from hub.api.blueprint import PREFIX, api
from hub.api.links import link
from hub.api.problems import MEDIA_TYPE
from hub.web import context

TITLE = "Medienzentren-Hub"
DESCRIPTION = """\
What the media centres of North Rhine-Westphalia offer, for programs; anonymous but for what needs
a token: people make theirs at /konto/api, each for what they may at one site, and send it as
`Authorization: Bearer hub_…`. A token that does not work is refused everywhere (401). Booking
needs one with the scope `bookings`, handing out and taking back one with `desk` (else 403).

Labels are German, or English with `Accept-Language: en`; codes never change with the language.
Every answer has an `ETag`; send it back as `If-None-Match` and an unchanged answer costs a 304.
Lists go on at the address in `next`. Parameters that do not exist are refused with status 400.
Every error is a problem (RFC 9457, `application/problem+json`).
Fields and codes may be added within this version; nothing is taken away or changes its meaning.
"""
_TAGS = (
    ("Sites", "Who takes part."),
    ("Catalogue", "What they offer."),
    ("Search", "What people look for."),
    ("Network", "Who offers what, how fresh it is, what is used."),
    ("Booking", "What is free, and booking it."),
    ("Desk", "For the staff of a centre."),
    ("Own", "What a person's token opens."),
    ("About", "The API itself."),
)


class Api(flask_smorest.Api):
    """flask-smorest's documentation without its error handler, which would take over the pages'."""

    DEFAULT_ERROR_RESPONSE_NAME = ""
    """None: each view says which errors it has."""

    def _register_error_handlers(self) -> None:
        pass

    def _register_pagination_header(self) -> None:
        pass

    def _register_responses(self) -> None:
        for status in HTTPStatus:
            response: dict[str, Any] = {"description": status.phrase}
            if status is HTTPStatus.BAD_REQUEST:
                response["content"] = {
                    MEDIA_TYPE: {
                        "schema": schemas.ParametersProblemSchema,
                        "example": examples.PARAMETERS_PROBLEM,
                    }
                }
            elif status >= HTTPStatus.BAD_REQUEST:
                response["content"] = {
                    MEDIA_TYPE: {
                        "schema": schemas.ProblemSchema,
                        "example": examples.problem(status),
                    }
                }
            self.spec.components.response(status.name, response, lazy=True)


def _about(app: Flask) -> dict[str, Any]:
    """What flask-smorest needs to know to begin the document."""
    return {
        "title": TITLE,
        "version": version("medienzentren-hub"),
        "openapi_version": "3.1.0",
        "info": {"description": DESCRIPTION},
        "servers": [{"url": app.extensions["hub"].settings.base_url}],
    }


def init_app(app: Flask) -> None:
    """Describe and serve the API: its views, and the document made from them."""
    described = Api(app, spec_kwargs=_about(app))  # type: ignore[no-untyped-call]
    described.spec.components.security_scheme(
        "token", {"type": "http", "scheme": "bearer", "description": "Made at /konto/api."}
    )
    described.register_blueprint(api)  # type: ignore[no-untyped-call]

    @cache
    def document() -> bytes:
        made = described.spec.to_dict()
        made["tags"] = [{"name": name, "description": text} for name, text in _TAGS]
        return app.json.dumps(made).encode()

    @app.get(f"{PREFIX}/openapi.json")
    def openapi() -> Response:
        response = Response(document(), mimetype="application/json")
        response.add_etag()
        response.make_conditional(request)
        return response


@api.resource("/", schemas.IndexSchema, example=examples.INDEX, tag="About")
def index(_: dict[str, Any]) -> dict[str, Any]:
    """What there is"""
    return {
        "title": TITLE,
        "version": version("medienzentren-hub"),
        "hub": context.the_hub().settings.base_url,
        "links": {
            "document": link("openapi"),
            "sites": link("api.list_sites"),
            "schools": link("api.find_schools"),
            "offers": link("api.list_offers"),
            "works": link("api.list_works"),
            "search": link("api.search_works"),
            "suggest": link("api.suggest_texts"),
            "desk": link("api.show_desk"),
            "changes": link("api.list_changes"),
            "recommendations": link("api.list_recommendations"),
            "matrix": link("api.show_matrix"),
            "trend": link("api.show_trend"),
            "sources": link("api.list_sources"),
            "statistics": link("api.show_statistics"),
            "demand": link("api.show_demand"),
            "me": link("api.show_me"),
            "bookings": link("api.list_bookings"),
        },
    }
