"""Whom a centre's profile names: put in by its staff, with consent, and taken out at once."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from hub import directory, profile
from hub.booking import dates
from hub.models import TeamMember
from hub.web import context, login
from hub.web.page import Crumb

pages = Blueprint("team", __name__, url_prefix="/<site>/verwaltung/steckbrief/team")

LONGEST = 100
EMPTY: Mapping[str, str] = {}
_SPACES = re.compile(r"\s+")


@pages.get("")
def listing(site: str) -> ResponseReturnValue:
    login.demand("site.edit", site)
    return _page(site, EMPTY, [])


@pages.post("")
def add(site: str) -> ResponseReturnValue:
    who = login.demand("site.edit", site)
    form = request.form
    typed = {
        name: "".join(c for c in _SPACES.sub(" ", form.get(name, "")).strip() if c.isprintable())
        for name in ("task", "name", "email", "phone")
    }
    until = dates.typed(form, "until")
    problems = _problems(typed, until, consent="consent" in form)
    if not problems:
        member = TeamMember(
            site_key=site,
            **typed,
            adviser="adviser" in form,
            consent_on=context.today() if typed["name"] else None,
            until=until.value,
        )
        try:
            with context.the_hub().db.write() as session:
                profile.add_member(session, member, who.key)
        except profile.Full:
            problems.append(("task", gettext("The list is full. Take somebody out first.")))
    if problems:
        return _page(site, form, problems)
    return redirect(url_for("team.listing", site=site, fertig=1), 303)


@pages.post("/<int:number>/entfernen")
def remove(site: str, number: int) -> ResponseReturnValue:
    who = login.demand("site.edit", site)
    if number < 2**31:
        with context.the_hub().db.write() as session:
            profile.remove_member(session, site, number, who.key)
    return redirect(url_for("team.listing", site=site, entfernt=1), 303)


def _problems(
    typed: Mapping[str, str], until: dates.Typed, *, consent: bool
) -> list[tuple[str, str]]:
    found = []
    if not typed["task"]:
        found.append(("task", gettext("Please write what is done there, for example lending.")))
    for name in ("task", "name"):
        if len(typed[name]) > LONGEST:
            message = gettext("Please use at most %(number)s characters.", number=LONGEST)
            found.append((name, message))
    if typed["name"] and not consent:
        message = gettext("A name is shown only with the consent of who bears it.")
        found.append(("consent", message))
    wrong = directory.check({"email": typed["email"], "phone": typed["phone"]})
    if "email" in wrong:
        found.append(("email", gettext("Please write it like office@centre.example.")))
    if "phone" in wrong:
        found.append(("phone", gettext("Please write digits, for example 02861 1234.")))
    if not until.empty and until.value is None:
        found.append(("until", gettext("Please enter a day, for example 12 3 2027.")))
    elif until.value is not None and until.value < context.today():
        found.append(("until", gettext("This day is over.")))
    return found


def _page(
    site: str, typed: Mapping[str, str], problems: Sequence[tuple[str, str]]
) -> ResponseReturnValue:
    row = context.sites()[site]
    with context.the_hub().db.read() as session:
        found = profile.members(session, [site], context.today())
    page = render_template(
        "team.html",
        centre=row,
        team=found,
        typed=typed,
        until=dates.typed(typed, "until"),
        errors=problems,
        error=dict(problems),
        done="fertig" in request.args and not problems,
        removed="entfernt" in request.args and not problems,
        crumbs=[
            Crumb(row.name, url_for("centres.profile", site=site)),
            Crumb(gettext("Edit the profile"), url_for("profile.show", site=site)),
            Crumb(gettext("Team")),
        ],
    )
    return make_response(page, 422 if problems else 200)
