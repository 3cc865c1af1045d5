"""`hub check`: everything that is wrong, in one list."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from hub.cli import json_option, report

if TYPE_CHECKING:
    from hub.runtime import Hub


@click.command()
@click.option(
    "--live", is_flag=True, help="Also ask all plugins and the mail server for their health."
)
@click.option(
    "--deadline",
    default=10.0,
    show_default=True,
    help="Seconds for the answers of a site's plugins.",
)
@click.option(
    "--plugin",
    metavar="NAME",
    help="Judge this plugin instead, at no site: hosts, personal data, texts, templates, hooks.",
)
@json_option
def command(live: bool, deadline: float, plugin: str | None, as_json: bool) -> None:
    """List everything that is wrong; exit 1 when something is.

    Looks at settings, database, configuration files, every plugin that a site enables, runs that
    failed or wait for a person, mails that were not sent, and sources that are paused because they
    failed when they were searched live.
    """
    problems = _judged(plugin) if plugin else list(_problems(live, deadline))
    tier = _tier(plugin) if plugin else {}
    if problems or as_json:
        report(
            {"problems": [{"where": where, "problem": what} for where, what in problems], **tier},
            as_json,
            (("WHERE", "PROBLEM"), problems),
        )
    else:
        click.echo("Everything is in order.")
    if tier and not as_json:
        click.echo(f"Tier: {tier['tier'] or 'none'}.")
        for one in tier["missing"]:
            click.echo(f"Missing for {tier['next']}: {one['rule']}")
            for breach in one["breaches"]:
                click.echo(f"  {breach}")
    if problems:
        raise SystemExit(1)


def _judged(plugin: str) -> list[tuple[str, str]]:
    from hub.installed import Installed
    from hub.judge import judge

    return [(plugin, problem) for problem in judge(Installed(), plugin)]


def _tier(plugin: str) -> dict[str, Any]:
    """The quality tier of a plugin, and what it lacks for the next."""
    from hub.installed import Installed, Unusable
    from hub.tiers import standing

    try:
        found = standing(Installed().load(plugin))
    except Unusable:
        return {}
    return {
        "tier": found.tier,
        "next": found.next,
        "missing": [
            {"rule": rule.text["en"], "breaches": breaches} for rule, breaches in found.missing
        ],
    }


def _problems(live: bool, deadline: float) -> Iterator[tuple[str, str]]:
    from hub.runtime import Hub, NotInitialised
    from hub.settings import SettingsError

    try:
        hub = Hub.open()
    except SettingsError as error:
        yield "settings", str(error)
        return
    with hub:
        problem = hub.keyring.problem()
        if problem and hub.settings.secret_key:
            yield "settings", problem
        yield from _files(hub)
        try:
            hub.check_initialised()
        except NotInitialised as error:
            yield "database", str(error)
            return
        yield from _index(hub)
        yield from _plugins(hub, live, deadline)
        yield from _jobs(hub)
        yield from _mails(hub, live)
        yield from _runs(hub)
        yield from _pauses(hub)


def _index(hub: Hub) -> Iterator[tuple[str, str]]:
    from hub.catalogue import rebuild

    with hub.db.read() as session:
        if rebuild.outdated(session):
            yield "search", "The index was built by another version; run `hub search --rebuild`."


def _files(hub: Hub) -> Iterator[tuple[str, str]]:
    from hub import provision

    for problem in provision.problems(hub, hub.settings.config):
        yield "configuration", problem


def _plugins(hub: Hub, live: bool, deadline: float) -> Iterator[tuple[str, str]]:
    for row in hub.sites.directory():
        site = hub.sites.site(row.key)
        for name, reason in site.problems.items():
            yield f"{row.key}/{name}", reason
        if live:
            _, failures = site.each("health", deadline=deadline)
            for name, failure in failures.items():
                yield f"{row.key}/{name}", f"{failure.kind}: {failure.message}"


def _runs(hub: Hub) -> Iterator[tuple[str, str]]:
    """Sources whose last run failed or broke off, and runs that are held for a person."""
    import sqlalchemy as sa

    from hub.catalogue import runs
    from hub.models import SyncRun

    latest = sa.select(sa.func.max(SyncRun.id)).group_by(SyncRun.site_key, SyncRun.plugin)
    query = (
        sa.select(SyncRun)
        .where((SyncRun.state == "held") | SyncRun.id.in_(latest))
        .order_by(SyncRun.site_key, SyncRun.plugin, SyncRun.id)
    )
    with hub.db.read() as session:
        for run in session.scalars(query):
            if run.plugin not in {one.name for one in hub.sites.enabled(run.site_key)}:
                continue
            where = f"{run.site_key}/{run.plugin}"
            if run.state == "held":
                yield where, run.error
            elif run.state == "failed":
                yield where, f"Run {run.id} of {run.started_at:%Y-%m-%d %H:%M} UTC: {run.error}"
            elif runs.stuck(run):
                yield where, f"Run {run.id} gives no sign of life; `hub sync` takes it up again."


def _jobs(hub: Hub) -> Iterator[tuple[str, str]]:
    from hub.jobs import queue

    with hub.db.read() as session:
        for job, problem in queue.problems(session):
            yield "/".join(map(str, job.arguments.values())) if job else "jobs", problem


def _mails(hub: Hub, live: bool) -> Iterator[tuple[str, str]]:
    from hub.booking import mailbox
    from hub.mail import address, inbox, outbox, transport

    if hub.settings.mail_url and live:
        try:
            with transport.connected(address.parse(hub.settings.mail_url)):
                pass
        except transport.ServerTrouble as trouble:
            yield "mail", f"HUB_MAIL_URL: {trouble}"
    if hub.settings.inbox_url and not hub.settings.reply_address:
        yield (
            "mail",
            "HUB_INBOX_URL is set, but without HUB_REPLY_ADDRESS no mail asks for answers.",
        )
    if hub.settings.inbox_url and live:
        try:
            with inbox.opened(address.parse_inbox(hub.settings.inbox_url)):
                pass
        except inbox.Trouble as trouble:
            yield "mail", f"HUB_INBOX_URL: {trouble}"
    with hub.db.read() as session:
        for problem in outbox.problems(session):
            yield "mail", problem
        if hub.settings.inbox_url:
            for problem in mailbox.problems(session):
                yield "mail", problem


def _pauses(hub: Hub) -> Iterator[tuple[str, str]]:
    from hub import breaker
    from hub.models.base import now

    with hub.db.read() as session:
        for one in breaker.paused(session, now()):
            yield (
                f"{one.site}/{one.plugin}",
                f"Not asked live before {one.until:%Y-%m-%d %H:%M} UTC: "
                f"it failed {one.failures} times in a row.",
            )
