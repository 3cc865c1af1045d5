"""`config/network.toml`: the sites of the network, checked and put into the database.

One `[[site]]` table per site; `[site.contact]`, `[[site.branches]]` and `[site.profile]` belong
to the site above them. The fields are those of `hub.models.Site`.
"""

from __future__ import annotations

import re
import tomllib
import zoneinfo
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import marshmallow as ma
import sqlalchemy as sa
from marshmallow import fields, validate
from sqlalchemy.orm import Session

from hub import models
from hub.records import Kind
from hub.validation import explain

MAX_BYTES = 1_000_000
RESERVED = frozenset(
    (
        "abmelden admin angebot anmelden api bestaetigung empfehlungen en healthz konto liste "
        "meine-buchungen meine-listen merkliste metrics netz oai oeffnen static suche zentren"
    ).split()
)
"""First parts of the hub's own addresses, which a site's pages would hide."""

_OWN = frozenset({"key", "second_factor", "recommended_to"})
"""What no file of the network changes: the name of the row, and what the centre decides itself."""
_COLUMNS = tuple(column.name for column in models.Site.__table__.columns if column.name not in _OWN)
_GERMAN = str.maketrans({"ä": "a", "ö": "o", "ü": "u", "ß": "ss"})


class FileError(Exception):
    """A configuration file cannot be used; the message names the file, the place and the fault."""


def read_toml(path: Path) -> dict[str, Any]:
    """The file's content; raises `FileError`."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise FileError(f"{path}: larger than {MAX_BYTES} bytes.")
        return tomllib.loads(data.decode("utf-8-sig"))  # editors on Windows put a mark in front
    except OSError as error:
        raise FileError(f"{path}: cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise FileError(f"{path}: no UTF-8 text (byte {error.start}).") from error
    except tomllib.TOMLDecodeError as error:
        raise FileError(f"{path}: no valid TOML: {error}.") from error
    except RecursionError as error:
        raise FileError(f"{path}: no valid TOML: nested too deeply.") from error


def _line(**options: Any) -> fields.String:
    return fields.String(validate=validate.Length(min=1, max=200), **options)


def _text(**options: Any) -> fields.String:
    return fields.String(validate=validate.Length(min=1, max=2_000), **options)


def _known_time_zone(name: str) -> None:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ma.ValidationError("No known time zone; for example Europe/Berlin.") from None


class _Contact(ma.Schema):
    street = _line()
    postcode = fields.String(validate=validate.Regexp(r"^\d{5}$", error="Five digits."))
    town = _line()
    phone = fields.String(validate=validate.Regexp(r"^\+?[\d ()/.-]{5,30}$", error="No number."))
    email = fields.Email()
    website = fields.Url(schemes={"http", "https"})
    opening_hours = _line()


class _Branch(_Contact):
    name = _line(required=True)


class _Profile(ma.Schema):
    task = _text()
    status = _text()
    """What is unusual about the site, for example that it is being set up."""
    team = _text()
    rooms = _text()
    target_groups = fields.List(_line())
    services = fields.Dict(
        keys=fields.String(validate=validate.OneOf([kind.value for kind in Kind])), values=_text()
    )
    """What it says of each of the eight services: `yes`, `planned`, `no`, or in words."""
    cost = _text()
    consulting = _text()
    cooperation = _text()
    offers = _text()
    """What is worth knowing about its offers beyond their list."""
    equipment = _text()
    competence_team = fields.Url(schemes={"http", "https"})
    """The Kompetenzteam of its area, with which its Medienberatung works."""
    area = _text()
    """What its area is beyond its districts, for example a neighbour's schools."""
    carrier = _text()
    financing = _text()
    imprint = _text()
    """Its own legal notice; without one its contact stands there."""
    accessibility = _text()
    """What is not accessible in its house or in what it offers."""


CONTACT = tuple(_Contact().fields)
PROFILE = tuple(_Profile().fields)


def check(said: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with fields of a contact or profile, by the path of each (`branches.0.email`).

    A field that is empty says on purpose that there is nothing, and is never wrong.
    """
    there = {name: value for name, value in said.items() if value not in ("", None)}
    branches = [
        {name: value for name, value in one.items() if value} for one in there.get("branches", [])
    ]
    parts: list[tuple[ma.Schema, str, Mapping[str, Any]]] = [
        (_Contact(), "", {name: there[name] for name in CONTACT if name in there}),
        (_Profile(), "", {name: there[name] for name in PROFILE if name in there}),
        *((_Branch(), f"branches.{place}.", one) for place, one in enumerate(branches)),
    ]
    return {
        f"{where}{name}": str(messages)
        for schema, where, values in parts
        for name, messages in schema.validate(values).items()
    }


def merged(
    contact: Mapping[str, Any],
    branches: Sequence[Mapping[str, Any]],
    profile: Mapping[str, Any],
    said: Mapping[str, Any],
) -> tuple[Mapping[str, Any], Sequence[Mapping[str, Any]], Mapping[str, Any]]:
    """Contact, branches and profile of the file, with what the staff said above them."""
    return (
        {**contact, **{name: said[name] for name in CONTACT if name in said}},
        said.get("branches", branches),
        {**profile, **{name: said[name] for name in PROFILE if name in said}},
    )


class _Site(ma.Schema):
    key = fields.String(
        required=True,
        validate=[
            validate.Regexp(
                r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$",
                error="A slug of lower-case letters, digits and single hyphens.",
            ),
            validate.Length(max=40),
            validate.NoneOf(RESERVED, error="The hub uses this word in its own addresses."),
        ],
    )
    name = _line(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(["centre", "state"]))
    ags = fields.List(
        fields.String(validate=validate.Regexp(r"^(\d{5}|\d{8})$", error="5 or 8 digits.")),
        load_default=list,
    )
    association = fields.String(required=True, validate=validate.OneOf(["LVR", "LWL"]))
    region = fields.String(load_default="", validate=validate.Length(max=200))
    standort = fields.String(load_default="", validate=validate.Length(max=40))
    time_zone = fields.String(load_default="Europe/Berlin", validate=_known_time_zone)
    internal_hosts = fields.List(_line(), load_default=list)
    contact = fields.Nested(_Contact, load_default=dict)
    branches = fields.List(fields.Nested(_Branch), load_default=list)
    profile = fields.Nested(_Profile, load_default=dict)

    @ma.validates_schema
    def _a_centre_has_a_district(self, data: Mapping[str, Any], **_: Any) -> None:
        if data["kind"] == "centre" and not data["ags"]:
            raise ma.ValidationError("A centre serves at least one district.", "ags")


class _Network(ma.Schema):
    site = fields.List(
        fields.Nested(_Site), required=True, validate=validate.Length(min=1, max=1_000)
    )


def read_network(path: Path) -> list[dict[str, Any]]:
    """The sites of the file with their `position` in German order; raises `FileError`."""
    document = read_toml(path)
    try:
        sites: list[dict[str, Any]] = _Network().load(document)["site"]
    except ma.ValidationError as error:
        raise FileError(f"{path}: {_with_keys(explain(error), document)}") from error
    keys = [site["key"] for site in sites]
    doubled = sorted({key for key in keys if keys.count(key) > 1})
    if doubled:
        raise FileError(f"{path}: these keys stand there twice: {', '.join(doubled)}.")
    ordered = sorted(sites, key=lambda site: german_order(site["name"]))
    return [{**site, "position": position} for position, site in enumerate(ordered)]


def german_order(text: str) -> tuple[str, str]:
    """The sort key of a text in lists: umlauts beside their base letters (DIN 5007-1)."""
    return (text.lower().translate(_GERMAN), text)


def _with_keys(messages: str, document: Mapping[str, Any]) -> str:
    """`site.3.ags` says little: name the site as its author did."""

    def name(match: re.Match[str]) -> str:
        site = document["site"][int(match[1])]
        key = site.get("key") if isinstance(site, dict) else None
        return f"site {key}" if isinstance(key, str) else match[0]

    return re.sub(r"\bsite\.(\d+)", name, messages)


def store(session: Session, sites: list[dict[str, Any]], actor: str) -> list[str]:
    """Insert or update the sites, with audit entries; returns the keys that changed."""
    rows = {row.key: row for row in session.scalars(sa.select(models.Site))}
    changed = []
    for site in sites:
        row = rows.get(site["key"])
        before = {column: getattr(row, column) for column in _COLUMNS} if row else None
        after = {column: site[column] for column in _COLUMNS}
        if before == after:
            continue
        if row is None:
            session.add(models.Site(key=site["key"], **after))
        else:
            for column, value in after.items():
                setattr(row, column, value)
        session.add(
            models.AuditEntry(
                actor=actor,
                site_key=site["key"],
                action="site.import",
                subject=site["key"],
                before=before
                and {name: before[name] for name in after if before[name] != after[name]},
                after={
                    name: after[name] for name in after if not before or before[name] != after[name]
                },
            )
        )
        changed.append(site["key"])
    session.flush()
    return changed
