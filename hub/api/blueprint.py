"""The blueprint of the API: what every view has in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from http import HTTPStatus
from typing import Any, NoReturn, TypeVar

import marshmallow as ma
from flask import Request, Response, request
from flask_smorest.blueprint import Blueprint
from sqlalchemy.exc import InterfaceError, OperationalError
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import UnsupportedMediaType

from hub.api import bearer
from hub.api.language import language
from hub.api.parameters import Parameters
from hub.api.problems import BadParameters, database_gone
from hub.web import csrf

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

    def _handle_invalid_json_error(self, *_: Any, **__: Any) -> NoReturn:
        raise BadParameters({"body": ["This is no JSON."]})

    def handle_error(self, error: ma.ValidationError, *_: Any, **__: Any) -> NoReturn:
        messages = error.normalized_messages()  # type: ignore[no-untyped-call]
        raise BadParameters(next(iter(messages.values())))


class Resources(Blueprint):
    """A blueprint of views with the same manners: those that read, and those that act."""

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

    def action(
        self,
        method: str,
        rule: str,
        body: type[Parameters],
        answer: type[ma.Schema],
        *,
        scope: str,
        sent: Mapping[str, Any],
        example: Mapping[str, Any],
        tag: str,
        path: Sequence[Mapping[str, Any]] = (),
        status: HTTPStatus = HTTPStatus.OK,
        problems: Sequence[HTTPStatus] = (),
    ) -> Callable[[View], View]:
        """Route a view that changes something: it gets the checked JSON first, once the token is
        known to have this scope. `sent` is an example of what is sent."""
        smorest: Any = self

        def decorate(view: View) -> View:
            decorated = smorest.arguments(body, location="json", example=sent)(view)
            decorated = smorest.response(status, answer, example=example)(decorated)
            for problem in (
                HTTPStatus.UNAUTHORIZED,
                HTTPStatus.FORBIDDEN,
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
                HTTPStatus.INTERNAL_SERVER_ERROR,
                HTTPStatus.SERVICE_UNAVAILABLE,
                *problems,
            ):
                decorated = smorest.alt_response(problem, problem.name)(decorated)
            decorated = smorest.doc(operationId=view.__name__, security=[{"token": []}])(decorated)

            @wraps(decorated)
            def guarded(*values: Any, **named: Any) -> Any:
                bearer.demand_scope(scope)
                if request.args:
                    wrong = [Parameters.error_messages["unknown"]]
                    raise BadParameters(dict.fromkeys(request.args, wrong))
                if not request.is_json:
                    raise UnsupportedMediaType("Send application/json.")
                return decorated(*values, **named)

            parameters = [dict(one) for one in (*path, _LANGUAGE)]
            routed = smorest.route(rule, methods=[method], parameters=parameters, tags=[tag])
            # No cookie counts here, so no other site can ask in a visitor's name.
            routed(csrf.exempt(guarded))
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
