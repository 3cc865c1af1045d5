"""A network whose jobs are carried in either form: the contract of workers holds for both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hub.settings import PROCRASTINATE, TABLE
from tests.hub.jobs.hands import SITES
from tests.sources import Network, everything, medium, network


@pytest.fixture(params=[TABLE, PROCRASTINATE])
def net(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> Iterator[Network]:
    if request.param == PROCRASTINATE and database_url.startswith("sqlite"):
        pytest.skip("procrastinate is for PostgreSQL")
    with network(database_url, tmp_path, SITES) as found:
        found.hub.settings = replace(found.hub.settings, jobs=request.param)
        for key in SITES:
            found.play(key, everything(medium("one", f"Film {key}")))
        yield found
