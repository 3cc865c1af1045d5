"""Since when something at a site has needed a person, and whether its admins were told."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from hub.models.base import Base, UtcDateTime


class Attention(Base):
    """A plugin at a site that needs a person, by its cause; gone once the plugin is well again."""

    __tablename__ = "attention"

    site_key: Mapped[str] = mapped_column(
        ForeignKey("site.key", ondelete="CASCADE"), primary_key=True
    )
    plugin: Mapped[str] = mapped_column(primary_key=True)
    cause: Mapped[str] = mapped_column(primary_key=True)
    """A state of `hub.connections.State` that needs a person."""
    since: Mapped[datetime] = mapped_column(UtcDateTime)
    told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the admins of the site were written to."""
