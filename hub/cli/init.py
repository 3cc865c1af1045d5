"""`hub init`: from nothing, or from an older version, to a database that is ready."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.cli import actor, open_hub

if TYPE_CHECKING:
    from hub.provision import Outcome
    from hub.runtime import Hub


@click.command()
def command() -> None:
    """Create or upgrade the database and load the sites.

    Loads network.toml and sites/*.toml of the configuration folder (HUB_CONFIG). Can be
    repeated: what admins have changed since stays.
    """
    from hub.runtime import NotInitialised

    hub = open_hub(initialised=False)
    try:
        problems = hub.migrate()
    except NotInitialised as error:
        raise click.ClickException(str(error)) from error
    for problem in problems:
        click.echo(problem, err=True)
    click.echo(f"Database ready: {hub.db.url.render_as_string()}")
    tell(load(hub, hub.settings.config, replace=False))


def load(hub: Hub, config: Path, *, replace: bool) -> Outcome:
    """Load a configuration folder for the user of the command line."""
    from hub import provision
    from hub.directory import FileError

    try:
        return provision.load(hub, config, actor=actor(), replace=replace)
    except FileError as error:
        raise click.ClickException(str(error)) from error


def tell(outcome: Outcome) -> None:
    """Say what loading did; exit 1 when something was left out."""
    click.echo(f"Sites: {len(outcome.sites)} new or changed.")
    click.echo(
        f"Plugins: {len(outcome.changed)} loaded, {len(outcome.unchanged)} as before, "
        f"{len(outcome.kept)} left as admins have set them."
    )
    for kept in outcome.kept:
        click.echo(f"  left as it is: {kept}")
    for problem in outcome.problems:
        click.echo(f"Left out: {problem}", err=True)
    if outcome.problems:
        raise SystemExit(1)
