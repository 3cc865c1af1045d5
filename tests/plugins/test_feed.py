from __future__ import annotations

from pathlib import Path

import pytest

from hub.records import Checkpoint, Reject, Upsert
from hub.sites import Site
from hub.testing import CatalogueContract, site_with
from plugins.feed import Feed


def changes(config: dict[str, object], files: Path, cursor: str | None = None) -> list[object]:
    site: Site = site_with(Feed, config, files)
    return list(site.one("feed", "catalogue_changes", cursor=cursor))


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("siemens_stiftung_2018.rss.xml", 350),
        ("serlo_amb_sample.json", 16),
        ("elixier_example.xml", 5),
    ],
)
def test_real_feeds_become_records(shared_data: Path, name: str, count: int) -> None:
    found = changes({"file": name}, shared_data / "records")
    assert [type(change) for change in found] == [Upsert] * count + [Checkpoint]
    assert found[-1].complete
