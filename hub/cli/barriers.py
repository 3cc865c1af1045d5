"""`hub barriers`: what people report about barriers on the pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from hub.cli import MAX_ID, json_option, pass_hub, report

if TYPE_CHECKING:
    from hub.runtime import Hub


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """List the reports of barriers that wait for an answer; `settle` erases one."""
    if context.invoked_subcommand is None:
        context.invoke(_list, as_json=as_json)


@click.command()
@pass_hub
def _list(hub: Hub, as_json: bool) -> None:
    from hub import barriers

    with hub.db.read() as session:
        found = barriers.waiting(session)
    data = [
        {
            "id": one.id,
            "at": one.at.isoformat(),
            "due": one.due.isoformat(),
            "page": one.page,
            "text": one.text,
            "contact": one.contact,
        }
        for one in found
    ]
    rows = [(one.id, f"{one.due:%Y-%m-%d}", one.page, one.contact, one.text) for one in found]
    report(data, as_json, (("NUMBER", "ANSWER BY", "PAGE", "CONTACT", "REPORT"), rows))


@command.command()
@click.argument("number", type=click.IntRange(1, MAX_ID))
@pass_hub
def settle(hub: Hub, number: int) -> None:
    """Erase report NUMBER, once its sender has an answer."""
    from hub import barriers

    with hub.db.write() as session:
        if not barriers.settle(session, number):
            raise click.ClickException(
                f"There is no report {number}; `hub barriers` lists those that wait."
            )
    click.echo(f"Report {number} is erased.")
