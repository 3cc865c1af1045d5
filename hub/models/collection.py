"""Lists of offers: those that people keep for themselves, and those that centres recommend."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, false
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


class Recommendation(Base):
    """A list that a centre recommends, or an announcement; it says nothing about persons."""

    __tablename__ = "recommendation"
    __table_args__ = (Index(None, "site_key", "state"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    site_key: Mapped[str] = mapped_column(ForeignKey("site.key", ondelete="CASCADE"))
    """Who recommends it: a Landesmedienzentrum to everybody, a centre on its own pages."""
    state: Mapped[str]
    """`draft`, `published`, `withdrawn` or `deleted`."""
    position: Mapped[int]
    """Its place among those of its site."""
    title: Mapped[str]
    text: Mapped[str]
    subjects: Mapped[list[str]] = mapped_column(JSON)
    starts_on: Mapped[date | None]
    ends_on: Mapped[date | None]
    """The first day on which it is shown no longer."""
    entries: Mapped[list[list[Any]]] = mapped_column(JSON)
    """Id of an offer and a note, in their order; none make it an announcement. Offers, not works:
    works are joined and parted."""
    version: Mapped[int]
    """Grows with each change, so that two editors notice each other."""
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    """What the last change changed, as it was, to undo it."""
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
