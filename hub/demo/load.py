"""Brings the demonstration network up: files, stand-ins, database, sites, a run of every source."""

from __future__ import annotations

import dataclasses
import secrets
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import sqlalchemy as sa

from hub import models, provision
from hub.catalogue import rebuild, runs, sync
from hub.catalogue.helper import Helper
from hub.demo import bookables, elsewhere, schools
from hub.demo.sources import ARIX, Sources, fingerprint, link_rest, monday, tidy, write
from hub.demo.standins import Standins
from hub.directory import read_toml
from hub.models.base import now
from hub.network import flows
from hub.runtime import Hub
from hub.settings import Settings

ACTOR = "hub demo"
BEGUN, DONE = "demo.begin", "demo.load"
PARALLEL = 4
"""Sources read at the same time."""


class DemoError(Exception):
    """The demonstration cannot be loaded; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What the demonstration holds now."""

    sites: int
    connected: int
    """Sites with at least one plugin that runs."""
    offers: dict[str, int]
    """By kind."""
    works: int
    problems: dict[str, str]
    """What is broken, by `site/plugin`, with the words of the source."""
    on_purpose: dict[str, str]
    """What was meant to be broken, with the reason."""
    fresh: bool
    """Whether everything had been loaded before, so that no source was read."""

    @property
    def unexpected(self) -> dict[str, str]:
        return {name: why for name, why in self.problems.items() if name not in self.on_purpose}


@dataclass(frozen=True, slots=True)
class Demo:
    """The demonstration in a folder: `settings` are those that it runs with."""

    folder: Path
    settings: Settings
    sources: Sources
    standins: Standins
    hub: Hub
    fingerprint: str
    left_out: tuple[str, ...]
    """What could not be configured, as the loading of the sites says it."""


Step = Callable[[str], None]


@contextmanager
def prepared(settings: Settings, *, today: date, step: Step) -> Iterator[Demo]:
    """Write the files, start the stand-ins, set the database up; they end with the block.

    Raises `DemoError`, `hub.demo.standins.StandinError` or `hub.directory.FileError`.
    """
    folder = settings.var / "demo"
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        step("Writing the sources")
        sources = Sources(settings.config, monday(today))
        files = sources.documents()
        write(folder, files)
        link_rest(settings.config, folder)
        step("Starting the stand-ins")
        with Standins(_commands(folder), folder) as standins:
            configuration = sources.settings(standins.addresses)
            write(folder, configuration)
            tidy(folder, {**files, **configuration})
            demo_settings = dataclasses.replace(
                settings,
                config=folder / "config",
                secret_key=settings.secret_key or _secret_key(folder),
                mail_url=settings.mail_url or (settings.var / "mail").as_uri(),
            )
            with Hub.open(demo_settings) as hub:
                step("Setting the database up")
                _refuse_foreign(hub)
                hub.migrate()
                _bring_index_up_to_date(hub, step)
                _note(hub, BEGUN, "")
                outcome = provision.load(hub, demo_settings.config, actor=ACTOR)
                schools.take_in(hub.db, folder, sources.day, ACTOR)
                bookables.put_in(hub.db, sources)
                _let_flow(hub)
                yield Demo(
                    folder,
                    demo_settings,
                    sources,
                    standins,
                    hub,
                    fingerprint({**files, **sources.settings({})}),
                    tuple(outcome.problems),
                )


def _let_flow(hub: Hub) -> None:
    """Most centres let their figures flow to the network, some do not."""
    with hub.db.write() as session:
        if not flows.sites_on(session):
            for row in hub.sites.directory():
                flows.switch(session, row.key, row.position % 6 != 0, ACTOR)


def is_fresh(demo: Demo) -> bool:
    """Whether this database was filled from exactly these sources."""
    entry = models.AuditEntry
    with demo.hub.db.read() as session:
        last = session.scalar(
            sa.select(entry.subject).where(entry.action == DONE).order_by(entry.id.desc()).limit(1)
        )
    return last == demo.fingerprint


def fill(demo: Demo, progress: Callable[[sync.Report, int, int], None]) -> None:
    """Run every source; `progress` gets a report, and how many of how many sources are done."""
    hub = demo.hub
    sites = [hub.sites.site(row.key) for row in hub.sites.directory()]
    sources = [
        (site, plugin)
        for site in sites
        for plugin in site.plugins
        if site.implements(plugin, "catalogue_changes")
    ]
    done = 0
    lock = threading.Lock()
    with Helper() as helper, ThreadPoolExecutor(PARALLEL) as threads:

        def show(report: sync.Report) -> None:
            with lock:
                progress(report, done, len(sources))

        waiting = [
            threads.submit(sync.sync, hub.db, site, plugin, progress=show, helper=helper)
            for site, plugin in sources
        ]
        try:
            for one in as_completed(waiting):
                one.result()
                with lock:
                    done += 1
        except BaseException:
            for one in waiting:
                one.cancel()
            raise


def mark_loaded(demo: Demo) -> None:
    """Remember that everything is in, so that the next start need not read it again."""
    _note(demo.hub, DONE, demo.fingerprint)


def summary(demo: Demo, *, fresh: bool) -> Summary:
    """Count what is there and collect what is broken."""
    hub = demo.hub
    rows = hub.sites.directory()
    sites = [hub.sites.site(row.key) for row in rows]
    problems = {
        f"{site.key}/{plugin}": reason for site in sites for plugin, reason in site.problems.items()
    }
    if demo.left_out:
        problems["configuration"] = " ".join(demo.left_out)
    offer = models.Offer
    with hub.db.read() as session:
        offers = dict(
            session.execute(
                sa.select(offer.kind, sa.func.count())
                .where(offer.withdrawn_at.is_(None))
                .group_by(offer.kind)
            )
            .tuples()
            .all()
        )
        works = (
            session.scalar(
                sa.select(sa.func.count(offer.work_id.distinct())).where(
                    offer.withdrawn_at.is_(None)
                )
            )
            or 0
        )
        for site in sites:
            for plugin in site.plugins:
                last = runs.history(session, site=site.key, plugin=plugin, limit=1)
                if last and (last[0].error or last[0].rejected):
                    problems[f"{site.key}/{plugin}"] = last[0].error or (
                        f"{last[0].rejected} rows could not be taken in (hub sync show "
                        f"{last[0].id})."
                    )
    return Summary(
        sites=len(rows),
        connected=sum(bool(site.plugins) for site in sites),
        offers=offers,
        works=works,
        problems=dict(sorted(problems.items())),
        on_purpose=dict(read_toml(demo.sources.base / "demo" / "broken.toml")),
        fresh=fresh,
    )


def _commands(folder: Path) -> dict[str, list[str]]:
    arix = "connectors.standins.arix_server"
    return {
        "web": ["hub.demo.server", "--folder", str(folder / "web")],
        **{
            name: [arix, "--data", str(folder / "arix" / f"{name}.xml"), "--with-parent"]
            for name in ARIX.values()
        },
        "calendars": [
            "connectors.standins.caldav_server",
            *("--folder", str(folder / "calendars"), "--with-parent"),
        ],
        "shop": [
            "connectors.standins.pretix_server",
            *("--data", str(folder / "shop.json"), "--keep", str(folder / "orders.json")),
            *("--token", elsewhere.TOKEN, "--with-parent"),
        ],
    }


def _secret_key(folder: Path) -> str:
    """A key for this demonstration alone, made once."""
    path = folder / "secret-key"
    if not path.is_file():
        path.touch(0o600)
        path.write_text(secrets.token_urlsafe(32))
    return path.read_text().strip()


def _refuse_foreign(hub: Hub) -> None:
    """Never mix invented offers into a catalogue that somebody works with."""
    inspector = sa.inspect(hub.db.engine)
    if hub.db.dialect == "sqlite" and not Path(str(hub.db.url.database)).is_file():
        return
    if not inspector.has_table("activation"):
        return
    with hub.db.read() as session:
        ours = session.scalar(
            sa.select(models.AuditEntry.id).where(models.AuditEntry.action == BEGUN).limit(1)
        )
        used = session.scalar(sa.select(models.Activation.site_key).limit(1)) or session.scalar(
            sa.select(models.Offer.id).limit(1)
        )
    if used and not ours:
        raise DemoError(
            f"{hub.db.url.render_as_string()} holds sites with plugins or offers that are not "
            "the demonstration's. To keep them apart, name another database: "
            "HUB_DATABASE_URL=sqlite:///var/demo.sqlite3"
        )


def _bring_index_up_to_date(hub: Hub, step: Step) -> None:
    """After an update of the hub the index may be of an older analyser."""
    with hub.db.read() as session:
        outdated = rebuild.outdated(session)
    if outdated:
        step("Building the search index anew")
        rebuild.rebuild(hub.db)


def _note(hub: Hub, action: str, subject: str) -> None:
    """Write into the audit log what was done, once."""
    entry = models.AuditEntry
    with hub.db.write() as session:
        last = session.scalar(
            sa.select(entry.subject)
            .where(entry.action == action)
            .order_by(entry.id.desc())
            .limit(1)
        )
        if last != subject:
            session.add(
                models.AuditEntry(
                    at=now(), actor=ACTOR, site_key=None, action=action, subject=subject
                )
            )


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One demonstration at a time in a folder."""
    import fcntl

    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DemoError(
                f"The demonstration in {folder} is already running. Look at it there, end it, or "
                "start another one in a folder of its own: HUB_VAR=/tmp/hub hub demo"
            ) from None
        yield
