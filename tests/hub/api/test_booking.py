"""Programs ask what is free, book once per key, move, cancel, and work at the desk."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from hub.identity import api_tokens, sessions
from hub.identity.actor import Actor, Role
from hub.models import BookingRules, Person
from hub.records import Kind
from tests.bookings import SITE, bookings, calendar, offer, open_day
from tests.identities import person
from tests.sources import Network

ROOT = "/api/v1"
CONTACT = {"name": "Svenja Ackermann", "email": "ackermann@schule.example"}


class Program:
    """Asks with the token of a new person."""

    def __init__(self, net: Network, client: FlaskClient, role: Role, *scopes: str) -> None:
        self.client = client
        number = person(net.hub, role, SITE)
        with net.hub.db.write() as session:
            row = session.get_one(Person, number)
            actor = Actor(number, row.key, row.name, sessions.roles_of(session, number))
            self.token = api_tokens.create(session, actor, SITE, "Test", 30, scopes)

    def send(self, method: str, path: str, sent: Any = None, key: str = "") -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        if key:
            headers["Idempotency-Key"] = key
        return self.client.open(f"{ROOT}{path}", method=method, json=sent, headers=headers)


@pytest.fixture
def program(net: Network, client: FlaskClient) -> Program:
    with net.hub.db.write() as session:
        rules = {"approval": False}
        session.merge(BookingRules(site_key=SITE, kind="", borrower="private", overrides=rules))
    return Program(net, client, Role.TEACHER, "bookings")


def order(net: Network, number: int, first: date, last: date, **more: Any) -> dict[str, Any]:
    stretch = calendar(net).loan(first, last)
    return {
        "offer": number,
        "starts_at": stretch.start.isoformat(),
        "ends_at": stretch.end.isoformat(),
        "contact": CONTACT,
        **more,
    }


def test_what_is_free_is_for_everybody(net: Network, client: FlaskClient, program: Program) -> None:
    number, day = offer(net), open_day(net, 30)
    question = f"{ROOT}/offers/{number}/availability?from={day}&to={day + timedelta(days=2)}"
    free = client.get(f"{question}&quantity=2")
    assert free.status_code == 200
    assert (free.json["enough"], free.json["free"], len(free.json["items"])) == (True, 2, 1)
    program.send("POST", "/bookings", order(net, number, day, day), "k")
    taken = client.get(f"{question}&quantity=2").json
    assert (taken["enough"], taken["free"]) == (False, 1)
    assert [one["free"] for one in taken["items"]] == [2, 1, 2]
    for wrong in ("&quantity=0", "&colour=red", "&to=1999-01-01"):
        told = client.get(question + wrong)
        assert told.status_code == 400, wrong
        assert told.mimetype == "application/problem+json"
    backwards = client.get(f"{ROOT}/offers/{number}/availability?from={day}&to={day}")
    assert backwards.json["errors"][0]["parameter"] == "to"
    unknown = client.get(question.replace(f"/{number}/", "/4711/"))
    assert unknown.status_code == 404


def test_booking_moving_and_cancelling(net: Network, client: FlaskClient, program: Program) -> None:
    number, day, other = offer(net, capacity=1), open_day(net, 30), open_day(net, 33)
    wanted = order(net, number, day, day)
    reader = Program(net, client, Role.TEACHER)
    refused = reader.send("POST", "/bookings", wanted, "k")
    assert refused.status_code == 403
    assert "“bookings”" in refused.json["detail"]
    assert client.post(f"{ROOT}/bookings", json=wanted).status_code == 401
    assert program.send("POST", "/bookings", wanted).status_code == 400, "without a key"
    for wrong in ({"colour": "red"}, {"quantity": 0}, {"quantity": "2"}, {"contact": None}):
        told = program.send("POST", "/bookings", {**wanted, **wrong}, "w")
        assert told.status_code == 400, wrong
        assert told.json["errors"][0]["parameter"] == next(iter(wrong))
    assert program.send("POST", "/bookings?x=1", wanted, "k").status_code == 400
    headers = {"Authorization": f"Bearer {program.token}", "Idempotency-Key": "k"}
    for content, kind, status in ((b"{", "json", 400), (b"a=b", "x-www-form-urlencoded", 415)):
        odd = client.post(
            f"{ROOT}/bookings", data=content, headers=headers, content_type=f"application/{kind}"
        )
        assert odd.status_code == status
    assert not bookings(net)
    first, again = (program.send("POST", "/bookings", wanted, "k") for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201), first.text
    assert first.json == again.json
    assert (first.json["state"], first.json["own"]) == ("confirmed", True)
    (made,) = bookings(net)
    reused = program.send("POST", "/bookings", {**wanted, "note": "anders"}, "k")
    assert reused.status_code == 409
    full = program.send("POST", "/bookings", {**wanted, "contact": None}, "k2")
    assert full.status_code == 409
    assert "Frei wäre:" in full.json["detail"]
    where = f"/bookings/{made.reference}"
    assert program.send("GET", where).json == first.json
    assert reader.send("GET", where).status_code == 404
    stretch = calendar(net).loan(other, other)
    move = {"starts_at": stretch.start.isoformat(), "ends_at": stretch.end.isoformat()}
    moved = program.send("PATCH", where, move)
    assert moved.status_code == 200, moved.text
    assert moved.json["starts_at"] == stretch.start.isoformat()
    long_ago = program.send("PATCH", where, {"starts_at": "2020-01-01"})
    assert long_ago.status_code == 409
    assert program.send("PATCH", where, {"colour": "red"}).status_code == 400
    something_else = program.send("PATCH", where, {"offer": offer(net, Kind.ROOM, 1, "MediaLab")})
    assert something_else.status_code == 409
    assert "von etwas anderem" in something_else.json["detail"]
    stranger = Program(net, client, Role.TEACHER, "bookings")
    assert stranger.send("PATCH", where, move).status_code == 404
    assert stranger.send("POST", f"{where}/cancel", {}).status_code == 404
    for _ in range(2):
        cancelled = program.send("POST", f"{where}/cancel", {})
        assert (cancelled.status_code, cancelled.json["state"]) == (200, "cancelled")
    assert program.send("PATCH", where, {"quantity": 2}).status_code == 409


@pytest.mark.parametrize(
    ("wrong", "status", "told"),
    [
        ({"quantity": 0}, 400, "quantity: "),
        ({"quantity": 10**20}, 400, "quantity: "),
        ({"quantity": 99}, 409, "nur 1 frei"),
        ({"ends_at": "2020-01-01T08:00:00Z"}, 409, "Das Ende muss nach dem Anfang liegen."),
        ({"starts_at": "1970-01-01T08:00:00Z"}, 409, "Bitte prüfen Sie das Jahr."),
        ({"ends_at": "9999-12-31T08:00:00Z"}, 409, "Bitte prüfen Sie das Jahr."),
        ({"ends_at": "9999-12-31T23:59:59-14:00"}, 400, "ends_at: "),
        ({"starts_at": "2027-02-30T08:00:00Z"}, 400, "starts_at: "),
        ({"offer": 10**12}, 400, "offer: "),
    ],
)
def test_what_can_be_no_booking_is_said_and_books_nothing(
    net: Network, program: Program, wrong: dict[str, Any], status: int, told: str
) -> None:
    wanted = order(net, offer(net, capacity=1), open_day(net, 30), open_day(net, 31))
    answer = program.send("POST", "/bookings", {**wanted, **wrong}, "k")
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    assert told in answer.json["detail"]
    assert not bookings(net)
    assert program.send("POST", "/bookings", wanted, "k").status_code == 201, "the key is free"


def test_a_course_is_booked_when_it_takes_place(net: Network, program: Program) -> None:
    """Whoever names another time is told, instead of being given what they did not ask for."""
    number, day = offer(net, Kind.TRAINING, 10, "Trickfilm"), open_day(net, 40)
    wanted = order(net, number, day, day)
    other = program.send("POST", "/bookings", wanted, "k")
    assert other.status_code == 400
    assert "It takes place from" in other.json["detail"]
    the = calendar(net)
    right = [the.at(day, time(hour, 30)).isoformat() for hour in (14, 17)]
    wanted |= dict(zip(("starts_at", "ends_at"), right, strict=True))
    assert program.send("POST", "/bookings", wanted, "k").status_code == 201


def test_what_takes_place_is_not_handed_out(
    net: Network, client: FlaskClient, program: Program
) -> None:
    number, day, the = offer(net, Kind.TRAINING, 10, "Trickfilm"), open_day(net, 40), calendar(net)
    hours = [the.at(day, time(hour, 30)).isoformat() for hour in (14, 17)]
    wanted = order(net, number, day, day) | dict(zip(("starts_at", "ends_at"), hours, strict=True))
    program.send("POST", "/bookings", wanted, "k")
    (made,) = bookings(net)
    staff = Program(net, client, Role.STAFF, "desk")
    out = staff.send("POST", "/desk/hand-out", {"booking": made.reference, "codes": []})
    assert out.status_code == 409
    assert "Nur Medien und Geräte" in out.json["detail"]
    assert bookings(net)[0].state == made.state


def test_a_room_asks_its_questions(net: Network, program: Program) -> None:
    number, day, the = offer(net, Kind.ROOM, 1, "MediaLab"), open_day(net, 30), calendar(net)
    wanted = {
        "offer": number,
        "starts_at": the.at(day, time(9)).isoformat(),
        "ends_at": the.at(day, time(12)).isoformat(),
        "contact": CONTACT,
        "answers": {"purpose": "Trickfilm", "colour": "red"},
    }
    told = program.send("POST", "/bookings", wanted, "k")
    assert told.status_code == 400
    assert "group: " in told.json["detail"]
    assert "colour: " in told.json["detail"]
    wanted["answers"] = {"purpose": "Trickfilm", "group": "24"}
    assert program.send("POST", "/bookings", wanted, "k").status_code == 201
    assert bookings(net)[0].answers == wanted["answers"]


def test_the_desk(net: Network, client: FlaskClient, program: Program) -> None:
    number = offer(net, codes=("BOR-1", "BOR-2"), accessories=("Netzkabel",))
    day = open_day(net, 30)
    program.send("POST", "/bookings", order(net, number, day, day, quantity=2), "k")
    (made,) = bookings(net)
    staff, reader = (
        Program(net, client, Role.STAFF, "desk"),
        Program(net, client, Role.STAFF),
    )
    teacher = Program(net, client, Role.TEACHER, "desk")
    assert staff.send("GET", "/desk").json == {"pickups": [], "returns": [], "overdue": []}
    assert teacher.send("GET", "/desk").status_code == 403
    out = {"booking": made.reference, "codes": ["BOR-1"]}
    assert teacher.send("POST", "/desk/hand-out", out).status_code == 403
    assert reader.send("POST", "/desk/hand-out", out).status_code == 403
    few = staff.send("POST", "/desk/hand-out", out)
    assert few.status_code == 409
    assert "2 Stücke" in few.json["detail"]
    assert staff.send("POST", "/desk/hand-out", {**out, "booking": "X"}).status_code == 404
    both = staff.send("POST", "/desk/hand-out", {**out, "codes": ["bor 1", "BOR-2"]})
    assert (both.status_code, both.json["state"]) == (200, "handed_out"), both.text
    assert staff.send("POST", "/desk/take-back", {"code": "XX"}).status_code == 404
    part = staff.send("POST", "/desk/take-back", {"code": "bor1"})
    assert (part.status_code, part.json["state"]) == (200, "handed_out")
    twice = staff.send("POST", "/desk/take-back", {"code": "bor1"})
    assert twice.status_code == 409
    last = staff.send(
        "POST", "/desk/take-back", {"code": "BOR-2", "damage": "Riss", "repair": True}
    )
    assert last.json["state"] == "returned"
