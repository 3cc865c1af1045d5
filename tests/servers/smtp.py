"""A mail server on this machine that keeps what it takes, and has bad days on demand."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

PASSWORD = "p@ss/w?rt:#1 %"


@dataclass
class Post:
    """What the server took, and how it misbehaves."""

    taken: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    refuse: dict[str, str] = field(default_factory=dict)
    """Recipient → answer."""
    refuse_sender: str = ""
    refuse_content: str = ""
    hang: bool = False
    """From now on it says nothing about what it was given."""
    die: str = ""
    """`before` or `after` it has kept the mail, the connection ends without an answer."""
    port: int = 0

    async def handle_MAIL(
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if self.refuse_sender:
            return self.refuse_sender
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.hang:
            await asyncio.sleep(30)
        if self.die == "before":
            server.transport.abort()
            return "451 never heard"
        if self.refuse_content:
            return self.refuse_content
        message = message_from_bytes(envelope.content, policy=default)
        assert isinstance(message, EmailMessage)
        self.taken.append(message)
        self.recipients += envelope.rcpt_tos
        self.encrypted.append(session.ssl is not None)
        if self.die == "after":
            server.transport.abort()
        return "250 Kept"

    def authenticate(
        self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any
    ) -> AuthResult:
        name, password = data.login.decode(), data.password.decode()
        fits = (name, password) == ("hub", PASSWORD)
        if fits:
            self.logins.append(name)
        return AuthResult(success=fits, handled=False)


@contextmanager
def served(host: str = "127.0.0.1", **options: Any) -> Iterator[Post]:
    """The server, for as long as the block lasts; `tls_context` lets it offer STARTTLS."""
    post = Post(port=free_port(host))
    if options.pop("login", False):
        options["authenticator"] = post.authenticate
    controller = Controller(post, hostname=host, port=post.port, **options)
    controller.start()
    try:
        yield post
    finally:
        controller.stop()


@contextmanager
def silent() -> Iterator[int]:
    """The port of something that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def free_port(host: str = "127.0.0.1") -> int:
    with socket.create_server((host, 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def tls(certificate: Any, key: Any) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def wait_until(condition: Any, seconds: float = 5.0) -> None:
    """Wait for what another thread does."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)
