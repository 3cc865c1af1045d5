"""The sites of the network as `config/network.toml` and their own staff describe them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, true
from sqlalchemy.orm import Mapped, mapped_column

from hub.models.base import Base


class Site(Base):
    """A Medienzentrum or Landesmedienzentrum; it may serve several districts, or share one."""

    __tablename__ = "site"

    key: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    kind: Mapped[str]
    """`centre` or `state` (Landesmedienzentrum)."""
    ags: Mapped[list[str]] = mapped_column(JSON)
    """The districts it serves; a Landesmedienzentrum has none."""
    association: Mapped[str]
    """Landschaftsverband: `LVR` or `LWL`."""
    region: Mapped[str]
    """Regierungsbezirk; empty for a Landesmedienzentrum."""
    standort: Mapped[str]
    """The Standort of an ARIX context, by default the licence-plate code."""
    time_zone: Mapped[str]
    internal_hosts: Mapped[list[str]] = mapped_column(JSON, default=list)
    """Private hosts that its plugins may reach; without this a private address is refused."""
    contact: Mapped[dict[str, Any]] = mapped_column(JSON)
    """Street, postcode, town, phone, email, website, opening hours: text by name."""
    branches: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    profile: Mapped[dict[str, Any]] = mapped_column(JSON)
    """What the Steckbrief says beyond the offers: task, team, rooms, target groups, cost."""
    second_factor: Mapped[bool] = mapped_column(default=True, server_default=true())
    """Whether the rights of its staff rest until they log in with a second factor."""
    recommended_to: Mapped[bool] = mapped_column(default=True, server_default=true())
    """Whether its pages show what the Landesmedienzentren recommend."""
    position: Mapped[int]
    """Its place in lists, by name in German order."""
