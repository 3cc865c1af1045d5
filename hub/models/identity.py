"""People, the identities by which they log in, and what they may do where."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from hub.models.base import Base, UtcDateTime, now


class Person(Base):
    """Somebody who has logged in, or was invited to. No pupil is stored."""

    __tablename__ = "person"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    """A random name without meaning, by which plugins know the person."""
    name: Mapped[str]
    """As the login gives it; empty where it gives a pseudonym only."""
    email: Mapped[str]
    language: Mapped[str] = mapped_column(default="de")
    """In which mails are written: that of the page of the last login."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the person last logged in; the retention of inactive accounts counts from here."""


class Identity(Base):
    """What one provider calls a person: (issuer, subject) is the key, never an address."""

    __tablename__ = "identity"

    issuer: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class Membership(Base):
    """A role of a person at a site, or in the whole network (no site)."""

    __tablename__ = "membership"
    __table_args__ = (Index("ix_membership_site_key_role", "site_key", "role"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    site_key: Mapped[str | None] = mapped_column(ForeignKey("site.key", ondelete="CASCADE"))
    school: Mapped[str] = mapped_column(default="")
    """Schulnummer, for roles at a school; a teacher of two schools has two memberships."""
    role: Mapped[str]
    source: Mapped[str]
    """Who says so: `local` (granted here), or the issuer whose login brings the role."""
    valid_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


# One role once per person, place and source; NULL would count as different from itself.
Index(
    "ix_membership_unique",
    Membership.person_id,
    func.coalesce(Membership.site_key, ""),
    Membership.school,
    Membership.role,
    Membership.source,
    unique=True,
)


class Account(Base):
    """A local account of one site: login name and password."""

    __tablename__ = "account"
    __table_args__ = (UniqueConstraint("site_key", "login"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    site_key: Mapped[str] = mapped_column(ForeignKey("site.key", ondelete="CASCADE"))
    login: Mapped[str]
    """As typed, in lower case."""
    password: Mapped[str]
    """Argon2id with its parameters and salt."""
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    brings: Mapped[str] = mapped_column(default="")
    """The role that its login brings: `citizen` for who registered; empty where one is granted."""


class LoginSession(Base):
    """A browser in which somebody is logged in. The cookie holds the token, this row its hash."""

    __tablename__ = "login_session"
    __table_args__ = (Index("ix_login_session_issuer_subject", "issuer", "subject"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    person_id: Mapped[int | None] = mapped_column(
        ForeignKey("person.id", ondelete="CASCADE"), index=True
    )
    guest: Mapped[list[list[Any]] | None] = mapped_column(JSON)
    """Roles (role, site, school) of somebody who is stored as no person: of a pupil."""
    issuer: Mapped[str] = mapped_column(default="")
    subject: Mapped[str] = mapped_column(default="")
    """The identity that it began with, so that its provider can end it; empty for a pupil."""
    membership_id: Mapped[int | None] = mapped_column(
        ForeignKey("membership.id", ondelete="SET NULL")
    )
    """The context that was chosen."""
    proven_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    """When the person last proved who they are."""
    waits: Mapped[bool] = mapped_column(default=False)
    """Begun, but nobody's until the code of the second factor was given."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    agent: Mapped[str]
    """What the browser calls itself, shortened."""
    address: Mapped[str]
    """The network it came from: the last parts of the address are never stored."""


class SecondFactor(Base):
    """The secret of somebody's app for one-time codes."""

    __tablename__ = "second_factor"

    person_id: Mapped[int] = mapped_column(
        ForeignKey("person.id", ondelete="CASCADE"), primary_key=True
    )
    secret: Mapped[str]
    """Encrypted."""
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """From here on logins need a code."""
    last_step: Mapped[int]
    """The time step of the code used last, which does not count again."""
    recovery: Mapped[list[str]] = mapped_column(JSON)
    """Hashes of the recovery codes that are left."""


class Passkey(Base):
    """A security key or passkey with which somebody can give the second factor."""

    __tablename__ = "passkey"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    credential: Mapped[bytes] = mapped_column(unique=True)
    """The name that the key gave itself for this hub."""
    public_key: Mapped[bytes]
    """COSE_Key (RFC 9052 section 7)."""
    sign_count: Mapped[int] = mapped_column(BigInteger)
    """How often it signed, by its own count; 0 where it does not count."""
    name: Mapped[str]
    """What the person calls it."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class LoginCode(Base):
    """A way in that can be used once: an invitation, or help for somebody locked out."""

    __tablename__ = "login_code"

    code_hash: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)


class UsedAnswer(Base):
    """A signed answer of a login service that was brought: it logs nobody in a second time."""

    __tablename__ = "used_answer"

    digest: Mapped[str] = mapped_column(primary_key=True)
    """Of who signed it and its id."""
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class DeskCode(Base):
    """A code that the desk gave to a person: the login that brings it becomes theirs too."""

    __tablename__ = "desk_code"

    code_hash: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    site_key: Mapped[str] = mapped_column(ForeignKey("site.key", ondelete="CASCADE"))
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)


class MailedCode(Base):
    """A code that was mailed and works once, so that whoever brings it reads that address."""

    __tablename__ = "mailed_code"

    code_hash: Mapped[str] = mapped_column(primary_key=True)
    purpose: Mapped[str]
    """`reset` of the password of an account, `register` with this address, or `head:<number>` to
    confirm a booking."""
    site_key: Mapped[str] = mapped_column(ForeignKey("site.key", ondelete="CASCADE"))
    email: Mapped[str] = mapped_column(index=True)
    """In lower case."""
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    """The account that gets a new password; None before there is one."""
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ApiToken(Base):
    """With which a person's programs ask the API for what the person may at one site."""

    __tablename__ = "api_token"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    site_key: Mapped[str] = mapped_column(ForeignKey("site.key", ondelete="CASCADE"))
    name: Mapped[str]
    """What the person calls it: for which program it is."""
    scopes: Mapped[str] = mapped_column(default="", server_default="")
    """What it may besides reading (`hub.identity.api_tokens.SCOPES`), with blanks between."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When it was last used, to the hour."""


class LoginThrottle(Base):
    """Failed logins in a row, by account and by network; whoever is named here cannot be told."""

    __tablename__ = "login_throttle"

    key_hash: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int]
    last_at: Mapped[datetime] = mapped_column(UtcDateTime)
