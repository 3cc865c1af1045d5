"""“Gemeinsam einkaufen”: the list of a Landesmedienzentrum, and what each centre says to it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal

from flask import Blueprint, abort, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_currency, gettext, lazy_gettext

from hub.booking import dates
from hub.catalogue import grants
from hub.catalogue.grants import GrantError
from hub.identity.permissions import can
from hub.models import JointPurchase
from hub.network import purchases
from hub.network.purchases import NotNow, State, Step
from hub.web import context, login, texts
from hub.web.page import Crumb
from hub.web.sheets import FORMATS, Cell, download

pages = Blueprint("purchases", __name__)

MOST_CENTS = 10_000_000
MOST_STEPS = 10
STATES = {
    State.DRAFT: lazy_gettext("being prepared"),
    State.ASKED: lazy_gettext("centres are asked"),
    State.BOUGHT: lazy_gettext("bought"),
    State.DROPPED: lazy_gettext("dropped"),
}
STEPS = {
    Step.ASK: lazy_gettext("Ask the centres"),
    Step.BUY: lazy_gettext("Bought: enter the licences"),
    Step.DROP: lazy_gettext("Drop it"),
    Step.UNDO: lazy_gettext("Take that back"),
}
_STEP = re.compile(r"\s*(\d{1,3})\s*[:=]\s*(\d{1,2})\s*%?\s*")
_PRICE = re.compile(r"(\d{1,3}(?:\.\d{3})+|\d{1,6})(?:,(\d{1,2}))?")
Errors = Sequence[tuple[str, str]]


@pages.get("/netz/einkauf", defaults={"form": "html"})
@pages.get("/netz/einkauf.<form>")
def listing(form: str) -> ResponseReturnValue:
    login.demand("network.read")
    if form == "html":
        return _list(request.args, [])
    if form not in FORMATS:
        abort(404)
    header = [
        gettext("Medium"), gettext("Supplier"), gettext("State"), gettext("Centres"),
        gettext("Discount in percent"), gettext("Each in euros"), gettext("Together in euros"),
    ]  # fmt: skip
    with context.the_hub().db.read() as session:
        wanted = purchases.taking_part(session)
        found = purchases.listing(session)
    rows: list[list[Cell]] = []
    for one in found:
        told = purchases.price(one.cents, one.steps, len(wanted.get(one.id, ())))
        rows.append([
            one.title, one.supplier, str(STATES[State(one.state)]), told.centres, told.percent,
            told.each / 100, told.total / 100,
        ])  # fmt: skip
    return download(form, "einkauf", header, rows)


@pages.post("/netz/einkauf")
def add() -> ResponseReturnValue:
    """A medium comes onto the list; nobody is asked yet."""
    login.demand("network.manage")
    given = request.form
    typed, errors = _typed(given)
    key = title = ""
    with context.the_hub().db.write() as session:
        try:
            key = grants.medium_of(session, given.get("medium", "")[:100].strip())
            title = purchases.title_of(session, key)
        except GrantError:
            told = gettext("No centre offers a medium with this number. Check it.")
            errors = [("medium", told), *errors]
        if not errors:
            row = JointPurchase(key=key, title=title, state=State.DRAFT, **typed)
            session.add(row)
            session.flush()
            number = row.id
    if errors:
        return _list(given, errors)
    return redirect(url_for("purchases.show", number=number), 303)


@pages.get("/netz/einkauf/<int:number>")
def show(number: int) -> ResponseReturnValue:
    login.demand("network.read")
    return _page(number)


@pages.post("/netz/einkauf/<int:number>/schritt")
def step(number: int) -> ResponseReturnValue:
    """Ask, buy, drop or take back."""
    who = login.demand("network.manage")
    wanted = request.form.get("schritt", "")
    if wanted not in set(Step):
        abort(404)
    try:
        with context.the_hub().db.write() as session:
            row = purchases.find(session, number, to_change=True) or abort(404)
            purchases.take(session, row, Step(wanted), who.key, context.now())
    except NotNow:
        told = gettext(
            "That is not possible as it is: no centre takes part, or somebody was faster."
        )
        return _page(number, told)
    return redirect(url_for("purchases.show", number=number), 303)


@pages.get("/<site>/verwaltung/einkauf")
def of_site(site: str) -> ResponseReturnValue:
    login.demand("grant.manage", site)
    return _asked(site)


@pages.post("/<site>/verwaltung/einkauf/<int:number>")
def answer(site: str, number: int) -> ResponseReturnValue:
    """A centre says whether it takes part; until the last day it may say otherwise."""
    login.demand("grant.manage", site)
    given = request.form
    if given.get("dabei") not in ("ja", "nein"):
        return _asked(site, number, gettext("Please choose."))
    try:
        with context.the_hub().db.write() as session:
            row = purchases.find(session, number, to_change=True) or abort(404)
            note = given.get("notiz", "").strip()
            wanted = given["dabei"] == "ja"
            purchases.answer(session, row, site, wanted, note, context.today())
    except NotNow:
        return _asked(site, number, gettext("It can no longer be answered."))
    return redirect(url_for("purchases.of_site", site=site, fertig=number), 303)


def _typed(given: Mapping[str, str]) -> tuple[dict[str, object], list[tuple[str, str]]]:
    errors: list[tuple[str, str]] = []
    supplier = " ".join(given.get("anbieter", "")[:200].split())
    if not supplier:
        errors.append(("anbieter", gettext("Please fill this in.")))
    cents = _cents(given.get("preis", ""))
    if cents is None:
        errors.append(("preis", gettext("Please write a price, for example 120,50.")))
    steps = _steps(given.get("rabatt", ""))
    if steps is None:
        told = gettext("Please write one step in each line, for example 10: 15.")
        errors.append(("rabatt", told))
    days: dict[str, date | None] = {}
    for name in ("von", "bis", "frist"):
        typed = dates.typed(given, name)
        days[name] = typed.value
        if typed.value is None and not (typed.empty and name != "frist"):
            errors.append((name, gettext("Please enter a day, for example 12 3 2027.")))
    first, last, until = days["von"], days["bis"], days["frist"]
    if first and last and last < first:
        errors.append(("bis", gettext("The last day must not be before the first.")))
    if until and until < context.today():
        errors.append(("frist", gettext("This day is over.")))
    return {
        "supplier": supplier,
        "cents": cents,
        "steps": steps,
        "valid_from": first,
        "valid_until": last + timedelta(days=1) if last else None,
        "answer_by": until,
    }, errors


def _cents(text: str) -> int | None:
    """A price as people write it: `120`, `120,5`, `1.200,50 €`. A point groups thousands and is
    refused elsewhere, where it might be meant as a comma."""
    found = _PRICE.fullmatch(text.strip().removesuffix("€").strip())
    if found is None:
        return None
    cents = int(found[1].replace(".", "")) * 100 + int((found[2] or "").ljust(2, "0"))
    return cents if 0 < cents <= MOST_CENTS else None


def _steps(text: str) -> list[list[int]] | None:
    """Lines like `10: 15`: from ten centres on fifteen percent less."""
    lines = [line for line in text[:2_000].splitlines() if line.strip()]
    found = [_STEP.fullmatch(line) for line in lines]
    if not all(found) or len(lines) > MOST_STEPS:
        return None
    steps = sorted([int(one[1]), int(one[2])] for one in found if one)
    least = [one for one, _ in steps]
    return steps if 0 not in least and len({*least}) == len(least) else None


def _list(given: Mapping[str, str], errors: Errors) -> ResponseReturnValue:
    with context.the_hub().db.read() as session:
        wanted = purchases.taking_part(session)
        rows = [
            (one, STATES[State(one.state)], purchases.price(one.cents, one.steps, len(part)))
            for one in purchases.listing(session)
            for part in [wanted.get(one.id, ())]
        ]
    page = render_template(
        "purchases.html",
        rows=rows,
        euros=_euros,
        may_add=can(login.actor(), "network.manage"),
        given=given,
        errors=errors,
        error=dict(errors),
        first=dates.typed(given, "von"),
        last=dates.typed(given, "bis"),
        until=dates.typed(given, "frist"),
        crumbs=[*_crumbs(), Crumb(gettext("Buying together"))],
    )
    return make_response(page, 422 if errors else 200)


def _page(number: int, problem: str = "") -> ResponseReturnValue:
    with context.the_hub().db.read() as session:
        row = purchases.find(session, number) or abort(404)
        answers = purchases.answers(session, number)
    part = sum(one.wanted for one in answers.values())
    now = purchases.price(row.cents, row.steps, part)
    centres = [one for one in context.sites().values() if one.kind == "centre"]
    may = can(login.actor(), "network.manage")
    page = render_template(
        "purchase.html",
        row=row,
        facts=[*_facts(row), (gettext("State"), STATES[State(row.state)])],
        now=now,
        euros=_euros,
        prices=[
            (least, purchases.price(row.cents, row.steps, least))
            for least, _ in [(1, 0), *row.steps]
        ],
        centres=[(one, answers.get(one.key)) for one in centres],
        steps=[(one, STEPS[one]) for one in purchases.possible(row, context.now())] if may else [],
        problem=problem,
        crumbs=[
            *_crumbs(),
            Crumb(gettext("Buying together"), url_for("purchases.listing")),
            Crumb(row.title),
        ],
    )
    return make_response(page, 409 if problem else 200)


def _asked(site: str, wrong: int = 0, problem: str = "") -> ResponseReturnValue:
    row = context.sites()[site]
    with context.the_hub().db.read() as session:
        wanted = purchases.taking_part(session)
        rows = [
            (one, given, _facts(one), purchases.price(one.cents, one.steps, len(part)))
            for one, given in purchases.asked(session, site, context.today())
            for part in [wanted.get(one.id, ())]
        ]
    page = render_template(
        "purchases_asked.html",
        centre=row,
        rows=rows,
        euros=_euros,
        done=request.args.get("fertig", 0, int),
        wrong=wrong,
        problem=problem,
        crumbs=[
            Crumb(row.name, url_for("centres.profile", site=site)),
            Crumb(gettext("Buying together")),
        ],
    )
    return make_response(page, 422 if problem else 200)


def _facts(row: JointPurchase) -> list[tuple[str, str]]:
    last = row.valid_until - timedelta(days=1) if row.valid_until else None
    return [
        (gettext("Supplier"), row.supplier),
        (gettext("Price for one centre"), _euros(row.cents)),
        (gettext("First day"), texts.day(row.valid_from) if row.valid_from else gettext("at once")),
        (gettext("Last day"), texts.day(last) if last else gettext("without end")),
        (gettext("Answer until"), texts.day(row.answer_by)),
    ]


def _euros(cents: int) -> str:
    return str(format_currency(Decimal(cents) / 100, "EUR"))


def _crumbs() -> list[Crumb]:
    return [Crumb(gettext("Network and figures"), url_for("network.overview"))]
