"""The pages on which staff plan courses, change them, copy them and call them off."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from flask import (
    Blueprint,
    Response,
    abort,
    g,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext

import hub
from hub.booking import attendance, course_form, courses, house, wording
from hub.booking.course_form import Filled
from hub.booking.courses import AUDIENCES, TOPICS, Course
from hub.booking.errors import BookingError
from hub.booking.opening import Calendar
from hub.formats import sheets

pages = Blueprint("trainings", __name__, template_folder="templates")

MANAGE = hub.permission("training.manage")
LONGEST_REASON = 500
REPEATS = (
    ("", lazy_gettext("once")),
    ("week", lazy_gettext("every week")),
    ("fortnight", lazy_gettext("every two weeks")),
    ("month", lazy_gettext("every month, on the same weekday")),
)


@dataclass(frozen=True, slots=True)
class Crumb:
    """A step of the way to the page."""

    label: str
    url: str = ""


@pages.get("/")
@MANAGE
def listing() -> str:
    with g.plugin.db.read() as session:
        zone = house.calendar(session, g.site.key).zone
        coming, past = courses.listing(session, g.site.key, g.plugin.name, datetime.now(UTC))
    return render_template(
        "trainings/listing.html",
        centre=g.site.row,
        coming=[(one, wording.time(*one.time, zone), _taken(one)) for one in coming],
        past=[(one, wording.time(*one.time, zone), _taken(one)) for one in past],
        topics=_topics(),
        crumbs=_crumbs(),
    )


@pages.get("/neu")
@MANAGE
def new() -> ResponseReturnValue:
    """An empty form, or with what another course (`vorlage`) says."""
    typed = Filled()
    template = request.args.get("vorlage", type=int)
    if template is not None:
        one, calendar = _course(template)
        typed = course_form.of(one, calendar, dated=False)
    return _form(None, typed, [])


@pages.post("/neu")
@MANAGE
def add() -> ResponseReturnValue:
    """Plans a course or a series, once per form however often it is sent."""
    typed = _typed()
    with g.plugin.db.read() as session:
        calendar = house.calendar(session, g.site.key)
    plan, times, wrong = course_form.read(typed, calendar, datetime.now(UTC))
    if plan is None:
        return _form(None, typed, wrong)
    key = "".join(filter(str.isalnum, request.form.get("schluessel", "")))[:32] or _key()
    with g.plugin.db.write(queued=True) as session:
        made = courses.add(session, g.site.key, g.plugin.name, plan, times, key)
    if len(made) == 1:
        return redirect(url_for(".show", number=made[0], fertig="neu"), 303)
    return redirect(url_for(".listing", neu=len(made) or None), 303)


@pages.get("/<int:number>")
@MANAGE
def show(number: int) -> str:
    one, calendar = _course(number)
    return render_template(
        "trainings/course.html",
        centre=g.site.row,
        course=one,
        facts=_facts(one, calendar),
        past=one.time.end <= datetime.now(UTC),
        done=request.args.get("fertig", ""),
        crumbs=_crumbs(one),
    )


@pages.get("/<int:number>/bearbeiten")
@MANAGE
def edit(number: int) -> ResponseReturnValue:
    one, calendar = _course(number)
    return _form(one, course_form.of(one, calendar), [])


@pages.post("/<int:number>/bearbeiten")
@MANAGE
def change(number: int) -> ResponseReturnValue:
    one, calendar = _course(number)
    typed, now = _typed(), datetime.now(UTC)
    plan, times, wrong = course_form.read(typed, calendar, now, known=one.time)
    if plan is None:
        return _form(one, typed, wrong)
    try:
        with g.plugin.db.write(queued=True) as session:
            row = courses.find(session, g.site.key, g.plugin.name, number)
            if row is None or row.retired_at is not None:
                abort(404)
            courses.change(session, row, plan, times[0], g.person.id, now)
    except BookingError as error:
        return _form(one, typed, [("tag", wording.explain(error, calendar.zone))])
    return redirect(url_for(".show", number=number, fertig="geaendert"), 303)


@pages.get("/<int:number>/absagen")
@MANAGE
def ask_cancel(number: int) -> str:
    """Says what will happen before it does."""
    one, calendar = _course(number)
    if one.cancelled:
        abort(404)
    return render_template(
        "trainings/cancel.html",
        centre=g.site.row,
        course=one,
        facts=_facts(one, calendar),
        longest=LONGEST_REASON,
        crumbs=_crumbs(one, gettext("Call off")),
    )


@pages.post("/<int:number>/absagen")
@MANAGE
def cancel(number: int) -> ResponseReturnValue:
    """Calls the course off; pressed twice it is called off once."""
    reason = request.form.get("grund", "")[:LONGEST_REASON].strip()
    with g.plugin.db.write(queued=True) as session:
        row = courses.find(session, g.site.key, g.plugin.name, number)
        if row is None:
            abort(404)
        told = reason or gettext("The course does not take place.")
        courses.cancel(session, row, told, g.person.id, datetime.now(UTC))
    return redirect(url_for(".show", number=number, fertig="abgesagt"), 303)


@pages.get("/<int:number>/teilnahme")
@MANAGE
def attendance_list(number: int) -> ResponseReturnValue:
    """The list to print, and to tick once the course has begun."""
    return _attendance(number)


@pages.post("/<int:number>/teilnahme")
@MANAGE
def tick(number: int) -> ResponseReturnValue:
    """Notes who came; all others did not."""
    _, calendar = _course(number)
    try:
        with g.plugin.db.write(queued=True) as session:
            row = courses.find(session, g.site.key, g.plugin.name, number)
            came = set(request.form.getlist("da"))
            attendance.tick(session, row, came, g.person.id, datetime.now(UTC))
    except BookingError as error:
        return _attendance(number, wording.explain(error, calendar.zone))
    return redirect(url_for(".attendance_list", number=number, fertig=1), 303)


@pages.get("/<int:number>/teilnahme.csv")
@MANAGE
def participants(number: int) -> Response:
    """The list as a table."""
    seats = _seats(number)
    header = [
        gettext("Name"), gettext("Institution"), gettext("E-mail address"), gettext("Seats"),
        gettext("Attendance"), gettext("Reference"),
    ]  # fmt: skip
    told = {None: "", True: gettext("came"), False: gettext("did not come")}
    lines = [
        (one.name, one.institution, one.email, one.quantity, told[one.came], one.reference)
        for one in seats
    ]
    response = Response(
        sheets.write("csv", "teilnahme", header, lines), content_type=sheets.TYPES["csv"]
    )
    response.headers["Content-Disposition"] = f"attachment; filename=teilnahme-{number}.csv"
    return response


def _attendance(number: int, problem: str = "") -> ResponseReturnValue:
    one, calendar = _course(number)
    seats = _seats(number)
    page = render_template(
        "trainings/attendance.html",
        centre=g.site.row,
        course=one,
        time=wording.time(*one.time, calendar.zone),
        seats=seats,
        begun=one.time.start <= datetime.now(UTC),
        problem=problem,
        saved="fertig" in request.args,
        crumbs=_crumbs(one, gettext("List of participants")),
    )
    return make_response(page, 409 if problem else 200)


def _seats(number: int) -> list[attendance.Seat]:
    with g.plugin.db.read() as session:
        row = courses.find(session, g.site.key, g.plugin.name, number)
        return attendance.seats(session, row) if row is not None else abort(404)


def _course(number: int) -> tuple[Course, Calendar]:
    with g.plugin.db.read() as session:
        row = courses.find(session, g.site.key, g.plugin.name, number)
        if row is None:
            abort(404)
        return courses.course(session, row), house.calendar(session, g.site.key)


def _typed() -> Filled:
    return course_form.filled(request.form, request.form.getlist("zielgruppe"))


def _form(
    one: Course | None, typed: Filled, errors: Sequence[tuple[str, str]]
) -> ResponseReturnValue:
    page = render_template(
        "trainings/form.html",
        centre=g.site.row,
        course=one,
        typed=typed,
        errors=errors,
        error=dict(reversed(errors)),
        topics=[("", "–"), *_topics().items()],
        audiences=[(code, course_form.audience(code)) for code in AUDIENCES],
        repeats=REPEATS,
        most=courses.LONGEST_SERIES,
        key=request.form.get("schluessel") or _key(),
        crumbs=_crumbs(one, gettext("Edit") if one else gettext("New course")),
    )
    return make_response(page, 422 if errors else 200)


def _facts(one: Course, calendar: Calendar) -> list[tuple[str, str]]:
    plan = one.plan
    rows = [
        (gettext("When"), wording.time(*one.time, calendar.zone)),
        (gettext("Where"), plan.place),
        (
            gettext("Seats"),
            gettext("%(taken)s of %(seats)s taken", taken=one.booked, seats=plan.seats),
        ),
        (gettext("Minimum"), str(plan.minimum or "")),
        (gettext("Topic"), _topics().get(plan.topic, "")),
        (gettext("For"), ", ".join(course_form.audience(code) for code in plan.audiences)),
        (gettext("Cost"), plan.cost or gettext("free of charge")),
        (gettext("Series"), plan.series),
    ]
    return [(name, text) for name, text in rows if text]


def _taken(one: Course) -> str:
    told = gettext("%(taken)s of %(seats)s taken", taken=one.booked, seats=one.plan.seats)
    if one.waiting:
        told += ", " + gettext("%(number)s waiting", number=one.waiting)
    return told


def _topics() -> dict[str, str]:
    return {code: str(words) for code, (_, words) in TOPICS.items()}


def _crumbs(one: Course | None = None, last: str = "") -> list[Crumb]:
    way = [
        Crumb(g.site.row.name, url_for("centres.profile", site=g.site.key)),
        Crumb(gettext("Courses"), url_for(".listing") if one or last else ""),
    ]
    if one is not None:
        way.append(Crumb(one.plan.title, url_for(".show", number=one.id) if last else ""))
    return [*way, Crumb(last)] if last else way


def _key() -> str:
    return uuid.uuid4().hex
