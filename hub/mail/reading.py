"""A message that came in (RFC 5322), read without trust: whatever it holds, this ends well.

Who sent it is what it says of itself. Attachments are named, never opened.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.policy import compat32
from email.utils import getaddresses
from hashlib import sha256

from hub.mail import address, plain, quoting
from hub.mail.outbox import one_line, storable

MOST_BYTES = 10_000_000
"""Of a message with all its attachments."""
MOST_TEXT = 200_000
"""Characters that are looked at."""
MOST_PARTS = 200
MOST_DASHES = 5_000
"""Lines that may begin a part; nobody writes so many, and each costs time."""
LONGEST_HEADER = 20_000
MOST_FILES, LONGEST_NAME = 20, 120
LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
TOKEN = 26
"""Letters of a token: 130 bits that nobody guesses."""

_tagged = re.compile(rf"\+([{LETTERS}]{{{TOKEN}}})@", re.IGNORECASE)
_FOR = ("Delivered-To", "X-Original-To", "Envelope-To", "To", "Cc")
_BULK = frozenset({"bulk", "junk", "list", "auto_reply"})
_PROGRAMS = frozenset({"mailer-daemon", "postmaster", "noreply", "no-reply"})


class Unreadable(Exception):
    """This is no message, or one that is too large; the reason is for people."""


@dataclass(frozen=True, slots=True)
class Received:
    """What a message says."""

    key: str
    """The same for the same message, however often it comes."""
    sender: str
    """The address that it gives itself as From; nobody has checked it."""
    tokens: tuple[str, ...]
    """Tokens of the addresses to which it was sent."""
    automatic: bool
    """Written by a program: an absence note, a bounce, a list (RFC 3834)."""
    text: str
    rest: str
    """What it quotes of others, and signs with."""
    files: tuple[str, ...]
    """Names of what is attached."""


def read(raw: bytes) -> Received:
    """Read a message; raises `Unreadable`."""
    if len(raw) > MOST_BYTES:
        raise Unreadable(f"The message is larger than {MOST_BYTES // 1_000_000} MB.")
    if raw.count(b"\n--") > MOST_DASHES:
        raise Unreadable("The message has too many parts.")
    try:
        message = message_from_bytes(raw, policy=compat32)
        parts = [part for part, _ in zip(message.walk(), range(MOST_PARTS), strict=False)]
    except RecursionError:
        raise Unreadable("The message is nested too deeply.") from None
    if not message.keys() or message.get("From") is None:
        raise Unreadable("This is no e-mail: it names no sender.")
    if any(len(str(value)) > LONGEST_HEADER for part in parts for value in part.values()):
        raise Unreadable("A header of the message is too long.")
    written, files = _contents(parts)
    text, rest = quoting.cut(written)
    return Received(
        key=_key(message, raw),
        sender=_sender(message),
        tokens=tuple(dict.fromkeys(_tokens(message))),
        automatic=_automatic(message),
        text=text,
        rest=rest,
        files=tuple(files[:MOST_FILES]),
    )


def _key(message: Message, raw: bytes) -> str:
    """A server that delivers again adds lines of its own above; the Message-ID stays."""
    named = _header(message, "Message-ID")
    return sha256(named.encode() if named else raw).hexdigest()


def _sender(message: Message) -> str:
    try:
        named = getaddresses([_header(message, "From")])
    except (RecursionError, ValueError, IndexError):
        return ""
    for _, typed in named:
        found = address.recipient(typed)
        if found is not None:
            return found
    return ""


def _tokens(message: Message) -> Iterator[str]:
    for name in _FOR:
        for value in message.get_all(name, ()):
            for token in _tagged.findall(str(value)[:10_000]):
                yield token.lower()


def _automatic(message: Message) -> bool:
    said = _header(message, "Auto-Submitted").partition(";")[0].strip().lower()
    path = message.get("Return-Path")
    return (
        said not in ("", "no")
        or _header(message, "Precedence").strip().lower() in _BULK
        or any(name in message for name in ("X-Autoreply", "X-Autorespond", "List-Id"))
        or (path is not None and str(path).strip() in ("<>", ""))
        or message.get_content_type() == "multipart/report"
        or _sender(message).partition("@")[0].lower() in _PROGRAMS
    )


def _contents(parts: list[Message]) -> tuple[str, list[str]]:
    """The text, and the names of the files. Of a text in two forms the plain one counts."""
    texts: dict[str, list[str]] = {"text/plain": [], "text/html": []}
    files = []
    for part in parts:
        if part.is_multipart():
            continue
        kind, name = part.get_content_type(), _name(part)
        attached = part.get_content_disposition() == "attachment" or name
        if kind in texts and not attached:
            texts[kind].append(_text(part))
        elif part.get_content_disposition() != "inline" or attached:
            files.append(name or kind)
    written = "\n".join(texts["text/plain"]).strip()
    if not written:
        written = plain.from_html("\n".join(texts["text/html"]))
    return written, files


def _text(part: Message) -> str:
    """In the charset that it names, or else in one that fits; broken Base64 as far as it goes."""
    try:
        content = part.get_payload(decode=True)
    except (ValueError, LookupError):
        content = None
    data = (
        content if isinstance(content, bytes) else str(part.get_payload()).encode(errors="replace")
    )
    data = data[: 4 * MOST_TEXT]
    for charset in (str(part.get_content_charset() or "utf-8"), "utf-8"):
        try:
            text = data.decode(charset)
        except (LookupError, ValueError):
            continue
        if isinstance(text, str):
            break
    else:
        text = data.decode("cp1252", errors="replace")
    lines = storable(text[:MOST_TEXT]).replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    return "".join(c for c in lines if c.isprintable() or c == "\n")


def _name(part: Message) -> str:
    try:
        name = part.get_filename()
    except (ValueError, LookupError, TypeError):
        name = None
    return one_line(_decoded(str(name)[:2_000]), LONGEST_NAME) if name else ""


def _header(message: Message, name: str) -> str:
    value = message.get(name)
    return "" if value is None else one_line(_decoded(str(value)[:2_000]), 2_000)


def _decoded(value: str) -> str:
    """With its encoded words (RFC 2047) in plain, as far as they are sound."""
    try:
        return str(make_header(decode_header(value)))
    except (HeaderParseError, LookupError, ValueError):
        return value
