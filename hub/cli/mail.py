"""`hub mail`: what waits, was sent or was given up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from hub.cli import MAX_ID, json_option, known_site, pass_hub, report

if TYPE_CHECKING:
    from hub.runtime import Hub


@click.group()
def command() -> None:
    """Look at the mails that the hub sends; `hub worker` sends them."""


@command.command("list")
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice(("waiting", "sent", "given up")),
    help="Only these (repeatable).",
)
@click.option("--site", metavar="SITE", help="Only mails in the name of this site.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000))
@json_option
@pass_hub
def list_mails(
    hub: Hub, states: Sequence[str], site: str | None, limit: int, as_json: bool
) -> None:
    """List the latest mails, newest first, without their texts."""
    from hub.mail import outbox

    if site is not None:
        known_site(hub, site)
    with hub.db.read() as session:
        found = outbox.listing(session, states=states, site=site, limit=limit)
        data = [outbox.as_row(mail) for mail in found]
    rows = [
        (
            mail["id"],
            mail["site_key"] or "-",
            mail["recipient"],
            mail["subject"],
            mail["state"],
            f"{mail['sent_at'] or mail['next_at'] or mail['queued_at']:%Y-%m-%d %H:%M:%S}",
            mail["error"],
        )
        for mail in data
    ]
    headers = ("MAIL", "SITE", "TO", "SUBJECT", "STATE", "AT (UTC)", "MESSAGE")
    report(data, as_json, (headers, rows))
    if not hub.settings.mail_url and not as_json:
        click.echo("No mail server is set up (HUB_MAIL_URL): what waits stays here.")


@command.command()
@click.argument("number", type=click.IntRange(1, MAX_ID))
@pass_hub
def retry(hub: Hub, number: int) -> None:
    """Send mail NUMBER, which was given up, after all."""
    from hub.mail import outbox

    try:
        with hub.db.write() as session:
            outbox.retry(session, number)
    except outbox.MailError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"Mail {number} is queued; `hub worker` sends it.")
