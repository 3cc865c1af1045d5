"""The mailbox with answers to mails about requests (`HUB_INBOX_URL`): read, and how that goes."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

from hub.booking import replies
from hub.booking.replies import Outcome
from hub.mail import address, inbox
from hub.mail.inbox import Looked, Trouble
from hub.mail.transport import TIMEOUT
from hub.models import Mailbox
from hub.models.base import now
from hub.runtime import Hub

TASK = "inbox"
ONE = 1
"""There is one mailbox, and one row about it."""


def fetch(hub: Hub, check: Callable[[], None] = lambda: None, timeout: float = TIMEOUT) -> Looked:
    """Take in what lies in the mailbox, and note how that went. Raises `Trouble`."""
    target = address.parse_inbox(hub.settings.inbox_url)

    def take(raw: bytes) -> bool:
        return replies.receive(hub, raw) is not Outcome.UNKNOWN

    try:
        looked = inbox.look(target, take, check, timeout)
    except Trouble as trouble:
        _note(hub, None, str(trouble))
        raise
    _note(hub, looked, "")
    return looked


def state(session: Session) -> Mailbox | None:
    """How the last look went; None before the first."""
    return session.get(Mailbox, ONE)


def problems(session: Session) -> list[str]:
    """What a person has to look at."""
    row = state(session)
    if row is None:
        return []
    found = [f"The mailbox cannot be read: {row.error}"] if row.error else []
    if row.unplaced:
        found.append(
            f"{row.unplaced} messages in the mailbox belong to no request. They lie there flagged; "
            "read them, answer or delete them. Without the flag they are tried again."
        )
    return found


def _note(hub: Hub, looked: Looked | None, error: str) -> None:
    with hub.db.write() as session:
        row = state(session) or Mailbox(id=ONE)
        session.add(row)
        row.looked_at, row.error = now(), error
        if looked is not None:
            row.read_at, row.unplaced = row.looked_at, looked.left
