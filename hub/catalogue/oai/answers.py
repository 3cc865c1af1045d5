"""Answers of the repository, as the protocol's schema has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from urllib.parse import urlsplit
from xml.sax.saxutils import escape, quoteattr

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from hub.catalogue import vocabulary
from hub.catalogue.oai import documents, listing, protocol, tokens
from hub.catalogue.oai.documents import FORMATS, Renderer
from hub.catalogue.oai.listing import Row, Window
from hub.catalogue.oai.moments import settled, stamp
from hub.catalogue.oai.protocol import Code, Problem, Request
from hub.catalogue.oai.tokens import Token
from hub.db import Database
from hub.models import Site
from hub.records import Kind

PAGE = 500
"""Records of a page."""
NETWORK = "Medienzentren in Nordrhein-Westfalen"

_KINDS = frozenset(kind.value for kind in Kind)
_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    ' xsi:schemaLocation="http://www.openarchives.org/OAI/2.0/'
    ' http://www.openarchives.org/OAI/2.0/OAI-PMH.xsd">\n<responseDate>'
)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer; `tag` stays the same as long as it differs only in its `responseDate`."""

    body: bytes
    tag: str


class Repository:
    """The catalogue of the network, or of one site, under an address of its own."""

    def __init__(
        self,
        db: Database,
        base_url: str,
        admin_email: str,
        *,
        site: str = "",
        name: str = NETWORK,
        page: int = PAGE,
    ) -> None:
        self.site = site
        self.name = name
        self.address = f"{base_url}/oai/{site}" if site else f"{base_url}/oai"
        self.page = page
        self._db = db
        self._admin_email = admin_email
        # An item has the same name in every repository of this hub.
        self._namespace = f"oai:{urlsplit(base_url).hostname}:"
        self._renderers = {prefix: Renderer(form, base_url) for prefix, form in FORMATS.items()}

    def answer(self, arguments: Iterable[tuple[str, str]]) -> Answer:
        """The answer to these arguments as they came; errors of the protocol are answers too."""
        with self._db.read() as session:
            date = stamp(settled(session))
        shown: Mapping[str, str] = {}
        try:
            request = protocol.read(arguments)
            shown = request.arguments
            content = _VERBS[request.verb](self, request)
        except Problem as problem:
            content = f'<error code="{problem.code}">{escape(str(problem))}</error>'
        attributes = "".join(f" {name}={quoteattr(text)}" for name, text in shown.items())
        begin = f"{_HEAD}{date}"
        body = (
            f"{begin}</responseDate>\n<request{attributes}>{escape(self.address)}</request>\n"
            f"{content}\n</OAI-PMH>\n"
        ).encode()
        rest = memoryview(body)[len(begin) :]  # both are ASCII up to there
        return Answer(body, blake2b(rest, digest_size=16).hexdigest())

    def _identify(self, _request: Request) -> str:
        with self._db.read() as session:
            earliest = listing.earliest(session, self.site) or settled(session)
        return (
            f"<Identify><repositoryName>{escape(self.name)}</repositoryName>"
            f"<baseURL>{escape(self.address)}</baseURL>"
            "<protocolVersion>2.0</protocolVersion>"
            f"<adminEmail>{escape(self._admin_email)}</adminEmail>"
            f"<earliestDatestamp>{stamp(earliest)}</earliestDatestamp>"
            "<deletedRecord>persistent</deletedRecord>"
            "<granularity>YYYY-MM-DDThh:mm:ssZ</granularity>"
            "<compression>gzip</compression></Identify>"
        )

    def _list_formats(self, request: Request) -> str:
        if identifier := request.get("identifier"):
            with self._db.read() as session:
                row = self._item(session, identifier, "")
            if row.withdrawn_at is not None:
                raise Problem(Code.NO_FORMATS, "The item was withdrawn.")
        formats = "".join(
            f"<metadataFormat><metadataPrefix>{form.prefix}</metadataPrefix>"
            f"<schema>{form.schema}</schema>"
            f"<metadataNamespace>{form.namespace}</metadataNamespace></metadataFormat>"
            for form in FORMATS.values()
        )
        return f"<ListMetadataFormats>{formats}</ListMetadataFormats>"

    def _list_sets(self, request: Request) -> str:
        if "resumptionToken" in request.arguments:
            raise Problem(Code.BAD_TOKEN, "The list of sets has one page.")
        query = sa.select(Site.key, Site.name).order_by(Site.position)
        if self.site:
            query = query.where(Site.key == self.site)
        with self._db.read() as session:
            sites = session.execute(query).all()
        if not sites:
            raise Problem(Code.NO_SETS, "There are no sites yet.")
        sets = {f"site:{key}": name for key, name in sites}
        sets |= {f"kind:{kind}": vocabulary.label("kind", kind) for kind in Kind}
        rows = "".join(
            f"<set><setSpec>{spec}</setSpec><setName>{escape(name)}</setName></set>"
            for spec, name in sets.items()
        )
        return f"<ListSets>{rows}</ListSets>"

    def _get_record(self, request: Request) -> str:
        prefix = self._format(request.get("metadataPrefix"))
        with self._db.read() as session:
            rows = [self._item(session, request.get("identifier"), prefix)]
            made = self._made(session, prefix, rows)
        self._keep(prefix, made)
        return f"<GetRecord>{self._records(prefix, rows, made)}</GetRecord>"

    def _list(self, request: Request) -> str:
        """ListRecords and ListIdentifiers."""
        token = self._begin(request)
        window = self._window(token)
        prefix = token.prefix if token.verb == "ListRecords" else ""
        with self._db.read() as session:
            rows = listing.page(session, window, (token.moment, token.id), self.page + 1, prefix)
            if not rows and token.given:
                # All that was left has changed since and lies behind the range. A page must not
                # be empty, and this list has ended well.
                rows = listing.last(session, window, prefix)
            if not rows:
                raise Problem(Code.NOTHING, "Nothing has changed in this range of this set.")
            more = len(rows) > self.page
            rows = rows[: self.page]
            # What changes during a harvest comes once more at its end.
            total = max(token.total, token.given + len(rows))
            if not token.given:
                total = listing.count(session, window) if more else len(rows)
            made = self._made(session, prefix, rows) if prefix else {}
        self._keep(prefix, made)
        content = self._records(prefix, rows, made) if prefix else self._headers(rows)
        if more or token.given:
            content += _resumption(token, rows[-1] if more else None, len(rows), total)
        return f"<{token.verb}>{content}</{token.verb}>"

    def _begin(self, request: Request) -> Token:
        """The token of the request, or one from which the list that it asks for begins."""
        if text := request.get("resumptionToken"):
            token = tokens.read(text, request.verb, self.site)
            if token.prefix not in FORMATS:
                raise Problem(Code.BAD_TOKEN, "This format is no longer given.")
            return token
        prefix = self._format(request.get("metadataPrefix"))
        start = request.start
        return Token(
            request.verb,
            self.site,
            prefix,
            request.get("set"),
            start,
            request.end,
            start,
            0,
            0,
            0,
        )

    def _window(self, token: Token) -> Window:
        """What a list holds; a set that does not exist holds nothing."""
        root, _, name = token.set.partition(":")
        site, kind = self.site, ""
        if root == "site" and name and self.site in ("", name):
            site = name
        elif root == "kind" and name in _KINDS:
            kind = name
        elif token.set:
            raise Problem(Code.NOTHING, "There is no such set.")
        return Window(token.start, token.end, site, kind)

    def _format(self, prefix: str) -> str:
        if prefix not in FORMATS:
            raise Problem(Code.NO_SUCH_FORMAT, f"There are: {', '.join(FORMATS)}.")
        return prefix

    def _item(self, session: Session, identifier: str, prefix: str) -> Row:
        """The offer of this identifier; raises `Problem`."""
        number = identifier.removeprefix(self._namespace)
        if number != identifier and number.isascii() and number.isdecimal() and len(number) < 10:
            row = listing.single(session, int(number), self.site, prefix)
            if row is not None and identifier == f"{self._namespace}{row.id}":
                return row
        raise Problem(Code.NO_SUCH_ITEM, "There is no item of this identifier.")

    def _made(
        self, session: Session, prefix: str, rows: Sequence[Row]
    ) -> dict[int, documents.Rendered]:
        """Documents of those offers for which none is kept, or one that is out of date."""
        renderer = self._renderers[prefix]
        missing = [
            row.id
            for row in rows
            if row.withdrawn_at is None and row.source != renderer.source(row.content_hash)
        ]
        if not missing:
            return {}
        stored = listing.records(session, missing)
        return {one.offer_id: one for one in documents.render(renderer, stored)}

    def _keep(self, prefix: str, made: Mapping[int, documents.Rendered]) -> None:
        if not made:
            return
        try:
            with self._db.write() as session:
                documents.keep(session.connection(), prefix, list(made.values()))
        except OperationalError:
            # Another writer was too slow; the answer is right, only the next one costs the same.
            log.warning("oai.not_kept", prefix=prefix, documents=len(made), exc_info=True)

    def _records(
        self, prefix: str, rows: Sequence[Row], made: Mapping[int, documents.Rendered]
    ) -> str:
        parts: list[str] = []
        for header, row in zip(self._each_header(rows), rows, strict=True):
            if row.withdrawn_at is not None:
                parts += "<record>", header, "</record>\n"
            else:
                xml = made[row.id].xml if row.id in made else row.xml
                parts += "<record>", header, "<metadata>", xml, "</metadata></record>\n"
        return "".join(parts)

    def _headers(self, rows: Sequence[Row]) -> str:
        return "\n".join(self._each_header(rows))

    def _each_header(self, rows: Sequence[Row]) -> list[str]:
        """The headers of offers. Pages repeat the same few datestamps and sets."""
        stamps = {moment: stamp(moment) for moment in {row.changed_at for row in rows}}
        begin = f"<header><identifier>{self._namespace}"
        deleted = f'<header status="deleted"><identifier>{self._namespace}'
        return [
            f"{begin if row.withdrawn_at is None else deleted}{row.id}</identifier>"
            f"<datestamp>{stamps[row.changed_at]}</datestamp>"
            f"<setSpec>site:{row.site_key}</setSpec><setSpec>kind:{row.kind}</setSpec></header>"
            for row in rows
        ]


_VERBS = {
    "Identify": Repository._identify,
    "ListMetadataFormats": Repository._list_formats,
    "ListSets": Repository._list_sets,
    "GetRecord": Repository._get_record,
    "ListIdentifiers": Repository._list,
    "ListRecords": Repository._list,
}


def _resumption(token: Token, last: Row | None, count: int, total: int) -> str:
    """The token behind a page that ends with `last`; empty where the list has ended."""
    text = ""
    if last is not None:
        place = {"moment": last.changed_at, "id": last.id}
        text = tokens.write(replace(token, **place, given=token.given + count, total=total))
    return (
        f'\n<resumptionToken completeListSize="{total}" cursor="{token.given}">'
        f"{text}</resumptionToken>"
    )
