"""Where the head of an institution confirms or refuses a booking, by a link from a mail.

The link in a mail leads to a page with forms, so that a program that only looks at links answers
nothing.
"""

from __future__ import annotations

from flask import Blueprint, Response, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from hub.booking import contacts, heads, wording
from hub.models import Booking, Institution
from hub.web import context

pages = Blueprint("heads", __name__)

YES, NO = "ja", "nein"
CONFIRMED, REFUSED = "confirmed", "refused"


@pages.get("/bestaetigung/<reference>/<code>")
def ask(reference: str, code: str) -> ResponseReturnValue:
    return _page(reference, code)


@pages.post("/bestaetigung/<reference>/<code>")
def answer(reference: str, code: str) -> ResponseReturnValue:
    """Takes the answer, once; a refusal says why."""
    given = request.form.get("antwort", "")
    reason = "".join(c for c in request.form.get("grund", "") if c.isprintable()).strip()
    if given == NO and not reason:
        return _page(reference, code, error=gettext("Please write why; the person reads it."))
    if given not in (YES, NO):
        return _page(reference, code)
    with context.the_hub().db.write(queued=True) as session:
        refusal = reason if given == NO else None
        done = heads.answer(session, reference, code, refusal, context.now())
    if not done:
        return _page(reference, code)
    told = REFUSED if given == NO else CONFIRMED
    return _answer(render_template("head_decision.html", told=told, row=None), 200)


def _page(reference: str, code: str, error: str = "") -> ResponseReturnValue:
    with context.the_hub().db.read() as session:
        found = heads.find(session, reference, code)
        row = found[0] if found else None
        page = render_template(
            "head_decision.html",
            told="",
            row=row,
            code=code,
            facts=_facts(session, row) if row is not None else [],
            error=error,
            longest=heads.LONGEST_REASON,
        )
    return _answer(page, 410 if row is None else 422 if error else 200)


def _answer(page: str, status: int) -> Response:
    """It names a person, so nothing on the way keeps it; the address is in no index."""
    response = make_response(page, status)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _facts(session: Session, row: Booking) -> list[tuple[str, str]]:
    """What the head needs to decide, and nothing else about the person."""
    contact = contacts.of(session, row.person_id or 0, row.site_key)
    institution = session.get(Institution, row.institution_id) if row.institution_id else None
    facts = [
        (gettext("Who"), contact.name if contact else ""),
        (gettext("In the name of"), institution.name if institution else ""),
        (gettext("What"), row.title),
        (gettext("When"), wording.time(row.starts_at, row.ends_at, context.zone_of(row.site_key))),
        (gettext("Held by"), context.sites()[row.site_key].name),
    ]
    return [(label, text) for label, text in facts if text]
