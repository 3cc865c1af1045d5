"""The desk of a centre: what to decide, hand out and take back today, by scanner or keyboard."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

import sqlalchemy as sa
from flask import Blueprint, abort, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from hub.booking import (
    blocks,
    cart,
    contacts,
    elsewhere,
    heads,
    house,
    items,
    progress,
    steps,
    wording,
    workflow,
)
from hub.booking import desk as todays_work
from hub.booking.errors import BookingError, Unbookable
from hub.booking.items import Back
from hub.booking.progress import MADE, NEXT
from hub.models import Bookable, Booking, BookingContact, Institution
from hub.web import context, login, menu, my_bookings
from hub.web.my_bookings import Line
from hub.web.page import Crumb, asked_text

pages = Blueprint("desk", __name__, url_prefix="/<site>/verwaltung")

MOST = 200
BY_ONESELF = ("pickup", "letter_box")
"""Ways without a courier: over the desk, and back by the letter box."""


@dataclass(frozen=True, slots=True)
class Row:
    """A booking at the desk: what, and who it is for."""

    line: Line
    who: str
    late: bool


@dataclass(frozen=True, slots=True)
class Section:
    """What is to be done of one kind."""

    id: str
    title: str
    rows: Sequence[Row]
    empty: str


@dataclass(frozen=True, slots=True)
class Scanned:
    """A piece that is not out: what it is, and the bookings that it could be handed out for."""

    site: str
    label: str
    title: str
    usable: bool
    rows: Sequence[Row]

    def address(self, row: Row) -> str:
        """The page of the booking, with the code filled in."""
        return url_for("desk.show", site=self.site, reference=row.line.reference, stueck=self.label)


@dataclass(frozen=True, slots=True)
class Head:
    """The address at which the head of the institution is asked, and until when the link holds."""

    address: str
    until: datetime | None


@pages.get("/theke")
def today(site: str) -> ResponseReturnValue:
    """Today's work; a code that was scanned leads to its booking at once: to the one on which the
    piece is out, or else to the only one that it could be handed out for."""
    login.demand("desk.use", site)
    code = asked_text("code", items.LONGEST_CODE)
    with context.the_hub().db.read() as session:
        found = _by_code(session, site, code) if code else None
        if found is not None:
            return redirect(found, 303)
        scanned = _scanned(session, site, code) if code else None
        if scanned is not None and len(scanned.rows) == 1:
            return redirect(scanned.address(scanned.rows[0]), 303)
        calendar = house.calendar(session, site)
        now = context.now()
        tomorrow = calendar.at(calendar.day(now) + timedelta(days=1), time(0))
        work = todays_work.today(session, site, now)
        of_site = sa.select(Booking).where(Booking.site_key == site, sa.not_(blocks.IS_BLOCK))

        def rows(state: str, *conditions: sa.ColumnElement[bool]) -> list[Row]:
            order = Booking.ends_at if state == "handed_out" else Booking.starts_at
            query = of_site.where(Booking.state == state, *conditions).order_by(order, Booking.id)
            return _rows(session, session.scalars(query.limit(MOST)).all())

        sections = [
            Section(
                "anfragen",
                gettext("To decide"),
                rows("requested"),
                gettext("Nobody waits for an answer."),
            ),
            Section(
                "ueberfaellig",
                gettext("Overdue"),
                _rows(session, work.overdue),
                gettext("Nothing is overdue."),
            ),
            Section(
                "rueckgaben",
                gettext("Due back today"),
                _rows(session, work.returns),
                gettext("Nothing is due back today."),
            ),
            Section(
                "ausgaben",
                gettext("To hand out, or taking place today"),
                _rows(session, work.pickups),
                gettext("Nothing is to be handed out today."),
            ),
            Section(
                "bald",
                gettext("In the next 7 days"),
                rows(
                    "confirmed",
                    Booking.starts_at >= tomorrow,
                    Booking.starts_at < tomorrow + todays_work.AHEAD,
                ),
                gettext("Nothing is booked for the next 7 days."),
            ),
            Section(
                "unterwegs",
                gettext("Out until later"),
                rows("handed_out", Booking.ends_at >= tomorrow),
                gettext("Nothing else is out."),
            ),
        ]
        zone = calendar.zone
        conflicts = [
            (one.title, wording.day(one.since, zone), one.too_many)
            for one in todays_work.conflicts(session, site, now)
        ]
    return render_template(
        "desk.html",
        centre=context.sites()[site],
        sections=sections,
        conflicts=conflicts,
        code=code,
        scanned=scanned,
        neighbours=menu.bookings(site),
        menu=menu.entries(site, without=[address for address, _ in menu.bookings(site)]),
        crumbs=[_home(site), Crumb(gettext("Desk"))],
    )


@pages.get("/buchung/<reference>")
def show(site: str, reference: str) -> ResponseReturnValue:
    return _page(site, reference)


@pages.post("/buchung/<reference>/schritt")
def step(site: str, reference: str) -> ResponseReturnValue:
    """Confirms, refuses, cancels, notes that nobody came, or that it took place."""
    state = request.form.get("zustand", "")

    who = login.demand("desk.use", site)
    with context.the_hub().db.read() as session:
        row = _row(session, site, reference)
    if row.bookable_id is None:  # the other system has the say
        if state != "cancelled":
            abort(400)
        hub = context.the_hub()
        try:
            elsewhere.cancel(hub.db, hub.sites.site(site), row.id, who.key, context.now())
        except BookingError as error:
            return _page(site, reference, wording.explain(error, context.zone_of(site)), 503)
        return redirect(url_for("desk.show", site=site, reference=reference, fertig=1), 303)

    def do(session: Session, row: Booking, actor: str) -> None:
        if state not in {one for following in NEXT.values() for one in following}:
            abort(400)
        now = context.now()
        if state in NEXT.get(row.state, ()) and state not in todays_work.following(row, now):
            raise Unbookable("early")
        progress.advance(session, row, state, actor, now, reason=_note())

    return _change(site, reference, do)


@pages.post("/buchung/<reference>/ausgeben")
def hand_out(site: str, reference: str) -> ResponseReturnValue:
    """Hands the pieces out whose codes were scanned."""
    codes = _codes("codes")
    return _change(
        site,
        reference,
        lambda session, row, actor: items.hand_out(
            session, row, codes.values(), actor, context.now()
        ),
    )


@pages.post("/buchung/<reference>/zuruecknehmen")
def take_back(site: str, reference: str) -> ResponseReturnValue:
    """Takes pieces back: those scanned or else those ticked, with what lacks and is broken."""
    scanned = _codes("zurueck")

    def do(session: Session, row: Booking, actor: str) -> None:
        abroad = [item for _, item in items.out(session, row.id)]
        for code in scanned.keys() - {item.code for item in abroad}:
            raise items.ItemError("not_out", scanned[code])
        returned = [
            Back(
                item.label,
                lacking=tuple(
                    part
                    for number, part in enumerate(item.accessories)
                    if f"da_{item.id}_{number}" not in request.form
                ),
                damage=request.form.get(f"schaden_{item.id}", "")[:1_000].strip(),
                repair=f"reparatur_{item.id}" in request.form,
            )
            for item in abroad
            if (item.code in scanned if scanned else f"stueck_{item.id}" in request.form)
        ]
        if not returned and abroad:
            raise items.ItemError("none")
        items.take_back(session, row, returned, actor, context.now())
        if row.fulfilment in BY_ONESELF:
            row.fulfilment = BY_ONESELF["briefkasten" in request.form]

    return _change(site, reference, do)


@pages.post("/buchung/<reference>/leitung")
def head(site: str, reference: str) -> ResponseReturnValue:
    """Notes that the confirmation of the head was handed in, or mails the head a new link."""
    hub = context.the_hub().settings.base_url

    def do(session: Session, row: Booking, actor: str) -> None:
        if request.form.get("leitung") == "da":
            heads.give(session, row, actor, context.now())
        elif not heads.ask(session, hub, row):
            raise Unbookable("asked")

    return _change(site, reference, do)


@pages.post("/buchung/<reference>/rueckgaengig")
def undo(site: str, reference: str) -> ResponseReturnValue:
    """Takes the last step back."""
    return _change(
        site,
        reference,
        lambda session, row, actor: progress.undo(session, row, actor, context.now()),
    )


def _change(
    site: str, reference: str, do: Callable[[Session, Booking, str], None]
) -> ResponseReturnValue:
    who = login.demand("desk.use", site)
    try:
        with context.the_hub().db.write(queued=True) as session:
            do(session, _row(session, site, reference), who.key)
    except BookingError as error:
        return _page(site, reference, wording.explain(error, context.zone_of(site)), 409)
    return redirect(url_for("desk.show", site=site, reference=reference, fertig=1), 303)


def _page(site: str, reference: str, problem: str = "", status: int = 200) -> ResponseReturnValue:
    login.demand("desk.use", site)
    with context.the_hub().db.read() as session:
        row = _row(session, site, reference)
        wanted = items.needed(session, row)
        by_day = row.kind in house.BY_DAY
        following = todays_work.following(row, context.now())
        abroad = [item for _, item in items.out(session, row.id)]
        scanned = asked_text("stueck", items.LONGEST_CODE)
        page = render_template(
            "desk_booking.html",
            centre=context.sites()[site],
            row=row,
            line=my_bookings.line(row),
            facts=my_bookings.facts(session, row),
            history=my_bookings.history(session, row),
            together=cart.together(session, row),
            contact=_contact(session, row),
            following=_offered(row, following),
            by_day=by_day,
            handling=_handling(site, row),
            head=_head(session, row),
            trouble=elsewhere.trouble(session, row),
            pieces=sum(wanted.values()),
            usable=[
                item for one in wanted for item in items.of(session, one) if item.state == "usable"
            ],
            abroad=abroad,
            zone=context.zone_of(site),
            done="fertig" in request.args,
            problem=problem,
            given=request.form,
            scanned=scanned,
            crumbs=[
                _home(site),
                Crumb(gettext("Desk"), url_for("desk.today", site=site)),
                Crumb(row.title),
            ],
        )
    return make_response(page, status)


def _offered(row: Booking, following: frozenset[str]) -> frozenset[str]:
    """The steps that make sense: what is lent is taken back, and what another system keeps can
    only be given up from here."""
    if row.bookable_id is None:
        return following & {"cancelled"}
    if heads.is_awaited(row):
        following -= {"confirmed"}
    return following - {"returned"} if row.kind in house.BY_DAY else following


def _rows(session: Session, rows: Sequence[Booking]) -> list[Row]:
    people = {row.person_id for row in rows if row.person_id}
    houses = {row.institution_id for row in rows if row.institution_id}
    sites = {row.site_key for row in rows}
    names = {
        (one.person_id, one.site_key): one.name
        for one in session.scalars(
            sa.select(BookingContact).where(
                BookingContact.person_id.in_(people), BookingContact.site_key.in_(sites)
            )
        )
    }
    institutions = {
        one.id: one.name
        for one in session.scalars(sa.select(Institution).where(Institution.id.in_(houses)))
    }
    return [
        Row(
            my_bookings.line(row),
            ", ".join(
                filter(
                    None,
                    (
                        institutions.get(row.institution_id or 0),
                        names.get((row.person_id or 0, row.site_key)),
                    ),
                )
            ),
            row.state == "handed_out" and row.ends_at < context.now(),
        )
        for row in rows
    ]


def _by_code(session: Session, site: str, code: str) -> str | None:
    """The page of the booking that a reference names, or on which a scanned piece is out."""
    row = session.scalar(
        sa.select(Booking.reference).where(
            Booking.reference == code.upper(), Booking.site_key == site, MADE
        )
    )
    if row is not None:
        return url_for("desk.show", site=site, reference=row)
    piece = items.find(session, site, code)
    holder = items.holder(session, piece.id) if piece else None
    if piece is None or holder is None:
        return None
    return url_for("desk.show", site=site, reference=holder.reference, stueck=piece.label)


def _scanned(session: Session, site: str, code: str) -> Scanned | None:
    """What is known of a piece that is not out."""
    piece = items.find(session, site, code)
    if piece is None:
        return None
    rows = _rows(session, todays_work.served_by(session, piece, context.now()))
    title = session.get_one(Bookable, piece.bookable_id).title
    return Scanned(site, piece.label, title, piece.state == items.USABLE, rows)


def _codes(name: str) -> dict[str, str]:
    """The codes of a field, one per line, as they were typed, by how they are compared."""
    lines = request.form.get(name, "")[:20_000].splitlines()
    return {items.folded(line): line.strip() for line in lines if items.folded(line)}


def _row(session: Session, site: str, reference: str) -> Booking:
    row = session.scalar(
        sa.select(Booking).where(Booking.reference == reference, Booking.site_key == site, MADE)
    )
    if row is None:
        abort(404)
    return row


def _contact(session: Session, row: Booking) -> BookingContact | None:
    return contacts.of(session, row.person_id, row.site_key) if row.person_id else None


def _note() -> str:
    return request.form.get("grund", "")[: steps.LONGEST_TEXT].strip()


def _handling(site: str, row: Booking) -> str:
    """Where a request is brought through its stages; empty for what is simply booked."""
    known = row.plugin in context.the_hub().sites.site(site).plugins
    if workflow.of(row.kind) is None or row.person_id is None or not known:
        return ""
    return f"/{site}/{row.plugin}/fall/{row.reference}"


def _head(session: Session, row: Booking) -> Head | None:
    """What is known of the head's confirmation while it is awaited."""
    if not heads.is_awaited(row):
        return None
    return Head(heads.address(session, row), heads.asked_until(session, row))


def _home(site: str) -> Crumb:
    return Crumb(context.sites()[site].name, url_for("centres.profile", site=site))
