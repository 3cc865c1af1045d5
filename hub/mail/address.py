"""Where mails are handed over (`HUB_MAIL_URL`) and come in (`HUB_INBOX_URL`), and addresses that
a mail can go to."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

PORTS = {"smtp": 587, "smtps": 465}
INBOX_PORTS = {"imap": 143, "imaps": 993}
LONGEST_TAGGED = 36
LONGEST = 254
"""Characters of an address (RFC 5321, 4.5.3.1)."""

_local = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_label = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server that takes mails by SMTP."""

    host: str
    port: int
    tls: bool
    """From the first byte on; otherwise STARTTLS where the server offers it."""
    user: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Inbox:
    """A folder of a mailbox that is read by IMAP."""

    host: str
    port: int
    tls: bool
    """From the first byte on; otherwise STARTTLS, which only a server on this machine may lack."""
    user: str
    password: str = field(repr=False)
    folder: str


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder in which each mail becomes a file."""

    path: Path


def parse(url: str) -> Server | Folder:
    """Read `HUB_MAIL_URL`; raises `ValueError` with what is wrong, without the password."""
    parts, port = _split(url)
    if parts.scheme == "file":
        if parts.netloc or not parts.path.startswith("/"):
            raise ValueError("Write file:///path/of/a/folder, with three slashes.")
        return Folder(Path(unquote(parts.path)))
    if parts.scheme not in PORTS:
        raise ValueError(
            "Write smtp://user:password@host:587, smtps://user:password@host:465 "
            "or file:///path/of/a/folder."
        )
    if not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError(f"Write {parts.scheme}://user:password@host:port and nothing more.")
    user, password = _login(parts)
    return Server(
        parts.hostname, port or PORTS[parts.scheme], parts.scheme == "smtps", user, password
    )


def parse_inbox(url: str) -> Inbox:
    """Read `HUB_INBOX_URL`; raises `ValueError` with what is wrong, without the password."""
    parts, port = _split(url)
    if parts.scheme not in INBOX_PORTS or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(
            "Write imaps://user:password@host:993/INBOX or imap://user:password@host:143/INBOX."
        )
    user, password = _login(parts)
    if not user:
        raise ValueError("A mailbox is read with a name and a password.")
    folder = unquote(parts.path.strip("/")) or "INBOX"
    if not (folder.isascii() and folder.isprintable()) or '"' in folder or "\\" in folder:
        raise ValueError("The folder's name may hold ASCII characters only, without quotes.")
    return Inbox(
        parts.hostname,
        port or INBOX_PORTS[parts.scheme],
        parts.scheme == "imaps",
        user,
        password,
        folder,
    )


def tagged(plain: str, tag: str) -> str:
    """The address with a tag behind a plus, which reaches the same mailbox."""
    local, _, domain = plain.rpartition("@")
    return f"{local}+{tag}@{domain}"


def untaggable(typed: str) -> str:
    """Why a tag cannot be added to this address; empty where it can."""
    found = recipient(typed)
    if found is None or "+" in found or len(found.rpartition("@")[0]) > LONGEST_TAGGED:
        return (
            "This is no address to which a tag can be added; write for example "
            "anfragen@mz.example, with at most 36 characters before the @."
        )
    return ""


def _split(url: str) -> tuple[SplitResult, int | None]:
    try:
        parts = urlsplit(url)
        return parts, parts.port
    except ValueError:
        raise ValueError(
            "Its host or port cannot be read; a / ? # @ : in the name or password is written as "
            "%2F %3F %23 %40 %3A."
        ) from None


def _login(parts: SplitResult) -> tuple[str, str]:
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if bool(user) != bool(password):
        raise ValueError("The name and the password belong together; one of them is missing.")
    if not (user + password).isascii():
        raise ValueError("The name and the password may hold ASCII characters only.")
    return user, password


def recipient(typed: str) -> str | None:
    """The address as mail servers take it (a domain in ASCII); None when it is none.

    Forms that no one gives out (quoted local parts, comments, address literals) are refused, and
    with them every way to smuggle in a second address or a header.
    """
    local, at, domain = typed.strip().rpartition("@")
    try:
        ascii_domain = domain.encode("idna").decode().lower()
    except UnicodeError:
        return None
    labels = ascii_domain.split(".")
    sound = (
        at
        and len(local) <= 64
        and len(local) + 1 + len(ascii_domain) <= LONGEST
        and _local.fullmatch(local)
        and len(labels) > 1
        and all(_label.fullmatch(label) for label in labels)
    )
    return f"{local}@{ascii_domain}" if sound else None
