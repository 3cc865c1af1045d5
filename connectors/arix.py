"""ARIX, the interface of the media distribution of the Länder (ANTARES specification 1.4).

Statements in XML are posted as the form field `xmlstatement`; the context, which is the licence
area asked about (`NRW`, `NRW/BOR`, `NRW/D/940005`), is appended to the address or sent as a field.
Records come back as the elements they are (`<r>`, `<record>`); formats read them.
"""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from urllib.parse import quote

from lxml import etree

from connectors import xml
from connectors.errors import Malformed, Refused
from connectors.http import Client, shown

UUID_LIFE = 20 * 60.0
"""Seconds for which a confirmed uuid is used; the real server ends its sessions at about 30."""
TAXONOMIES = frozenset({"eafgebiete", "schlag", "sprache", "typen"})


class NotLicensed(Refused):
    """There is no valid licence for this record in this context."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """How links are opened; the secrets are in no repr.

    With `password` alone, links are signed with the passphrase that belongs to our address.
    With `client`, every statement is signed in the newer way (getpassphrase), `password` being
    that client's secret. With `user_id`, we log in first and get a temporary user.
    """

    password: str = field(repr=False)
    client: str = ""
    user_id: str = ""


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition of a search: `field` may be a pseudo field, `text_fields` or `titel_fields`."""

    field: str
    text: str
    operator: str = ""
    """`AND` or `OR` between the words; empty leaves it to the server."""
    option: str = ""
    """`WORD` for whole words, `BEGIN` for beginnings."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some records, and whether the server says that there are more."""

    records: tuple[etree._Element, ...]
    more: bool


@dataclass(frozen=True, slots=True)
class Notch:
    """The server's word that a record is licensed; `challenge` is answered by `link`."""

    id: str
    challenge: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Link:
    """Addresses that end after minutes, by kind: `direct`, `download`, `addons`, `buy`, `spool`."""

    addresses: Mapping[str, str]
    size: str = ""


class Arix:
    """One ARIX server in one context; may be used by several threads.

    Every method raises `Unreachable`, `Refused`, `Blocked`, `TooLarge` or `Malformed`.
    """

    def __init__(
        self,
        base: str,
        context: str,
        client: Client,
        *,
        credentials: Credentials | None = None,
        context_in_form: bool = False,
    ) -> None:
        self._http = client
        self._credentials = credentials
        self._url = base
        self._form: dict[str, str] = {}
        if context_in_form:
            self._form["context"] = context
        else:
            self._url = f"{base.rstrip('/')}/{quote(context.strip('/'), safe='/,')}"
        self._lock = threading.Lock()
        self._uuid = ("", 0.0)

    def search(
        self,
        conditions: Sequence[Condition] = (),
        *,
        fields: Sequence[str] = ("*",),
        start: int = 0,
        count: int = 100,
        eaf: str = "",
    ) -> Page:
        """Records that meet all conditions, from the `start`-th on, at most `count` of them."""
        # The limit is a range, but some read it as offset and number: both begin at `start`.
        limit = f"{start},{start + count}" if start else str(count)
        statement = _element("search", fields=",".join(fields), limit=limit, eaf=eaf)
        for condition in conditions:
            child = _element(
                "condition",
                field=condition.field,
                operator=condition.operator,
                option=condition.option,
            )
            child.text = _clean(condition.text)
            statement.append(child)
        result = self._ask(statement, "result")
        records = tuple(result.iterfind("r"))
        resume = result.get("resume")
        # Without the flag a full page is taken for "more": an empty one follows at worst.
        return Page(records, len(records) >= count if resume is None else resume == "1")

    def harvest(self, *, start: int = 0, count: int = 100) -> Page:
        """All records of the context with all fields, in the server's order."""
        result = self._ask(_element("harvest", start=str(start), count=str(count)), "result")
        return Page(tuple(result.iterfind("r")), bool(result.get("more")))

    def record(self, identifier: str) -> etree._Element:
        """One record with all its fields; `Refused` when there is none."""
        root = self._ask(_element("record", identifier=identifier, template="plain"), None)
        if root.tag == "result" and len(root) == 1:
            root = root[0]
        if root.find("f") is None:
            raise Malformed(f"{shown(self._url)}: the record {identifier} has no fields")
        return root

    def notch(self, identifier: str) -> Notch:
        """Ask for permission to open a record: the authoritative test of a licence.

        Raises `NotLicensed` where there is none.
        """
        root = self._ask(_element("notch", identifier=identifier), "notch")
        challenge = (root.text or "").strip()
        if not challenge or not root.get("id"):
            raise Malformed(f"{shown(self._url)}: a notch without id or challenge")
        return Notch(root.get("id", ""), challenge)

    def link(self, notch: Notch) -> Link:
        """Turn a notch into addresses that work now; each is for one use and never stored."""
        if self._credentials is None:
            raise Refused("links need a password, and none is set")
        password, attributes = self._credentials.password, {"id": notch.id}
        if self._credentials.user_id and not self._credentials.client:
            attributes["tmpuser"], password = self._login(self._credentials)
        statement = _element("link", **attributes)
        statement.text = _signed(notch.challenge, password)
        root = self._ask(statement, "link", once=True)
        addresses = {
            (a.text or "").strip(): a.get("href", "").strip()
            for a in root.iterfind("a")
            if re.match(r"https?://", a.get("href", "").strip())
        }
        if not addresses:
            raise Malformed(f"{shown(self._url)}: a link without an address")
        return Link(MappingProxyType(addresses), root.get("size", ""))

    def taxonomy(self, kind: str) -> dict[str, str]:
        """Key to label of one of the server's lists, named in `TAXONOMIES`."""
        root = self._ask(_element("taxonomy", type=kind), None)
        pairs = ((t.findtext("key", ""), t.findtext("value", "")) for t in root.iter("t"))
        return {key.strip(): value.strip() for key, value in pairs if key and key.strip()}

    def logo(self) -> str:
        """The operators' logos, which may have to be shown, as HTML that is not to be trusted."""
        content = self._post(self._signed_in(_element("logo")))
        return content.decode("utf-8", "replace")

    def pages(self, *, harvest: bool, start: int = 0, count: int = 100) -> Iterator[Page]:
        """All records of the context, page after page from `start` on, to the verified end.

        Raises `Malformed` when the server repeats a page or says "more" and sends nothing.
        """
        before: list[str | None] = []
        while True:
            if harvest:
                page = self.harvest(start=start, count=count)
            else:
                page = self.search(start=start, count=count)
            names = [record.get("identifier") for record in page.records]
            if page.more and not names:
                raise Malformed(f"{shown(self._url)}: an empty page that promises more, at {start}")
            if names and names == before:
                raise Malformed(f"{shown(self._url)}: the same page again, at {start}")
            yield page
            if not page.more:
                return
            start, before = start + len(names), names

    def identifiers(self, *, count: int = 1000) -> set[str]:
        """The identifiers of all records of the context, in upper case."""
        found: set[str] = set()
        start = 0
        while True:
            page = self.search(fields=("nr",), start=start, count=count)
            names = {record.get("identifier", "").upper() for record in page.records}
            if page.more and names <= found:
                raise Malformed(
                    f"{shown(self._url)}: nothing new, but more is promised, at {start}"
                )
            found |= names
            start += len(page.records)
            if not page.more:
                return found

    def _login(self, credentials: Credentials) -> tuple[str, str]:
        """A temporary user and its password."""
        statement = _element(
            "login", user_id=credentials.user_id, password=_md5(credentials.password)
        )
        root = self._ask(statement, "login", once=True)
        user, word = root.get("tmpuser", ""), (root.text or "").strip()
        if root.get("allow") != "yes" or not user or not word:
            raise Refused(f"{shown(self._url)}: the login was refused, check user and password")
        return user, word

    def _ask(
        self, statement: etree._Element, expected: str | None, *, once: bool = False
    ) -> etree._Element:
        """Post a statement and return its answer; `once` when it must not be said again."""
        root = self._parse(self._post(self._signed_in(statement)))
        if _refusal(root) and self._credentials and self._credentials.client and not once:
            text = _refusal(root)
            if not text.startswith(("No valid licence", "Wrong passphrase")):
                with self._lock:  # the uuid may have ended early: get a new one and ask again
                    self._uuid = ("", 0.0)
                root = self._parse(self._post(self._signed_in(statement)))
        self._refuse(root)
        if expected and root.tag != expected:
            raise Malformed(f"{shown(self._url)}: <{root.tag}> came where <{expected}> belongs")
        return root

    def _post(self, statement: etree._Element) -> bytes:
        text = etree.tostring(statement, encoding="unicode")
        return self._http.post(self._url, data={**self._form, "xmlstatement": text}).content

    def _parse(self, content: bytes) -> etree._Element:
        try:
            root = xml.parse(content).root
        except Malformed as error:
            raise Malformed(f"{shown(self._url)}: {error}") from None
        if str(root.tag).lower() == "html":
            raise Malformed(f"{shown(self._url)}: an HTML page came where ARIX was expected")
        return root

    def _refuse(self, root: etree._Element) -> None:
        """Raise what the server's `<error>` means; it may echo what we sent, so secrets go."""
        text = _refusal(root)
        if not text:
            return
        if text.startswith("No valid licence"):
            raise NotLicensed(f"{shown(self._url)}: no valid licence")
        if text.startswith("Wrong passphrase"):
            told = text.removeprefix("Wrong passphrase").strip().removeprefix("for").strip()
            caller = f" from {told}" if re.fullmatch(r"[0-9a-fA-F.:]{3,45}", told) else ""
            raise Refused(
                f"{shown(self._url)}: wrong passphrase{caller}; it holds for one address of ours"
            )
        if self._credentials and self._credentials.password:
            text = text.replace(self._credentials.password, "***")
        raise Refused(f"{shown(self._url)}: {text}")

    def _signed_in(self, statement: etree._Element) -> etree._Element:
        """The statement with the uuid of the newer way, where that is how we sign in."""
        if self._credentials and self._credentials.client:
            statement.set("user", self._session(self._credentials))
        return statement

    def _session(self, credentials: Credentials) -> str:
        """A confirmed uuid: the one we have, or a new one when that is old."""
        with self._lock:
            uuid, until = self._uuid
            if uuid and time.monotonic() < until:
                return uuid
            root = self._parse(
                self._post(_element("getpassphrase", client=_clean(credentials.client)))
            )
            self._refuse(root)
            uuid = (root.text or root.get("uuid") or "").strip()
            if not uuid:
                raise Malformed(f"{shown(self._url)}: no uuid came for the client")
            statement = _element("getpassphrase", uuid=uuid)
            statement.text = _signed(uuid, credentials.password)
            self._refuse(self._parse(self._post(statement)))
            self._uuid = (uuid, time.monotonic() + UUID_LIFE)
            return uuid


def _element(tag: str, /, **attributes: str) -> etree._Element:
    """A statement; empty attributes are left out."""
    element = etree.Element(tag)
    for name, value in attributes.items():
        if value:
            element.set(name, _clean(value))
    return element


_NO_XML = re.compile("[\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def _clean(text: str) -> str:
    return _NO_XML.sub(" ", text).strip()


def _refusal(root: etree._Element) -> str:
    """The text of the server's error, or ""."""
    error = root if root.tag == "error" else root.find("error")
    if error is None:
        return ""
    return " ".join(str(error.xpath("string()")).split())[:200] or "an error without a text"


def _signed(challenge: str, password: str) -> str:
    return _md5(f"{challenge}:{password}")


def _md5(text: str) -> str:
    """The digest that the protocol demands."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
