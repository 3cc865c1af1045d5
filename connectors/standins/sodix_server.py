"""A stand-in for SODIX: its login and the one GraphQL query that harvesting needs.

    python -m connectors.standins.sodix_server --data FILE [--port 0] [--login NAME=PASSWORD]

The first line on standard output is the base address, `http://127.0.0.1:PORT/gql`: a POST to
`/auth/login` with `{"login": …, "password": …}` gives `{"access_token": …}`, and a POST to
`/graphql` with that token as Bearer takes

    { findAllMetadata(page: 0, pageSize: 100, recordStatus: ACTIVATED) { id media { url } } }

Pages count from 0; the one after the last is empty, no total is told, and only the fields that
are asked for come back. `--data` is a JSON file with a list of documents as SODIX gives them.
`--token-life` is the number of queries that a token is good for.

Traps in the address, beside those of `serving`: drift (after each page the last record of the
list is edited and moves to the front, so a reading brings some twice and misses others) · shuffle
(another order for each page) · vanish (one record is removed after the first page is read) ·
capped (at most two records a page, whatever is asked for) · repeat (the first page for ever) ·
errors (GraphQL errors with status 200) · echo (such an error that repeats the token and the
body) · null (no list) · expired (each token is good for one query) · locked (no token is
accepted) · nameless (a record without id on the first page) · gap (the last record is in the
list of ids, but its document never comes).
"""

from __future__ import annotations

import json
import random
import re
import secrets
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from connectors.standins.serving import DataError, JsonHandler, arguments, load, serve

_PLAIN: dict[str, None] = dict.fromkeys(
    """id identifier title description keywords language creationDate updated publishedTime
    availableTo recordStatus author authorWebsite producer targetAudience learnResourceType
    educationalLevels classLevel schoolTypes eafCode additionalLicenseInformation downloadRight
    cost linkedObjects""".split()
)
SCHEMA: dict[str, Any] = {
    **_PLAIN,
    "publishers": dict.fromkeys(
        "id title description imageDetails imagePreview officialWebsite".split()
    ),
    "source": dict.fromkeys("id name description imageUrl termsOfUse website sourceStatus".split()),
    "media": dict.fromkeys(
        "size dataType duration thumbDetails thumbPreview url originalUrl".split()
    ),
    "subject": dict.fromkeys("id name level path".split()),
    "competencies": dict.fromkeys("id level name path".split()),
    "license": dict.fromkeys("name version country url text".split()),
}
"""Fields of a document; None for scalars and lists of them."""
STATUSES = ("ACTIVATED", "DEACTIVATED", "DELETED")
_QUERY = re.compile(
    r"\s*(?:query\s*)?\{\s*findAllMetadata\s*\(([^)]*)\)\s*(\{.*\})\s*\}\s*", re.DOTALL
)
_TOKENS = re.compile(r"[{}]|\w+|\S")
Selection = dict[str, Any]


class QueryError(Exception):
    """What GraphQL answers with in `errors`."""


def parse(query: str) -> tuple[int, int, str, Selection]:
    """Page, page size, record status ("" for all) and selected fields of a query."""
    match = _QUERY.fullmatch(query)
    if not match:
        raise QueryError("Syntax Error: Unexpected token; only findAllMetadata is known here")
    given: dict[str, str] = {}
    for argument in match[1].split(","):
        name, _, value = (part.strip() for part in argument.partition(":"))
        if name not in ("page", "pageSize", "recordStatus"):
            raise QueryError(f'Unknown argument "{name}" on field "findAllMetadata"')
        given[name] = value
    page, size, status = given.get("page", "0"), given.get("pageSize", "10"), ""
    if "recordStatus" in given:
        status = given["recordStatus"]
        if status not in STATUSES:
            raise QueryError(f'Value "{status}" does not exist in "RecordStatus" enum')
    if not (page.isdecimal() and size.isdecimal() and len(page) < 9 and 0 < int(size) <= 10_000):
        raise QueryError("page and pageSize must be numbers, pageSize from 1 to 10000")
    words = _TOKENS.findall(match[2])
    selection = _select(words, SCHEMA)
    if words:
        raise QueryError(f'Syntax Error: Unexpected "{words[0]}"')
    return int(page), int(size), status, selection


def _select(words: list[str], schema: dict[str, Any]) -> Selection:
    """A selection `{ a b { c } }`, which is taken off the front of the words."""
    words.pop(0)
    found: Selection = {}
    while words and words[0] != "}":
        name = words.pop(0)
        if name not in schema:
            raise QueryError(f'Cannot query field "{name}"')
        inner = schema[name]
        opens = words[:1] == ["{"]
        if opens != isinstance(inner, dict):
            raise QueryError(f'Field "{name}" must {"not " * opens}have a selection of subfields')
        found[name] = _select(words, inner) if opens else None
    if not words or not found:
        raise QueryError("Syntax Error: Expected Name, found <EOF>")
    words.pop(0)
    return found


def chosen(value: Any, selection: Selection | None) -> Any:
    """The part of a value that was asked for; what it lacks is null."""
    if selection is None or value is None:
        return value
    if isinstance(value, list):
        return [chosen(part, selection) for part in value]
    return {name: chosen(value.get(name), inner) for name, inner in selection.items()}


class Pool:
    """The documents in their present order, and the tokens that are given out."""

    def __init__(
        self, documents: Sequence[dict[str, Any]], login: str = "", life: int | None = None
    ) -> None:
        self._documents = list(documents)
        self._orders: dict[str, list[dict[str, Any]]] = {}
        self._login = login
        self._life = life
        self._tokens: dict[str, float] = {}
        self._random = random.Random(1)

    def token(self, form: Any, traps: frozenset[str]) -> str | None:
        """A new token, None for a wrong name or password."""
        given = f"{form.get('login')}={form.get('password')}" if isinstance(form, dict) else ""
        if self._login and given != self._login:
            return None
        # Shaped like a JWT; what it says is of no interest to its bearer.
        token = ".".join(secrets.token_urlsafe(12) for _ in range(3))
        life = 1 if "expired" in traps else self._life
        self._tokens[token] = float("inf") if life is None else life
        return token

    def admits(self, header: str | None, traps: frozenset[str]) -> bool:
        """Whether the token is still good, for one more query."""
        token = (header or "").removeprefix("Bearer ")
        left = self._tokens.get(token, 0)
        if left <= 0 or "locked" in traps:
            return False
        self._tokens[token] = left - 1
        return True

    def page(self, query: str, traps: frozenset[str]) -> list[Any]:
        """The documents that a query asks for."""
        number, size, status, selection = parse(query)
        order = self._orders.setdefault("+".join(sorted(traps)), list(self._documents))
        if "shuffle" in traps:
            self._random.shuffle(order)
        listed = [one for one in order if not status or one.get("recordStatus") == status]
        if "capped" in traps:
            size = min(size, 2)
        if "repeat" in traps:
            number = 0
        found = [chosen(one, selection) for one in listed[number * size : (number + 1) * size]]
        if "gap" in traps and len(selection) > 1:
            found = [one for one in found if one.get("id") != self._documents[-1].get("id")]
        if "nameless" in traps and number == 0:
            found.append(chosen({"title": "Ohne Kennung"}, selection))
        if "drift" in traps and found and self._random.random() < 0.3:
            order.insert(0, order.pop())
        if "vanish" in traps and number == 0 and len(order) == len(self._documents):
            order.pop(0)
        return found


class Handler(JsonHandler):
    """HTTP around the pool."""

    pool: Pool

    def do_POST(self) -> None:
        body = self.body()
        if not self.begin():
            return
        try:
            form = json.loads(body)
        except ValueError:
            return self.json({"message": "no JSON"}, HTTPStatus.BAD_REQUEST)
        if self.steps == ("gql", "auth", "login"):
            with self.server.lock:
                token = self.pool.token(form, self.traps)
            if token is None:
                return self.json({"message": "Bad credentials"}, HTTPStatus.UNAUTHORIZED)
            # The traps befall the queries: who cannot log in sees none of them.
            self.traps = frozenset()
            return self.json({"access_token": token})
        if self.steps != ("gql", "graphql"):
            return self.raw(HTTPStatus.NOT_FOUND, b"not here", "text/plain")
        self._query(form, body)

    def _query(self, form: Any, body: bytes) -> None:
        bearer = self.headers.get("Authorization")
        with self.server.lock:
            if not self.pool.admits(bearer, self.traps):
                return self.json({"message": "Unauthorized"}, HTTPStatus.UNAUTHORIZED)
            try:
                if "errors" in self.traps:
                    raise QueryError("Exception while fetching data (/findAllMetadata): timeout")
                if "echo" in self.traps:
                    raise QueryError(f"bad header {bearer} in\n{body.decode()}")
                query = form.get("query") if isinstance(form, dict) else None
                found = self.pool.page(str(query), self.traps)
            except QueryError as error:
                # Half an answer beside the error, as GraphQL allows.
                data: Any = {"findAllMetadata": []}
                return self.json({"errors": [{"message": str(error)}], "data": data})
        self.json({"data": {"findAllMetadata": None if "null" in self.traps else found}})


def main(given: Sequence[str] | None = None) -> None:
    """Serve until told to stop."""
    parser = arguments("A stand-in for SODIX.")
    parser.add_argument("--login", default="", metavar="NAME=PASSWORD", help="default: anybody")
    parser.add_argument("--token-life", type=int, metavar="QUERIES")
    options = parser.parse_args(given)
    try:
        documents = load(options.data, "findAllMetadata")
    except DataError as error:
        parser.exit(2, f"{error}\n")
    Handler.pool = Pool(documents, options.login, options.token_life)
    serve(options, Handler, "/gql")


if __name__ == "__main__":
    main()
