"""Taking over another site's set-up as a starting point: configurations without their secrets.

Nothing goes live by it: what is taken over is stored switched off, for an admin to complete, and a
plugin that is set up already stays as it is.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import models, secrets
from hub.activations import announce, shown
from hub.models.base import now
from hub.runtime import Hub
from hub.sites import UnknownSite

_GONE = object()


@dataclass(frozen=True, slots=True)
class Part:
    """A plugin of the other site, as it would be or was taken over."""

    plugin: str
    missing: tuple[str, ...]
    """Paths of the secrets that are not taken over, such as `password`, `feeds.0.token`."""
    present: bool
    """Whether the plugin is set up here already, so that it stays as it is."""


def parts(session: Session, source: str, target: str) -> list[Part]:
    """What can be taken over: every plugin that is switched on at the other site."""
    here = set(
        session.scalars(
            sa.select(models.Activation.plugin).where(models.Activation.site_key == target)
        )
    )
    return [
        Part(row.plugin, without_secrets(row.config)[1], row.plugin in here)
        for row in _enabled(session, source)
    ]


def copy(
    hub: Hub, source: str, target: str, plugins: Collection[str] | None, *, actor: str
) -> list[Part]:
    """Take over these plugins of a site, or all; returns what was there and what became of it.

    The caller has made sure that the actor may configure at both sites. Raises `UnknownSite`.
    """
    with hub.db.write() as session:
        announce(session)
        for key in (source, target):
            if session.get(models.Site, key) is None:
                raise UnknownSite(key)
        found = [
            one
            for one in parts(session, source, target)
            if plugins is None or one.plugin in plugins
        ]
        rows = {row.plugin: row for row in _enabled(session, source)}
        for one in found:
            if not one.present:
                _store(session, source, target, rows[one.plugin], actor)
    hub.sites.refresh()
    return found


def _store(session: Session, source: str, target: str, row: models.Activation, actor: str) -> None:
    """Unchecked, since its secrets are missing; it is checked when it is switched on."""
    config, _ = without_secrets(row.config)
    made = models.Activation(
        site_key=target,
        plugin=row.plugin,
        enabled=False,
        config=config,
        mapping=row.mapping,
        version=1,
        updated_at=now(),
    )
    session.add(made)
    session.add(
        models.AuditEntry(
            actor=actor,
            site_key=target,
            action="plugin.copy",
            subject=row.plugin,
            before=None,
            after={**(shown(made) or {}), "from": source},
        )
    )


def _enabled(session: Session, site: str) -> list[models.Activation]:
    return list(
        session.scalars(
            sa.select(models.Activation)
            .where(models.Activation.site_key == site, models.Activation.enabled)
            .order_by(models.Activation.plugin)
        )
    )


def without_secrets(config: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """A stored configuration without its secrets, and the paths at which they were.

    Where a secret lies, in the environment or in a file, is the other site's own too.
    """
    missing: list[str] = []

    def strip(value: Any, path: str) -> Any:
        if secrets.is_reference(value):
            missing.append(path)
            return _GONE
        if isinstance(value, Mapping):
            pairs = {
                key: strip(item, f"{path}.{key}" if path else str(key))
                for key, item in value.items()
            }
            return {key: item for key, item in pairs.items() if item is not _GONE}
        if isinstance(value, list):
            items = [strip(item, f"{path}.{number}") for number, item in enumerate(value)]
            return [item for item in items if item is not _GONE]
        return value

    return strip(dict(config), ""), tuple(missing)
