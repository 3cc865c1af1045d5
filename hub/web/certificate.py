"""The certificate of having taken part in a course, for the person to print."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Blueprint, abort, render_template, url_for
from flask_babel import gettext

from hub.booking import attendance, contacts, wording
from hub.models import Bookable, Booking
from hub.records import Kind
from hub.web import context, login
from hub.web.page import Crumb

pages = Blueprint("certificate", __name__, url_prefix="/meine-buchungen")


@pages.get("/<reference>/bescheinigung")
def show(reference: str) -> str:
    """Only for whoever was there, which the staff ticked."""
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
        course = session.get(Bookable, row.bookable_id) if row.bookable_id else None
        minutes = int((row.ends_at - row.starts_at).total_seconds()) // 60
        zone = context.zone_of(row.site_key)
        return render_template(
            "certificate.html",
            centre=context.sites()[row.site_key],
            row=row,
            name=contact.name if contact else who.name,
            time=wording.time(row.starts_at, row.ends_at, zone),
            hours=f"{minutes // 60}:{minutes % 60:02}",
            place=course.details.get("place", "") if course else "",
            today=context.today(),
            crumbs=[
                Crumb(gettext("My bookings"), url_for("my_bookings.listing")),
                Crumb(row.title, url_for("my_bookings.show", reference=reference)),
                Crumb(gettext("Certificate of attendance")),
            ],
        )
