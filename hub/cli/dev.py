"""`hub dev`: a hub to write a plugin with, served anew after each change of its code."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from hub.runtime import Hub
    from hub.settings import Settings

SECRET_KEY = "secret-key.txt"
WATCHED = frozenset({".py", ".html", ".po", ".css"})


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    default=8000,
    show_default=True,
    envvar="PORT",
    show_envvar=True,
    type=click.IntRange(1, 65535),
)
def command(host: str, port: int) -> None:
    """Serve a hub for who writes a plugin, and serve it anew after each change of code.

    It has a database of its own in HUB_VAR/dev, with all sites and without offers, and logins
    for each role. Beside it runs a worker that does what is asked for on the pages.
    """
    from werkzeug.serving import is_running_from_reloader, run_simple

    from hub import settings
    from hub.app import create_app
    from hub.cli import run
    from hub.runtime import Hub

    try:
        chosen = _settings(settings.load())
    except settings.SettingsError as error:
        raise click.ClickException(str(error)) from error
    if not is_running_from_reloader():
        _prepare(chosen)
        run.listen(host, port).close()  # a port that is taken is told at once
    with Hub.open(chosen.served_at(f"http://{host}:{port}")) as hub:
        if is_running_from_reloader():
            _work(hub)
        run_simple(
            host,
            port,
            create_app(hub),
            use_reloader=True,
            reloader_type="stat",
            extra_files=list(_files()),
            threaded=True,
        )


def _settings(given: Settings) -> Settings:
    folder = given.var / "dev"
    folder.mkdir(parents=True, exist_ok=True)
    database = f"sqlite:///{folder / 'hub.sqlite3'}"
    return replace(given, var=folder, database_url=database, secret_key=_secret_key(folder))


def _secret_key(folder: Path) -> str:
    import secrets

    file = folder / SECRET_KEY
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(32))
    return file.read_text()


def _prepare(settings: Settings) -> None:
    from hub import provision
    from hub.demo import people
    from hub.runtime import Hub

    with Hub.open(settings) as hub:
        for problem in hub.migrate():
            click.echo(problem, err=True)
        provision.load(hub, settings.config, actor="hub dev")
        password = people.load(hub, settings.var)
    click.echo("For `hub plugins`, `hub sync` and others in a second shell:")
    key = settings.var / SECRET_KEY
    click.echo(f'  export HUB_VAR={settings.var} HUB_SECRET_KEY="$(cat {key})"')
    click.echo(f"Log in at /anmelden as leitung of borken with the password {password}")


def _work(hub: Hub) -> None:
    import threading

    from hub.jobs.worker import Worker

    worker = Worker(hub, parallel=1, schedules=lambda _: [])
    threading.Thread(target=worker.run, name="worker", daemon=True).start()


def _files() -> Iterator[str]:
    """The files of plugins of others: one that cannot be imported is watched too."""
    from hub.installed import Installed

    own = Path(__file__).parents[2]
    installed = Installed()
    for name in installed.names():
        point = installed.entry_point(name)
        root = str(point.value).partition(":")[0].partition(".")[0] if point else ""
        spec = importlib.util.find_spec(root) if root else None
        for place in (spec.submodule_search_locations or ()) if spec else ():
            if Path(place).parent == own:
                continue  # the hub's own are watched as modules
            for folder, _, files in os.walk(place):
                for file in files:
                    if Path(file).suffix in WATCHED:
                        yield str(Path(folder, file))
