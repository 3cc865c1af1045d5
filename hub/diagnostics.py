"""What whoever helps with a plugin needs to know of it, without secrets and persons.

Secrets are left out three times: their fields by what they are, their values wherever a message
may quote them, and whatever looks like one in an address or a text. Who did something is not told,
nor what single records say.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import models, secrets
from hub.catalogue import run_reports, runs
from hub.connections import Connection, connections
from hub.errors import NotEnabled, PluginError
from hub.judge import SECRETIVE
from hub.models.base import now
from hub.runtime import Hub
from hub.secrets import HIDDEN, Scrubber
from hub.sites import UnknownSite

DEADLINE = 5.0
"""Seconds that the plugin's own check may take."""
RUNS, JOBS, CHANGES, REASONS = 20, 10, 20, 10
PACKAGES = ("medienzentren-hub", "flask", "sqlalchemy", "marshmallow", "requests", "lxml")
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://[^\s<>\"']+", re.IGNORECASE)
_MAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
_SAID = re.compile(
    r"(?i)\b(bearer|basic|password|passwort|kennwort|secret|token|api[_-]?key|pwd|pass)"
    r"(\s*[:=]\s*|\s+(?=\S{8}))[^\s,;&\"']+"
)


def diagnostics(hub: Hub, site: str, plugin: str) -> dict[str, Any]:
    """All of it, fit for JSON. Raises `LookupError` where the plugin is not installed at all."""
    one = next((each for each in connections(hub, site) if each.plugin == plugin), None)
    if one is None:
        raise LookupError(plugin)
    with hub.db.read() as session:
        row = session.get(models.Activation, (site, plugin))
        found = {
            "made_at": now(),
            "versions": _versions(hub, one),
            "site": site,
            "plugin": plugin,
            "state": {"name": one.state.value, "reason": one.reason},
            "activation": _activation(row),
            "runs": [
                _run(run) for run in runs.history(session, site=site, plugin=plugin, limit=RUNS)
            ],
            "rejects_of_last_run": _rejects(session, one),
            "pause": _pause(session, site, plugin),
            "jobs": _jobs(session, site, plugin),
            "changes": _changes(session, site, plugin),
        }
    found["health"] = _health(hub, site, plugin)
    clean: dict[str, Any] = _clean(found, Scrubber(_secrets(hub, site)))
    return clean


def _versions(hub: Hub, one: Connection) -> dict[str, str]:
    found = {"python": platform.python_version(), "database": hub.db.dialect, "plugin": one.package}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = ""
    return found


def _activation(row: models.Activation | None) -> dict[str, Any] | None:
    if row is None:
        return None
    return {
        "enabled": row.enabled,
        "version": row.version,
        "updated_at": row.updated_at,
        "config": _config(row.config),
    }


def _config(value: Any) -> Any:
    """A stored configuration: of secrets only where they lie, of what is named like one nothing."""
    if secrets.is_reference(value):
        return {next(iter(value)): HIDDEN}
    if isinstance(value, Mapping):
        return {
            key: HIDDEN if SECRETIVE.search(str(key)) and isinstance(item, str) else _config(item)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_config(item) for item in value]
    return value


def _run(run: models.SyncRun) -> dict[str, Any]:
    names = ("id", "started_at", "heartbeat_at", "finished_at", "total", "added", "changed",
             "unchanged", "withdrawn", "rejected", "resumed", "error")  # fmt: skip
    state = "stuck" if runs.stuck(run) else run.state
    return {"state": state, **{name: getattr(run, name) for name in names}}


def _rejects(session: Session, one: Connection) -> list[dict[str, Any]]:
    """Reasons and their numbers; what the records said is the source's."""
    if one.last is None:
        return []
    found = run_reports.reasons(session, one.last.id, REASONS)
    return [{"reason": reason.text, "count": reason.count} for reason in found]


def _pause(session: Session, site: str, plugin: str) -> dict[str, Any] | None:
    row = session.get(models.Breaker, (site, plugin))
    return None if row is None else {"failures": row.failures, "until": row.open_until}


def _jobs(session: Session, site: str, plugin: str) -> list[dict[str, Any]]:
    rows = session.scalars(
        sa.select(models.Job)
        .where(
            models.Job.key.in_([f"{task}:{site}/{plugin}" for task in ("sync", "trial", "links")])
        )
        .order_by(models.Job.id.desc())
        .limit(JOBS)
    )
    names = ("id", "task", "state", "run_at", "attempts", "deaths", "enqueued_at", "started_at",
             "finished_at", "message")  # fmt: skip
    return [{name: getattr(row, name) for name in names} for row in rows]


def _changes(session: Session, site: str, plugin: str) -> list[dict[str, Any]]:
    """When what was done; by whom, and from what to what, stays in the audit log."""
    entry = models.AuditEntry
    rows = session.execute(
        sa.select(entry.at, entry.action)
        .where(entry.site_key == site, entry.subject == plugin)
        .order_by(entry.id.desc())
        .limit(CHANGES)
    )
    return [{"at": row.at, "action": row.action} for row in rows]


def _health(hub: Hub, site: str, plugin: str) -> str:
    """What the plugin's own check says; empty where all is well or nothing can be asked."""
    try:
        hub.sites.site(site).one(plugin, "health", deadline=DEADLINE)
    except (NotEnabled, UnknownSite):
        return ""
    except PluginError as error:
        return f"{type(error).__name__}: {error}"
    return ""


def _secrets(hub: Hub, site: str) -> Iterable[str]:
    """Every secret of the site that can be read, whichever plugin's it is."""
    files = hub.settings.config / "sites" / site
    with hub.db.read() as session:
        configs = session.scalars(
            sa.select(models.Activation.config).where(models.Activation.site_key == site)
        ).all()
    return [text for config in configs for text in secrets.readable(config, hub.keyring, files)]


def _clean(value: Any, scrub: Scrubber) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _clean(item, scrub) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item, scrub) for item in value]
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return _text(scrub(value)) if isinstance(value, str) else value


def _text(text: str) -> str:
    """A text without what addresses carry beside host and path, without mail addresses, and
    without what is said to be a secret."""
    text = _ADDRESS.sub(lambda match: _address(match[0]), text)
    return _SAID.sub(rf"\1\2{HIDDEN}", _MAIL.sub(HIDDEN, text))


def _address(text: str) -> str:
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return HIDDEN
    user = f"{HIDDEN}@" if "@" in parts.netloc else ""
    rest = f"?{HIDDEN}" if parts.query or parts.fragment else ""
    where = f"{host}:{port}" if port else host
    return f"{parts.scheme}://{user}{where}{parts.path}{rest}"
