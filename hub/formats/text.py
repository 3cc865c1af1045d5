"""Harvested text made plain: no markup, no broken encodings, no dangerous links.

Every format passes what people wrote through here. Text that is plain already, which is nearly
all of it, costs one search.
"""

from __future__ import annotations

import html
import re
from urllib.parse import urljoin, urlsplit

import ftfy
import nh3

# What needs a second look: markup, entities, blanks other than a single one, controls,
# invisible characters, and letters that only stand there because of a wrong encoding.
_SUSPECT = re.compile(
    "[<&~\x00-\x1f\x7f-\xa0\xad\u200b\u200e\u200f\u2028-\u202f\u2060-\u2069\ufeff\ufffe\uffff"
    "\ud800-\udfff]|  "
    "|[\xc2-\xf4][\xa1-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]"
)
_MISREAD = re.compile("[\x80-\x9f]|[\xc2-\xf4][\xa0-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]")
_LOST_QUOTE = re.compile("(?<!\\w)ä(?=\\w)([^ä\x93]{1,200})\x93")
_BROKEN_BREAK = re.compile(r"~\s*/?\s*(?:br|p)\s*/?\s*(?:>|&gt;)", re.IGNORECASE)
_TAG = re.compile(r"</?[a-z][a-z0-9]*(?:\s[^<>]*)?/?>|<!--", re.IGNORECASE)
_BLOCK = re.compile(
    r"(?=</?(?:br|p|div|li|ul|ol|tr|table|h[1-6]|blockquote|section|article|hr)\b)", re.IGNORECASE
)
_ENTITY = re.compile(r"&(?:#\d|#x[0-9a-f]|[a-z])", re.IGNORECASE)
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufffe\uffff"
    "\ud800-\udfff]"
)
_BLANKS = re.compile(r"[^\S\n]+")
_LINES = re.compile(r" ?\n ?")
_PARAGRAPHS = re.compile(r"\n{3,}")
_LINE_ENDS = re.compile("\r\n?|[\u2028\u2029]")


def plain(text: str | None) -> str:
    """Plain text with line breaks, from text that may hold HTML, entities or misread characters.

    Tags go and what they enclose stays, except scripts and styles; blocks become lines. Text that
    was escaped twice is unescaped twice.
    """
    if not text:
        return ""
    if not _SUSPECT.search(text):
        return text.strip()
    text = read_again(text)
    text = _BROKEN_BREAK.sub("\n", text)
    for _ in range(2):
        if _TAG.search(text):
            text = nh3.clean(_BLOCK.sub("\n", text), tags=set())
        if not _ENTITY.search(text):
            break
        text = html.unescape(text)
    text = _INVISIBLE.sub("", _LINE_ENDS.sub("\n", text))
    text = _LINES.sub("\n", _BLANKS.sub(" ", text))
    return _PARAGRAPHS.sub("\n\n", text).strip()


def line(text: str | None) -> str:
    """As `plain`, in one line: for titles, names and keywords."""
    return " ".join(plain(text).split())


def read_again(text: str) -> str:
    """Undo an encoding that was applied twice (`Ã¼`) or read as another one (U+0096 for a dash).

    Text that is right as it stands comes back unchanged.
    """
    if not _MISREAD.search(text):
        return text
    if "\x93" in text and "\x84" not in text and "„" not in text:
        # ARIX: of a Windows pair „…“ the opening one went through a DOS table and became ä.
        text = _LOST_QUOTE.sub("„\\1“", text)
    return ftfy.fix_encoding(text)


_SESSION_NAMES = frozenset({"phpsessid", "jsessionid", "sessionid", "session_id"})
_PERHAPS_SESSION = frozenset({"pid", "sid"})
"""Names of sessions and of harmless things, which their values tell apart."""
_SESSION_VALUE = re.compile(r"[0-9A-Za-z,-]{20,}")
_SESSION_PATH = re.compile(r";jsessionid=[^/?#;]*", re.IGNORECASE)
_BAD_CHARACTERS = re.compile('[\x00-\x20\x7f"<>\\\\^`{|}\u2028\u2029]')


def link(text: str | None, base: str = "") -> str:
    """An http or https address, resolved against `base`, or "" when it is none.

    Names and passwords make it none; session ids are cut out, everything else stays as it was.
    """
    address = (text or "").strip()
    if base and address:
        try:
            address = urljoin(base, address)
        except ValueError:
            return ""
    if not address or len(address) > 2000 or _BAD_CHARACTERS.search(address):
        return ""
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc:
        return ""
    return without_session(address)


def without_session(address: str) -> str:
    """The address without session ids: who follows them would land in somebody's session.

    All else stays to the letter.
    """
    rest, hash_, fragment = address.partition("#")
    path, _, query = rest.partition("?")
    kept = [part for part in query.split("&") if not is_session(*part.partition("=")[::2])]
    if len(kept) <= query.count("&"):
        rest = f"{path}?{'&'.join(kept)}" if kept else path
    return _SESSION_PATH.sub("", rest) + hash_ + fragment


def is_session(name: str, value: str) -> bool:
    """Whether a parameter of an address names a visitor's session."""
    name = name.lower()
    return name in _SESSION_NAMES or (
        name in _PERHAPS_SESSION and _SESSION_VALUE.fullmatch(value) is not None
    )
