"""What can be booked, who booked it, and how much of it that holds at which time."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from hub.models.base import Base, UtcDateTime, now


class Bookable(Base):
    """Something of limited number: a model of a device, a room, the seats of a course.

    It belongs to the plugin that keeps it in the hub's ledger; its offer in the catalogue has the
    same site, plugin and source id. Whoever changes what it can hold takes its lock, which is
    its `version`.
    """

    __tablename__ = "bookable"
    __table_args__ = (UniqueConstraint("site_key", "plugin", "source_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    site_key: Mapped[str] = mapped_column(ForeignKey("site.key", ondelete="CASCADE"))
    plugin: Mapped[str]
    source_id: Mapped[str]
    kind: Mapped[str]
    title: Mapped[str]
    capacity: Mapped[int | None]
    """How many can be had at one time; None where nothing limits it (a request)."""
    buffer_before: Mapped[int] = mapped_column(default=0)
    """Minutes kept free before each booking, to prepare; `buffer_after` to check and clean."""
    buffer_after: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=0)
    starts_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Where the time is fixed, as of a course; `ends_at` likewise."""
    ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """Whatever else its plugin knows of it: what the catalogue shows, what a form asks."""
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """No longer offered; bookings that exist are kept."""
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class BookablePart(Base):
    """What a whole consists of: a divided room of its halves, a class set of its devices.

    Booking the whole takes `quantity` of each part, or nothing.
    """

    __tablename__ = "bookable_part"

    whole_id: Mapped[int] = mapped_column(
        ForeignKey("bookable.id", ondelete="CASCADE"), primary_key=True
    )
    part_id: Mapped[int] = mapped_column(
        ForeignKey("bookable.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    quantity: Mapped[int]


class Booking(Base):
    """One thing booked by one person for one time; states as in `hub.records.Booking`."""

    __tablename__ = "booking"
    __table_args__ = (
        Index(None, "site_key", "state", "starts_at"),
        Index(None, "person_id", "starts_at"),
        Index(None, "bookable_id", "starts_at"),
        Index(
            "ix_booking_external",
            "site_key",
            "plugin",
            "external_id",
            sqlite_where=text("external_id <> ''"),
            postgresql_where=text("external_id <> ''"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(unique=True)
    """What people and other systems call it: eight letters and digits, no row number."""
    site_key: Mapped[str] = mapped_column(ForeignKey("site.key", ondelete="CASCADE"))
    plugin: Mapped[str]
    bookable_id: Mapped[int | None] = mapped_column(ForeignKey("bookable.id"))
    """None where another system keeps the books."""
    offer_id: Mapped[int | None] = mapped_column(ForeignKey("offer.id"), index=True)
    kind: Mapped[str]
    title: Mapped[str]
    """Of the offer when it was booked."""
    state: Mapped[str]
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    quantity: Mapped[int]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"))
    """None after its retention, or once the person is erased."""
    institution_id: Mapped[int | None] = mapped_column(ForeignKey("institution.id"), index=True)
    """In whose name."""
    borrower: Mapped[str] = mapped_column(default="")
    """The class of borrower whose rules held: a kind of institution, or `private`."""
    fulfilment: Mapped[str] = mapped_column(default="pickup")
    """`pickup`, `courier` or `letter_box`."""
    note: Mapped[str] = mapped_column(Text, default="")
    """What the person wrote."""
    answers: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    """What the form of this kind of offer asked besides (`hub.booking.questions`), code to text."""
    head: Mapped[str] = mapped_column(default="")
    """Whether the head of the institution has to confirm it: `awaited`, then `given`."""
    reason: Mapped[str] = mapped_column(Text, default="")
    """Why it was refused or cancelled, for the person."""
    extensions: Mapped[int] = mapped_column(default=0)
    """How often it was made longer; in a cart, how often its hold was."""
    bundle: Mapped[str] = mapped_column(default="", server_default="")
    """Reference of the first of those that were booked in one go at one site; empty where it was
    booked alone."""
    external_id: Mapped[str] = mapped_column(default="")
    """What the system calls it that keeps the books, where that is another one."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class Hold(Base):
    """How much of a bookable a booking takes away from others in [starts_at, until).

    The times carry the buffers. A booking that ends without a trace in the ledger has no holds.
    """

    __tablename__ = "booking_hold"
    __table_args__ = (Index(None, "bookable_id", "until"),)

    booking_id: Mapped[int] = mapped_column(
        ForeignKey("booking.id", ondelete="CASCADE"), primary_key=True
    )
    bookable_id: Mapped[int] = mapped_column(ForeignKey("bookable.id"), primary_key=True)
    quantity: Mapped[int]
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    until: Mapped[datetime] = mapped_column(UtcDateTime)
    out: Mapped[bool] = mapped_column(default=False)
    """Handed out: it holds until it is back, whatever `until` says."""
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """In a cart, which keeps it only so long."""


Index(
    "ix_booking_bundle",
    Booking.site_key,
    Booking.bundle,
    sqlite_where=text("bundle <> ''"),
    postgresql_where=text("bundle <> ''"),
)
Index(
    "ix_booking_hold_expires_at",
    Hold.expires_at,
    sqlite_where=text("expires_at IS NOT NULL"),
    postgresql_where=text("expires_at IS NOT NULL"),
)


class BookingKey(Base):
    """A key under which somebody asked to book: the same key books once."""

    __tablename__ = "booking_key"

    site_key: Mapped[str] = mapped_column(
        ForeignKey("site.key", ondelete="CASCADE"), primary_key=True
    )
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]
    """Of what was asked for: the same key with another request is a mistake."""
    booking_id: Mapped[int | None] = mapped_column(
        ForeignKey("booking.id", ondelete="CASCADE"), index=True
    )
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class BookingEvent(Base):
    """What became of a booking, when and by whom."""

    __tablename__ = "booking_event"
    __table_args__ = (Index(None, "booking_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    booking_id: Mapped[int] = mapped_column(ForeignKey("booking.id", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    event: Mapped[str]
    """The state it came to, or `extended`, `moved`, `part_returned`, `lapsed`, `head_given`,
    `upcoming`, `undone:<state>` or `reminded:<step>`."""
    actor: Mapped[str]
    """Key of the person who did it, or the name of what did."""
    note: Mapped[str] = mapped_column(default="")
    announced_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the plugins, mails and webhooks were told."""
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """Time, number, state and confirmation by the head before it was moved, to undo that."""


Index(
    "ix_booking_event_unannounced",
    BookingEvent.id,
    sqlite_where=text("announced_at IS NULL"),
    postgresql_where=text("announced_at IS NULL"),
)


class BookingContact(Base):
    """How a site reaches a borrower; asked once, at the first booking there."""

    __tablename__ = "booking_contact"

    person_id: Mapped[int] = mapped_column(
        ForeignKey("person.id", ondelete="CASCADE"), primary_key=True
    )
    site_key: Mapped[str] = mapped_column(
        ForeignKey("site.key", ondelete="CASCADE"), primary_key=True
    )
    name: Mapped[str]
    email: Mapped[str]
    phone: Mapped[str] = mapped_column(default="")
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class BookingTemplate(Base):
    """What a person books again and again, as it lay in their cart, under a name of their own."""

    __tablename__ = "booking_template"
    __table_args__ = (UniqueConstraint("person_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    name: Mapped[str]
    things: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    """As `hub.booking.templates.Thing` has them."""
    used_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    """When it was made or last put into the cart."""


class CalendarFeed(Base):
    """The secret address at which other programs read the calendar of a person."""

    __tablename__ = "calendar_feed"

    person_id: Mapped[int] = mapped_column(
        ForeignKey("person.id", ondelete="CASCADE"), primary_key=True
    )
    token_hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class BookingRules(Base):
    """Rules of a site: for all bookings (no kind, no borrower) or for some, which say more."""

    __tablename__ = "booking_rules"

    site_key: Mapped[str] = mapped_column(
        ForeignKey("site.key", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[str] = mapped_column(primary_key=True)
    borrower: Mapped[str] = mapped_column(primary_key=True)
    overrides: Mapped[dict[str, Any]] = mapped_column(JSON)
    """Fields of `hub.booking.rules.Rules` that differ from the more general row."""


class OpeningHours(Base):
    """When a site is open, and the days on which it is closed though it would be open."""

    __tablename__ = "opening_hours"

    site_key: Mapped[str] = mapped_column(
        ForeignKey("site.key", ondelete="CASCADE"), primary_key=True
    )
    week: Mapped[list[list[list[str]]]] = mapped_column(JSON)
    """Monday to Sunday: stretches like `["08:00", "16:00"]` in the site's own time."""
    closures: Mapped[list[list[str]]] = mapped_column(JSON)
    """First day, last day (ISO) and the reason."""
    school_holidays: Mapped[bool] = mapped_column(default=False)
    """Whether it is closed in the school holidays too."""


class Item(Base):
    """One physical piece of a model, with the code on its label."""

    __tablename__ = "item"
    __table_args__ = (UniqueConstraint("site_key", "code"), Index(None, "bookable_id", "code"))

    id: Mapped[int] = mapped_column(primary_key=True)
    site_key: Mapped[str] = mapped_column(ForeignKey("site.key", ondelete="CASCADE"))
    """The site that lends it."""
    owner: Mapped[str] = mapped_column(default="")
    """The site that owns it, where that is another one."""
    bookable_id: Mapped[int] = mapped_column(ForeignKey("bookable.id"))
    code: Mapped[str]
    """Inventory code, compared as `hub.booking.items.folded` writes it."""
    label: Mapped[str]
    """The code as it is printed."""
    state: Mapped[str]
    """`usable`, `repair`, `missing` or `retired`."""
    condition: Mapped[str] = mapped_column(Text, default="")
    accessories: Mapped[list[str]] = mapped_column(JSON, default=list)
    """What goes with it and is counted when it comes back."""
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class Handover(Base):
    """A piece in the hands of a borrower, and how it came back."""

    __tablename__ = "handover"
    __table_args__ = (Index(None, "booking_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    booking_id: Mapped[int] = mapped_column(ForeignKey("booking.id", ondelete="CASCADE"))
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"))
    out_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    out_by: Mapped[str]
    back_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    back_by: Mapped[str] = mapped_column(default="")
    lacking: Mapped[list[str]] = mapped_column(JSON, default=list)
    """Accessories that did not come back."""
    damage: Mapped[str] = mapped_column(Text, default="")


# A piece is with one borrower at a time, whatever two people at two desks press.
Index(
    "ix_handover_item_out",
    Handover.item_id,
    unique=True,
    sqlite_where=text("back_at IS NULL"),
    postgresql_where=text("back_at IS NULL"),
)


class Elsewhere(Base):
    """What is still to be said to the system that keeps the books of a booking, where that is
    another one, and when it was last asked."""

    __tablename__ = "booking_elsewhere"
    __table_args__ = (Index(None, "next_at"),)

    booking_id: Mapped[int] = mapped_column(
        ForeignKey("booking.id", ondelete="CASCADE"), primary_key=True
    )
    step: Mapped[str]
    """`create`, `move` or `cancel` until it is done; then `watch`, and `done` at the end."""
    attempts: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Not before then; None when nothing is left to do."""
    problem: Mapped[str] = mapped_column(Text, default="")
    """Why the last attempt failed, for the staff."""
    waiting: Mapped[bool] = mapped_column(default=False)
    """Whether the person wants to wait there where it is full."""
    wanted: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """Of a `move`: `starts_at`, `ends_at`, `quantity` that are asked for, by which `actor`, and
    under which `key` it is said."""
    turn: Mapped[int] = mapped_column(default=0, server_default="0")
    """Counts who took it up or wished for something: an answer to an earlier one is late."""
