"""“Meine Buchungen”: what a person has booked, and what can still be done about it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask import Blueprint, abort, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from hub.booking import (
    cart,
    case_letters,
    cases,
    charges,
    elsewhere,
    feed,
    heads,
    house,
    invitation,
    items,
    ledger,
    making,
    moving,
    moving_elsewhere,
    progress,
    questions,
    rules,
    waiting,
    wording,
    workflow,
)
from hub.booking.cases import CaseError
from hub.booking.elsewhere import NotCancelled
from hub.booking.errors import AgainstRules, BookingError, NotNow, Refusal
from hub.booking.intervals import Stretch
from hub.booking.progress import MADE, OPEN
from hub.booking.states import AWAITED
from hub.models import Booking, BookingEvent, Institution
from hub.records import Kind
from hub.web import context, login, texts
from hub.web.page import Crumb

pages = Blueprint("my_bookings", __name__, url_prefix="/meine-buchungen")

PAST = 50
"""Bookings that are over, in the list."""


@dataclass(frozen=True, slots=True)
class Talk:
    """How far a request is, and what was said about it: moment, by whom, text, how by mail."""

    stage: str
    said: Sequence[tuple[str, str, str, cases.ByMail | None]]


@dataclass(frozen=True, slots=True)
class Line:
    """A booking in a list."""

    reference: str
    title: str
    kind: str
    centre: str
    time: str
    state: str
    tone: str
    quantity: int


TONES = {
    "waiting": "info",
    "offered": "warning",
    "requested": "warning",
    "confirmed": "success",
    "handed_out": "info",
    "returned": "info",
    "refused": "danger",
    "cancelled": "danger",
    "expired": "danger",
    "no_show": "danger",
}


@pages.get("")
def listing() -> str:
    """What is coming and what is at home, then what is over."""
    who = login.demand("booking.read")
    if who.person_id is None:
        abort(404)
    return overview(who.person_id)


def overview(person_id: int, address: str = "") -> str:
    """The page of the list; `address` is that of the calendar, when it was just made."""
    with context.the_hub().db.read() as session:
        mine = sa.select(Booking).where(Booking.person_id == person_id, MADE)
        open_rows = session.scalars(
            mine.where(Booking.state.in_(OPEN)).order_by(Booking.starts_at, Booking.id)
        ).all()
        past = session.scalars(
            mine.where(Booking.state.not_in(OPEN))
            .order_by(Booking.starts_at.desc(), Booking.id.desc())
            .limit(PAST)
        ).all()
        since = feed.since(session, person_id)
    return render_template(
        "my_bookings.html",
        coming=[line(row) for row in open_rows],
        past=[line(row) for row in past],
        address=address,
        since=since,
        crumbs=[Crumb(gettext("My bookings"))],
    )


@pages.get("/<reference>")
def show(reference: str) -> ResponseReturnValue:
    return _page(reference)


@pages.post("/<reference>/stornieren")
def cancel(reference: str) -> ResponseReturnValue:
    """Gives the booking up; pressed twice it is given up once."""
    who = login.demand("booking.cancel")
    with context.the_hub().db.read() as session:
        row = mine(session, reference)
    hub = context.the_hub()
    try:
        making.cancel(hub.db, hub.sites.site(row.site_key), row.id, who.key, context.now())
    except NotCancelled as error:
        return _page(reference, wording.explain(error, context.zone_of(row.site_key)), 503)
    except BookingError as error:
        return refuse(reference, error, context.zone_of(row.site_key))
    return redirect(url_for("my_bookings.show", reference=reference), 303)


@pages.post("/<reference>/annehmen")
def accept(reference: str) -> ResponseReturnValue:
    """Takes what was offered to who waited; pressed twice it is taken once."""

    def do(session: Session, row: Booking, actor: str) -> None:
        if row.state in ("requested", "confirmed"):
            return
        if row.state != "offered":
            raise NotNow(row.state)
        said = house.rules(session, row.site_key, row.kind, row.borrower)
        state = "requested" if row.head == AWAITED else said.first_state
        progress.advance(session, row, state, actor, context.now())

    return change(reference, do)


@pages.post("/<reference>/zuruecknehmen")
def undo(reference: str) -> ResponseReturnValue:
    """Takes a cancellation back, where the thing is still free and the time still to come."""

    def do(session: Session, row: Booking, actor: str) -> None:
        if not _may_undo(session, row, actor):
            raise NotNow(row.state)
        progress.undo(session, row, actor, context.now())

    return change(reference, do)


@pages.post("/<reference>/verlaengern")
def extend(reference: str) -> ResponseReturnValue:
    """Makes a loan longer by what the rules give, if nobody else has it then."""

    def do(session: Session, row: Booking, actor: str) -> None:
        longer = _extension(session, row)
        if isinstance(longer, AgainstRules):
            raise longer
        progress.move(
            session,
            row,
            Stretch(row.starts_at, longer.end),
            row.quantity,
            actor,
            context.now(),
            event="extended",
        )

    return change(reference, do)


@pages.post("/<reference>/nachricht")
def write(reference: str) -> ResponseReturnValue:
    """Sends the centre a message about a request, once per form however often it is sent."""
    key = "".join(c for c in request.form.get("schluessel", "") if c.isalnum())

    def do(session: Session, row: Booking, actor: str) -> None:
        if workflow.of(row.kind) is None:
            abort(404)
        text, moment = request.form.get("text", ""), context.now()
        once = key or uuid.uuid4().hex
        number = cases.say(session, row, cases.MESSAGE, text, once, actor, moment)
        if number is not None:
            case_letters.asked(session, context.letter_sender(), row, number)

    return change(reference, do)


@pages.get("/<reference>/termin.ics")
def as_calendar(reference: str) -> ResponseReturnValue:
    """The booking for the person's own calendar."""
    with context.the_hub().db.read() as session:
        row = mine(session, reference)
        zone = house.calendar(session, row.site_key).zone
        centre = context.sites()[row.site_key].name
        address = context.public_address("my_bookings.show", reference=row.reference)
        described = gettext("Reference: %(reference)s", reference=row.reference)
        entry = invitation.event(row, centre, zone, address, described)
        document = invitation.calendar([entry])
    response = make_response(document)
    response.headers["Content-Type"] = "text/calendar; charset=utf-8"
    response.headers["Content-Disposition"] = f'attachment; filename="buchung-{row.reference}.ics"'
    return response


def line(row: Booking) -> Line:
    """A booking as lists show it."""
    sites = context.sites()
    site = sites.get(row.site_key)
    zone = context.zone_of(row.site_key)
    return Line(
        reference=row.reference,
        title=row.title,
        kind=str(texts.KIND[Kind(row.kind)]),
        centre=site.name if site else row.site_key,
        time=wording.time(row.starts_at, row.ends_at, zone),
        state=gettext("being confirmed") if elsewhere.waits(row) else wording.state(row.state),
        tone=TONES[row.state],
        quantity=row.quantity,
    )


def facts(session: Session, row: Booking) -> list[tuple[str, str]]:
    """The summary list of a booking, for whoever may see it."""
    site = context.sites().get(row.site_key)
    institution = session.get(Institution, row.institution_id) if row.institution_id else None
    charge = charges.of_booking(session, row)
    listed = [
        (gettext("What"), row.title),
        (gettext("Where"), site.name if site else row.site_key),
        (
            gettext("When"),
            wording.time(row.starts_at, row.ends_at, context.zone_of(row.site_key)),
        ),
        (gettext("Number"), texts.number(row.quantity) if row.kind in house.COUNTED else ""),
        (gettext("For"), institution.name if institution else gettext("private")),
        (gettext("Way"), FULFILMENT[row.fulfilment]() if row.kind in house.BY_DAY else ""),
        *questions.shown(Kind(row.kind), row.answers),
        *(texts.charge(charge) if charge.cost else ()),
        (gettext("Head of the institution"), heads.told(row)),
        (gettext("Message"), row.note),
        (gettext("Reference"), row.reference),
    ]
    return [(label, text) for label, text in listed if text]


def history(session: Session, row: Booking) -> list[tuple[str, str]]:
    """What became of a booking: moment and what happened, the oldest first."""
    zone = context.zone_of(row.site_key)
    rows = session.scalars(
        sa.select(BookingEvent).where(BookingEvent.booking_id == row.id).order_by(BookingEvent.id)
    ).all()
    return [
        (texts.moment(one.at, zone), wording.happened(one.event, one.note))
        for one in rows
        if one.announced_at != one.at  # the state to which an undone step led back
    ]


FULFILMENT: dict[str, Callable[[], str]] = {
    "pickup": lambda: gettext("picked up at the centre"),
    "courier": lambda: gettext("by the courier (Medientransport)"),
    "letter_box": lambda: gettext("back by the letter box"),
}


def mine(session: Session, reference: str) -> Booking:
    """The person's own booking; any other is not found."""
    who = login.demand("booking.read")
    row = session.scalar(
        sa.select(Booking).where(
            Booking.reference == reference, Booking.person_id == (who.person_id or 0), MADE
        )
    )
    if row is None:
        abort(404)
    return row


def change(reference: str, do: Callable[[Session, Booking, str], None]) -> ResponseReturnValue:
    """Do something to the person's own booking, and show what came of it."""
    who = login.demand("booking.cancel")
    zone = context.NETWORK_TIME
    try:
        with context.the_hub().db.write(queued=True) as session:
            row = mine(session, reference)
            zone = house.calendar(session, row.site_key).zone
            do(session, row, who.key)
    except CaseError as error:
        return _page(reference, cases.explain(error), 409)
    except BookingError as error:
        return refuse(reference, error, zone)
    return redirect(url_for("my_bookings.show", reference=reference), 303)


def _wanted(session: Session, row: Booking) -> str:
    """The time and number that the system that keeps it has not agreed to yet."""
    found = moving_elsewhere.wanted_time(session, row)
    if found is None:
        return ""
    stretch, number = found
    told = wording.time(*stretch, context.zone_of(row.site_key))
    return f"{told}, {gettext('Number')}: {texts.number(number)}" if number > 1 else told


def refuse(
    reference: str, error: BookingError, zone: ZoneInfo = context.NETWORK_TIME
) -> ResponseReturnValue:
    """The page of the booking, with the reason why it is still as it was."""
    return _page(reference, wording.explain(error, zone), 409)


def _page(reference: str, problem: str = "", status: int = 200) -> ResponseReturnValue:
    with context.the_hub().db.read() as session:
        row = mine(session, reference)
        until = waiting.deadline(session, row.id) if row.state == "offered" else None
        longer = _extension(session, row)
        here = row.bookable_id is not None
        site = context.the_hub().sites.site(row.site_key)
        movable = making.may_move(site, row, context.now())
        place = waiting.place(session, row) if row.state == "waiting" and here else None
        extension = None
        if not isinstance(longer, AgainstRules):
            extension = wording.day(longer.end, context.zone_of(row.site_key))
        values: dict[str, Any] = {
            "row": row,
            "line": line(row),
            "facts": facts(session, row),
            "history": history(session, row),
            "waits": elsewhere.waits(row),
            "unheld": not here and heads.is_awaited(row),
            "may_undo": _may_undo(session, row, login.actor().key),
            "may_move": movable,
            "may_move_back": movable
            and moving.last_move(session, row, login.actor().key) is not None,
            "wanted": _wanted(session, row),
            "contact": context.sites()[row.site_key].contact,
            "talk": _talk(session, row),
            "ranked": place is not None
            and len(set(house.ranks(session, row.site_key, row.kind).values())) > 1,
            "together": cart.together(session, row),
        }
    return make_response(
        render_template(
            "my_booking.html",
            **values,
            extension=extension,
            offered_until=until,
            place=place,
            zone=context.zone_of(row.site_key),
            may_cancel="cancelled" in progress.NEXT.get(row.state, ()),
            new="neu" in request.args,
            moved="verschoben" in request.args,
            problem=problem,
            key=uuid.uuid4().hex,
            text=request.form.get("text", "") if problem else "",
            crumbs=[
                Crumb(gettext("My bookings"), url_for("my_bookings.listing")),
                Crumb(row.title),
            ],
        ),
        status,
    )


def _talk(session: Session, row: Booking) -> Talk | None:
    """What the person sees of the staff's work on a request; None for what is lent or booked."""
    if workflow.of(row.kind) is None:
        return None
    zone = context.zone_of(row.site_key)
    by = {
        cases.STAGE: gettext("Stage"),
        cases.ANSWER: gettext("The centre"),
        cases.MESSAGE: gettext("You"),
    }
    said = cases.history(session, row, cases.VISIBLE)
    return Talk(
        str(cases.standing(session, row).label),
        [
            (
                texts.moment(one.at, zone),
                by[one.kind],
                one.text,
                # From which address a colleague writes, and what else is in that mail, is theirs.
                one.mail if one.kind == cases.MESSAGE else None,
            )
            for one in said
        ],
    )


def _extension(session: Session, row: Booking) -> Stretch | AgainstRules:
    """Until when it could be extended, or why not."""
    if row.kind not in house.BY_DAY or row.state not in ("confirmed", "handed_out"):
        return AgainstRules(())
    if items.partly_back(session, row.id):  # the rest is a matter for the desk
        return AgainstRules([Refusal("extensions", 0)])
    said = house.rules(session, row.site_key, row.kind, row.borrower)
    calendar = house.calendar(session, row.site_key)
    longer, refusals = rules.check_extension(said, calendar, row.ends_at, row.extensions)
    if longer is not None and waiting.anybody(session, row, longer.end):
        return AgainstRules([Refusal("waiting")])
    if longer is None:
        return AgainstRules(refusals)
    if row.bookable_id is not None:
        free = ledger.free(session, [row.bookable_id], longer, context.now(), own=row.id).get(
            row.bookable_id
        )
        if free is not None and free < row.quantity:
            return AgainstRules([Refusal("waiting")])
    return longer


def _may_undo(session: Session, row: Booking, actor: str) -> bool:
    """Only one's own cancellation, and only of what is still to come."""
    if row.state != "cancelled" or row.starts_at <= context.now() or row.bookable_id is None:
        return False
    last = session.execute(
        sa.select(BookingEvent.event, BookingEvent.actor)
        .where(BookingEvent.booking_id == row.id)
        .order_by(BookingEvent.id.desc())
        .limit(1)
    ).one_or_none()
    return last is not None and tuple(last) == ("cancelled", actor)
