"""What the stand-in ARIX server has in stock, and how it answers each statement."""

from __future__ import annotations

import hashlib
import re
import secrets
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from html import escape
from pathlib import Path

from lxml import etree

from connectors import xml
from connectors.errors import ConnectorError

LINK_LIFE = 30 * 60
TYPES = {
    "10": "Diareihe",
    "12": "Arbeitstransparentreihe",
    "19": "Bild (online)",
    "29": "Audio (online)",
    "42": "Videokassette (VHS)",
    "46": "DVD-Video",
    "49": "Video (online)",
    "55": "Medienpaket (online)",
    "58": "Internet-Seite",
    "69": "Programm (online)",
    "79": "Dokument (online)",
}
TITLE_FIELDS = ("titel", "utitel", "sertitel", "serutitel", "orgtitel", "paratitel")
TEXT_FIELDS = (*TITLE_FIELDS, "text", "langtext", "schlag", "personen", "einzeltitel")


class DataError(Exception):
    """The data cannot be served; the message says which file and why."""


@dataclass(frozen=True, slots=True)
class Item:
    """A record as it is served."""

    identifier: str
    contexts: frozenset[str]
    fields: Mapping[str, str]
    size: str

    def licensed(self, contexts: Iterable[str]) -> bool:
        return not self.contexts.isdisjoint(contexts)

    def expired(self) -> bool:
        """Whether a date in `licence` has passed; anything else there is a publisher's tag."""
        try:
            return date.fromisoformat(self.fields.get("licence", "")) < date.today()
        except ValueError:
            return False


def load(paths: Sequence[Path], contexts: frozenset[str]) -> dict[str, Item]:
    """Read the records of files and folders, by identifier in upper case."""
    items: dict[str, Item] = {}
    files = [
        file for path in paths for file in (sorted(path.glob("*.xml")) if path.is_dir() else [path])
    ]
    for file in files:
        try:
            root = xml.parse(file.read_bytes()).root
        except (OSError, ConnectorError) as error:
            raise DataError(f"{file}: {error}") from error
        for element in [root] if root.tag == "record" else root.iterfind("r"):
            item = _item(element, contexts)
            if not item.identifier or item.identifier.upper() in items:
                raise DataError(f"{file}: identifier {item.identifier!r} is missing or comes twice")
            items[item.identifier.upper()] = item
    return items


def _item(element: etree._Element, contexts: frozenset[str]) -> Item:
    fields = {f.get("n", ""): f.text or "" for f in element.iterfind("f")}
    own = frozenset(contexts_of(element.get("contexts", "")))
    return Item(
        identifier=element.get("identifier") or fields.get("identifier", ""),
        contexts=own or contexts,
        fields=fields,
        size=element.get("size", "200 MByte"),
    )


def contexts_of(text: str) -> Iterator[str]:
    return (part.strip(" /").upper() for part in text.split(",") if part.strip(" /"))


def reach(text: str) -> frozenset[str]:
    """The licence areas that a context lies in: `NRW/BOR/160001` lies in itself, BOR and NRW."""
    areas: set[str] = set()
    for context in contexts_of(text):
        steps = context.split("/")
        areas.update("/".join(steps[: depth + 1]) for depth in range(len(steps)))
    return frozenset(areas)


@dataclass
class Stock:
    """The records and what is open between two statements; used by many threads."""

    items: dict[str, Item]
    password: str | None = None
    clients: Mapping[str, str] = field(default_factory=dict)
    users: Mapping[str, str] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    notches: dict[str, tuple[str, Item]] = field(default_factory=dict)
    uuids: dict[str, str] = field(default_factory=dict)
    """uuid to the name of its client; a name that starts with `?` is not confirmed yet."""
    uses: dict[str, int] = field(default_factory=dict)
    temporary: dict[str, str] = field(default_factory=dict)
    links: dict[str, tuple[float, Item]] = field(default_factory=dict)

    def answer(
        self, statement: etree._Element, context: str, traps: frozenset[str], caller: Caller
    ) -> str:
        """The body that answers a statement."""
        areas = reach(context)
        if not areas:
            return error("No context")
        verb = statement.tag
        if verb == "getpassphrase":
            return self._getpassphrase(statement, caller)
        user = statement.get("user", "")
        if self.clients and not self._admits(user, "expired" in traps):
            return error("Not authorised")
        if verb == "search":
            return self._search(statement, areas, traps)
        if verb == "harvest":
            return self._harvest(statement, areas)
        if verb == "record":
            return self._record(statement, areas, traps)
        if verb == "notch":
            return self._notch(statement, areas)
        if verb == "link":
            return self._link(statement, user, caller)
        if verb == "login":
            return self._login(statement)
        if verb == "taxonomy":
            return self._taxonomy(statement.get("type", ""), areas)
        if verb == "logo":
            return "<p class='logo'>Ein Angebot Ihres Medienzentrums (Demonstration)</p>"
        return error("Unknown statement")

    def _visible(self, areas: frozenset[str]) -> list[Item]:
        return [item for item in self.items.values() if item.licensed(areas)]

    def _find(self, statement: etree._Element, areas: frozenset[str]) -> Item | None:
        item = self.items.get(statement.get("identifier", "").upper())
        return item if item and item.licensed(areas) else None

    def _search(
        self, statement: etree._Element, areas: frozenset[str], traps: frozenset[str]
    ) -> str:
        wanted = [name.strip() for name in statement.get("fields", "text,titel").split(",")]
        found = [item for item in self._visible(areas) if _matches(item, statement)]
        start, end = _limit(statement.get("limit", ""), len(found))
        if "repeat" in traps:
            start, end = 0, end - start
        page = [] if "empty" in traps else found[start:end]
        more = (end < len(found) and "stop" not in traps) or bool(traps & {"repeat", "empty"})
        names = None if "*" in wanted else wanted
        return _result(page, names, f'resume="{int(more)}"')

    def _harvest(self, statement: etree._Element, areas: frozenset[str]) -> str:
        items = self._visible(areas)
        start = number(statement.get("start", "0"))
        end = start + number(statement.get("count", "100"))
        return _result(items[start:end], None, 'more="more"' if end < len(items) else "")

    def _record(
        self, statement: etree._Element, areas: frozenset[str], traps: frozenset[str]
    ) -> str:
        item = self._find(statement, areas)
        if not item:
            return error("No such record")
        if statement.get("template", "").startswith("edmond"):
            return f"<html><body><h1>{escape(item.fields.get('titel', ''))}</h1></body></html>"
        shown = item.identifier
        fields = {**item.fields, "identifier": shown.swapcase() if "case" in traps else shown}
        return f"<record>{_fields(fields, None)}</record>"

    def _notch(self, statement: etree._Element, areas: frozenset[str]) -> str:
        item = self._find(statement, areas)
        if not item or item.expired():
            return error("No valid licence")
        with self.lock:
            key, challenge = secrets.token_hex(8), secrets.token_hex(16)
            self.notches[key] = challenge, item
        return f'<notch id="{key}">{challenge}</notch>'

    def _link(self, statement: etree._Element, user: str, caller: Caller) -> str:
        with self.lock:
            challenge, item = self.notches.pop(statement.get("id", ""), ("", None))
        if item is None:
            return error("Unknown notch")
        password = self.password
        if user:
            password = self.clients[self.uuids[user]]
        elif statement.get("tmpuser"):
            password = self.temporary.get(statement.get("tmpuser", ""), secrets.token_hex())
        if password is not None and statement.text != _md5(f"{challenge}:{password}"):
            return error(f"Wrong passphrase for {caller.address}")
        token = secrets.token_hex(16)
        with self.lock:
            self.links[token] = time.monotonic() + LINK_LIFE, item
        base = f"{caller.base}/media/{token}/{escape(item.identifier)}"
        return (
            f'<link size="{escape(item.size)}"><a href="{base}/index.html">direct</a>'
            f'<a href="{base}-download/{escape(item.identifier)}.zip">download</a></link>'
        )

    def _login(self, statement: etree._Element) -> str:
        password = self.users.get(statement.get("user_id", ""))
        if password is None or statement.get("password", "") != _md5(password):
            return '<login allow="no"></login>'
        user, word = secrets.token_hex(6), secrets.token_hex(12)
        self.temporary[user] = word
        return f'<login allow="yes" tmpuser="{user}">{word}</login>'

    def _getpassphrase(self, statement: etree._Element, caller: Caller) -> str:
        name, uuid = statement.get("client"), statement.get("uuid", "")
        with self.lock:
            if name is not None:
                uuid = secrets.token_hex(16)
                self.uuids[uuid] = f"?{name}"
                return f"<uuid>{uuid}</uuid>"
            name = self.uuids.pop(uuid, "?").removeprefix("?")
            secret = self.clients.get(name)
            if secret is None or statement.text != _md5(f"{uuid}:{secret}"):
                return error(f"Wrong passphrase for {caller.address}")
            self.uuids[uuid] = name
        return "<ok>ok</ok>"

    def _admits(self, uuid: str, short_lived: bool) -> bool:
        with self.lock:
            self.uses[uuid] = self.uses.get(uuid, 0) + 1
            if short_lived and self.uses[uuid] > 3:
                self.uuids.pop(uuid, None)
            return self.uuids.get(uuid, "?") in self.clients

    def _taxonomy(self, kind: str, areas: frozenset[str]) -> str:
        if kind == "typen":
            pairs = TYPES
        else:
            name = {"eafgebiete": "geb", "schlag": "schlag", "sprache": "sprache"}.get(kind)
            if not name:
                return error("Unknown taxonomy")
            values = (re.split("[,;]", i.fields.get(name, "")) for i in self._visible(areas))
            pairs = {value.strip(): value.strip() for group in values for value in group}
        rows = "".join(
            f"<t><key>{escape(key)}</key><value>{escape(value)}</value></t>"
            for key, value in sorted(pairs.items())
            if key
        )
        return f"<result>{rows}</result>"


@dataclass(frozen=True, slots=True)
class Caller:
    address: str
    base: str


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def error(text: str) -> str:
    return f"<error>{escape(text)}</error>"


def number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else 0


def _limit(text: str, total: int) -> tuple[int, int]:
    """`100` is the first hundred, `100,200` is from the 100th to the 200th."""
    first, comma, second = text.partition(",")
    if comma:
        return min(number(first), total), min(number(second), total)
    return 0, min(number(first), total) if first else total


def _matches(item: Item, statement: etree._Element) -> bool:
    eaf = statement.get("eaf", "")
    if eaf and not any(code.strip().startswith(eaf) for code in _split(item, "geb")):
        return False
    return all(_meets(item, condition) for condition in statement.iterfind("condition"))


def _split(item: Item, name: str) -> list[str]:
    return re.split("[,;]", item.fields.get(name, ""))


def _meets(item: Item, condition: etree._Element) -> bool:
    name = condition.get("field", "text_fields")
    names = {"titel_fields": TITLE_FIELDS, "text_fields": TEXT_FIELDS}.get(name, (name,))
    text = " ".join(item.fields.get(name, "") for name in names).casefold()
    words = re.findall(r"\w+", text)
    option = condition.get("option", "")

    def holds(word: str) -> bool:
        if option == "WORD":
            return word in words
        if option == "BEGIN":
            return any(other.startswith(word) for other in words)
        return word in text

    wanted = (condition.text or "").casefold().split()
    return (any if condition.get("operator") == "OR" else all)(map(holds, wanted))


def _fields(fields: Mapping[str, str], names: Iterable[str] | None) -> str:
    return "".join(
        f'<f n="{escape(name)}">{escape(fields[name], quote=False)}</f>'
        for name in (fields if names is None else names)
        if name in fields
    )


def _result(items: Iterable[Item], names: Iterable[str] | None, attributes: str) -> str:
    rows = "".join(
        f'<r identifier="{escape(item.identifier)}">{_fields(item.fields, names)}</r>\n'
        for item in items
    )
    return f"<result {attributes}>\n{rows}</result>"
