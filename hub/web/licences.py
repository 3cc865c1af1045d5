"""The licences that a centre enters beside those of its sources, and those that end soon."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, abort, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from hub.booking import dates
from hub.catalogue import expiring, grants, vocabulary
from hub.models import EnteredGrant
from hub.records import Entered, Scope
from hub.web import context, login, texts
from hub.web.language import language
from hub.web.page import Crumb
from hub.web.sheets import FORMATS, Cell, download

pages = Blueprint("licences", __name__, url_prefix="/<site>/verwaltung/lizenzen")

PER_PAGE = 50
MONTHS = (3, 6, 12)
ROLES = ("lehr", "lern")
"""Whom a licence is usually narrowed to."""
HIGHEST = 2**31 - 1
PROBLEMS: Mapping[str, tuple[str, Callable[[], str]]] = {
    "medium": (
        "medium",
        lambda: gettext("Please enter the number of the medium, for example 5511494."),
    ),
    "unknown": (
        "medium",
        lambda: gettext(
            "No centre offers a medium with this number. Check it, or have its source read first."
        ),
    ),
    "term": ("bis", lambda: gettext("The last day must not be before the first.")),
    "whom": (
        "schule",
        lambda: gettext(
            "Your centre serves no school with this number. It has six digits, for example 168543."
        ),
    ),
}
"""The field and the words for each reason of `hub.catalogue.grants.GrantError`."""


@pages.get("")
def listing(site: str) -> ResponseReturnValue:
    login.demand("grant.manage", site)
    return _page(site, request.args, [])


@pages.post("")
def enter(site: str) -> ResponseReturnValue:
    """Enter a licence; the same once more changes only its term, so a second click does nothing."""
    who = login.demand("grant.manage", site)
    given = request.form
    scope = Scope.SCHOOL if given.get("reichweite") == "school" else Scope.SITE
    role = given.get("rolle", "")
    if role and role not in ROLES:
        abort(404)
    first, errors = _day(given, "von")
    last, more = _day(given, "bis")
    errors += more
    if not errors:
        try:
            with context.the_hub().db.write() as session:
                grants.enter(
                    session,
                    given.get("medium", "")[:100].strip(),
                    scope,
                    given.get("schule", "")[:100].strip() if scope is Scope.SCHOOL else site,
                    actor=who.key,
                    role=role,
                    valid_from=first,
                    valid_until=last + timedelta(days=1) if last else None,
                    site=site,
                )
        except grants.GrantError as error:
            field, words = PROBLEMS[error.reason]
            errors.append((field, words()))
    if errors:
        return _page(site, given, errors)
    return redirect(url_for("licences.listing", site=site, fertig="eingetragen"), 303)


@pages.post("/<int:number>/entfernen")
def remove(site: str, number: int) -> ResponseReturnValue:
    """Take a licence away; the page then offers to enter it again."""
    who = login.demand("grant.manage", site)
    if number > HIGHEST:
        abort(404)
    with context.the_hub().db.write() as session:
        row = session.get(EnteredGrant, number)
        if row is None:  # the second of two clicks
            return redirect(url_for("licences.listing", site=site), 303)
        undo = _parameters(row)
        try:
            grants.remove(session, number, actor=who.key, site=site)
        except grants.GrantError:
            abort(404)
    return redirect(url_for("licences.listing", site=site, fertig="entfernt", **undo), 303)


@pages.get("/enden", defaults={"form": "html"})
@pages.get("/enden.<form>")
def ending(site: str, form: str) -> ResponseReturnValue:
    """What is licensed now and ends within some months, with how often it was opened."""
    login.demand("grant.manage", site)
    months = request.args.get("monate", MONTHS[0], int)
    if months not in MONTHS or form not in {"html", *FORMATS}:
        abort(404)
    today = context.today()
    with context.the_hub().db.read() as session:
        found = expiring.at_site(session, site, today, _later(today, months))
    if form != "html":
        header = [
            gettext("Medium"),
            gettext("Last day of the licence"),
            gettext("Opened in the last 12 months"),
            gettext("Address"),
        ]
        rows: list[list[Cell]] = [
            [
                one.title,
                one.last_day.isoformat(),
                one.uses,
                context.public_address("offer.show", offer_id=one.offer_id),
            ]
            for one in found
        ]
        return download(form, f"lizenzen-enden-{site}", header, rows)
    row = context.sites()[site]
    return render_template(
        "licences_ending.html",
        centre=row,
        found=found,
        months=months,
        choices=MONTHS,
        most=expiring.MOST,
        crumbs=[
            *_crumbs(site),
            Crumb(gettext("Licences"), url_for("licences.listing", site=site)),
            Crumb(gettext("Licences that end")),
        ],
    )


def _page(
    site: str, given: Mapping[str, str], errors: Sequence[tuple[str, str]]
) -> ResponseReturnValue:
    before = request.args.get("vor", HIGHEST, int)
    with context.the_hub().db.read() as session:
        found = grants.at_site(session, site, before=before, limit=PER_PAGE + 1)
    names = {key: row.name for key, row in context.sites().items()}
    today = context.today()
    page = render_template(
        "licences.html",
        centre=context.sites()[site],
        errors=errors,
        error=dict(errors),
        given=given,
        first=dates.typed(given, "von"),
        last=dates.typed(given, "bis"),
        roles=[
            ("", gettext("everybody")),
            *((one, vocabulary.label("licence_role", one, language())) for one in ROLES),
        ],
        done=request.args.get("fertig", "") if not errors else "",
        rows=[(one, _whom(one, names), _state(one.row, today)) for one in found[:PER_PAGE]],
        older=found[PER_PAGE - 1].row.id if len(found) > PER_PAGE else None,
        crumbs=[*_crumbs(site), Crumb(gettext("Licences"))],
    )
    return make_response(page, 422 if errors else 200)


def _whom(one: grants.Listed, names: Mapping[str, str]) -> str:
    row = one.row
    grant = Entered(
        Scope(row.scope),
        row.value,
        row.valid_from,
        row.valid_until,
        row.role,
        concurrent=row.concurrent,
    )
    told = texts.grant_text(grant, names)
    return f"{told} ({one.school})" if one.school else told


def _state(row: EnteredGrant, today: date) -> str:
    if row.valid_until is not None and row.valid_until <= today:
        return gettext("ended")
    if row.valid_from is not None and row.valid_from > today:
        return gettext("not begun")
    return gettext("holds")


def _parameters(row: EnteredGrant) -> dict[str, Any]:
    """What one would type to enter this licence."""
    told: dict[str, Any] = {"medium": row.key.rpartition(":")[2], "rolle": row.role}
    if row.scope == Scope.SCHOOL.value:
        told |= {"reichweite": "school", "schule": row.value}
    if row.valid_from is not None:
        told |= dates.fields("von", row.valid_from)
    if row.valid_until is not None:
        told |= dates.fields("bis", row.valid_until - timedelta(days=1))
    return told


def _day(given: Mapping[str, str], name: str) -> tuple[date | None, list[tuple[str, str]]]:
    typed = dates.typed(given, name)
    if typed.empty or typed.value is not None:
        return typed.value, []
    return None, [(name, gettext("Please enter a day, for example 12 3 2027."))]


def _later(day: date, months: int) -> date:
    """The first day after so many months."""
    month = day.month - 1 + months
    return date(day.year + month // 12, month % 12 + 1, min(day.day, 28)) + timedelta(days=1)


def _crumbs(site: str) -> list[Crumb]:
    return [Crumb(context.sites()[site].name, url_for("centres.profile", site=site))]
