"""Who asks: nobody in particular, or a person's program with a token (RFC 6750).

Only the `Authorization` header counts, never the cookie of a browser, so no web site can ask in
its visitor's name. A token that does not work is refused everywhere: who sends one means it.
"""

from __future__ import annotations

from flask import Response, g, request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Forbidden, Unauthorized

from hub.identity import api_tokens
from hub.identity.api_tokens import Bearer
from hub.web import context

LONGEST = 200
"""Characters of a token; ours are shorter."""


def identify() -> None:
    """Before each view: read the token, if there is one."""
    g.bearer = None
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.casefold() != "bearer":
        return
    token = token.strip()
    db = context.the_hub().db
    with db.read() as session:
        found = api_tokens.bearer(session, token) if len(token) <= LONGEST else None
    if found is None:
        raise _refusal("This token is unknown, has ended, or its owner has no role there.", True)
    if found.unnoted:
        with db.write() as session:
            api_tokens.note_use(session, found.token_id)
    g.bearer = found


def demand() -> Bearer:
    """The person whose program asks; nobody in particular is refused."""
    found: Bearer | None = g.bearer
    if found is None:
        raise _refusal("This needs a token: Authorization: Bearer hub_…", False)
    return found


def demand_scope(scope: str) -> Bearer:
    """The person whose program asks, where the token may do this besides reading."""
    found = demand()
    if scope not in found.scopes:
        raise Forbidden(f"This token only reads. Make one with “{scope}” at /konto/api.")
    return found


def keep_private(response: Response) -> Response:
    """What a token brought is for nobody else's cache."""
    response.vary.add("Authorization")
    if g.get("bearer") is not None:
        response.cache_control.private = True
        response.cache_control.no_cache = True
    return response


def _refusal(why: str, invalid: bool) -> Unauthorized:
    values: dict[str, str | None] = {"realm": "hub"}
    if invalid:
        values["error"] = "invalid_token"
    return Unauthorized(why, www_authenticate=WWWAuthenticate("bearer", values))
