"""`hub worker`: take in the sources when they are due, and do what else waits."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import click

from hub.cli import pass_hub

if TYPE_CHECKING:
    from types import FrameType

    from hub.runtime import Hub


@click.command()
@click.option(
    "--parallel",
    default=4,
    show_default=True,
    type=click.IntRange(1, 32),
    help="Jobs at the same time.",
)
@click.option("--once", is_flag=True, help="End when nothing is due any more.")
@click.option(
    "--grace",
    default=30.0,
    show_default=True,
    type=click.FloatRange(min=0),
    help="Seconds that jobs have to end after SIGTERM.",
)
@pass_hub
def command(hub: Hub, parallel: int, once: bool, grace: float) -> None:
    """Run jobs and keep schedules until Ctrl-C or SIGTERM.

    Sources are taken in at the times that `hub sync schedules` shows, each host by one job at a
    time. At the end a source is left after its page and resumed the next time. Any number of
    workers may share a PostgreSQL database; there procrastinate may carry the jobs (HUB_JOBS).
    """
    from hub.catalogue.helper import tune_process
    from hub.jobs import courier

    tune_process()
    try:
        worker = courier.worker_for(hub)(hub, parallel=parallel)
    except courier.Unsuitable as error:
        raise click.ClickException(str(error)) from error

    def stop(number: int, _frame: FrameType | None) -> None:
        worker.stop()
        signal.signal(number, signal.SIG_DFL)  # the second time it ends at once

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    worker.run(once=once, grace=grace)
