"""Requests in the hands of the staff: found, looked after, brought on, talked about.

All functions work in the transaction they are given; a change must not commit when it raises.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from flask_babel import gettext
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from hub.booking import progress, stages, typed, wording, workflow
from hub.booking.errors import BookingError, NotNow
from hub.booking.intervals import Stretch
from hub.booking.progress import HOLDING
from hub.booking.workflow import Stage, Workflow
from hub.identity import people
from hub.identity.permissions import RULES
from hub.models import Booking, BookingEvent, Case, CaseNote, Person, Site
from hub.records import Kind

MOST = 300
"""Cases in a list."""
LONGEST_TEXT = 2_000
LONGEST_KEY = 40
PER_DAY, PER_CASE = 20, 200
"""Messages of a person about one request in 24 hours, and notes of all kinds altogether."""
STAGE, NOTE, ANSWER, MESSAGE = "stage", "note", "answer", "message"
EVENT = "event"
VISIBLE = frozenset({STAGE, ANSWER, MESSAGE})
"""What the person sees too."""


class CaseError(BookingError):
    """`reason` is `changed`, `needs`, `round`, `empty` or `limit`; `names` are the fields that
    lack, for people."""

    def __init__(self, reason: str, names: Sequence[str] = ()) -> None:
        super().__init__(reason)
        self.reason = reason
        self.names = tuple(names)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list shows; empty is all."""

    kind: str = ""
    stage: str = ""
    assigned: str = ""
    overdue: bool = False
    over: bool = False
    """Those that have ended, instead of the open ones."""


@dataclass(frozen=True, slots=True)
class Line:
    """A request in a list."""

    booking: Booking
    stage: Stage
    due_on: date | None
    assigned: str
    overdue: bool


@dataclass(frozen=True, slots=True)
class ByMail:
    """How something was said by mail."""

    sender: str
    """The address that the mail names as its own; nobody has checked it."""
    rest: str
    """What it quotes, and what was too long."""
    files: Sequence[str]
    """Names of what was attached, which is not kept."""
    known: bool = True
    """Whether it came from the address that had been written to."""


@dataclass(frozen=True, slots=True)
class Said:
    """One entry of the history."""

    at: datetime
    kind: str
    author: str
    text: str
    mail: ByMail | None = None


def listing(session: Session, site: str, plugin: str, wanted: Wanted, today: date) -> list[Line]:
    """The requests of a site, what is due first before what nobody has given a day."""
    query = (
        sa.select(Booking, Case)
        .outerjoin(Case, sa.and_(Case.booking_id == Booking.id, Case.site_key == site))
        .where(Booking.site_key == site, Booking.plugin == plugin)
    )
    open_ones = Booking.state.in_(HOLDING)
    query = query.where(sa.not_(open_ones) if wanted.over else open_ones)
    if wanted.kind:
        query = query.where(Booking.kind == wanted.kind)
    if wanted.assigned:
        query = query.where(Case.assigned == wanted.assigned)
    if wanted.overdue:
        query = query.where(Case.due_on < today)
    if wanted.over:
        query = query.order_by(Booking.changed_at.desc(), Booking.id.desc())
    else:
        query = query.order_by(Case.due_on.is_(None), Case.due_on, Booking.created_at, Booking.id)
    found = []
    flows = {kind: stages.flow(session, site, kind) for kind in workflow.WORKFLOWS}
    for booking, case in session.execute(query):
        flow = flows.get(Kind(booking.kind))
        if flow is None:
            continue
        stage = flow.standing(case.stage if case else "", booking.state)
        if wanted.stage in ("", stage.code):
            found.append(_line(booking, case, stage, today))
        if len(found) == MOST:
            break
    return found


def find(session: Session, site: str, plugin: str, reference: str) -> Booking | None:
    """The request with this reference at a site."""
    return session.scalar(
        sa.select(Booking).where(
            Booking.reference == reference, Booking.site_key == site, Booking.plugin == plugin
        )
    )


def case_of(session: Session, booking: Booking) -> Case:
    """How far a request is; what nobody has touched is at the first stage, and not stored yet."""
    found = session.get(Case, booking.id)
    flow = flow_of(session, booking)
    if found is not None:
        return found
    return Case(
        booking_id=booking.id,
        site_key=booking.site_key,
        stage=flow.standing("", booking.state).code,
        assigned="",
        details={},
        competences=[],
    )


def flow_of(session: Session, booking: Booking) -> Workflow:
    """The workflow of a request at its site; raises `LookupError` for what is none."""
    flow = stages.flow(session, booking.site_key, booking.kind)
    if flow is None:
        raise LookupError(booking.kind)
    return flow


def standing(session: Session, booking: Booking) -> Stage:
    """The stage at which a request is."""
    return flow_of(session, booking).standing(case_of(session, booking).stage, booking.state)


def move(
    session: Session, booking: Booking, code: str, seen: str, key: str, actor: str, now: datetime
) -> None:
    """Bring a request to another stage, and its booking to the state that this means.

    `seen` is the stage that was shown to whoever decides. Raises `CaseError`, or `NotNow` where the
    booking cannot come to that state.
    """
    stages.hold(session, booking.site_key)
    flow = flow_of(session, booking)
    stage = flow.stage(code)
    if stage is None:
        raise CaseError("changed")
    case = _own(session, booking, now)
    at = flow.standing(case.stage, booking.state)
    if at.code == stage.code:
        return
    if at.code != seen:
        raise CaseError("changed")
    lacking = [
        str(one.label)
        for one in flow.fields
        if one.code in stage.needs and not case.details.get(one.code)
    ]
    if lacking:
        raise CaseError("needs", lacking)
    _bring(session, booking, stage.state, actor, now)
    case.stage, case.changed_at = stage.code, now
    _say(session, booking, STAGE, stage.code, key, actor, now)


def look_after(
    session: Session,
    booking: Booking,
    *,
    due_on: date | None,
    assigned: str,
    details: Mapping[str, str],
    competences: Collection[str],
    now: datetime,
) -> None:
    """Note who looks after a request, by when, and what its workflow asks besides. Raises
    `CaseError` where the round of Medienscouts has its schools."""
    flow = flow_of(session, booking)
    case = _own(session, booking, now)
    known = {one.code: one for one in flow.fields}
    kept = {
        code: text[: workflow.LONGEST]
        for code, text in details.items()
        if text and code in known and (not known[code].options or text in dict(known[code].options))
    }
    name = kept.get(workflow.ROUND, "")
    if name and name != case.details.get(workflow.ROUND):
        # Two who add the tenth school at the same time wait for each other.
        session.execute(
            sa.select(Site.key).where(Site.key == booking.site_key).with_for_update()
        ).all()
        if len(of_round(session, booking.site_key, name) - {booking.id}) >= workflow.ROUND_MOST:
            raise CaseError("round")
    colleagues = dict(staff(session, booking.site_key))
    case.due_on = due_on
    case.assigned = assigned if assigned in colleagues else ""
    case.details = kept
    case.competences = [
        one for one in workflow.COMPETENCES if flow.competences and one in competences
    ]
    case.changed_at = now


def refuse(session: Session, booking: Booking, reason: str, actor: str, now: datetime) -> None:
    """Say no, with the reason for the person; a second click changes nothing."""
    flow_of(session, booking)
    if booking.state != "refused":
        progress.advance(session, booking, "refused", actor, now, reason=reason)


def say(
    session: Session,
    booking: Booking,
    kind: str,
    text: str,
    key: str,
    actor: str,
    now: datetime,
    mail: ByMail | None = None,
) -> int | None:
    """Add a `note`, an `answer` or a `message`, once per key; returns its number, None where it
    was there. Raises `CaseError` for an empty one, and for more than somebody may write."""
    flow_of(session, booking)
    text = typed.text(text, LONGEST_TEXT)
    if not text:
        raise CaseError("empty")
    if booking.person_id is None:
        raise NotNow(booking.state)
    counted = sa.select(sa.func.count()).where(CaseNote.booking_id == booking.id)
    if (session.scalar(counted) or 0) >= PER_CASE:
        raise CaseError("limit")
    recent = counted.where(CaseNote.kind == MESSAGE, CaseNote.at > now - timedelta(days=1))
    if kind == MESSAGE and (session.scalar(recent) or 0) >= PER_DAY:
        raise CaseError("limit")
    return _say(session, booking, kind, text, key, actor, now, mail)


def history(session: Session, booking: Booking, kinds: Collection[str]) -> list[Said]:
    """What was said and done, the oldest first; a stage by its name."""
    flow = flow_of(session, booking)
    rows = session.scalars(
        sa.select(CaseNote)
        .where(CaseNote.booking_id == booking.id, CaseNote.kind.in_(kinds))
        .order_by(CaseNote.id)
    )
    found = []
    for row in rows:
        text = flow.name(row.text) if row.kind == STAGE else row.text
        known = row.kind == ANSWER or bool(row.author)  # an answer is one only where it is
        mail = ByMail(row.sender, row.rest, row.files, known) if row.sender else None
        found.append(Said(row.at, row.kind, row.author, text, mail))
    return found


def events(session: Session, booking: Booking) -> list[Said]:
    """What became of the booking, the oldest first, in the words for people."""
    rows = session.scalars(
        sa.select(BookingEvent)
        .where(BookingEvent.booking_id == booking.id)
        .order_by(BookingEvent.id)
    )
    return [
        Said(row.at, EVENT, row.actor, wording.happened(row.event, row.note))
        for row in rows
        if row.announced_at != row.at  # the state to which an undone step led back
    ]


def agree(session: Session, booking: Booking, time: Stretch, actor: str, now: datetime) -> None:
    """Give a request the time that was agreed upon; raises `Unbookable` or `NotNow`."""
    flow_of(session, booking)
    if time != Stretch(booking.starts_at, booking.ends_at):
        progress.move(session, booking, time, booking.quantity, actor, now)


def staff(session: Session, site: str) -> list[tuple[str, str]]:
    """Who can look after a request here: key and name."""
    handling = RULES["request.handle"].keys()
    numbers = [
        one.person_id for one in people.colleagues(session, site) if handling & set(one.roles)
    ]
    rows = session.execute(
        sa.select(Person.key, Person.name)
        .where(Person.id.in_(numbers))
        .order_by(sa.func.lower(Person.name), Person.id)
    )
    return [(key, name or key) for key, name in rows]


def of_round(session: Session, site: str, name: str) -> set[int]:
    """The bookings of a round of Medienscouts, by number; those given up do not count."""
    rows = session.execute(
        sa.select(Case.booking_id, Case.details)
        .join(Booking, Booking.id == Case.booking_id)
        .where(
            Case.site_key == site,
            Booking.kind == "scouts",
            Booking.state.in_((*HOLDING, "returned")),
        )
    )
    return {number for number, details in rows if details.get(workflow.ROUND) == name}


def explain(error: CaseError) -> str:
    """The reason in whole sentences."""
    return {
        "changed": gettext(
            "Somebody else has changed this in the meantime. Look at it again, then decide."
        ),
        "needs": gettext("Please fill in first: %(fields)s.", fields=", ".join(error.names)),
        "round": gettext(
            "This round has %(most)s schools already. Choose another one.",
            most=workflow.ROUND_MOST,
        ),
        "empty": gettext("Please write something."),
        "limit": gettext("That are too many messages. Please call the centre."),
    }[error.reason]


def _line(booking: Booking, case: Case | None, stage: Stage, today: date) -> Line:
    due_on = case.due_on if case else None
    overdue = due_on is not None and due_on < today and booking.state in HOLDING
    return Line(booking, stage, due_on, case.assigned if case else "", overdue)


def _own(session: Session, booking: Booking, now: datetime) -> Case:
    """The stored case, locked for this transaction."""
    if booking.person_id is None:
        raise NotNow(booking.state)
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    session.execute(
        dialect.insert(Case)
        .values(
            booking_id=booking.id,
            site_key=booking.site_key,
            person_id=booking.person_id,
            stage=flow_of(session, booking).standing("", booking.state).code,
            assigned="",
            details={},
            competences=[],
            changed_at=now,
        )
        .on_conflict_do_nothing()
    )
    return session.get_one(Case, booking.id, with_for_update=True, populate_existing=True)


def _bring(session: Session, booking: Booking, state: str, actor: str, now: datetime) -> None:
    """Bring the booking to a state: on through those between, or one step back."""
    order = ("requested", "confirmed", "returned")
    if booking.state not in order:
        raise NotNow(booking.state)
    at, to = order.index(booking.state), order.index(state)
    if to < at:
        progress.undo(session, booking, actor, now)
        if booking.state != state:
            raise NotNow(order[at])
    for following in order[at + 1 : to + 1]:
        progress.advance(session, booking, following, actor, now)


def _say(
    session: Session,
    booking: Booking,
    kind: str,
    text: str,
    key: str,
    actor: str,
    now: datetime,
    mail: ByMail | None = None,
) -> int | None:
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    number: int | None = session.scalar(
        dialect.insert(CaseNote)
        .values(
            booking_id=booking.id,
            site_key=booking.site_key,
            person_id=booking.person_id,
            key=hashlib.blake2b(f"{key} {kind} {text}".encode(), digest_size=16).hexdigest(),
            at=now,
            kind=kind,
            author=actor,
            text=text,
            sender=mail.sender if mail else "",
            rest=mail.rest if mail else "",
            files=list(mail.files) if mail else [],
        )
        .on_conflict_do_nothing(index_elements=["booking_id", "key"])
        .returning(CaseNote.id)
    )
    return number
