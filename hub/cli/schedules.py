"""`hub sync schedules` and `hub sync schedule`: when `hub worker` takes in which source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from hub.cli import actor, json_option, known_site, pass_hub, report

if TYPE_CHECKING:
    from hub.runtime import Hub


@click.command("schedules")
@json_option
@pass_hub
def list_schedules(hub: Hub, as_json: bool) -> None:
    """List all sources with their times (in the time of their site)."""
    from hub.jobs import schedule, sources
    from hub.models.base import now

    moment = now()
    data: list[dict[str, Any]] = []
    for one in sources.sources(hub):
        upcoming = schedule.following(one.cron, one.zone, moment) if one.cron else None
        data.append(
            {
                "site": one.site,
                "plugin": one.plugin,
                "schedule": one.cron or sources.NEVER,
                "chosen": one.chosen,
                "quiet": str(one.quiet or ""),
                "next": upcoming.astimezone(one.zone).isoformat() if upcoming else None,
                "hosts": sorted(one.hosts),
            }
        )
    headers = ("SITE", "PLUGIN", "SCHEDULE", "BY", "QUIET", "NEXT", "HOSTS")
    rows = [
        (
            row["site"],
            row["plugin"],
            row["schedule"],
            "centre" if row["chosen"] else "hub",
            row["quiet"],
            row["next"] or "",
            " ".join(row["hosts"]),
        )
        for row in data
    ]
    report(data, as_json, (headers, rows))


@click.command("schedule")
@click.argument("site")
@click.argument("plugin")
@click.argument("cron", required=False)
@click.option("--quiet", help='Hours in which no run starts, for example 07:00-17:00; "" for none.')
@click.option("--usual", is_flag=True, help="Leave the time to the hub again.")
@pass_hub
def set_schedule(
    hub: Hub, site: str, plugin: str, cron: str | None, quiet: str | None, usual: bool
) -> None:
    """Take PLUGIN of SITE in at the times of CRON, in the time of the site.

    CRON has five fields (minute, hour, day of the month, month, day of the week), for example
    "15 4 * * *" for every night at 4:15; `off` leaves the source to `hub sync`.
    """
    from hub.jobs import schedule, sources
    from hub.models.base import now

    if usual and cron is not None:
        raise click.UsageError("Give either CRON or --usual.")
    if not usual and cron is None and quiet is None:
        raise click.UsageError("Give CRON, --usual or --quiet.")
    known_site(hub, site)
    before = sources.source(hub, site, plugin)
    if before is None:
        raise click.ClickException(
            f"{site}/{plugin} is no source that is switched on; `hub sync schedules` lists them."
        )
    if not usual and cron is None and before.chosen:
        cron = before.cron or sources.NEVER
    hours = str(before.quiet or "") if quiet is None else quiet
    try:
        with hub.db.write() as session:
            sources.choose(session, before, now(), actor(), cron=cron, quiet=hours)
    except schedule.ScheduleError as error:
        raise click.ClickException(str(error)) from error
    after = sources.source(hub, site, plugin) or before
    upcoming = schedule.following(after.cron, after.zone, now()) if after.cron else None
    when = f"next {upcoming.astimezone(after.zone):%Y-%m-%d %H:%M}" if upcoming else "by hand only"
    click.echo(f"{site}/{plugin}: {after.cron or sources.NEVER}, {when}.")
