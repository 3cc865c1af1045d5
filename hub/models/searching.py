"""Words that were searched for in vain; by whom is nowhere written down."""

from __future__ import annotations

from datetime import date

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hub.models.base import Base


class EmptySearch(Base):
    """How often the same words found nothing on a day (UTC)."""

    __tablename__ = "empty_search"
    __table_args__ = (UniqueConstraint("day", "centre", "words"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[date]
    centre: Mapped[str]
    """Key of the site whose user it was; empty where that is not known."""
    words: Mapped[str]
    count: Mapped[int]
