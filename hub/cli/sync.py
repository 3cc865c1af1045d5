"""`hub sync`: take in what the sources of the sites offer, look at runs, decide on held ones."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any

import click
from sqlalchemy.exc import OperationalError
from tqdm import tqdm

from hub.catalogue import linking, page, runs, sync
from hub.catalogue.helper import Helper, tune_process
from hub.catalogue.preview import preview
from hub.cli import MAX_ID, json_option, known_site, pass_hub, report, schedules
from hub.containment import failure_of
from hub.installed import Unusable, hooks_of
from hub.runtime import Hub
from hub.secrets import Scrubber

COLUMNS = ("site", "plugin", "state", "added", "changed", "unchanged", "withdrawn", "rejected")


@click.group("sync", invoke_without_command=True)
@click.option("--site", "sites", multiple=True, help="Only this site (repeatable).")
@click.option("--plugin", "plugins", multiple=True, help="Only this plugin (repeatable).")
@click.option("--full", is_flag=True, help="Read everything, not only what changed.")
@click.option("--dry-run", is_flag=True, help="Write nothing; say what would happen.")
@click.option("--diff", is_flag=True, help="With --dry-run: show each field, old and new.")
@click.option(
    "--parallel",
    default=4,
    show_default=True,
    type=click.IntRange(1, 32),
    help="Sources read at the same time.",
)
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    sites: Sequence[str],
    plugins: Sequence[str],
    full: bool,
    dry_run: bool,
    diff: bool,
    parallel: int,
    as_json: bool,
) -> None:
    """Run the sources of all sites, or of those named. Exits 1 when one did not succeed."""
    if ctx.invoked_subcommand:
        return
    if diff and not dry_run:
        raise click.UsageError("--diff belongs to --dry-run.")
    _run(sites, plugins, full, dry_run, diff, parallel, as_json)


@pass_hub
def _run(
    hub: Hub,
    sites: Sequence[str],
    plugins: Sequence[str],
    full: bool,
    dry_run: bool,
    diff: bool,
    parallel: int,
    as_json: bool,
) -> None:
    tune_process()
    sources, reports = _sources(hub, sites, plugins)
    with (
        Helper() as helper,
        ThreadPoolExecutor(parallel) as threads,
        _Progress(len(sources)) as progress,
    ):

        def work(key: str, plugin: str) -> sync.Report:
            site = hub.sites.site(key)
            try:
                if dry_run:
                    return preview(hub.db, site, plugin, full=full, progress=progress.show)
                return sync.sync(
                    hub.db, site, plugin, full=full, progress=progress.show, helper=helper
                )
            except (runs.RunError, page.TakenOver) as error:
                return sync.Report(key, plugin, state="busy", error=str(error))
            except OperationalError:
                raise  # the database itself: no source will do better
            except Exception as error:  # whatever it is, the others are told of
                cause = getattr(error, "orig", None) or error  # without statement and values
                why = failure_of(cause, plugin, Scrubber(())).message
                return sync.Report(key, plugin, state="failed", error=f"The run broke off. {why}")

        for done in as_completed([threads.submit(work, *source) for source in sources]):
            reports.append(done.result())
            progress.finish(reports[-1])
    if not dry_run:
        linking.run(hub.db)
    reports.sort(key=lambda one: (one.site, one.plugin))
    report(
        [_as_data(one) for one in reports],
        as_json,
        (COLUMNS, [[getattr(one, name) for name in COLUMNS] for one in reports]),
    )
    if not as_json:
        for one in reports:
            if one.error:
                click.echo(f"{one.site}/{one.plugin}: {one.error}", err=True)
            for source_id, field, old, new in one.differences if diff else ():
                click.echo(f"{one.site}/{one.plugin} {source_id} {field}: {old!r} -> {new!r}")
            for source_id, title in one.withdrawals if diff else ():
                click.echo(f"{one.site}/{one.plugin} {source_id}: would be withdrawn: {title}")
            for reject in one.rejects if diff else ():
                click.echo(f"{one.site}/{one.plugin} {reject.source_id}: {reject.reason}")
    if any(one.state != "succeeded" for one in reports):
        raise SystemExit(1)


command.add_command(schedules.list_schedules)
command.add_command(schedules.set_schedule)


@command.command("runs")
@click.option("--site")
@click.option("--plugin")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000))
@json_option
@pass_hub
def list_runs(hub: Hub, site: str | None, plugin: str | None, limit: int, as_json: bool) -> None:
    """List the latest runs."""
    if site is not None:
        known_site(hub, site)
    columns = ("id", "site_key", *COLUMNS[1:], "resumed", "started_at", "finished_at", "error")
    with hub.db.read() as session:
        found = runs.history(session, site=site, plugin=plugin, limit=limit)
        rows = [{name: getattr(run, name) for name in columns} for run in found]
        for row, run in zip(rows, found, strict=True):
            row["state"] = "stuck" if runs.stuck(run) else run.state
    report(rows, as_json, (columns, [list(row.values()) for row in rows]))


@command.command("show")
@click.argument("run_id", type=click.IntRange(1, MAX_ID))
@json_option
@pass_hub
def show(hub: Hub, run_id: int, as_json: bool) -> None:
    """Show what a run changed, field by field, and what it could not take in."""
    with hub.db.read() as session:
        found = runs.detail(session, run_id)
    if found is None:
        raise click.ClickException(f"There is no run {run_id}; `hub sync runs` lists the latest.")
    lines = [(c["source_id"], c["field"], c["old"], c["new"]) for c in found["changes"]]
    lines += [(r["source_id"], "rejected", r["reason"], r["excerpt"]) for r in found["rejects"]]
    report(found, as_json, (("record", "field", "old / reason", "new / excerpt"), lines))


@command.command("links")
@click.argument("site")
@click.argument("plugin")
@pass_hub
def check_links(hub: Hub, site: str, plugin: str) -> None:
    """Look whether the next 500 web addresses of a source still lead somewhere."""
    from hub.jobs import link_checks

    known_site(hub, site)
    try:
        click.echo(link_checks.run(hub, site, plugin, lambda: None))
    except link_checks.Unchecked as error:
        raise click.ClickException(str(error)) from error


@command.command("release")
@click.argument("run_id", type=click.IntRange(1, MAX_ID))
@pass_hub
def release(hub: Hub, run_id: int) -> None:
    """Withdraw what a held run held back."""
    try:
        click.echo(f"{runs.release(hub.db, run_id)} offers withdrawn.")
    except runs.RunError as error:
        raise click.ClickException(str(error)) from error


@command.command("refuse")
@click.argument("run_id", type=click.IntRange(1, MAX_ID))
@pass_hub
def refuse(hub: Hub, run_id: int) -> None:
    """Keep the offers that a held run would have withdrawn."""
    try:
        runs.refuse(hub.db, run_id)
    except runs.RunError as error:
        raise click.ClickException(str(error)) from error
    click.echo("The offers stay.")


def _sources(
    hub: Hub, sites: Sequence[str], plugins: Sequence[str]
) -> tuple[list[tuple[str, str]], list[sync.Report]]:
    """(site, plugin) of every catalogue source that is wanted, and what to say of those off."""
    for key in sites:
        known_site(hub, key)
    keys = list(dict.fromkeys(sites)) or [row.key for row in hub.sites.directory()]
    enabled = {one.name for key in keys for one in hub.sites.enabled(key)}
    for name in plugins:
        if name not in enabled:
            raise click.ClickException(
                f"No plugin {name} is enabled there; `hub plugins list` shows what is where."
            )
    running, off = [], []
    for key in keys:
        site = hub.sites.site(key)
        for one in hub.sites.enabled(key):
            if plugins and one.name not in plugins:
                continue
            if site.implements(one.name, "catalogue_changes"):
                running.append((key, one.name))
            elif one.name in site.problems and _may_be_source(hub, one.name):
                why = f"The plugin is off: {site.problems[one.name]}"
                off.append(sync.Report(key, one.name, state="off", error=why))
    return running, off


def _may_be_source(hub: Hub, plugin: str) -> bool:
    try:
        return "catalogue_changes" in hooks_of(hub.sites.installed.load(plugin))
    except Unusable:
        return True


def _as_data(one: sync.Report) -> dict[str, Any]:
    data = dataclasses.asdict(one)
    for name in ("additions", "withdrawals"):
        data[name] = [
            dict(zip(("source_id", "title"), pair, strict=True)) for pair in getattr(one, name)
        ]
    data["differences"] = [
        dict(zip(("source_id", "field", "old", "new"), difference, strict=True))
        for difference in one.differences
    ]
    return data


class _Progress:
    """One bar for all sources: records so far, rate and, where announced, what is left."""

    def __init__(self, sources: int) -> None:
        self._sources, self._finished = sources, 0
        self._done: dict[tuple[str, str], int] = {}
        self._totals: dict[tuple[str, str], int | None] = {}
        self._lock = threading.Lock()
        self._bar = tqdm(unit=" records", disable=None, leave=False)

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def show(self, one: sync.Report) -> None:
        with self._lock:
            source = (one.site, one.plugin)
            self._done[source], self._totals[source] = one.done, one.total
            totals = list(self._totals.values())
            if len(totals) == self._sources and None not in totals:
                self._bar.total = sum(total for total in totals if total is not None)
            self._bar.set_description(f"{self._finished}/{self._sources} sources", refresh=False)
            self._bar.update(sum(self._done.values()) - self._bar.n)

    def finish(self, one: sync.Report) -> None:
        with self._lock:
            self._finished += 1
            self._bar.set_description(f"{self._finished}/{self._sources} sources")
