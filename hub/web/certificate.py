"""The certificate of having taken part in a course, for the person to print or to keep."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from flask import Blueprint, Response, abort, render_template, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session

from hub.booking import attendance, contacts, wording
from hub.booking.courses import TOPICS
from hub.formats import pdf
from hub.models import Bookable, Booking
from hub.records import Kind
from hub.web import context, login, texts
from hub.web.language import language
from hub.web.page import Crumb

pages = Blueprint("certificate", __name__, url_prefix="/meine-buchungen")


@dataclass(frozen=True, slots=True)
class Certificate:
    """What it says: the person's own name, and label and text of each fact of the course."""

    reference: str
    course: str
    name: str
    centre: str
    facts: list[tuple[str, str]]


@pages.get("/<reference>/bescheinigung")
def show(reference: str) -> str:
    """Only for whoever was there, which the staff ticked."""
    told = _certificate(reference)
    return render_template(
        "certificate.html",
        told=told,
        today=context.today(),
        crumbs=[
            Crumb(gettext("My bookings"), url_for("my_bookings.listing")),
            Crumb(told.course, url_for("my_bookings.show", reference=reference)),
            Crumb(gettext("Certificate of attendance")),
        ],
    )


@pages.get("/<reference>/bescheinigung.pdf")
def as_pdf(reference: str) -> Response:
    """The same as a file, to keep or to hand in."""
    told = _certificate(reference)
    title = gettext("Certificate of attendance")
    sheet = pdf.Sheet(f"{title}: {told.course}", language(), context.now())
    sheet.heading(title)
    sheet.text(gettext("%(name)s took part in this course:", name=told.name))
    sheet.heading(told.course, 14)
    sheet.facts(told.facts)
    sheet.text(f"{told.centre}, {texts.day(context.today())}")
    sheet.signature(gettext("Stamp and signature of the centre"))
    response = Response(sheet.content(), content_type=pdf.TYPE)
    name = f"teilnahmebescheinigung-{told.reference}.pdf"
    response.headers["Content-Disposition"] = f"inline; filename={name}"
    return response


def _certificate(reference: str) -> Certificate:
    who = login.demand("booking.read")
    with context.the_hub().db.read() as session:
        row = session.scalar(
            sa.select(Booking).where(
                Booking.reference == reference, Booking.person_id == (who.person_id or 0)
            )
        )
        if row is None or (row.kind, row.state) != (Kind.TRAINING, attendance.CAME):
            abort(404)
        contact = contacts.of(session, who.person_id or 0, row.site_key)
        centre = context.sites()[row.site_key].name
        return Certificate(
            reference=row.reference,
            course=row.title,
            name=contact.name if contact else who.name,
            centre=centre,
            facts=_facts(session, row, centre),
        )


def _facts(session: Session, row: Booking, centre: str) -> list[tuple[str, str]]:
    course = session.get(Bookable, row.bookable_id) if row.bookable_id else None
    told = course.details if course else {}
    minutes = int((row.ends_at - row.starts_at).total_seconds()) // 60
    zone = context.zone_of(row.site_key)
    hours = f"{minutes // 60}:{minutes % 60:02}"
    _, topic = TOPICS.get(told.get("topic", ""), ("", ""))
    facts = [
        (gettext("When"), wording.time(row.starts_at, row.ends_at, zone)),
        (gettext("Extent"), gettext("%(hours)s hours", hours=hours)),
        (gettext("Topic"), str(topic)),
        (gettext("Place"), told.get("place", "")),
        (gettext("Held by"), centre),
        (gettext("Reference"), row.reference),
    ]
    return [(label, text) for label, text in facts if text]
