"""What the peers share: the hub served on loopback, with one more plugin, and a new browser."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from hub import activations, models
from tests.pages import SCHOOLS, take_in_schools
from tests.serving import served
from tests.sources import Network, Point, network


@dataclass
class Served:
    """The hub with the site `borken`; `page` is the browser of somebody who was never here."""

    url: str
    net: Network
    page: Page

    def enable(self, plugin: str, config: dict[str, Any]) -> None:
        activations.enable(self.net.hub, "borken", plugin, config, actor="test")


Serve = Callable[..., Served]


@pytest.fixture
def serve(browser: Browser, sqlite_template: Path, tmp_path: Path) -> Iterator[Serve]:
    """Serves a network with this plugin: its pages are mounted, so it is enabled from the start."""
    with ExitStack() as stack:

        def begin(plugin: Any, config: dict[str, Any], files: Iterable[Path] = ()) -> Served:
            folder = tmp_path / "sites" / "borken"
            folder.mkdir(parents=True)
            for file in files:
                shutil.copy(file, folder)
            database = tmp_path / "hub.sqlite3"
            shutil.copyfile(sqlite_template, database)
            points = [Point(plugin.name, plugin)]
            net = stack.enter_context(
                network(f"sqlite:///{database}", tmp_path, ["borken"], points)
            )
            with net.hub.db.write() as session:
                site = session.get_one(models.Site, "borken")
                site.ags, site.internal_hosts = ["05554"], ["localhost", "127.0.0.1"]
            take_in_schools(net, SCHOOLS)
            activations.enable(net.hub, "borken", plugin.name, config, actor="test")
            url = stack.enter_context(served(net))
            context = stack.enter_context(browser.new_context(locale="de-DE"))
            context.set_default_timeout(10_000)
            return Served(url, net, context.new_page())

        yield begin
