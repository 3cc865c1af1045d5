"""When each catalogue source is taken in: by night as the hub spreads them, or as its centre says.

A source is a plugin with a catalogue at a site.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from hashlib import sha256
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.jobs import schedule
from hub.jobs.schedule import Quiet, Schedule
from hub.models import AuditEntry, SyncSchedule, SyncSource
from hub.plugin import Plugin
from hub.runtime import Hub

NEVER = "off"
FIRST_MINUTE, MINUTES = 30, 300
"""The hub spreads its sources over the time from 00:30 to 05:30."""


@dataclass(frozen=True, slots=True)
class Source:
    """A source and its times, in the time of its site."""

    site: str
    plugin: str
    zone: tzinfo
    hosts: frozenset[str]
    """With port where it is not the usual one; a source without any is a host of its own."""
    cron: str
    """Empty where it is taken in by hand only."""
    quiet: Quiet | None
    chosen: bool
    """Whether the centre chose the time."""
    known: bool
    """Whether it has been taken in before."""

    @property
    def name(self) -> str:
        return f"sync:{self.site}/{self.plugin}"

    def schedule(self) -> Schedule:
        """A source that was never taken in is due at once."""
        return Schedule(
            self.name,
            self.cron,
            self.zone,
            "sync",
            {"site": self.site, "plugin": self.plugin},
            self.hosts or frozenset({self.name}),
            eager=not self.known,
        )


def sources(hub: Hub) -> list[Source]:
    """Every source of the network that is switched on and works."""
    with hub.db.read() as session:
        chosen = {(row.site_key, row.plugin): row for row in session.scalars(_chosen)}
        known = {(row.site_key, row.plugin) for row in session.execute(_known)}
    found = []
    for row in hub.sites.directory():
        site = hub.sites.site(row.key)
        for name, plugin in site.plugins.items():
            if not site.implements(name, "catalogue_changes"):
                continue
            own = chosen.get((row.key, name))
            cron = own.cron if own else None
            found.append(
                Source(
                    row.key,
                    name,
                    ZoneInfo(row.time_zone),
                    hosts_of(plugin),
                    usual_cron(row.key, name) if cron is None else cron,
                    Quiet.parse(own.quiet) if own else None,
                    cron is not None,
                    (row.key, name) in known,
                )
            )
    return found


def source(hub: Hub, site: str, plugin: str) -> Source | None:
    """One source, or None where it is switched off or does not work."""
    for one in sources(hub):
        if (one.site, one.plugin) == (site, plugin):
            return one
    return None


def choose(
    session: Session, one: Source, moment: datetime, actor: str, *, cron: str | None, quiet: str
) -> None:
    """Give a source a time of its own: five cron fields, `off`, or None for the hub's choice.

    It holds from its next slot on. Raises `ScheduleError`.
    """
    hours = Quiet.parse(quiet)
    if cron is not None:
        cron = "" if cron.strip() == NEVER else schedule.check(cron)
    own = {"cron": cron, "quiet": str(hours or "")}
    session.merge(SyncSchedule(site_key=one.site, plugin=one.plugin, **own))
    session.add(
        AuditEntry(
            actor=actor,
            site_key=one.site,
            action="sync.schedule",
            subject=one.plugin,
            before={"cron": one.cron if one.chosen else None, "quiet": str(one.quiet or "")},
            after=own,
        )
    )
    wanted = usual_cron(one.site, one.plugin) if cron is None else cron
    if wanted and wanted != one.cron:
        changed = Schedule(one.name, wanted, one.zone, "sync")
        schedule.skip(session, changed, moment)


def usual_cron(site: str, plugin: str) -> str:
    """A minute of the night that is always the same for a source and spreads all of them."""
    digest = sha256(f"{site}/{plugin}".encode()).digest()
    minute = FIRST_MINUTE + int.from_bytes(digest[:4]) % MINUTES
    return f"{minute % 60} {minute // 60} * * *"


def hosts_of(plugin: Plugin) -> frozenset[str]:
    """The hosts that an instance reads from: those of its configuration, or else of its class."""
    configured = frozenset(_hosts(plugin.config))
    return configured or frozenset(plugin.hosts)


def _hosts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        try:
            address = urlsplit(value)
            host, port = address.hostname, address.port
        except ValueError:
            return
        if host and address.scheme in ("http", "https"):
            yield host if port in (None, 80, 443) else f"{host}:{port}"
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _hosts(inner)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for inner in value:
            yield from _hosts(inner)


_chosen = sa.select(SyncSchedule)
_known = sa.select(SyncSource.site_key, SyncSource.plugin)
