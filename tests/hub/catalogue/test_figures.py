"""However sources change, the kept figures are what counting all offers gives."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub import models
from hub.catalogue import figures, runs
from hub.catalogue.sync import sync
from hub.db import Database
from hub.models.base import now
from hub.records import AccessMode, Change, Checkpoint, Delete, Kind, Record, Upsert
from tests.sources import Network, everything, medium, network

SITES = ("borken", "muenster")

records = st.builds(
    Record,
    source_id=st.sampled_from("abcdef"),
    kind=st.sampled_from(Kind),
    title=st.just("Wasser"),
    subjects=st.lists(st.sampled_from(["080", "0800101", "20001"]), max_size=2).map(tuple),
    levels=st.lists(st.sampled_from(["grundschule", "sekundarstufe_1"]), max_size=2).map(tuple),
    competences=st.lists(st.sampled_from(["3.4", "1.1"]), max_size=2).map(tuple),
    access=st.sampled_from(AccessMode),
)
histories = st.lists(
    st.tuples(st.sampled_from(SITES), st.lists(records, max_size=7), st.booleans()), max_size=6
)


def kept(db: Database) -> Counter[figures.Figure]:
    with db.read() as session:
        rows = session.scalars(sa.select(models.OfferFigure))
        return Counter({(r.site_key, r.kind, r.facet, r.value): r.number for r in rows})


def check(db: Database) -> None:
    with db.read() as session:
        counted = figures.recount(session.connection())
    found = kept(db)
    assert all(number >= 0 for number in found.values())
    assert +found == counted


def changes(offered: list[Record], *, complete: bool) -> Iterator[Change]:
    yield from map(Upsert, offered)
    if not complete:
        yield Delete("a")
    yield Checkpoint(None, complete=complete)


def play(net: Network, history: list[Any]) -> None:
    for site, offered, complete in history:
        net.play(site, changes(offered, complete=complete))
        report = sync(net.hub.db, net.site(site), "scripted")
        check(net.hub.db)
        if report.state == "held":
            runs.release(net.hub.db, report.run_id)
            check(net.hub.db)


@settings(
    deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(history=histories)
def test_figures_follow_every_history(sqlite_template: Path, history: list[Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "hub.sqlite3"
        path.write_bytes(sqlite_template.read_bytes())
        with network(f"sqlite:///{path}", Path(folder), SITES) as net:
            play(net, history)


@pytest.fixture
def net(database_url: str, tmp_path: Path) -> Iterator[Network]:
    with network(database_url, tmp_path, SITES) as made:
        yield made


def test_a_changed_a_withdrawn_and_a_returned_offer(net: Network) -> None:
    tablets = Record("t", Kind.DEVICE, "Tablets", access=AccessMode.LOAN)
    water = medium("w", "Wasser", subjects=("080",))
    for offered in (
        [water, tablets],
        [medium("w", "Wasser", subjects=("20001",)), tablets],
        [tablets],
        [water, tablets],
    ):
        play(net, [("borken", offered, True)])
    found = +kept(net.hub.db)
    assert found["borken", "medium", "subject", "080"] == 1
    assert ("borken", "medium", "subject", "20001") not in found
    with net.hub.db.read() as session:
        assert figures.counts(session) == {"borken": {Kind.MEDIUM: 1, Kind.DEVICE: 1}}
        assert figures.counts(session, "muenster") == {}


def test_a_database_of_an_older_version_is_counted_once(net: Network) -> None:
    play(net, [("borken", [medium("a"), medium("b", levels=("grundschule",))], True)])
    with net.hub.db.write() as session:
        session.execute(sa.delete(models.OfferFigure))
        session.execute(sa.delete(models.Counter).where(models.Counter.name == figures.COUNTER))
    net.hub.migrate()
    check(net.hub.db)
    assert kept(net.hub.db)
    assert not figures.bring_up_to_date(net.hub.db), "it was counted already"


def test_each_day_keeps_what_a_site_had_at_its_end(net: Network) -> None:
    play(net, [("borken", [medium("a")], True), ("borken", [medium("a"), medium("b")], True)])
    with net.hub.db.read() as session:
        (row,) = session.scalars(sa.select(models.OfferDay))
        assert (row.site_key, row.kind, row.number) == ("borken", "medium", 2)
        assert abs(now().date() - row.day) <= timedelta(days=1)


def test_a_preview_changes_no_figure(net: Network) -> None:
    from hub.catalogue.preview import preview

    net.play("borken", everything(medium("a")))
    preview(net.hub.db, net.site("borken"), "scripted")
    assert not kept(net.hub.db)
