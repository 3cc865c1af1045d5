"""Papers of the desk: the slip that a borrower signs, and the tours of the courier."""

from __future__ import annotations

from datetime import date, timedelta

import sqlalchemy as sa
from flask import Blueprint, Response, abort, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session

from hub.booking import contacts, house, items
from hub.booking import tours as tours_of
from hub.booking.progress import MADE
from hub.formats import pdf
from hub.models import Booking
from hub.web import context, login, my_bookings, texts
from hub.web.language import language
from hub.web.page import Crumb

pages = Blueprint("papers", __name__, url_prefix="/<site>/verwaltung")


@pages.get("/buchung/<reference>/beleg")
def slip(site: str, reference: str) -> str:
    """What the borrower signs, to print."""
    login.demand("desk.use", site)
    with context.the_hub().db.read() as session:
        row = _row(session, site, reference)
        return render_template(
            "desk_slip.html",
            centre=context.sites()[site],
            row=row,
            facts=my_bookings.facts(session, row),
            borrower=_borrower(session, row),
            pieces=_handed_out(session, row),
            liability=_liability(),
            today=context.today(),
        )


@pages.get("/buchung/<reference>/beleg.pdf")
def slip_as_pdf(site: str, reference: str) -> Response:
    """The same as a file, to keep or to send."""
    login.demand("desk.use", site)
    with context.the_hub().db.read() as session:
        row = _row(session, site, reference)
        title = f"{gettext('Loan slip')} {row.reference}"
        sheet = pdf.Sheet(title, language(), context.now())
        sheet.heading(title)
        sheet.text(f"{context.sites()[site].name} · {texts.day(context.today())}")
        sheet.facts(my_bookings.facts(session, row))
        sheet.facts(_borrower(session, row))
        pieces = _handed_out(session, row)
    if pieces:
        sheet.heading(gettext("Pieces"), 14)
        sheet.items(pieces)
    sheet.text(_liability())
    sheet.signature(gettext("Date and signature"))
    response = Response(sheet.content(), content_type=pdf.TYPE)
    response.headers["Content-Disposition"] = f"inline; filename=beleg-{row.reference}.pdf"
    return response


@pages.get("/touren")
def tours(site: str) -> str:
    """What the courier takes along on a day and fetches, by institution; today where none is
    asked for."""
    login.demand("desk.use", site)
    with context.the_hub().db.read() as session:
        calendar = house.calendar(session, site)
        now = calendar.day(context.now())
        day = _asked_day() or now
        stops = tours_of.stops(session, site, calendar, day, today=day == now)
        return render_template(
            "desk_tours.html",
            centre=context.sites()[site],
            day=day,
            stops=stops,
            earlier=day - timedelta(days=1),
            later=day + timedelta(days=1),
            crumbs=[
                Crumb(context.sites()[site].name, url_for("centres.profile", site=site)),
                Crumb(gettext("Desk"), url_for("desk.today", site=site)),
                Crumb(gettext("Courier tours")),
            ],
        )


def _asked_day() -> date | None:
    try:
        day = date.fromisoformat(request.args.get("tag", ""))
    except ValueError:
        return None
    return day if 2000 <= day.year < 2200 else None


def _borrower(session: Session, row: Booking) -> list[tuple[str, str]]:
    """Who borrows and how they are reached; nothing where that is no longer known."""
    contact = contacts.of(session, row.person_id, row.site_key) if row.person_id else None
    if contact is None:
        return []
    return [
        (gettext("Borrower"), contact.name),
        (gettext("E-mail address"), contact.email),
        (gettext("Phone"), contact.phone or "–"),
    ]


def _handed_out(session: Session, row: Booking) -> list[str]:
    """The pieces that are out, each with its accessories."""
    return [
        f"{item.label}: {', '.join(item.accessories)}" if item.accessories else item.label
        for _, item in items.out(session, row.id)
    ]


def _liability() -> str:
    return gettext(
        "I have received what is listed here complete and in working order. I am liable from the "
        "hand-over, or with the courier from the dispatch, until it is taken back."
    )


def _row(session: Session, site: str, reference: str) -> Booking:
    row = session.scalar(
        sa.select(Booking).where(Booking.reference == reference, Booking.site_key == site, MADE)
    )
    return row or abort(404)
