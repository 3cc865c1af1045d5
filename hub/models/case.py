"""What the staff do about a request: how far it is, who looks after it, what was said."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hub.models.base import Base, UtcDateTime, now


class Case(Base):
    """A request in the hands of the staff; stages as in `hub.booking.workflow`.

    A booking that nobody has touched yet has no row here: it is at the first stage.
    """

    __tablename__ = "booking_case"
    __table_args__ = (Index(None, "site_key", "due_on"),)

    booking_id: Mapped[int] = mapped_column(
        ForeignKey("booking.id", ondelete="CASCADE"), primary_key=True
    )
    site_key: Mapped[str] = mapped_column(ForeignKey("site.key", ondelete="CASCADE"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    """Whose request it is: with the person the case goes, the booking stays."""
    stage: Mapped[str]
    due_on: Mapped[date | None]
    """By when the next thing is to be done."""
    assigned: Mapped[str] = mapped_column(default="")
    """Key of the member of the staff who looks after it; empty while nobody does."""
    details: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    """What the workflow of this kind asks the staff besides, code to text."""
    competences: Mapped[list[str]] = mapped_column(JSON, default=list)
    """Codes of the Medienkompetenzrahmen that the concept covers."""
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class WorkflowStages(Base):
    """The stages of requests of one kind, where a site has them otherwise than bundled."""

    __tablename__ = "workflow_stages"

    site_key: Mapped[str] = mapped_column(
        ForeignKey("site.key", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[str] = mapped_column(primary_key=True)
    stages: Mapped[dict[str, Any]] = mapped_column(JSON)
    """`hub.booking.stages.Plan`: `live` and `gone`, each a list of code, state and label."""
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    """The same before the last change."""
    version: Mapped[int]
    """How often they were changed."""


class CaseNote(Base):
    """Something that was said or done about a request, in order."""

    __tablename__ = "booking_case_note"
    __table_args__ = (UniqueConstraint("booking_id", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    booking_id: Mapped[int] = mapped_column(ForeignKey("booking.id", ondelete="CASCADE"))
    site_key: Mapped[str] = mapped_column(ForeignKey("site.key", ondelete="CASCADE"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    """Whose request it is about."""
    key: Mapped[str]
    """Made of the form that was sent and its text: sent twice, it is one note."""
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    kind: Mapped[str]
    """`stage` (the text is its code), `note` for the staff, `answer` to the person, `message` from
    the person."""
    author: Mapped[str]
    """Key of the person who wrote it; empty where a mail came from another address."""
    text: Mapped[str] = mapped_column(Text)
    sender: Mapped[str] = mapped_column(default="")
    """The address that a mail named as its own, unchecked; empty for what was written here."""
    rest: Mapped[str] = mapped_column(Text, default="")
    """What the mail said besides: the one that it quotes, and what was too long."""
    files: Mapped[list[str]] = mapped_column(JSON, default=list)
    """Names of what was attached to the mail; the files are not kept."""


class ReplyAddress(Base):
    """Where somebody answers a mail about a request: the secret stands in the mail's Reply-To."""

    __tablename__ = "reply_address"
    __table_args__ = (UniqueConstraint("booking_id", "recipient", "staff"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    secret: Mapped[str] = mapped_column(unique=True)
    booking_id: Mapped[int] = mapped_column(ForeignKey("booking.id", ondelete="CASCADE"))
    site_key: Mapped[str] = mapped_column(ForeignKey("site.key", ondelete="CASCADE"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    """Whose request it is."""
    recipient: Mapped[str]
    """To whom the mails go that hold the secret."""
    staff: Mapped[bool]
    """Whether that is somebody of the centre."""
    author: Mapped[str]
    """Key of the person who has that address; empty for the centre's own."""
