"""Requests from the form to their end: stages drive the booking, staff and person talk."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from hub import activations
from hub.app import create_app
from hub.booking import cases, contacts, progress, retention, workflow
from hub.booking.intervals import Stretch
from hub.booking.progress import Entry
from hub.catalogue.sync import sync
from hub.identity import privacy
from hub.identity.actor import Role
from hub.models import Bookable, Booking, Case, CaseNote, Mail, Offer, Person
from hub.models.base import now
from hub.records import Contact, Kind
from hub.runtime import Hub
from plugins.requests import Requests
from tests.hub.web.test_pages import text_of
from tests.identities import COOKIE, log_in, person, send, token
from tests.sources import Point, network


@pytest.fixture
def hub(database_url: str, tmp_path: Path) -> Iterator[Hub]:
    with network(database_url, tmp_path, ("borken", "coesfeld")) as net:
        points = [Point("scripted", net.plugin), Point("requests", Requests)]
        with Hub.open(net.hub.settings, points) as opened:
            for site in ("borken", "coesfeld"):
                activations.enable(opened, site, "requests", {}, actor="test")
            yield opened


@pytest.fixture
def staff(hub: Hub) -> FlaskClient:
    return client_of(hub, person(hub, Role.STAFF, "borken", name="Jens Wolters"))


@pytest.fixture
def ada(hub: Hub) -> int:
    number = person(hub, Role.TEACHER, "borken", name="Ada Muster")
    with hub.db.write() as session:
        contacts.keep(session, number, "borken", Contact("Ada Muster", "ada@schule.example", ""))
    return number


def client_of(hub: Hub, number: int) -> FlaskClient:
    client = create_app(hub).test_client()
    client.set_cookie(COOKIE, token(hub, number))
    return client


def put_in(staff: FlaskClient, kind: Kind, title: str = "Beratung", **fields: Any) -> str:
    answer = send(staff, "/borken/requests/angebote/neu", kind=kind.value, title=title, **fields)
    assert answer.status_code == 303, text_of(answer.text)
    return str(answer.headers["Location"]).partition("?")[0]


def ask(hub: Hub, staff: FlaskClient, who: int, kind: Kind, title: str = "Beratung") -> str:
    """A request of this kind by somebody; returns its reference."""
    put_in(staff, kind, title, schluessel="offer")
    start = now() + timedelta(days=40)
    with hub.db.read() as session:
        row = session.scalars(sa.select(Bookable).where(Bookable.title == title)).one()
    entry = Entry(
        "borken", "requests", row.id, kind, title, Stretch(start, start + timedelta(hours=2)),
        person_id=who, borrower="private", note="Bitte abends",
    )  # fmt: skip
    number, _ = progress.create(hub.db, entry, f"{who}-{title}-{start}", "test", now())
    return reference_of(hub, number)


def reference_of(hub: Hub, number: int) -> str:
    with hub.db.read() as session:
        return session.get_one(Booking, number).reference


def state_of(hub: Hub, reference: str) -> tuple[str, str]:
    """The state of the booking, and the stage of the request."""
    with hub.db.read() as session:
        row = cases.find(session, "borken", "requests", reference)
        assert row is not None
        return row.state, cases.standing(session, row).code


def move(staff: FlaskClient, reference: str, stage: str, seen: str = "") -> Any:
    page = f"/borken/requests/fall/{reference}"
    shown = re.search(r'name="gesehen" value="(\w+)"', staff.get(page).text)
    assert shown
    return send(staff, page, f"{page}/stufe", stufe=stage, gesehen=seen or shown[1])


def look_after(staff: FlaskClient, reference: str, **fields: Any) -> Any:
    page = f"/borken/requests/fall/{reference}"
    return send(staff, page, f"{page}/betreuung", **fields)


def note(staff: FlaskClient, reference: str, text: str, whom: str, **more: str) -> Any:
    page = f"/borken/requests/fall/{reference}"
    return send(staff, page, f"{page}/notiz", text=text, fuer=whom, **more)


def test_what_can_be_asked_for_stands_in_the_catalogue(hub: Hub, staff: FlaskClient) -> None:
    offer = put_in(staff, Kind.PARENTS_EVENING, "Elternabend", audiences=["kita", "school", "x"])
    assert sync(hub.db, hub.sites.site("borken"), "requests").state == "succeeded"
    with hub.db.read() as session:
        row = session.scalars(sa.select(Offer)).one()
    assert row.kind == "parents_evening"
    assert "Kita und Familienzentrum" in text_of(staff.get(f"/angebot/{row.id}").text)
    send(staff, offer, title="Elternabend Spiele", kind="scouts")
    listed = text_of(staff.get("/borken/requests/angebote").text)
    assert "Elternabend Spiele" in listed
    with hub.db.read() as session:
        assert session.scalars(sa.select(Bookable)).one().kind == "parents_evening"
    send(staff, offer, f"{offer}/ausmustern")
    assert "Nicht mehr angeboten" in text_of(staff.get("/borken/requests/angebote").text)
    for wrong in ({"title": ""}, {"title": "X", "kind": "device"}):
        fields = {"kind": "project", **wrong}
        assert send(staff, "/borken/requests/angebote/neu", **fields).status_code == 400


def test_consulting_goes_through_seven_steps(hub: Hub, staff: FlaskClient, ada: int) -> None:
    reference = ask(hub, staff, ada, Kind.CONSULTING)
    assert state_of(hub, reference) == ("requested", "asked")
    assert move(staff, reference, "step1").status_code == 303
    assert state_of(hub, reference) == ("confirmed", "step1")
    look_after(staff, reference, kompetenz=["3.4", "1.1", "9.9"])
    with hub.db.read() as session:
        assert session.scalars(sa.select(Case.competences)).one() == ["1.1", "3.4"]
    for number in range(2, 8):
        move(staff, reference, f"step{number}")
    move(staff, reference, "done")
    assert state_of(hub, reference) == ("returned", "done")
    page = text_of(client_of(hub, ada).get(f"/meine-buchungen/{reference}").text)
    assert page.index("Schritt 1") < page.index("Schritt 7")
    assert move(staff, reference, "step7").status_code == 303, "a slip is taken back"
    assert state_of(hub, reference) == ("confirmed", "step7")


def test_a_parents_evening_needs_its_triage(hub: Hub, staff: FlaskClient, ada: int) -> None:
    reference = ask(hub, staff, ada, Kind.PARENTS_EVENING)
    answer = move(staff, reference, "agreed")
    assert answer.status_code == 409
    assert "Bitte füllen Sie zuerst aus: Wer es übernimmt, Referentin" in text_of(answer.text)
    look_after(staff, reference, feld_triage="lfm", feld_speaker="R. Beispiel", feld_x="y")
    for stage, state in (
        ("triage", "requested"), ("speaker", "requested"), ("agreed", "confirmed"),
        ("held", "confirmed"), ("report", "returned"),
    ):  # fmt: skip
        assert move(staff, reference, stage).status_code == 303
        assert state_of(hub, reference) == (state, stage)


def test_a_round_of_scouts_has_ten_schools_at_most(hub: Hub, staff: FlaskClient, ada: int) -> None:
    references = [ask(hub, staff, ada, Kind.SCOUTS, "Medienscouts") for _ in range(11)]
    for reference in references[:10]:
        assert look_after(staff, reference, feld_round="2027-1").status_code == 303
    assert "10 Schulen" in text_of(staff.get(f"/borken/requests/fall/{references[0]}").text)
    answer = look_after(staff, references[10], feld_round="2027-1")
    assert answer.status_code == 409
    assert "schon 10 Schulen" in text_of(answer.text)
    assert look_after(staff, references[0], feld_round="2027-1").status_code == 303
    assert move(staff, references[0], "workshop1").status_code == 303
    assert state_of(hub, references[0]) == ("confirmed", "workshop1")


def test_two_who_decide_do_not_overrule_each_other(hub: Hub, staff: FlaskClient, ada: int) -> None:
    reference = ask(hub, staff, ada, Kind.PROJECT)
    assert move(staff, reference, "planned").status_code == 303
    answer = move(staff, reference, "done", seen="asked")
    assert answer.status_code == 409
    assert "Jemand anderes" in text_of(answer.text)
    assert state_of(hub, reference) == ("confirmed", "planned")
    assert move(staff, reference, "planned", seen="asked").status_code == 303, "a double click"
    assert move(staff, reference, "nirgends").status_code == 409


def test_what_the_desk_did_shows_in_the_stage(hub: Hub, staff: FlaskClient, ada: int) -> None:
    reference = ask(hub, staff, ada, Kind.PROJECT)
    with hub.db.write() as session:
        row = cases.find(session, "borken", "requests", reference)
        assert row is not None
        progress.advance(session, row, "confirmed", "test", now())
    assert state_of(hub, reference) == ("confirmed", "agreed")


def test_only_staff_look_after_a_request(hub: Hub, staff: FlaskClient, ada: int) -> None:
    page = staff.get(f"/borken/requests/fall/{ask(hub, staff, ada, Kind.CONSULTING)}").text
    choice = page[page.index('name="wer"') :]
    choice = choice[: choice.index("</select>")]
    assert "Jens Wolters" in choice
    assert "Ada Muster" not in choice, "a borrower"


def test_the_list_is_filtered(hub: Hub, staff: FlaskClient, ada: int) -> None:
    project = ask(hub, staff, ada, Kind.PROJECT, "Filmprojekt")
    ask(hub, staff, ada, Kind.CONSULTING, "Konzeptberatung")
    with hub.db.read() as session:
        jens = session.scalars(sa.select(Person.key).where(Person.name == "Jens Wolters")).one()
    past = now() - timedelta(days=3)
    day = {"faellig_tag": past.day, "faellig_monat": past.month, "faellig_jahr": past.year}
    assert look_after(staff, project, wer=jens, **day).status_code == 303
    move(staff, project, "agreed")

    def listed(query: str) -> str:
        return text_of(staff.get(f"/borken/requests/?{query}").text).partition("Anzeigen")[2]

    assert listed("").index("Filmprojekt") < listed("").index("Konzeptberatung")
    for query in ("art=project", f"wer={jens}", "faellig=1", "art=project&stufe=agreed"):
        assert "Filmprojekt" in listed(query), query
        assert "Konzeptberatung" not in listed(query), query
    assert "überfällig" in listed("")
    for query in ("art=nichts", "art=project&stufe=done", "wer=niemand", "stand=beendet"):
        assert "0 Anfragen" in listed(query), query
    page = f"/borken/requests/fall/{project}"
    assert send(staff, page, f"{page}/ablehnen", grund="").status_code == 400
    for _ in range(2):
        assert send(staff, page, f"{page}/ablehnen", grund="Kein Termin frei").status_code == 303
    assert "Filmprojekt" in listed("stand=beendet")
    mine = text_of(client_of(hub, ada).get(f"/meine-buchungen/{project}").text)
    assert "Kein Termin frei" in mine
    assert 'name="gesehen"' not in staff.get(page).text, "what was refused has no further stage"


def test_the_time_that_is_agreed_replaces_the_wish(hub: Hub, staff: FlaskClient, ada: int) -> None:
    reference = ask(hub, staff, ada, Kind.PARENTS_EVENING)
    page = f"/borken/requests/fall/{reference}"
    assert "/fall/" in staff.get(f"/borken/verwaltung/buchung/{reference}").text
    then = now() + timedelta(days=50)
    day = {"termin_tag": then.day, "termin_monat": then.month, "termin_jahr": then.year}
    for wrong, field in (({"von": "19h"}, "von"), ({"termin_tag": ""}, "termin")):
        given = {**day, "von": "19:00", "bis": "21:00", **wrong}
        answer = send(staff, page, f"{page}/termin", **given)
        assert answer.status_code == 400
        assert f'href="#{field}"' in answer.text
    assert send(staff, page, f"{page}/termin", **day, von="19", bis="18").status_code == 409
    for _ in range(2):
        answer = send(staff, page, f"{page}/termin", **day, von="19:00", bis="21:00")
        assert answer.status_code == 303
    told = text_of(client_of(hub, ada).get(f"/meine-buchungen/{reference}").text)
    assert "19:00 bis 21:00" in told
    assert told.count("auf eine andere Zeit verlegt") == 1
    assert "auf eine andere Zeit verlegt (Jens Wolters)" in text_of(staff.get(page).text)


@pytest.mark.parametrize(
    "day",
    [{"faellig_tag": "31", "faellig_monat": "2", "faellig_jahr": "2027"}, {"faellig_tag": "x"}],
)
def test_a_day_that_is_none_is_said(
    hub: Hub, staff: FlaskClient, ada: int, day: dict[str, str]
) -> None:
    reference = ask(hub, staff, ada, Kind.PROJECT)
    answer = look_after(staff, reference, **day)
    assert answer.status_code == 400
    assert 'href="#faellig"' in answer.text


def test_staff_and_person_talk_and_notes_stay_inside(
    hub: Hub, staff: FlaskClient, ada: int
) -> None:
    reference = ask(hub, staff, ada, Kind.CONSULTING)
    mine = f"/meine-buchungen/{reference}"
    client = client_of(hub, ada)
    note(staff, reference, "Schule ruft selten zurück", "staff")
    note(staff, reference, "Passt Ihnen der <b>12. Mai</b>?", "person")
    for _ in range(2):
        answer = send(client, mine, f"{mine}/nachricht", text="Ja, gern.", schluessel="k1")
        assert answer.status_code == 303
    send(client, mine, f"{mine}/nachricht", text="Um 10 Uhr?", schluessel="k1")
    page = client.get(mine).text
    told = text_of(page)
    assert told.count("Ja, gern.") == 1
    assert told.index("12. Mai") < told.index("Ja, gern.") < told.index("Um 10 Uhr?")
    assert "<b>12. Mai" not in page
    assert "selten" not in page
    inside = text_of(staff.get(f"/borken/requests/fall/{reference}").text)
    for text in ("selten zurück", "Jens Wolters", "Ja, gern."):
        assert text in inside
    assert note(staff, reference, " \n", "person").status_code == 409
    assert send(client, mine, f"{mine}/nachricht", text=" ").status_code == 409


def test_nobody_writes_without_end(hub: Hub, staff: FlaskClient, ada: int) -> None:
    reference = ask(hub, staff, ada, Kind.PROJECT)
    with hub.db.write() as session:
        row = cases.find(session, "borken", "requests", reference)
        assert row is not None
        for number in range(cases.PER_DAY):
            cases.say(session, row, cases.MESSAGE, f"Noch eine {number}", "k", "ada", now())
    mine = f"/meine-buchungen/{reference}"
    answer = send(client_of(hub, ada), mine, f"{mine}/nachricht", text="Noch eine")
    assert answer.status_code == 409
    assert "zu viele Nachrichten" in text_of(answer.text)
    assert note(staff, reference, "Bitte rufen Sie an", "person").status_code == 303


def test_requests_of_another_centre_or_person_do_not_exist(
    hub: Hub, staff: FlaskClient, ada: int
) -> None:
    reference = ask(hub, staff, ada, Kind.PROJECT)
    other = create_app(hub).test_client()
    log_in(other, hub, Role.STAFF, "coesfeld")
    form = "/coesfeld/requests/angebote/neu"
    assert other.get("/borken/requests/").status_code == 404
    assert other.get(f"/coesfeld/requests/fall/{reference}").status_code == 404
    assert "Ada" not in other.get("/coesfeld/requests/").text
    for action in ("stufe", "betreuung", "notiz", "ablehnen"):
        fields = {"stufe": "done", "text": "x", "grund": "x"}
        address = f"/coesfeld/requests/fall/{reference}/{action}"
        assert send(other, form, address, **fields).status_code == 404
    eve = client_of(hub, person(hub, Role.TEACHER, "borken", name="Eve"))
    answer = send(eve, "/konto/daten", f"/meine-buchungen/{reference}/nachricht", text="x")
    assert answer.status_code == 404
    assert eve.get("/borken/requests/").status_code == 404
    with hub.db.read() as session:
        assert session.scalars(sa.select(CaseNote)).all() == []


def test_the_conversation_is_handed_over_and_goes_with_the_person(
    hub: Hub, staff: FlaskClient, ada: int
) -> None:
    reference = ask(hub, staff, ada, Kind.CONSULTING)
    note(staff, reference, "Interne Notiz", "staff")
    note(staff, reference, "Antwort", "person")
    held = json.dumps(privacy.held(hub, ada).document())
    assert "Interne Notiz" in held
    assert "Antwort" in held
    privacy.erase(hub, ada, by="test")
    with hub.db.read() as session:
        assert session.scalars(sa.select(CaseNote)).all() == []
        assert session.scalars(sa.select(Case)).all() == []
        row = session.scalars(sa.select(Booking)).one()
    assert (row.person_id, row.state, row.note) == (None, "cancelled", "")
    page = staff.get(f"/borken/requests/fall/{reference}")
    assert page.status_code == 200
    assert "Ada" not in page.text
    assert note(staff, reference, "Noch etwas", "staff").status_code == 409


def test_after_a_year_only_the_number_is_left(hub: Hub, staff: FlaskClient, ada: int) -> None:
    reference = ask(hub, staff, ada, Kind.PROJECT)
    note(staff, reference, "Antwort", "person")
    move(staff, reference, "done")
    with hub.db.write() as session:
        retention.forget_old(session, datetime.now(UTC) + timedelta(days=300))
        assert session.scalars(sa.select(CaseNote.kind)).all() == ["answer", "stage"]
        retention.forget_old(session, datetime.now(UTC) + timedelta(days=500))
        assert session.scalars(sa.select(CaseNote)).all() == []
        assert session.scalars(sa.select(Case)).all() == []
        assert session.scalars(sa.select(Booking.state)).all() == ["returned"]


def test_every_workflow_can_be_walked_from_its_first_stage_to_its_last() -> None:
    order = {"requested": 0, "confirmed": 1, "returned": 2}
    for flow in workflow.WORKFLOWS.values():
        states = [order[stage.state] for stage in flow.stages]
        assert states == sorted(states)
        assert (states[0], states[-1]) == (0, 2)
        codes = [stage.code for stage in flow.stages]
        assert len(set(codes)) == len(codes)
        known = {field.code for field in flow.fields}
        assert all(set(stage.needs) <= known for stage in flow.stages)


def test_answers_and_messages_are_mailed_once(hub: Hub, staff: FlaskClient, ada: int) -> None:
    reference = ask(hub, staff, ada, Kind.PROJECT)
    mine = f"/meine-buchungen/{reference}"
    with hub.db.write() as session:
        jens = session.scalars(sa.select(Person).where(Person.name == "Jens Wolters")).one()
        jens.email, key = "jens@borken.example", jens.key
    look_after(staff, reference, wer=key)
    note(staff, reference, "Nur für uns", "staff")
    for _ in range(2):
        note(staff, reference, "Passt der 12. Mai?", "person", schluessel="a1")
        send(client_of(hub, ada), mine, f"{mine}/nachricht", text="Ja!", schluessel="b1")
    with hub.db.read() as session:
        mails = {one.recipient: one for one in session.scalars(sa.select(Mail))}
        assert session.scalar(sa.select(sa.func.count()).select_from(Mail)) == 2
    assert "Passt der 12. Mai?" in mails["ada@schule.example"].body
    assert f"http://127.0.0.1:8000{mine}" in mails["ada@schule.example"].body
    inside = mails["jens@borken.example"].body
    assert "Ada Muster schreibt zu einer Anfrage:\n\nJa!" in inside
    address = re.search(r"http://127.0.0.1:8000(\S+)", inside)
    assert address
    assert staff.get(address[1]).status_code == 200
