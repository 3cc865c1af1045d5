"""`hub plugins`: what runs at which site."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from hub.cli import actor, json_option, known_site, pass_hub, report

if TYPE_CHECKING:
    from hub.runtime import Hub

F = TypeVar("F", bound=Callable[..., object])


@click.group()
def command() -> None:
    """Enable, configure and show the plugins of a site."""


def _config_options(function: F) -> F:
    for option in (
        click.option(
            "--config",
            "file",
            type=click.Path(exists=True, dir_okay=False, path_type=Path),
            help="A TOML file with the whole configuration.",
        ),
        click.option(
            "--set",
            "settings",
            multiple=True,
            metavar="KEY=VALUE",
            help="Change one key; `a.b` reaches inside, VALUE is TOML, or else plain text.",
        ),
        click.option("--unset", multiple=True, metavar="KEY", help="Remove one key."),
        click.option(
            "--secret",
            "secret_keys",
            multiple=True,
            metavar="KEY",
            help="Ask for the value of this key without showing it; it is stored encrypted.",
        ),
    ):
        function = option(function)
    return function


@command.command("list")
@click.option("--site", help="Only what is enabled or configured at this site, with its state.")
@json_option
@pass_hub
def list_(hub: Hub, site: str | None, as_json: bool) -> None:
    """List the installed plugins, or those of one site."""
    if site is not None:
        states = _states(hub, site)
        report(
            [{"plugin": name, "state": state, "reason": why} for name, state, why in states],
            as_json,
            (("PLUGIN", "STATE", "REASON"), states),
        )
        return
    names = hub.sites.installed.names()
    sites: dict[str, list[str]] = {name: [] for name in names}
    for row in hub.sites.directory():
        for one in hub.sites.enabled(row.key):
            sites.setdefault(one.name, []).append(row.key)
    report(
        [
            {"plugin": name, "installed": name in names, "sites": keys}
            for name, keys in sorted(sites.items())
        ],
        as_json,
        (
            ("PLUGIN", "INSTALLED", "SITES"),
            [
                (name, "yes" if name in names else "no", ", ".join(keys) or "-")
                for name, keys in sorted(sites.items())
            ],
        ),
    )


def _states(hub: Hub, site: str) -> list[tuple[str, str, str]]:
    import sqlalchemy as sa

    from hub import models

    known_site(hub, site)
    live = hub.sites.site(site)
    with hub.db.read() as session:
        names = session.scalars(
            sa.select(models.Activation.plugin)
            .where(models.Activation.site_key == site)
            .order_by(models.Activation.plugin)
        ).all()
    return [
        (name, "running", "")
        if name in live.plugins
        else (name, "off", live.problems[name])
        if name in live.problems
        else (name, "disabled", "")
        for name in names
    ]


@command.command()
@click.argument("site")
@click.argument("plugin")
@json_option
@pass_hub
def show(hub: Hub, site: str, plugin: str, as_json: bool) -> None:
    """Show a plugin at a site: state and configuration, without secrets."""
    import json

    from hub import activations

    row = _present(hub, site, plugin)
    state = {name: (state, why) for name, state, why in _states(hub, site)}[plugin]
    data = {"plugin": plugin, "site": site, "state": state[0], "reason": state[1]}
    config = (activations.shown(row) or {})["config"]
    report(
        {**data, "version": row.version, "updated_at": row.updated_at, "config": config},
        as_json,
        (
            ("FIELD", "VALUE"),
            [
                *((name, value) for name, value in data.items() if value),
                *(
                    (f"config.{key}", json.dumps(value, ensure_ascii=False))
                    for key, value in config.items()
                ),
            ],
        ),
    )


@command.command()
@click.argument("site")
@click.argument("plugin")
@_config_options
@pass_hub
def enable(
    hub: Hub,
    site: str,
    plugin: str,
    file: Path | None,
    settings: tuple[str, ...],
    unset: tuple[str, ...],
    secret_keys: tuple[str, ...],
) -> None:
    """Enable PLUGIN at SITE, with the configuration it had there unless one is given."""
    from hub import activations

    with _said_plainly():
        row = activations.configured(hub, site, plugin)
        config = _config(row.config if row else {}, file, settings, unset, secret_keys)
        version = row.version if row else 0
        activations.enable(hub, site, plugin, config, actor=actor(), version=version)
    _tell_state(hub, site, plugin)


@command.command()
@click.argument("site")
@click.argument("plugin")
@_config_options
@pass_hub
def configure(
    hub: Hub,
    site: str,
    plugin: str,
    file: Path | None,
    settings: tuple[str, ...],
    unset: tuple[str, ...],
    secret_keys: tuple[str, ...],
) -> None:
    """Change the configuration of PLUGIN at SITE."""
    from hub import activations

    if not (file or settings or unset or secret_keys):
        raise click.UsageError("Say what to change: --config, --set, --unset or --secret.")
    row = _present(hub, site, plugin)
    with _said_plainly():
        config = _config(row.config, file, settings, unset, secret_keys)
        activations.configure(hub, site, plugin, config, actor=actor(), version=row.version)
    _tell_state(hub, site, plugin)


@command.command()
@click.argument("site")
@click.argument("plugin")
@pass_hub
def disable(hub: Hub, site: str, plugin: str) -> None:
    """Switch PLUGIN off at SITE; its configuration is kept."""
    from hub import activations

    with _said_plainly():
        activations.disable(hub, site, plugin, actor=actor())
    click.echo(f"{plugin} is disabled at {site}.")


@command.command()
@click.argument("site")
@click.argument("plugin")
@pass_hub
def undo(hub: Hub, site: str, plugin: str) -> None:
    """Make the last change of PLUGIN at SITE undone; secrets stay as they are now."""
    from hub import activations

    with _said_plainly():
        activations.undo(hub, site, plugin, actor=actor())
    _tell_state(hub, site, plugin)


@command.command()
@click.argument("site")
@click.argument("plugin")
@pass_hub
def diagnose(hub: Hub, site: str, plugin: str) -> None:
    """Print as JSON what whoever helps with PLUGIN needs to know, without secrets and persons."""
    import json

    from hub.diagnostics import diagnostics

    known_site(hub, site)
    try:
        found = diagnostics(hub, site, plugin)
    except LookupError as error:
        raise click.ClickException(f"There is no plugin {plugin}.") from error
    click.echo(json.dumps(found, ensure_ascii=False, indent=2))


@command.command()
@click.argument("source")
@click.argument("target")
@click.option("--plugin", "plugins", multiple=True, help="Only this plugin (repeatable).")
@json_option
@pass_hub
def copy(hub: Hub, source: str, target: str, plugins: tuple[str, ...], as_json: bool) -> None:
    """Take over the set-up of SOURCE at TARGET, switched off and without secrets.

    What is set up at TARGET already stays as it is.
    """
    from hub import setup_copy

    if source == target:
        raise click.UsageError("SOURCE and TARGET are the same site.")
    with _said_plainly():
        done = setup_copy.copy(hub, source, target, plugins or None, actor=actor())
    report(
        [
            {"plugin": one.plugin, "copied": not one.present, "missing": list(one.missing)}
            for one in done
        ],
        as_json,
        (
            ("PLUGIN", "RESULT", "MISSING SECRETS"),
            [
                (
                    one.plugin,
                    "was set up already" if one.present else "copied, off",
                    ", ".join(one.missing) or "-",
                )
                for one in done
            ],
        ),
    )


@command.command()
@click.option("--site", help="Only changes at this site.")
@click.option("--plugin", help="Only changes of this plugin.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000))
@json_option
@pass_hub
def history(hub: Hub, site: str | None, plugin: str | None, limit: int, as_json: bool) -> None:
    """Show who changed what when, the newest first."""
    from dataclasses import asdict

    from hub import activations

    if site is not None:
        known_site(hub, site)
    changes = activations.history(hub, site, plugin, limit)
    report(
        [asdict(change) for change in changes],
        as_json,
        (
            ("AT", "WHO", "SITE", "WHAT", "OF", "CHANGED"),
            [
                (
                    change.at.isoformat(timespec="seconds"),
                    change.actor,
                    change.site or "-",
                    change.action,
                    change.subject,
                    ", ".join(change.changed) or "-",
                )
                for change in changes
            ],
        ),
    )


def _said_plainly() -> Any:
    """Errors that the user can act on, without a traceback."""
    from contextlib import contextmanager

    from hub.activations import ActivationError
    from hub.sites import UnknownSite

    @contextmanager
    def translate() -> Any:
        try:
            yield
        except (ActivationError, UnknownSite) as error:
            raise click.ClickException(str(error)) from error

    return translate()


def _present(hub: Hub, site: str, plugin: str) -> Any:
    from hub import activations

    with _said_plainly():
        row = activations.configured(hub, site, plugin)
    if row is None:
        raise click.ClickException(f"The plugin {plugin} was never enabled at {site}.")
    return row


def _tell_state(hub: Hub, site: str, plugin: str) -> None:
    """Say whether it runs; exit 1 when it is enabled but off."""
    states = {name: (state, why) for name, state, why in _states(hub, site)}
    state, why = states[plugin]
    if state == "off":
        raise click.ClickException(f"{plugin} is enabled at {site}, but off: {why}")
    click.echo(f"{plugin} is {state} at {site}.")


def _config(
    stored: Mapping[str, Any],
    file: Path | None,
    settings: tuple[str, ...],
    unset: tuple[str, ...],
    secret_keys: tuple[str, ...],
) -> dict[str, Any]:
    """The configuration as the options change it, as typed."""
    import copy

    from hub.directory import FileError, read_toml

    try:
        config = read_toml(file) if file else copy.deepcopy(dict(stored))
    except FileError as error:
        raise click.ClickException(str(error)) from error
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals or not key:
            raise click.UsageError(f"--set {setting}: write KEY=VALUE.")
        _put(config, key, _value(text))
    for key in unset:
        _put(config, key, None)  # no value: the key is left out when it is stored
    for key in secret_keys:
        _put(config, key, click.prompt(key, hide_input=True, err=True))
    return config


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _put(config: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = path.split(".")
    for parent in parents:
        inner = config.setdefault(parent, {})
        if not isinstance(inner, dict):
            raise click.UsageError(f"{path}: {parent} is no table.")
        config = inner
    config[last] = value
