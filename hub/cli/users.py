"""`hub users`: people and their roles, for the first admin and for emergencies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import click

from hub.cli import MAX_ID, actor, json_option, known_site, pass_hub, report

if TYPE_CHECKING:
    from hub.runtime import Hub

ROLES = (
    "citizen", "educator", "teacher", "staff", "site_admin", "state_analyst", "network_admin",
)  # fmt: skip
person_argument = click.argument("person", type=click.IntRange(1, MAX_ID))
role_argument = click.argument("role", type=click.Choice(ROLES))
site_option = click.option("--site", help="Key of the site; roles of the network have none.")


@click.group()
def command() -> None:
    """People and their roles, for the first admin and for emergencies."""


@command.command("list")
@json_option
@pass_hub
def list_people(hub: Hub, as_json: bool) -> None:
    """List everybody with their roles."""
    from hub.identity import people

    with hub.db.read() as session:
        data: list[dict[str, Any]] = [
            {
                "person": person.id,
                "name": person.name,
                "email": person.email,
                "roles": [
                    {"role": row.role, "site": row.site_key, "source": row.source} for row in roles
                ],
                "last_login": person.seen_at,
            }
            for person, roles in people.everybody(session)
        ]
    rows = [
        (
            one["person"],
            one["name"] or "–",
            ", ".join(f"{r['role']}@{r['site'] or 'network'}" for r in one["roles"]) or "–",
            one["last_login"] or "never",
        )
        for one in data
    ]
    report(data, as_json, (("person", "name", "roles", "last login"), rows))


@command.command("add")
@click.argument("name")
@click.option("--email", default="", help="Where the person can be written to.")
@click.option("--role", type=click.Choice(ROLES), help="A role to begin with.")
@site_option
@pass_hub
def add(hub: Hub, name: str, email: str, role: str | None, site: str | None) -> None:
    """Add a person, and print a link that lets them in once."""
    from hub.identity import people
    from hub.identity.actor import Role

    if site is not None:
        known_site(hub, site)
    try:
        with hub.db.write() as session:
            person = people.add(session, name=name.strip(), email=email.strip())
            if role is not None:
                people.grant(session, person.id, Role(role), site, by=actor())
            code = people.invite(session, person.id, by=actor(), site=site)
            number = person.id
    except people.RoleError as error:
        _refuse(error)
    click.echo(f"Person {number}: {name}")
    _print_link(hub, code)


@command.command("grant")
@person_argument
@role_argument
@site_option
@pass_hub
def grant(hub: Hub, person: int, role: str, site: str | None) -> None:
    """Give a person a role."""
    from hub.identity import people
    from hub.identity.actor import Role

    try:
        with hub.db.write() as session:
            people.grant(session, person, Role(role), site, by=actor())
    except people.RoleError as error:
        _refuse(error)
    click.echo(f"Person {person} is {role} now.")


@command.command("revoke")
@person_argument
@role_argument
@site_option
@pass_hub
def revoke(hub: Hub, person: int, role: str, site: str | None) -> None:
    """Take a role back, and end the person's sessions."""
    from hub.identity import people
    from hub.identity.actor import Role

    try:
        with hub.db.write() as session:
            gone = people.revoke(session, person, Role(role), site, by=actor())
    except people.RoleError as error:
        _refuse(error)
    if not gone:
        raise click.ClickException(f"Person {person} was not given this role here.")
    click.echo(f"Person {person} is {role} no more.")


@command.command("link")
@person_argument
@pass_hub
def link(hub: Hub, person: int) -> None:
    """Print a link that lets a person in once, within three days."""
    from hub.identity import people
    from hub.models import Person

    with hub.db.write() as session:
        if session.get(Person, person) is None:
            _refuse(f"There is no person {person}; `hub users list` shows all.")
        code = people.invite(session, person, by=actor())
    _print_link(hub, code)


@command.command("end-sessions")
@person_argument
@pass_hub
def end_sessions(hub: Hub, person: int) -> None:
    """Log a person out everywhere."""
    from hub.identity import sessions

    with hub.db.write() as session:
        number = sessions.end(session, person)
    click.echo(f"{number} sessions ended.")


@command.command("reset-second-factor")
@person_argument
@pass_hub
def reset_second_factor(hub: Hub, person: int) -> None:
    """Let a person log in without their second factor, when it is lost."""
    from hub.identity import audit, second_factor

    with hub.db.write() as session:
        if not second_factor.remove(session, person):
            _refuse(f"Person {person} has no second factor.")
        audit.note(session, actor(), None, "second_factor.reset", f"person:{person}")
    click.echo(f"Person {person} logs in without a second factor now.")


@command.command("export")
@person_argument
@pass_hub
def export(hub: Hub, person: int) -> None:
    """Print everything held about a person, as JSON (DSGVO Art. 15)."""
    import json

    from hub.identity import privacy

    try:
        found = privacy.held(hub, person).document()
    except LookupError:
        _refuse(f"There is no person {person}; `hub users list` shows all.")
    click.echo(json.dumps(found, ensure_ascii=False, indent=2, default=str))


@command.command("erase")
@person_argument
@click.confirmation_option(prompt="Erase everything about this person, for good?")
@pass_hub
def erase(hub: Hub, person: int) -> None:
    """Erase a person and everything held about them (DSGVO Art. 17)."""
    from hub.identity import privacy

    try:
        privacy.erase(hub, person, by=actor())
    except LookupError:
        _refuse(f"There is no person {person}; `hub users list` shows all.")
    except privacy.Refused as refused:
        _refuse(f"Not erased. {refused}")
    click.echo(f"Person {person} is erased.")


def _print_link(hub: Hub, code: str) -> None:
    click.echo("This link lets them in once, within three days:")
    click.echo(f"{hub.settings.base_url}/anmelden/einmal/{code}")


def _refuse(reason: object) -> NoReturn:
    raise click.ClickException(str(reason))
