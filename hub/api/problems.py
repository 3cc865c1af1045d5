"""Errors under `/api/` as problems (RFC 9457); everywhere else the pages' own errors stay."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, current_app, request
from werkzeug.exceptions import (
    BadRequest,
    Gone,
    HTTPException,
    InternalServerError,
    NotFound,
    ServiceUnavailable,
)

from hub.api.links import document_url

MEDIA_TYPE = "application/problem+json"
MOST_ERRORS = 20
LONGEST_NAME = 100
RETRY_AFTER = 30

_NOTHING_HERE = "There is nothing at this address; /api/v1/ lists what there is."


class BadParameters(BadRequest):
    """Parameters that are unknown, repeated or wrong; `messages` as marshmallow gives them."""

    def __init__(self, messages: Mapping[str, Any]) -> None:
        self.errors = [
            {"parameter": str(name)[:LONGEST_NAME], "detail": " ".join(_texts(found))}
            for name, found in list(messages.items())[:MOST_ERRORS]
        ]
        lines = "; ".join(f"{one['parameter']}: {one['detail']}" for one in self.errors)
        super().__init__(lines)


class Withdrawn(Gone):
    """An offer that its source no longer has; `tombstone` is what is still known of it."""

    def __init__(self, tombstone: Mapping[str, Any]) -> None:
        self.tombstone = tombstone
        super().__init__("Its site no longer offers this.")


def init_app(app: Flask) -> None:
    """Turn errors under `/api/` into problems; others go on to whoever showed them before."""
    handlers = app.error_handler_spec[None]
    for code, kind in ((None, HTTPException), (500, InternalServerError)):
        app.register_error_handler(kind, _branch(handlers[code].get(kind)))


def _branch(page: Callable[[Any], Any] | None) -> Callable[[HTTPException], Any]:
    def show(error: HTTPException) -> Any:
        if _is_api():
            return problem(error)
        return page(error) if page else error

    return show


def database_gone(error: Exception) -> Response:
    """A database that does not answer is no mistake of ours, and passes."""
    current_app.logger.error("the database does not answer", exc_info=error)
    return problem(ServiceUnavailable("The database does not answer.", retry_after=RETRY_AFTER))


def _is_api() -> bool:
    return request.path == "/api" or request.path.startswith("/api/")


def problem(error: HTTPException) -> Response:
    """The answer to an error, with the headers that belong to it (`Allow`, `Retry-After`)."""
    status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    detail = error.description
    if isinstance(error, NotFound) and detail == NotFound.description:
        detail = _NOTHING_HERE
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": status.phrase,
        "status": int(status),
        "detail": detail,
    }
    if isinstance(error, BadParameters):
        body["type"] = document_url("ParametersProblem")
        body["errors"] = error.errors
    if isinstance(error, Withdrawn):
        body["type"] = document_url("WithdrawnProblem")
        body["offer"] = error.tombstone
    response = Response(current_app.json.dumps(body), status)
    response.headers.extend(
        (name, value) for name, value in error.get_headers() if name != "Content-Type"
    )
    response.content_type = MEDIA_TYPE
    return response


def _texts(messages: Any) -> Iterator[str]:
    if isinstance(messages, Mapping):
        for each in messages.values():
            yield from _texts(each)
    elif isinstance(messages, list):
        yield from dict.fromkeys(map(str, messages))
    else:
        yield str(messages)
