"""A hub with sites of its own, in a database of either kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog

from hub import models
from hub.activations import announce
from hub.plugin import Plugin
from hub.runtime import Hub
from hub.settings import Settings, load
from hub.testing import Entry
from tests.hub import hostile

KEY = "a key for the tests of the hub"
MakeHub = Callable[..., Hub]


@pytest.fixture(autouse=True)
def _release() -> Iterator[None]:
    """Calls that hang on purpose end with their test."""
    hostile.RELEASE.clear()
    yield
    hostile.RELEASE.set()


@pytest.fixture(autouse=True)
def _log() -> Iterator[None]:
    """A command configures the log for its process, which here goes on."""
    yield
    structlog.reset_defaults()


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    config = tmp_path / "config"
    (config / "sites").mkdir(parents=True)
    return load(
        {
            "HUB_DATABASE_URL": database_url,
            "HUB_SECRET_KEY": KEY,
            "HUB_VAR": str(tmp_path / "var"),
            "HUB_CONFIG": str(config),
        }
    )


@pytest.fixture
def make_hub(settings: Settings) -> Iterator[MakeHub]:
    """Open hubs on the same database, each with the plugins named."""
    hubs: list[Hub] = []

    def make(*plugins: type[Plugin]) -> Hub:
        hubs.append(Hub.open(settings, [Entry(plugin) for plugin in plugins]))
        with hubs[-1].db.write() as session:
            if session.get(models.Site, "borken") is None:
                announce(session)
                for position, key in enumerate(("borken", "coesfeld")):
                    session.add(site_row(key, position))
        return hubs[-1]

    yield make
    for hub in hubs:
        hub.close()


def site_row(key: str, position: int) -> models.Site:
    return models.Site(
        key=key,
        name=f"Medienzentrum Kreis {key.capitalize()}",
        kind="centre",
        ags=["05554"],
        association="LWL",
        region="Münster",
        standort=key[:3].upper(),
        time_zone="Europe/Berlin",
        internal_hosts=[],
        contact={},
        branches=[],
        profile={},
        position=position,
    )
