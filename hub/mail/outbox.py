"""The outbox: mails are queued in the transaction of what they tell of, and looked after here."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from hub.jobs import queue
from hub.mail import address
from hub.models import Mail
from hub.models.base import now

TASK = "mail"
"""The task that sends what is due, and the key of its job: one at a time."""
GIVE_UP = timedelta(days=4)
"""How long a mail is tried that is always of use (RFC 5321, 4.5.4.1, wants at least 4 days)."""
LONGEST_SUBJECT = 200
AT_ONCE = 100
"""Mails that the page of a site shows."""
SHOWN = timedelta(days=7)
"""How long `problems` tells of a mail that was given up."""
WORTH_TELLING = timedelta(hours=1)

WAITING, SENT, GIVEN_UP = "waiting", "sent", "given up"
STATES = (WAITING, SENT, GIVEN_UP)
NO_ADDRESS = "This is no address that a mail can be sent to."
NO_SERVER = "No mail server is set up (HUB_MAIL_URL)."
NO_WORKER = "No worker was there to send it in time."


class MailError(Exception):
    """What was asked of a mail is not possible; the message says why."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a mail."""

    name: str
    media_type: str
    """With its parameters, such as `text/calendar; charset=utf-8; method=PUBLISH`."""
    content: bytes


def queue_mail(
    session: Session,
    *,
    key: str,
    recipient: str,
    subject: str,
    body: str,
    site_key: str | None = None,
    person_id: int | None = None,
    attachments: Sequence[Attachment] = (),
    until: datetime | None = None,
    confidential: bool = False,
    reply_to: str = "",
    thread: str = "",
) -> bool:
    """Let this mail be sent once the caller's transaction is committed; False if it had been.

    `key` says what it is about, such as `booking:17:confirmed`: the same key queues one mail.
    `until` is when it stops being of use; `reply_to` and `thread` are as in `Mail`. A bad address
    does not break what is being told of: the mail is there, given up with that reason.
    """
    moment = now()
    usable = address.recipient(recipient)
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    number = session.scalar(
        dialect.insert(Mail)
        .values(
            key=key,
            site_key=site_key,
            person_id=person_id,
            recipient=usable or one_line(recipient, address.LONGEST),
            subject=one_line(subject, LONGEST_SUBJECT),
            body=storable(body) if usable or not confidential else "",
            attachments=[
                {
                    "name": one_line(one.name, LONGEST_SUBJECT),
                    "media_type": one.media_type,
                    "content": b64encode(one.content).decode(),
                }
                for one in attachments
            ],
            confidential=confidential,
            reply_to=reply_to,
            thread=thread,
            queued_at=moment,
            until=until or moment + GIVE_UP,
            next_at=moment if usable else None,
            attempts=0,
            error="" if usable else NO_ADDRESS,
        )
        .on_conflict_do_nothing(index_elements=["key"])
        .returning(Mail.id)
    )
    if number is not None and usable:
        queue.enqueue(session, TASK, key=TASK)
    return number is not None


def one_line(text: str, longest: int) -> str:
    """The text as a header takes it: without line breaks and other control characters."""
    readable = "".join(c if c.isprintable() else " " for c in storable(text))
    return " ".join(readable.split())[:longest]


def storable(text: str) -> str:
    """Without the two things that PostgreSQL or an encoder refuses: NUL and half a surrogate."""
    return text.encode(errors="replace").decode().replace("\0", "\ufffd")


def is_due(session: Session) -> bool:
    """Whether a mail should be tried now."""
    return session.scalar(sa.select(sa.exists().where(Mail.next_at <= now()))) or False


def state(mail: Mail) -> str:
    """One of `STATES`."""
    if mail.sent_at is not None:
        return SENT
    return WAITING if mail.next_at is not None else GIVEN_UP


def give_up(mail: Mail, reason: str) -> None:
    """The mail is not tried again, and says why."""
    mail.next_at, mail.error = None, reason
    forget_secret(mail)


def forget_secret(mail: Mail) -> None:
    """Of a confidential mail that has ended nothing is kept to be read."""
    if mail.confidential:
        mail.body, mail.attachments = "", []


def listing(
    session: Session, *, states: Sequence[str] = (), site: str | None = None, limit: int = 50
) -> Sequence[Mail]:
    """The latest mails, newest first."""
    query = sa.select(Mail).order_by(Mail.id.desc()).limit(limit)
    if states:
        query = query.where(sa.or_(*(_IS[one] for one in states)))
    if site is not None:
        query = query.where(Mail.site_key == site)
    return session.scalars(query).all()


def at_site(session: Session, allowed: sa.ColumnElement[bool], site: str) -> Sequence[Mail]:
    """The latest mails in the name of a site, newest first, for its staff.

    Without those that hold a way in: whoever asked for a new password tells nobody of it.
    """
    return session.scalars(
        sa.select(Mail)
        .where(Mail.site_key == site, allowed, Mail.confidential.is_(False))
        .order_by(Mail.id.desc())
        .limit(AT_ONCE)
    ).all()


def can_retry(mail: Mail) -> bool:
    """Whether the mail was given up, and can still be sent."""
    sendable = address.recipient(mail.recipient) is not None
    return state(mail) == GIVEN_UP and bool(mail.body) and sendable


def retry(session: Session, number: int) -> None:
    """Try a mail that was given up again, as if it were new; raises `MailError` for any other."""
    mail = session.get(Mail, number, with_for_update=True)
    if mail is None or state(mail) != GIVEN_UP:
        what = "does not exist" if mail is None else f"is {state(mail)}"
        raise MailError(f"Mail {number} {what}; only one that was given up can be tried again.")
    if not mail.body:
        raise MailError(f"The text of mail {number} is no longer kept.")
    if address.recipient(mail.recipient) is None:
        raise MailError(f"Mail {number}: {NO_ADDRESS}")
    moment = now()
    mail.next_at, mail.until = moment, moment + GIVE_UP
    mail.attempts, mail.error = 0, ""
    queue.enqueue(session, TASK, key=TASK)


def problems(session: Session) -> list[str]:
    """What a person has to look at: mails that wait for long, mails that were given up."""
    moment = now()
    found = []
    waiting = (_IS[WAITING], Mail.queued_at < moment - WORTH_TELLING)
    for what, conditions in (
        ("wait", waiting),
        ("were given up", (_IS[GIVEN_UP], Mail.queued_at > moment - SHOWN)),
    ):
        count = session.scalar(sa.select(sa.func.count()).select_from(Mail).where(*conditions))
        if count:
            why = session.scalar(
                sa.select(Mail.error).where(*conditions).order_by(Mail.id.desc()).limit(1)
            )
            found.append(f"{count} mails {what}; the last one: {why or 'not tried yet.'}")
    return found


_IS: dict[str, sa.ColumnElement[bool]] = {
    WAITING: Mail.next_at.is_not(None),
    SENT: Mail.sent_at.is_not(None),
    GIVEN_UP: sa.and_(Mail.next_at.is_(None), Mail.sent_at.is_(None)),
}


def as_row(mail: Mail) -> dict[str, Any]:
    """The mail for a report, without its text."""
    names = ("id", "key", "site_key", "recipient", "subject", "queued_at", "next_at", "sent_at")
    return {
        **{name: getattr(mail, name) for name in names},
        "state": state(mail),
        "attempts": mail.attempts,
        "error": mail.error,
    }
