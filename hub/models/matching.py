"""Which offers were found to be the same work without a shared key, and what people said of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hub.models.base import Base, UtcDateTime, now


class WorkLink(Base):
    """What is thought of two offers, the one with the lower id first.

    States: `automatic` and `joined` make them one work, `apart` keeps them from ever being one,
    `review` waits for a person. What a person decided (`joined`, `apart`) no machine changes.
    """

    __tablename__ = "work_link"
    __table_args__ = (
        UniqueConstraint("left_id", "right_id"),
        Index("ix_work_link_state_id", "state", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    left_id: Mapped[int] = mapped_column(ForeignKey("offer.id", ondelete="CASCADE"))
    right_id: Mapped[int] = mapped_column(ForeignKey("offer.id", ondelete="CASCADE"), index=True)
    state: Mapped[str]
    score: Mapped[float]
    """0 to 1; 0 where only a person has judged."""
    reason: Mapped[dict[str, Any]] = mapped_column(JSON)
    """As `hub.catalogue.matching.scoring.Judgement.as_data`."""
    matcher: Mapped[int]
    """Version of the matcher that judged; 0 is none."""
    decided_by: Mapped[str]
    """Name of who decided; empty is the machine."""
    decided_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class WorkBlock(Base):
    """An offer that speaks for its work, under a key by which similar ones are found."""

    __tablename__ = "work_block"

    key: Mapped[str] = mapped_column(primary_key=True)
    offer_id: Mapped[int] = mapped_column(
        ForeignKey("offer.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class WorkMatching(Base):
    """One row: the model in use, and the change up to which offers have been looked at."""

    __tablename__ = "work_matching"

    id: Mapped[int] = mapped_column(primary_key=True)
    matcher: Mapped[int]
    model: Mapped[str] = mapped_column(Text)
    works: Mapped[int]
    """How many there were when the model was made."""
    changed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    offer_id: Mapped[int]
