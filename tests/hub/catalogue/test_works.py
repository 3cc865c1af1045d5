"""However sources change, works are the connected components of offers and keys, all indexed."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from hub import models
from hub.catalogue import index, normalise
from hub.catalogue.sync import sync
from hub.db import Database
from hub.models import SearchDoc, SearchEntry
from hub.records import Change, Checkpoint, Delete, Identifier, Upsert
from tests.sources import Network, medium, network

SITES = ("borken", "muenster")
numbers = st.frozensets(st.integers(1, 6), max_size=3)
sources = st.dictionaries(st.sampled_from("abcd"), numbers, max_size=4)
histories = st.lists(st.tuples(st.sampled_from(SITES), sources, st.booleans()), max_size=8)


def changes(state: dict[str, frozenset[int]], *, complete: bool) -> Iterator[Change]:
    for name, keys in sorted(state.items()):
        identifiers = tuple(Identifier("medium", f"SF-{key}") for key in sorted(keys))
        yield Upsert(medium(name, f"Film {name} {sorted(keys)}", identifiers=identifiers))
    if not complete:
        yield Delete("a")
    yield Checkpoint(None, complete=complete)


def components(offers: dict[int, set[str]]) -> set[frozenset[int]]:
    """Brute force: join as long as anything can be joined."""
    groups = [({offer}, set(keys)) for offer, keys in offers.items()]
    joined = True
    while joined:
        joined = False
        for one in groups:
            for other in groups:
                if one is not other and one[1] & other[1]:
                    one[0].update(other[0])
                    one[1].update(other[1])
                    groups.remove(other)
                    joined = True
                    break
            if joined:
                break
    return {frozenset(group) for group, _ in groups}


def check(db: Database) -> None:
    with db.read() as session:
        offers = session.scalars(sa.select(models.Offer)).all()
        works: dict[int, set[int]] = {}
        for offer in offers:
            works.setdefault(offer.work_id, set()).add(offer.id)
        expected = components({offer.id: set(offer.match_keys.split()) for offer in offers})
        assert {frozenset(group) for group in works.values()} == expected
        keys = {row.key: row.work_id for row in session.scalars(sa.select(models.WorkKey))}
        assert keys == {k: o.work_id for o in offers for k in o.match_keys.split()}

        check_index(session)


def check_index(session: Session) -> None:
    """Every work that somebody offers has its entry, with what all its offers say."""
    offers = session.scalars(sa.select(models.Offer)).all()
    live = {o.work_id for o in offers if o.withdrawn_at is None}
    entries = {
        entry.work_id: entry
        for entry in session.scalars(sa.select(SearchEntry))
        if entry.offer_id is not None
    }
    assert entries.keys() == live
    assert set(session.scalars(sa.select(SearchDoc.work_id))) == live
    for work_id, entry in entries.items():
        holdings = sorted(
            (o for o in offers if o.work_id == work_id and o.withdrawn_at is None),
            key=lambda o: o.id,
        )
        assert entry.offer_id == holdings[0].id
        facets = set(index.record_facets(normalise.load(holdings[0].record)))
        for o in holdings:
            record = normalise.load(o.record)
            facets.update(index.holding_facets(o.site_key, "Münster", record.access))
        assert set(entry.facets.split("\n")) == {" ".join(pair) for pair in facets}


@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(history=histories)
def test_works_follow_every_history(sqlite_template: Path, history: list) -> None:  # type: ignore[type-arg]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "hub.sqlite3"
        path.write_bytes(sqlite_template.read_bytes())
        with network(f"sqlite:///{path}", Path(folder), SITES) as net:
            play(net, history)


@pytest.mark.parametrize("seed", range(3))
def test_works_on_either_database(database_url: str, tmp_path: Path, seed: int) -> None:
    from random import Random

    dice = Random(seed)
    history = [
        (
            dice.choice(SITES),
            {name: frozenset(dice.sample(range(1, 7), dice.randint(0, 3))) for name in "abcd"},
            dice.random() < 0.5,
        )
        for _ in range(8)
    ]
    with network(database_url, tmp_path, SITES) as net:
        play(net, history)


def play(net: Network, history: list[tuple[str, dict[str, frozenset[int]], bool]]) -> None:
    for site, state, complete in history:
        net.play(site, changes(state, complete=complete))
        assert sync(net.hub.db, net.site(site), "scripted").state in ("succeeded", "held")
    check(net.hub.db)
