"""`hub mapping`: how the words of a source fill our fields."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hub.cli import actor, json_option, pass_hub, report

if TYPE_CHECKING:
    from hub import models
    from hub.runtime import Hub


@click.group()
def command() -> None:
    """Show, pass on and try out mappings of sources."""


@command.command()
@click.argument("site")
@click.argument("plugin")
@json_option
@pass_hub
def show(hub: Hub, site: str, plugin: str, as_json: bool) -> None:
    """Show the mapping of PLUGIN at SITE."""
    row, _ = _present(hub, site, plugin)
    report(
        row.mapping,
        as_json,
        (
            ("FIELD", "FROM", "ELSE", "WORDS", "UNKNOWN"),
            [
                (
                    field,
                    ", ".join(rule.get("from", ())) or "-",
                    rule.get("fixed", "-"),
                    len(rule.get("values", ())),
                    rule.get("unknown", "keep"),
                )
                for field, rule in sorted(row.mapping.items())
            ],
        ),
    )


@command.command("export")
@click.argument("site")
@click.argument("plugin")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to a file.")
@pass_hub
def export_(hub: Hub, site: str, plugin: str, output: Path | None) -> None:
    """Write the mapping as JSON; put into config/mappings it is offered to every site."""
    from hub import mapping

    row, fields = _present(hub, site, plugin)
    name = next(one.name for one in hub.sites.directory() if one.key == site)
    try:
        content = mapping.to_file(plugin, mapping.load(row.mapping, fields), name)
        if output is None:
            click.echo(content, nl=False)
        else:
            output.write_bytes(content)
    except (mapping.MappingError, OSError) as error:
        raise click.ClickException(str(error)) from error


@command.command("import")
@click.argument("site")
@click.argument("plugin")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@pass_hub
def import_(hub: Hub, site: str, plugin: str, file: Path) -> None:
    """Replace the mapping by that of FILE; the next run reads everything anew."""
    from hub import activations, mapping

    row, fields = _present(hub, site, plugin)
    data = mapping.dump(_from_file(file, plugin, fields))
    try:
        activations.put_mapping(hub, site, plugin, data, actor=actor(), version=row.version)
    except activations.ActivationError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{plugin} at {site} has a mapping of {len(data)} fields.")


@command.command()
@click.argument("site")
@click.argument("plugin")
@click.option(
    "--file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Try the mapping of this file instead of the stored one.",
)
@json_option
@pass_hub
def preview(hub: Hub, site: str, plugin: str, file: Path | None, as_json: bool) -> None:
    """Read a sample of the source and show ten records without and with the mapping."""
    from hub import mapping
    from hub.catalogue import normalise, sample
    from hub.formats.fieldmap import EMPTY
    from hub.records import Record

    row, fields = _present(hub, site, plugin)
    live = hub.sites.site(site)
    if plugin not in live.plugins:
        why = live.problems.get(plugin, "it is switched off")
        raise click.ClickException(f"No sample of {plugin} at {site} can be read: {why}")
    wanted = _from_file(file, plugin, fields) if file else mapping.load(row.mapping, fields)
    found = sample.take(live, plugin)
    if not found.records:
        raise click.ClickException(found.error or "The source gave no record.")
    shown: list[dict[str, Any]] = []
    for one in found.records[: sample.PREVIEWED]:
        old, new = (sample.preview(live, plugin, one, each) for each in (EMPTY, wanted))
        changes = (
            normalise.differences(normalise.dump(old), normalise.dump(new))
            if isinstance(old, Record) and isinstance(new, Record)
            else []
        )
        shown.append(
            {
                "record": one["place"],
                "rejected": new if isinstance(new, str) else "",
                "changes": [{"field": f, "old": was, "new": now} for f, was, now in changes],
            }
        )
    report(
        shown,
        as_json,
        (
            ("RECORD", "REJECTED", "CHANGES"),
            [
                (
                    one["record"],
                    one["rejected"] or "-",
                    "; ".join(f"{c['field']}: {c['new']}" for c in one["changes"]) or "-",
                )
                for one in shown
            ],
        ),
    )
    if found.error:
        raise click.ClickException(found.error)


def _present(hub: Hub, site: str, plugin: str) -> tuple[models.Activation, tuple[str, ...]]:
    """The stored activation and the fields that can be mapped there."""
    from hub import activations
    from hub.installed import Unusable
    from hub.sites import UnknownSite

    try:
        row = activations.configured(hub, site, plugin)
        fields = hub.sites.installed.load(plugin).maps
    except (UnknownSite, Unusable) as error:
        raise click.ClickException(str(error)) from error
    if row is None:
        raise click.ClickException(f"The plugin {plugin} was never enabled at {site}.")
    if not fields:
        raise click.ClickException(f"The plugin {plugin} lets nothing be mapped.")
    return row, fields


def _from_file(file: Path, plugin: str, fields: tuple[str, ...]) -> Any:
    from hub import mapping

    try:
        with file.open("rb") as opened:
            return mapping.from_file(opened.read(mapping.MAX_FILE + 1), plugin, fields)
    except (mapping.MappingError, OSError) as error:
        raise click.ClickException(f"{file.name}: {error}") from error
