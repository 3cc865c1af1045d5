"""Mails on their way to people, and what became of them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from hub.models.base import Base, UtcDateTime


class Mail(Base):
    """One mail to one person. It waits (`next_at`), was sent (`sent_at`), or was given up."""

    __tablename__ = "mail"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    """What it is about: the same mail is queued once. Its Message-ID follows from it."""
    site_key: Mapped[str | None] = mapped_column(ForeignKey("site.key", ondelete="CASCADE"))
    """The centre in whose name it is sent; None for the hub itself."""
    person_id: Mapped[int | None] = mapped_column(
        ForeignKey("person.id", ondelete="CASCADE"), index=True
    )
    recipient: Mapped[str]
    subject: Mapped[str]
    body: Mapped[str] = mapped_column(Text)
    """Plain text; empty some days after its end, at once where it is confidential."""
    attachments: Mapped[list[dict[str, str]]] = mapped_column(JSON)
    """Each with `name`, `media_type` and `content` in Base64."""
    reply_to: Mapped[str] = mapped_column(default="")
    """Where answers go; empty is the centre's own address."""
    thread: Mapped[str] = mapped_column(default="")
    """What all mails of one conversation have in common; References follows from it."""
    confidential: Mapped[bool]
    """Whether it holds a way in, which nobody needs to read here afterwards."""
    queued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    until: Mapped[datetime] = mapped_column(UtcDateTime)
    """After this it is of no use any more, and given up."""
    next_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    """When it is tried next; None once it was sent or given up."""
    attempts: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the mail server took it over."""
    error: Mapped[str] = mapped_column(Text, default="")
    """Why it was not sent the last time, for people."""


class Mailbox(Base):
    """How the last look into the mailbox went (`HUB_INBOX_URL`); one row, or none before it."""

    __tablename__ = "mailbox"

    id: Mapped[int] = mapped_column(primary_key=True)
    looked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When it could be read last."""
    unplaced: Mapped[int] = mapped_column(default=0)
    """Messages that belong to no request, and lie there flagged for a person."""
    error: Mapped[str] = mapped_column(Text, default="")
    """Why it could not be read; empty where it could."""
