"""A seat in pretix is moved to another date, or more and fewer are taken: one order, whatever dies.

`tests/peers/test_pretix_real.py` does the same with pretix itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from connectors import http
from connectors.standins.pretix_server import Books
from hub import activations, models
from hub.app import create_app
from hub.booking import elsewhere
from hub.catalogue import offers
from hub.catalogue.sync import sync
from hub.errors import PluginError, Rejected, Unavailable
from hub.identity.actor import Role
from hub.models import Elsewhere
from hub.models.base import now
from hub.records import Booking, BookingRequest, Contact, Offer, Person, Upsert
from hub.site import Site
from hub.testing import site_with
from plugins.pretix import Pretix
from tests.bookings import SITE, bookings
from tests.hub.api.test_booking import Program
from tests.hub.web.test_booking import book
from tests.hub.web.test_pages import text_of
from tests.identities import log_in, send
from tests.servers import pretix
from tests.servers.pretix import SERIES, TOKEN
from tests.sources import Network, Point, network

HERE, THERE, OTHER = f"{SERIES}:11:1", f"{SERIES}:12:1", "tagung:0:2"
CONTACT = Contact("Ada Muster", "ada@schule.example")
Taken = dict[int, int]
"""Seats by date."""


class Killed(BaseException):
    """The process ends here."""


def config(address: str, trap: str = "") -> dict[str, Any]:
    where = f"{address}trap/{trap}" if trap else address
    return {"address": where, "organizer": "mz", "events": [SERIES, "tagung"], "token": TOKEN}


@pytest.fixture
def books() -> Books:
    return Books(pretix.events(), TOKEN)


@pytest.fixture
def server(books: Books) -> Iterator[str]:
    with pretix.running(books) as address:
        yield address


@pytest.fixture
def site(server: str, tmp_path: Path) -> Site:
    return site_with(Pretix, config(server), tmp_path)


def offer(site: Site, source_id: str) -> Offer:
    changes = site.one("pretix", "catalogue_changes", cursor=None)
    records = [one.record for one in changes if isinstance(one, Upsert)]
    return Offer(7, SITE, "pretix", next(one for one in records if one.source_id == source_id))


def create(site: Site, source_id: str = HERE, quantity: int = 1, key: str = "ABCD2345") -> Booking:
    wanted = offer(site, source_id)
    (event,) = wanted.record.events
    request = BookingRequest(
        wanted, Person("p1"), event.start, event.end, quantity, contact=CONTACT
    )
    made: Booking = site.one("pretix", "booking_create", request=request, key=key)
    return made


def move(
    site: Site, booking: Booking, to: Offer, quantity: int = 1, key: str = "move-1"
) -> Booking:
    (event,) = to.record.events
    moved: Booking = site.one(
        "pretix",
        "booking_move",
        booking=booking,
        offer=to,
        start=event.start,
        end=event.end,
        quantity=quantity,
        key=key,
    )
    return moved


def taken(books: Books) -> Taken:
    """The seats that are held, by date."""
    found: Taken = {}
    for order in books.events[SERIES]["orders"]:
        for seat in order["positions"]:
            if order["status"] == "p" and not seat["canceled"]:
                found[seat["subevent"]] = found.get(seat["subevent"], 0) + 1
    return found


def test_the_other_dates_of_a_series_are_named_with_their_seats(site: Site, books: Books) -> None:
    made = create(site, quantity=2)
    assert site.one("pretix", "booking_dates", booking=made) == {THERE: 3, f"{SERIES}:13:1": 0}
    books.events[SERIES]["subevents"][1]["is_public"] = False
    assert THERE not in site.one("pretix", "booking_dates", booking=made)
    alone = create(site, OTHER, key="ALLEN234")
    assert site.one("pretix", "booking_dates", booking=alone) == {}


def test_date_and_number_change_in_one_act_and_there_and_back_again(
    site: Site, books: Books
) -> None:
    here, there = offer(site, HERE), offer(site, THERE)
    made = create(site, quantity=2)
    moved = move(site, made, there, 3)
    assert (moved.id, moved.state, moved.quantity) == (made.id, "confirmed", 3)
    assert moved.offer == there
    assert taken(books) == {12: 3}
    assert site.one("pretix", "booking_state", booking=moved) == moved
    back = move(site, moved, here, 1, "move-2")
    assert taken(books) == {11: 1}
    move(site, back, there, 3, "move-3")
    assert taken(books) == {12: 3}
    names = [
        one["attendee_name"]
        for one in books.events[SERIES]["orders"][0]["positions"]
        if not one["canceled"]
    ]
    assert names == [CONTACT.name, None, None], "the seat with the name stays"


def test_where_it_is_full_what_was_stays_and_the_reason_is_told(site: Site, books: Books) -> None:
    there = offer(site, THERE)
    made = create(site, quantity=2)
    create(site, THERE, 2, "FXLL2345")
    for quantity in (2, 4):
        with pytest.raises(Rejected, match='"?Plätze 2"? hat nicht genug freie Kapazität'):
            move(site, made, there, quantity, f"move-{quantity}")
    assert taken(books) == {11: 2, 12: 2}
    with pytest.raises(Rejected, match="Plätze 1"):
        move(site, made, made.offer, 4, "move-5")
    assert taken(books) == {11: 2, 12: 2}


def test_what_only_the_centre_can_change_is_not_changed(site: Site, books: Books) -> None:
    made = create(site)
    with pytest.raises(Rejected, match="kein Termin derselben"):
        move(site, made, offer(site, OTHER))
    (order,) = books.events[SERIES]["orders"]
    order["positions"].append({**order["positions"][0], "id": 99, "positionid": 9, "item": 2})
    with pytest.raises(Rejected, match="noch anderes"):
        move(site, made, offer(site, THERE))
    order["positions"].pop()
    order["total"] = "12.00"
    with pytest.raises(Rejected, match="kostet etwas"):
        move(site, made, offer(site, HERE), 2)
    assert move(site, made, offer(site, THERE)).state == "confirmed"
    site.one("pretix", "booking_cancel", booking=made, key="k")
    with pytest.raises(Rejected, match="nicht mehr"):
        move(site, made, offer(site, HERE), key="move-2")


@pytest.mark.parametrize("trap", ["error", "busy", "html", "cut", "limit", "inuse", "lost"])
def test_a_bad_day_there_moves_once_or_not_at_all(
    server: str, site: Site, books: Books, tmp_path: Path, trap: str
) -> None:
    made, there = create(site, quantity=2), offer(site, THERE)
    bad = site_with(Pretix, config(server, trap), tmp_path)
    with pytest.raises(Unavailable):
        move(bad, made, there, 3)
    assert taken(books) == ({12: 3} if trap == "lost" else {11: 2})
    assert move(site, made, there, 3).quantity == 3
    assert taken(books) == {12: 3}


@pytest.mark.parametrize("dies", ["before", "after"])
@pytest.mark.parametrize("forgetful", [False, True])
def test_killed_at_any_request_one_order_is_moved_once(
    site: Site, books: Books, monkeypatch: pytest.MonkeyPatch, dies: str, forgetful: bool
) -> None:
    """`forgetful`: the keys are forgotten in between, as pretix does after a day."""
    here, there, exchange = offer(site, HERE), offer(site, THERE), http.Client._exchange
    made, kills = create(site, quantity=2), 0
    for number in range(1, 5):
        left = iter(range(number, 0, -1))

        def dying(self: Any, *a: Any, left: Iterator[int] = left, **b: Any) -> Any:
            last = next(left, 0) == 1
            if last and dies == "before":
                raise Killed
            answer = exchange(self, *a, **b)
            if last:
                raise Killed
            return answer

        with monkeypatch.context() as patched:
            patched.setattr(http.Client, "_exchange", dying)
            try:
                move(site, made, there, 3, f"there-{number}")
            except PluginError:
                kills += 1
        assert taken(books) in ({11: 2}, {12: 3}), "never both, never neither"
        if forgetful:
            books.answered.clear()
        moved = move(site, made, there, 3, f"there-{number}")
        assert taken(books) == {12: 3}
        made = move(site, moved, here, 2, f"back-{number}")
        assert taken(books) == {11: 2}
    assert kills == 2, "each request of a move"
    assert len(books.events[SERIES]["orders"]) == 1


# With the hub around it


@pytest.fixture
def net(
    database_url: str, tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Network]:
    with network(database_url, tmp_path / "hub", [SITE], [Point("pretix", Pretix)]) as made:
        with made.hub.db.write() as session:
            session.get_one(models.Site, SITE).internal_hosts = ["127.0.0.1"]
        monkeypatch.setenv("TEST_TOKEN", TOKEN)
        activated = {**config(server), "token": {"env": "TEST_TOKEN"}}
        activations.enable(made.hub, SITE, "pretix", activated, actor="test")
        assert not sync(made.hub.db, made.site(SITE), "pretix").error
        yield made


@pytest.fixture
def client(net: Network) -> FlaskClient:
    made = create_app(net.hub).test_client()
    log_in(made, net.hub, Role.TEACHER, SITE)
    return made


def number(net: Network, source_id: str) -> int:
    with net.hub.db.read() as session:
        return session.scalars(
            sa.select(models.Offer.id).where(models.Offer.source_id == source_id)
        ).one()


def booked(net: Network, client: FlaskClient, places: int = 1) -> str:
    """A teacher books the first date in the browser; returns the page of the booking."""
    answer = book(client, number(net, HERE), {"anzahl": str(places), "weiter": "1"})
    assert answer.status_code == 303, text_of(answer.text)
    return answer.headers["Location"].partition("?")[0]


def change(net: Network, client: FlaskClient, page: str, source_id: str, places: int) -> Any:
    typed = {"termin": str(number(net, source_id)), "anzahl": str(places)}
    return send(client, f"{page}/aendern", f"{page}/aendern", **typed)


def later(net: Network) -> None:
    """The worker's next turn, when every pause is over."""
    with net.hub.db.write() as session:
        session.execute(
            sa.update(Elsewhere)
            .where(Elsewhere.next_at.is_not(None))
            .values(next_at=now() - timedelta(seconds=1))
        )
        session.execute(sa.update(models.Breaker).values(open_until=None))
    elsewhere.settle_due(net.hub.db, net.site, now())


def test_a_teacher_takes_another_date_of_the_course_and_goes_back(
    net: Network, client: FlaskClient, books: Books
) -> None:
    page = booked(net, client)
    form = text_of(client.get(f"{page}/aendern").text)
    assert "Trickfilm 12" in form
    assert "3 Plätze sind frei" in form
    answer = change(net, client, page, THERE, 2)
    assert answer.status_code == 303, text_of(answer.text)
    (row,) = bookings(net)
    assert (row.title, row.quantity, row.offer_id) == ("Trickfilm 12", 2, number(net, THERE))
    assert taken(books) == {12: 2}
    shown = text_of(client.get(page).text)
    assert "Trickfilm 12" in shown
    later(net)
    assert bookings(net)[0].starts_at == row.starts_at, "asked for, it is as it was told"
    for to, seats in ((HERE, {11: 2}), (THERE, {12: 2})):
        assert change(net, client, page, to, 2).status_code == 303
        assert taken(books) == seats
    send(client, page, f"{page}/zurueckverschieben")
    assert taken(books) == {11: 2}
    assert bookings(net)[0].offer_id == number(net, HERE)
    send(client, page, f"{page}/stornieren")
    assert taken(books) == {}


def test_a_program_takes_another_date_and_no_other_time(
    net: Network, client: FlaskClient, books: Books
) -> None:
    program = Program(net, client, Role.TEACHER, "bookings")
    with net.hub.db.read() as session:
        record = offers.by_ids(session, [number(net, HERE)])[number(net, HERE)].record
    (event,) = record.events
    times = {"starts_at": event.start.isoformat(), "ends_at": event.end.isoformat()}
    wanted = {"offer": number(net, HERE), **times, "contact": asdict(CONTACT)}
    made = program.send("POST", "/bookings", wanted, "k")
    assert made.status_code == 201, made.text
    where = f"/bookings/{made.json['reference']}"
    hour = timedelta(hours=1)
    an_hour_later = {
        "starts_at": (event.start + hour).isoformat(),
        "ends_at": (event.end + hour).isoformat(),
    }
    refused = program.send("PATCH", where, an_hour_later)
    assert refused.status_code == 409
    assert "Wählen Sie einen anderen" in refused.json["detail"]
    assert program.send("PATCH", where, {"offer": number(net, OTHER)}).status_code == 409
    assert taken(books) == {11: 1}
    moved = program.send("PATCH", where, {"offer": number(net, THERE)})
    assert moved.status_code == 200, moved.text
    assert taken(books) == {12: 1}
    assert bookings(net)[0].offer_id == number(net, THERE)


def test_a_full_date_leaves_the_booking_and_says_why(
    net: Network, client: FlaskClient, books: Books
) -> None:
    page = booked(net, client)
    books.events[SERIES]["quotas"][1]["size"] = 0
    assert "kein Platz ist frei" in text_of(client.get(f"{page}/aendern").text)
    told = text_of(change(net, client, page, THERE, 1).text)
    assert "nicht genug freie Kapazität" in told
    (row,) = bookings(net)
    assert (row.state, row.offer_id) == ("confirmed", number(net, HERE))
    assert taken(books) == {11: 1}


def test_a_move_whose_process_dies_is_gone_on_with(
    net: Network, client: FlaskClient, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = booked(net, client)

    def die(*_: Any) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(elsewhere, "_note", die)
        with pytest.raises(Killed):
            change(net, client, page, THERE, 2)
    assert taken(books) == {12: 2}, "there it is moved"
    assert bookings(net)[0].offer_id == number(net, HERE), "here nobody knows yet"
    assert "Trickfilm 11" in text_of(client.get(page).text)
    later(net)
    (row,) = bookings(net)
    assert (row.offer_id, row.quantity) == (number(net, THERE), 2)
    assert taken(books) == {12: 2}


def test_other_dates_that_cannot_be_asked_for_are_said_to_be_so(
    net: Network, client: FlaskClient, books: Books
) -> None:
    page = booked(net, client)
    books.token = "another"
    form = client.get(f"{page}/aendern")
    assert form.status_code == 200
    assert "kann gerade nicht gesagt werden" in text_of(form.text)


def test_who_was_moved_there_by_others_is_found_at_the_other_date(
    net: Network, client: FlaskClient, books: Books
) -> None:
    booked(net, client)
    books.events[SERIES]["orders"][0]["positions"][0]["subevent"] = 12
    later(net)
    (row,) = bookings(net)
    date = next(one for one in books.events[SERIES]["subevents"] if one["id"] == 12)
    assert row.starts_at.isoformat() == date["date_from"]
