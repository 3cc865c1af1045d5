"""`hub export`: the whole catalogue, or a part of it, as one file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.cli import known_site, pass_hub
from hub.records import Kind

if TYPE_CHECKING:
    from hub.runtime import Hub


@click.command()
@click.argument("form", type=click.Choice(["json", "amb", "lom", "csv"]))
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--site", help="Only what this site offers.")
@click.option("--kind", type=click.Choice([kind.value for kind in Kind]), help="Only this kind.")
@pass_hub
def command(hub: Hub, form: str, file: Path, site: str | None, kind: str | None) -> None:
    """Write all live offers to a file.

    FORM is json (JSON lines, every field, with site and origin), amb (JSON lines of AMB; media
    only), lom (one XML document of OAI records in IEEE LOM) or csv (a table for spreadsheets).

    The file appears when it is whole; until then, and when something fails, an older one stays.
    """
    from hub.catalogue import export

    if site is not None:
        known_site(hub, site)
    try:
        with (
            export.whole_file(file) as target,
            click.progressbar(
                length=export.count(hub.db, site=site, kind=kind),
                label=str(file),
                file=sys.stderr,
            ) as bar,
        ):
            written = 0
            for done in export.write(
                hub.db, hub.settings.base_url, form, target, site=site, kind=kind
            ):
                written += done.written
                bar.update(done.read)
    except OSError as error:
        raise click.ClickException(
            f"{file} cannot be written: {error.strerror}. Choose another place, or make room."
        ) from error
    click.echo(f"{file}: {written} offers")
