"""Figures that are kept while offers change, so that no page ever counts offers."""

from __future__ import annotations

from datetime import date

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from hub.models.base import Base


class OfferFigure(Base):
    """How many live offers of a kind a site has with one value of a facet.

    The row with empty facet and value is how many it has of that kind in all.
    """

    __tablename__ = "offer_figure"
    __table_args__ = (Index(None, "facet", "value"),)

    site_key: Mapped[str] = mapped_column(
        ForeignKey("site.key", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[str] = mapped_column(primary_key=True)
    facet: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int]


class OfferDay(Base):
    """How many live offers of a kind a site had at the end of a day (UTC) on which it was read."""

    __tablename__ = "offer_day"

    site_key: Mapped[str] = mapped_column(
        ForeignKey("site.key", ondelete="CASCADE"), primary_key=True
    )
    day: Mapped[date] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int]
