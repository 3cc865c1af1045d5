"""The blueprint of the API: what every view has in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, NoReturn, TypeVar

import marshmallow as ma
from flask import Request, Response, request
from flask_smorest.blueprint import Blueprint
from sqlalchemy.exc import InterfaceError, OperationalError
from webargs.flaskparser import FlaskParser

from hub.api import bearer
from hub.api.language import language
from hub.api.parameters import Parameters
from hub.api.problems import BadParameters, database_gone

View = TypeVar("View", bound=Callable[..., Any])

PREFIX = "/api/v1"

_LANGUAGE = {
    "in": "header",
    "name": "Accept-Language",
    "description": "Language of labels: German (de), which is the default, or English (en).",
    "schema": {"type": "string", "examples": ["en"]},
}


class StrictParser(FlaskParser):
    """Refuses parameters that the view does not have, and single ones that are repeated."""

    DEFAULT_UNKNOWN_BY_LOCATION = {"query": None}
    """None: as `Parameters` says."""
    DEFAULT_VALIDATION_STATUS = HTTPStatus.BAD_REQUEST

    def load_querystring(self, req: Request, schema: ma.Schema) -> Any:
        repeated = [
            name
            for name, values in req.args.lists()
            if len(values) > 1 and not isinstance(schema.fields.get(name), ma.fields.List)
        ]
        if repeated:
            raise ma.ValidationError({name: ["Given more than once."] for name in repeated})
        return super().load_querystring(req, schema)

    def handle_error(self, error: ma.ValidationError, *_: Any, **__: Any) -> NoReturn:
        raise BadParameters(error.normalized_messages()["query"])  # type: ignore[no-untyped-call]


class Resources(Blueprint):
    """A blueprint of GET views with the same manners."""

    ARGUMENTS_PARSER = StrictParser()

    def resource(
        self,
        rule: str,
        answer: type[ma.Schema],
        *,
        example: Mapping[str, Any],
        tag: str,
        query: type[Parameters] = Parameters,
        path: Sequence[Mapping[str, Any]] = (),
        problems: Sequence[HTTPStatus] = (),
        described: Mapping[HTTPStatus, Mapping[str, Any]] | None = None,
    ) -> Callable[[View], View]:
        """Route a view that gets its checked parameters first and returns what `answer` dumps.

        `path` describes the parameters in the rule, `problems` the errors beyond those that
        every view has, `described` those that are more than a plain problem.
        """

        smorest: Any = self

        def decorate(view: View) -> View:
            decorated = smorest.arguments(query, location="query")(view)
            decorated = smorest.response(HTTPStatus.OK, answer, example=example)(decorated)
            common = (HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.SERVICE_UNAVAILABLE)
            for status in (*problems, *common):
                decorated = smorest.alt_response(status, status.name)(decorated)
            for status, description in (described or {}).items():
                decorated = smorest.alt_response(status, **description)(decorated)
            described_as: dict[str, Any] = {"operationId": view.__name__}
            if HTTPStatus.UNAUTHORIZED in problems:
                described_as["security"] = [{"token": []}]
            decorated = smorest.doc(**described_as)(decorated)
            decorated = smorest.etag(decorated)  # outermost, so that it sees the finished answer
            parameters = [dict(one) for one in (*path, _LANGUAGE)]
            smorest.route(rule, parameters=parameters, tags=[tag])(decorated)
            return view

        return decorate

    def _set_etag_in_response(self, response: Response) -> None:
        """As Werkzeug does it: a 304 keeps its ETag, which flask-smorest's own would lose."""
        response.add_etag()
        response.make_conditional(request)


api = Resources("api", __name__, url_prefix=PREFIX)  # type: ignore[no-untyped-call]

api.before_request(bearer.identify)
api.after_request(bearer.keep_private)
for failure in (OperationalError, InterfaceError):
    api.register_error_handler(failure, database_gone)


@api.after_request
def say_language(response: Response) -> Response:
    """Labels follow Accept-Language, so caches must know of it."""
    if response.status_code < HTTPStatus.BAD_REQUEST:
        response.content_language.add(language())
        response.vary.add("Accept-Language")
    return response
