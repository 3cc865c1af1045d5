"""What crosses the border between hub and plugins: frozen values, no behaviour.

Codes are strings, lists are tuples, times are aware `datetime`s, text is plain (no HTML).
A plugin fills what it knows and leaves the rest at its default; the hub validates and
normalises everything it is given (`hub.catalogue.normalise`), so a plugin need not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum


class Kind(StrEnum):
    """The eight services of a media centre, each a kind of offer of its own."""

    MEDIUM = "medium"
    DEVICE = "device"
    ROOM = "room"
    TRAINING = "training"
    CONSULTING = "consulting"
    PROJECT = "project"
    PARENTS_EVENING = "parents_evening"
    SCOUTS = "scouts"


class MediumType(StrEnum):
    """What a medium is, whatever carries it."""

    VIDEO = "video"
    AUDIO = "audio"
    IMAGE = "image"
    DOCUMENT = "document"
    PACKAGE = "package"
    INTERACTIVE = "interactive"
    WEBSITE = "website"
    OTHER = "other"


class Carrier(StrEnum):
    """How a medium reaches the user: online, or as a thing that is lent."""

    ONLINE = "online"
    DVD = "dvd"
    VHS = "vhs"
    CD_ROM = "cd_rom"
    FILM = "film"
    SLIDES = "slides"
    TRANSPARENCIES = "transparencies"
    PRINT = "print"
    OTHER = "other"


class AccessMode(StrEnum):
    """How one gets at an offer, before anybody's licence is looked at."""

    OPEN = "open"
    LOGIN = "login"
    LICENSED = "licensed"
    LOAN = "loan"
    BOOKING = "booking"
    REQUEST = "request"


class Scope(StrEnum):
    """Whom a grant reaches."""

    LAND = "land"
    SITE = "site"
    SCHOOL = "school"
    SCHOOL_TYPE = "school_type"
    ROLE = "role"


@dataclass(frozen=True, slots=True)
class Identifier:
    """A name that others use for the same thing.

    Schemes: `medium` (media number or `PROVIDER-number`), `parallel` (media number of another
    edition of the same work), `isbn`, `ean`, `doi`, `url` (the address of the thing itself).
    """

    scheme: str
    value: str


@dataclass(frozen=True, slots=True)
class Grant:
    """A licence: it reaches `scope`/`value` in the half-open term [valid_from, valid_until).

    `value` is the Land (`NRW`), site key, Schulnummer, school type or role; an open end is None.
    """

    scope: Scope
    value: str
    valid_from: date | None = None
    valid_until: date | None = None


@dataclass(frozen=True, slots=True)
class Entered(Grant):
    """A licence that people entered beside those of the sources.

    `role` narrows it to persons in this role (Schulconnex, in lower case); `policy` names the
    document that says so.
    """

    role: str = ""
    policy: str = ""
    concurrent: int | None = None
    """So many may use it at the same time; None is any number."""
    pool: int = 0
    """Which permission of the policy: all that it reaches share the number."""
    taken: int = 0
    """How many uses run just now."""

    @property
    def full(self) -> bool:
        return self.concurrent is not None and self.taken >= self.concurrent


@dataclass(frozen=True, slots=True)
class Event:
    """A date on which something takes place, with seats where they are limited."""

    start: datetime
    end: datetime
    place: str = ""
    seats: int | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a record that another hub passed on was first taken in."""

    hub: str
    """Address of that hub (`HUB_BASE_URL`)."""
    site: str
    """Key of the site there that offers it."""
    site_name: str
    offer_id: int
    """Its number there: its page is `<hub>/angebot/<offer_id>`."""
    bookable: bool = False
    """Whether it is booked there by the plugin that brought it."""


@dataclass(frozen=True, slots=True)
class Record:
    """One offer of one site as its source describes it."""

    source_id: str
    kind: Kind
    title: str
    subtitle: str = ""
    series: str = ""
    description: str = ""
    languages: tuple[str, ...] = ()
    """BCP 47, `de`."""
    identifiers: tuple[Identifier, ...] = ()
    url: str = ""
    """Where an open resource is found, or what is known about it; never a session's link."""
    image_url: str = ""
    medium_type: MediumType | None = None
    carrier: Carrier | None = None
    subjects: tuple[str, ...] = ()
    """EAF Sachgebiete as strings, `080`, `20001`."""
    levels: tuple[str, ...] = ()
    """OEH educationalContext ids, `grundschule`, `sekundarstufe_1`."""
    grades: tuple[int, int] | None = None
    """First and last school year, both inclusive."""
    competences: tuple[str, ...] = ()
    """Medienkompetenzrahmen NRW, `3.4`."""
    audiences: tuple[str, ...] = ()
    """Target groups: school, kita, zfsl, education, youth, culture, parents, club, citizen."""
    keywords: tuple[str, ...] = ()
    creators: tuple[str, ...] = ()
    publishers: tuple[str, ...] = ()
    year: int | None = None
    duration: int | None = None
    """Seconds."""
    age_rating: str = ""
    """FSK as printed: `0`, `6`, `12`, `16`, `18`, `Lehr`."""
    licence: str = ""
    """A licence's address (`https://creativecommons.org/licenses/by/4.0/`) or its name."""
    access: AccessMode = AccessMode.OPEN
    grants: tuple[Grant, ...] = ()
    quantity: int | None = None
    """Devices: how many; rooms: how many persons."""
    place: str = ""
    events: tuple[Event, ...] = ()
    cost: str = ""
    """In words; empty means free of charge."""
    contact: str = ""
    details: Mapping[str, str] = field(default_factory=dict)
    """What only this kind of offer or this source knows, label to text, shown as it stands."""
    modified: datetime | None = None
    """When the source says it last changed."""
    origin: Origin | None = None
    """None: this site's own source says it."""


@dataclass(frozen=True, slots=True)
class Upsert:
    """The source offers this record, new or changed or as before.

    `words` is what the source itself says, by column or element, for the mapping of a site
    (`Plugin.maps`); it is not stored. `raw` is the piece of the source from which the record was
    read, as XML, JSON or text: staff see it beside the record. Nothing secret belongs in it.
    """

    record: Record
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    raw: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """The source offers the record that `read(content)` gives, new or changed or as before.

    For large sources: the hub reads it on another core, and not at all where the same code has
    read the same content before. `read` is a function of a module, or `functools.partial` of one
    (no lambda, no method); it may raise `ValueError` with the reason why this is no record. The
    record must have the same `source_id`. `words`, of the same form, gives what `Upsert.words` is.
    """

    source_id: str
    content: bytes
    read: Callable[[bytes], Record]
    words: Callable[[bytes], Mapping[str, tuple[str, ...]]] | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    """The source says that this record is gone."""

    source_id: str


@dataclass(frozen=True, slots=True)
class Reject:
    """A piece of the source that cannot become a record: kept with its reason, never dropped.

    `source_id` is whatever helps to find it again (an identifier, `row 17`); `excerpt` is the
    piece itself, shortened.
    """

    source_id: str
    reason: str
    excerpt: str = ""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Everything yielded so far may be committed together with `cursor`.

    The cursor comes back in the next call, after a crash or at the next run. `complete` says
    that since the call with cursor None (crashes in between included) every record of the
    source was yielded, so the hub may withdraw what it did not see. `total` is the number of
    records that the source announces, for the progress bar.
    """

    cursor: str | None
    complete: bool = False
    total: int | None = None


Change = Upsert | Document | Delete | Reject | Checkpoint


@dataclass(frozen=True, slots=True)
class Availability:
    """How many of `total` are free now; `note` in words (`zurück am 3. Mai`)."""

    free: int
    total: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """A stored offer as plugins see it."""

    id: int
    site: str
    plugin: str
    record: Record


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks, in the context that is active: a pseudonymous id, roles and schools."""

    id: str
    roles: tuple[str, ...] = ()
    schools: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Access:
    """A link that works now; it is followed at once and never stored."""

    url: str
    expires: datetime | None = None


@dataclass(frozen=True, slots=True)
class Slot:
    """A stretch of time [start, end) in which `free` pieces or seats can be had."""

    start: datetime
    end: datetime
    free: int


@dataclass(frozen=True, slots=True)
class Contact:
    """How a borrower is reached, asked at the first booking at a site."""

    name: str
    email: str
    phone: str = ""


@dataclass(frozen=True, slots=True)
class BookingRequest:
    """What a person wants to book: `quantity` of an offer in [start, end)."""

    offer: Offer
    person: Person
    start: datetime
    end: datetime
    quantity: int = 1
    note: str = ""
    institution: int | None = None
    """Number of the institution in whose name, `institution_name` for people; None is privately."""
    institution_name: str = ""
    fulfilment: str = "pickup"
    """`pickup`, `courier` or `letter_box`."""
    answers: Mapping[str, str] = field(default_factory=dict)
    """What the form of this kind of offer asked besides, code of the question to text."""
    contact: Contact | None = None
    waiting: bool = False
    """Whoever asks would wait where nothing is free; a plugin without waiting lists leaves it."""


@dataclass(frozen=True, slots=True)
class Booking:
    """A booking as the system that owns it has it.

    States: waiting, offered (held until a deadline for who waited), requested, confirmed,
    handed_out, returned, refused, cancelled, expired, no_show.
    """

    id: str
    offer: Offer
    state: str
    start: datetime
    end: datetime
    quantity: int = 1
    note: str = ""


@dataclass(frozen=True, slots=True)
class LoginMethod:
    """A login button. `fields` are what the hub's own page shall ask for (`login`, `password`,
    `code`) and hand to `identity_complete`; without any, the browser is sent elsewhere.

    `self_service` is what the hub's pages offer beside it, for accounts that the hub itself keeps:
    `reset` a new password by mail, `register` an account of one's own.
    """

    id: str
    label: str
    fields: tuple[str, ...] = ()
    self_service: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Claims:
    """What an identity provider vouches for; (issuer, subject) is the key of the identity."""

    issuer: str
    subject: str
    name: str = ""
    email: str = ""
    roles: tuple[str, ...] = ()
    schools: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MenuItem:
    """A link in the site's menu."""

    label: str
    url: str
