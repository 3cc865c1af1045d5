"""The second page of a booking: check the entries, say who and why, and book.

What was typed on the first page stands in hidden fields until the booking is sent.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog
from flask import Blueprint, abort, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from hub.booking import cart, contacts, house, keeping, making, questions, wording, workflow
from hub.booking.charges import charge
from hub.booking.errors import BookingError
from hub.booking.opening import Calendar
from hub.booking.rules import Rules
from hub.catalogue.offers import OfferView
from hub.errors import PluginError, Rejected
from hub.identity.actor import Actor
from hub.identity.permissions import can
from hub.institutions import borrowers
from hub.models import BookingContact, Institution, Person
from hub.records import BookingRequest, Offer
from hub.web import bookable, context, login, texts, wishes
from hub.web.wishes import Asked, Wish

pages = Blueprint("booking_check", __name__)

log = structlog.get_logger(__name__)

FULFILMENTS = ("pickup", "courier")
Errors = Sequence[tuple[str, str]]
"""Fields and what is wrong with them; no field for what is wrong with all of it."""


@dataclass(frozen=True, slots=True)
class Who:
    """What is known of who books."""

    institutions: Sequence[Institution]
    contact: BookingContact | None
    name: str
    email: str


@pages.post("/angebot/<int:offer_id>/buchen")
def book(offer_id: int) -> Response:
    """Books, once per form however often it is sent."""
    actor = login.demand("booking.create")
    view, site = bookable.find(offer_id)
    if actor.person_id is None or not can(actor, "booking.create", view.site):
        abort(404)
    wish, calendar = wishes.typed(request.form), bookable.calendar_of(view.site)
    asked, _ = wishes.read(view.kind, wish, calendar, bookable.fixed_time(view))
    if asked is None:
        return to_first(view, wish)
    wanted, found = read(view, asked, actor)
    if wanted is None:
        return show(view, wish, asked, actor, calendar, found, 422)
    key = f"form-{actor.person_id}-{text('schluessel', 64)}"
    try:
        reference = making.make(context.the_hub().db, site, wanted, key, context.now())
    except BookingError as error:
        told = wording.explain(error, calendar.zone)
        return show(view, wish, asked, actor, calendar, [("", told)], 409)
    except Rejected as rejected:
        return show(view, wish, asked, actor, calendar, [("", str(rejected))], 409)
    except PluginError as error:
        log.warning("booking.failed", offer=view.id, kind=type(error).__name__)
        told = gettext(
            "The booking could not be made, because the service behind it does not answer "
            "properly. Nothing was booked; please try again later."
        )
        return show(view, wish, asked, actor, calendar, [("", told)], 503)
    return redirect(url_for("my_bookings.show", reference=reference, neu=1), 303)


def to_first(view: OfferView, wish: Wish) -> Response:
    """Back to the first page, which says what is wrong with the time or the number."""
    return redirect(url_for("booking.choose", offer_id=view.id, **wish.parameters(), weiter=1), 303)


def read(view: OfferView, asked: Asked, actor: Actor) -> tuple[BookingRequest | None, Errors]:
    """What the form asks for, or what is wrong with it. The contact is kept for this centre."""
    answers, wrong = questions.read(view.kind, _given(), view.record.quantity)
    found = [(f"frage_{code}", told) for code, told in wrong.items()]
    contact, complaints = contacts.read(
        *(request.form.get(name, "") for name in ("name", "email", "telefon"))
    )
    found += list(complaints.items())
    institution = bookable.chosen_institution()
    if institution is not None and institution not in {
        one.id for one in person(actor, view.site).institutions
    }:
        abort(404)
    if found or contact is None or actor.person_id is None:
        return None, found
    with context.the_hub().db.write() as session:
        contacts.keep(session, actor.person_id, view.site, contact)
        named = session.get(Institution, institution) if institution else None
    who = actor.record()
    assert who is not None
    return (
        BookingRequest(
            offer=Offer(view.id, view.site, view.plugin, view.record),
            person=who,
            start=asked.time.start,
            end=asked.time.end,
            quantity=asked.quantity,
            note=text("nachricht", 2_000),
            institution=institution,
            institution_name=named.name if named else "",
            fulfilment=fulfilment(request.form.get("weg", "")),
            answers=answers,
            contact=contact,
            waiting=bookable.waits(),
        ),
        [],
    )


def plain(
    view: OfferView,
    asked: Asked,
    actor: Actor,
    note: str = "",
    answers: Mapping[str, str] | None = None,
) -> BookingRequest:
    """What is asked for where no form asked for more than time and number."""
    who = actor.record()
    assert who is not None
    with context.the_hub().db.read() as session:
        institution = bookable.first_institution(session, actor, view.site)
    return BookingRequest(
        offer=Offer(view.id, view.site, view.plugin, view.record),
        person=who,
        start=asked.time.start,
        end=asked.time.end,
        quantity=asked.quantity,
        note=note,
        answers=answers or {},
        institution=institution,
    )


def show(
    view: OfferView,
    wish: Wish,
    asked: Asked,
    actor: Actor,
    calendar: Calendar,
    errors: Errors,
    status: int = 200,
) -> Response:
    """The page itself."""
    who = person(actor, view.site)
    institution = bookable.chosen_institution()
    if institution is None and request.method == "GET" and who.institutions:
        institution = who.institutions[0].id
    with context.the_hub().db.read() as session:
        standing = house.standing(session, view.site, actor.person_id or 0, institution)
        said = house.rules(session, view.site, view.kind, standing.borrower)
        row = keeping.find(session, view.site, view.plugin, view.record.source_id)
    known = who.contact
    given = request.form if request.method == "POST" else {}
    page = render_template(
        "booking_check.html",
        view=view,
        wish=wish,
        errors=errors,
        error=dict(errors),
        facts=_facts(view, asked, said, calendar),
        said=said,
        waits=bookable.waits(),
        institutions=institution_options(who),
        institution=institution,
        questions=questions.of(view.kind),
        given=given,
        name=given.get("name", known.name if known else who.name),
        email=given.get("email", known.email if known else who.email),
        phone=given.get("telefon", known.phone if known else ""),
        key=given.get("schluessel") or uuid.uuid4().hex,
        back=url_for("booking.choose", offer_id=view.id, **wish.parameters()),
        verb=bookable.verb(view.kind),
        courier=said.courier and view.kind in house.BY_DAY,
        kept_elsewhere=row is None,
        asks=workflow.of(view.kind) is not None,
        fixed=bookable.fixed_time(view) is not None,
        into_cart=row is not None and cart.holds(row) and not bookable.waits(),
        crumbs=bookable.crumbs(view),
    )
    return make_response(page, status)


def person(actor: Actor, site: str) -> Who:
    """What a site knows of who is logged in."""
    assert actor.person_id is not None
    with context.the_hub().db.read() as session:
        row = session.get_one(Person, actor.person_id)
        return Who(
            borrowers.may_borrow_for(session, actor.person_id, site, context.today()),
            contacts.of(session, actor.person_id, site),
            row.name,
            row.email,
        )


def institution_options(who: Who) -> list[tuple[int | str, str]]:
    """In whose names somebody can book, for a select; nothing where there is no choice."""
    if not who.institutions:
        return []
    return [*((one.id, one.name) for one in who.institutions), ("", gettext("private"))]


def fulfilment(chosen: str) -> str:
    """How it changes hands, as far as a person can choose."""
    return chosen if chosen in FULFILMENTS else FULFILMENTS[0]


def text(name: str, longest: int) -> str:
    """A field of the form, cut to its length."""
    return request.form.get(name, "")[:longest].strip()


def _facts(view: OfferView, asked: Asked, said: Rules, calendar: Calendar) -> list[tuple[str, str]]:
    rows = [
        (gettext("What"), view.record.title),
        (gettext("Where"), view.site_name),
        (gettext("When"), wording.time(*asked.time, calendar.zone)),
    ]
    if view.kind in house.COUNTED:
        rows.append((gettext("Number"), texts.number(asked.quantity)))
    return rows + texts.charge(charge(said, view.record.cost))


def _given() -> dict[str, str]:
    return {
        name.removeprefix("frage_"): value
        for name, value in request.form.items()
        if name.startswith("frage_")
    }
