"""`hub grants`: licences that people enter beside those of the sources."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.cli import MAX_ID, actor, json_option, pass_hub, report

if TYPE_CHECKING:
    from hub.runtime import Hub

SCOPES = ("land", "site", "school", "school_type", "role")
LARGEST = 40_000_000
"""Bytes of a file of policies."""
COLUMNS = (
    "id", "key", "scope", "value", "role", "valid_from", "valid_until", "policy", "origin",
    "entered_by", "entered_at",
)  # fmt: skip
day = click.DateTime(["%Y-%m-%d"])


@click.group()
def command() -> None:
    """Licences that people enter beside those of the sources."""


@command.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "areas",
    "--area",
    multiple=True,
    metavar="ADDRESS=SITE",
    help="The site whose Lizenzgebiet an area's address means (repeatable).",
)
@json_option
@pass_hub
def import_policies(hub: Hub, file: Path, areas: tuple[str, ...], as_json: bool) -> None:
    """Take in licences from Schulconnex policies (ODRL). Exit 1 when something was left out.

    They are attached to the media by their numbers and stay when sources are read again. Taken
    in again, a policy replaces what it said before.
    """
    from hub.catalogue import grants
    from hub.formats import odrl

    named = {}
    for area in areas:
        address, found, site = area.rpartition("=")
        if not found or not address:
            raise click.UsageError(f"{area!r} is no area; write ADDRESS=SITE.")
        named[address] = site
    if file.stat().st_size > LARGEST:
        raise click.ClickException(f"{file} is larger than {LARGEST // 1_000_000} MB.")
    try:
        policies = odrl.read(file.read_text("utf-8"))
    except (odrl.NotOdrl, UnicodeDecodeError) as error:
        raise click.ClickException(f"{file}: {error}") from error
    with hub.db.write() as session:
        lines = grants.take_in(session, policies, named, actor=actor(), origin=file.name)
    data = [
        {
            "number": line.number,
            "policy": line.policy,
            "medium": line.medium,
            "entered": line.entered,
            "problems": list(line.problems),
        }
        for line in lines
    ]
    rows = [
        (line.number, line.medium or "–", line.entered, " ".join(line.problems) or "–")
        for line in lines
    ]
    report(data, as_json, (("policy", "medium", "licences", "left out, and why"), rows))
    if any(line.problems for line in lines):
        raise SystemExit(1)


@command.command("add")
@click.argument("medium")
@click.argument("scope", type=click.Choice(SCOPES))
@click.argument("value")
@click.option("--role", default="", help="Only for persons in this role, such as lehr.")
@click.option("--from", "start", type=day, help="First day.")
@click.option("--until", "end", type=day, help="First day on which it no longer holds.")
@pass_hub
def add(
    hub: Hub,
    medium: str,
    scope: str,
    value: str,
    role: str,
    start: datetime | None,
    end: datetime | None,
) -> None:
    """Enter a licence for MEDIUM (its number): SCOPE and VALUE say whom it reaches."""
    from hub.catalogue import grants
    from hub.records import Scope

    try:
        with hub.db.write() as session:
            number = grants.enter(
                session,
                medium,
                Scope(scope),
                value,
                actor=actor(),
                role=role,
                valid_from=start.date() if start else None,
                valid_until=end.date() if end else None,
            )
    except grants.GrantError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"Licence {number} is entered.")


@command.command("remove")
@click.argument("number", type=click.IntRange(1, MAX_ID))
@pass_hub
def remove(hub: Hub, number: int) -> None:
    """Take the entered licence NUMBER away."""
    from hub.catalogue import grants

    try:
        with hub.db.write() as session:
            grants.remove(session, number, actor=actor())
    except grants.GrantError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"Licence {number} is removed.")


@command.command("list")
@click.option("--after", default=0, type=click.IntRange(0, MAX_ID), help="From the next number on.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 10_000))
@json_option
@pass_hub
def list_grants(hub: Hub, after: int, limit: int, as_json: bool) -> None:
    """List the entered licences with where they come from."""
    from hub.catalogue import grants

    with hub.db.read() as session:
        found = grants.listing(session, after=after, limit=limit)
        data = [{name: getattr(row, name) for name in COLUMNS} for row in found]
    rows = [
        (
            one["id"],
            one["key"],
            f"{one['scope']} {one['value']}" + (f" ({one['role']})" if one["role"] else ""),
            one["valid_from"] or "–",
            one["valid_until"] or "–",
            one["origin"],
            one["entered_by"],
        )
        for one in data
    ]
    report(data, as_json, (("id", "medium", "for", "from", "until", "file", "by"), rows))
