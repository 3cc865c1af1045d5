"""`hub mail`: what waits, was sent or was given up; answers that come in."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from hub.cli import MAX_ID, json_option, known_site, open_hub, pass_hub, report

if TYPE_CHECKING:
    from hub.runtime import Hub

NOT_TAKEN = (
    "This address takes no mails, or none any more. Please write to the media centre itself, or "
    "answer on the page of your request."
)
"""The same for whoever guesses an address and whoever is late: it tells nothing."""


@click.group()
def command() -> None:
    """Look at the mails that `hub worker` sends, and take in answers to them."""


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


@command.command()
@pass_hub
def fetch(hub: Hub) -> None:
    """Take in the answers that lie in the mailbox (HUB_INBOX_URL).

    What is taken in is deleted there; what belongs to no request stays, flagged.
    """
    from hub.booking import mailbox
    from hub.mail.inbox import Trouble

    if not hub.settings.inbox_url:
        raise click.ClickException("No mailbox is set up (HUB_INBOX_URL).")
    try:
        looked = mailbox.fetch(hub)
    except Trouble as trouble:
        raise click.ClickException(f"The mailbox cannot be read: {trouble}") from trouble
    click.echo(f"{looked.taken} messages taken in.")
    if looked.left:
        click.echo(f"{looked.left} belong to no request; they lie in the mailbox, flagged.")


@command.command()
def receive() -> None:
    """Take in one message from standard input, an answer to a mail about a request.

    For the pipe of a mail server. Exit codes are those of sysexits.h: 0 taken in, 65 no message
    that can be read or too large, 67 an address that does not exist, 75 to be tried again.
    """
    raise SystemExit(_received())


def _received() -> int:
    """An operator's mistake, or a database that is away, must never make a mail bounce."""
    try:
        from hub.booking import replies
        from hub.mail.reading import MOST_BYTES, Unreadable

        raw = sys.stdin.buffer.read(MOST_BYTES + 1)
        try:
            outcome = replies.receive(open_hub(), raw)
        except Unreadable as reason:
            click.echo(str(reason), err=True)
            return os.EX_DATAERR
    except click.ClickException as problem:
        click.echo(problem.format_message(), err=True)
        return os.EX_TEMPFAIL
    except Exception as error:
        # Not the error itself: it may quote the mail.
        click.echo(f"It could not be taken in now ({type(error).__name__}).", err=True)
        return os.EX_TEMPFAIL
    if outcome is replies.Outcome.UNKNOWN:
        click.echo(NOT_TAKEN, err=True)
        return os.EX_NOUSER
    return os.EX_OK
