"""Licences that people enter: attached by medium number, reported line by line, kept by a sync."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from hub import models
from hub.app import create_app
from hub.catalogue import columns, entitlement, offers, usable
from hub.catalogue.reader import Reader
from hub.cli import main
from hub.identity.actor import Role
from hub.records import AccessMode, Entered, Grant, Identifier, Scope
from tests.hub.formats.test_odrl import AREA, condition, for_school
from tests.hub.formats.test_odrl import policy as of_another
from tests.hub.web.test_pages import text_of
from tests.identities import log_in
from tests.pages import borken, filled_network, medium, offer_id, take_in
from tests.sources import Network

TODAY = datetime.now(UTC).date()
NUMBER = (Identifier("medium", "FWU-05522333"),)
OWN = (Grant(Scope.SITE, "borken", None, date(2020, 1, 1)),)
FILM = medium("licensed", "Der Film", access=AccessMode.LICENSED, identifiers=NUMBER, grants=OWN)


@pytest.fixture
def net(database_url: str, tmp_path: Path) -> Iterator[Network]:
    with filled_network(database_url, tmp_path / "config") as filled:
        take_in(filled, "borken", [*borken(TODAY), FILM])
        yield filled


def policy(**permission: Any) -> dict[str, Any]:
    return {**of_another(**permission), "target": {"uid": "urn:example:medium:FWU-05522333"}}


def run(net: Network, *arguments: str) -> Any:
    settings = net.hub.settings
    return CliRunner().invoke(
        main,
        ["grants", *arguments],
        env={
            "HUB_DATABASE_URL": settings.database_url,
            "HUB_CONFIG": str(settings.config),
            "HUB_VAR": str(settings.var),
            "HUB_SECRET_KEY": settings.secret_key,
        },
    )


def school_of(net: Network) -> str:
    with net.hub.db.read() as session:
        found = session.scalars(
            sa.select(models.Institution.school_id).where(models.Institution.school_id.is_not(None))
        ).first()
    assert found
    return found


def status(net: Network, reader: Reader | None = None) -> str:
    with net.hub.db.read() as session:
        detail = offers.offer(session, offer_id(net, "licensed"))
        assert detail is not None
        found = entitlement.badge([entitlement.holding(detail.offer)], TODAY, reader=reader)
        held = entitlement.holdings(session, [detail.offer.work_id])[detail.offer.work_id]
        assert entitlement.badge(held, TODAY, reader=reader) == found
        if reader is not None:
            bits = usable.works(session, columns.current(session), reader, TODAY)
            assert (detail.offer.work_id in bits) == bool(found and found.status == "granted")
    assert found is not None
    return found.status.value


def test_policies_are_attached_and_what_is_left_out_is_named(net: Network, tmp_path: Path) -> None:
    school = school_of(net)
    number = school.rpartition("-")[2]
    document = [
        policy(assignee=for_school(f"NW_{number}", "lehr")),
        {**policy(constraint=condition("spatial", "eq", AREA)), "uid": "area"},
        {**policy(assignee=for_school("NI_99999")), "uid": "no such school"},
        {**policy(assignee=for_school(number)), "uid": "no such medium",
         "target": {"uid": "urn:example:medium:4200001"}},
        {**policy(constraint=condition("spatial", "eq", AREA + "0")), "uid": "no such area"},
        {**policy(assignee=for_school(number), constraint=[
            condition("dateTime", "gteq", "2027-01-01"), condition("dateTime", "lt", "2026-01-01"),
        ]), "uid": "ends first"},
    ]  # fmt: skip
    path = tmp_path / "policies.json"
    path.write_text("// from the licence office\n" + json.dumps(document))
    assert status(net) == "expired"
    teacher = Reader(frozenset({"borken"}), schools=frozenset({school}), roles=frozenset({"lehr"}))
    assert status(net, teacher) == "expired"
    done = run(net, "import", str(path), "--area", f"{AREA}=coesfeld", "--json")
    assert done.exit_code == 1, done.output
    lines = json.loads(done.stdout)
    assert [line["entered"] for line in lines] == [1, 1, 0, 0, 0, 0]
    said = [" ".join(line["problems"]) for line in lines]
    assert said[:2] == ["", ""]
    for text, why in zip(
        said[2:],
        ("no school 'NI_99999'", "Nobody offers the medium", "--area", "before it begins"),
        strict=True,
    ):
        assert why in text
    assert status(net) == "login"
    assert status(net, teacher) == "granted"
    pupil = Reader(frozenset({"borken"}), schools=frozenset({school}), roles=frozenset({"lern"}))
    assert status(net, pupil) == "elsewhere", "the licence is for teachers only"
    assert status(net, Reader(frozenset({"coesfeld"}))) == "granted"
    with net.hub.db.read() as session:
        audit = session.scalars(
            sa.select(models.AuditEntry).where(models.AuditEntry.action == "grants.import")
        ).one()
    assert audit.subject == "policies.json"
    listed = json.loads(run(net, "list", "--json").stdout)
    assert {row["origin"] for row in listed} == {"policies.json"}
    assert {row["policy"] for row in listed} == {"https://lizenzen.example/1", "area"}


def test_a_policy_taken_in_again_replaces_itself_and_a_sync_leaves_it(
    net: Network, tmp_path: Path
) -> None:
    path = tmp_path / "policies.json"
    school = school_of(net)
    reader = Reader(frozenset({"borken"}), schools=frozenset({school}))
    path.write_text(json.dumps(policy(assignee=for_school(school))))
    assert run(net, "import", str(path)).exit_code == 0
    assert status(net, reader) == "granted"
    take_in(net, "borken", [*borken(TODAY), replace(FILM, title="Der Film, neu")])
    assert status(net, reader) == "granted"
    past = condition("dateTime", "lt", "2021-01-01")
    path.write_text(json.dumps(policy(assignee=for_school(school), constraint=[past])))
    assert run(net, "import", str(path)).exit_code == 0
    assert status(net, reader) == "expired"
    assert len(json.loads(run(net, "list", "--json").stdout)) == 1


def test_licences_by_hand(net: Network) -> None:
    done = run(
        net, "add", "5522333", "school_type", "20", "--role", "lehr", "--until", "2099-08-01"
    )
    assert done.exit_code == 0, done.output
    gymnasium = Reader(
        frozenset({"borken"}), school_types=frozenset({"20"}), roles=frozenset({"lehr"})
    )
    assert status(net, gymnasium) == "granted"
    with net.hub.db.read() as session:
        detail = offers.offer(session, offer_id(net, "licensed"))
    assert detail is not None
    assert detail.offer.entered == (
        Entered(Scope.SCHOOL_TYPE, "20", None, date(2099, 8, 1), role="lehr", policy="by hand"),
    )
    page = text_of(create_app(net.hub).test_client().get(f"/angebot/{detail.offer.id}").text)
    assert "Gymnasium, nur für Lehrkräfte, bis 31. Juli 2099" in page
    (row,) = json.loads(run(net, "list", "--json").stdout)
    assert run(net, "remove", str(row["id"])).exit_code == 0
    assert status(net, gymnasium) == "expired"
    assert "There is no entered licence" in run(net, "remove", str(row["id"])).output


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("4200001", "site", "borken"), "Nobody offers"),
        (("film", "site", "borken"), "no number of a medium"),
        (("5522333", "site", "nirgends"), "no site"),
        (("5522333", "land", "HE"), "This hub is for NRW"),
        (("5522333", "school", "999999"), "no school"),
        (("5522333", "school_type", "99"), "no Schulform"),
        (("5522333", "role", "koenig"), "no role"),
        (
            ("5522333", "site", "borken", "--from", "2027-01-02", "--until", "2027-01-02"),
            "before it begins",
        ),
    ],
)
def test_a_licence_that_cannot_be_says_why(
    net: Network, arguments: tuple[str, ...], why: str
) -> None:
    done = run(net, "add", *arguments)
    assert done.exit_code == 1
    assert why in done.output


def test_a_teacher_opens_what_was_entered_for_their_centre(net: Network) -> None:
    assert run(net, "add", "5522333", "site", "coesfeld").exit_code == 0
    client = create_app(net.hub).test_client()
    log_in(client, net.hub, Role.TEACHER, "coesfeld")
    assert "Für Sie freigeschaltet" in text_of(
        client.get(f"/angebot/{offer_id(net, 'licensed')}").text
    )
    assert "Der Film" in text_of(client.get("/suche?q=Film&nutzbar=ja").text)
