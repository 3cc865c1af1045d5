"""Files in, files out: `config/network.toml` and `config/sites/<key>.toml`.

A site's file names the plugins that run there, each with its configuration:

    disabled = ["feed"]                 # configured, but switched off

    [plugins.edmond]
    context = "NRW/BOR"
    password = { env = "BORKEN_EDMOND_PASSWORD" }

    [plugins.feed]
    url = "https://medienzentrum.example/feed.xml"

    [mappings.feed.subjects]            # as a site's page of the mapping stores it
    from = ["category"]
    values = { Heimatkunde = "28010" }

A file decides until an admin changes the activation; from then on the admin does, unless the
file is loaded with `replace`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import marshmallow as ma
import sqlalchemy as sa
from marshmallow import fields
from sqlalchemy.orm import Session

from hub import models
from hub.activations import ActivationError, Wanted, announce, checked, checked_mapping, put
from hub.directory import FileError, read_network, read_toml, store
from hub.institutions import serving
from hub.runtime import Hub
from hub.validation import explain

ACTION = "plugin.provision"


class _SiteFile(ma.Schema):
    disabled = fields.List(fields.String(), load_default=list)
    plugins = fields.Dict(
        keys=fields.String(), values=fields.Dict(keys=fields.String()), load_default=dict
    )
    mappings = fields.Dict(
        keys=fields.String(), values=fields.Dict(keys=fields.String()), load_default=dict
    )

    @ma.validates_schema
    def _disabled_are_configured(self, data: Mapping[str, Any], **_: Any) -> None:
        for part in ("disabled", "mappings"):
            unknown = sorted(set(data[part]) - set(data["plugins"]))
            if unknown:
                raise ma.ValidationError(
                    f"These have no [plugins.…] of their own: {', '.join(unknown)}.", part
                )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What loading did: `site/plugin` by what became of it; `problems` say what was left out."""

    sites: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    """An admin's settings that differ from the file and were left alone."""
    problems: list[str] = field(default_factory=list)


def read_site(path: Path) -> dict[str, Wanted]:
    """The activations of a site's file by plugin name; raises `FileError`."""
    try:
        data = _SiteFile().load(read_toml(path))
    except ma.ValidationError as error:
        raise FileError(f"{path}: {explain(error)}") from error
    return {
        name: Wanted(name not in data["disabled"], config, data["mappings"].get(name))
        for name, config in data["plugins"].items()
    }


def site_files(config: Path) -> list[Path]:
    """The files of the sites in a configuration folder."""
    return sorted((config / "sites").glob("*.toml"))


def load(hub: Hub, config: Path, *, actor: str, replace: bool = False) -> Outcome:
    """Load network.toml and every sites/*.toml of a configuration folder.

    A file or plugin that cannot be used is left out and named in `problems`; the rest is
    loaded. Raises `FileError` when network.toml itself cannot be used.
    """
    outcome = Outcome()
    network = read_network(config / "network.toml")
    with hub.db.write() as session:
        changed = store(session, network, actor)
        if changed:
            announce(session)
            serving.assign(session)
        outcome.sites.extend(changed)
    load_sites(hub, site_files(config), outcome, actor=actor, replace=replace)
    return outcome


def load_sites(
    hub: Hub, paths: Iterable[Path], outcome: Outcome, *, actor: str, replace: bool = False
) -> None:
    """Load site files, each in a transaction of its own."""
    wanted = {}
    for path in paths:
        try:
            wanted[path] = read_site(path)
        except FileError as error:
            outcome.problems.append(str(error))
    hub.migrate({name for file in wanted.values() for name in file})
    for path, plugins in wanted.items():
        with hub.db.write() as session:
            announce(session)
            before = len(outcome.changed)
            _load_site(session, hub, path, plugins, outcome, actor, replace)
            if len(outcome.changed) == before:
                session.rollback()  # nothing changed, so nobody needs to look
    hub.sites.refresh()


def _load_site(
    session: Session,
    hub: Hub,
    path: Path,
    plugins: Mapping[str, Wanted],
    outcome: Outcome,
    actor: str,
    replace: bool,
) -> None:
    site = path.stem
    if session.get(models.Site, site) is None:
        outcome.problems.append(f"{path}: there is no site {site} in network.toml.")
        return
    rows = {
        row.plugin: row
        for row in session.scalars(
            sa.select(models.Activation).where(models.Activation.site_key == site)
        )
    }
    gone = {
        name: Wanted(False) for name, row in rows.items() if row.enabled and name not in plugins
    }
    for name, wanted in {**plugins, **gone}.items():
        subject = f"{site}/{name}"
        row = rows.get(name)
        stored = row.config if row else {}
        try:
            new = wanted.config
            config = stored if new is None else checked(hub, name, new, stored)
            made = checked_mapping(hub, name, wanted.mapping or {})
        except ActivationError as error:
            outcome.problems.append(f"{path}: {error}")
            continue
        present = None if row is None else (row.enabled, row.config, row.mapping if made else {})
        if present == (wanted.enabled, config, made):
            outcome.unchanged.append(subject)
        elif row is None or replace or _last_action(session, site, name) == ACTION:
            put(
                session,
                hub,
                site,
                name,
                Wanted(wanted.enabled, config, made or None),
                ACTION,
                actor,
            )
            outcome.changed.append(subject)
        else:
            outcome.kept.append(subject)


def _last_action(session: Session, site: str, plugin: str) -> str | None:
    entry = models.AuditEntry
    return session.scalar(
        sa.select(entry.action)
        .where(entry.site_key == site, entry.subject == plugin, entry.action.startswith("plugin."))
        .order_by(entry.id.desc())
        .limit(1)
    )


def problems(hub: Hub, config: Path) -> list[str]:
    """What loading the configuration folder would complain about; changes nothing."""
    found = []
    keys = set()
    try:
        keys = {site["key"] for site in read_network(config / "network.toml")}
    except FileError as error:
        found.append(str(error))
    for path in site_files(config):
        try:
            plugins = read_site(path)
        except FileError as error:
            found.append(str(error))
            continue
        if keys and path.stem not in keys:
            found.append(f"{path}: there is no site {path.stem} in network.toml.")
        for name, wanted in plugins.items():
            try:
                checked(hub, name, wanted.config or {}, {})
                checked_mapping(hub, name, wanted.mapping or {})
            except ActivationError as error:
                found.append(f"{path}: {error}")
    return found


def export_site(hub: Hub, site: str) -> str:
    """The site's activations as the text of its file; secrets stay references or tokens."""
    import tomli_w

    with hub.db.read() as session:
        rows = session.scalars(
            sa.select(models.Activation)
            .where(models.Activation.site_key == site)
            .order_by(models.Activation.plugin)
        ).all()
        document: dict[str, Any] = {}
        disabled = [row.plugin for row in rows if not row.enabled]
        if disabled:
            document["disabled"] = disabled
        document["plugins"] = {row.plugin: row.config for row in rows}
        mappings = {row.plugin: row.mapping for row in rows if row.mapping}
        if mappings:
            document["mappings"] = mappings
    return tomli_w.dumps(document)
