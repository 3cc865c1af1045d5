"""`hub schools`: the state's list of schools, and who serves which school."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hub.cli import actor, json_option, known_site, pass_hub, report

if TYPE_CHECKING:
    from hub.institutions.find import Hit
    from hub.institutions.intake import Report
    from hub.runtime import Hub

SHOWN = 20
"""Lines of each part of a report; --json has them all."""


@click.group()
def command() -> None:
    """Take in the state's list of schools, look schools up."""


@command.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The day of which the list is; by default what its file name tells, else today.",
)
@click.option("--dry-run", is_flag=True, help="Say what would change; store nothing.")
@click.option(
    "--accept-closures", is_flag=True, help="Close schools even when an unusual number is missing."
)
@json_option
@pass_hub
def import_(
    hub: Hub,
    file: Path,
    as_of: datetime | None,
    dry_run: bool,
    accept_closures: bool,
    as_json: bool,
) -> None:
    """Take in FILE, any edition of the state's list (CSV, columns by name).

    All of it or nothing is stored. Schools that FILE no longer names close on its day; a second
    run changes nothing.
    """
    from tqdm import tqdm

    from hub.institutions import intake, school_list

    day = as_of.date() if as_of else school_list.day_of(file) or date.today()
    try:
        with tqdm(unit=" schools", disable=None, leave=False) as bar:
            edition = school_list.read(file, lambda lines: _advance(bar, lines))
            bar.set_description("storing")
            found = intake.take_in(
                hub.db,
                edition,
                day,
                actor=actor(),
                accept_closures=accept_closures,
                dry_run=dry_run,
            )
    except school_list.ListError as error:
        raise click.ClickException(str(error)) from error
    _tell(found, as_json)


@command.command("list")
@click.option("--site", help="Only those that this site serves.")
@click.option("--form", "school_form", help="Only this Schulform (code of the list, as 02).")
@click.option("--closed", is_flag=True, help="Those that have closed, instead of the open ones.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000))
@json_option
@pass_hub
def list_(
    hub: Hub,
    site: str | None,
    school_form: str | None,
    closed: bool,
    limit: int,
    as_json: bool,
) -> None:
    """List schools by name."""
    from hub.institutions import find

    if site is not None:
        known_site(hub, site)
    with hub.db.read() as session:
        hits = find.listing(
            session,
            date.today(),
            site=site,
            kind="school",
            school_form=school_form,
            closed=closed,
            limit=limit,
        )
        show_hits(hits, as_json)


@command.command()
@click.argument("words", nargs=-1, required=True)
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000))
@json_option
@pass_hub
def find(hub: Hub, words: tuple[str, ...], limit: int, as_json: bool) -> None:
    """Find schools and their centre by number, name, place or postcode."""
    from hub.institutions import find

    with hub.db.read() as session:
        found = find.find(session, " ".join(words), date.today(), limit)
        show_hits(found.hits, as_json)
    if as_json:
        return
    if found.near:
        click.echo(f"None has this postcode; these begin with {found.near}.", err=True)
    if found.total > len(found.hits):
        click.echo(f"{found.total - len(found.hits)} more; add a word or --limit.", err=True)
    click.echo(f"Media centre: {', '.join(found.sites) or 'none found'}")
    if not found.total:
        raise SystemExit(1)


@command.command()
@click.argument("number")
@json_option
@pass_hub
def show(hub: Hub, number: str, as_json: bool) -> None:
    """Show the school of NUMBER, in any spelling, and what became of it."""
    from hub.institutions import find, history

    with hub.db.read() as session:
        school = find.by_school_id(session, number)
        if school is None:
            raise click.ClickException(
                f"Nobody knows a school {number}. Numbers have six digits; `hub schools find` "
                "looks for names and places."
            )
        (hit,) = find.find(session, str(school.school_id), date.today()).hits
        data = {
            **as_data(hit),
            "history": [
                {
                    "at": change.at,
                    "as_of": as_of,
                    "actor": change.actor,
                    "event": change.event,
                    "before": change.before,
                    "after": change.after,
                }
                for change, as_of in history.of(session, school.id)
            ],
        }
    rows = [(name, value) for name, value in data.items() if name not in ("history", "sites")]
    rows += [("sites", ", ".join(hit.sites) or "-")]
    rows += [
        (f"{one['as_of'] or one['at'].date()} {one['event']}", _fields(one["before"], one["after"]))
        for one in data["history"]
    ]
    report(data, as_json, (("FIELD", "VALUE"), [row for row in rows if row[1] not in ("", None)]))


def as_data(hit: Hit) -> dict[str, Any]:
    """All that is known of an institution, and who serves it."""
    from hub.institutions.history import FIELDS

    row = hit.institution
    return {"id": row.id, **{name: getattr(row, name) for name in FIELDS}, "sites": hit.sites}


def show_hits(hits: Any, as_json: bool) -> None:
    """Print institutions."""
    from hub.catalogue import vocabulary

    report(
        [as_data(hit) for hit in hits],
        as_json,
        (
            ("NUMBER", "KIND", "NAME", "PLACE", "CLOSED", "SITES"),
            [
                (
                    (row.school_id or "-").rpartition("-")[2] or "-",
                    vocabulary.label("school_form", row.school_form)
                    if row.school_form
                    else vocabulary.label("institution_kind", row.kind),
                    row.name,
                    f"{row.postcode} {row.town}".strip(),
                    row.closed_on or "-",
                    ", ".join(hit.sites) or "-",
                )
                for hit in hits
                for row in (hit.institution,)
            ],
        ),
    )


def _advance(bar: Any, lines: int) -> None:
    bar.update(lines - bar.n)


def _fields(before: dict[str, Any], after: dict[str, Any]) -> str:
    return ", ".join(
        f"{name}: {before[name]!r} -> {value!r}" if name in before else f"{name}: {value!r}"
        for name, value in after.items()
    )


def _tell(found: Report, as_json: bool) -> None:
    import dataclasses
    import json

    if as_json:
        data = dataclasses.asdict(found)
        click.echo(json.dumps(data, ensure_ascii=False, indent=2, default=str))
        return
    counted = ", ".join(f"{number} {event}" for event, number in found.counts.items())
    would = " (dry run: nothing was stored)" if found.dry_run else ""
    click.echo(f"{found.schools} schools of {found.as_of}: {counted}{would}.")
    changed = [one for one in found.differences if one.event != "added"]
    for one in changed[:SHOWN]:
        click.echo(f"  {one.event}: {one.school_id} {one.name}: {_fields(*_texts(one))}")
    _rest(changed)
    for district, number in found.unserved.items():
        click.echo(f"  no centre serves district {district}: {number} schools", err=True)
    for reject in found.rejects[:SHOWN]:
        click.echo(f"  rejected: line {reject.line} ({reject.number}): {reject.reason}", err=True)
    _rest(found.rejects)
    for note in found.notes[:SHOWN]:
        click.echo(f"  left empty: line {note.line} ({note.number}): {note.reason}", err=True)
    _rest(found.notes)


def _texts(one: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    return (
        {name: str(value) for name, value in one.before.items()},
        {name: str(value) for name, value in one.after.items()},
    )


def _rest(lines: Any) -> None:
    if len(lines) > SHOWN:
        click.echo(f"  … and {len(lines) - SHOWN} more; --json shows all", err=True)
