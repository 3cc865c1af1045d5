"""A centre full of hostile plugins: its pages come, its neighbour notices nothing, and each cause
stands on the card of the plugin that did it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

import pytest

from hub import Plugin, SiteInfo, hookimpl, models
from hub.app import create_app
from hub.catalogue.sync import sync
from hub.identity.actor import Role
from hub.records import Change, Checkpoint, Delete, MenuItem, Upsert
from hub.runtime import Hub
from hub.settings import Settings
from tests.hub.hostile import Leaking, Raising, Refusing, text
from tests.identities import log_in
from tests.sources import Point, Scripted, everything, medium, site_row


class _Unimportable(Point):
    def load(self) -> NoReturn:
        raise ImportError("no module named somewhere")


class Huge(Plugin):
    """Hands over a record of 100 MB, then one like any other."""

    name = "huge"
    title = text("Huge")

    @hookimpl
    def catalogue_changes(self, cursor: str | None) -> Iterator[Change]:
        yield Upsert(medium("big", "Groß", description="x" * 100_000_000))
        yield Upsert(medium("small", "Klein"))
        yield Checkpoint(None, complete=True)


class Reaching(Plugin):
    """Wants to withdraw and overwrite what others own."""

    name = "reaching"
    title = text("Reaching")

    @hookimpl
    def catalogue_changes(self, cursor: str | None) -> Iterator[Change]:
        yield Delete("1")
        yield Upsert(medium("2", "Gekapert"))
        yield Checkpoint(None, complete=True)


class Forking(Plugin):
    name = "forking"
    title = text("Forking")

    @hookimpl
    def menu_items(self) -> list[MenuItem]:
        return [MenuItem(str(os.fork()), "/")]


class Meddling(Plugin):
    """Changes the configuration and the site that it was given."""

    name = "meddling"
    title = text("Meddling")

    def __init__(self, site: SiteInfo, config: dict[str, Any]) -> None:
        super().__init__(site, config)
        config["word"] = "changed"
        object.__setattr__(site, "name", "Gekapertes Zentrum")


HOSTILE: Mapping[str, Mapping[str, Any]] = {
    "unimportable": {},
    "refusing": {},
    "raising": {},
    "leaking": {"password": "Fischers Fritz"},
    "huge": {},
    "reaching": {},
    "forking": {},
    "meddling": {},
}


@pytest.fixture
def hub(database_url: str, tmp_path: Path) -> Iterator[Hub]:
    scripts = {
        "borken": lambda _: everything(medium("1", "Eins"), medium("2", "Zwei")),
        "coesfeld": lambda _: everything(medium("1", "Nachbars Eins")),
    }
    plugin = type("Scripted", (Scripted,), {"scripts": scripts})
    points = [
        Point("scripted", plugin),
        _Unimportable("unimportable", None),
        *(
            Point(one.name, one)
            for one in (Refusing, Raising, Leaking, Huge, Reaching, Forking, Meddling)
        ),
    ]
    settings = Settings(
        database_url, "test", "http://127.0.0.1:8000", tmp_path, tmp_path, "betrieb@example.org"
    )
    with Hub.open(settings, points) as made:
        with made.db.write() as session:
            session.add_all([site_row("borken"), site_row("coesfeld", 1)])
            session.flush()
            rows = [("borken", "scripted", {}), ("coesfeld", "scripted", {})]
            rows += [("borken", name, dict(config)) for name, config in HOSTILE.items()]
            for site, name, config in rows:
                session.add(
                    models.Activation(site_key=site, plugin=name, enabled=True, config=config)
                )
        yield made


def titles(hub: Hub) -> set[tuple[str, str, str]]:
    with hub.db.read() as session:
        return {
            (one.site_key, one.plugin, one.title)
            for one in session.query(models.Offer)
            if one.withdrawn_at is None
        }


def test_a_centre_goes_on_among_hostile_plugins(hub: Hub) -> None:
    for site, plugin in (("borken", "scripted"), ("coesfeld", "scripted"), ("borken", "reaching")):
        assert sync(hub.db, hub.sites.site(site), plugin).state == "succeeded"
    client = create_app(hub).test_client()
    log_in(client, hub, Role.SITE_ADMIN, "borken")
    for page in ("/", "/zentren/borken", "/zentren/coesfeld", "/suche?q=Eins"):
        assert client.get(page).status_code == 200, page
    cards = client.get("/borken/verwaltung/plugins")
    assert cards.status_code == 200
    assert "no module named somewhere" in cards.text
    assert "Either address or file, not both." in cards.text
    assert "Fischers Fritz" not in cards.text
    assert titles(hub) == {
        ("borken", "scripted", "Eins"),
        ("borken", "scripted", "Zwei"),
        ("borken", "reaching", "Gekapert"),
        ("coesfeld", "scripted", "Nachbars Eins"),
    }


def test_a_record_of_a_hundred_megabytes_costs_itself_alone(hub: Hub) -> None:
    report = sync(hub.db, hub.sites.site("borken"), "huge")
    assert report.state == "succeeded"
    stored = {title for _, plugin, title in titles(hub) if plugin == "huge"}
    assert "Klein" in stored
    with hub.db.read() as session:
        for offer in session.query(models.Offer).where(models.Offer.plugin == "huge"):
            assert len(str(offer.record)) < 1_000_000


def test_who_forks_is_answered_and_the_child_serves_nothing(hub: Hub) -> None:
    results, failures = hub.sites.site("borken").each("menu_items", person=None, only=["forking"])
    assert not failures
    (item,) = results["forking"]
    child = int(item.label)
    assert child > 0, "the child answered in its parent's stead"
    assert os.waitpid(child, 0)[0] == child  # it ended with its only thread


def test_what_a_plugin_does_to_what_it_was_given_stays_with_it(hub: Hub) -> None:
    borken = hub.sites.site("borken")
    assert "meddling" in borken.plugins
    assert borken.row.name == "Medienzentrum Borken"
    with hub.db.read() as session:
        row = session.get(models.Activation, ("borken", "meddling"))
        assert row is not None
        assert row.config == {}
    assert hub.sites.site("coesfeld").info.name == "Medienzentrum Coesfeld"
