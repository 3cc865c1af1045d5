"""What is connected at a site, and whether it works: computed from activations, runs and pauses.

Nothing of this is stored, so it cannot say something else than what it is computed from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from importlib.metadata import EntryPoint
from time import perf_counter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import breaker, models, secrets
from hub.activations import checked
from hub.catalogue import runs
from hub.containment import Task, failure_of, run_together
from hub.errors import NotEnabled, PluginError
from hub.installed import Unusable, hooks_of, load_config
from hub.models.base import now
from hub.plugin import PersonalData, Plugin, Text
from hub.runtime import Hub
from hub.secrets import Scrubber, SecretError
from hub.site import Running, Site, site_info

CHECK_DEADLINE = 20.0
"""Seconds that a check may take; a person waits for it."""


class State(StrEnum):
    """How a plugin is doing at a site; the first ones need a person."""

    MISCONFIGURED = "misconfigured"
    """It is switched on but cannot run."""
    HELD = "held"
    """A run would withdraw too much and waits to be released or refused."""
    FAILED = "failed"
    STUCK = "stuck"
    PAUSED = "paused"
    """It failed when it was asked live; it is asked again later."""
    RUNNING = "running"
    UNREAD = "unread"
    """A source that was never read."""
    WORKS = "works"
    OFF = "off"
    """It was switched on once; its configuration is kept."""
    AVAILABLE = "available"


NEEDS_A_PERSON = frozenset({State.MISCONFIGURED, State.HELD, State.FAILED, State.STUCK})


@dataclass(frozen=True, slots=True)
class LastRun:
    """The latest run of a source."""

    id: int
    state: str
    started_at: datetime
    finished_at: datetime | None
    added: int
    changed: int
    withdrawn: int
    rejected: int


@dataclass(frozen=True, slots=True)
class Connection:
    """A plugin at a site."""

    plugin: str
    title: Text
    description: Text
    category: str
    package: str
    """The package that brings it, with its version; empty where that is not known."""
    state: State
    reason: str
    """In the words of whoever stopped; empty where nothing is wrong."""
    version: int
    """Of its activation; 0 where it was never switched on."""
    is_source: bool
    last: LastRun | None
    hosts: tuple[str, ...]
    personal_data: tuple[PersonalData, ...]

    @property
    def enabled(self) -> bool:
        return self.state not in (State.OFF, State.AVAILABLE)

    @property
    def needs_a_person(self) -> bool:
        return self.state in NEEDS_A_PERSON


def connections(hub: Hub, key: str) -> list[Connection]:
    """Every installed plugin as it is at this site; a plugin that cannot be loaded is listed only
    where it is switched on. Four statements, whatever their number."""
    site = hub.sites.site(key)
    with hub.db.read() as session:
        rows = {
            row.plugin: (row.enabled, row.version)
            for row in session.scalars(
                sa.select(models.Activation).where(models.Activation.site_key == key)
            )
        }
        latest = _latest(session, key)
        paused = {one.plugin: one for one in breaker.paused(session, now()) if one.site == key}
    found = []
    for name in sorted({*hub.sites.installed.names(), *rows}):
        plugin: type[Plugin] | None = None
        with suppress(Unusable):
            plugin = hub.sites.installed.load(name)
        enabled, version = rows.get(name, (False, 0))
        if plugin is None and not enabled:
            continue
        run = latest.get(name)
        is_source = plugin is not None and "catalogue_changes" in hooks_of(plugin)
        if not enabled:
            state, reason = (State.OFF if version else State.AVAILABLE), ""
        elif name in site.problems:
            state, reason = State.MISCONFIGURED, site.problems[name]
        elif name in paused:
            state, reason = State.PAUSED, ""
        else:
            state, reason = _of_run(run) if is_source else (State.WORKS, "")
        found.append(
            Connection(
                name,
                plugin.title if plugin else {"de": name, "en": name},
                plugin.description if plugin else {},
                plugin.category if plugin else "",
                _package(hub, name),
                state,
                reason,
                version,
                is_source,
                _last(run),
                plugin.hosts if plugin else (),
                plugin.personal_data if plugin else (),
            )
        )
    return found


def is_source(hub: Hub, key: str, plugin: str) -> bool:
    """Whether the plugin has a catalogue, and was ever switched on at the site."""
    with hub.db.read() as session:
        if session.get(models.Activation, (key, plugin)) is None:
            return False
    with suppress(Unusable):
        return "catalogue_changes" in hooks_of(hub.sites.installed.load(plugin))
    return False


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was tried before saving: `construct` or `health`."""

    name: str
    seconds: float
    problem: str
    """Empty where it went well."""


def try_out(hub: Hub, key: str, plugin: str, config: Mapping[str, Any]) -> list[Check]:
    """Build the plugin with a configuration as typed and ask it for its health; stores nothing.

    Raises `hub.activations.ActivationError` where the configuration is not accepted.
    """
    row = next(row for row in hub.sites.directory() if row.key == key)
    with hub.db.read() as session:
        stored = session.get(models.Activation, (key, plugin))
        present = stored.config if stored else {}
    sealed = checked(hub, plugin, config, present)
    loaded = hub.sites.installed.load(plugin)
    info = site_info(row, hub.settings.config / "sites" / key, hub.db)
    begun = perf_counter()
    try:
        ready = secrets.resolve(
            load_config(loaded, sealed), hub.keyring, info.files, secrets.environment()
        )
    except SecretError as reason:
        return [Check("construct", perf_counter() - begun, str(reason))]
    scrub = Scrubber(secrets.values(ready))
    results, failures = run_together(
        {plugin: Task(lambda: loaded(info, ready), scrub)}, CHECK_DEADLINE
    )
    if plugin in failures:
        return [Check("construct", perf_counter() - begun, failures[plugin].message)]
    checks = [Check("construct", perf_counter() - begun, "")]
    running = Running(results[plugin], scrub)  # type: ignore[arg-type]
    site = Site(row, info, {plugin: running}, {})
    begun = perf_counter()
    try:
        site.one(plugin, "health", deadline=CHECK_DEADLINE)
    except NotEnabled:
        return checks
    except PluginError as error:
        problem = failure_of(error, plugin, scrub).message
        return [*checks, Check("health", perf_counter() - begun, problem)]
    return [*checks, Check("health", perf_counter() - begun, "")]


def _latest(session: Session, key: str) -> dict[str, models.SyncRun]:
    run = models.SyncRun
    newest = sa.select(sa.func.max(run.id)).where(run.site_key == key).group_by(run.plugin)
    rows: Sequence[models.SyncRun] = session.scalars(sa.select(run).where(run.id.in_(newest))).all()
    for row in rows:
        session.expunge(row)
    return {row.plugin: row for row in rows}


def _of_run(run: models.SyncRun | None) -> tuple[State, str]:
    if run is None:
        return State.UNREAD, ""
    if runs.stuck(run):
        return State.STUCK, ""
    states = {"held": State.HELD, "failed": State.FAILED, "running": State.RUNNING}
    return states.get(run.state, State.WORKS), run.error


def _last(run: models.SyncRun | None) -> LastRun | None:
    if run is None:
        return None
    return LastRun(
        run.id,
        run.state,
        run.started_at,
        run.finished_at,
        run.added,
        run.changed,
        run.withdrawn,
        run.rejected,
    )


def _package(hub: Hub, name: str) -> str:
    point = hub.sites.installed.entry_point(name)
    distribution = point.dist if isinstance(point, EntryPoint) else None
    return f"{distribution.name} {distribution.version}" if distribution else ""
