"""`hub init`: from nothing, or from an older version, to a database that is ready."""

from __future__ import annotations

import click

from hub.cli import open_hub


@click.command()
def command() -> None:
    """Create or upgrade the database and load the sites.

    Loads network.toml and sites/*.toml of the configuration folder. Can be repeated: what
    admins have changed since stays.
    """
    from hub.db import migrate

    hub = open_hub(initialised=False)
    migrate(hub.db)
    click.echo(f"Database ready: {hub.db.url.render_as_string()}")
