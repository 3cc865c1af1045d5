"""A network of test sites whose sources say what a test tells them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub import Plugin, hookimpl, models
from hub.records import Change, Checkpoint, Kind, Record, Upsert
from hub.runtime import Hub
from hub.settings import Settings
from hub.site import Site
from plugins.accounts import Accounts
from plugins.edmond import Edmond
from plugins.lending import Lending
from plugins.requests import Requests
from plugins.rooms import Rooms
from plugins.tables import Tables
from plugins.trainings import Trainings

Script = Callable[[str | None], Iterable[Change]]


class Scripted(Plugin):
    """A catalogue plugin that yields what `script` gives for a cursor."""

    name = "scripted"
    title = {"de": "Nach Drehbuch", "en": "Scripted"}
    scripts: dict[str, Script] = {}

    @hookimpl
    def catalogue_changes(self, cursor: str | None) -> Iterator[Change]:
        yield from self.scripts[self.site.key](cursor)


@dataclass(frozen=True)
class Point:
    """An entry point that is no package's."""

    name: str
    plugin: Any
    value: str = "tests"

    def load(self) -> Any:
        return self.plugin


@dataclass
class Network:
    """A hub whose sites all have a scripted source."""

    hub: Hub
    plugin: type[Scripted]

    def site(self, key: str) -> Site:
        return self.hub.sites.site(key)

    def play(self, key: str, script: Script | Iterable[Change]) -> None:
        """From now on the site's source gives this."""
        changes = script if callable(script) else list(script)
        self.plugin.scripts[key] = changes if callable(changes) else lambda cursor: iter(changes)


@contextmanager
def network(
    database_url: str, folder: Path, sites: Iterable[str], more: Iterable[Point] = ()
) -> Iterator[Network]:
    plugin = type("Scripted", (Scripted,), {"scripts": {}})
    settings = Settings(
        database_url=database_url,
        secret_key="only for tests and known to everybody",
        base_url="http://127.0.0.1:8000",
        config=folder,
        var=folder,
        admin_email="betrieb@example.org",
    )
    bundled = (Accounts, Edmond, Lending, Requests, Rooms, Tables, Trainings)
    points = [Point("scripted", plugin), *(Point(one.name, one) for one in bundled), *more]
    with Hub.open(settings, points) as hub:
        with hub.db.write() as session:
            for position, key in enumerate(sites):
                session.add(site_row(key, position))
                session.flush()
                session.add(
                    models.Activation(site_key=key, plugin="scripted", enabled=True, config={})
                )
        yield Network(hub, plugin)


def site_row(key: str, position: int = 0, **values: Any) -> models.Site:
    return models.Site(
        **{
            "key": key,
            "name": f"Medienzentrum {key.title()}",
            "kind": "centre",
            "ags": [],
            "association": "LWL",
            "region": "Münster",
            "standort": key.upper()[:3],
            "time_zone": "Europe/Berlin",
            "internal_hosts": [],
            "contact": {},
            "branches": [],
            "profile": {},
            "position": position,
            "second_factor": False,
            **values,
        }
    )


def medium(source_id: str, title: str = "Vulkane", **values: Any) -> Record:
    return Record(source_id=source_id, kind=Kind.MEDIUM, title=title, **values)


def everything(*records: Record) -> list[Change]:
    """A source that gives these records, and nothing else."""
    return [*map(Upsert, records), Checkpoint(None, complete=True)]
