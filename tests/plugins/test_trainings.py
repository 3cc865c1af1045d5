"""Staff plan courses, people take their seats, and a course that is called off tells everybody."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from hub import activations, hookimpl
from hub.app import create_app
from hub.booking import contacts, courses, progress
from hub.booking.intervals import Stretch
from hub.booking.progress import Entry
from hub.catalogue import runs
from hub.catalogue.preview import preview
from hub.catalogue.sync import sync
from hub.identity.actor import Role
from hub.jobs import queue
from hub.models import Bookable, Booking, Job, Offer
from hub.models.base import now
from hub.records import Change, Checkpoint, Contact
from hub.runtime import Hub
from plugins.trainings import Trainings
from tests.identities import log_in, person, send
from tests.sources import Point, network

BERLIN = ZoneInfo("Europe/Berlin")
DAY = now().astimezone(BERLIN).date() + timedelta(days=40)


@pytest.fixture
def hub(database_url: str, tmp_path: Path) -> Iterator[Hub]:
    with (
        network(database_url, tmp_path, ["borken", "coesfeld"]) as net,
        Hub.open(net.hub.settings, [Point("trainings", Trainings)]) as hub,
    ):
        for site in ("borken", "coesfeld"):
            activations.disable(hub, site, "scripted", actor="test")
            activations.enable(hub, site, "trainings", {}, actor="test")
        yield hub


@pytest.fixture
def staff(hub: Hub) -> FlaskClient:
    client = create_app(hub).test_client()
    log_in(client, hub, Role.STAFF, "borken")
    return client


def day(value: date = DAY) -> dict[str, str]:
    return {"tag_tag": str(value.day), "tag_monat": str(value.month), "tag_jahr": str(value.year)}


def plan(client: FlaskClient, **values: Any) -> Any:
    told = {
        "titel": "Trickfilm mit Tablets", "thema": "film", "von": "14:30", "bis": "17:30",
        "ort": "Medienraum", "plaetze": "2", "mindestens": "2", "zielgruppe": ["school", "kita"],
        **day(), **values,
    }  # fmt: skip
    return send(client, "/borken/trainings/neu", **told)


def rows(hub: Hub) -> list[Bookable]:
    with hub.db.read() as session:
        found = list(session.scalars(sa.select(Bookable).order_by(Bookable.id)))
        session.expunge_all()
        return found


def take(hub: Hub, row: Bookable, quantity: int = 1, who: int | None = None) -> int:
    assert row.starts_at is not None
    assert row.ends_at is not None
    entry = Entry(
        site=row.site_key, plugin="trainings", bookable_id=row.id, kind="training",
        title=row.title, time=Stretch(row.starts_at, row.ends_at), quantity=quantity,
        state="confirmed", person_id=who or person(hub, Role.TEACHER, row.site_key),
    )  # fmt: skip
    return progress.create(hub.db, entry, f"k{now().isoformat()}", "test", now())[0]


def booking(hub: Hub, number: int) -> Booking:
    with hub.db.read() as session:
        row = session.get_one(Booking, number)
        session.expunge(row)
        return row


def test_a_course_that_was_planned_is_found_in_the_catalogue(hub: Hub, staff: FlaskClient) -> None:
    answer = plan(staff)
    assert answer.status_code == 303
    page = staff.get(answer.headers["Location"]).text
    for told in ("Trickfilm mit Tablets", "0 von 2 belegt", "Filmbildung", "Medienraum"):
        assert told in page
    with hub.db.write() as session:
        assert queue.available(session) is not None, "the catalogue is taken in anew"
    sync(hub.db, hub.sites.site("borken"), "trainings")
    with hub.db.read() as session:
        offer = session.scalars(sa.select(Offer)).one()
        assert offer.title == "Trickfilm mit Tablets"
        assert "Filmbildung" in offer.record
    assert "Trickfilm mit Tablets" in staff.get("/borken/trainings/").text


def test_a_form_that_is_sent_twice_plans_one_course(hub: Hub, staff: FlaskClient) -> None:
    for _ in range(2):
        assert plan(staff, schluessel="abc123").status_code == 303
    assert len(rows(hub)) == 1


def test_what_was_typed_wrong_is_said_and_stays_typed(hub: Hub, staff: FlaskClient) -> None:
    for values, told in (
        ({"titel": ""}, "Titel"),
        ({"plaetze": "0"}, "ab 1"),
        ({"plaetze": "99999999"}, "ab 1"),
        ({"mindestens": "3"}, "höchstens so groß"),
        ({"bis": "14:00"}, "Ende muss nach dem Anfang"),
        ({"von": "25:00"}, "Uhrzeit"),
        ({"tag_tag": "31", "tag_monat": "2"}, "einen Tag"),
        (day(date(1970, 1, 1)), "einen Tag"),
        (day(date(2001, 1, 1)), "vorbei"),
        (day(date(9999, 12, 31)), "einen Tag"),
        ({"wiederholung": "week", "termine": "1"}, "von 2 bis"),
        ({"wiederholung": "month", "termine": "9", **day(date(9999, 12, 31))}, "einen Tag"),
        ({"thema": "unsinn"}, "Themen"),
    ):
        answer = plan(staff, ort="Raum 17", **values)
        assert answer.status_code == 422, values
        assert told in answer.text, values
        assert "Raum 17" in answer.text
    assert rows(hub) == []


def test_a_series_keeps_its_hour_when_the_clocks_change(hub: Hub, staff: FlaskClient) -> None:
    first = date(DAY.year + 1, 10, 19)
    assert plan(staff, wiederholung="week", termine="3", **day(first)).status_code == 303
    found = rows(hub)
    local = [row.starts_at.astimezone(BERLIN) for row in found if row.starts_at]
    assert [one.date() for one in local] == [first + timedelta(weeks=n) for n in range(3)]
    assert {f"{one:%H:%M}" for one in local} == {"14:30"}
    assert {row.details["series"] for row in found} == {"Trickfilm mit Tablets"}


def test_a_monthly_series_keeps_its_weekday() -> None:
    assert courses.days(date(2027, 1, 12), "month", 3) == [
        date(2027, 1, 12), date(2027, 2, 9), date(2027, 3, 9),
    ]  # fmt: skip
    fifth = courses.days(date(2027, 3, 31), "month", 12)
    assert {one.weekday() for one in fifth} == {2}
    assert [one.month for one in fifth] == [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 1, 2]
    assert courses.days(date(2027, 1, 30), "fortnight", 2)[1] == date(2027, 2, 13)


def test_bookings_move_with_their_course(hub: Hub, staff: FlaskClient) -> None:
    plan(staff)
    (row,) = rows(hub)
    taken = [take(hub, row), take(hub, row)]
    page = f"/borken/trainings/{row.id}/bearbeiten"
    told = {"titel": "Trickfilm", "von": "15:00", "bis": "18:00", "plaetze": "1", **day()}
    assert send(staff, page, **told).status_code == 303
    (row,) = rows(hub)
    assert (row.title, row.capacity) == ("Trickfilm", 1)
    for number in taken:
        moved = booking(hub, number)
        assert (moved.starts_at, moved.ends_at) == (row.starts_at, row.ends_at)
    assert "2 von 1 belegt" in staff.get(f"/borken/trainings/{row.id}").text
    with hub.db.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Job)) == 1, "one waits for all"


def test_a_copy_has_everything_but_the_day(hub: Hub, staff: FlaskClient) -> None:
    plan(staff)
    (row,) = rows(hub)
    page = staff.get(f"/borken/trainings/neu?vorlage={row.id}").text
    assert 'value="Trickfilm mit Tablets"' in page
    assert 'id="tag_tag" name="tag_tag" value=""' in page
    assert staff.get("/borken/trainings/neu?vorlage=99999").status_code == 404


def test_a_course_that_is_called_off_cancels_its_bookings_with_the_reason(
    hub: Hub, staff: FlaskClient
) -> None:
    plan(staff)
    (row,) = rows(hub)
    taken = take(hub, row, 2)
    page = f"/borken/trainings/{row.id}/absagen"
    assert "2 Plätze sind belegt" in staff.get(page).text
    answer = send(staff, page, grund="Die Referentin ist krank.")
    assert "abgesagt" in staff.get(answer.headers["Location"]).text
    gone = booking(hub, taken)
    assert (gone.state, gone.reason) == ("cancelled", "Die Referentin ist krank.")
    assert staff.get(page).status_code == 404
    report = sync(hub.db, hub.sites.site("borken"), "trainings")
    assert report.added == 0, "what was called off is not offered"
    assert send(staff, "/borken/trainings/neu", page, grund="noch einmal").status_code == 303
    assert booking(hub, taken).reason == "Die Referentin ist krank."


def test_other_centres_and_people_without_the_permission_see_no_course(
    hub: Hub, staff: FlaskClient
) -> None:
    plan(staff)
    (row,) = rows(hub)
    addresses = [
        f"/borken/trainings/{rest}"
        for rest in ("", "neu", f"{row.id}", f"{row.id}/bearbeiten", f"{row.id}/absagen")
    ]
    for role, site in (
        (Role.TEACHER, "borken"),
        (Role.STAFF, "coesfeld"),
        (Role.CITIZEN, "borken"),
    ):
        client = create_app(hub).test_client()
        log_in(client, hub, role, site)
        assert {client.get(one).status_code for one in addresses} == {404}
    foreign = create_app(hub).test_client()
    log_in(foreign, hub, Role.STAFF, "coesfeld")
    assert foreign.get(f"/coesfeld/trainings/{row.id}").status_code == 404
    assert create_app(hub).test_client().get(addresses[0]).status_code == 303


def test_a_course_that_is_over_is_no_longer_offered(hub: Hub) -> None:
    past = now() - timedelta(days=3)
    with hub.db.write() as session:
        times = [Stretch(past, past + timedelta(hours=3))]
        courses.add(session, "borken", "trainings", courses.Plan("Vorbei", 5), times, "k")
    assert sync(hub.db, hub.sites.site("borken"), "trainings").added == 0
    with hub.db.read() as session:
        coming, over = courses.listing(session, "borken", "trainings", now())
    assert (coming, [one.plan.title for one in over]) == ([], ["Vorbei"])


def began(hub: Hub, row: Bookable) -> None:
    """The course began an hour ago."""
    start = now() - timedelta(hours=1)
    time = {"starts_at": start, "ends_at": start + timedelta(hours=3)}
    with hub.db.write() as session:
        session.execute(sa.update(Bookable).where(Bookable.id == row.id).values(**time))
        session.execute(sa.update(Booking).where(Booking.bookable_id == row.id).values(**time))


def test_many_that_are_called_off_at_once_leave_the_catalogue_without_being_held(
    hub: Hub, staff: FlaskClient
) -> None:
    plan(staff, wiederholung="week", termine="8")
    borken = hub.sites.site("borken")
    assert sync(hub.db, borken, "trainings").added == 8
    found = rows(hub)
    for row in found[:7]:
        assert send(staff, f"/borken/trainings/{row.id}/absagen").status_code == 303
    assert not preview(hub.db, borken, "trainings").held
    report = sync(hub.db, borken, "trainings")
    assert (report.state, report.withdrawn) == ("succeeded", 7)
    assert send(staff, f"/borken/trainings/{found[7].id}/absagen").status_code == 303
    assert sync(hub.db, borken, "trainings").state == "succeeded", "also the last one"


def test_what_the_plugin_merely_does_not_give_is_held(
    hub: Hub, staff: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan(staff, wiederholung="week", termine="9")
    borken = hub.sites.site("borken")
    sync(hub.db, borken, "trainings")
    found = rows(hub)
    send(staff, f"/borken/trainings/{found[0].id}/absagen")

    def broken(self: Trainings, cursor: str | None) -> Iterator[Change]:
        yield Checkpoint(None, complete=True)

    monkeypatch.setattr(Trainings, "catalogue_changes", hookimpl(broken))
    with Hub.open(hub.settings, [Point("trainings", Trainings)]) as other:
        report = sync(hub.db, other.sites.site("borken"), "trainings")
    assert (report.state, report.withdrawn) == ("held", 1), "what was called off goes in any case"
    assert "8 of 8" in report.error
    assert report.run_id is not None
    assert runs.release(hub.db, report.run_id) == 9


def named(hub: Hub, who: int, name: str) -> None:
    with hub.db.write() as session:
        told = Contact(name, "muster@schule.example")
        contacts.keep(session, who, "borken", told)


def test_who_came_is_ticked_and_prints_a_certificate(hub: Hub, staff: FlaskClient) -> None:
    plan(staff)
    (row,) = rows(hub)
    clients = [create_app(hub).test_client() for _ in range(2)]
    people = [log_in(client, hub, Role.TEACHER, "borken") for client in clients]
    for who, name in zip(people, ("=Zoë <b>Muster</b>", "Änne Beispiel"), strict=True):
        named(hub, who, name)
    first, second = (booking(hub, take(hub, row, who=who)).reference for who in people)
    page = f"/borken/trainings/{row.id}/teilnahme"
    early = send(staff, page, da=first)
    assert early.status_code == 409
    assert "begonnen" in early.text
    began(hub, row)
    listed = staff.get(page).text
    assert "&lt;b&gt;Muster" in listed
    for ending in ("", ".pdf"):
        early = clients[0].get(f"/meine-buchungen/{first}/bescheinigung{ending}")
        assert early.status_code == 404
    assert send(staff, page, da=first).status_code == 303
    assert f'value="{first}" checked' in staff.get(page).text
    certificate = f"/meine-buchungen/{first}/bescheinigung"
    assert certificate in clients[0].get(f"/meine-buchungen/{first}").text
    printed = clients[0].get(certificate).text
    for told in (
        "Teilnahmebescheinigung", "Trickfilm mit Tablets", "3:00 Stunden", "Medienraum",
        "Filmbildung", f"{certificate}.pdf",
    ):  # fmt: skip
        assert told in printed
    file = clients[0].get(f"{certificate}.pdf")
    assert file.content_type == "application/pdf"
    assert file.headers["Content-Disposition"].endswith(f"teilnahmebescheinigung-{first}.pdf")
    assert b"/Lang (de)" in file.data
    glyphs = b"".join(re.findall(rb"beginbfchar(.*?)endbfchar", file.data, re.DOTALL)).upper()
    for character in "Zoë<>3:TF":
        assert f"{ord(character):04X}".encode() in glyphs, character
    assert clients[1].get(f"{certificate}.pdf").status_code == 404, "somebody else's"
    assert clients[1].get(f"/meine-buchungen/{second}/bescheinigung").status_code == 404
    assert clients[1].get(certificate).status_code == 404, "somebody else's"
    table = staff.get(f"{page}.csv").get_data(as_text=True).splitlines()
    assert table[1].startswith("'=Zoë") or table[2].startswith("'=Zoë"), "no formula"
    assert send(staff, page, da=second).status_code == 303, "ticked anew"
    with hub.db.read() as session:
        came = dict(session.execute(sa.select(Booking.reference, Booking.state)).all())
    assert came == {first: "no_show", second: "returned"}
    foreign = create_app(hub).test_client()
    log_in(foreign, hub, Role.STAFF, "coesfeld")
    assert foreign.get(f"/coesfeld/trainings/{row.id}/teilnahme.csv").status_code == 404
    assert clients[0].get(page).status_code == 404
