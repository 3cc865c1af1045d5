"""Switching plugins on, off and over at a site: one transaction with its audit entry.

Every running process notices through the counter `activations` (`hub.sites`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import mapping, misplaced, models, secrets
from hub.installed import Unusable, load_config
from hub.models.base import now
from hub.runtime import Hub
from hub.secrets import Keyring, SecretError
from hub.sites import COUNTER, UnknownSite


class ActivationError(Exception):
    """The change was not made; the message says why."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an activation shall be; its configuration as typed, `None` to leave it as it is."""

    enabled: bool
    config: Mapping[str, Any] | None = None
    mapping: Mapping[str, Any] | None = None
    """As `hub.mapping.load` reads it; `None` likewise."""
    shared: bool | None = None
    """Whether other sites may take the mapping over; `None` likewise."""


def enable(
    hub: Hub,
    site: str,
    plugin: str,
    config: Mapping[str, Any] | None = None,
    *,
    actor: str,
    version: int | None = None,
) -> None:
    """Switch a plugin on, with a new configuration or the one it had.

    A secret typed as plain text is stored encrypted. Creates the plugin's own tables first.
    `version` is that of the activation from which the configuration was made, 0 when there was
    none; when somebody else has changed it since, nothing is done. Raises `ActivationError` or
    `UnknownSite`.
    """
    try:
        if hub.sites.installed.load(plugin).migrations is not None:
            hub.migrate([plugin])
    except Unusable as reason:
        raise ActivationError(f"The plugin {plugin} cannot be enabled. {reason}") from None
    _change(hub, site, plugin, Wanted(True, config), "plugin.enable", actor, version)


def disable(hub: Hub, site: str, plugin: str, *, actor: str) -> None:
    """Switch a plugin off; its configuration stays. Works for a broken plugin too."""
    if configured(hub, site, plugin) is None:
        raise ActivationError(f"The plugin {plugin} was never enabled at {site}.")
    _change(hub, site, plugin, Wanted(False), "plugin.disable", actor)


def configure(
    hub: Hub,
    site: str,
    plugin: str,
    config: Mapping[str, Any],
    *,
    actor: str,
    version: int | None = None,
) -> None:
    """Replace a plugin's configuration. `{"encrypted": "***"}` keeps the secret stored there.

    `version` as for `enable`. Raises `ActivationError` or `UnknownSite`.
    """
    row = configured(hub, site, plugin)
    if row is None:
        raise ActivationError(f"The plugin {plugin} was never enabled at {site}; enable it.")
    _change(hub, site, plugin, Wanted(row.enabled, config), "plugin.configure", actor, version)


def put_mapping(
    hub: Hub,
    site: str,
    plugin: str,
    fields: Mapping[str, Any],
    *,
    actor: str,
    version: int | None = None,
) -> None:
    """Replace a plugin's mapping; the next run reads everything anew.

    `version` as for `enable`. Raises `ActivationError` or `UnknownSite`.
    """
    row = configured(hub, site, plugin)
    if row is None:
        raise ActivationError(f"The plugin {plugin} was never enabled at {site}; enable it.")
    wanted = Wanted(row.enabled, mapping=fields)
    _change(hub, site, plugin, wanted, "plugin.mapping", actor, version)


def share_mapping(
    hub: Hub, site: str, plugin: str, shared: bool, *, actor: str, version: int | None = None
) -> None:
    """Let every other site take the mapping over, or no longer; raises as `put_mapping`."""
    row = configured(hub, site, plugin)
    if row is None:
        raise ActivationError(f"The plugin {plugin} was never enabled at {site}; enable it.")
    wanted = Wanted(row.enabled, shared=shared)
    _change(hub, site, plugin, wanted, "plugin.mapping", actor, version)


def undo(hub: Hub, site: str, plugin: str, *, actor: str, version: int | None = None) -> None:
    """Make the last change of a plugin at a site undone; a second time makes it anew.

    Secrets stay as they are now: the audit log, from which the former state comes, holds none.
    `version` as for `enable`. Raises `ActivationError` or `UnknownSite`.
    """
    if configured(hub, site, plugin) is None:
        raise ActivationError(f"The plugin {plugin} was never enabled at {site}.")
    last = history(hub, site, plugin, 1)
    if not last:
        raise ActivationError(f"No change of the plugin {plugin} at {site} is known any more.")
    before = last[0].before
    wanted = (
        Wanted(False)
        if before is None
        else Wanted(
            before["enabled"],
            before["config"],
            before.get("mapping", {}),
            before.get("mapping_shared", False),
        )
    )
    _change(hub, site, plugin, wanted, "plugin.undo", actor, version)


def configured(hub: Hub, site: str, plugin: str) -> models.Activation | None:
    """The stored activation, enabled or not; raises `UnknownSite`."""
    with hub.db.read() as session:
        if session.get(models.Site, site) is None:
            raise UnknownSite(site)
        row = session.get(models.Activation, (site, plugin))
        if row is not None:
            session.expunge(row)
        return row


def _change(
    hub: Hub,
    site: str,
    plugin: str,
    wanted: Wanted,
    action: str,
    actor: str,
    version: int | None = None,
) -> None:
    with hub.db.write() as session:
        announce(session)
        row = session.get(models.Activation, (site, plugin))
        if version is not None and version != (row.version if row else 0):
            raise ActivationError(
                f"The plugin {plugin} at {site} was changed meanwhile; look at it and repeat."
            )
        put(session, hub, site, plugin, wanted, action, actor)
    hub.sites.refresh()


def announce(session: Session) -> None:
    """Tell every process that sites or activations change with this transaction.

    Comes first in the transaction: the row that it locks lets such changes pass one by one.
    """
    session.execute(
        sa.text(
            "INSERT INTO counter (name, value) VALUES (:name, 1) "
            "ON CONFLICT (name) DO UPDATE SET value = counter.value + 1"
        ),
        {"name": COUNTER},
    )


def put(
    session: Session, hub: Hub, site: str, plugin: str, wanted: Wanted, action: str, actor: str
) -> None:
    """Store one activation with its audit entry, inside a transaction that was announced."""
    if session.get(models.Site, site) is None:
        raise UnknownSite(site)
    row = session.get(models.Activation, (site, plugin))
    before = shown(row)
    stored = row.config if row else {}
    config = stored
    if wanted.config is not None:
        config = checked(hub, plugin, wanted.config, stored)
    elif wanted.enabled:
        config = checked(hub, plugin, stored, stored)
    if row is None:
        row = models.Activation(site_key=site, plugin=plugin, version=0)
        session.add(row)
    if wanted.mapping is not None and wanted.mapping != (row.mapping or {}):
        row.mapping = checked_mapping(hub, plugin, wanted.mapping)
    if wanted.shared is not None:
        row.mapping_shared = wanted.shared
    row.enabled, row.config = wanted.enabled, config
    row.version += 1
    row.updated_at = now()
    session.add(
        models.AuditEntry(
            actor=actor,
            site_key=site,
            action=action,
            subject=plugin,
            before=before,
            after=shown(row),
        )
    )


def checked(
    hub: Hub, plugin: str, config: Mapping[str, Any], stored: Mapping[str, Any]
) -> dict[str, Any]:
    """The configuration as it is stored, accepted by the plugin's schema, secrets encrypted.

    Raises `ActivationError`.
    """
    try:
        loaded = hub.sites.installed.load(plugin)
        sealed = secrets.seal(loaded.Config(), _plain(config), hub.keyring, stored)
        load_config(loaded, sealed)
        refuse_misplaced(sealed, hub.keyring)
    except (Unusable, SecretError) as reason:
        raise ActivationError(f"The plugin {plugin} stays as it is. {reason}") from None
    return sealed


def refuse_misplaced(config: Mapping[str, Any], keyring: Keyring) -> None:
    """Raise `SecretError` where a secret stands in a field that is shown and logged."""
    for one in misplaced.find(config, keyring):
        raise SecretError(
            f"{one.field}: this holds a secret ({one.kind}), and would be stored readably. "
            "Enter it in the field for secrets, or leave it out."
        )


def checked_mapping(hub: Hub, plugin: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The mapping as it is stored, with nothing in it that the plugin could not use.

    Raises `ActivationError`.
    """
    if not fields:
        return {}
    try:
        return mapping.dump(mapping.load(fields, hub.sites.installed.load(plugin).maps))
    except (Unusable, mapping.MappingError) as reason:
        raise ActivationError(f"The mapping of {plugin} stays as it is. {reason}") from None


def shown(row: models.Activation | None) -> dict[str, Any] | None:
    """An activation for people and for the audit log, without secrets."""
    if row is None:
        return None
    said = {"enabled": row.enabled, "config": secrets.hide(row.config)}
    if row.mapping:
        said["mapping"] = row.mapping
    if row.mapping_shared:
        said["mapping_shared"] = True
    return said


def _plain(value: Any) -> Any:
    """What JSON and TOML can both hold: no null (the key is left out), times as ISO 8601."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return value


_PARTS = ("config", "mapping")
"""Parts of an activation whose keys are told one by one."""


@dataclass(frozen=True, slots=True)
class Change:
    """An entry of the audit log."""

    at: datetime
    actor: str
    site: str | None
    action: str
    subject: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None

    @property
    def changed(self) -> list[str]:
        """The keys that the change gave another value, as `enabled` and `config.address`."""
        flat = [
            {
                **side,
                **{
                    f"{part}.{key}": value
                    for part in _PARTS
                    for key, value in side.get(part, {}).items()
                },
            }
            for side in (self.before or {}, self.after or {})
        ]
        return sorted(
            key
            for key in flat[0].keys() | flat[1].keys()
            if key not in _PARTS and flat[0].get(key) != flat[1].get(key)
        )


def history(
    hub: Hub, site: str | None = None, plugin: str | None = None, limit: int = 100
) -> list[Change]:
    """The newest entries of the audit log first, of one site or plugin or of all."""
    entry = models.AuditEntry
    query = sa.select(entry).order_by(entry.id.desc()).limit(limit)
    if site is not None:
        query = query.where(entry.site_key == site)
    if plugin is not None:
        query = query.where(entry.subject == plugin, entry.action != "site.import")
    with hub.db.read() as session:
        return [
            Change(row.at, row.actor, row.site_key, row.action, row.subject, row.before, row.after)
            for row in session.scalars(query)
        ]
