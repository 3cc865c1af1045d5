"""The pages on which a site says its rules of booking and when it is open."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, abort, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from hub.booking import house, saying
from hub.booking.rules import Rules, Unit
from hub.booking.saying import Problem
from hub.catalogue import vocabulary
from hub.institutions import register
from hub.models import BookingRules, OpeningHours
from hub.records import Kind
from hub.web import context, login, texts
from hub.web.language import language
from hub.web.page import Crumb

pages = Blueprint("booking_rules", __name__, url_prefix="/<site>/verwaltung")

UNITS: Mapping[Unit, Callable[[], str]] = {
    Unit.DAYS: lambda: gettext("days"),
    Unit.WORKING_DAYS: lambda: gettext("working days"),
    Unit.SCHOOL_DAYS: lambda: gettext("school days"),
}
LABELS: Mapping[str, Callable[[], str]] = {
    "allowed": lambda: gettext("Is lent to them"),
    "approval": lambda: gettext("The staff confirm each booking"),
    "head": lambda: gettext("The head of the institution confirms each booking"),
    "registered": lambda: gettext("Only for an institution that has named the person"),
    "lead": lambda: gettext("Open days beforehand"),
    "furthest": lambda: gettext("Days ahead, at most"),
    "period": lambda: gettext("Longest loan"),
    "unit": lambda: gettext("The loan is counted in"),
    "extensions": lambda: gettext("Extensions"),
    "extension": lambda: gettext("Length of an extension"),
    "most": lambda: gettext("Pieces in one booking, at most"),
    "most_open": lambda: gettext("Open bookings of one person, at most"),
    "back_by": lambda: gettext("Everything back by"),
    "rank": lambda: gettext("Rank on waiting lists (1 comes before 2)"),
    "offer_hours": lambda: gettext("Hours that a free place is held for who waited"),
    "open_days_only": lambda: gettext("First and last day must be open days"),
    "courier": lambda: gettext("The Medientransport brings and fetches it"),
    "fee": lambda: gettext("Fee, in words"),
    "funding": lambda: gettext("Where to find funding for the fee, in words or an address"),
    "remind_before": lambda: gettext("Reminder so many days before it is due or begins (0: none)"),
    "remind_after": lambda: gettext(
        "Reminders so many days after it was due, for example 3, 10, 17 (0: none)"
    ),
    "suspend_after_reminders": lambda: gettext(
        "The last reminder suspends the borrower for the institution"
    ),
}


@pages.get("/buchungsregeln")
def show(site: str) -> ResponseReturnValue:
    """The rules for one kind of offer and one class of borrower, with what holds otherwise."""
    login.demand("rules.edit", site)
    kind, borrower = _which(request.args)
    with context.the_hub().db.read() as session:
        row = session.get(BookingRules, (site, kind, borrower))
        said = _typed(row.overrides) if row else {}
    return _rules_page(site, kind, borrower, said, [])


@pages.post("/buchungsregeln")
def save(site: str) -> ResponseReturnValue:
    who = login.demand("rules.edit", site)
    kind, borrower = _which(request.form)
    said, problems = saying.read_rules(request.form)
    if problems:
        return _rules_page(site, kind, borrower, request.form, problems)
    with context.the_hub().db.write() as session:
        saying.keep_rules(session, site, kind, borrower, said, who.key)
    return redirect(
        url_for("booking_rules.show", site=site, art=kind, fuer=borrower, fertig=1), 303
    )


@pages.get("/oeffnungszeiten")
def hours(site: str) -> ResponseReturnValue:
    login.demand("rules.edit", site)
    with context.the_hub().db.read() as session:
        row = session.get(OpeningHours, site)
        calendar = house.calendar(session, site)
    week = [", ".join(f"{b:%H:%M}-{e:%H:%M}" for b, e in day) for day in calendar.week]
    closures = "\n".join(
        " ".join(
            filter(
                None,
                (
                    f"{one.first:%d.%m.%Y}",
                    f"- {one.last:%d.%m.%Y}" if one.last != one.first else "",
                    one.reason,
                ),
            )
        )
        for one in calendar.closures
    )
    return _hours_page(site, week, closures, bool(row and row.school_holidays), [])


@pages.post("/oeffnungszeiten")
def save_hours(site: str) -> ResponseReturnValue:
    who = login.demand("rules.edit", site)
    lines = [request.form.get(f"tag{number}", "")[:200] for number in range(7)]
    text = request.form.get("closures", "")[:20_000]
    week, problems = saying.read_week(lines)
    closures, more = saying.read_closures(text)
    holidays = "school_holidays" in request.form
    if problems or more:
        return _hours_page(site, lines, text, holidays, [*problems, *more])
    with context.the_hub().db.write() as session:
        saying.keep_hours(session, site, week, closures, holidays, who.key)
    return redirect(url_for("booking_rules.hours", site=site, fertig=1), 303)


def _rules_page(
    site: str,
    kind: str,
    borrower: str,
    given: Mapping[str, str],
    problems: Sequence[Problem],
) -> ResponseReturnValue:
    with context.the_hub().db.read() as session:
        general = _general(session, site, kind, borrower)
        order = _order(house.ranks(session, site, kind))
        known = [
            (row.kind, row.borrower)
            for row in session.scalars(
                sa.select(BookingRules)
                .where(BookingRules.site_key == site)
                .order_by(BookingRules.kind, BookingRules.borrower)
            )
        ]
    fields = [
        {
            "name": name,
            "label": label(),
            "value": given.get(name, ""),
            "general": _shown(name, getattr(general, name)),
            "form": _form(name),
        }
        for name, label in LABELS.items()
    ]
    return _answer(
        "booking_rules.html",
        problems,
        centre=context.sites()[site],
        kind=kind,
        borrower=borrower,
        kinds=[("", gettext("all kinds")), *((one.value, texts.KINDS[one]) for one in Kind)],
        borrowers=_borrowers(),
        fields=fields,
        units=[(unit.value, label()) for unit, label in UNITS.items()],
        known=[(one, _title(*one)) for one in known],
        title=_title(kind, borrower),
        order=order,
        crumbs=_crumbs(site, gettext("Rules of booking")),
    )


def _hours_page(
    site: str, week: Sequence[str], closures: str, holidays: bool, problems: Sequence[Problem]
) -> ResponseReturnValue:
    monday = context.today()
    days = [
        texts.weekday(monday.fromordinal(number + 1), short=False) for number in range(7)
    ]  # the first day of the calendar was a Monday
    return _answer(
        "opening_hours.html",
        problems,
        centre=context.sites()[site],
        days=list(zip(days, week, strict=True)),
        closures=closures,
        holidays=holidays,
        crumbs=_crumbs(site, gettext("Opening hours")),
    )


def _answer(template: str, problems: Sequence[Problem], **values: Any) -> ResponseReturnValue:
    errors = [(one.field, _explained(one)) for one in problems]
    page = render_template(
        template,
        errors=errors,
        error=dict(errors),
        done="fertig" in request.args and not errors,
        **values,
    )
    return make_response(page, 422 if errors else 200)


def _explained(one: Problem) -> str:
    if one.reason == "number":
        return gettext(
            "“%(text)s”: please enter a whole number from %(least)s to %(most)s, or nothing.",
            text=one.text,
            least=one.limits[0],
            most=one.limits[1],
        )
    if one.reason == "days":
        return gettext(
            "“%(text)s”: please write the days one after the other, like 3, 10, 17.", text=one.text
        )
    if one.reason == "hours":
        return gettext("“%(text)s”: please write it like 08:00-12:00, 13:00-16:00.", text=one.text)
    if one.reason == "order":
        return gettext("“%(text)s”: the end lies before the beginning.", text=one.text)
    return gettext("“%(text)s”: please write the day like 24.12.2026.", text=one.text)


def _general(session: Session, site: str, kind: str, borrower: str) -> Rules:
    """What would hold if this row said nothing."""
    return house.rules(session, site, kind, borrower, without=(kind, borrower))


def _which(given: Mapping[str, str]) -> tuple[str, str]:
    kind, borrower = given.get("art", ""), given.get("fuer", "")
    if kind not in {"", *Kind} or borrower not in dict(_borrowers()):
        abort(404)
    return kind, borrower


def _borrowers() -> list[tuple[str, str]]:
    kinds = [
        (code, vocabulary.label("institution_kind", code, language())) for code in register.KINDS
    ]
    return [
        ("", gettext("everybody")),
        *kinds,
        (house.PRIVATE, gettext("private persons")),
    ]


def _order(ranks: Mapping[str, int]) -> list[str]:
    """Who comes first on waiting lists, a line for each rank; nothing where all have the same."""
    names = dict(_borrowers())
    lines = [
        ", ".join(names[one] for one, rank in ranks.items() if rank == each)
        for each in sorted(set(ranks.values()))
    ]
    return lines if len(lines) > 1 else []


def _title(kind: str, borrower: str) -> str:
    what = str(texts.KINDS[Kind(kind)]) if kind else gettext("all kinds")
    return f"{what}, {dict(_borrowers()).get(borrower, borrower)}"


def _form(name: str) -> str:
    if name in saying.CHOICES:
        return "choice"
    return "unit" if name == "unit" else "text"


def _typed(overrides: Mapping[str, Any]) -> dict[str, str]:
    told = {}
    for name, value in overrides.items():
        if isinstance(value, bool):
            told[name] = "yes" if value else "no"
        elif name == "back_by":
            year, month, day = str(value).split("-")
            told[name] = f"{day}.{month}.{year}"
        elif isinstance(value, list):
            told[name] = ", ".join(map(str, value)) or "0"
        else:
            told[name] = str(value)
    return told


def _shown(name: str, value: Any) -> str:
    """What holds otherwise, in words."""
    if value is None:
        return gettext("no limit") if name in saying.NUMBERS else "–"
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, Unit):
        return UNITS[value]()
    if name == "back_by":
        return texts.day(value)
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "0"
    return str(value) or gettext("free of charge")


def _crumbs(site: str, title: str) -> list[Crumb]:
    return [
        Crumb(context.sites()[site].name, url_for("centres.profile", site=site)),
        Crumb(gettext("Desk"), url_for("desk.today", site=site)),
        Crumb(title),
    ]
