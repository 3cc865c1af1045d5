from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from hub import models
from hub.catalogue import entitlement, normalise, offers
from hub.catalogue.entitlement import Badge, Holding, Status
from hub.db import Database
from hub.records import AccessMode, Grant, Kind, Record, Scope

START = datetime(2026, 3, 4, 4, 12, tzinfo=UTC)
TODAY = date(2026, 7, 1)


def site(key: str, position: int) -> models.Site:
    return models.Site(
        key=key,
        name=f"Medienzentrum {key.title()}",
        kind="centre",
        ags=[],
        association="LWL",
        region="Münster",
        standort=key[:3].upper(),
        time_zone="Europe/Berlin",
        contact={},
        branches=[],
        profile={},
        position=position,
    )


def offer_row(number: int, work: int, key: str, record: Record, **values: object) -> models.Offer:
    moment = START + timedelta(minutes=number)
    return models.Offer(
        **{
            "id": number,
            "site_key": key,
            "plugin": "tables",
            "source_id": record.source_id,
            "kind": record.kind.value,
            "title": record.title,
            "record": normalise.dump(record),
            "content_hash": "",
            "match_keys": "",
            "work_id": work,
            "created_at": moment,
            "changed_at": moment,
            **values,
        }
    )


@pytest.fixture
def filled(db: Database) -> Database:
    """Two sites; work 1 is a medium that both hold, 2 a device, 3 is withdrawn."""
    with db.write() as session:
        session.add_all([site("borken", 1), site("ahaus", 0)])
        kinds = [Kind.MEDIUM, Kind.DEVICE, Kind.ROOM]
        session.add_all(models.Work(id=n, kind=kind.value) for n, kind in enumerate(kinds, 1))
        session.flush()
        medium = Record("m1", Kind.MEDIUM, "Wasserkreislauf", access=AccessMode.LICENSED)
        device = Record("d1", Kind.DEVICE, "Tabletkoffer", access=AccessMode.LOAN)
        room = Record("r1", Kind.ROOM, "Studio", access=AccessMode.BOOKING)
        session.add_all(
            [
                offer_row(1, 1, "borken", medium),
                offer_row(2, 1, "ahaus", medium),
                offer_row(3, 2, "borken", device),
                offer_row(4, 3, "borken", room, withdrawn_at=START),
            ]
        )
        session.flush()
        session.add(models.OfferGrant(offer_id=1, scope="site", value="borken", valid_until=TODAY))
        for state, minutes in (("succeeded", 1), ("succeeded", 5), ("failed", 9)):
            moment = START + timedelta(minutes=minutes)
            session.add(
                models.SyncRun(
                    site_key="borken",
                    plugin="tables",
                    state=state,
                    owner="",
                    started_at=START,
                    heartbeat_at=START,
                    finished_at=moment,
                )
            )
    return db


def statements(database: Database, action: Callable[[], object]) -> int:
    seen: list[str] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        seen.append(statement)

    sa.event.listen(database.engine, "before_cursor_execute", note)
    action()
    sa.event.remove(database.engine, "before_cursor_execute", note)
    return sum(not s.startswith("BEGIN") for s in seen)


def test_an_offer_comes_with_the_other_sites_that_hold_it(filled: Database) -> None:
    with filled.read() as session:
        found = offers.offer(session, 1)
    assert found is not None
    assert found.offer.site_name == "Medienzentrum Borken"
    assert found.offer.record.access is AccessMode.LICENSED
    assert found.offer.as_of == START + timedelta(minutes=5), "the last run that succeeded"
    assert [other.site for other in found.others] == ["ahaus"]
    assert found.others[0].as_of is None


@pytest.mark.parametrize("number", [0, 99, -1, 2**31, 2**80])
def test_an_unknown_offer_is_none(filled: Database, number: int) -> None:
    with filled.read() as session:
        assert offers.offer(session, number) is None
        assert offers.work(session, number) is None
        assert offers.by_ids(session, [number]) == {}


def test_a_withdrawn_offer_is_found_but_not_listed(filled: Database) -> None:
    with filled.read() as session:
        found = offers.offer(session, 4)
        assert found is not None
        assert found.offer.withdrawn_at == START
        assert [item.id for item in offers.listing(session).items] == [1, 2, 3]
        assert offers.work(session, 3) is None


def test_lists_are_paged_by_key_and_filtered(filled: Database) -> None:
    with filled.read() as session:
        first = offers.listing(session, limit=2)
        assert ([item.id for item in first.items], first.next) == ([1, 2], 2)
        rest = offers.listing(session, limit=2, after=first.next or 0)
        assert ([item.id for item in rest.items], rest.next) == ([3], None)
        assert [o.id for o in offers.listing(session, kind=Kind.DEVICE).items] == [3]
        assert [o.id for o in offers.listing(session, site="ahaus").items] == [2]
        assert offers.listing(session, site="nowhere").items == ()
        assert offers.listing(session, after=2**70).items == ()
        works = offers.works(session, limit=1)
        assert [[o.site for o in work.offers] for work in works.items] == [["ahaus", "borken"]]
        assert [work.id for work in offers.works(session, after=works.next or 0).items] == [2]
        assert [work.id for work in offers.works(session, site="ahaus").items] == [1]


def test_changes_come_in_order_with_withdrawals(filled: Database) -> None:
    with filled.read() as session:
        seen: list[int] = []
        after = None
        while True:
            page = offers.changes(session, after=after, limit=1)
            seen += [item.id for item in page.items]
            after = page.next
            if after is None:
                break
        assert seen == [1, 2, 3, 4]
        since = offers.changes(session, since=START + timedelta(minutes=3))
        assert [item.id for item in since.items] == [3, 4]
        assert since.items[1].withdrawn_at is not None


def test_holdings_and_lists_cost_a_constant_number_of_statements(filled: Database) -> None:
    with filled.read() as session:
        held = entitlement.holdings(session, [1, 2, 3, 2**40])
        assert {key: [h.site for h in value] for key, value in held.items()} == {
            1: ["ahaus", "borken"],
            2: ["borken"],
        }
        assert held[1][1].grants == (Grant(Scope.SITE, "borken", None, TODAY),)
        assert held[2][0].access is AccessMode.LOAN
        assert held[1][0] == entitlement.holding(offers.by_ids(session, [2])[2])
        assert statements(filled, lambda: entitlement.holdings(session, [1, 2, 3])) == 1
        assert statements(filled, lambda: offers.offer(session, 1)) == 3
        assert statements(filled, lambda: offers.works(session)) == 3


def held(site: str, access: AccessMode, *grants: Grant) -> Holding:
    return Holding(1, 1, site, access, grants)


LICENSED = AccessMode.LICENSED


@pytest.mark.parametrize(
    ("holdings", "asked_for", "expected"),
    [
        ([], None, None),
        ([held("a", AccessMode.OPEN)], None, Badge(Status.OPEN, ("a",))),
        ([held("a", AccessMode.LOGIN)], None, Badge(Status.LOGIN, ("a",))),
        ([held("a", AccessMode.REQUEST)], None, Badge(Status.REQUEST, ("a",))),
        (
            [held("a", AccessMode.LOAN), held("b", AccessMode.LOAN)],
            None,
            Badge(Status.LOAN, ("a", "b")),
        ),
        (
            [held("a", AccessMode.LOAN), held("b", AccessMode.LOAN)],
            "b",
            Badge(Status.LOAN, ("b",)),
        ),
        ([held("lvr", LICENSED, Grant(Scope.LAND, "NRW"))], None, Badge(Status.LOGIN, ("lvr",))),
        ([held("x", LICENSED, Grant(Scope.LAND, "HE"))], None, Badge(Status.ELSEWHERE)),
        ([held("a", LICENSED)], None, Badge(Status.ELSEWHERE, ("a",))),
        ([held("a", LICENSED)], "a", Badge(Status.LOGIN, ("a",))),
        ([held("a", LICENSED)], "b", Badge(Status.ELSEWHERE, ("a",))),
        (
            [held("a", LICENSED, Grant(Scope.SCHOOL, "165001"))],
            None,
            Badge(Status.LOGIN, ("a",)),
        ),
        (
            [held("a", LICENSED, Grant(Scope.SITE, "a", None, TODAY))],
            "a",
            Badge(Status.EXPIRED, ("a",), TODAY),
        ),
        (
            [held("a", LICENSED, Grant(Scope.SITE, "a", TODAY, TODAY + timedelta(days=1)))],
            "a",
            Badge(Status.LOGIN, ("a",)),
        ),
        (
            [held("a", LICENSED, Grant(Scope.SITE, "a", TODAY + timedelta(days=1)))],
            "a",
            Badge(Status.UPCOMING, ("a",), TODAY + timedelta(days=1)),
        ),
        (
            [
                held("a", LICENSED, Grant(Scope.SITE, "a", None, TODAY)),
                held("b", AccessMode.LOAN),
            ],
            "a",
            Badge(Status.LOAN, ("b",)),
        ),
    ],
)
def test_badges(holdings: list[Holding], asked_for: str | None, expected: Badge | None) -> None:
    assert entitlement.badge(holdings, TODAY, asked_for) == expected
