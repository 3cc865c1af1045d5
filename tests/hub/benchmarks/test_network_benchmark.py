"""`hub bench network` measures what it says, and the figures it measures are right."""

from __future__ import annotations

from hub.benchmarks import network
from hub.db import Database


def test_the_pages_answer_from_figures_that_equal_a_recount(db: Database) -> None:
    filled: list[int] = []
    found = network.measure(db, 3_000, filled.append)
    assert sum(filled) == found.offers == 3_000
    assert found.equal
    assert found.figures > 1_000
    assert min(found.network_ms, found.matrix_ms, found.matrix_subjects_ms) > 0
    assert ("network ms (aim: 150)", found.network_ms) in network.as_rows(found)
