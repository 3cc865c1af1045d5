"""A site renames, adds, orders and takes out the stages of its requests, within limits."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from hub.booking import stages, workflow
from hub.booking.stages import ORDER, Plan, StageError
from hub.identity.actor import Role
from hub.records import Kind
from hub.runtime import Hub
from tests.hub.web.test_pages import text_of
from tests.identities import person, send
from tests.plugins.test_requests import ada, ask, client_of, hub, move, staff, state_of

__all__ = ["ada", "hub", "staff"]

PAGE = "/borken/requests/ablauf"


def change(client: FlaskClient, what: str, kind: str = "project", **fields: Any) -> Any:
    page = f"{PAGE}?art={kind}"
    seen = re.search(r'name="stand" value="(\d+)"', client.get(page).text)
    assert seen
    return send(client, page, PAGE, **{"art": kind, "stand": seen[1], "tun": what, **fields})


def labels(client: FlaskClient, kind: str = "project") -> list[str]:
    shown = client.get(f"{PAGE}?art={kind}").text
    return re.findall(r"<strong>([^<]+)</strong><br>", shown)


def test_a_request_goes_through_the_stages_that_the_site_made(
    hub: Hub, staff: FlaskClient, ada: int
) -> None:
    assert labels(staff) == ["Anfrage eingegangen", "Vereinbart", "Geplant", "Abgeschlossen"]
    assert change(staff, "rename:planned", name_planned="Material bestellt").status_code == 303
    assert change(staff, "add", nach="agreed", neu="Vorgespräch").status_code == 303
    assert change(staff, "down:own1").status_code == 303
    assert labels(staff)[1:4] == ["Vereinbart", "Material bestellt", "Vorgespräch"]
    reference = ask(hub, staff, ada, Kind.PROJECT)
    assert move(staff, reference, "own1").status_code == 303
    assert state_of(hub, reference) == ("confirmed", "own1")
    mine = client_of(hub, ada).get(f"/meine-buchungen/{reference}").text
    assert "Vorgespräch" in text_of(mine)
    listed = staff.get("/borken/requests/?art=project&stufe=own1").text
    assert reference in listed
    assert "1 offene Anfrage" in text_of(staff.get(f"{PAGE}?art=project").text)
    stays = change(staff, "remove:own1")
    assert stays.status_code == 409
    assert "Auf dieser Stufe stehen Anfragen" in text_of(stays.text)
    assert change(staff, "undo").status_code == 303, "the order"
    assert labels(staff)[1:4] == ["Vereinbart", "Vorgespräch", "Material bestellt"]
    assert change(staff, "reset").status_code == 409, "it would vanish too"
    assert move(staff, reference, "planned").status_code == 303
    assert change(staff, "remove:own1").status_code == 303
    assert "Vorgespräch" in text_of(staff.get(f"/borken/requests/fall/{reference}").text)
    assert change(staff, "back:own1").status_code == 303
    assert labels(staff)[1:4] == ["Vereinbart", "Material bestellt", "Vorgespräch"]
    assert change(staff, "reset").status_code == 303
    assert labels(staff)[2] == "Geplant"
    assert change(staff, "undo").status_code == 303
    assert labels(staff)[2] == "Material bestellt"


def test_what_cannot_be_is_said_and_changes_nothing(hub: Hub, staff: FlaskClient) -> None:
    first = labels(staff)
    for what, fields, told in (
        ("remove:asked", {}, "erste und die letzte"),
        ("down:done", {}, "erste und die letzte"),
        ("up:agreed", {}, "erste und die letzte"),
        ("add", {"nach": "done", "neu": "Danach"}, "erste und die letzte"),
        ("add", {"nach": "agreed", "neu": "  "}, "Namen"),
        ("add", {"nach": "agreed", "neu": "x" * 81}, "Namen"),
        ("add", {"nach": "nowhere", "neu": "X"}, "gibt es nicht mehr"),
        ("back:planned", {}, "gibt es nicht mehr"),
        ("rename:agreed", {"name_agreed": "a\0b"}, "Namen"),
        ("rename:agreed", {"stand": "7"}, "Jemand anderes hat das"),
        ("undo", {}, "nichts zurückzunehmen"),
    ):
        answer = change(staff, what, **fields)
        assert answer.status_code == 409, what
        assert told in text_of(answer.text), what
    assert labels(staff) == first
    for wrong in ({"tun": "explode"}, {"stand": "x"}):
        assert change(staff, "undo", **wrong).status_code == 400
    assert change(staff, "undo", art="device").status_code == 404
    assert labels(client_of(hub, person(hub, Role.STAFF, "coesfeld"))) == []
    teacher = client_of(hub, person(hub, Role.TEACHER, "borken"))
    assert teacher.get(PAGE).status_code == 404
    change(staff, "rename:agreed", name_agreed="Fest <b>")
    other = client_of(hub, person(hub, Role.STAFF, "coesfeld"))
    assert "Fest" not in other.get(PAGE.replace("borken", "coesfeld") + "?art=project").text
    assert "Fest &lt;b&gt;" in staff.get(f"{PAGE}?art=project").text


acts = st.tuples(
    st.sampled_from(["rename", "add", "up", "down", "remove", "back"]),
    st.integers(0, 12),
    st.sampled_from(["", " ", "Eins", "eins", "Zwei", "Drei", "x" * 81]),
)


def apply(plan: Plan, what: str, number: int, label: str) -> Plan:
    known = [one.code for one in (*plan.live, *plan.gone)]
    code = known[number % len(known)]
    if what == "rename":
        return stages.rename(plan, code, label)
    if what == "add":
        return stages.add(plan, code, label)
    if what in ("up", "down"):
        return stages.move(plan, code, 1 if what == "down" else -1)
    return (stages.remove if what == "remove" else stages.put_back)(plan, code)


@pytest.mark.parametrize("kind", list(workflow.WORKFLOWS))
@given(made=st.lists(acts, max_size=25))
def test_whatever_is_changed_a_request_can_go_from_its_beginning_to_its_end(
    kind: Kind, made: list[tuple[str, int, str]]
) -> None:
    first = plan = stages.bundled(kind)
    for one in made:
        try:
            plan = apply(plan, *one)
        except StageError:
            continue
        assert plan.live[0].code == first.live[0].code
        assert plan.live[-1].code == first.live[-1].code
        states = [ORDER.index(step.state) for step in plan.live]
        assert all(before <= after for before, after in pairwise(states))
        assert all(step.label or not step.code.startswith("own") for step in plan.live)
        codes = [step.code for step in (*plan.live, *plan.gone)]
        assert len(set(codes)) == len(codes)
        assert {step.code for step in first.live} <= set(codes), "all can be put back"
