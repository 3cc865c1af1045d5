"""The filter “usable for me” says of every work what its badge says."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import product

import pytest
import sqlalchemy as sa

from hub.catalogue import columns, entitlement, usable
from hub.catalogue.reader import Reader
from hub.catalogue.search import Query, Usable, search
from hub.db import Database
from hub.models import EnteredGrant, OfferGrant, WorkKey
from hub.models.base import table
from hub.records import AccessMode, Grant, Scope
from tests.hub.catalogue.shelf import fill, medium

TODAY = date(2026, 11, 27)
DAY = timedelta(days=1)
TERMS = [(None, None), (TODAY, TODAY + DAY), (None, TODAY), (TODAY + DAY, None)]
VALUES = [
    (Scope.LAND, "NRW"),
    (Scope.LAND, "HE"),
    (Scope.SITE, "borken"),
    (Scope.SITE, "coesfeld"),
    (Scope.SCHOOL, "DE-NW-100012"),
    (Scope.SCHOOL_TYPE, "20"),
    (Scope.ROLE, "lehr"),
]
READERS = {
    "nobody": Reader(),
    "citizen": Reader(members=frozenset({"borken"})),
    "educator": Reader(frozenset({"borken"}), frozenset({"borken"})),
    "teacher": Reader(
        frozenset({"coesfeld"}),
        frozenset({"coesfeld"}),
        frozenset({"DE-NW-100012", "100012"}),
        frozenset({"20"}),
        frozenset({"lehr"}),
    ),
}


@pytest.fixture
def stocked(db: Database) -> Database:
    """A work for each access mode, licence and term; some are held twice."""
    grants: list[tuple[Grant, ...]] = [()]
    grants += [(Grant(*value, *term),) for value, term in product(VALUES, TERMS)]
    grants.append((Grant(Scope.SITE, "koeln", None, TODAY), Grant(Scope.SITE, "borken")))
    records, holders = [], {}
    for mode, own in product(AccessMode, grants):
        records.append(medium(f"Film {len(records)}", access=mode, grants=own))
        if len(records) % 3 == 0:
            holders[len(records)] = ["borken", "coesfeld"]
        elif len(records) % 3 == 1:
            holders[len(records)] = ["koeln"]
    fill(db, records, holders)
    with db.write() as session:
        rows = []
        for number, record in enumerate(records, 1):
            for extra in range(len(holders.get(number, ["borken"]))):
                rows += [
                    {
                        "offer_id": number + 10_000 * extra,
                        "scope": one.scope.value,
                        "value": one.value,
                        "valid_from": one.valid_from,
                        "valid_until": one.valid_until,
                    }
                    for one in record.grants
                ]
        session.execute(sa.insert(table(OfferGrant)), rows)
        for number in range(1, len(records) + 1, 5):
            session.add(WorkKey(key=f"nr:{number}", work_id=number))
            scope, value = VALUES[number % len(VALUES)]
            start, end = TERMS[number % len(TERMS)]
            session.add(
                EnteredGrant(
                    key=f"nr:{number}", scope=scope.value, value=value,
                    role="lehr" if number % 2 else "", valid_from=start, valid_until=end,
                    policy="p", origin="f", entered_by="test",
                )
            )  # fmt: skip
    return db


@pytest.mark.parametrize("who", READERS)
def test_the_filter_and_the_badges_agree(stocked: Database, who: str) -> None:
    reader = READERS[who]
    with stocked.read() as session:
        cols = columns.current(session)
        everything = list(cols.live)
        held = entitlement.holdings(session, everything)
        expected = {w for w in everything if entitlement.usable(held[w], TODAY, reader)}
        assert set(usable.works(session, cols, reader, TODAY) & cols.live) == expected
        found = search(session, Query(usable=Usable(reader, TODAY)))
    assert found.total == len(expected)
    kinds = {value.value: value.count for facet in found.facets[:1] for value in facet.values}
    assert kinds == {"medium": len(expected)}
    assert 0 < len(expected) < len(everything)


def test_more_licences_mean_more_works(stocked: Database) -> None:
    with stocked.read() as session:
        totals = [
            search(session, Query(usable=Usable(READERS[who], TODAY))).total for who in READERS
        ]
    assert totals[0] < totals[1] < totals[2]


def test_a_licence_ends_when_its_day_comes(stocked: Database) -> None:
    with stocked.read() as session:
        cols = columns.current(session)
        today, tomorrow = (
            usable.works(session, cols, READERS["educator"], day) for day in (TODAY, TODAY + DAY)
        )
    assert today - tomorrow, "some have ended"
    assert tomorrow - today, "some have begun"


def test_the_badge_names_what_the_licence_says(stocked: Database) -> None:
    site = entitlement.Holding(1, 1, "koeln", AccessMode.LICENSED, (Grant(Scope.SITE, "borken"),))
    teacher, educator = READERS["teacher"], READERS["educator"]
    status = entitlement.Status
    for reader, expected in ((None, status.ELSEWHERE), (teacher, status.ELSEWHERE)):
        badge = entitlement.badge([site], TODAY, reader=reader)
        assert badge is not None
        assert (badge.status, badge.sites) == (expected, ("borken",))
    badge = entitlement.badge([site], TODAY, reader=educator)
    assert badge is not None
    assert badge.status is status.GRANTED
