"""`hub institutions`: Kitas, ZfsL, Vereine and whoever else is on no list of schools."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.cli import MAX_ID, actor, json_option, known_site, pass_hub
from hub.cli.schools import show_hits

if TYPE_CHECKING:
    from hub.runtime import Hub


@click.group()
def command() -> None:
    """Enter and list institutions that are on no list of schools."""


@command.command()
@click.option("--kind", required=True, help="kita, zfsl, education, youth, culture, club, …")
@click.option("--name", required=True)
@click.option("--street", default="")
@click.option("--postcode", default="")
@click.option("--town", default="")
@click.option(
    "--municipality", default="", help="Gemeindeschluessel: who serves it without --site."
)
@click.option("--phone", default="")
@click.option("--email", default="")
@click.option("--website", default="")
@click.option("--site", "sites", multiple=True, help="Key of a site that serves it.")
@pass_hub
def add(hub: Hub, /, sites: tuple[str, ...], **values: str) -> None:
    """Enter an institution, or change the one of the same kind, name and postcode."""
    from hub.institutions import register

    try:
        with hub.db.write() as session:
            row, outcome = register.put(session, values, sites, actor=actor())
            number = row.id
    except register.RegisterError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{outcome}: {number} {values['name']}")


@command.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@pass_hub
def import_(hub: Hub, file: Path) -> None:
    """Enter all institutions of the table FILE (CSV), or none when a line is wrong.

    Columns by name: art, name, strasse, plz, ort, gemeindeschluessel, telefon, e-mail, website,
    zentrum (keys of sites). A second run changes nothing.
    """
    from hub.institutions import register

    try:
        with hub.db.write() as session:
            outcome = register.take_in(session, file, actor=actor())
    except register.RegisterError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{outcome.added} added, {outcome.changed} changed, {outcome.unchanged} as before.")


@command.command()
@click.argument("institution", type=click.IntRange(1, MAX_ID))
@click.option("--on", "day", type=click.DateTime(["%Y-%m-%d"]), help="Last day; default today.")
@click.option("--reopen", is_flag=True, help="It is open again, or does not close.")
@pass_hub
def close(hub: Hub, institution: int, day: datetime | None, reopen: bool) -> None:
    """Say when INSTITUTION closes; loans and licences keep it."""
    from hub.institutions import register

    last = None if reopen else (day.date() if day else date.today())
    try:
        with hub.db.write() as session:
            register.close(session, institution, last, actor=actor())
    except register.RegisterError as error:
        raise click.ClickException(str(error)) from error
    click.echo("It is open." if last is None else f"Its last day is {last}.")


@command.command("list")
@click.option("--site", help="Only those that this site serves.")
@click.option("--kind", help="Only this kind.")
@click.option("--closed", is_flag=True, help="Those that have closed, instead of the open ones.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000))
@json_option
@pass_hub
def list_(
    hub: Hub, site: str | None, kind: str | None, closed: bool, limit: int, as_json: bool
) -> None:
    """List institutions by name, schools among them."""
    from hub.institutions import find

    if site is not None:
        known_site(hub, site)
    with hub.db.read() as session:
        show_hits(
            find.listing(session, date.today(), site=site, kind=kind, closed=closed, limit=limit),
            as_json,
        )
