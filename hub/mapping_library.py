"""Mappings that others made: those of other sites, and those in `config/mappings`."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from hub import mapping, models
from hub.formats.fieldmap import FieldMap
from hub.mapping import MappingError
from hub.runtime import Hub

FOLDER = "mappings"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}")


@dataclass(frozen=True, slots=True)
class Offer:
    """A mapping that can be taken over."""

    key: str
    """`site:borken` or `file:tables-hagen`."""
    title: str


def offers(
    hub: Hub, plugin: str, sites: Mapping[str, str], readable: Collection[str] = ()
) -> list[Offer]:
    """What there is for a plugin: of these sites (key → name) and in the library.

    Of a site only what it shares, unless it is among the `readable` ones.
    """
    with hub.db.read() as session:
        rows = session.execute(
            sa.select(models.Activation.site_key, models.Activation.mapping).where(
                models.Activation.plugin == plugin,
                models.Activation.site_key.in_(sites),
                sa.or_(models.Activation.mapping_shared, models.Activation.site_key.in_(readable)),
            )
        ).all()
    found = [Offer(f"site:{key}", sites[key]) for key, fields in rows if fields]
    found.sort(key=lambda one: one.title.casefold())
    folder = hub.settings.config / FOLDER
    for file in sorted(folder.glob("*.json")) if folder.is_dir() else ():
        with suppress(MappingError, OSError):
            data = mapping.parsed(_content(file))
            if data["plugin"] == plugin and _NAME.fullmatch(file.stem):
                found.append(Offer(f"file:{file.stem}", data["title"] or file.stem))
    return found


def read(hub: Hub, plugin: str, offer: Offer, fields: Collection[str]) -> FieldMap:
    """The mapping behind an offer; raises `MappingError`."""
    where, _, name = offer.key.partition(":")
    if where == "file":
        try:
            content = _content(hub.settings.config / FOLDER / f"{name}.json")
        except OSError:
            raise MappingError("The file is there no more.") from None
        return mapping.from_file(content, plugin, fields)
    with hub.db.read() as session:
        row = session.get(models.Activation, (name, plugin))
        stored = row.mapping if row else {}
    return mapping.load(stored, fields)


def _content(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(mapping.MAX_FILE + 1)
