"""`hub jobs`: what waits, runs, has ended or was put aside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from hub.cli import MAX_ID, json_option, pass_hub, report

if TYPE_CHECKING:
    from hub.runtime import Hub

STATES = ("queued", "running", "finished", "failed", "parked")
COLUMNS = (
    "id",
    "task",
    "arguments",
    "state",
    "attempts",
    "deaths",
    "owner",
    "enqueued_at",
    "run_at",
    "started_at",
    "heartbeat_at",
    "finished_at",
    "message",
)


@click.group()
def command() -> None:
    """Look at the jobs of `hub worker`."""


@command.command("list")
@click.option(
    "--state", "states", multiple=True, type=click.Choice(STATES), help="Only these (repeatable)."
)
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000))
@json_option
@pass_hub
def list_jobs(hub: Hub, states: Sequence[str], limit: int, as_json: bool) -> None:
    """List the latest jobs, newest first."""
    from hub.jobs import queue

    with hub.db.read() as session:
        found = queue.listing(session, states=states, limit=limit)
        data = [{name: getattr(job, name) for name in COLUMNS} for job in found]
    rows = [
        (
            job["id"],
            job["task"],
            "/".join(map(str, job["arguments"].values())),
            job["state"],
            job["attempts"],
            job["deaths"],
            f"{job['started_at'] or job['run_at'] or job['enqueued_at']:%Y-%m-%d %H:%M:%S}",
            job["message"],
        )
        for job in data
    ]
    headers = ("JOB", "TASK", "ABOUT", "STATE", "ATTEMPTS", "DEATHS", "AT (UTC)", "MESSAGE")
    report(data, as_json, (headers, rows))


@command.command()
@click.argument("number", type=click.IntRange(1, MAX_ID))
@pass_hub
def retry(hub: Hub, number: int) -> None:
    """Queue the parked job NUMBER again."""
    from hub.jobs import queue

    try:
        with hub.db.write() as session:
            queue.retry(session, number)
    except queue.JobError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"Job {number} is queued.")
