"""The addresses to which mails about a request are answered: each holds a secret of its own, by
which an answer finds the conversation, whoever it says it is from."""

from __future__ import annotations

import secrets

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from hub.booking import workflow
from hub.mail import address
from hub.mail.reading import LETTERS, TOKEN
from hub.models import Activation, Booking, ReplyAddress

SETTING = "reply_address"
"""What a plugin of requests calls the address of its own site, in its configuration."""


def check(typed: str) -> str:
    """Why this cannot be an address for answers; empty where it can."""
    return address.untaggable(typed)


def of(
    session: Session, default: str, booking: Booking, recipient: str, *, staff: bool, author: str
) -> str:
    """Where this recipient answers mails about a request: always the same; empty for what is no
    request, and where neither the site nor the hub (`default`) has an address for answers.

    `author` is the key of the person who has the recipient's address, empty for the centre's own.
    """
    usable = address.recipient(recipient)
    if workflow.of(booking.kind) is None or booking.person_id is None or usable is None:
        return ""
    row = session.get(Activation, (booking.site_key, booking.plugin))
    own = str(row.config.get(SETTING) or "") if row is not None else ""
    if not (own or default):
        return ""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    session.execute(
        dialect.insert(ReplyAddress)
        .values(
            secret="".join(secrets.choice(LETTERS) for _ in range(TOKEN)),
            booking_id=booking.id,
            site_key=booking.site_key,
            person_id=booking.person_id,
            recipient=usable,
            staff=staff,
            author=author,
        )
        .on_conflict_do_nothing()
    )
    secret = session.scalars(
        sa.select(ReplyAddress.secret).where(
            ReplyAddress.booking_id == booking.id,
            ReplyAddress.recipient == usable,
            ReplyAddress.staff.is_(staff),
        )
    ).one()
    return address.tagged(own or default, secret)
