"""What a centre's own staff say of it, above `config/network.toml`, and who works there."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hub.models.base import Base, UtcDateTime, now


class SiteProfile(Base):
    """A state of what the staff said; the one with the highest version holds."""

    __tablename__ = "site_profile"
    __table_args__ = (UniqueConstraint("site_key", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    site_key: Mapped[str] = mapped_column(ForeignKey("site.key", ondelete="CASCADE"))
    version: Mapped[int]
    """Grows by one with each change, so that two editors notice each other."""
    said: Mapped[dict[str, Any]] = mapped_column(JSON)
    """By name of the field, only where it differs from the file; see `hub.profile`."""
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    actor: Mapped[str]
    """The pseudonym of who changed it, as in the audit log."""


class TeamMember(Base):
    """Somebody or some office at a centre that its profile names.

    Not part of the states of the profile: a name that is taken out is nowhere kept.
    """

    __tablename__ = "team_member"
    __table_args__ = (Index(None, "site_key", "position"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    site_key: Mapped[str] = mapped_column(ForeignKey("site.key", ondelete="CASCADE"))
    position: Mapped[int]
    task: Mapped[str]
    """What they do, as `Verleih`."""
    adviser: Mapped[bool]
    """Whether it is a Medienberaterin or Medienberater NRW."""
    name: Mapped[str]
    """Empty unless the person consented."""
    consent_on: Mapped[date | None]
    """When the person consented that their name is shown."""
    email: Mapped[str]
    """Of the office; public."""
    phone: Mapped[str]
    until: Mapped[date | None]
    """The last day on which it is shown; erased afterwards."""
