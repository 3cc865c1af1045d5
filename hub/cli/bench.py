"""`hub bench`: measure the hub against a limit that is measured in the same run.

Each subcommand is a thin door to the module of that name in `hub.benchmarks`; it works on a
temporary database and leaves nothing behind.
"""

from __future__ import annotations

import dataclasses
import logging
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import sqlalchemy as sa
from tqdm import tqdm

from hub.cli import json_option, report
from hub.db import Database, migrate

_CSV = click.Path(exists=True, dir_okay=False, path_type=Path)


server_option = click.option(
    "--database",
    "server",
    metavar="URL",
    help="A PostgreSQL server on which a temporary database may be made; default is SQLite.",
)


@click.group()
def command() -> None:
    """Measure the hub against the limit of this machine."""


@command.command("search")
@click.option("--works", default=200_000, show_default=True, type=click.IntRange(100, 1_000_000))
@server_option
@json_option
def search(works: int, server: str | None, as_json: bool) -> None:
    """Search among so many works; a bare full-text query with plain facets is the measure."""
    from hub.benchmarks import search as benchmark

    with (
        temporary_database(server) as database,
        tqdm(desc="build", unit=" works", total=works, disable=None) as bar,
    ):
        figures = benchmark.measure(database, works, bar.update)
    report(dataclasses.asdict(figures), as_json, (("figure", "value"), benchmark.as_rows(figures)))


@command.command("sync")
@click.option(
    "--records", default=100_000, show_default=True, type=click.IntRange(1_000, 1_000_000)
)
@json_option
def sync(records: int, as_json: bool) -> None:
    """Take in so many records over OAI-PMH; download, parse, upsert and full text are the limit."""
    from hub import log
    from hub.benchmarks import sync as benchmark

    log.configure(logging.WARNING)
    figures = benchmark.measure(records, lambda phase: click.echo(f"- {phase} …", err=True))
    report(dataclasses.asdict(figures), as_json, (("figure", "value"), benchmark.as_rows(figures)))


@command.command("oai")
@click.option("--records", default=100_000, show_default=True, type=click.IntRange(30_000))
@click.option("--prefix", default="oai_dc", show_default=True, type=click.Choice(["oai_dc", "lom"]))
@server_option
@json_option
def oai(records: int, prefix: str, server: str | None, as_json: bool) -> None:
    """Harvest so many records from the OAI-PMH provider, and compare its first and last pages."""
    from hub.benchmarks import oai as benchmark

    with (
        temporary_database(server) as database,
        tqdm(desc="build", unit=" records", total=records, disable=None) as bar,
    ):
        figures = benchmark.measure(database, records, prefix, bar.update)
    report(dataclasses.asdict(figures), as_json, (("figure", "value"), benchmark.as_rows(figures)))


@command.command("network")
@click.option(
    "--offers", default=1_000_000, show_default=True, type=click.IntRange(1_000, 5_000_000)
)
@server_option
@json_option
def network(offers: int, server: str | None, as_json: bool) -> None:
    """Ask for the network page and the matrix of 55 sites; all figures are counted once more."""
    from hub.benchmarks import network as benchmark

    with (
        temporary_database(server) as database,
        tqdm(desc="build", unit=" offers", total=offers, disable=None) as bar,
    ):
        figures = benchmark.measure(database, offers, bar.update)
    report(dataclasses.asdict(figures), as_json, (("figure", "value"), benchmark.as_rows(figures)))


@command.command("scale")
@click.option("--sites", default=55, show_default=True, type=click.IntRange(1, 500))
@click.option(
    "--offers",
    default=20_000,
    show_default=True,
    type=click.IntRange(100, 100_000),
    help="Of each site.",
)
@click.option(
    "--compared",
    default=400,
    show_default=True,
    type=click.IntRange(100, 2_000),
    help="Offers of each site in the networks of 1, 55 and 500 sites whose costs are compared.",
)
@server_option
@json_option
def scale(sites: int, offers: int, compared: int, server: str | None, as_json: bool) -> None:
    """Take in a whole network, search it, give it away, and see what more sites cost."""
    from hub import log
    from hub.benchmarks import scale as benchmark

    log.configure(logging.WARNING)
    figures = benchmark.measure(
        lambda: temporary_database(server),
        sites,
        offers,
        compared,
        say=lambda phase: click.echo(f"- {phase} …", err=True),
    )
    report(dataclasses.asdict(figures), as_json, (("figure", "value"), benchmark.as_rows(figures)))


@command.command("booking")
@click.option("--processes", default=8, show_default=True, type=click.IntRange(1, 64))
@click.option("--models", default=5_000, show_default=True, type=click.IntRange(10, 100_000))
@click.option("--seconds", default=10.0, show_default=True, type=click.FloatRange(0.5, 600))
@server_option
@json_option
def booking(processes: int, models: int, seconds: float, server: str | None, as_json: bool) -> None:
    """Book with several processes at once; bare inserts of the same rows are the limit."""
    from hub.benchmarks import booking as benchmark

    with temporary_database(server) as database:
        figures = benchmark.measure(
            database, processes, models, seconds, lambda phase: click.echo(f"- {phase} …", err=True)
        )
    report(dataclasses.asdict(figures), as_json, (("figure", "value"), benchmark.as_rows(figures)))


@command.command("works")
@click.option("--records", default=10_000, show_default=True, type=click.IntRange(500, 1_000_000))
@click.option("--larger", default=100_000, show_default=True, type=click.IntRange(500, 1_000_000))
@click.option("--left", type=_CSV, help="With --right and --truth: this labelled set instead.")
@click.option("--right", type=_CSV)
@click.option("--truth", type=_CSV, help="Ids of left and right that are the same work.")
@json_option
def works(
    records: int,
    larger: int,
    left: Path | None,
    right: Path | None,
    truth: Path | None,
    as_json: bool,
) -> None:
    """Find the same works in a labelled set, and see what more records cost.

    The set is made up of media with slips of the pen, other subtitles and years, and of parts,
    translations and remakes that must stay apart; or it comes as three CSV files.
    """
    from hub.benchmarks import works as benchmark
    from hub.catalogue.helper import tune_process

    tune_process()
    figures: benchmark.Figures | benchmark.Quality
    if left and right and truth:
        try:
            labelled = benchmark.read(left, right, truth)
        except ValueError as error:
            raise click.ClickException(str(error)) from error
        total = len(labelled.left) + len(labelled.right)
        with tqdm(desc="match", unit=" records", total=total, disable=None) as bar:
            figures, _ = benchmark.assess(labelled, bar.update)
    elif left or right or truth:
        raise click.UsageError("--left, --right and --truth belong together.")
    else:
        with tqdm(desc="match", unit=" records", total=records + larger, disable=None) as bar:
            figures = benchmark.measure(records, larger, bar.update)
    report(dataclasses.asdict(figures), as_json, (("figure", "value"), benchmark.as_rows(figures)))


@contextmanager
def temporary_database(server: str | None) -> Iterator[Database]:
    """A migrated, empty database: a file, or a new database on a PostgreSQL server."""
    if server is None:
        with (
            tempfile.TemporaryDirectory(prefix="hub-bench-") as folder,
            _migrated(f"sqlite:///{Path(folder) / 'bench.sqlite3'}") as database,
        ):
            yield database
        return
    name = f"hub_bench_{uuid.uuid4().hex[:12]}"
    try:
        url = Database(server).url
        if url.get_backend_name() != "postgresql":
            raise ValueError(f"{server} is no PostgreSQL server")
        admin = sa.create_engine(url, isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
    except (ValueError, sa.exc.SQLAlchemyError) as error:
        raise click.ClickException(f"--database: {error}") from error
    try:
        with _migrated(url.set(database=name).render_as_string(hide_password=False)) as database:
            yield database
    finally:
        with admin.connect() as connection:
            connection.exec_driver_sql(f'DROP DATABASE "{name}" WITH (FORCE)')
        admin.dispose()


@contextmanager
def _migrated(url: str) -> Iterator[Database]:
    database = Database(url)
    try:
        migrate(database)
        yield database
    finally:
        database.close()
