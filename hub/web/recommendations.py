"""“Empfehlungen”: what the Landesmedienzentren, and centres on their own pages, recommend now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from flask import Blueprint, abort, make_response, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from sqlalchemy.orm import Session

from hub.catalogue import vocabulary
from hub.catalogue.collected import collect
from hub.identity.permissions import can
from hub.models import Recommendation
from hub.network import recommendations
from hub.network.recommendations import State
from hub.web import collected, context, login, reading, texts
from hub.web.language import language
from hub.web.lists import too_many_lists
from hub.web.page import Crumb, asked_text
from hub.web.shared_lists import take_over

pages = Blueprint("recommendations", __name__)

FEW = 3
"""How many other pages show; a link leads to all."""
SHORT = 240
"""Characters of the text that stand in a list."""


@dataclass(frozen=True, slots=True)
class Teaser:
    """A recommendation in a list."""

    url: str
    title: str
    text: str
    who: str
    about: str
    """Subjects, number of entries and last day, in one line."""


@pages.get("/empfehlungen")
def listing() -> str:
    subject, site = asked_text("fach", 20), asked_text("zentrum", 40)
    if site not in context.sites():
        site = ""
    with context.the_hub().db.read() as session:
        found = recommendations.shown(session, context.today(), site or None)
    offered = {code for row, _ in found for code in row.subjects}
    return render_template(
        "recommendations.html",
        teasers=[_teaser(row, who) for row, who in found if not subject or subject in row.subjects],
        subjects=[
            (code, vocabulary.label("subject", code, language()))
            for code in vocabulary.codes("subject")
            if code in offered
        ],
        subject=subject,
        site=site,
        where=context.sites()[site].name if site else "",
        crumbs=[Crumb(gettext("Recommendations"))],
    )


@pages.get("/empfehlungen/<int:number>")
def show(number: int) -> ResponseReturnValue:
    """For everybody once it is published; before that its editors see it like this."""
    with context.the_hub().db.read() as session:
        return _page(session, _readable(session, number))


@pages.post("/empfehlungen/<int:number>/uebernehmen")
def adopt(number: int) -> ResponseReturnValue:
    """Copies the list into one of one's own."""
    person = login.demand("list.edit").person_id
    assert person is not None
    with context.the_hub().db.read() as session:
        row = _readable(session, number)
        if not row.entries:
            abort(404)
        entries = [(offer_id, note) for offer_id, note in row.entries]
        return take_over(person, row.title, row.text, entries) or _page(
            session, row, problem=too_many_lists()
        )


def teasers(site: str | None = None, most: int | None = None) -> list[Teaser]:
    """What is recommended to everybody now, or on the pages of a site; the first ones."""
    with context.the_hub().db.read() as session:
        found = recommendations.shown(session, context.today(), site, most=most)
    return [_teaser(row, who) for row, who in found]


def subject_labels(codes: Iterable[str]) -> str:
    return ", ".join(texts.labels("subject", tuple(codes)))


def _readable(session: Session, number: int) -> Recommendation:
    row = recommendations.find(session, number)
    if row is None or row.state == State.DELETED:
        abort(404)
    if not recommendations.is_public(row, context.today()) and not can(
        login.actor(), "recommendation.edit", row.site_key
    ):
        abort(404)
    return row


def _page(session: Session, row: Recommendation, problem: str = "") -> ResponseReturnValue:
    today = context.today()
    entries = collect(session, [(offer_id, note) for offer_id, note in row.entries])
    body = render_template(
        "recommendation.html",
        row=row,
        centre=context.sites()[row.site_key],
        about=_about(row),
        entries=collected.lines(entries, reading.reader()),
        public=recommendations.is_public(row, today),
        over=last_day(row.ends_on) if recommendations.is_over(row, today) else None,
        problem=problem,
        crumbs=[
            Crumb(gettext("Recommendations"), url_for("recommendations.listing")),
            Crumb(row.title),
        ],
    )
    return make_response(body, 409 if problem else 200)


def last_day(ends_on: date | None) -> date | None:
    """People name the last day of a term, not the first day after it."""
    return ends_on - timedelta(days=1) if ends_on else None


def _teaser(row: Recommendation, who: str) -> Teaser:
    text = " ".join(row.text.split())
    return Teaser(
        url=url_for("recommendations.show", number=row.id),
        title=row.title,
        text=text if len(text) <= SHORT else f"{text[:SHORT].rsplit(' ', 1)[0]} …",
        who=who,
        about=_about(row),
    )


def _about(row: Recommendation) -> str:
    last = last_day(row.ends_on)
    parts = [
        subject_labels(row.subjects),
        ngettext("%(num)d entry", "%(num)d entries", len(row.entries)) if row.entries else "",
        gettext("until %(end)s", end=texts.day(last)) if last else "",
    ]
    return " · ".join(part for part in parts if part)
