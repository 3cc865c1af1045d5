"""Where the staff look after requests: which wait, how far each is, what was said."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from flask import Blueprint, abort, g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext
from sqlalchemy.orm import Session

from hub import permission
from hub.booking import (
    askers,
    case_letters,
    cases,
    dates,
    house,
    questions,
    requests,
    stages,
    wording,
)
from hub.booking.cases import CaseError, Wanted
from hub.booking.errors import BookingError
from hub.booking.intervals import Stretch
from hub.booking.letters import Sender
from hub.booking.progress import HOLDING
from hub.booking.workflow import ROUND, ROUND_LEAST, WORKFLOWS
from hub.records import Kind

pages = Blueprint("requests", __name__, template_folder="templates")

HANDLE = "request.handle"
TONES = {"requested": "warning", "confirmed": "success", "returned": "info"}
LONGEST_REASON = 500


@pages.get("/")
@permission(HANDLE)
def listing() -> str:
    """The requests that are open, or those that are over, as far as they are asked for."""
    given = request.args
    wanted = Wanted(
        kind=given.get("art", "")[:40],
        stage=given.get("stufe", "")[:40],
        assigned=given.get("wer", "")[:200],
        overdue="faellig" in given,
        over=given.get("stand") == "beendet",
    )
    with g.plugin.db.read() as session:
        calendar = house.calendar(session, g.site.key)
        today = calendar.day(datetime.now(UTC))
        found = cases.listing(session, g.site.key, g.plugin.name, wanted, today)
        who = askers.of(session, g.site.key, [one.booking for one in found])
        staff = cases.staff(session, g.site.key)
        flow = stages.flow(session, g.site.key, wanted.kind) if wanted.kind in WORKFLOWS else None
    kinds = requests.kinds(language())
    return render_template(
        "requests/list.html",
        centre=g.site.row,
        wanted=wanted,
        kinds=kinds,
        stages=[(one.code, one.label) for one in flow.stages] if flow else [],
        staff=staff,
        rows=[
            {
                "reference": one.booking.reference,
                "title": one.booking.title,
                "kind": dict(kinds)[one.booking.kind],
                "who": str(who[one.booking.id]),
                "stage": one.stage.label,
                "state": wording.state(one.booking.state),
                "assigned": dict(staff).get(one.assigned, ""),
                "due_on": one.due_on,
                "overdue": one.overdue,
            }
            for one in found
        ],
        most=cases.MOST,
        crumbs=crumbs(),
    )


@pages.get("/fall/<reference>")
@permission(HANDLE)
def show(reference: str) -> ResponseReturnValue:
    return _page(reference)


@pages.post("/fall/<reference>/stufe")
@permission(HANDLE)
def move(reference: str) -> ResponseReturnValue:
    """Brings the request to another stage, unless a colleague did in the meantime."""
    given = request.form

    def do(session: Session, row: Any) -> None:
        code, seen = given.get("stufe", ""), given.get("gesehen", "")
        cases.move(session, row, code, seen, form_key(), g.person.id, datetime.now(UTC))

    return _change(reference, do)


@pages.post("/fall/<reference>/betreuung")
@permission(HANDLE)
def look_after(reference: str) -> ResponseReturnValue:
    """Notes who looks after it, by when, and what this kind of request asks besides."""
    given = request.form
    due = dates.typed(given, "faellig")
    if not due.empty and due.value is None:
        told = gettext("Please enter a day, for example 12 5 2027.")
        return _page(reference, errors={"faellig": told}, status=400)

    def do(session: Session, row: Any) -> None:
        fields = cases.flow_of(session, row).fields
        cases.look_after(
            session,
            row,
            due_on=due.value,
            assigned=given.get("wer", ""),
            details={one.code: _line(given.get(f"feld_{one.code}", "")) for one in fields},
            competences=given.getlist("kompetenz"),
            now=datetime.now(UTC),
        )

    return _change(reference, do)


@pages.post("/fall/<reference>/termin")
@permission(HANDLE)
def agree(reference: str) -> ResponseReturnValue:
    """Notes the time that was agreed upon, in place of the one that was wished."""
    given = request.form
    day = dates.typed(given, "termin").value
    begin, end = dates.clock(given.get("von", "")), dates.clock(given.get("bis", ""))
    errors = {}
    if day is None:
        errors["termin"] = gettext("Please enter a day, for example 12 5 2027.")
    for name, value in (("von", begin), ("bis", end)):
        if value is None:
            errors[name] = gettext("Please enter a time of day, for example 14:30.")
    if day is None or begin is None or end is None:
        return _page(reference, errors=errors, status=400)

    def do(session: Session, row: Any) -> None:
        calendar = house.calendar(session, g.site.key)
        time = Stretch(calendar.at(day, begin), calendar.at(day, end))
        cases.agree(session, row, time, g.person.id, datetime.now(UTC))

    return _change(reference, do)


@pages.post("/fall/<reference>/notiz")
@permission(HANDLE)
def note(reference: str) -> ResponseReturnValue:
    """Keeps a note for the staff, or an answer that the person sees."""
    kind = cases.ANSWER if request.form.get("fuer") == "person" else cases.NOTE

    def do(session: Session, row: Any) -> None:
        text = request.form.get("text", "")
        moment = datetime.now(UTC)
        number = cases.say(session, row, kind, text, form_key(), g.person.id, moment)
        if number is not None and kind == cases.ANSWER:
            sender = Sender(g.plugin.site.hub, "", g.plugin.site.replies)
            case_letters.answered(session, sender, row, number)

    return _change(reference, do)


@pages.post("/fall/<reference>/ablehnen")
@permission(HANDLE)
def refuse(reference: str) -> ResponseReturnValue:
    reason = _line(request.form.get("grund", ""))[:LONGEST_REASON]
    if not reason:
        told = gettext("Please enter a reason; the person reads it.")
        return _page(reference, errors={"grund": told}, status=400)

    def do(session: Session, row: Any) -> None:
        cases.refuse(session, row, reason, g.person.id, datetime.now(UTC))

    return _change(reference, do)


def language() -> str:
    """The language of the page."""
    locale = get_locale()
    return locale.language if locale else "de"


def form_key() -> str:
    """Of the form that was sent: sent twice, it does its work once."""
    key = request.form.get("schluessel", "")[: cases.LONGEST_KEY]
    return key if key.isascii() and key.isalnum() else uuid.uuid4().hex


def crumbs(*more: dict[str, str]) -> list[dict[str, str]]:
    """The way here; the last step has no address."""
    here = {"label": g.site.row.name, "url": url_for("centres.profile", site=g.site.key)}
    listed = {"label": gettext("Requests"), "url": url_for(".listing") if more else ""}
    return [here, listed, *more]


def _change(reference: str, do: Callable[[Session, Any], None]) -> ResponseReturnValue:
    try:
        with g.plugin.db.write(queued=True) as session:
            do(session, _row(session, reference))
    except CaseError as error:
        return _page(reference, problem=cases.explain(error), status=409)
    except BookingError as error:
        with g.plugin.db.read() as session:
            zone = house.calendar(session, g.site.key).zone
        return _page(reference, problem=wording.explain(error, zone), status=409)
    return redirect(url_for(".show", reference=reference, fertig=1), 303)


def _page(
    reference: str,
    *,
    problem: str = "",
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    with g.plugin.db.read() as session:
        row = _row(session, reference)
        calendar = house.calendar(session, g.site.key)
        case, stage = cases.case_of(session, row), cases.standing(session, row)
        flow = cases.flow_of(session, row)
        asker = askers.of(session, g.site.key, [row])[row.id]
        staff = cases.staff(session, g.site.key)
        said = [
            *cases.events(session, row),
            *cases.history(session, row, {*cases.VISIBLE, cases.NOTE}),
        ]
        name = case.details.get(ROUND, "")
        schools = len(cases.of_round(session, g.site.key, name)) if name else 0
    names = dict(staff)
    due = dates.typed(request.form, "faellig")
    if due.empty and case.due_on is not None:
        due = dates.of(case.due_on)
    agreed = dates.typed(request.form, "termin")
    if agreed.empty:
        agreed = dates.of(calendar.day(row.starts_at))
    facts = [
        (gettext("Kind"), dict(requests.kinds(language()))[row.kind]),
        (gettext("For"), str(asker)),
        (gettext("E-mail address"), asker.email),
        (gettext("Phone"), asker.phone),
        (gettext("Time"), wording.time(row.starts_at, row.ends_at, calendar.zone)),
        *questions.shown(Kind(row.kind), row.answers),
        (gettext("Message"), row.note),
        (gettext("Reason"), row.reason),
        (gettext("Reference"), row.reference),
    ]
    page = render_template(
        "requests/case.html",
        centre=g.site.row,
        row=row,
        case=case,
        flow=flow,
        stage=stage,
        tone=TONES.get(row.state, "danger"),
        state=wording.state(row.state),
        facts=[(label, text) for label, text in facts if text],
        due=due,
        overdue=_overdue(case.due_on, calendar.day(datetime.now(UTC)), row.state),
        staff=[("", gettext("nobody yet")), *staff],
        grid=requests.competences(language()) if flow.competences else [],
        schools=schools,
        too_few=0 < schools < ROUND_LEAST,
        said=[(one, names.get(one.author, "")) for one in sorted(said, key=lambda one: one.at)],
        zone=calendar.zone,
        agreed=agreed,
        begin=request.form.get("von") or row.starts_at.astimezone(calendar.zone).strftime("%H:%M"),
        end=request.form.get("bis") or row.ends_at.astimezone(calendar.zone).strftime("%H:%M"),
        may_refuse=row.state in ("requested", "confirmed"),
        may_change=row.person_id is not None,
        text=request.form.get("text", "") if problem else "",
        problem=problem,
        errors=errors or {},
        done="fertig" in request.args,
        key=uuid.uuid4().hex,
        crumbs=crumbs({"label": row.title, "url": ""}),
    )
    return make_response(page, status)


def _overdue(due_on: date | None, today: date, state: str) -> bool:
    return due_on is not None and due_on < today and state in HOLDING


def _row(session: Session, reference: str) -> Any:
    row = cases.find(session, g.site.key, g.plugin.name, reference)
    if row is None:
        abort(404)
    return row


def _line(text: str) -> str:
    return "".join(c for c in text if c.isprintable()).strip()
