"""`hub bench oai` measures what it says."""

from __future__ import annotations

import pytest

from hub.benchmarks import oai
from hub.db import Database


@pytest.mark.parametrize("prefix", ["oai_dc", "lom"])
def test_the_figures_are_of_whole_harvests(db: Database, prefix: str) -> None:
    filled: list[int] = []
    figures = oai.measure(db, 2_600, prefix, filled.append)
    assert sum(filled) == figures.records == 2_600
    assert min(figures.first, figures.kept, figures.compressed, figures.one_set) > 0
    assert figures.late_to_early > 0
    assert len(oai.as_rows(figures)) == 11
