"""What another hub keeps is booked from here: once, followed, and not believed where it lies."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from connectors import http
from connectors.errors import Unreachable
from connectors.hub_api import HubApi
from hub import activations, models
from hub.app import create_app
from hub.booking import elsewhere, progress
from hub.catalogue.sync import sync
from hub.errors import Denied, PluginError, Rejected, Unavailable
from hub.identity import api_tokens, privacy, sessions
from hub.identity.actor import Actor, Role
from hub.models import BookingRules, Elsewhere
from hub.models import Person as PersonRow
from hub.models.base import now
from hub.records import BookingRequest, Offer, Person, Upsert
from hub.runtime import Hub
from hub.site import Site
from hub.testing import BookingContract, site_with
from plugins.hub_peer import HubPeer
from tests.bookings import SITE, bookings, calendar, offer, open_day, wish
from tests.hub.test_serving import served as process
from tests.hub.web.test_booking import book
from tests.hub.web.test_pages import text_of
from tests.identities import log_in, person, send
from tests.servers.peer import Peer, peer
from tests.serving import served
from tests.sources import Network, Point, network

LAND = "land"
MAIL = "ausleihe@land.example"


class Killed(BaseException):
    """The process ends here."""


@dataclass
class Region:
    """The hub that keeps the books, served on a loopback port."""

    net: Network
    address: str
    token: str
    offer: int

    def config(self, token: Any = None) -> dict[str, Any]:
        account = {
            "hub": self.address,
            "site": SITE,
            "token": token or self.token,
            "email": MAIL,
        }
        return {"peers": [{"address": self.address}], "accounts": [account]}

    def advance(self, state: str, number: int = 0) -> None:
        """The staff there carry a booking on."""
        row = bookings(self.net)[number]
        with self.net.hub.db.write(queued=True) as session:
            at = session.get_one(models.Booking, row.id)
            progress.advance(session, at, state, "staff", now())


def account(hub: Hub) -> str:
    """A token to book at the site, and rules that let it."""
    number = person(hub, Role.TEACHER, SITE, "Medienzentrum Land")
    with hub.db.write() as session:
        rules = {"approval": False}
        session.merge(BookingRules(site_key=SITE, kind="", borrower="private", overrides=rules))
        row = session.get_one(PersonRow, number)
        actor = Actor(number, row.key, row.name, sessions.roles_of(session, number))
        return api_tokens.create(session, actor, SITE, "Land", 30, ["bookings"])


@pytest.fixture
def region(sqlite_template: Path, tmp_path: Path) -> Iterator[Region]:
    shutil.copyfile(sqlite_template, tmp_path / "region.sqlite3")
    url = f"sqlite:///{tmp_path / 'region.sqlite3'}"
    with network(url, tmp_path / "region", [SITE]) as net, served(net) as address:
        yield Region(net, address, account(net.hub), offer(net))


@pytest.fixture
def site(region: Region, tmp_path: Path) -> Site:
    return site_with(HubPeer, region.config(), tmp_path)


def wanted(region: Region, site: Site, quantity: int = 1) -> BookingRequest:
    day = open_day(region.net, 30)
    stretch = calendar(region.net).loan(day, day + timedelta(days=1))
    changes = list(site.one("hub_peer", "catalogue_changes", cursor=None))
    (record,) = [one.record for one in changes if isinstance(one, Upsert)]
    return BookingRequest(
        Offer(7, "teststadt", "hub_peer", record),
        Person("p1"),
        stretch.start,
        stretch.end,
        quantity,
        note="Bitte mit Ladekabel.",
    )


class TestContract(BookingContract):
    plugin = HubPeer

    @pytest.fixture
    def plugin_config(self, region: Region) -> Mapping[str, Any]:
        return region.config()

    @pytest.fixture
    def booking_request(self, region: Region, site: Site) -> BookingRequest:
        return wanted(region, site)


@pytest.mark.parametrize("dies", ["before", "after"])
def test_killed_at_any_request_there_is_one_booking(
    region: Region, site: Site, monkeypatch: pytest.MonkeyPatch, dies: str
) -> None:
    request, exchange = wanted(region, site), http.Client._exchange

    def dying(self: Any, *a: Any, **b: Any) -> Any:
        if dies == "after":
            exchange(self, *a, **b)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(http.Client, "_exchange", dying)
        with pytest.raises(PluginError):
            site.one("hub_peer", "booking_create", request=request, key="ABCD2345")
    assert len(bookings(region.net)) == (dies == "after")
    # What became of it there meanwhile does not hide it.
    if dies == "after":
        with region.net.hub.db.write() as session:
            session.execute(sa.update(models.Offer).values(withdrawn_at=now()))
    made = site.one("hub_peer", "booking_create", request=request, key="ABCD2345")
    (row,) = bookings(region.net)
    assert made.id == f"{region.address}/{row.reference}"
    assert (row.starts_at, row.ends_at) == (request.start, request.end)
    assert row.note == "Medienzentrum Teststadt, Buchung ABCD2345\nBitte mit Ladekabel."


def test_a_refusal_comes_with_its_reason(region: Region, site: Site) -> None:
    request = wanted(region, site)
    with pytest.raises(Rejected, match=f"{region.net.site(SITE).row.name}: .*frei") as refused:
        site.one("hub_peer", "booking_create", request=replace(request, quantity=3), key="VIEL2345")
    assert region.token not in str(refused.value)
    assert not bookings(region.net)


@pytest.mark.parametrize(
    ("lie", "error"),
    [
        ({"quantity": 2}, Denied),
        ({"ends_at": "2031-01-01T00:00:00+00:00"}, Denied),
        ({"links": {"offer": "https://hub.example/api/v1/offers/1"}}, Denied),
        ({"own": False}, Denied),
        ({"kind": {"code": "room", "label": "Raum"}}, Denied),
        ({"state": "lost"}, Denied),
        ({"reference": "../../me"}, Unavailable),
        ({"quantity": "all"}, Unavailable),
        ({"starts_at": "morgen"}, Unavailable),
    ],
)
def test_what_was_not_asked_for_is_not_believed(
    region: Region,
    site: Site,
    monkeypatch: pytest.MonkeyPatch,
    lie: dict[str, Any],
    error: type[Exception],
) -> None:
    request, ask = wanted(region, site), HubApi._do
    monkeypatch.setattr(HubApi, "_do", lambda *told: {**ask(*told), **lie})
    with pytest.raises(error) as caught:
        site.one("hub_peer", "booking_create", request=request, key="ABCD2345")
    assert region.token not in str(caught.value)


def test_what_is_free_at_other_times_is_not_believed(
    region: Region, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = wanted(region, site)
    early = (request.start - timedelta(days=1)).isoformat()
    for items in (
        [{"from": early, "to": request.end.isoformat(), "free": 1}],
        [{"from": request.start.isoformat(), "to": request.end.isoformat(), "free": -1}],
        "all",
    ):
        monkeypatch.setattr(HubApi, "_do", lambda *_, items=items: {"items": items})
        with pytest.raises(Unavailable):
            site.one(
                "hub_peer",
                "booking_slots",
                offer=request.offer,
                start=request.start,
                end=request.end,
                person=None,
            )


def test_health_says_that_a_token_may_not_book(region: Region, tmp_path: Path) -> None:
    site_with(HubPeer, region.config(), tmp_path).one("hub_peer", "health")
    with pytest.raises(Denied, match="401") as caught:
        site_with(HubPeer, region.config("hub_falsch"), tmp_path).one("hub_peer", "health")
    assert "hub_falsch" not in str(caught.value)


# With a hub around it


@pytest.fixture
def land(
    database_url: str, tmp_path: Path, region: Region, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Network]:
    with network(database_url, tmp_path / "land", [LAND], [Point("hub_peer", HubPeer)]) as made:
        with made.hub.db.write() as session:
            session.get_one(models.Site, LAND).internal_hosts = ["127.0.0.1"]
        monkeypatch.setenv("TEST_TOKEN", region.token)
        activations.enable(
            made.hub, LAND, "hub_peer", region.config({"env": "TEST_TOKEN"}), actor="test"
        )
        report = sync(made.hub.db, made.site(LAND), "hub_peer")
        assert not report.error, report.error
        yield made


@pytest.fixture
def client(land: Network) -> FlaskClient:
    client = create_app(land.hub).test_client()
    log_in(client, land.hub, Role.TEACHER, LAND)
    return client


def booked(land: Network, region: Region, client: FlaskClient) -> str:
    """A teacher books in the browser; returns the page of the booking."""
    with land.hub.db.read() as session:
        number = session.scalars(
            sa.select(models.Offer.id).where(models.Offer.plugin == "hub_peer")
        ).one()
    day = open_day(region.net, 30)
    answer = book(client, number, wish(day, day, anzahl="1"))
    assert answer.status_code == 303, text_of(answer.text)
    return str(answer.headers["Location"].partition("?")[0])


def again(land: Network) -> None:
    """Whatever is open is asked for now."""
    with land.hub.db.write() as session:
        session.execute(
            sa.update(Elsewhere).where(Elsewhere.next_at.is_not(None)).values(next_at=now())
        )
        session.execute(sa.delete(models.Breaker))
    elsewhere.settle_due(land.hub.db, land.site, now())


def test_a_teacher_books_there_and_hears_what_becomes_of_it(
    land: Network, region: Region, client: FlaskClient
) -> None:
    page = booked(land, region, client)
    (row,) = bookings(land)
    (there,) = bookings(region.net)
    assert (row.state, there.state) == ("confirmed", "confirmed")
    assert page.rpartition("/")[2] == row.reference
    with region.net.hub.db.read() as session:
        contact = session.scalars(sa.select(models.BookingContact)).one()
        assert (contact.name, contact.email) == (land.site(LAND).row.name, MAIL)
    assert "Ackermann" not in f"{there.note} {there.answers}", "who books is not told"
    for state in ("handed_out", "returned"):
        region.advance(state)
        again(land)
        assert bookings(land)[0].state == state


def test_moved_here_it_is_moved_there_or_says_why_not(
    land: Network, region: Region, client: FlaskClient
) -> None:
    page = booked(land, region, client)
    (before,) = bookings(land)
    days = (open_day(region.net, 40), open_day(region.net, 41))
    moved = send(client, f"{page}/aendern", **wish(*days), anzahl="1")
    assert moved.status_code == 303, text_of(moved.text)
    here, there = (bookings(one)[0] for one in (land, region.net))
    assert here.starts_at != before.starts_at
    for one in (here, there):
        assert (one.starts_at.date(), one.ends_at.date(), one.state) == (*days, "confirmed")
    far = open_day(region.net, 5_000)
    refused = send(client, f"{page}/aendern", **wish(far, far), anzahl="1")
    assert refused.status_code == 422
    assert bookings(region.net)[0].starts_at == there.starts_at
    send(client, page, f"{page}/zurueckverschieben")
    assert [bookings(one)[0].starts_at for one in (land, region.net)] == [before.starts_at] * 2


def test_given_up_here_or_there_it_is_given_up(
    land: Network, region: Region, client: FlaskClient
) -> None:
    page = booked(land, region, client)
    send(client, page, f"{page}/stornieren")
    assert [bookings(one)[0].state for one in (land, region.net)] == ["cancelled", "cancelled"]
    booked(land, region, client)
    region.advance("cancelled", 1)
    again(land)
    assert bookings(land)[1].state == "cancelled"


def test_a_hub_that_gives_one_number_to_two_is_not_believed(
    land: Network, region: Region, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    booked(land, region, client)
    first, told = HubApi.book, {}

    def lying(self: HubApi, order: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        (row,) = bookings(region.net)
        return {**told, **self.booking(row.reference)}

    monkeypatch.setattr(HubApi, "book", lying)
    booked(land, region, client)
    one, other = bookings(land)
    assert (one.state, other.state, other.external_id) == ("confirmed", "requested", "")
    staff = create_app(land.hub).test_client()
    log_in(staff, land.hub, Role.STAFF, LAND)
    shown = staff.get(f"/{LAND}/verwaltung/buchung/{other.reference}").text
    assert "number of another booking" in text_of(shown)
    monkeypatch.setattr(HubApi, "book", first)
    again(land)
    assert bookings(land)[1].state == "confirmed"
    assert len(bookings(region.net)) == 2


def test_who_is_erased_here_gives_up_what_is_booked_there(
    land: Network, region: Region, client: FlaskClient
) -> None:
    booked(land, region, client)
    with land.hub.db.read() as session:
        number = session.scalars(sa.select(models.Booking.person_id)).one()
    assert number is not None
    privacy.erase(land.hub, number, by="test")
    assert [bookings(one)[0].state for one in (land, region.net)] == ["cancelled", "cancelled"]


@pytest.fixture
def other() -> Iterator[Peer]:
    with peer() as running:
        yield running


def test_what_a_hub_may_pass_on_is_read_anew_when_that_changes(land: Network, other: Peer) -> None:
    for number in range(1, 10):
        other.offer(number, f"Vulkane {number}")
    other.offer(10, "Gletscher", hub="https://kreis.example")

    def read(*passes_on: str) -> set[str]:
        peers = [{"address": other.address, "passes_on": list(passes_on)}]
        activations.enable(land.hub, LAND, "hub_peer", {"peers": peers}, actor="test")
        report = sync(land.hub.db, land.site(LAND), "hub_peer")
        assert report.state == "succeeded", report.error
        with land.hub.db.read() as session:
            rows = sa.select(models.Offer.title).where(
                models.Offer.plugin == "hub_peer", models.Offer.withdrawn_at.is_(None)
            )
            return set(session.scalars(rows))

    assert len(read()) == 9
    assert "Gletscher" in read("https://kreis.example")
    asked = len(other.asked)
    read("https://kreis.example")
    assert len(other.asked) - asked == 3, "what did not change is not read anew"
    assert "Gletscher" not in read()


def test_between_two_processes_a_lost_answer_leaves_one_booking(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other hub is a process of its own; its answer is lost, and nobody booked twice."""
    folder = tmp_path / "region"
    (folder / "config").mkdir(parents=True)
    config = str(folder / "config")
    with process(folder, HUB_CONFIG=config) as port:
        address = f"http://127.0.0.1:{port}"
        monkeypatch.setenv("HUB_SECRET_KEY", "k" * 32)
        url = f"sqlite:///{folder / 'hub.sqlite3'}"
        with network(url, folder / "config", [SITE]) as net:
            region = Region(net, address, account(net.hub), offer(net))
            site = site_with(HubPeer, region.config(), tmp_path)
            request, exchange = wanted(region, site), http.Client._exchange

            def lost(self: Any, *a: Any, **b: Any) -> Any:
                exchange(self, *a, **b)
                raise Unreachable("the connection was reset")

            with monkeypatch.context() as patched:
                patched.setattr(http.Client, "_exchange", lost)
                with pytest.raises(Unavailable):
                    site.one("hub_peer", "booking_create", request=request, key="ABCD2345")
            (first,) = bookings(net)
            made = site.one("hub_peer", "booking_create", request=request, key="ABCD2345")
            assert made.id.endswith(first.reference)
            assert len(bookings(net)) == 1
            gone = site.one("hub_peer", "booking_cancel", booking=made, key="k")
            assert (gone.state, bookings(net)[0].state) == ("cancelled", "cancelled")
