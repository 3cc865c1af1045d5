"""Yearly reports as they were issued, and which centres let their figures flow to the network."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hub.models.base import Base, UtcDateTime, now


class YearlyReport(Base):
    """A report that was issued and never changes; a later one of its year has the next number."""

    __tablename__ = "yearly_report"
    __table_args__ = (UniqueConstraint("scope", "year", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    scope: Mapped[str]
    """The key of a site; empty for the whole network."""
    year: Mapped[int]
    number: Mapped[int]
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    actor: Mapped[str]
    """The pseudonym of who issued it."""
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
    """All that it says: see `hub.network.report`."""


class SiteFlow(Base):
    """A centre's figures flow to the Landesmedienzentren; without a row they do not."""

    __tablename__ = "site_flow"

    site_key: Mapped[str] = mapped_column(
        ForeignKey("site.key", ondelete="CASCADE"), primary_key=True
    )
    flow: Mapped[str] = mapped_column(primary_key=True)
    """What flows: `statistics`."""
    since: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
