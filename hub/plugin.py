"""What a plugin is: a class; what exists before a site is known is a class attribute."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import marshmallow as ma

from hub.formats.fieldmap import EMPTY, FieldMap
from hub.secrets import Secret, SecretValue

if TYPE_CHECKING:
    from flask import Blueprint

    from hub.db import Database

__all__ = [
    "Config",
    "PersonalData",
    "Plugin",
    "Secret",
    "SecretValue",
    "SiteInfo",
    "Text",
    "machine",
    "permission",
    "public",
]

Text = Mapping[str, str]
"""A text for people by language: `{"de": "Verleih", "en": "Lending"}`."""


@dataclass(frozen=True, slots=True)
class PersonalData:
    """One kind of personal data that a plugin handles, for the privacy notice."""

    what: Text
    purpose: Text
    retention: Text


@dataclass(frozen=True, slots=True)
class SiteInfo:
    """What a plugin may know of the site it runs at, and how it may reach other systems.

    `hub` is the address of this hub (`HUB_BASE_URL`), `replies` where answers to its mails go
    (`HUB_REPLY_ADDRESS`); both are empty where there is none.
    `internal_hosts` are the private hosts that this site allows by name; `files` is the folder
    in which the site's files lie (the only one a plugin may read from); `database` is where its
    own tables are (None where a plugin is built without a hub).
    """

    key: str
    name: str
    land: str
    standort: str
    time_zone: str
    internal_hosts: frozenset[str]
    files: Path
    database: Database | None = field(default=None, compare=False, repr=False)
    hub: str = ""
    replies: str = ""


View = TypeVar("View", bound=Callable[..., Any])


def public(view: View) -> View:
    """Mark a view of a plugin's blueprint as open to everybody; any other demands a login."""
    view.hub_public = True  # type: ignore[attr-defined]
    return view


def machine(view: View) -> View:
    """Mark a view that other systems call, which prove by what they send who they are.

    Nobody is logged in there, and no form of the hub's is demanded: the view must check
    everything itself, and may not look at cookies.
    """
    view.hub_public = True  # type: ignore[attr-defined]
    view.hub_csrf_exempt = True  # type: ignore[attr-defined]
    return view


def permission(action: str) -> Callable[[View], View]:
    """Mark a view of a plugin's blueprint as open to those who may do this at its site.

    The actions stand in `hub.identity.permissions`.
    """

    def mark(view: View) -> View:
        view.hub_permission = action  # type: ignore[attr-defined]
        return view

    return mark


class Config(ma.Schema):
    """Base of a plugin's configuration schema; unknown keys are refused.

    Each field carries its texts for people in German and English:
    `metadata={"label": {"de": "Adresse", "en": "Address"}, "help": {"de": "…", "en": "…"}}`;
    `help` may be left out; `"long": True` makes a text one of many lines. `"options": {"search":
    {"de": "Suche", "en": "search"}}` gives the values of a `OneOf` their words. A field of type
    `Secret` holds a password, token or key.
    """

    class Meta:
        unknown = ma.RAISE


class Plugin:
    """Base class of every plugin; one instance per site that enables it.

    Its `name` is also its entry point, configuration key, URL part and log field. The
    constructor gets the validated configuration with secrets resolved (`SecretValue`); it does
    no I/O, and may raise any exception to refuse a configuration that the schema cannot judge.
    """

    name: ClassVar[str]
    title: ClassVar[Text]
    description: ClassVar[Text] = {}
    category: ClassVar[str] = "catalogue"
    Config: ClassVar[type[ma.Schema]] = Config
    personal_data: ClassVar[tuple[PersonalData, ...]] = ()
    hosts: ClassVar[tuple[str, ...]] = ()
    blueprint: ClassVar[Blueprint | None] = None
    migrations: ClassVar[Path | None] = None
    waiting_list: ClassVar[bool] = False
    """Whether it takes requests (`BookingRequest.waiting`) to wait for what is full there."""
    translations: ClassVar[Path | None] = None
    """Folder with the German texts of its pages (`*.po`); the code has them in English."""
    reads: ClassVar[tuple[str, ...]] = ()
    """Fields of its configuration that decide which records it gives and what they say: when one of
    them was changed, the next run begins anew in place of going on from its cursor."""
    maps: ClassVar[tuple[str, ...]] = ()
    """Fields of its records that a site's admins may map from the words of the source
    (`Upsert.words`, `Document.words`). Of these the hub fills `hub.formats.fieldmap.FILLED` itself;
    others only a plugin can map that implements `mapping_words` and `mapping_record`."""
    mapping: FieldMap = EMPTY
    """The site's mapping; the hub sets it before it asks anything."""

    def __init__(self, site: SiteInfo, config: dict[str, Any]) -> None:
        self.site = site
        self.config = config
