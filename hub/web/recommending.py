"""The pages on which a centre's staff, or those of a Landesmedienzentrum, recommend something."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from flask import Blueprint, abort, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext, ngettext
from sqlalchemy.orm import Session

from hub.booking import dates
from hub.catalogue import lists, vocabulary
from hub.catalogue.collected import collect
from hub.catalogue.lists import Way
from hub.formats.text import line, plain
from hub.identity.actor import Actor
from hub.models import Recommendation
from hub.network import recommendations
from hub.network.recommendations import Changed, Content, Full, State
from hub.web import context, login, texts
from hub.web.language import language
from hub.web.page import Crumb
from hub.web.recommendations import last_day, subject_labels

pages = Blueprint("recommending", __name__, url_prefix="/<site>/verwaltung/empfehlungen")

KEEP, NOTHING = "so", "ohne"
"""What is chosen instead of one of one's lists: the entries as they are, or none."""
STATE = {
    State.DRAFT: lazy_gettext("Draft"),
    State.PUBLISHED: lazy_gettext("Published"),
    State.WITHDRAWN: lazy_gettext("Withdrawn"),
    State.DELETED: lazy_gettext("Deleted"),
}
Errors = Sequence[tuple[str, str]]


@pages.get("")
def listing(site: str) -> ResponseReturnValue:
    login.demand("recommendation.edit", site)
    return _listing(site)


@pages.get("/neu")
def new(site: str) -> ResponseReturnValue:
    who = login.demand("recommendation.edit", site)
    return _form(site, who, None, {})


@pages.post("/neu")
def create(site: str) -> ResponseReturnValue:
    """A draft, which is shown next."""
    who = login.demand("recommendation.edit", site)
    with context.the_hub().db.write() as session:
        content, errors = _typed(session, who, ())
        if errors:
            return _form(site, who, None, request.form, errors)
        try:
            recommendations.create(session, site, content, who.key)
        except Full:
            full = ngettext(
                "A centre can have %(num)d recommendation. Delete one first.",
                "A centre can have %(num)d recommendations. Delete one first.",
                recommendations.MOST,
            )
            return _form(site, who, None, request.form, [("titel", full)])
    return redirect(url_for("recommending.listing", site=site, fertig="angelegt"), 303)


@pages.get("/<int:number>")
def edit(site: str, number: int) -> ResponseReturnValue:
    who = login.demand("recommendation.edit", site)
    with context.the_hub().db.read() as session:
        return _form(site, who, _found(session, site, number), None)


@pages.post("/<int:number>")
def save(site: str, number: int) -> ResponseReturnValue:
    """What somebody else changed meanwhile is not overwritten unseen."""
    who = login.demand("recommendation.edit", site)
    with context.the_hub().db.write() as session:
        row = _found(session, site, number, to_change=True)
        content, errors = _typed(session, who, row.entries)
        if errors:
            return _form(site, who, row, request.form, errors)
        try:
            recommendations.save(session, row, _version(), content, who.key)
        except Changed:
            changed = gettext(
                "Nothing was saved: somebody else changed this meanwhile. Below stands what you "
                "typed; look at the list, then save once more to replace what the other one did."
            )
            return _form(site, who, row, request.form, [("titel", changed)])
    return redirect(url_for("recommending.listing", site=site, fertig="gespeichert"), 303)


@pages.post("/<int:number>/stand")
def step(site: str, number: int) -> ResponseReturnValue:
    """Publishes, withdraws, deletes, moves, or takes the last change back."""
    who = login.demand("recommendation.edit", site)
    act = request.form.get("tun", "")
    with context.the_hub().db.write() as session:
        row = _found(session, site, number, to_change=True)
        try:
            if act in set(Way):
                recommendations.move(session, row, Way(act), who.key)
            elif act == "undo":
                recommendations.undo(session, row, _version(), who.key)
            elif act in set(State):
                recommendations.step(session, row, _version(), State(act), who.key)
            else:
                abort(400)
        except Changed:
            return redirect(url_for("recommending.listing", site=site, fertig="anders"), 303)
    return redirect(url_for("recommending.listing", site=site, fertig="geaendert"), 303)


@pages.post("/weiterzeigen")
def accept(site: str) -> ResponseReturnValue:
    """Whether the pages of the centre show what the Landesmedienzentren recommend."""
    who = login.demand("recommendation.edit", site)
    with context.the_hub().db.write() as session:
        wanted = request.form.get("zeigen") == "1"
        recommendations.accept(session, site, wanted, who.key)
    return redirect(url_for("recommending.listing", site=site, fertig="geaendert"), 303)


def _found(session: Session, site: str, number: int, *, to_change: bool = False) -> Recommendation:
    row = recommendations.find(session, number, to_change=to_change)
    if row is None or row.site_key != site:
        abort(404)
    return row


def _typed(
    session: Session, who: Actor, entries: Sequence[Sequence[Any]]
) -> tuple[Content, list[tuple[str, str]]]:
    """What was typed, and what is wrong with it; `entries` are those that it has so far."""
    form = request.form
    title, text = line(form.get("titel")), plain(form.get("text"))
    first, last = dates.typed(form, "von"), dates.typed(form, "bis")
    errors = []
    if not title:
        errors.append(("titel", gettext("Please write a title.")))
    for name, value, longest in (
        ("titel", title, recommendations.LONGEST_TITLE),
        ("text", text, recommendations.LONGEST_TEXT),
    ):
        if len(value) > longest:
            told = gettext("Please use at most %(number)s characters.", number=longest)
            errors.append((name, told))
    for name, typed in (("von", first), ("bis", last)):
        if not typed.empty and typed.value is None:
            errors.append((name, gettext("Please enter a day, for example 12 3 2027.")))
    if first.value and last.value and last.value < first.value:
        errors.append(("bis", gettext("The last day must not be before the first.")))
    known = {code for code, _ in _subjects()}
    subjects = [code for code in form.getlist("fach") if code in known]
    if len(subjects) > recommendations.MOST_SUBJECTS:
        many = gettext(
            "Please choose at most %(number)s subjects.", number=recommendations.MOST_SUBJECTS
        )
        errors.append(("faecher", many))
    chosen = _entries(session, who, form.get("liste", KEEP), entries)
    if not chosen and not text:
        errors.append(("text", gettext("Please write a text, or choose a list.")))
    ends_on = last.value + timedelta(days=1) if last.value else None
    return Content(title, text, tuple(subjects), first.value, ends_on, chosen), errors


def _entries(
    session: Session, who: Actor, chosen: str, entries: Sequence[Sequence[Any]]
) -> tuple[tuple[int, str], ...]:
    """The entries of one's own list that was chosen."""
    if chosen == NOTHING:
        return ()
    if chosen.isascii() and chosen.isdigit() and len(chosen) < 10 and who.person_id is not None:
        mine = lists.find(session, who.person_id, int(chosen)) or abort(404)
        return tuple((one.offer_id, one.note) for one in lists.entries(session, mine))
    return tuple((offer_id, note) for offer_id, note in entries)


def _version() -> int:
    text = request.form.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else abort(400)


def _subjects() -> list[tuple[str, str]]:
    offered = vocabulary.subject_facet()
    return [
        (code, vocabulary.label("subject", code, language()))
        for code in vocabulary.codes("subject")
        if code in offered
    ]


def _listing(site: str) -> ResponseReturnValue:
    row = context.sites()[site]
    today = context.today()
    with context.the_hub().db.read() as session:
        found = recommendations.of_site(session, site)
        accepted = recommendations.accepts(session, site)
    return make_response(
        render_template(
            "recommending.html",
            centre=row,
            rows=[
                (one, STATE[State(one.state)], _term(one), subject_labels(one.subjects))
                for one in found
                if one.state != State.DELETED
            ],
            deleted=[one for one in found if one.state == State.DELETED],
            steps={one.id: set(recommendations.STEPS[State(one.state)]) for one in found},
            over={one.id for one in found if recommendations.is_over(one, today)},
            accepted=accepted,
            days=recommendations.KEPT.days,
            told=request.args.get("fertig", ""),
            crumbs=_crumbs(site),
        )
    )


def _form(
    site: str,
    who: Actor,
    row: Recommendation | None,
    typed: Mapping[str, Any] | None,
    errors: Errors = (),
) -> ResponseReturnValue:
    """The form with what was typed, or with what the recommendation says."""
    with context.the_hub().db.read() as session:
        mine = lists.of_person(session, who.person_id) if who.person_id is not None else []
        shown = collect(session, [(one, note) for one, note in row.entries]) if row else []
    if typed is None:
        assert row is not None
        last = last_day(row.ends_on)
        days = (
            dates.of(row.starts_on) if row.starts_on else dates.Typed(),
            dates.of(last) if last else dates.Typed(),
        )
        values = {"titel": row.title, "text": row.text}
        subjects = row.subjects
    else:
        days = dates.typed(typed, "von"), dates.typed(typed, "bis")
        values = {name: typed.get(name, "") for name in ("titel", "text")}
        subjects = request.form.getlist("fach")
    body = render_template(
        "recommending_form.html",
        centre=context.sites()[site],
        row=row,
        values=values,
        days=days,
        subjects=[(code, label, code in subjects) for code, label in _subjects()],
        lists=[
            (KEEP, gettext("as they are") if row else gettext("none: it is an announcement")),
            *([(NOTHING, gettext("none: it is an announcement"))] if row and row.entries else []),
            *((str(one.id), _with_number(one)) for one in mine),
        ],
        chosen=request.form.get("liste", KEEP),
        entries=[one.offer.record.title for one in shown],
        longest=(recommendations.LONGEST_TITLE, recommendations.LONGEST_TEXT),
        errors=errors,
        error=dict(errors),
        crumbs=_crumbs(site, gettext("Edit") if row else gettext("New recommendation")),
    )
    return make_response(body, 422 if errors else 200)


def _with_number(one: lists.Summary) -> str:
    number = ngettext("%(num)d entry", "%(num)d entries", one.entries)
    return gettext("my list “%(title)s” (%(number)s)", title=one.title, number=number)


def _term(row: Recommendation) -> str:
    last = last_day(row.ends_on)
    start, end = row.starts_on and texts.day(row.starts_on), last and texts.day(last)
    if start and end:
        return gettext("from %(start)s until %(end)s", start=start, end=end)
    if start:
        return gettext("from %(start)s", start=start)
    return gettext("until %(end)s", end=end) if end else gettext("always")


def _crumbs(site: str, title: str = "") -> list[Crumb]:
    row = context.sites()[site]
    here = gettext("Recommendations of the centre")
    up = url_for("recommending.listing", site=site)
    return [
        Crumb(row.name, url_for("centres.profile", site=site)),
        *([Crumb(here, up), Crumb(title)] if title else [Crumb(here)]),
    ]
