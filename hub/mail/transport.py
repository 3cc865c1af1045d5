"""Handing a message over: to a mail server by SMTP, or as a file into a folder."""

from __future__ import annotations

import os
import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from pathlib import Path

from hub.mail.address import Folder, Server
from hub.mail.outbox import one_line

TIMEOUT = 30.0
"""Seconds that the server may take for each step."""
CLOSING, TOO_LARGE = 421, 552
LONGEST_REASON = 300
HERE = frozenset({"localhost", "127.0.0.1", "::1"})

Deliver = Callable[[EmailMessage], None]


class Refused(Exception):
    """The server will never take this mail."""


class NotNow(Exception):
    """The server did not take this mail this time; another one it may take."""


class Broken(NotNow):
    """The connection ended or fell silent in the middle of this mail."""


class ServerTrouble(Exception):
    """The server takes no mail at all at the moment, whichever it is."""


@contextmanager
def connected(target: Server | Folder, timeout: float = TIMEOUT) -> Iterator[Deliver]:
    """What hands messages over, within the block. Raises `ServerTrouble`.

    What it gives raises `Refused`, `NotNow` or `ServerTrouble`. After `Broken` it is
    of no more use.
    """
    if isinstance(target, Folder):
        yield _into(target.path)
        return
    try:
        server = _connect(target, timeout)
    except (OSError, smtplib.SMTPException) as error:
        raise ServerTrouble(f"{target.host}:{target.port}: {_reason(error)}") from error
    try:
        yield lambda message: _hand_over(server, message)
    finally:
        with suppress(OSError, smtplib.SMTPException):
            server.quit()
        server.close()


def _connect(target: Server, timeout: float) -> smtplib.SMTP:
    """A connection that is encrypted wherever it leaves this machine with a password.

    Without a password it is encrypted where the server can; a certificate that does not hold is
    refused either way. A server on this machine needs neither.
    """
    context = ssl.create_default_context()
    server: smtplib.SMTP
    if target.tls:
        server = smtplib.SMTP_SSL(target.host, target.port, timeout=timeout, context=context)
    else:
        server = smtplib.SMTP(target.host, target.port, timeout=timeout)
    try:
        server.ehlo()
        if not target.tls and target.host not in HERE:
            if server.has_extn("starttls"):
                server.starttls(context=context)
                server.ehlo()
            elif target.user:
                raise smtplib.SMTPNotSupportedError(
                    "It offers no encryption (STARTTLS), and a password goes nowhere without."
                )
        if target.user:
            server.login(target.user, target.password)
    except BaseException:
        server.close()
        raise
    return server


def _hand_over(server: smtplib.SMTP, message: EmailMessage) -> None:
    try:
        server.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        ((code, text),) = error.recipients.values()
        raise _refusal(code)(_answer(code, text)) from error
    except smtplib.SMTPDataError as error:
        raise _refusal(error.smtp_code)(_reason(error)) from error
    except smtplib.SMTPSenderRefused as error:
        if error.smtp_code in (CLOSING, TOO_LARGE):
            raise _refusal(error.smtp_code)(_reason(error)) from error
        raise ServerTrouble(f"It refuses {error.sender}: {_reason(error)}") from error
    except (OSError, smtplib.SMTPException) as error:
        raise Broken(_reason(error)) from error


def _refusal(code: int) -> type[Exception]:
    if code == CLOSING:
        return Broken
    return Refused if code >= 500 else NotNow


def _reason(error: Exception) -> str:
    """What happened, for people: in the server's words where it gave any."""
    if isinstance(error, smtplib.SMTPResponseException):
        return _answer(error.smtp_code, error.smtp_error)
    if isinstance(error, TimeoutError):
        return "It did not answer in time."
    return one_line(str(error), LONGEST_REASON) or type(error).__name__


def _answer(code: int, text: bytes | str) -> str:
    words = text.decode(errors="replace") if isinstance(text, bytes) else text
    return one_line(f"{code} {words}", LONGEST_REASON)


def _into(folder: Path) -> Deliver:
    def deliver(message: EmailMessage) -> None:
        """A file of its own for each mail, whole or not there; the same mail is the same file."""
        name = str(message["Message-ID"]).strip("<>").partition("@")[0]
        moment = message["Date"].datetime
        path = folder / f"{moment:%Y%m%dT%H%M%S}-{name[:16]}.eml"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            fresh = path.with_suffix(f".{os.getpid()}.new")
            fresh.write_bytes(message.as_bytes())
            fresh.replace(path)
        except OSError as error:
            raise ServerTrouble(f"{folder}: {error.strerror or error}") from error

    return deliver
