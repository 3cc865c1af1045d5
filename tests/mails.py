"""A folder into which a hub's mails go, to be read by tests."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from email import message_from_bytes
from email.policy import default
from pathlib import Path

from hub.mail import sending
from hub.runtime import Hub


@dataclass(frozen=True, slots=True)
class Received:
    """A mail as its reader sees it."""

    to: str
    subject: str
    body: str


class Mailbox:
    """Takes over the mails of a hub."""

    def __init__(self, hub: Hub, folder: Path) -> None:
        self._hub, self._folder = hub, folder
        hub.settings = dataclasses.replace(hub.settings, mail_url=folder.as_uri())

    def take(self) -> list[Received]:
        """Send what is due; the mails since the last look."""
        sending.send_due(self._hub, lambda: None)
        found = []
        for path in sorted(self._folder.glob("*.eml")):
            message = message_from_bytes(path.read_bytes(), policy=default)
            text = message.get_body(("plain",))
            assert text is not None
            body = text.get_content().replace("\r\n", "\n")
            found.append(Received(str(message["To"]), str(message["Subject"]), body))
            path.unlink()
        return found
