"""`hub sites`: the sites of the network, and their files."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hub.cli import json_option, known_site, pass_hub, report
from hub.cli.init import load, tell

if TYPE_CHECKING:
    from hub.runtime import Hub


@click.group()
def command() -> None:
    """List, import and export the sites."""


@command.command("list")
@json_option
@pass_hub
def list_(hub: Hub, as_json: bool) -> None:
    """List all sites with the plugins that are enabled there."""
    rows = [
        (row, [one.name for one in hub.sites.enabled(row.key)]) for row in hub.sites.directory()
    ]
    report(
        [{**asdict(row), "plugins": plugins} for row, plugins in rows],
        as_json,
        (
            ("KEY", "NAME", "LV", "STANDORT", "PLUGINS"),
            [
                (row.key, row.name, row.association, row.standort, ", ".join(plugins) or "-")
                for row, plugins in rows
            ],
        ),
    )


@command.command()
@click.argument("site")
@json_option
@pass_hub
def show(hub: Hub, site: str, as_json: bool) -> None:
    """Show one site: what is known of it, and the state of its plugins."""
    known_site(hub, site)
    live = hub.sites.site(site)
    data = asdict(live.row)
    data["plugins"] = {
        **dict.fromkeys(live.plugins, "running"),
        **{name: f"off: {reason}" for name, reason in live.problems.items()},
    }
    report(data, as_json, (("FIELD", "VALUE"), list(_flat(data, ""))))


@command.command("import")
@click.argument(
    "folder", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path)
)
@click.option(
    "--replace", is_flag=True, help="Let the files decide also where an admin changed something."
)
@pass_hub
def import_(hub: Hub, folder: Path | None, replace: bool) -> None:
    """Load network.toml and sites/*.toml from FOLDER (default: HUB_CONFIG)."""
    tell(load(hub, folder or hub.settings.config, replace=replace))


@command.command()
@click.argument("sites", nargs=-1)
@click.option(
    "--to",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write one file per site into this folder; otherwise one site is printed.",
)
@pass_hub
def export(hub: Hub, sites: tuple[str, ...], folder: Path | None) -> None:
    """Write the plugins of SITES (default: all) as files that `hub sites import` reads.

    Secrets stay what they are: references, or values encrypted with HUB_SECRET_KEY.
    """
    from hub.provision import export_site

    known = [row.key for row in hub.sites.directory()]
    unknown = sorted(set(sites) - set(known))
    if unknown:
        raise click.ClickException(f"There is no site {', '.join(unknown)}: see `hub sites list`.")
    if folder is None:
        if len(sites) != 1:
            raise click.UsageError("Name one site to print, or a folder with --to.")
        click.echo(export_site(hub, sites[0]), nl=False)
        return
    folder.mkdir(parents=True, exist_ok=True)
    written = 0
    for key in sites or known:
        if sites or hub.sites.enabled(key):
            (folder / f"{key}.toml").write_text(export_site(hub, key), encoding="utf-8")
            written += 1
    click.echo(f"{written} files written to {folder}")


def _flat(value: Any, path: str) -> Any:
    """Nested data as lines of path and value."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _flat(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list | tuple):
        if any(isinstance(item, dict) for item in value):
            for index, item in enumerate(value):
                yield from _flat(item, f"{path}.{index}")
        elif value:
            yield path, ", ".join(map(str, value))
    elif value not in ("", None):
        yield path, value
