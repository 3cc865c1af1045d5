"""Lists that people make of offers: for a lesson, to share."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, false
from sqlalchemy.orm import Mapped, mapped_column

from hub.models.base import Base, UtcDateTime, now


class MediaList(Base):
    """A list of offers that a person keeps."""

    __tablename__ = "media_list"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    title: Mapped[str]
    description: Mapped[str] = mapped_column(default="")
    token_hash: Mapped[str | None] = mapped_column(unique=True)
    """Of the secret in the address at which it is shared; None: it is not."""
    shared_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When that address was made."""
    show_name: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether who has the address is told whose list it is."""
    show_notes: Mapped[bool] = mapped_column(default=False, server_default=false())
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    """From then on it can be brought back for a while."""


class MediaListEntry(Base):
    """An offer on a list. It names an offer, not its work: works are joined and parted."""

    __tablename__ = "media_list_entry"
    __table_args__ = (Index(None, "list_id", "position"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    list_id: Mapped[int] = mapped_column(ForeignKey("media_list.id", ondelete="CASCADE"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    """Whose list it is on."""
    offer_id: Mapped[int] = mapped_column(ForeignKey("offer.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    note: Mapped[str] = mapped_column(default="")
    added_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    removed_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    """From then on it can be brought back for a while."""
