"""Institutions that borrow and book: schools from the state's list, others entered by hand."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hub.models.base import Base, UtcDateTime, now


class Institution(Base):
    """A school, Kita, ZfsL, Verein or another body. It is never deleted: it closes on a day."""

    __tablename__ = "institution"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    """A code of the vocabulary `institution_kind`: `school`, `kita`, `zfsl`, `club`, …"""
    school_id: Mapped[str | None] = mapped_column(unique=True)
    """As `hub.formats.school_ids` writes it: `DE-NW-100012`; null for what has no Schulnummer."""
    listed: Mapped[bool]
    """Whether it comes from the state's list, which then decides what is known of it."""
    name: Mapped[str]
    short_name: Mapped[str] = mapped_column(default="")
    school_form: Mapped[str] = mapped_column(default="")
    """Schulform: the state's code, a term of the vocabulary `school_form`."""
    private: Mapped[bool] = mapped_column(default=False)
    street: Mapped[str] = mapped_column(default="")
    postcode: Mapped[str] = mapped_column(default="", index=True)
    town: Mapped[str] = mapped_column(default="")
    municipality: Mapped[str] = mapped_column(default="")
    """Gemeindeschlüssel, 8 digits; the first 5 are the district (AGS)."""
    phone: Mapped[str] = mapped_column(default="")
    email: Mapped[str] = mapped_column(default="")
    website: Mapped[str] = mapped_column(default="")
    utm_east: Mapped[int | None]
    """Metres in EPSG:25832, as is `utm_north`."""
    utm_north: Mapped[int | None]
    opened_on: Mapped[date | None]
    closed_on: Mapped[date | None]
    """The last day, which may lie ahead."""
    search_text: Mapped[str] = mapped_column(Text)
    """Its names and place, folded (`hub.institutions.find.fold`)."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class InstitutionSite(Base):
    """A site that serves an institution: by its district, or because somebody said so."""

    __tablename__ = "institution_site"
    __table_args__ = (Index(None, "site_key", "institution_id"),)

    institution_id: Mapped[int] = mapped_column(
        ForeignKey("institution.id", ondelete="CASCADE"), primary_key=True
    )
    site_key: Mapped[str] = mapped_column(ForeignKey("site.key"), primary_key=True)
    by_hand: Mapped[bool]
    """Set by a person; such rows replace what the district says."""


class InstitutionChange(Base):
    """What became of an institution when, field by field."""

    __tablename__ = "institution_change"
    __table_args__ = (Index(None, "institution_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id", ondelete="CASCADE"))
    list_id: Mapped[int | None] = mapped_column(ForeignKey("school_list.id"), index=True)
    """The list that brought it; null when a person entered it."""
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str]
    event: Mapped[str]
    """`added`, `changed`, `closed` or `reopened`."""
    before: Mapped[dict[str, Any]] = mapped_column(JSON)
    after: Mapped[dict[str, Any]] = mapped_column(JSON)


class SchoolList(Base):
    """An edition of the state's list that was taken in."""

    __tablename__ = "school_list"

    id: Mapped[int] = mapped_column(primary_key=True)
    as_of: Mapped[date]
    """The day of which the edition is."""
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str]
    file: Mapped[str]
    sha256: Mapped[str]
    counts: Mapped[dict[str, int]] = mapped_column(JSON)
    rejects: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    """Line, number and reason of rows that could not be taken in, at most 1,000."""


class Borrower(Base):
    """A person who may borrow in the name of an institution at a site (Entleihberechtigte)."""

    __tablename__ = "borrower"
    __table_args__ = (
        UniqueConstraint("person_id", "institution_id", "site_key"),
        Index(None, "site_key", "state", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    site_key: Mapped[str] = mapped_column(ForeignKey("site.key"))
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    state: Mapped[str]
    """`open`, `approved` or `suspended`."""
    verified: Mapped[str] = mapped_column(default="")
    """How: `desk` by the staff, `mail` by a code that went to the institution's address."""
    reason: Mapped[str] = mapped_column(default="")
    """Why it is suspended, for the person."""
    code_hash: Mapped[str] = mapped_column(default="")
    code_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    requested_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
