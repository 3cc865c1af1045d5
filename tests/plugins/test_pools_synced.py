"""The national pools in a hub: taken in, taken in again, and left alone on bad days."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from hub import activations, models
from hub.catalogue.sync import Report, sync
from hub.runtime import Hub
from hub.settings import Settings
from hub.testing import Entry
from plugins.edu_sharing import EduSharing
from plugins.oai_pmh import OaiPmh
from plugins.sodix import Sodix
from tests.servers import edu_sharing_nodes, sodix_pool, standins
from tests.sources import site_row

PASSWORD = "streng geheim 49"


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    for plugin in (Sodix, EduSharing, OaiPmh):
        monkeypatch.setattr(plugin, "pause", staticmethod(lambda seconds: None))


@pytest.fixture
def hub(database_url: str, tmp_path: Path) -> Iterator[Hub]:
    settings = Settings(
        database_url=database_url,
        secret_key="only for tests and known to everybody",
        base_url="http://127.0.0.1:8000",
        config=tmp_path,
        var=tmp_path,
        admin_email="betrieb@example.org",
    )
    with Hub.open(settings, [Entry(Sodix), Entry(EduSharing)]) as hub:
        with hub.db.write() as session:
            session.add(site_row("borken", internal_hosts=["127.0.0.1"]))
        yield hub


def run(hub: Hub, plugin: str, **config: Any) -> Report:
    activations.enable(hub, "borken", plugin, config, actor="test")
    return sync(hub.db, hub.sites.site("borken"), plugin)


def live(hub: Hub) -> int:
    with hub.db.read() as session:
        query = sa.select(sa.func.count()).where(models.Offer.withdrawn_at.is_(None))
        return session.scalar(query.select_from(models.Offer)) or 0


def test_sodix(hub: Hub, tmp_path: Path) -> None:
    config = {"login": "hub", "password": PASSWORD, "page_size": 4}
    data = sodix_pool.write(tmp_path, 20, sodix_pool.document(30, title=None))
    with standins.running("sodix", "--data", data) as address:
        drifting = address.replace("/gql", "/trap/drift/gql")
        first = run(hub, "sodix", address=drifting, **config)
        assert (first.state, first.added, first.rejected) == ("succeeded", 20, 1)
        again = run(hub, "sodix", address=address, **config)
        assert (again.state, again.unchanged, again.withdrawn) == ("succeeded", 20, 0)
        for trap in ("html", "cut", "errors", "null", "repeat", "locked", "gap"):
            bad = run(hub, "sodix", address=address.replace("/gql", f"/trap/{trap}/gql"), **config)
            assert (bad.state, bad.withdrawn) == ("failed", 0), trap
            assert bad.error
            assert PASSWORD not in bad.error
            assert live(hub) == 20
    deleted = sodix_pool.document(1, recordStatus="DELETED")
    fewer = [sodix_pool.document(number) for number in range(2, 19)]
    data = sodix_pool.write(tmp_path, 0, deleted, *fewer)
    with standins.running("sodix", "--data", data) as address:
        last = run(hub, "sodix", address=address, **config)
    assert (last.state, last.withdrawn, live(hub)) == ("succeeded", 3, 17)


@pytest.mark.parametrize("listing", ["search", "oai"])
def test_edu_sharing(hub: Hub, tmp_path: Path, listing: str) -> None:
    data = edu_sharing_nodes.write(tmp_path, 20)
    with standins.running("edu_sharing", "--data", data, "--page-size", "6") as address:
        config = {"listing": listing, "page_size": 6}
        first = run(hub, "edu_sharing", address=address, **config)
        assert (first.state, first.added) == ("succeeded", 20)
        again = run(hub, "edu_sharing", address=address, **config)
        assert (again.state, again.unchanged) == ("succeeded", 20)
        for trap in ("error", "cut"):
            broken = address.replace("/edu-sharing", f"/trap/{trap}/edu-sharing")
            bad = run(hub, "edu_sharing", address=broken, **config)
            assert (bad.state, bad.withdrawn, live(hub)) == ("failed", 0, 20), trap
    data = edu_sharing_nodes.write(tmp_path, 17)
    with standins.running("edu_sharing", "--data", data, "--page-size", "6") as address:
        last = run(hub, "edu_sharing", address=address, **config)
    assert (last.state, last.withdrawn, live(hub)) == ("succeeded", 3, 17)
