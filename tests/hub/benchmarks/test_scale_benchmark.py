"""`hub bench scale` takes in whole networks, and its figures are of what it says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hub.benchmarks import scale
from hub.benchmarks.centres import numbers
from hub.cli.bench import temporary_database
from hub.db import Database


def test_a_small_network(db: Database) -> None:
    @contextmanager
    def fresh() -> Iterator[Database]:
        server = None
        if db.dialect == "postgresql":
            server = db.url.render_as_string(hide_password=False)
        with temporary_database(server) as database:
            made.append(database)
            yield database

    made: list[Database] = []
    figures = scale.measure(fresh, 2, 300, 20, sizes={1: 1, 3: 1})
    assert len(made) == 4, "one for the warming up, two that are compared, the network itself"
    assert figures.offers == 600
    assert figures.works == len({*numbers(0, 300), *numbers(1, 300)}), "found by their keys"
    assert [cost.sites for cost in figures.costs] == [1, 3]
    assert min(cost.unchanged for cost in figures.costs) > 0
    assert figures.late_to_early > 0
    rows = dict(scale.as_rows(figures))
    assert rows["offers"] == "600"
    assert "times" in rows["fresh, a record of 3 sites (aim: 1.15 times)"]
