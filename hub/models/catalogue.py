"""Offers as the sites' sources describe them, and the works that several offers share."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hub.models.base import Base, UtcDateTime


class Work(Base):
    """The same thing offered by several sites: one row, one entry in the search."""

    __tablename__ = "work"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]


class WorkKey(Base):
    """A match key (`nr:5511494`, `isbn:978…`, `url:…`) and the work that it names."""

    __tablename__ = "work_key"

    key: Mapped[str] = mapped_column(primary_key=True)
    work_id: Mapped[int] = mapped_column(ForeignKey("work.id"), index=True)


class Offer(Base):
    """What a site offers, by (site, plugin, source id); a withdrawn offer stays as a tombstone."""

    __tablename__ = "offer"
    __table_args__ = (
        UniqueConstraint("site_key", "plugin", "source_id"),
        Index(None, "kind", "id"),
        Index(None, "changed_at", "id"),
        Index(None, "site_key", "changed_at", "id"),
        Index(None, "kind", "changed_at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    site_key: Mapped[str] = mapped_column(ForeignKey("site.key"))
    plugin: Mapped[str]
    source_id: Mapped[str]
    kind: Mapped[str]
    title: Mapped[str]
    record: Mapped[str] = mapped_column(Text)
    """The normalised record as JSON without default values (`hub.catalogue.normalise`)."""
    content_hash: Mapped[str]
    """Of the normalised record."""
    source_hash: Mapped[str] = mapped_column(server_default="")
    """Of the document that the record was read from, and of what read it (`hub.catalogue.reading`);
    where the plugin read it, of what the source sent, empty where the plugin does not tell."""
    match_keys: Mapped[str]
    """Its match keys, separated by spaces."""
    link_keys: Mapped[str] = mapped_column(Text, server_default="")
    """Keys of the links that join it to others (`link:17`), beside those of its record."""
    apart: Mapped[int | None]
    """The decision (`WorkLink.id`) that took it out of a work: its match keys then count among
    the offers with the same number only."""
    work_id: Mapped[int] = mapped_column(ForeignKey("work.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """The datestamp: when it last changed here, or was withdrawn."""
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class OfferRaw(Base):
    """What the source sent of a live offer, compressed (`hub.catalogue.raw`)."""

    __tablename__ = "offer_raw"

    offer_id: Mapped[int] = mapped_column(
        ForeignKey("offer.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    content: Mapped[bytes] = mapped_column(LargeBinary)


class OfferGrant(Base):
    """A licence of an offer, in rows so that entitlement is one query."""

    __tablename__ = "offer_grant"
    __table_args__ = (
        Index("ix_offer_grant_scope_value", "scope", "value", "offer_id"),
        Index(None, "valid_until"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    offer_id: Mapped[int] = mapped_column(ForeignKey("offer.id"), index=True)
    scope: Mapped[str]
    value: Mapped[str]
    valid_from: Mapped[date | None]
    valid_until: Mapped[date | None]
