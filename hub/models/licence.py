"""Licences that people entered beside those of the sources, and wishes for licences that lack."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hub.models.base import Base, UtcDateTime, now


class EnteredGrant(Base):
    """A licence for everything that has a match key, whichever source brings it and when."""

    __tablename__ = "entered_grant"
    __table_args__ = (UniqueConstraint("policy", "key", "scope", "value", "role"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(index=True)
    """As `WorkKey.key`: `nr:5511494`."""
    scope: Mapped[str]
    value: Mapped[str]
    role: Mapped[str]
    """Only for persons in this role (`lehr`); empty is everybody whom the scope reaches."""
    valid_from: Mapped[date | None]
    valid_until: Mapped[date | None]
    concurrent: Mapped[int | None]
    """So many may use it at the same time; None is any number."""
    pool: Mapped[int] = mapped_column(default=0, server_default="0")
    """Which permission of the policy: all that it reaches share its number of uses."""
    policy: Mapped[str]
    """The identifier of the document that says so; taken in again it replaces its grants."""
    origin: Mapped[str]
    """The file from which it was taken."""
    entered_by: Mapped[str]
    entered_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class RunningUse(Base):
    """One use of a licence that counts them, until its time is over; whose is nowhere written."""

    __tablename__ = "running_use"
    __table_args__ = (Index(None, "policy", "key", "pool", "until"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    policy: Mapped[str]
    """With `key` and `pool` as in `EnteredGrant`, whose rows may be replaced meanwhile."""
    key: Mapped[str]
    pool: Mapped[int]
    mark: Mapped[str]
    """Hash of what the browser keeps."""
    until: Mapped[datetime] = mapped_column(UtcDateTime)


class Wish(Base):
    """Somebody's wish that their centre may license a work, named by one of its offers."""

    __tablename__ = "wish"
    __table_args__ = (Index(None, "site_key", "offer_id"), Index(None, "offer_id"))

    person_id: Mapped[int] = mapped_column(
        ForeignKey("person.id", ondelete="CASCADE"), primary_key=True
    )
    offer_id: Mapped[int] = mapped_column(
        ForeignKey("offer.id", ondelete="CASCADE"), primary_key=True
    )
    """Not the work: works are joined and parted, an offer stays what it is."""
    site_key: Mapped[str] = mapped_column(ForeignKey("site.key", ondelete="CASCADE"))
    """The centre that is asked."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
