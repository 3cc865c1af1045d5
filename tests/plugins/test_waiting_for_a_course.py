"""A full course in the browser: onto the waiting list, the offer, taking it or letting it go."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from hub.app import create_app
from hub.booking import house, progress, waiting
from hub.booking.progress import Entry
from hub.catalogue.sync import sync
from hub.identity.actor import Role
from hub.models import Bookable, Booking, BookingRules, Hold, Offer
from hub.models.base import now
from hub.runtime import Hub
from tests.identities import log_in, send
from tests.plugins.test_trainings import hub, plan, staff

__all__ = ["hub", "staff"]


@pytest.fixture
def page(hub: Hub, staff: FlaskClient) -> str:
    """The booking page of a course with one seat."""
    plan(staff, plaetze="1", mindestens="")
    sync(hub.db, hub.sites.site("borken"), "trainings")
    with hub.db.write() as session:
        anybody = {"approval": False}
        session.add(BookingRules(site_key="borken", kind="", borrower="", overrides=anybody))
        session.add(BookingRules(site_key="borken", kind="", borrower="private", overrides=anybody))
        return f"/angebot/{session.scalars(sa.select(Offer.id)).one()}/buchen"


def visitor(hub: Hub) -> FlaskClient:
    client = create_app(hub).test_client()
    log_in(client, hub, Role.TEACHER, "borken")
    return client


def book(client: FlaskClient, page: str, button: str = "1") -> str:
    """Through both pages of the form; returns the address of the booking."""
    shown = client.get(f"{page}?weiter={button}&anzahl=1")
    assert shown.status_code == 200, shown.text
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', shown.text))
    school = re.search(r'<option value="(\d+)" selected', shown.text)
    told = {"name": "Erika Muster", "email": "muster@schule.example"}
    told["einrichtung"] = school[1] if school else ""
    answer = client.post(page, data={**hidden, **told})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"]).partition("?")[0]


def states(hub: Hub) -> list[str]:
    with hub.db.read() as session:
        return list(session.scalars(sa.select(Booking.state).order_by(Booking.id)))


def test_a_full_course_is_waited_for_offered_and_taken(hub: Hub, page: str) -> None:
    first, second, third = (visitor(hub) for _ in range(3))
    assert "1 Platz ist frei." in first.get(page).text
    taken = book(first, page)
    full = create_app(hub).test_client().get(page).text
    assert "Alle Plätze sind belegt." in full
    assert 'value="warten"' in full
    refused = second.get(f"{page}?weiter=1&anzahl=1")
    assert refused.status_code == 422
    assert "Nichts ist" in refused.text or "nichts frei" in refused.text.lower()
    assert 'value="warten"' in refused.text
    waits, last = book(second, page, "warten"), book(third, page, "warten")
    assert "Ihr Platz auf der Warteliste: 1" in second.get(waits).text
    assert "Ihr Platz auf der Warteliste: 2" in third.get(last).text
    assert "auf der Warteliste" in second.get("/meine-buchungen").text
    send(first, taken, f"{taken}/stornieren")
    assert "Annehmen" in second.get(waits).text
    assert "Ihr Platz auf der Warteliste: 1" in third.get(last).text
    for _ in range(2):
        assert send(second, waits, f"{waits}/annehmen").status_code == 303
    assert "bestätigt" in second.get(waits).text
    assert states(hub) == ["cancelled", "confirmed", "waiting"]


def test_what_is_let_go_or_too_late_goes_to_the_next(hub: Hub, page: str) -> None:
    clients = [visitor(hub) for _ in range(4)]
    taken = book(clients[0], page)
    mine = [book(client, page, "warten") for client in clients[1:]]
    send(clients[0], taken, f"{taken}/stornieren")
    send(clients[1], mine[0], f"{mine[0]}/stornieren")
    assert states(hub) == ["cancelled", "cancelled", "offered", "waiting"]
    with hub.db.write() as session:
        session.execute(sa.update(Hold).values(expires_at=now() - timedelta(minutes=1)))
    late = send(clients[2], mine[1], f"{mine[1]}/annehmen")
    assert late.status_code == 409
    assert "verfallen" in late.text
    waiting.run(hub.db, now(), lambda: None)
    assert states(hub) == ["cancelled", "cancelled", "expired", "offered"]
    assert "nicht rechtzeitig angenommen" in clients[2].get(mine[1]).text


def test_others_cannot_take_an_offer(hub: Hub, page: str) -> None:
    first, second, other = (visitor(hub) for _ in range(3))
    taken, waits = book(first, page), book(second, page, "warten")
    send(first, taken, f"{taken}/stornieren")
    foreign = send(other, book(other, page, "warten"), f"{waits}/annehmen")
    assert foreign.status_code == 404
    assert states(hub) == ["cancelled", "offered", "waiting"]


def test_waiting_twice_is_told(hub: Hub, page: str) -> None:
    first, second = visitor(hub), visitor(hub)
    book(first, page)
    book(second, page, "warten")
    shown = second.get(f"{page}?weiter=warten&anzahl=1").text
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', shown))
    told = {"name": "Erika Muster", "email": "muster@schule.example"}
    again = second.post(page, data={**hidden, **told})
    assert again.status_code == 409
    assert "schon auf der Warteliste" in again.text


def test_staff_see_who_waits_and_calling_off_ends_the_waiting(
    hub: Hub, page: str, staff: FlaskClient
) -> None:
    first, second = visitor(hub), visitor(hub)
    book(first, page)
    book(second, page, "warten")
    with hub.db.read() as session:
        number = session.scalars(sa.select(Bookable.id)).one()
    assert "1 von 1 belegt, 1 auf der Warteliste" in staff.get("/borken/trainings/").text
    address = f"/borken/trainings/{number}/absagen"
    assert send(staff, address, grund="krank").status_code == 303
    assert states(hub) == ["cancelled", "cancelled"]
    with hub.db.read() as session:
        assert set(session.scalars(sa.select(Booking.reason))) == {"krank"}


def test_a_loan_is_not_extended_while_somebody_waits(hub: Hub) -> None:
    client = create_app(hub).test_client()
    who = log_in(client, hub, Role.TEACHER, "borken")
    with hub.db.write() as session:
        calendar = house.calendar(session, "borken")
        day = calendar.after_open_days(calendar.day(now()), 3)
        assert day is not None
        model = Bookable(
            site_key="borken", plugin="trainings", source_id="d", kind="device", title="Beamer",
            capacity=1,
        )  # fmt: skip
        session.add(model)
        session.flush()
        one = model.id
    entry = Entry(
        site="borken", plugin="trainings", bookable_id=one, kind="device", title="Beamer",
        time=calendar.loan(day, day), state="confirmed", wait=True, borrower="school",
        person_id=who,
    )  # fmt: skip
    mine, _ = progress.create(hub.db, entry, "a", "test", now())
    with hub.db.read() as session:
        page = f"/meine-buchungen/{session.get_one(Booking, mine).reference}"
    assert f"{page}/verlaengern" in client.get(page).text
    progress.create(hub.db, entry, "b", "test", now())
    shown = client.get(page).text
    assert f"{page}/verlaengern" not in shown
    refused = send(client, page, f"{page}/verlaengern")
    assert refused.status_code == 409
    assert "für jemand anderen" in refused.text or "reserviert" in refused.text
