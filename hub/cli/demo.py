"""`hub demo`: a whole network to look at, from invented holdings through the real plugins."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING

import click

from hub.cli import json_option

if TYPE_CHECKING:
    from hub.catalogue.sync import Report
    from hub.demo.load import Demo, Summary
    from hub.runtime import Hub


@click.command()
@click.option("--serve", is_flag=True, help="Then serve it until Ctrl-C.")
@click.option("--host", default="127.0.0.1", show_default=True, help="With --serve.")
@click.option(
    "--port",
    default=8000,
    show_default=True,
    envvar="PORT",
    show_envvar=True,
    type=click.IntRange(1, 65535),
    help="With --serve.",
)
@json_option
def command(serve: bool, host: str, port: int, as_json: bool) -> None:
    """Load the demonstration network, and serve it.

    Writes sources to var/demo, starts stand-ins for the systems that the sources come from,
    and takes everything in. A second run changes nothing. The dates of trainings and licences
    move on with each week.
    """
    import logging

    from hub import log, settings
    from hub.cli import run
    from hub.demo import bookings, curated, load, people
    from hub.demo.standins import StandinError
    from hub.directory import FileError

    if not click.get_current_context().find_root().params.get("verbose"):
        log.configure(logging.CRITICAL)  # the summary says what is broken
    try:
        environment = settings.load()
        listener = run.listen(host, port) if serve else None
        if listener is not None:
            environment = environment.served_at(run.address(listener))
        with load.prepared(environment, today=date.today(), step=_say) as demo:
            fresh = load.is_fresh(demo)
            if not fresh:
                _fill(demo)
            found = load.summary(demo, fresh=fresh)
            if not found.unexpected:
                load.mark_loaded(demo)
            password = people.load(demo.hub, demo.folder)
            bookings.load(demo.hub.db, "borken", "lehrkraft@borken.example")
            shared = curated.put_in(demo.hub.db, demo.sources.day, password)
            _print(found, demo, password, shared, as_json)
            if listener is not None:
                log.configure()
                with _worker(demo.hub):
                    run.serve(demo.hub, listener)
    except KeyboardInterrupt:
        raise click.ClickException("Stopped. `hub demo` goes on where it was.") from None
    except (settings.SettingsError, load.DemoError, StandinError, FileError) as error:
        raise click.ClickException(str(error)) from error
    if found.unexpected:
        raise SystemExit(1)


@contextmanager
def _worker(hub: Hub) -> Iterator[None]:
    """Does what is asked for on the pages; the demonstration reads no source by itself."""
    from hub.jobs import tasks
    from hub.jobs.worker import Worker

    worker = Worker(hub, parallel=1, schedules=tasks.without_sources)
    thread = threading.Thread(target=worker.run, name="worker", daemon=True)
    thread.start()
    yield
    worker.stop()
    thread.join(timeout=5)


def _say(text: str) -> None:
    click.echo(f"- {text} …", err=True)


def _fill(demo: Demo) -> None:
    from tqdm import tqdm

    from hub.demo import load

    _say("Taking in all sources")
    counts: dict[tuple[str, str], int] = {}
    with tqdm(unit=" offers", disable=None, leave=False) as bar:

        def show(report: Report, done: int, sources: int) -> None:
            counts[report.site, report.plugin] = report.done
            bar.set_description(f"{done}/{sources} sources", refresh=False)
            bar.update(sum(counts.values()) - bar.n)

        load.fill(demo, show)


def _print(found: Summary, demo: Demo, password: str, shared: str, as_json: bool) -> None:
    import dataclasses
    import json

    from hub.demo.people import LOGINS

    if as_json:
        click.echo(json.dumps(dataclasses.asdict(found), ensure_ascii=False, indent=2))
        return
    total = sum(found.offers.values())
    click.echo(
        f"{found.sites} sites, {found.connected} of them connected; {total} offers of "
        f"{found.works} works" + (", as loaded before." if found.fresh else ".")
    )
    for kind, count in sorted(found.offers.items(), key=lambda item: -item[1]):
        click.echo(f"  {kind:<16}{count:>6}")
    click.echo("Broken on purpose, while everything else works:")
    for name in sorted(found.on_purpose):
        click.echo(f"  {name}: {found.problems.get(name, 'not broken')}")
    for name, why in found.unexpected.items():
        click.echo(f"Broken, but not on purpose: {name}: {why}", err=True)
    click.echo('Look at it: hub search "Wasserkreislauf" · hub sites list · hub check')
    click.echo(
        f"To run its sources yourself while it is served: export HUB_CONFIG={demo.settings.config}"
    )
    click.echo(f"Log in at /anmelden with the password {password}:")
    for one in LOGINS:
        click.echo(f"  {one.login:<10} at {one.site:<10} {one.role} ({one.name})")
    if shared:
        click.echo(f"A media list that a teacher shares: {shared}")
