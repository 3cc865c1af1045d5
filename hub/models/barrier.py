"""What people report about barriers on the pages, until somebody has answered them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from hub.models.base import Base, UtcDateTime, now


class BarrierReport(Base):
    """One report; it is erased once it is settled, the address of its sender with it."""

    __tablename__ = "barrier_report"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, index=True)
    page: Mapped[str]
    text: Mapped[str] = mapped_column(Text)
    contact: Mapped[str]
    """How the sender wishes to be answered; empty when no answer is wanted."""
