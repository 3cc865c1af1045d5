"""What a plugin is: a class; what exists before a site is known is a class attribute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import marshmallow as ma

if TYPE_CHECKING:
    from flask import Blueprint


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

    `internal_hosts` are the private hosts that this site allows by name; `files` is the folder
    in which the site's files lie (the only one a plugin may read from).
    """

    key: str
    name: str
    land: str
    standort: str
    time_zone: str
    internal_hosts: frozenset[str]
    files: Path


class Secret(ma.fields.Field):
    """placeholder"""


class Plugin:
    """Base class of every plugin; one instance per site that enables it."""

    name: ClassVar[str]
    title: ClassVar[Text]
    description: ClassVar[Text] = {}
    category: ClassVar[str] = "catalogue"
    Config: ClassVar[type[ma.Schema]] = ma.Schema
    personal_data: ClassVar[tuple[PersonalData, ...]] = ()
    hosts: ClassVar[tuple[str, ...]] = ()
    blueprint: ClassVar[Blueprint | None] = None
    migrations: ClassVar[Path | None] = None

    def __init__(self, site: SiteInfo, config: dict[str, Any]) -> None:
        self.site = site
        self.config = config
