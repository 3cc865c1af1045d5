"""Trainings whose seats are in pretix: booked once, never beyond its quotas, and followed."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
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
from hub.catalogue.sync import sync
from hub.errors import Denied, PluginError, Rejected, Unavailable
from hub.identity import privacy
from hub.identity.actor import Role
from hub.models import Elsewhere
from hub.models.base import now
from hub.records import Booking, BookingRequest, Contact, Offer, Person, Record, Reject, Upsert
from hub.site import Site
from hub.testing import BookingContract, CatalogueContract, site_with
from plugins.pretix import Pretix
from tests.bookings import SITE, bookings
from tests.hub.web.test_booking import book
from tests.hub.web.test_pages import text_of
from tests.identities import log_in, send
from tests.servers import pretix
from tests.servers.pretix import SERIES, TOKEN
from tests.sources import Network, Point, network

NOTICES = "hinweise0123456789"
CONTACT = Contact("Ada Muster", "ada@schule.example")


class Killed(BaseException):
    """The process ends here."""


def config(address: str, trap: str = "", **more: Any) -> dict[str, Any]:
    return {
        "address": f"{address}trap/{trap}" if trap else address,
        "organizer": "mz",
        "events": [SERIES, "tagung"],
        "token": TOKEN,
        "notices": NOTICES,
        **more,
    }


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


def changes(site: Site) -> list[Any]:
    return list(site.one("pretix", "catalogue_changes", cursor=None))


def records(site: Site) -> dict[str, Record]:
    found = [one.record for one in changes(site) if isinstance(one, Upsert)]
    return {one.source_id: one for one in found}


def wanted(site: Site, source_id: str = f"{SERIES}:11:1", quantity: int = 1) -> BookingRequest:
    record = records(site)[source_id]
    (event,) = record.events
    return BookingRequest(
        Offer(7, "teststadt", "pretix", record),
        Person("p1"),
        event.start,
        event.end,
        quantity,
        institution_name="Schule am Wall",
        contact=CONTACT,
    )


def create(site: Site, request: BookingRequest, key: str = "ABCD2345") -> Booking:
    made: Booking = site.one("pretix", "booking_create", request=request, key=key)
    return made


def orders(books: Books, slug: str = SERIES) -> list[dict[str, Any]]:
    return books.events[slug]["orders"]


class TestContract(CatalogueContract, BookingContract):
    plugin = Pretix

    @pytest.fixture
    def plugin_config(self, server: str) -> Mapping[str, Any]:
        return config(server)

    @pytest.fixture
    def booking_request(self, site: Site) -> BookingRequest:
        return wanted(site)


def test_dates_and_products_become_offers_with_their_seats(site: Site) -> None:
    found = records(site)
    assert sorted(found) == ["kurse:11:1", "kurse:12:1", "tagung:0:1", "tagung:0:2"]
    course = found["kurse:11:1"]
    assert (course.title, course.description) == ("Trickfilm 11", "Mit dem Tablet.")
    assert (course.place, course.events[0].seats, course.cost) == ("Medienzentrum, Raum 2", 3, "")
    paid = found["tagung:0:1"]
    assert (paid.title, paid.cost) == ("Medientagung: Vor Ort", "12,00 EUR")
    assert found["tagung:0:2"].events[0].seats is None
    rejects = {one.source_id: one.reason for one in changes(site) if isinstance(one, Reject)}
    assert set(rejects) == {"kurse:13:1", "tagung:0:3"}
    assert "date_to" in rejects["kurse:13:1"]


def test_an_order_holds_what_pretix_needs_and_is_placed_once(site: Site, books: Books) -> None:
    made = create(site, wanted(site, quantity=2))
    assert (made.id, made.state) == ("ABCD2345", "confirmed")
    assert create(site, wanted(site, quantity=2)).id == made.id
    books.answered.clear()  # pretix forgets its keys after a day; the code holds
    assert create(site, wanted(site, quantity=2)).id == made.id
    (order,) = orders(books)
    assert order["email"] == CONTACT.email
    assert [one["attendee_name"] for one in order["positions"]] == ["Ada Muster", None]
    assert {one["company"] for one in order["positions"]} == {"Schule am Wall"}
    with pytest.raises(Rejected, match="So viele"):
        create(site, wanted(site, quantity=2), "OTHER234")
    paid = create(site, wanted(site, "tagung:0:1"), "PAYME234")
    assert paid.state == "requested", "until it is paid there"


@pytest.mark.parametrize(
    ("trap", "error"),
    [
        ("error", Unavailable),
        ("busy", Unavailable),
        ("html", Unavailable),
        ("cut", Unavailable),
        ("deep", Unavailable),
        ("huge", Unavailable),
        ("slow", Unavailable),
        ("limit", Unavailable),
        ("inuse", Unavailable),
        ("lost", Unavailable),
    ],
)
def test_a_bad_day_there_leaves_one_order_at_most(
    server: str, site: Site, books: Books, tmp_path: Path, trap: str, error: type[Exception]
) -> None:
    request = wanted(site)
    bad = site_with(Pretix, config(server, trap, timeout=0.3 if trap == "slow" else 6), tmp_path)
    with pytest.raises(error) as caught:
        create(bad, request)
    assert TOKEN not in str(caught.value)
    waits = {"limit": 7.0, "inuse": 5.0, "busy": 1.0}
    assert getattr(caught.value, "retry_after", None) == waits.get(trap)
    assert len(orders(books)) == (trap == "lost")
    assert create(site, request).state == "confirmed"
    assert len(orders(books)) == 1


@pytest.mark.parametrize("trap", ["abroad", "circle"])
def test_a_list_is_read_where_the_token_belongs_and_to_its_end(
    server: str, site: Site, tmp_path: Path, trap: str
) -> None:
    bad = site_with(Pretix, config(server, trap), tmp_path)
    if trap == "circle":
        with pytest.raises(Unavailable, match="same page"):
            changes(bad)
    else:
        assert records(bad).keys() == records(site).keys()


def test_health_says_what_is_wrong_without_the_token(server: str, tmp_path: Path) -> None:
    site_with(Pretix, config(server), tmp_path).one("pretix", "health")
    for changed, said in (({"token": "falsch 123"}, "401"), ({"events": ["nichts"]}, "nichts")):
        with pytest.raises(Denied, match=said) as caught:
            site_with(Pretix, config(server, **changed), tmp_path).one("pretix", "health")
        assert "falsch 123" not in str(caught.value)


def test_what_pretix_itself_refuses_is_refused_with_its_reason(
    server: str, site: Site, books: Books, tmp_path: Path
) -> None:
    """It told seats that were gone when the order came."""
    create(site, wanted(site, quantity=3))
    greedy = site_with(Pretix, config(server, "greedy"), tmp_path)
    with pytest.raises(Rejected, match='nicht genug Kontingent in "Plätze 1"'):
        create(greedy, wanted(site), "OTHER234")
    assert len(orders(books)) == 1


@pytest.mark.parametrize("dies", ["before", "after"])
def test_killed_at_any_request_there_is_one_order(
    site: Site, books: Books, monkeypatch: pytest.MonkeyPatch, dies: str
) -> None:
    request, exchange = wanted(site, "tagung:0:2"), http.Client._exchange
    kills = 0
    for number in range(1, 8):
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
                create(site, request, f"KEYKEY{number}")
            except PluginError:
                kills += 1
        create(site, request, f"KEYKEY{number}")
    assert kills == 3, "each request of a booking"
    assert [one["code"] for one in orders(books, "tagung")] == [f"KEYKEY{n}" for n in range(1, 8)]


def test_many_at_the_same_time_get_as_many_seats_as_there_are(site: Site, books: Books) -> None:
    request, outcomes = wanted(site), []

    def try_it(key: str) -> None:
        try:
            outcomes.append(create(site, request, key).state)
        except PluginError as error:
            outcomes.append(type(error).__name__)

    threads = [threading.Thread(target=try_it, args=(f"KEYKEY{n}",)) for n in range(7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(outcomes) == ["Rejected"] * 4 + ["confirmed"] * 3
    assert len(orders(books)) == 3


def test_who_waits_gets_what_becomes_free_without_asking_again(site: Site, books: Books) -> None:
    full = create(site, wanted(site, quantity=3))
    request = replace(wanted(site), waiting=True)
    made = create(site, request, "WARTE234")
    assert (made.id, made.state) == ("WARTE234-W501", "waiting")
    books.answered.clear()
    assert create(site, request, "WARTE234") == made, "found on the list by the address"
    (entry,) = books.events[SERIES]["waitinglistentries"]
    assert (entry["email"], entry["name_parts"]["full_name"]) == (CONTACT.email, CONTACT.name)
    with pytest.raises(Rejected, match="je einen Platz"):
        create(site, replace(request, quantity=2), "ZUVIEL23")
    assert site.one("pretix", "booking_state", booking=made) == made

    site.one("pretix", "booking_cancel", booking=full, key="k")
    books.send_voucher(books.events[SERIES])
    for _ in range(2):
        has = site.one("pretix", "booking_state", booking=made)
        assert (has.id, has.state) == (made.id, "confirmed")
    assert [(one["code"], one["status"]) for one in orders(books)] == [
        ("ABCD2345", "c"),
        ("WARTE234", "p"),
    ]
    assert orders(books)[1]["positions"][0]["attendee_name"] == CONTACT.name
    assert site.one("pretix", "booking_cancel", booking=made, key="k").state == "cancelled"
    assert orders(books)[1]["status"] == "c"


# With the hub around it


@pytest.fixture
def net(
    database_url: str, tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Network]:
    with network(database_url, tmp_path / "hub", [SITE], [Point("pretix", Pretix)]) as made:
        with made.hub.db.write() as session:
            session.get_one(models.Site, SITE).internal_hosts = ["127.0.0.1"]
        monkeypatch.setenv("TEST_TOKEN", TOKEN)
        monkeypatch.setenv("TEST_NOTICES", NOTICES)
        secrets = {"token": {"env": "TEST_TOKEN"}, "notices": {"env": "TEST_NOTICES"}}
        activations.enable(made.hub, SITE, "pretix", config(server, **secrets), actor="test")
        report = sync(made.hub.db, made.site(SITE), "pretix")
        assert not report.error, report.error
        yield made


@pytest.fixture
def client(net: Network) -> FlaskClient:
    return create_app(net.hub).test_client()


def booked(net: Network, client: FlaskClient, places: int = 1) -> str:
    """A teacher books the first training in the browser; returns the page of the booking."""
    with net.hub.db.read() as session:
        number = session.scalars(
            sa.select(models.Offer.id).where(models.Offer.source_id == f"{SERIES}:11:1")
        ).one()
    answer = book(client, number, {"anzahl": str(places), "weiter": "1"})
    assert answer.status_code == 303, text_of(answer.text)
    return answer.headers["Location"].partition("?")[0]


def test_a_teacher_books_a_training_and_hears_what_pretix_does_with_it(
    net: Network, client: FlaskClient, books: Books
) -> None:
    log_in(client, net.hub, Role.TEACHER, SITE)
    page = booked(net, client, 2)
    assert "bestätigt" in text_of(client.get(page).text)
    (order,) = orders(books)
    assert order["code"] == bookings(net)[0].reference == page.rpartition("/")[2]

    (date, *_) = books.events[SERIES]["subevents"]
    later = datetime.fromisoformat(date["date_from"]) + timedelta(days=1)
    date["date_from"] = later.isoformat()
    date["date_to"] = (later + timedelta(hours=2)).isoformat()
    order["positions"].pop()
    hook = f"/{SITE}/pretix/hinweis/{NOTICES}"
    told = {"organizer": "mz", "event": SERIES, "code": order["code"], "action": "x"}
    assert client.post(hook, json=told).status_code == 204
    with net.hub.db.read() as session:
        assert session.scalars(sa.select(Elsewhere.next_at)).one() <= now(), "asked at once"
    elsewhere.settle_due(net.hub.db, net.site, now())
    (row,) = bookings(net)
    assert (row.state, row.starts_at, row.quantity) == ("confirmed", later, 1)

    order["status"] = "c"
    client.post(hook, json=told)
    elsewhere.settle_due(net.hub.db, net.site, now())
    assert bookings(net)[0].state == "cancelled"


def test_cancelled_here_it_is_cancelled_there(
    net: Network, client: FlaskClient, books: Books
) -> None:
    log_in(client, net.hub, Role.TEACHER, SITE)
    page = booked(net, client)
    send(client, page, f"{page}/stornieren")
    assert bookings(net)[0].state == "cancelled"
    assert [one["status"] for one in orders(books)] == ["c"]


def test_a_teacher_waits_there_and_no_longer_when_they_say_so(
    net: Network, client: FlaskClient, books: Books
) -> None:
    with net.hub.db.read() as session:
        offer = session.scalars(
            sa.select(models.Offer.id).where(models.Offer.source_id == f"{SERIES}:12:1")
        ).one()
    books.events[SERIES]["quotas"][1]["size"] = 0
    log_in(client, net.hub, Role.TEACHER, SITE)
    first = text_of(client.get(f"/angebot/{offer}/buchen").text)
    assert "Alle Plätze sind belegt" in first
    assert "Sobald ein Platz für Sie frei wird, ist er gebucht" in first
    answer = book(client, offer, {"anzahl": "1", "weiter": "warten"})
    assert answer.status_code == 303, text_of(answer.text)
    page = answer.headers["Location"].partition("?")[0]
    assert "Warteliste" in text_of(client.get(page).text)
    assert len(books.events[SERIES]["waitinglistentries"]) == 1
    send(client, page, f"{page}/stornieren")
    assert bookings(net)[0].state == "cancelled"
    assert books.events[SERIES]["waitinglistentries"] == []


def test_a_notice_from_a_stranger_or_about_nothing_changes_nothing(
    net: Network, client: FlaskClient
) -> None:
    for path, sent, status in (
        ("falsch0123456789ab", {"json": {"code": "ABCD2345"}}, 404),
        (NOTICES, {"data": b"not json", "content_type": "application/json"}, 400),
        (NOTICES, {"json": {"code": ["list"]}}, 400),
        (NOTICES, {"json": ["list"]}, 400),
        (NOTICES, {"json": {"code": "x" * 20_000}}, 400),
        (NOTICES, {"json": {"code": "UNKNOWN2", "event": "other"}}, 204),
        (NOTICES, {"json": {"action": "pretix.event.changed"}}, 204),
    ):
        answer = client.post(f"/{SITE}/pretix/hinweis/{path}", **sent)
        assert answer.status_code == status, (path, sent)


def test_who_is_erased_here_is_nobody_there(
    net: Network, client: FlaskClient, books: Books
) -> None:
    number = log_in(client, net.hub, Role.TEACHER, SITE)
    booked(net, client)
    held = privacy.held(net.hub, number)
    assert "Svenja Ackermann" in str(held.plugins[SITE]["pretix"])
    privacy.erase(net.hub, number, by="test")
    (order,) = orders(books)
    assert order["status"] == "c"
    assert "ckermann" not in str(order)
    assert bookings(net)[0].state == "cancelled"


def test_the_stand_in_keeps_orders_over_a_restart(tmp_path: Path) -> None:
    """A demonstration that is started again finds what was booked in it."""
    keep = tmp_path / "orders.json"
    made = []
    for _ in range(2):
        books = Books(pretix.events(), TOKEN, keep)
        with pretix.running(books) as address:
            site = site_with(Pretix, config(address), tmp_path)
            made.append(create(site, wanted(site)).id)
        assert [one["code"] for one in books.events[SERIES]["orders"]] == ["ABCD2345"]
    assert made[0] == made[1]
