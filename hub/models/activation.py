"""Which plugin is enabled at which site with which configuration, and who changed it when."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from hub.models.base import Base, UtcDateTime, now


class Activation(Base):
    """A plugin at a site. A disabled row keeps its configuration for when it is enabled again."""

    __tablename__ = "activation"

    site_key: Mapped[str] = mapped_column(ForeignKey("site.key"), primary_key=True)
    plugin: Mapped[str] = mapped_column(primary_key=True)
    enabled: Mapped[bool]
    config: Mapped[dict[str, Any]] = mapped_column(JSON)
    """As typed; a secret is `{"env": …}`, `{"file": …}` or `{"encrypted": …}`, never plain."""
    mapping: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """Field → rule, as `hub.mapping` checks it."""
    mapping_shared: Mapped[bool] = mapped_column(default=False)
    """Whether any other site may take the mapping over."""
    version: Mapped[int] = mapped_column(default=1)
    """Grows with each change, so that a process sees which of its instances is out of date."""
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class Counter(Base):
    """A named number that only grows; `activations` tells every process that something changed."""

    __tablename__ = "counter"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[int]


class AuditEntry(Base):
    """Who changed what when; secrets appear as `***`."""

    __tablename__ = "audit"
    __table_args__ = (Index(None, "site_key", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    actor: Mapped[str]
    site_key: Mapped[str | None]
    action: Mapped[str]
    """`plugin.enable`, `plugin.configure`, `sites.import`, …"""
    subject: Mapped[str]
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    after: Mapped[dict[str, Any] | None] = mapped_column(JSON)
