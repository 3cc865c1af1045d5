"""A mailbox read by IMAP: each message is taken out once it is in our own hands, or left flagged.

Whoever takes messages in knows those that came before, so one that was not yet out when we were
killed is taken once all the same. What is flagged is not looked at again until a person takes the
flag away.
"""

from __future__ import annotations

import imaplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy.exc import DBAPIError

from hub.mail.address import Inbox
from hub.mail.outbox import one_line
from hub.mail.reading import MOST_BYTES, Unreadable
from hub.mail.transport import HERE, TIMEOUT

AT_ONCE = 500
"""Messages in one go."""
_FRESH, _LEFT = "UNDELETED UNFLAGGED", "UNDELETED FLAGGED"

log = structlog.get_logger(__name__)


class Trouble(Exception):
    """The mailbox cannot be read at the moment; the message says why."""


@dataclass(slots=True)
class Looked:
    """How many messages were taken, and how many lie there flagged, also from before."""

    taken: int = 0
    left: int = 0


def look(
    target: Inbox,
    take: Callable[[bytes], bool],
    check: Callable[[], None] = lambda: None,
    timeout: float = TIMEOUT,
) -> Looked:
    """Take in what is new. Raises `Trouble`, and what `check` raises when the work must be left.

    `take` gets a whole message and says whether it is placed; what it cannot read or handle is
    flagged, but where the database fails the message stays as it is for the next time.
    """
    looked = Looked()
    with opened(target, timeout) as server:
        for uid in _search(server, _FRESH)[:AT_ONCE]:
            check()
            raw = _fetch(server, uid)
            if raw is None:
                continue  # somebody else took it
            if _placed(take, raw, uid):
                _ask(server, "STORE", uid, "+FLAGS.SILENT", r"(\Deleted)")
                looked.taken += 1
            else:
                _ask(server, "STORE", uid, "+FLAGS.SILENT", r"(\Flagged)")
        server.expunge()
        looked.left = len(_search(server, _LEFT))
    return looked


@contextmanager
def opened(target: Inbox, timeout: float = TIMEOUT) -> Iterator[imaplib.IMAP4]:
    """The folder, selected on an encrypted connection; only a server on this machine may do
    without. Raises `Trouble`, also for what goes wrong within the block."""
    try:
        context = ssl.create_default_context()
        server: imaplib.IMAP4
        if target.tls:
            server = imaplib.IMAP4_SSL(
                target.host, target.port, ssl_context=context, timeout=timeout
            )
        else:
            server = imaplib.IMAP4(target.host, target.port, timeout=timeout)
        try:
            if not target.tls and target.host not in HERE:
                server.starttls(context)
            server.login(target.user, target.password)
            answer, data = server.select(f'"{target.folder}"')
            if answer != "OK":
                raise Trouble(_words(data))
            yield server
        finally:
            with suppress(imaplib.IMAP4.error, OSError):
                server.logout()
            with suppress(OSError):
                server.shutdown()
    except TimeoutError as error:
        raise Trouble(f"{target.host}:{target.port}: It did not answer in time.") from error
    except (imaplib.IMAP4.error, OSError) as error:
        words = _words(error.args[:1]) if isinstance(error, imaplib.IMAP4.error) else str(error)
        raise Trouble(f"{target.host}:{target.port}: {one_line(words, 300)}") from error


def _placed(take: Callable[[bytes], bool], raw: bytes, uid: str) -> bool:
    try:
        return take(raw)
    except Unreadable as reason:
        log.warning("mail.unreadable", uid=uid, message=str(reason))
    except DBAPIError:
        raise
    except Exception as error:
        # One message that we stumble over keeps no other from being read.
        log.error("mail.not_taken", uid=uid, kind=type(error).__name__)
    return False


def _fetch(server: imaplib.IMAP4, uid: str) -> bytes | None:
    """The message, or the beginning of one that is too large; None where it is gone."""
    for part in _ask(server, "FETCH", uid, f"(UID BODY.PEEK[]<0.{MOST_BYTES + 1}>)"):
        if isinstance(part, tuple) and f"UID {uid} ".encode() in part[0]:
            return bytes(part[1])
    return None


def _search(server: imaplib.IMAP4, criteria: str) -> list[str]:
    (found,) = _ask(server, "SEARCH", *criteria.split()) or [b""]
    return (found or b"").decode("ascii").split()


def _ask(server: imaplib.IMAP4, *command: str) -> list[Any]:
    answer, data = server.uid(*command)
    if answer != "OK":
        raise server.error(_words(data))
    return data


def _words(data: object) -> str:
    """What the server said, in one line."""
    parts = data if isinstance(data, list | tuple) else [data]
    texts = (
        part.decode(errors="replace") if isinstance(part, bytes) else str(part) for part in parts
    )
    return one_line(" ".join(texts), 300)
