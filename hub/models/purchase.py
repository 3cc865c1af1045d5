"""What a Landesmedienzentrum and centres buy together."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import JSON, ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from hub.models.base import Base, UtcDateTime, now


class JointPurchase(Base):
    """A medium on the list of what is bought together, with its price and discounts."""

    __tablename__ = "joint_purchase"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str]
    """Match key of the medium: `nr:5511494`."""
    title: Mapped[str]
    supplier: Mapped[str]
    cents: Mapped[int]
    """Price of the licence for the area of one centre, in cents, without discount."""
    steps: Mapped[list[list[int]]] = mapped_column(JSON)
    """From how many centres on how many percent are taken off, ascending."""
    valid_from: Mapped[date | None]
    valid_until: Mapped[date | None]
    """The first day on which the licence holds no more."""
    answer_by: Mapped[date]
    """The last day on which centres can answer."""
    state: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class PurchaseAnswer(Base):
    """Whether a centre takes part in a purchase."""

    __tablename__ = "purchase_answer"

    purchase_id: Mapped[int] = mapped_column(
        ForeignKey("joint_purchase.id", ondelete="CASCADE"), primary_key=True
    )
    site_key: Mapped[str] = mapped_column(
        ForeignKey("site.key", ondelete="CASCADE"), primary_key=True
    )
    wanted: Mapped[bool]
    note: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
