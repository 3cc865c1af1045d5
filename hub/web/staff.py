"""The staff of a centre: who has which role, and how somebody joins or leaves."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from hub.identity import people
from hub.identity.actor import Role
from hub.identity.people import RoleError
from hub.identity.permissions import can
from hub.identity.tokens import digest
from hub.mail import letters
from hub.models import Person, Site
from hub.models.base import now
from hub.web import context, login, texts
from hub.web.page import Crumb

pages = Blueprint("staff", __name__, url_prefix="/<site>/verwaltung/personal")

ROLES = (Role.STAFF, Role.SITE_ADMIN)
"""What an admin of a site may grant there."""
LONGEST = 200


@dataclass(frozen=True, slots=True)
class Invited:
    """Somebody who has just been invited: the link is shown this once."""

    name: str
    link: str
    mailed_to: str
    """The address to which it goes as well; empty where it does not."""


@pages.get("")
def listing(site: str) -> str:
    login.demand("staff.read", site)
    return _page(site, {}, {})


@pages.post("")
def invite(site: str) -> ResponseReturnValue:
    """A new colleague: name, address, role; the answer is a link that lets them in once."""
    actor = login.demand("staff.manage", site)
    typed = {name: request.form.get(name, "").strip() for name in ("name", "email", "role")}
    problem = {}
    for name in ("name", "email"):
        if len(typed[name]) > LONGEST or not typed[name].isprintable():
            problem[name] = gettext("This is too long, or holds characters that cannot be stored.")
    if not typed["name"]:
        problem["name"] = gettext("Please write the name.")
    if typed["email"] and "@" not in typed["email"]:
        problem["email"] = gettext("This is no e-mail address; it needs an @.")
    if typed["role"] not in ROLES:
        problem["role"] = gettext("Please choose a role.")
    if problem:
        return _page(site, typed, problem), 400
    with context.the_hub().db.write() as session:
        person = people.add(session, name=typed["name"], email=typed["email"])
        people.grant(session, person.id, Role(typed["role"]), site, by=actor.key)
        invited = _invite(session, site, person, by=actor.key)
    return _page(site, {}, {}, invited), 201


@pages.post("/<int:number>/einladen")
def invite_again(site: str, number: int) -> ResponseReturnValue:
    """A new way in for a colleague who is locked out."""
    actor = login.demand("staff.manage", site)
    with context.the_hub().db.write() as session:
        _colleague(people.colleagues(session, site), number)
        invited = _invite(session, site, session.get_one(Person, number), by=actor.key)
    return _page(site, {}, {}, invited)


@pages.post("/<int:number>/entziehen")
def revoke(site: str, number: int) -> ResponseReturnValue:
    actor = login.demand("staff.manage", site)
    role = request.form.get("role", "")
    if role not in ROLES:
        abort(400)
    try:
        with context.the_hub().db.write() as session:
            _colleague(people.colleagues(session, site), number)
            people.revoke(session, number, Role(role), site, by=actor.key)
    except RoleError:
        last = gettext("This is the last admin of the centre. Name another one first.")
        return _page(site, {}, {"staff": last}), 409
    return redirect(url_for("staff.listing", site=site), 303)


@pages.post("/zweiter-faktor")
def demand_second_factor(site: str) -> ResponseReturnValue:
    """Whether the rights of the staff rest without a second factor; after a fresh login."""
    actor = login.demand("staff.manage", site)
    wanted = request.form.get("demanded", "")
    if wanted not in ("yes", "no"):
        abort(400)
    if not actor.proven_lately:
        return redirect(url_for("login.choose", weiter=url_for("staff.listing", site=site)), 303)
    with context.the_hub().db.write() as session:
        people.demand_second_factor(session, site, wanted == "yes", by=actor.key)
    return redirect(url_for("staff.listing", site=site), 303)


def _invite(session: Session, site: str, person: Person, *, by: str) -> Invited:
    """A link that lets the person in once; it goes to their address where mails are sent."""
    code = people.invite(session, person.id, by=by, site=site)
    link = context.public_address("login.invitation", code=code)
    mailed = bool(context.the_hub().settings.mail_url) and letters.write_to(
        session,
        person,
        "invitation",
        key=f"invitation:{digest(code)}",
        site_key=site,
        values={"link": link},
        until=now() + people.CODE_LIFE,
        confidential=True,
    )
    return Invited(person.name, link, person.email if mailed else "")


def _colleague(found: list[people.Colleague], number: int) -> people.Colleague:
    """Somebody with a role here; nobody else exists for this site."""
    for one in found:
        if one.person_id == number:
            return one
    abort(404)


def _page(
    site: str,
    typed: dict[str, str],
    problem: dict[str, str],
    invited: Invited | None = None,
) -> str:
    row = context.sites()[site]
    with context.the_hub().db.read() as session:
        found = people.colleagues(session, site)
        demanded = session.get_one(Site, site).second_factor
    return render_template(
        "staff.html",
        centre=row,
        colleagues=found,
        demanded=demanded,
        may_manage=can(login.actor(), "staff.manage", site),
        roles=[(role.value, texts.ROLE[role]) for role in ROLES],
        typed=typed,
        problem=problem,
        problems=list(problem.items()),
        invited=invited,
        crumbs=[
            Crumb(row.name, url_for("centres.profile", site=site)),
            Crumb(gettext("Staff")),
        ],
    )
