"""Who offers what, and how it went: against counting every offer by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from hub import models
from hub.catalogue import index, normalise
from hub.catalogue.sync import sync
from hub.network.matrix import FACETS, matrix
from hub.network.trend import Day, trend
from hub.records import AccessMode, Kind, Record
from tests.sources import Network, everything, medium, network

SITES = ("borken", "coesfeld", "leer")
TODAY = date(2026, 11, 30)


@pytest.fixture
def net(database_url: str, tmp_path: Path) -> Iterator[Network]:
    with network(database_url, tmp_path, SITES) as made:
        offered = {
            "borken": [
                medium("a", subjects=("0800101",), levels=("grundschule",)),
                medium("b", subjects=("080", "20001"), competences=("3.4",)),
                Record("c", Kind.DEVICE, "Tablets", access=AccessMode.LOAN),
            ],
            "coesfeld": [medium("a", subjects=("080",)), medium("gone")],
            "leer": [],
        }
        for site, records in offered.items():
            made.play(site, everything(*records))
            sync(made.hub.db, made.site(site), "scripted")
        made.play("coesfeld", everything(*offered["coesfeld"][:1]))
        sync(made.hub.db, made.site("coesfeld"), "scripted")
        yield made


@pytest.mark.parametrize("kind", [None, Kind.MEDIUM, Kind.ROOM])
@pytest.mark.parametrize("facet", FACETS)
def test_the_matrix_is_what_counting_gives(net: Network, facet: str, kind: Kind | None) -> None:
    expected: dict[str, dict[str, int]] = {site: {} for site in SITES}
    totals = dict.fromkeys(SITES, 0)
    with net.hub.db.read() as session:
        live = sa.select(models.Offer).where(models.Offer.withdrawn_at.is_(None))
        for offer in session.scalars(live):
            if kind is not None and offer.kind != kind:
                continue
            record = normalise.load(offer.record)
            totals[offer.site_key] += 1
            pairs = [*index.record_facets(record), ("access", record.access.value)]
            for name, value in pairs:
                if name == facet:
                    mine = expected[offer.site_key]
                    mine[value] = mine.get(value, 0) + 1
        found = matrix(session, facet, kind)
    assert {row.site: dict(row.numbers) for row in found.rows} == expected
    assert {row.site: row.total for row in found.rows} == totals
    for column in found.columns:
        numbers = [mine.get(column.value, 0) for mine in expected.values()]
        assert (column.total, column.sites) == (sum(numbers), sum(n > 0 for n in numbers))


def test_only_the_asked_sites(net: Network) -> None:
    with net.hub.db.read() as session:
        found = matrix(session, "subject", None, ["coesfeld"])
    assert [row.site for row in found.rows] == ["coesfeld"]
    assert [column.value for column in found.columns] == ["080"]


def keep(net: Network, *days: tuple[str, int, str, int]) -> None:
    with net.hub.db.write() as session:
        session.execute(sa.delete(models.OfferDay))
        for site, ago, kind, number in days:
            day = TODAY - timedelta(days=ago)
            session.add(models.OfferDay(site_key=site, day=day, kind=kind, number=number))


def test_a_site_that_is_not_read_keeps_its_last_number(net: Network) -> None:
    keep(
        net,
        ("borken", 9, "medium", 5),
        ("borken", 3, "medium", 7),
        ("borken", 3, "device", 2),
        ("coesfeld", 2, "medium", 10),
        ("coesfeld", 1, "medium", 0),
    )
    with net.hub.db.read() as session:
        days = trend(session, TODAY - timedelta(days=4), TODAY)
        media = trend(session, TODAY, TODAY, kind=Kind.MEDIUM)
        alone = trend(session, TODAY - timedelta(days=2), TODAY, site="coesfeld")
        before = trend(session, TODAY - timedelta(days=60), TODAY - timedelta(days=20))
    assert days == [
        Day(TODAY - timedelta(days=4), 5, 1),
        Day(TODAY - timedelta(days=3), 9, 1),
        Day(TODAY - timedelta(days=2), 19, 2),
        Day(TODAY - timedelta(days=1), 9, 1),
        Day(TODAY, 9, 1),
    ]
    assert media == [Day(TODAY, 7, 1)]
    assert [day.number for day in alone] == [10, 0, 0]
    assert before == [], "nothing is made up for days before the first reading"


def test_a_kind_that_is_gone_no_longer_counts(net: Network) -> None:
    keep(net, ("borken", 2, "medium", 5), ("borken", 2, "device", 1), ("borken", 1, "medium", 5))
    with net.hub.db.read() as session:
        assert [day.number for day in trend(session, TODAY, TODAY)] == [5]
        assert [d.number for d in trend(session, TODAY, TODAY, kind=Kind.DEVICE)] == [0]
