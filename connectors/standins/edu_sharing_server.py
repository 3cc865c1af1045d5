"""A stand-in for an edu-sharing repository: its REST search and its OAI-PMH provider in LOM.

    python -m connectors.standins.edu_sharing_server --data FILE [--port 0] [--user NAME=PASSWORD]

The first line on standard output is the base address, `http://127.0.0.1:PORT/edu-sharing`. A POST
to `/rest/search/v1/queries/-home-/<metadata set>/ngsearch` with `{"criteria": [{"property": …,
"values": […]}]}` takes `maxItems` and `skipCount` in the address and gives `{"nodes": […],
"pagination": {"total": …, "from": …, "count": …}}`; `ngsearchword` looks for words in titles,
descriptions and keywords, every other property for its value. `/eduservlet/oai/provider` gives
the same nodes as LOM, with `--page-size` records a page. `--data` is a JSON file with a list of
nodes, or an answer of the search. With `--user`, guests see nothing.

Traps in the address, beside those of `serving`: vanish (a node is removed after the first page) ·
tied (nodes created at once change places, so pages overlap) · capped (at most two nodes a page,
whatever is asked for) · repeat (the first page for ever, of ever more nodes) · bare (no nodes in
the answer) · refused (status 403) · nameless (a node without id at the end).
"""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from xml.sax.saxutils import escape

from connectors.standins.serving import DataError, JsonHandler, arguments, load, serve

STAMP = "2024-05-01T12:00:00Z"
LOM = "http://ltsc.ieee.org/xsd/LOM"
Node = dict[str, Any]


class Repository:
    """The nodes in the order of their creation."""

    def __init__(self, nodes: Sequence[Node], user: str = "", page_size: int = 100) -> None:
        self._nodes = list(nodes)
        self._lists: dict[str, list[Node]] = {}
        self._random = random.Random(1)
        self._user = user
        self.page_size = page_size

    def admits(self, header: str | None) -> bool:
        """Whether who asks may see the nodes."""
        if not self._user:
            return True
        expected = base64.b64encode(self._user.encode()).decode()
        return header == f"Basic {expected}"

    def search(
        self, form: Any, query: Mapping[str, str], traps: frozenset[str]
    ) -> dict[str, Any] | None:
        """The answer to a search, None for a request that cannot be understood."""
        size, start = query.get("maxItems", "10"), query.get("skipCount", "0")
        criteria = form.get("criteria") if isinstance(form, dict) else None
        if not (size.isdecimal() and start.isdecimal() and isinstance(criteria, list)):
            return None
        nodes = self._lists.setdefault("+".join(sorted(traps)), list(self._nodes))
        count, first = min(int(size), 500), int(start)
        if "capped" in traps:
            count = min(count, 2)
        if "tied" in traps and self._random.random() < 0.2:
            self._random.shuffle(nodes)
        found = [node for node in nodes if all(_matches(node, one) for one in criteria)]
        if "nameless" in traps:
            found.append({"title": "Ohne Kennung", "properties": {}})
        total = len(found)
        if "repeat" in traps:
            first, total = 0, first + 10 * count
        page = found[first : first + count]
        if "vanish" in traps and first == 0 and len(nodes) == len(self._nodes):
            nodes.pop(0)
        pagination = {"total": total, "from": first, "count": len(page)}
        return {"nodes": page, "pagination": pagination, "facets": []}

    def oai(self, query: Mapping[str, str], address: str) -> str:
        """The answer to an OAI-PMH request."""
        verb = query.get("verb", "")
        try:
            inner = f"<{verb}>{self._verb(verb, query, address)}</{verb}>"
        except ProtocolError as error:
            inner = f'<error code="{error.args[0]}"/>'
        return (
            '<?xml version="1.0" encoding="UTF-8"?>'
            '<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">'
            f"<responseDate>{STAMP}</responseDate><request>{escape(address)}</request>"
            f"{inner}</OAI-PMH>"
        )

    def _verb(self, verb: str, query: Mapping[str, str], address: str) -> str:
        if verb == "Identify":
            return (
                f"<repositoryName>edu-sharing</repositoryName><baseURL>{escape(address)}</baseURL>"
                "<protocolVersion>2.0</protocolVersion><adminEmail>oai@example.org</adminEmail>"
                f"<earliestDatestamp>{STAMP}</earliestDatestamp><deletedRecord>no</deletedRecord>"
                "<granularity>YYYY-MM-DDThh:mm:ssZ</granularity>"
            )
        if verb == "ListMetadataFormats":
            return (
                "<metadataFormat><metadataPrefix>lom</metadataPrefix>"
                f"<schema>{LOM}/lom.xsd</schema><metadataNamespace>{LOM}</metadataNamespace>"
                "</metadataFormat>"
            )
        if verb != "ListRecords":
            raise ProtocolError("badVerb")
        token = query.get("resumptionToken", "")
        if not token and query.get("metadataPrefix") != "lom":
            raise ProtocolError("cannotDisseminateFormat")
        if token and not token.isdecimal():
            raise ProtocolError("badResumptionToken")
        start = int(token or 0)
        page = self._nodes[start : start + self.page_size]
        if not page:
            raise ProtocolError("badResumptionToken" if token else "noRecordsMatch")
        after = start + len(page)
        further = str(after) if after < len(self._nodes) else ""
        size = f'completeListSize="{len(self._nodes)}" cursor="{start}"'
        records = "".join(_record(node) for node in page)
        return f"{records}<resumptionToken {size}>{further}</resumptionToken>"


class ProtocolError(Exception):
    """An error of OAI-PMH, by its code."""


def _values(node: Node, name: str) -> list[str]:
    value = (node.get("properties") or {}).get(name) or []
    return [str(part) for part in (value if isinstance(value, list) else [value])]


def _matches(node: Node, criterion: Any) -> bool:
    if not isinstance(criterion, dict):
        return False
    name, wanted = criterion.get("property"), [str(one) for one in criterion.get("values") or []]
    if name != "ngsearchword":
        return any(one in _values(node, str(name)) for one in wanted)
    words = [word for one in wanted for word in one.casefold().split() if word != "*"]
    if not words:
        return True
    places = ("cclom:title", "cclom:general_description", "cclom:general_keyword")
    text = " ".join(part for place in places for part in _values(node, place)).casefold()
    return all(word in text for word in words)


def _record(node: Node) -> str:
    """A record with the node as LOM, as edu-sharing writes it: vCards, EAF, preview as relation."""

    def strings(path: str, name: str, opened: str = "<string language='de'>") -> str:
        return "".join(
            f"<{path}>{opened}{escape(text)}</string></{path}>" for text in _values(node, name)
        )

    def plain(tag: str, *names: str) -> str:
        return "".join(
            f"<{tag}>{escape(text)}</{tag}>" for name in names for text in _values(node, name)
        )

    def terms(tag: str, name: str) -> str:
        return "".join(
            f"<{tag}><source>OEH</source><value>{escape(text)}</value></{tag}>"
            for text in _values(node, name)
        )

    def people(role: str, name: str) -> str:
        return "".join(
            f"<contribute><role><value>{role}</value></role>"
            f"<entity>{escape(card)}</entity></contribute>"
            for card in _values(node, name)
        )

    key = escape(str((node.get("ref") or {}).get("id", "")))
    preview = escape(str((node.get("preview") or {}).get("url") or ""))
    taxa = "".join(
        "<taxonPath><source><string language='x-t-eaf'>EAF Thesaurus</string></source>"
        f"<taxon><id>{escape(code.rpartition('/')[2])}</id></taxon></taxonPath>"
        for code in _values(node, "ccm:taxonid")
    )
    relation = (
        "<relation><kind><value>hasthumbnail</value></kind><resource><description>"
        f"<string>{preview}</string></description></resource></relation>"
    )
    return (
        f"<record><header><identifier>{key}</identifier><datestamp>{STAMP}</datestamp></header>"
        f'<metadata><lom xmlns="{LOM}"><general>'
        f"<identifier><catalog>edu-sharing</catalog><entry>{key}</entry></identifier>"
        f"{strings('title', 'cclom:title')}{plain('language', 'cclom:general_language')}"
        f"{strings('description', 'cclom:general_description')}"
        f"{strings('keyword', 'cclom:general_keyword')}</general><lifeCycle>"
        f"{people('Author', 'ccm:lifecyclecontributer_author')}"
        f"{people('Publisher', 'ccm:lifecyclecontributer_publisher')}</lifeCycle>"
        f"<technical>{plain('location', 'ccm:wwwurl')}</technical><educational>"
        f"{terms('learningResourceType', 'ccm:educationallearningresourcetype')}"
        f"{terms('context', 'ccm:educationalcontext')}</educational>"
        f"<rights>{strings('description', 'ccm:commonlicense_key', '<string>')}</rights>"
        f"{relation if preview else ''}<classification><purpose><value>discipline</value>"
        f"</purpose>{taxa}</classification></lom></metadata></record>"
    )


class Handler(JsonHandler):
    """HTTP around the repository."""

    repository: Repository

    def do_POST(self) -> None:
        body = self.body()
        if not self.begin():
            return
        path = ("edu-sharing", "rest", "search", "v1", "queries", "-home-")
        if self.steps[:6] != path or len(self.steps) != 8 or self.steps[7] != "ngsearch":
            return self.raw(HTTPStatus.NOT_FOUND, b"not here", "text/plain")
        if "refused" in self.traps:
            return self._problem(HTTPStatus.FORBIDDEN, "DAOSecurityException")
        if not self.repository.admits(self.headers.get("Authorization")):
            return self._problem(HTTPStatus.UNAUTHORIZED, "DAOSecurityException")
        try:
            form = json.loads(body)
        except ValueError:
            form = None
        with self.server.lock:
            found = self.repository.search(form, self._query(), self.traps)
        if found is None:
            return self._problem(HTTPStatus.BAD_REQUEST, "DAOValidationException")
        self.json({"pagination": found["pagination"]} if "bare" in self.traps else found)

    def do_GET(self) -> None:
        if not self.begin():
            return
        if self.steps != ("edu-sharing", "eduservlet", "oai", "provider"):
            return self.raw(HTTPStatus.NOT_FOUND, b"not here", "text/plain")
        address = f"http://{self.headers['Host']}/edu-sharing/eduservlet/oai/provider"
        answer = self.repository.oai(self._query(), address).encode()
        if "cut" in self.traps:
            answer = answer[: len(answer) * 2 // 3]
        self.raw(HTTPStatus.OK, answer, "text/xml; charset=utf-8")

    def _query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))

    def _problem(self, status: int, name: str) -> None:
        self.json({"error": f"org.edu_sharing.restservices.{name}", "message": name}, status)


def main(given: Sequence[str] | None = None) -> None:
    """Serve until told to stop."""
    parser = arguments("A stand-in for an edu-sharing repository.")
    parser.add_argument("--user", default="", metavar="NAME=PASSWORD", help="default: guests")
    parser.add_argument("--page-size", type=int, default=100, help="of OAI-PMH")
    options = parser.parse_args(given)
    try:
        nodes = load(options.data, "nodes")
    except DataError as error:
        parser.exit(2, f"{error}\n")
    user = options.user.replace("=", ":", 1)
    Handler.repository = Repository(nodes, user, options.page_size)
    serve(options, Handler, "/edu-sharing")


if __name__ == "__main__":
    main()
