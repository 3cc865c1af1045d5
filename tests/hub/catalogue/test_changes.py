"""The order of changes, on which every copy of the catalogue relies."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from hub.catalogue import offers
from hub.catalogue.sync import sync
from tests.sources import everything, medium, network


def test_a_clock_that_is_set_back_hides_no_change(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with network(database_url, tmp_path, ["borken"]) as net:
        net.play("borken", everything(medium("a", "Alt")))
        sync(net.hub.db, net.site("borken"), "scripted")
        with net.hub.db.read() as session:
            (first,) = offers.changes(session).items
        back = first.changed_at - timedelta(days=1)
        monkeypatch.setattr("hub.catalogue.page.now", lambda: back)
        net.play("borken", everything(medium("a", "Alt"), medium("b", "Neu")))
        sync(net.hub.db, net.site("borken"), "scripted")
        with net.hub.db.read() as session:
            later = offers.changes(session, after=(first.changed_at, first.id)).items
    assert [view.record.title for view in later] == ["Neu"]
