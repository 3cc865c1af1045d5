"""What opening offers and asking sources live leaves behind: figures of use, paused sources."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from hub.models.base import Base, UtcDateTime


class OfferUse(Base):
    """How often an offer was opened on a day (UTC); by whom is nowhere written down."""

    __tablename__ = "offer_use"

    day: Mapped[date] = mapped_column(primary_key=True)
    offer_id: Mapped[int] = mapped_column(
        ForeignKey("offer.id", ondelete="CASCADE"), primary_key=True
    )
    count: Mapped[int]


class Breaker(Base):
    """A source that failed when it was asked live; a source without a row works."""

    __tablename__ = "breaker"

    site_key: Mapped[str] = mapped_column(
        ForeignKey("site.key", ondelete="CASCADE"), primary_key=True
    )
    plugin: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int]
    """How many in a row."""
    open_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Until then nobody asks it; None while it has failed too seldom for that."""
