"""The command `hub`: one module per subcommand, imported only when it is used.

Exit codes: 0 all is well, 1 a problem was found, 2 the command was used wrongly.
"""

from __future__ import annotations

import functools
import importlib
import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Concatenate, ParamSpec, TypeVar

import click

P = ParamSpec("P")
R = TypeVar("R")

COMMANDS: Mapping[str, str] = {
    "barriers": "List and settle what people report about barriers on the pages.",
    "bench": "Measure the hub against the limit of this machine.",
    "check": "List everything that is wrong; exit 1 when something is.",
    "demo": "Load the demonstration network, and serve it.",
    "dev": "Serve a hub to write a plugin with, anew after each change.",
    "export": "Write the catalogue to a file: JSON lines, AMB, LOM, CSV.",
    "grants": "Enter licences, take them in from policies, list them.",
    "init": "Create or upgrade the database and load the sites.",
    "institutions": "Enter and list Kitas, ZfsL, Vereine and others.",
    "jobs": "Look at the jobs of the worker, and try parked ones again.",
    "mail": "Look at the mails of the hub, and try some again.",
    "mapping": "Show, pass on and try out mappings of sources.",
    "new-plugin": "Write the package of a new plugin, install it and run its tests.",
    "plugins": "Enable, configure and show the plugins of a site.",
    "run": "Serve the hub.",
    "schools": "Take in the state's list of schools, look schools up.",
    "search": "Search the catalogue.",
    "sites": "List, import and export the sites.",
    "sync": "Take in what the sources of the sites offer.",
    "users": "People and their roles, for the first admin and for emergencies.",
    "worker": "Take in the sources when they are due.",
    "works": "Which offers are one work, why, and what people decide of it.",
}


REPORTING = frozenset(
    {
        "barriers",
        "check",
        "export",
        "grants",
        "init",
        "institutions",
        "jobs",
        "mail",
        "mapping",
        "plugins",
        "schools",
        "search",
        "sites",
        "users",
        "works",
    }
)
"""Commands that tell all they find themselves; their log is only for --verbose."""


MAX_ID = 2**31 - 1
"""The highest number of a row that both databases can look for."""


class _Lazy(click.Group):
    """A group that imports `hub.cli.<command>` when the command is used, not for --help."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        name = f"hub.cli.{cmd_name.replace('-', '_')}"
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name == name:
                return None
            raise
        command: click.Command = module.command
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        for argument in args:
            shown = argument.encode(errors="backslashreplace").decode()
            if shown != argument:  # bytes that are no UTF-8
                raise click.UsageError(f"This argument is no valid text: {shown}", ctx)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except Exception as error:
            from sqlalchemy.exc import InterfaceError, OperationalError

            if not isinstance(error, InterfaceError | OperationalError):
                raise
            # Not the whole error: it quotes the statement with its values.
            reason = str(error.orig).strip().partition("\n")[0]
            raise click.ClickException(
                f"The database failed: {reason}. What was under way was not stored. "
                "Repeat the command when the database can be used again."
            ) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("-v", "--verbose", is_flag=True, help="Log more, to standard error.")
@click.version_option(package_name="medienzentren-hub", prog_name="hub")
@click.pass_context
def main(context: click.Context, verbose: bool) -> None:
    """Integration hub for the media centres of North Rhine-Westphalia.

    Settings come from environment variables HUB_…; `hub check` looks at all of them.
    """
    from hub import log

    quiet = logging.CRITICAL if context.invoked_subcommand in REPORTING else logging.INFO
    log.configure(logging.DEBUG if verbose else quiet)


def open_hub(*, initialised: bool = True) -> Any:
    """Open the hub for the running command; it is closed when the command ends.

    Settings that cannot be used and a database that is not set up end the command with a
    message that says what to do.
    """
    from hub.runtime import Hub, NotInitialised
    from hub.settings import SettingsError

    try:
        hub = Hub.open()
        click.get_current_context().call_on_close(hub.close)
        if initialised:
            hub.check_initialised()
    except (SettingsError, NotInitialised) as error:
        raise click.ClickException(str(error)) from error
    return hub


def pass_hub(function: Callable[Concatenate[Any, P], R]) -> Callable[P, R]:
    """Decorator: the command gets the open `hub.runtime.Hub` as its first argument."""

    @functools.wraps(function)
    def command(*args: P.args, **kwargs: P.kwargs) -> R:
        return function(open_hub(), *args, **kwargs)

    return command


def known_site(hub: Any, key: str) -> None:
    """End the command with a message unless there is a site of this key."""
    from hub.sites import UnknownSite

    try:
        hub.sites.enabled(key)
    except UnknownSite as error:
        raise click.ClickException(str(error)) from error


def actor() -> str:
    """Who uses the command line, for the audit log."""
    import getpass

    try:
        return f"cli:{getpass.getuser()}"
    except (OSError, KeyError):  # no name for this user id, as in some containers
        return "cli"


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def report(
    data: Any, as_json: bool, table: tuple[Sequence[str], Iterable[Sequence[object]]]
) -> None:
    """Print `data` as JSON, or `table` (headers, rows) in columns for people."""
    if as_json:
        click.echo(json.dumps(data, ensure_ascii=False, indent=2, default=str))
        return
    headers, rows = table
    cells = [[" ".join(str(cell).split("\n")) for cell in row] for row in (headers, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for line in cells:
        padded = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        click.echo("  ".join(padded).rstrip())
